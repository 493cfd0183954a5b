import smtplib

from odoo import models

from ..tools.addresses import ascii_address
from ..tools.errors import SmtpSignInRefused, smtp_reply_text
from ..tools.smtp import SmtpSession


class IrMail_Server(models.Model):
    """Who signs in at an outgoing server, and with what."""

    _inherit = "ir.mail_server"

    def _office365_sign_in(self, session: SmtpSession, mailbox: str) -> None:
        try:
            self._smtp_login__(session, ascii_address(mailbox), self.smtp_pass or "")
        except smtplib.SMTPAuthenticationError as error:
            reply = smtp_reply_text(error.smtp_code, error.smtp_error)
            raise SmtpSignInRefused(
                error.smtp_code, error.smtp_error, self._office365_refusal_text(self.smtp_host, mailbox, error, reply)) from error
