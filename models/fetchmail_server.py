import contextlib
import ssl
from imaplib import IMAP4

from odoo import api, fields, models
from odoo.addons.mail.models import fetchmail as core
from odoo.exceptions import UserError

from ..const import CLOUDS, DEFAULT_CLOUD, INCOMING_PRESETS
from ..tools import presets
from ..tools.errors import CertificateRefused, MailboxRefused, answer_text
from ..tools.tls import client_context


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "office365.server.mixin"]

    office365_preset = fields.Selection(
        [("imap", "IMAP"), ("pop", "POP")],
        string="Office 365",
        help="IMAP: mail stays in the mailbox and is marked as read.\n"
             "POP: mail is deleted from the mailbox once it is fetched.\n"
             "Empty: not an Office 365 server.",
    )
    office365_cloud = fields.Selection(
        list(CLOUDS.items()), string="Microsoft Cloud", default=DEFAULT_CLOUD,
        help="The national cloud that your Microsoft 365 tenant lives in.",
    )
    office365_password_notice = fields.Text(compute="_compute_office365_password_notice")

    @api.depends("server_type", "server", "office365_sign_in_by")
    def _compute_office365_password_notice(self):
        for server in self:
            signs_in = server.server_type in INCOMING_PRESETS and server.office365_sign_in_by == "login"
            server.office365_password_notice = signs_in and presets.is_microsoft_host(server.server or "") and (
                self.env._(
                    "Microsoft ended sign-in by password for IMAP and POP in 2022, for every tenant. "
                    "Nobody can switch it on again: Exchange Online will refuse this user name and password."
                )
            )

    # ------------------------------------------------------------
    # Presets
    # ------------------------------------------------------------

    @api.model
    def _office365_preset_values(self, preset, cloud):
        return presets.incoming_values(preset, cloud) if preset in INCOMING_PRESETS else {}

    @api.onchange("office365_preset", "office365_cloud")
    def _onchange_office365_preset(self):
        self.update(self._office365_filled({}))

    @api.onchange("server_type", "is_ssl", "object_id")
    def onchange_server_type(self):
        """Keep the preset's port, which core would replace by the usual one."""
        port = self.port
        result = super().onchange_server_type()
        if self.office365_preset:
            self.port = port
        return result

    @api.constrains(
        "office365_preset", "server", "port", "is_ssl", "server_type", "user", "password", "office365_tenant_id", "office365_cloud")
    def _check_office365_preset(self):
        for server in self.filtered("office365_preset"):
            server._office365_raise_first(presets.incoming_problems(
                server.office365_preset,
                host=server.server or "",
                port=server.port,
                is_ssl=server.is_ssl,
                server_type=server.server_type,
                sign_in=server._office365_sign_in_values(),
            ))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._office365_filled(vals) for vals in vals_list])

    def write(self, vals):
        if "office365_preset" not in vals and "office365_cloud" not in vals:
            return super().write(vals)
        for server in self:
            super(FetchmailServer, server).write(server._office365_filled(vals))
        return True

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def _connect__(self, allow_archived=False):  # noqa: PLW3201
        self.ensure_one()
        if not self.office365_preset:
            return super()._connect__(allow_archived=allow_archived)
        if not self.active:
            # Core lets an archived server be tested; a green test of a server that fetches nothing misleads.
            raise UserError(self.env._(
                "The server “%s” is archived. Unarchive it (Actions > Unarchive) before you use it.",
                self.display_name,
            ))
        try:
            if self._get_connection_type() == "imap":
                return self._office365_connect_imap()
            return self._office365_connect_pop()
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(self._office365_certificate_text(self.server, error)) from error

    def _office365_connect_imap(self):
        connection = self._office365_sign_in_imap(lambda: core.OdooIMAP4_SSL(
            self.server, self.port, timeout=core.MAIL_TIMEOUT, ssl_context=client_context()))
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(connection.shutdown)
            self._office365_open_inbox(connection)
            on_failure.pop_all()
        return connection

    def _office365_open_inbox(self, connection) -> None:
        """Open the mailbox: Exchange refuses there whom it throttles or who has no right to it, and core overlooks that answer."""
        try:
            status, answer = connection.select()
            if status != "OK":
                raise IMAP4.error(answer[-1])
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            raise MailboxRefused(self.env._(
                "%(host)s signed in %(login)s, but did not open the INBOX. It said: %(reply)s\n%(remedy)s",
                host=self.server, login=self.user, reply=answer_text(error), remedy=self._office365_remedy(error),
            )) from error

    def _office365_connect_pop(self):
        return self._office365_sign_in_pop(lambda: core.OdooPOP3_SSL(
            self.server, self.port, timeout=core.MAIL_TIMEOUT, context=client_context()))
