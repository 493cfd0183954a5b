from . import mail_compose_message
from . import office365_connection_check
from . import office365_device_sign_in
from . import office365_file_under
from . import office365_switch
from . import office365_sender
from . import office365_sender_lines
from . import office365_reconciliation
