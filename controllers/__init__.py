from . import mail_office365
