from odoo import api, fields, models
from odoo.tools import format_datetime


class ResConfigSettings(models.TransientModel):
    """The card in General Settings: how the mail of Office 365 is, at a glance."""

    _inherit = "res.config.settings"

    office365_outgoing_status = fields.Text("Outgoing", compute="_compute_office365_status")
    office365_incoming_status = fields.Text("Incoming", compute="_compute_office365_status")
    office365_last_failure = fields.Char("Last Failure", compute="_compute_office365_status")
    office365_waiting = fields.Text("Waiting", compute="_compute_office365_status")

    @api.depends("company_id")
    def _compute_office365_status(self):
        outgoing = self.env["ir.mail_server"].search([("office365_preset", "!=", False)])
        incoming = self.env["fetchmail.server"].search([("office365_preset", "!=", False)])
        self.office365_outgoing_status = "\n".join(map(self._office365_outgoing_line, outgoing)) or False
        self.office365_incoming_status = "\n".join(map(self._office365_incoming_line, incoming)) or False
        self.office365_last_failure = self._office365_failure_line()
        self.office365_waiting = self._office365_waiting_line()

    @api.model
    def _office365_outgoing_line(self, server) -> str:
        sender = server.smtp_user or server.smtp_host
        if server.office365_pause_ids:
            return self.env._("%(sender)s: on hold. %(notice)s", sender=sender, notice=server.office365_pause_notice.splitlines()[0])
        last = self.env["office365.delivery"].search([("mail_server_id", "=", server.id), ("state", "=", "sent")], order="id desc", limit=1)
        if not last:
            return self.env._("%s: nothing sent yet", sender)
        return self.env._("%(sender)s: last sent on %(date)s", sender=sender, date=format_datetime(self.env, last.date))

    @api.model
    def _office365_incoming_line(self, server) -> str:
        if server.office365_status == "failing":
            return self.env._("%(mailbox)s: failing. %(error)s", mailbox=server.user, error=server.office365_error_line)
        if server.state != "done":
            return self.env._("%s: not confirmed yet", server.user)
        if not server.date:
            return self.env._("%s: nothing fetched yet", server.user)
        return self.env._("%(mailbox)s: last fetched on %(date)s", mailbox=server.user, date=format_datetime(self.env, server.date))

    @api.model
    def _office365_failure_line(self) -> str | bool:
        failed = self.env["office365.delivery"].search([("state", "=", "failed")], order="id desc", limit=1)
        return bool(failed) and self.env._(
            "%(date)s: %(reply)s", date=format_datetime(self.env, failed.date), reply=(failed.reply or failed.cause or "").strip())

    @api.model
    def _office365_waiting_line(self) -> str | bool:
        number = self.env["mail.mail"].search_count([("state", "=", "outgoing")], limit=1000)
        kept = self.env["office365.inbound"].search_count([("state", "in", ("failed", "unroutable", "set_aside"))], limit=1000)
        lines = [
            number and self.env._("Emails waiting to be sent: %s", "1000+" if number == 1000 else number),
            kept and self.env._("Received emails that need attention: %s", "1000+" if kept == 1000 else kept),
        ]
        return "\n".join(filter(None, lines)) or False
