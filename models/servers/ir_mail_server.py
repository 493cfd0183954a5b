from odoo import api, fields, models

from ...const import OUTGOING_PRESETS
from ...tools.servers import presets


class IrMail_Server(models.Model):
    """What a preset fills in, and what cannot work."""

    _inherit = "ir.mail_server"

    _office365_host_field, _office365_user_field = "smtp_host", "smtp_user"

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
    office365_relay_trust = fields.Selection(
        [("login", "IP addresses of this server"), ("certificate", "Client certificate")],
        string="Trusted By", compute="_compute_office365_relay_trust", inverse="_inverse_office365_relay_trust",
        help="How the connector in Exchange recognizes this server.",
    )

    office365_host_placeholder = fields.Char(compute="_compute_office365_host_placeholder")

    @api.depends("office365_preset")
    def _compute_office365_host_placeholder(self):
        for server in self:
            is_relay = server.office365_preset == "relay"
            server.office365_host_placeholder = is_relay and self.env._("e.g. contoso-com.mail.protection.outlook.com")

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

    @api.constrains(
        "office365_preset", "smtp_host", "smtp_port", "smtp_encryption", "smtp_authentication",
        "smtp_user", "smtp_pass", "owner_user_id", "office365_app_id", "office365_cloud",
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
                mailbox=server.smtp_user or "",
                sign_in=server._office365_sign_in_values(),
            ))
