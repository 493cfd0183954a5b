from email.message import EmailMessage

from odoo import api, fields, models
from odoo.tools import email_normalize, email_normalize_all, email_split, plaintext2html

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import storable
from ...tools.identity.authentication import is_forged
from ...tools.incoming.filters import automatic, delivery_report, meeting_answer, proof, receipt
from ...tools.incoming.filters.delivery_report import DeliveryReport, ReportedRecipient
from ...tools.incoming.headers import header_values
from ...tools.incoming.item import Item


class MailThread(models.AbstractModel):
    """What a message is, if it is not mail for a record: asked before core looks for one."""

    _inherit = "mail.thread"

    @api.model
    def _office365_filter(self, item: Item, message: EmailMessage, values: dict) -> bool:
        """Take a message that is not for a record; return whether it was one.

        :param values: what core's parser made of it
        """
        if mark := proof.read(message):
            self.env["office365.round.trip"]._take(item, mark, message)
        elif report := delivery_report.read(message):
            self._office365_take_report(item, report, message, values)
        elif found := receipt.read(message):
            original = self._office365_original(found.message_ids)
            item.about, item.res_id = original.model, original.res_id
            item.keep("ignored", self.env._("A receipt: the recipient has opened the message.") if found.is_read else
                      self.env._("A receipt: the recipient has deleted the message without opening it."))
        elif meeting_answer.read(message):
            item.keep("ignored", self.env._("An answer to an invitation to a meeting. Odoo does not keep those calendars."))
        elif found := automatic.read(message):
            if values.get("parent_id"):  # a note on the record of what it answers
                item.is_quiet, values["is_internal"] = True, True
                return False
            item.keep("ignored", self.env._("A notice of Exchange about the mailbox itself.") if found.kind == "quota" else
                      self.env._("An automatic answer to a message that Odoo does not know."))
        else:
            return False
        return True

    # ------------------------------------------------------------
    # Delivery reports
    # ------------------------------------------------------------

    @api.model
    def _office365_original(self, message_ids: tuple[str, ...]):
        """Return the message that a report is about: that of the first Message-Id that Odoo knows."""
        found = {message.message_id: message for message in self.env["mail.message"].sudo().search(
            [("message_id", "in", message_ids)], order="id")}
        return next((found[message_id] for message_id in message_ids if message_id in found), self.env["mail.message"].sudo())

    @api.model
    def _office365_take_report(self, item: Item, report: DeliveryReport, message: EmailMessage, values: dict) -> None:
        """Mark as bounced whom a report says that it failed for, if we wrote to them in the message that it names."""
        if self.env["office365.round.trip"]._returned(report, message):
            item.keep("ignored", self.env._("A delivery report about the proof of a set-up."))
            return
        original = self._office365_original(report.message_ids)
        written_to = self._office365_written_to(original) | self._office365_mailed_to(report.message_ids)
        item.about, item.res_id = original.model, original.res_id
        if not original and not written_to:
            item.keep("ignored", self.env._("A delivery report about a message that Odoo does not know."))
            return
        if is_forged(header_values(message, "Authentication-Results")):
            item.keep("ignored", self.env._("A delivery report that, as Exchange found out, is not from whom it says."))
            return
        failed = [recipient for recipient in report.recipients if recipient.action == "failed"]
        lines = {}
        for recipient in failed:
            if address := self._office365_whom(recipient, written_to, is_only=len(failed) == 1):
                lines[address] = f"{address}: {self._office365_bounce(original, address, recipient, report, message, values)}"
        if lines:
            self.env["office365.delivery"].sudo()._bounced(original.message_id, lines)
            item.model = original.model or "mail.message"
            item.keep("done", "\n".join(lines.values()))
        elif failed:
            item.keep("ignored", self.env._(
                "A delivery report about somebody to whom Odoo did not write: %s",
                ", ".join(address for recipient in failed for address in recipient.addresses[:1])))
        else:
            item.keep("ignored", self.env._("A delivery report, but nothing failed: %s", ", ".join(
                f"{recipient.addresses[0] if recipient.addresses else '?'} {recipient.action}" for recipient in report.recipients)))

    @api.model
    def _office365_mailed_to(self, message_ids: tuple[str, ...]) -> set[str]:
        """Return whom a mass mailing of these Message-Ids was sent to; it may leave no message behind."""
        if "mailing.trace" not in self.env:
            return set()
        traces = self.env["mailing.trace"].sudo().search([("message_id", "in", message_ids)])
        return set(filter(None, map(email_normalize, traces.mapped("email"))))

    @api.model
    def _office365_written_to(self, original) -> set[str]:
        """Return whom a message was sent to."""
        mails = self.env["mail.mail"].sudo().search([("mail_message_id", "in", original.ids)])
        partners = original.notification_ids.res_partner_id | original.partner_ids | mails.recipient_ids
        written = [*partners.mapped("email"), *original.notification_ids.mapped("mail_email_address"), original.outgoing_email_to,
                   *mails.mapped("email_to"), *mails.mapped("email_cc")]
        return {email for text in written if text for email in email_normalize_all(text)}

    @api.model
    def _office365_whom(self, recipient: ReportedRecipient, written_to: set[str], *, is_only: bool) -> str | None:
        """Return which of those that we wrote to a report names.

        A recipient's own server may have sent it on to a server behind it, and names that address alone: then it is the only one we wrote
        to. In the same domain it may as well be somebody to whom they have forwarded it.
        """
        for address in recipient.addresses:
            if (email := email_normalize(address)) in written_to:
                return email
        if is_only and len(written_to) == 1 and len(recipient.addresses) == 1:
            [only] = written_to
            own, other = only.rpartition("@")[2], recipient.addresses[0].rpartition("@")[2]
            if other.endswith(f".{own}"):
                return only
        return None

    @api.model
    def _office365_bounce(
        self, original, address: str, recipient: ReportedRecipient, report: DeliveryReport, message: EmailMessage, values: dict,
    ) -> str:
        """Mark an address as bounced, as core and other addons do; return why."""
        diagnosis = diagnose(recipient.words, protocol="smtp", stage="rcpt")  # what a report is about, wherever it was refused
        reason = storable(f"{recipient.words}\n{diagnosis.translated(self.env._)}")
        partners = self.env["res.partner"].sudo().search([("email_normalized", "=", address)])
        bounced = original.notification_ids.filtered(lambda each: each.notification_status == "bounce")
        if address in map(email_normalize, [*bounced.res_partner_id.mapped("email"), *bounced.mapped("mail_email_address")]):
            return reason  # another report has said so: it counts once
        self._routing_handle_bounce(message, {
            **values, "body": plaintext2html(reason), "is_bounce": True, "bounced_email": address, "bounced_partner": partners,
            "bounced_msg_ids": list(report.message_ids), "bounced_message": original})
        if original._is_thread_message():
            original._notify_message_notification_update()
        return reason

    # ------------------------------------------------------------
    # Loops
    # ------------------------------------------------------------

    @api.model
    def _office365_loop_text(self, slug: str) -> str:
        """Return the sentence about a message that goes round in circles."""
        return {
            "own_notice": self.env._("An answer to a notice that Odoo had sent."),
            "hops": self.env._("The message has gone through more than 50 servers: it goes round in circles."),
            "own_loop_mark": self.env._("One of our addresses has handled this message before: it goes round in circles."),
        }[slug]

    @api.model
    def _office365_is_too_much(self, item: Item, message_dict: dict, routes: list) -> bool:
        """Tell whether a sender writes so much that it may be a program that answers ours.

        The limits are core's: so many new records by way of an alias, or so many messages on one record.

        Core counts what was made in the last two hours, so that a backlog looks like a flood. Here it is when the mailbox received it that
        counts; messages of the same minutes are not always handed out in their order.
        """
        email = email_normalize((email_split(message_dict.get("email_from") or "") or [""])[0])
        if item.is_retry or not routes or not email:
            return False
        get_int = self.env["ir.config_parameter"].sudo()._get_param
        minutes, most = int(get_int("mail.gateway.loop.minutes") or 120), int(get_int("mail.gateway.loop.threshold") or 20)
        until = item.received or fields.Datetime.now()
        self.env.cr.execute(
            """
            SELECT model, res_id, count(*) FROM office365_inbound
             WHERE sender = %s AND state = 'done' AND id <> %s
               AND COALESCE(received, date) > %s::timestamp - interval '1 minute' * %s
               AND COALESCE(received, date) <= %s::timestamp + interval '5 minutes'
             GROUP BY model, res_id
            """, [email, item.row_id, until, minutes, until])
        counts = {(model, res_id): count for model, res_id, count in self.env.cr.fetchall()}
        new = {model for model, thread_id, *_rest in routes if thread_id == 0}  # as core tells an alias that makes records
        if not any(sum(model == other for other, _res_id in counts) >= most for model in new) and not any(
                thread_id and counts.get((model, thread_id), 0) >= most for model, thread_id, *_rest in routes):
            return False
        if self.env["mail.gateway.allowed"].sudo().search_count([("email_normalized", "=", email)], limit=1):
            return False
        item.keep("ignored", self.env._(
            "The sender has written %(number)s messages within %(minutes)s minutes. Odoo takes no more for now, as a program may be "
            "answering its mail. If they are all wanted, add the sender under Settings > Technical > Email > Mail Gateway Allowed, then "
            "retry them.",
            number=most, minutes=minutes))
        return True
