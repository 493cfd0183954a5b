import base64
import hashlib
from datetime import timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools.mail import email_normalize

from ...tools.addresses import decoded_words
from ...tools.errors import storable
from ...tools.incoming.author import from_address
from ...tools.incoming.fingerprint import fingerprint
from ...tools.incoming.headers import header, message_ids
from ...tools.incoming.item import Item
from ...tools.incoming.limits import MAX_HEADER
from ...tools.transactions import run_apart
from .office365_folder import KEPT_DAYS

_REMOVED = 10000
# Characters of what is in an index: PostgreSQL takes some 2,700 octets there.
_LONGEST_KEY = 600
# Octets in which the first line ends.
_LINE = 1000
# Minutes until a message is tried again after a technical failure: 1, 2, 4 … up to an hour.
_LONGEST_WAIT = 60


class Office365Inbound(models.Model):
    """What became of each message that was received from an Office 365 server."""

    _name = "office365.inbound"
    _description = "Office 365 Received Message"
    _order = "id desc"
    _rec_name = "subject"

    server_id = fields.Many2one("fetchmail.server", readonly=True, ondelete="cascade", index=True)
    folder = fields.Char(readonly=True, default="INBOX")
    validity = fields.Char("UIDVALIDITY", readonly=True, help="Another one means that the server has numbered the folder anew.")
    uid = fields.Char("Number in Folder", readonly=True, help="UID of the message; over POP, its unique id.")
    date = fields.Datetime("First Seen", readonly=True, default=fields.Datetime.now, index=True)
    received = fields.Datetime(readonly=True, help="When the mailbox received the message.")
    message_id = fields.Char("Message-Id", readonly=True, index=True)
    email_from = fields.Char("From", readonly=True)
    subject = fields.Char(readonly=True)
    sender = fields.Char(readonly=True, help="The address in From.")
    state = fields.Selection(
        [
            ("done", "Processed"),
            ("failed", "Failed"),
            ("unroutable", "No Destination"),
            ("ignored", "Ignored"),
            ("set_aside", "Set Aside"),
        ],
        readonly=True, required=True, index=True,
        help="Failed: an error kept Odoo from processing the message.\n"
             "No Destination: no alias, reply or model takes it.\n"
             "Ignored: a duplicate, a delivery report, an automatic answer, a loop, or another message that becomes no record.\n"
             "Set Aside: Odoo was stopped three times while it processed the message, or it is too large. It is not tried again by itself.",
    )
    error = fields.Text("What Happened", readonly=True)
    attempts = fields.Integer(readonly=True)
    deaths = fields.Integer(readonly=True, help="How often Odoo was stopped while it processed the message.")
    is_working = fields.Boolean(readonly=True, help="The message is being processed, or Odoo was stopped meanwhile.")
    is_settled = fields.Boolean(readonly=True, help="The mailbox shows that the message was fetched.")
    retry_at = fields.Datetime("Tried Again At", readonly=True)
    raw = fields.Binary("Source", readonly=True, attachment=True, help="The message as it was received. Kept until it is processed.")
    raw_name = fields.Char(compute="_compute_raw_name")
    digest = fields.Char("SHA-256", readonly=True, index="btree_not_null", help="Of the source.")
    fingerprint = fields.Char(readonly=True, help="SHA-256 of what the sender wrote, whatever servers added on the way.")
    model = fields.Char("Record's Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="model", readonly=True)

    _message_unique = models.UniqueIndex("(server_id, folder, validity, uid)", "A message of a mailbox is in the list once.")
    _sender_idx = models.Index("(sender, received) WHERE state = 'done'")
    _retry_idx = models.Index("(retry_at) WHERE retry_at IS NOT NULL")

    @api.depends("uid")
    def _compute_raw_name(self):
        for inbound in self:
            inbound.raw_name = f"{inbound.uid or 'message'}.eml"

    # ------------------------------------------------------------
    # What became of a message
    # ------------------------------------------------------------

    def _keep(self, item: Item, state: str, error: str, **values) -> None:
        """Write down what became of a message; its source is kept unless it was processed."""
        row = self.browse(item.row_id)
        vals = {"state": state, "error": storable(error) or False, "is_working": False, "retry_at": False, **self._head(item)}
        if state != "done":
            vals["raw"] = base64.b64encode(item.source)
        elif item.attempts > 1:
            vals["raw"] = False  # of the attempts before
        row.write({**vals, **values})

    def _postpone(self, item: Item, error: str) -> None:
        """Keep a message, and have it tried again: something failed that has nothing to do with it. Committed at once."""
        self._keep_apart(item, "failed", error, postponed=True)

    def _keep_apart(self, item: Item, state: str, error: str, *, postponed: bool = False, **values) -> None:
        def keep(cr):
            row = self._apart(cr)
            if postponed:
                values["retry_at"] = row._next_try(item)
            row._keep(item, state, error, **values)

        run_apart(self.env.registry.cursor, keep)

    def _next_try(self, item: Item):
        """Return when a message is tried again after a technical failure: at once, as races are won then, later after 1, 2 … 60 minutes."""
        return fields.Datetime.now() + timedelta(minutes=min(2 ** item.attempts // 4, _LONGEST_WAIT))

    def _head(self, item: Item) -> dict:
        head = item.message or _header_of(item.source)
        sender = from_address(head)
        found = message_ids(header(head, "Message-Id"))
        return {
            "digest": digest_of(item.source),
            "fingerprint": item.fingerprint or fingerprint(item.source),
            "received": item.received,
            "message_id": storable(found[0] if found else header(head, "Message-Id"))[:_LONGEST_KEY] or False,
            "email_from": storable(decoded_words(header(head, "From"))) or False,
            "sender": bool(sender) and storable(email_normalize(sender[1]) or "")[:_LONGEST_KEY],
            "subject": storable(decoded_words(header(head, "Subject"))) or False,
        }

    @api.model
    def _key(self, item: Item) -> dict:
        return {"server": item.server_id, "folder": item.folder, "validity": item.validity, "uid": item.uid, "received": item.received,
                "root": SUPERUSER_ID}

    def _apart(self, cr):
        return self.with_env(api.Environment(cr, SUPERUSER_ID, {}))

    @api.autovacuum
    def _gc_inbound(self):
        """Forget messages that were processed long ago; what is older than the oldest of them is not fetched again.

        Only those of which the mailbox shows it: what was left there has nothing else that tells that it was fetched.
        """
        is_shown = ["&", "&", ("server_id.office365_preset", "!=", "pop"), ("server_id.office365_after_fetch", "!=", "leave"),
                    ("is_settled", "=", True)]
        is_deleted = ["&", ("server_id.office365_preset", "=", "pop"), ("server_id.office365_after_fetch", "=", "delete")]
        old = [("state", "=", "done"), ("date", "<", fields.Datetime.now() - timedelta(days=KEPT_DAYS)), "|", *is_shown, *is_deleted]
        rows = self.search(old, limit=_REMOVED, order="id")
        for (server, name, validity), those in rows.grouped(lambda row: (row.server_id, row.folder, row.validity)).items():
            folder = self.env["office365.folder"].search([
                ("server_id", "=", server.id), ("name", "=", name), ("validity", "=", validity)])
            if folder:  # POP has none
                folder._forget_before(max(int(row.uid) for row in those), max(row.received or row.date for row in those))
        rows.unlink()
        return len(rows), len(rows) == _REMOVED


def _header_of(source: bytes) -> Message:
    """Return the header of a message, none of whose values is parsed: what must not be, or cannot be, is kept all the same."""
    end = source.find(b"\n\n") if b"\r\n" not in source[:_LINE] else source.find(b"\r\n\r\n")
    return BytesHeaderParser(policy=compat32).parsebytes(source[:end if 0 < end < MAX_HEADER else MAX_HEADER])


def digest_of(source: bytes) -> str:
    """Return the SHA-256 of a source, in hexadecimal."""
    return hashlib.sha256(source).hexdigest()
