import base64
import contextlib
import functools
import smtplib
import ssl

from odoo import api, fields, models
from odoo.addons.base.models import ir_mail_server as core
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import UserError

from ..const import CLOUDS, DEFAULT_CLOUD, OUTGOING_PRESETS
from ..tools import presets
from ..tools.addresses import ascii_address
from ..tools.diagnosis import diagnose
from ..tools.errors import CertificateRefused, SmtpSignInRefused, smtp_reply_text
from ..tools.smtp import SmtpSession
from ..tools.tls import client_context


class IrMail_Server(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "office365.server.mixin"]

    office365_preset = fields.Selection(
        [
            ("submission", "Client submission"),
            ("relay", "Relay through a connector"),
            ("hve", "High Volume Email"),
        ],
        string="Office 365",
        help="Client submission: one mailbox signs in and sends for everybody, to any address.\n"
             "Relay through a connector: a connector in Exchange trusts this server, nobody signs in.\n"
             "High Volume Email: an account for many mails inside your own organization.\n"
             "Empty: not an Office 365 server.",
    )
    office365_cloud = fields.Selection(
        list(CLOUDS.items()), string="Microsoft Cloud", default=DEFAULT_CLOUD,
        help="The national cloud that your Microsoft 365 tenant lives in.",
    )
    office365_relay_trust = fields.Selection(
        [("login", "IP addresses of this server"), ("certificate", "Client certificate")],
        string="Trusted By", compute="_compute_office365_relay_trust", inverse="_inverse_office365_relay_trust",
        help="How the connector in Exchange recognizes this server.",
    )
    office365_password_notice = fields.Text(compute="_compute_office365_password_notice")

    @api.depends("smtp_authentication")
    def _compute_office365_relay_trust(self):
        for server in self:
            is_certificate = server.smtp_authentication == "certificate"
            server.office365_relay_trust = "certificate" if is_certificate else "login"

    @api.onchange("office365_relay_trust")
    def _inverse_office365_relay_trust(self):
        for server in self:
            if server.office365_preset == "relay" and server.office365_relay_trust:
                server.smtp_authentication = server.office365_relay_trust

    @api.depends("smtp_authentication", "smtp_host", "office365_preset")
    def _compute_office365_password_notice(self):
        for server in self:
            signs_in = server.office365_preset != "relay" and server.smtp_authentication == "login"
            server.office365_password_notice = signs_in and presets.is_microsoft_host(server.smtp_host or "") and (
                self.env._(
                    "Microsoft switches sign-in by password off for SMTP at the end of December 2026. Your Exchange "
                    "administrator can switch it on again for a while; the date of the final removal will be "
                    "announced in the second half of 2027. Tenants made after December 2026 do not have it."
                )
            )

    # ------------------------------------------------------------
    # Presets
    # ------------------------------------------------------------

    @api.model
    def _office365_preset_values(self, preset, cloud):
        return presets.outgoing_values(preset, cloud) if preset in OUTGOING_PRESETS else {}

    @api.onchange("office365_preset", "office365_cloud")
    def _onchange_office365_preset(self):
        self.update(self._office365_filled({}))

    @api.onchange("smtp_encryption")
    def _onchange_encryption(self):
        """Keep the preset's port, which core would replace by the usual one of the encryption."""
        if not self.office365_preset:
            return super()._onchange_encryption()
        return {}

    @api.constrains(
        "office365_preset", "smtp_host", "smtp_port", "smtp_encryption", "smtp_authentication",
        "smtp_user", "smtp_pass", "owner_user_id",
    )
    def _check_office365_preset(self):
        for server in self.filtered("office365_preset"):
            server._office365_raise_first(presets.outgoing_problems(
                server.office365_preset,
                host=server.smtp_host or "",
                port=server.smtp_port,
                encryption=server.smtp_encryption,
                authentication=server.smtp_authentication,
                has_login=bool(server.smtp_user or server.smtp_pass),
                is_personal=bool(server.owner_user_id),
            ))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._office365_filled(vals) for vals in vals_list])

    def write(self, vals):
        if "office365_preset" not in vals and "office365_cloud" not in vals:
            return super().write(vals)
        for server in self:
            super(IrMail_Server, server).write(server._office365_filled(vals))
        return True

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def test_smtp_connection(self, autodetect_max_email_size=False):
        for server in self:
            if server.office365_preset and not server.active:
                raise UserError(self.env._(
                    "The server “%s” is archived. Unarchive it (Actions > Unarchive) before you test it.",
                    server.display_name,
                ))
        return super().test_smtp_connection(autodetect_max_email_size=autodetect_max_email_size)

    def _get_test_email_from(self):
        """Test with the mailbox itself: the only sender that needs no permission."""
        self.ensure_one()
        return self._office365_mailbox() or super()._get_test_email_from()

    def _get_test_email_to(self):
        """Test with the mailbox itself: High Volume Email refuses recipients outside, and nothing is sent."""
        # Core calls it on a single server, but does not promise that.
        mailbox = self._office365_mailbox() if len(self) == 1 else None
        return mailbox or super()._get_test_email_to()

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

    def _office365_sign_in(self, session: SmtpSession, mailbox: str) -> None:
        try:
            self._smtp_login__(session, ascii_address(mailbox), self.smtp_pass or "")
        except smtplib.SMTPAuthenticationError as error:
            reply = smtp_reply_text(error.smtp_code, error.smtp_error)
            raise SmtpSignInRefused(
                error.smtp_code, error.smtp_error, self._office365_refusal_text(self.smtp_host, mailbox, error, reply)) from error
