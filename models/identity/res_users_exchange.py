from odoo import api, fields, models

from ...tools.identity import probe


class ResUsers(models.Model):
    """Whether Exchange lets mail leave as a user's alias: a link proves who reads an address, not what the mailbox may do."""

    _inherit = "res.users"

    office365_alias_exchange = fields.Selection(
        [(probe.ALLOWED, "Exchange lets Odoo send as this address"), (probe.REFUSED, "Exchange refuses this address"),
         (probe.UNKNOWN, "Not checked with Exchange yet")],
        string="Alias in Exchange", compute="_compute_office365_alias_exchange", compute_sudo=True)

    @api.depends("office365_alias_confirmed")
    def _compute_office365_alias_exchange(self):
        servers = self.env["ir.mail_server"]._office365_servers().filtered(
            lambda server: server.office365_preset == "submission" and server.office365_sender_mode in ("send_as", "on_behalf"))
        aliases = [alias for alias in self.mapped("office365_alias_confirmed") if alias]
        results = self.env["office365.probe"].search([("mail_server_id", "in", servers.ids), ("address", "in", aliases)])
        states: dict[str, set[str]] = {}
        for result in results:
            states.setdefault(result.address, set()).add(result.state)
        for user in self:
            found = states.get(user.office365_alias_confirmed, set())
            user.office365_alias_exchange = servers and user.office365_alias_confirmed and next(
                (state for state in (probe.ALLOWED, probe.REFUSED) if state in found), probe.UNKNOWN)

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["office365_alias_exchange"]
