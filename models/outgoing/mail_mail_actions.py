from odoo import api, fields, models

from ...tools.outgoing import log


class MailMail(models.Model):
    """What people do with Office 365 mails that wait or have failed."""

    _inherit = "mail.mail"

    office365_retry_at = fields.Datetime("Will Be Tried Again At", compute="_compute_office365_retry_at")

    office365_command = fields.Text("Exchange PowerShell", compute="_compute_office365_command")

    @api.depends("office365_cause", "message_id")
    def _compute_office365_command(self):
        emails = self.env["office365.email"].sudo().search([("message_id", "in", self.filtered("office365_cause").mapped("message_id"))])
        commands = {email.message_id: email.command for email in emails}
        for mail in self:
            mail.office365_command = bool(mail.office365_cause) and commands.get(mail.message_id)

    @api.depends("state", "scheduled_date", "office365_cause")
    def _compute_office365_retry_at(self):
        for mail in self:
            mail.office365_retry_at = mail.state == "outgoing" and mail.office365_cause and mail.scheduled_date

    def _office365_deferred(self):
        """Return those of these mails that an Office 365 server has put on hold."""
        return self.filtered(lambda mail: mail.state == "outgoing" and mail.office365_cause)

    def _office365_begin_anew(self) -> None:
        for mail in self:
            served = {address: "" for address, reason in (mail.office365_recipients or {}).items() if not reason}
            mail.write({
                "office365_attempts": 0, "office365_cause": False, "office365_failed_since": False, "office365_stream": False,
                "office365_recipients": served or False, "office365_doubts": False,
                "scheduled_date": False, "failure_reason": False, "failure_type": False,
            })
            mail._office365_notify_deferred(served)
        self._office365_log_now(log.DEFERRED)

    def _office365_retry_now(self) -> None:
        """Let the next run of the queue send deferred mails, and trigger it soon."""
        self.mark_outgoing()
        if self:
            self.env["office365.quota"].sudo()._count_anew()
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _office365_after_cancel(self) -> None:
        """Release what cancelled deferred mails hold."""
        if self:
            self.write({"office365_stream": False})
            self._office365_log_now(log.CANCELED)
            self.env["office365.quota"].sudo()._count_anew()
            self._office365_notifications().write({"notification_status": "canceled"})
            self._office365_thread_messages()._notify_message_notification_update()

    def action_office365_send_now(self):
        """Send whatever the scheduled date, and explain if the mail was not sent.

        Quotas and pauses still hold, because Exchange would refuse the mail or lock the mailbox out.
        """
        self.send()
        waiting = self.exists()._office365_deferred()
        if not waiting:
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        reasons = "\n".join(dict.fromkeys(filter(None, waiting.mapped("failure_reason"))))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.env._("Not sent yet"),
                "message": reasons,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
