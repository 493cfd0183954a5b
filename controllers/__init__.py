from . import mail_office365
from . import oauth
