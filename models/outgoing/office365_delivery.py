import dataclasses
import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from email.message import Message

import psycopg2
from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import email_normalize

from ...tools.diagnosis.names import NAMES
from ...tools.diagnosis.reader import diagnose
from ...tools.errors import smtp_reply_text, storable
from ...tools.identity.sender import ABOUT_ADDRESS, FOREIGN_DOMAIN, MODE, NOT_ALLOWED_YET, NOT_AUTHENTIC, OTHER_AUTHOR, UNVERIFIED
from ...tools.outgoing import log
from ...tools.prefetch import PREFETCH
from ...tools.sending import Sending
from ...tools.transactions import run_apart
from ...tools.transport import Outcome

_logger = logging.getLogger(__name__)

# Rows removed at a time: so that the cron can commit in between.
_REMOVED = 10000
# Of the line and of the transaction.
_SHARED = ("mail_server_id", "user_id", "company_id")


class Office365Delivery(models.Model):
    """What became of a message at one of our servers: one row an SMTP transaction."""

    _name = "office365.delivery"
    _description = "Office 365 Delivery"
    _order = "id desc"
    _rec_name = "message_id"

    email_id = fields.Many2one("office365.email", readonly=True, ondelete="cascade", index="btree_not_null")
    date = fields.Datetime("Time", readonly=True, index=True, default=fields.Datetime.now)
    mail_server_id = fields.Many2one("ir.mail_server", "Server", readonly=True, ondelete="set null", index=True)
    message_id = fields.Char("Message-Id", readonly=True, index=True)
    user_id = fields.Many2one("res.users", "Sent By", readonly=True, ondelete="set null")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="set null", help="Of the record that it is about.")
    written_as = fields.Char(readonly=True, help="The From address that the message was written with.")
    email_from = fields.Char("From", readonly=True)
    envelope_from = fields.Char("Envelope Sender", readonly=True)
    login = fields.Char("Signed In As", readonly=True)
    attempt = fields.Integer(readonly=True, help="1 is the first attempt.")
    recipients = fields.Text("To", readonly=True)
    recipient_count = fields.Integer("Recipients", readonly=True)
    refused = fields.Text("Refused Recipients", readonly=True, help="Recipients that the server refused while it accepted others.")
    bounced = fields.Text("Bounced Recipients", readonly=True, help="Recipients for whom a delivery report came later, and why.")
    reply = fields.Char("Server's Reply", readonly=True)
    cause = fields.Selection(list(NAMES.items()), readonly=True, help="Why the message was not accepted.")
    state = fields.Selection([("sent", "Sent"), ("deferred", "Deferred"), ("failed", "Failed")], readonly=True)
    duration = fields.Float("Duration (s)", readonly=True)
    sender_reason = fields.Selection(
        [
            (UNVERIFIED, "The address is not verified"),
            (FOREIGN_DOMAIN, "The servers do not send for the address's domain"),
            (OTHER_AUTHOR, "The address belongs to someone other than the user who sent it"),
            (NOT_AUTHENTIC, "It was received from outside, and Exchange does not confirm its sender"),
            (MODE, "The server's mode is Mailbox"),
            (NOT_ALLOWED_YET, "Exchange does not let the mailbox send as that address yet"),
        ],
        "Sent from the Mailbox Because", readonly=True,
    )
    mail_message_id = fields.Many2one("mail.message", "Message", compute="_compute_mail_message_id")

    @api.depends("message_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_mail_message_id(self):
        # Not as superuser: who may not read a message does not find it here either.
        messages = self.env["mail.message"].search([("message_id", "in", self.mapped("message_id"))], order="id desc")
        found = {message.message_id: message for message in messages}
        for delivery in self:
            delivery.mail_message_id = found.get(delivery.message_id, False)

    @api.model
    def _record(
        self, server, outcome: Outcome, content: Message, *, message, written_as: str, login: str | None,
        reason: str | None, actor: int | None,
    ) -> None:
        """Write down one transaction, and on the message why it left as the mailbox, if it should not have.

        :param content: what was sent
        :param message: the ``mail.message`` of it, empty if there is none
        """
        diagnosis = None if outcome.taken else diagnose(outcome.reply, protocol="smtp")
        run, email_from, message_id = Sending.of(self.env.context).run, str(content["From"] or ""), str(content["Message-Id"] or "")
        note = log.Note(message_id, fields.Datetime.now(), _told(outcome, is_retried=bool(run)), {
            "email_from": storable(email_from),
            "subject": storable(str(content["Subject"] or "")),
            "kind": log.kind_of(
                is_probe=self.env["office365.probe"]._is_probe(content) or self.env["office365.round.trip"]._is_ours(content),
                is_bulk=bool(run and run.bulk),
                sender=email_normalize(email_from) or "", mailbox=login),
        })
        server._office365_note({
            "note": note,
            "date": fields.Datetime.now(),
            "mail_server_id": server.id,
            "message_id": message_id,
            "user_id": actor,
            "company_id": message.record_company_id.id,
            "written_as": written_as,
            "email_from": email_from,
            "envelope_from": outcome.envelope_from,
            "login": login,
            "attempt": run.known[run.attempt.mail_id].attempts + 1 if run and run.attempt else 1,
            "recipients": ", ".join(outcome.recipients),
            "recipient_count": len(outcome.recipients),
            "refused": "\n".join(f"{address}: {smtp_reply_text(*reply)}" for address, reply in outcome.refused.items()),
            "reply": outcome.reply,
            "cause": diagnosis and diagnosis.cause,
            "state": "sent" if diagnosis is None else "deferred" if diagnosis.retryable else "failed",
            "duration": outcome.duration,
            "sender_reason": reason,
        })
        if message and reason in ABOUT_ADDRESS:
            message.office365_sender_note = self._sender_note(reason, written_as, email_from)

    @api.model
    def _bounced(self, message_id: str, lines: Mapping[str, str]) -> None:
        """Note on the deliveries of a message whom a delivery report says that it failed for.

        :param lines: by address: address and reason
        """
        if not message_id:
            return
        delivery = self.search([("message_id", "=", message_id), ("state", "=", "sent")], limit=1)
        delivery.bounced = "\n".join(filter(None, [delivery.bounced, *lines.values()]))
        self.env["office365.email"]._tell_of_recipients(
            message_id, {log.written(address): log.Told(log.BOUNCED, reply=line) for address, line in lines.items()})

    @api.model
    def _keep(self, rows: Collection[dict]) -> None:
        """Write rows in a transaction of its own: what a server said stays said, whatever becomes of the sending transaction.

        :param rows: values of deliveries, with what their ``note`` says for the log; nothing but a note if there was no transaction
        """
        def write(cr):
            apart = self.with_env(api.Environment(cr, SUPERUSER_ID, {}))
            # What the sending transaction has made and not committed yet cannot be referred to from outside.
            there = {
                name: set(apart.env[apart._fields[name].comodel_name].browse(
                    {row[name] for row in rows if row.get(name)}).exists().ids)
                for name in ("mail_server_id", "user_id", "company_id")
            }
            seen = [row for row in rows if all(not row.get(name) or row[name] in ids for name, ids in there.items())]
            apart._write_down(seen)
            apart.env["office365.probe"]._learn_from(seen)
            return [row for row in rows if row not in seen]

        try:
            if unseen := run_apart(self.env.registry.cursor, write):
                with self.env.cr.savepoint():
                    self._write_down(unseen)
        except psycopg2.Error as error:  # the mail itself was sent, and that has to be kept
            _logger.warning("%s deliveries are not written down: %s", len(rows), error)

    @api.model
    def _write_down(self, rows: Collection[dict]) -> None:
        """Write rows of :meth:`_keep`: the line of each message, then the transactions."""
        ids = self.env["office365.email"]._tell(
            dataclasses.replace(note, values={**note.values, **{name: row.get(name) for name in _SHARED}})
            for row in rows if (note := row.get("note")) and note.message_id and note.recipients)
        self.create([
            {**{name: value for name, value in row.items() if name != "note"}, "email_id": ids.get(row["message_id"])}
            for row in rows if "message_id" in row])

    def _sender_note(self, reason: str, written_as: str, email_from: str) -> str:
        """Return the sentence that tells why a message did not leave as it was written, and what would change that."""
        notes = {
            UNVERIFIED: self.env._(
                "Sent from %(email_from)s instead of %(written_as)s because that address is not verified. Its user can confirm it in "
                "Preferences; an administrator can set it as the user's email or Office 365 alias, or add it to the Shared Senders of the "
                "server."),
            FOREIGN_DOMAIN: self.env._(
                "Sent from %(email_from)s instead of %(written_as)s because the Office 365 servers do not send for that domain. "
                "Set an Office 365 alias for the user."),
            OTHER_AUTHOR: self.env._(
                "Sent from %(email_from)s instead of %(written_as)s because that address belongs to someone other than the user who sent "
                "the message. The group “Send as others” and templates of an administrator may use it, unless the server allows the "
                "author's own address only."),
            NOT_AUTHENTIC: self.env._(
                "Sent from %(email_from)s instead of %(written_as)s because the message was received by email, and Exchange does not "
                "confirm that it is from that address."),
        }
        return notes[reason] % {"written_as": written_as, "email_from": email_from}

    @api.autovacuum
    def _gc_deliveries(self):
        """Forget what is older than the log is kept; return how many were removed, and whether some are left."""
        old = [("date", "<", fields.Datetime.now() - timedelta(days=self.env["office365.email"]._kept_days()))]
        deliveries = self.search(old, limit=_REMOVED, order="id")
        deliveries.unlink()
        return len(deliveries), len(deliveries) == _REMOVED

    def action_open_record(self):
        """Open the record that the message is about."""
        return self.mail_message_id.action_open_document()


def _told(outcome: Outcome, *, is_retried: bool) -> dict[str, log.Told]:
    """Return what became of a message for each recipient.

    :param is_retried: the queue sends it again if that makes sense; whoever sends by themselves does not
    """
    def refused(reply: str, stage: str | None = None) -> log.Told:
        diagnosis = diagnose(reply, protocol="smtp", stage=stage)
        return log.Told(log.DEFERRED if diagnosis.retryable and is_retried else log.FAILED, diagnosis.cause, storable(reply))

    others = log.Told(log.SENT, reply=storable(outcome.reply)) if outcome.taken else refused(outcome.reply)
    return {
        log.written(address): refused(smtp_reply_text(*answer), "rcpt") if (answer := outcome.refused.get(address)) else others
        for address in outcome.recipients}


class MailMessage(models.Model):
    _inherit = "mail.message"

    office365_sender_note = fields.Text(
        "Why Not from the Author's Address", copy=False, readonly=True, prefetch=PREFETCH, groups="base.group_user")
    office365_delivery_count = fields.Integer(
        "Deliveries", compute="_compute_office365_delivery_count", groups="mail_office365.group_read_email_log")

    @api.depends("message_id")
    def _compute_office365_delivery_count(self):
        groups = self.env["office365.delivery"]._read_group(
            [("message_id", "in", self.mapped("message_id"))], ["message_id"], ["__count"])
        counts = dict(groups)
        for message in self:
            message.office365_delivery_count = counts.get(message.message_id, 0)

    def action_office365_deliveries(self):
        """Open what became of the message at our servers."""
        action = self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_delivery_action")
        return {**action, "domain": [("message_id", "in", self.mapped("message_id"))], "context": {}}


class MailMail(models.Model):
    _inherit = "mail.mail"

    def action_office365_deliveries(self):
        """Open what became of the mail at our servers."""
        return self.mail_message_id.action_office365_deliveries()
