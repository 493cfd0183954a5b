from . import fetchmail_server_connection
from . import fetchmail_server_failure
from . import fetchmail_server_inbound
from . import mail_thread_inbound
from . import office365_inbound
