
from odoo import api, fields, models

from ...const import INCOMING_PRESETS
from ...tools.servers import presets


class FetchmailServer(models.Model):
    """What a preset fills in, and what cannot work."""

    _inherit = "fetchmail.server"

    _office365_host_field, _office365_user_field = "server", "user"

    office365_preset = fields.Selection(
        [("imap", "IMAP"), ("pop", "POP")],
        string="Office 365",
        help="IMAP: mail stays in the mailbox and is marked as read.\n"
             "POP: mail is deleted from the mailbox once it is fetched.\n"
             "Empty: not an Office 365 server.",
    )

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

    @api.constrains(
        "office365_preset", "server", "port", "is_ssl", "server_type", "user", "password", "office365_app_id", "office365_cloud")
    def _check_office365_preset(self):
        for server in self.filtered("office365_preset"):
            server._office365_raise_first(presets.incoming_problems(
                server.office365_preset,
                host=server.server or "",
                port=server.port,
                is_ssl=server.is_ssl,
                server_type=server.server_type,
                mailbox=server.user or "",
                sign_in=server._office365_sign_in_values(),
            ))
