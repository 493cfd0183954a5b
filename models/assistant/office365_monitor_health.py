from odoo import api, fields, models

from ...tools.assistant import health


class Office365Monitor(models.Model):
    """What the health address answers."""

    _inherit = "office365.monitor"

    @api.model
    def _health(self) -> tuple[int, dict]:
        """Return the HTTP status and the answer. A dozen queries, whatever the number of users and mails."""
        radar = self.env["office365.radar"].sudo()
        mailboxes, waiting = radar._mailboxes(), radar._queue()
        servers = self.env["ir.mail_server"].sudo().search([("office365_preset", "!=", False)], limit=health.MOST)
        return health.answer(
            radar._troubles(mailboxes, waiting), [(server.id, server.name) for server in servers], mailboxes[:health.MOST], waiting,
            radar._heartbeats(), fields.Datetime.now())
