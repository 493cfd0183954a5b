from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ...tools.diagnosis.reader import diagnose
from ...tools.outgoing import log
from ...tools.outgoing.log import written


class Office365Email(models.Model):
    """What people see and do about an email of the log: what it means, its message and record, to send it again."""

    _inherit = "office365.email"

    mail_message_id = fields.Many2one("mail.message", "Message", compute="_compute_mail_message_id")
    record_name = fields.Char("Record", compute="_compute_mail_message_id")
    remedy = fields.Text("What to Do", compute="_compute_remedy")
    command = fields.Text("Exchange PowerShell", compute="_compute_remedy")
    retry_at = fields.Datetime("Next Attempt", compute="_compute_can_retry")
    can_retry = fields.Boolean(compute="_compute_can_retry")
    can_send_again = fields.Boolean(compute="_compute_mail_message_id")

    @api.depends("message_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_mail_message_id(self):
        # Not as superuser: who may not read a message does not find it here either.
        messages = self.env["mail.message"].search([("message_id", "in", self.mapped("message_id"))], order="id desc")
        found = {message.message_id: message for message in messages}
        for email in self:
            message = found.get(email.message_id, self.env["mail.message"])
            email.mail_message_id = message
            email.record_name = message.record_name
            email.can_send_again = bool(message.model and message.res_id) and email.state in (log.SENT, log.BOUNCED, log.CANCELED)

    @api.depends("reply", "cause", "mail_server_id", "email_from")
    @api.depends_context("lang")
    def _compute_remedy(self):
        for email in self:
            refused = next((recipient.address for recipient in email.recipient_ids if recipient.reply == email.reply), "")
            diagnosis = diagnose(email.reply or "", protocol="smtp")
            # A reply that was refused here, for a quota say, is no server's: it says by itself what to do.
            if not email.cause or diagnosis.cause != email.cause:
                email.remedy = email.command = False
                continue
            sender, server = email._sender(), email.mail_server_id
            email.remedy = server._office365_remedy_text(diagnosis, sender, refused)
            email.command = server._office365_commands(diagnosis, sender, refused)

    @api.depends("message_id", "state")
    def _compute_can_retry(self):
        mails = self._mails()
        for email in self:
            own = [mail for mail in mails if mail.message_id == email.message_id]
            email.can_retry = bool(own)
            email.retry_at = min((mail.office365_retry_at for mail in own if mail.office365_retry_at), default=False)

    def _sender(self) -> str:
        """Return the address that the mail left as."""
        return email_normalize(self.email_from or "") or ""

    def _mails(self):
        """Return the mails of these emails that are not sent: they failed, or wait to be tried again.

        What somebody has cancelled, they wanted nobody to get: who wants it to go after all sends it again in their own name.
        """
        self.check_access("read")
        open_ids = [email.message_id for email in self if email.state in (log.FAILED, log.DEFERRED) and email.message_id]
        mails = self.env["mail.mail"].sudo().search([("message_id", "in", open_ids), ("state", "in", ("exception", "outgoing"))])
        return mails.filtered(lambda mail: mail.state != "outgoing" or mail.office365_cause)

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_retry(self):
        """Send what failed or waits: one email at once, several with the next run of the queue.

        Whoever may read the log may do so: the message is sent as it was made, to those whom it was made for.
        """
        mails = self._mails()
        if not mails:
            raise UserError(self.env._("There is nothing to retry: the email was sent, or it was deleted meanwhile."))
        mails.mark_outgoing()
        if len(mails) == 1:
            return mails.action_office365_send_now()
        mails._office365_retry_now()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_send_again(self):
        """Open the composer with the message and its recipients: it is a new email of whoever sends it, with their rights."""
        self.ensure_one().check_access("read")
        message = self.mail_message_id
        if not self.can_send_again:
            raise UserError(self.env._("The message of this email is not there anymore, or it belongs to no record."))
        addresses = self.recipient_ids.mapped("address")
        contacts = self.env["res.partner"].search([("email_normalized", "!=", False), ("email_normalized", "in", addresses)])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Again"),
            "res_model": "mail.compose.message",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": message.model, "default_res_ids": [message.res_id], "default_composition_mode": "comment",
                "default_subject": message.subject or self.subject, "default_body": message.body,
                "default_partner_ids": (contacts.filtered(lambda each: written(each.email_normalized) in addresses)).ids,
                "default_attachment_ids": message.attachment_ids.ids,
            },
        }

    def action_open_record(self):
        """Open the record that the message is about."""
        self.ensure_one().check_access("read")
        return self.mail_message_id.action_open_document()

    def action_explain(self):
        """Open what the cause means."""
        self.ensure_one().check_access("read")
        return self.env["office365.cause"]._action(self.cause)
