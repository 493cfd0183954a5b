from odoo import api, fields, models


class Office365Resume(models.TransientModel):
    """The emails that failed while a server or an address was refused, after somebody has ended that."""

    _name = "office365.resume"
    _description = "Retry Emails of a Pause"

    mail_ids = fields.Many2many("mail.mail", readonly=True)
    summary = fields.Char(compute="_compute_summary")

    @api.depends("mail_ids")
    def _compute_summary(self):
        for resume in self:
            number = len(resume._failed())
            resume.summary = (
                self.env._("1 email failed while it was refused.") if number == 1 else
                self.env._("%(number)s emails failed while it was refused.", number=number))

    def _failed(self):
        """Return those that have failed and still are there."""
        return self.mail_ids.exists().filtered(lambda mail: mail.state == "exception")

    @api.model
    def _action(self, mails) -> dict:
        """Return the action that offers to retry mails."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sending Resumed"),
            "res_model": self._name,
            "res_id": self.create({"mail_ids": mails.ids}).id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_retry_all(self):
        """Put them back into the queue, which runs at once."""
        self.ensure_one()
        failed = self._failed()
        failed.action_retry()
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Emails back in the queue: %s. Odoo sends them now.", len(failed)),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_show(self):
        """Open the list of them."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Failed Emails"),
            "res_model": "mail.mail",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", self._failed().ids)],
        }
