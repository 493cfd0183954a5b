from . import fetchmail_server
from . import ir_mail_server
from . import ir_mail_server_check
from . import ir_mail_server_own
from . import office365_cause
from . import office365_reminder_mixin
from . import office365_server_mixin
from . import office365_server_remedy
