from . import office365_server_mixin
from . import fetchmail_server
from . import ir_mail_server
from . import mail_mail
from . import res_users
