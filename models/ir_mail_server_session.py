import base64
import contextlib
import functools
import smtplib
import ssl

from odoo import api, models
from odoo.addons.base.models import ir_mail_server as core
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import UserError

from ..tools.diagnosis import diagnose
from ..tools.errors import CertificateRefused
from ..tools.smtp import SmtpSession
from ..tools.tls import client_context


class IrMail_Server(models.Model):
    """The SMTP session of our servers: opened, verified, handed to core."""

    _inherit = "ir.mail_server"

    def _connect__(  # noqa: PLW3201
        self, host=None, port=None, user=None, password=None, encryption=None, smtp_from=None,
        ssl_certificate=None, ssl_private_key=None, smtp_debug=False, mail_server_id=None, allow_archived=False,
    ):
        if not self._disable_send():
            server, chosen_from = self.sudo().browse(mail_server_id or ()), smtp_from
            if not mail_server_id and not host:
                server, chosen_from = self.sudo()._find_mail_server(smtp_from)
            if server and server.office365_preset:
                self._check_forced_mail_server(server, allow_archived, chosen_from)
                return server._office365_open_session(chosen_from, debug=smtp_debug)
        return super()._connect__(
            host=host, port=port, user=user, password=password, encryption=encryption, smtp_from=smtp_from,
            ssl_certificate=ssl_certificate, ssl_private_key=ssl_private_key, smtp_debug=smtp_debug,
            mail_server_id=mail_server_id, allow_archived=allow_archived,
        )

    @api.model
    def send_email(self, message, mail_server_id=None, *args, smtp_session=None, **kwargs):
        """Say what to do about a refusal of one of our servers; it becomes the failure reason of the mail."""
        try:
            return super().send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)
        except MailDeliveryException as error:
            server = self.sudo().browse(smtp_session.mail_server_id if isinstance(smtp_session, SmtpSession) else mail_server_id or ())
            if not server.office365_preset or not isinstance(error.__context__, smtplib.SMTPException):
                raise
            title, words = error.args
            remedy = self.env._(diagnose(error.__context__, protocol="smtp").remedy)
            raise MailDeliveryException(title, f"{server.name}: {words}\n{remedy}") from error.__context__

    def _office365_open_session(self, smtp_from: str | None, *, debug: bool = False) -> SmtpSession:
        """Connect, verify the server, sign in.

        :param smtp_from: From for which this server was chosen
        :param debug: trace the session to the log, but for the sign-in
        :raise CertificateRefused: the server's certificate can not be verified; nothing was sent to it
        :raise SmtpSignInRefused: the server refused the sign-in
        :raise OSError: no connection
        :raise smtplib.SMTPException: any other refusal
        """
        self.ensure_one()
        context = self._office365_tls_context()
        with contextlib.ExitStack() as on_failure:
            session = SmtpSession(self.smtp_host, self.smtp_port, timeout=core.SMTP_TIMEOUT)
            on_failure.callback(session.close)
            session.set_debuglevel(debug or self.smtp_debug)
            session.mail_server_id = self.id
            session.from_filter = self.from_filter
            session.smtp_from = smtp_from
            session.sign_on = functools.partial(self._office365_sign_on, session, context)
            session.sign_on(self._office365_login_for(smtp_from))
            on_failure.pop_all()
        return session

    def _office365_sign_on(self, session: SmtpSession, context: ssl.SSLContext, login: str | None) -> None:
        """Verify the server of a connected session and sign in, if somebody is to."""
        try:
            session.starttls(context=context)
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(self._office365_certificate_text(self.smtp_host, error)) from error
        if login:
            self._office365_sign_in(session, login)
        session.login_name = login
        session.ehlo_or_helo_if_needed()

    def _office365_tls_context(self) -> ssl.SSLContext:
        if self.smtp_authentication != "certificate":
            return client_context()
        try:
            return client_context(
                certificate=base64.b64decode(self.smtp_ssl_certificate or b""),
                private_key=base64.b64decode(self.smtp_ssl_private_key or b""),
            )
        except ssl.SSLError as error:
            raise UserError(self.env._(
                "%(server)s: the SSL Certificate or the SSL Private Key can not be used (%(reason)s). "
                "Upload both as PEM files that belong together, the key without passphrase.",
                server=self.display_name, reason=error.reason or error,
            )) from error
