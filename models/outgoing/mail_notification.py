from collections.abc import Mapping

from odoo import fields, models
from odoo.addons.mail.tools.discuss import Store
from odoo.tools.mail import email_normalize, email_normalize_all

from ...tools.diagnosis.cause import ABOUT_OF, MESSAGE, RECIPIENT


class MailNotification(models.Model):
    _inherit = "mail.notification"

    def format_failure_reason(self):
        """Name the cause in a sentence where core says "Unknown error"."""
        self.ensure_one()
        if reason := self._office365_reason():
            return reason
        return super().format_failure_reason()

    def _office365_mail(self):
        """Return the mail of this notification, if one of our servers had something to say about it."""
        self.ensure_one()
        mail = self.sudo().mail_mail_id
        return mail if mail.office365_cause else mail.browse()

    def _office365_failed_mail(self):
        """Return the mail by which the recipient has not been reached yet, or will not be; empty if nothing is wrong with it."""
        mail = self._office365_mail()
        is_waiting = self.notification_status == "ready" and mail.state == "outgoing"
        return mail if is_waiting or (self.notification_status == "exception" and self.failure_reason) else mail.browse()

    def _office365_reason(self) -> str | None:
        """Return in one plain sentence why the recipient has not received the mail yet, or will not receive it."""
        mail = self._office365_failed_mail()
        return mail._office365_sentence(self.res_partner_id.email or self.mail_email_address or "") if mail else None

    def _office365_details(self) -> str | None:
        """Return the server's words and what to do about them, for those who may read the email log."""
        mail = self._office365_failed_mail()
        return (self.failure_reason if self.notification_status == "exception" else mail.failure_reason) if mail else None

    def _office365_retry_at(self):
        """Return when the mail is tried again, if it is deferred."""
        retry_at = self.notification_status == "ready" and self.sudo().mail_mail_id.office365_retry_at
        return fields.Datetime.to_string(retry_at)

    def _to_store_defaults(self, target):
        """Tell the chatter about e-mails of our servers; in a database that has none, what core tells it."""
        def is_told(notification):
            return notification.notification_type == "email" and self.env["ir.mail_server"]._office365_in_use()

        # Whoever else is told meanwhile, by the bus, has rights of their own.
        may_read_log = target.is_current_user(self.env) and self.env.user.has_group("mail_office365.group_read_email_log")
        details = [
            Store.Attr("office365_details", lambda notification: notification._office365_details() or False, predicate=is_told),
            Store.Attr("office365_command", lambda notification: notification._office365_command() or False, predicate=is_told),
        ] if may_read_log else []
        return super()._to_store_defaults(target) + details + [
            Store.Attr("office365_retry_at", lambda notification: notification._office365_retry_at(), predicate=is_told),
            Store.Attr("office365_reason", lambda notification: notification._office365_reason() or False, predicate=is_told),
        ]

    def _office365_command(self) -> str | None:
        """Return the lines of PowerShell that would help, for the clipboard."""
        return self._office365_failed_mail().office365_command if self.env.user._is_system() else None

    def _office365_answer(self, settled: Mapping[str, str]) -> str | None:
        """Return why the recipient was refused; empty if they were served, None if neither."""
        self.ensure_one()
        email = self.res_partner_id.email or self.mail_email_address or ""
        answers = [settled.get(address) for address in email_normalize_all(email) or [email_normalize(email, strict=False)]]
        if any(answers):
            return next(filter(None, answers))
        return None if None in answers else ""


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _office365_sentence(self, address: str) -> str:
        """Return why a mail was not accepted, in the words of whoever wrote it. SMTP and PowerShell are for others.

        :param address: of the recipient
        """
        self.ensure_one()
        mail = self.sudo()
        cause, values = mail.office365_cause, {"address": address, "cause": mail._office365_cause_name()}
        if mail.state == "outgoing":
            return self.env._("The email has not been accepted yet: %(cause)s. Odoo will try again.", **values)
        about = ABOUT_OF[cause]
        if about == RECIPIENT:
            return self.env._("The email was not accepted for %(address)s: %(cause)s. Please check the address.", **values)
        if about == MESSAGE:
            return self.env._("The email was not accepted: %(cause)s.", **values)
        if self.env["office365.pause"].sudo().search_count([("cause", "=", cause), ("until", "!=", False)], limit=1):
            return self.env._("The email was not accepted: %(cause)s. Your administrator has been told.", **values)
        return self.env._("The email was not accepted: %(cause)s. Your administrator can see more in the email log.", **values)

    def _office365_cause_name(self) -> str:
        return self.env["office365.cause"]._name_of(self.office365_cause)

    def _office365_notifications(self):
        return self.env["mail.notification"].sudo().search([
            ("notification_type", "=", "email"), ("mail_mail_id", "in", self.ids),
            ("notification_status", "not in", ("sent", "canceled"))])

    def _office365_notify_deferred(self, settled: Mapping[str, str]) -> None:
        """Take back the failure that core noted before it tried, for those who got the mail and those who may get it later."""
        notifications = self._office365_notifications()
        served = notifications.filtered(lambda each: each._office365_answer(settled) == "")
        waiting = notifications.filtered(lambda each: each._office365_answer(settled) is None)
        served.write({"notification_status": "sent", "failure_type": False, "failure_reason": False})
        waiting.write({"notification_status": "ready", "failure_type": False, "failure_reason": False})
        self._office365_notify_lost(settled)
        self._office365_thread_messages()._notify_message_notification_update()

    def _office365_notify_lost(self, settled: Mapping[str, str]) -> None:
        """Tell each notification why its own recipient was refused."""
        for notification in self._office365_notifications():
            if reason := notification._office365_answer(settled):
                notification.write({"notification_status": "exception", "failure_type": "unknown", "failure_reason": reason})

    def _office365_thread_messages(self):
        """Return the messages whose open chatters show what became of these mails."""
        messages = self.filtered("is_notification").mail_message_id
        return messages.filtered(lambda message: message._is_thread_message())
