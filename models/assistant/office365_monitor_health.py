from odoo import api, fields, models

from ...tools.assistant import health


class Office365Monitor(models.Model):
    """What the health address answers."""

    _inherit = "office365.monitor"

    @api.model
    def _health(self) -> tuple[int, dict]:
        """Return the HTTP status and the answer. A dozen queries, whatever the number of users and mails."""
        overview = self.env["office365.overview"].sudo()
        mailboxes, waiting = overview._mailboxes(), overview._queue()
        servers = self.env["ir.mail_server"].sudo().search([("office365_preset", "!=", False)], limit=health.MOST)
        return health.answer(
            overview._alerts(mailboxes, waiting), [(server.id, server.name) for server in servers], mailboxes[:health.MOST], waiting,
            self.env["office365.setup"]._heartbeat_states(), fields.Datetime.now())
