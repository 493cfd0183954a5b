from datetime import datetime, timedelta

from odoo import api, fields, models

# A record is dated by the beginning of its transaction, and a mass mailing is a long one.
_TRANSACTION = timedelta(hours=1)
# A change of one of these may remove the reason of a pause.
_NEW_START = {
    "office365_preset", "office365_sender_mode", "office365_app_id", "office365_delegate", "smtp_host", "smtp_port",
    "smtp_encryption", "smtp_authentication", "smtp_user", "smtp_pass", "smtp_ssl_certificate", "smtp_ssl_private_key",
}
# A change of one of these makes the results of probes outdated.
_OTHER_SENDER = {"office365_preset", "office365_sender_mode", "smtp_host", "smtp_user"}


class IrMail_Server(models.Model):
    """Pauses: a server or an address is refused, and its mail is on hold."""

    _inherit = "ir.mail_server"

    office365_pause_ids = fields.One2many(
        "office365.pause", "mail_server_id", "Pauses", domain=[("until", "!=", False)], readonly=True)
    office365_pause_notice = fields.Text(compute="_compute_office365_pause_notice")
    office365_pause_until = fields.Datetime("Next Attempt", compute="_compute_office365_pause_notice")

    @api.depends("office365_pause_ids.until")
    def _compute_office365_pause_notice(self):
        for server in self:
            pauses = server.office365_pause_ids
            words = [pause._sentence() for pause in pauses]
            # What several addresses are refused for has one remedy; some words hold it already.
            remedies = dict.fromkeys(pause.remedy for pause in pauses)
            server.office365_pause_notice = "\n".join(
                [*words, *(remedy for remedy in remedies if remedy and not any(remedy in each for each in words))])
            server.office365_pause_until = min(pauses.mapped("until"), default=False)

    def _office365_forget_refusals(self, vals: dict) -> None:
        """Forget refusals before a write that changes what they were about.

        What another mailbox may do, or this one in another mode, is unknown.
        """
        if not _NEW_START.isdisjoint(vals):
            self.env["office365.pause"].sudo().search([("mail_server_id", "in", self.ids)]).unlink()
        if not _OTHER_SENDER.isdisjoint(vals):
            self.env["office365.probe"].sudo().search([("mail_server_id", "in", self.ids)]).unlink()
            self._office365_forget()
            self.env["office365.probe"]._ask_soon()

    def action_office365_resume(self):
        """End the pauses of this server."""
        return self.office365_pause_ids.action_resume()

    @api.model
    def _office365_resumed(self, causes: list[str], since: datetime | None) -> dict:
        """Try the mails that wait for one of these causes at once, and offer to retry those that failed by it.

        :param since: when the first refusal was noted, which is in the same transaction in which its mail failed, or soon after
        """
        Mails = self.env["mail.mail"].sudo()
        waiting = Mails.search([
            ("state", "=", "outgoing"), ("office365_cause", "in", causes), ("scheduled_date", ">", fields.Datetime.now())])
        if waiting:
            waiting.scheduled_date = fields.Datetime.now()
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        failed = since and Mails.search([
            ("state", "=", "exception"), ("office365_cause", "in", causes), ("write_date", ">=", since - _TRANSACTION)])
        if failed:
            return self.env["office365.resume"]._action(failed)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
