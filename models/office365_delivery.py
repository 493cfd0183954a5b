from datetime import timedelta

from odoo import api, fields, models

from ..tools.diagnosis import diagnose
from ..tools.sender import FOREIGN_DOMAIN, MODE, OTHER_AUTHOR, UNTRUSTED
from ..tools.smtp import Outcome

_KEPT_DAYS = 30


class Office365Delivery(models.Model):
    """What became of a message at one of our servers: one row an SMTP transaction."""

    _name = "office365.delivery"
    _description = "Office 365 Delivery"
    _order = "id desc"
    _rec_name = "message_id"

    mail_server_id = fields.Many2one("ir.mail_server", "Server", readonly=True, ondelete="set null", index=True)
    message_id = fields.Char("Message-Id", readonly=True, index=True)
    user_id = fields.Many2one("res.users", "Sent By", readonly=True, ondelete="set null")
    written_as = fields.Char(readonly=True, help="From as the message was written.")
    email_from = fields.Char("From", readonly=True)
    envelope_from = fields.Char("Envelope Sender", readonly=True)
    login = fields.Char("Signed In As", readonly=True)
    recipient_count = fields.Integer("Recipients", readonly=True)
    reply = fields.Char("Server's Reply", readonly=True)
    cause = fields.Char(readonly=True, help="What kept the message from being taken, as docs/troubleshooting.md names it.")
    state = fields.Selection([("sent", "Sent"), ("deferred", "Deferred"), ("failed", "Failed")], readonly=True)
    duration = fields.Float("Duration (s)", readonly=True)
    sender_reason = fields.Selection(
        [
            (UNTRUSTED, "Nobody entitled to it vouched for the address"),
            (FOREIGN_DOMAIN, "The servers do not send for the address's domain"),
            (OTHER_AUTHOR, "The address belongs to another user than the one who sent it"),
            (MODE, "The server's mode is Mailbox"),
        ],
        "Left as the Mailbox Because", readonly=True,
    )

    @api.model
    def _record(
        self, server, outcome: Outcome, *, message_id: str, written_as: str, email_from: str, login: str | None,
        reason: str | None, actor: int,
    ) -> None:
        """Write down one transaction, and on the message why it left as the mailbox, if it should not have."""
        self.create({
            "mail_server_id": server.id,
            "message_id": message_id,
            "user_id": actor,
            "written_as": written_as,
            "email_from": email_from,
            "envelope_from": outcome.envelope_from,
            "login": login,
            "recipient_count": len(outcome.recipients),
            "reply": outcome.reply,
            "cause": False if outcome.taken else diagnose(outcome.reply, protocol="smtp").cause,
            "state": "sent" if outcome.taken else "failed",
            "duration": outcome.duration,
            "sender_reason": reason,
        })
        if reason in (UNTRUSTED, FOREIGN_DOMAIN, OTHER_AUTHOR):
            note = self._sender_note(reason, written_as, email_from)
            self.env["mail.message"].sudo().search([("message_id", "=", message_id)]).office365_sender_note = note

    def _sender_note(self, reason: str, written_as: str, email_from: str) -> str:
        """Return the sentence that tells why a message did not leave as it was written, and what would change that."""
        notes = {
            UNTRUSTED: self.env._(
                "Written as %(written_as)s, left as %(email_from)s: nobody entitled to it vouched for the address. Its user can "
                "confirm it in Preferences, or an administrator can set it as the user's e-mail or Office 365 alias."),
            FOREIGN_DOMAIN: self.env._(
                "Written as %(written_as)s, left as %(email_from)s: the Office 365 servers do not send for that domain. "
                "Set an Office 365 alias for the user."),
            OTHER_AUTHOR: self.env._(
                "Written as %(written_as)s, left as %(email_from)s: the address belongs to another user than the one who "
                "sent the message, and the server allows the author's own address only."),
        }
        return notes[reason] % {"written_as": written_as, "email_from": email_from}

    @api.autovacuum
    def _gc_deliveries(self):
        """Forget what is older than 30 days."""
        limit = fields.Datetime.now() - timedelta(days=_KEPT_DAYS)
        self.search([("create_date", "<", limit)], limit=10000).unlink()


class MailMessage(models.Model):
    _inherit = "mail.message"

    office365_sender_note = fields.Text("Why Not from the Author's Address", copy=False, readonly=True)
