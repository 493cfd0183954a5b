import base64
import hashlib
import logging
from collections.abc import Collection
from datetime import timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

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

_logger = logging.getLogger(__name__)

_REMOVED = 10000
# Octets in which the first line ends.
_LINE = 1000
# How often Odoo may be stopped while it works on a message before it is set aside.
_MAX_DEATHS = 3
# Minutes until a message is tried again: 1, 2, 4 … up to a day where the server is to hand it out, an hour where we can process it.
_LONGEST_WAIT = {"source": 24 * 60, "technical": 60}


class Known(NamedTuple):
    """What the list says of a message.

    :ivar is_finished: it is not to be fetched again
    :ivar is_settled: the mailbox shows that
    :ivar is_due: it may be tried now
    """

    state: str
    is_finished: bool
    is_settled: bool
    is_due: bool


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
    # What a fetch asks
    # ------------------------------------------------------------

    @api.model
    def _known(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> dict[int | str, Known]:
        """Return what the committed list says of messages that are in it."""
        def read(cr):
            cr.execute(
                """
                SELECT uid, state, NOT is_working AND (digest IS NOT NULL OR state = 'set_aside'), is_settled,
                       (is_working OR digest IS NULL AND state IN ('failed', 'ignored'))
                       AND COALESCE(retry_at <= clock_timestamp() AT TIME ZONE 'UTC', TRUE)
                  FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s)
                """, [server_id, folder, validity, list(by_name)])
            return {by_name[uid]: Known(*row) for uid, *row in cr.fetchall()}

        by_name = {str(uid): uid for uid in uids}
        return run_apart(self.env.registry.cursor, read) if by_name else {}

    @api.model
    def _begin(self, item: Item) -> bool:
        """Note that a message is about to be processed; return whether it may be.

        Committed before the work, so that a message that ends the worker is known by that.
        """
        def begin(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, received, state, error, attempts, deaths, is_working,
                                               is_settled, date, create_uid, create_date, write_date)
                SELECT %(server)s, %(folder)s, %(validity)s, %(uid)s, %(received)s, 'failed', %(error)s, 1, 0, TRUE,
                       FALSE, now, %(root)s, now, now
                  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) clock
                ON CONFLICT (server_id, folder, validity, uid)
                DO UPDATE SET attempts = office365_inbound.attempts + 1, state = 'failed', error = EXCLUDED.error, is_working = TRUE,
                              write_date = EXCLUDED.write_date,
                              retry_at = NULL, deaths = office365_inbound.deaths + office365_inbound.is_working::int
                        WHERE (office365_inbound.is_working OR office365_inbound.digest IS NULL)
                          AND COALESCE(office365_inbound.retry_at <= EXCLUDED.write_date, TRUE)
                RETURNING id, attempts, deaths
                """, self._key(item) | {"error": self.env._("Odoo was stopped while it processed the message.")})
            return cr.fetchone()

        if not (begun := run_apart(self.env.registry.cursor, begin)):
            return False  # somebody else was faster
        item.row_id, item.attempts, deaths = begun
        if deaths < _MAX_DEATHS:
            return True
        self._keep_apart(item, "set_aside", self.env._(
            "Odoo was stopped three times while it processed the message. Find the cause in the server log, then retry it."))
        _logger.warning("fetchmail.server %s: message %s is set aside", item.server_id, item.uid)
        return False

    @api.model
    def _without_source(self, item: Item, words: str) -> None:
        """Note a message whose source the server does not hand out: it is asked for again, each time later."""
        def note(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, received, state, error, attempts, deaths, is_working,
                                               is_settled, retry_at, date, create_uid, create_date, write_date)
                SELECT %(server)s, %(folder)s, %(validity)s, %(uid)s, %(received)s, 'failed', %(error)s, 1, 0, FALSE,
                       FALSE, now, now, %(root)s, now, now
                  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) clock
                ON CONFLICT (server_id, folder, validity, uid)
                DO UPDATE SET error = EXCLUDED.error, is_working = FALSE, write_date = EXCLUDED.write_date,
                              attempts = office365_inbound.attempts + 1,
                              retry_at = EXCLUDED.date + interval '1 minute' * least(2 ^ (office365_inbound.attempts - 1), %(longest)s)
                RETURNING id
                """, self._key(item) | {"error": words, "longest": _LONGEST_WAIT["source"]})
            return cr.fetchone()[0]

        item.row_id = run_apart(self.env.registry.cursor, note)
        if item.source:  # a substitute, which says what the message was
            head = {name: value for name, value in self._head(item).items() if name in ("email_from", "subject")}
            run_apart(self.env.registry.cursor, lambda cr: self._apart(cr).browse(item.row_id).write({
                **head, "raw": base64.b64encode(item.source)}))

    @api.model
    def _pending(self, server_id: int, folder: str, validity: str) -> set[int | str]:
        """Return the messages whose source the server has not handed out yet, and is to be asked for now."""
        def read(cr):
            cr.execute(
                """
                SELECT uid FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s AND state = 'failed' AND digest IS NULL AND NOT is_working
                   AND COALESCE(retry_at <= clock_timestamp() AT TIME ZONE 'UTC', TRUE)
                """, [server_id, folder, validity])
            return {int(uid) if validity else uid for uid, in cr.fetchall()}

        return run_apart(self.env.registry.cursor, read)

    @api.model
    def _gone(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> None:
        """Note that messages whose source was never handed out are not in the mailbox any more."""
        if uids:
            words = self.env._("The server did not hand out this message, and it is not in the mailbox any more.")
            run_apart(self.env.registry.cursor, lambda cr: cr.execute(
                """
                UPDATE office365_inbound SET state = 'ignored', error = %s, retry_at = NULL, is_settled = TRUE
                 WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s) AND digest IS NULL
                """, [words, server_id, folder, validity, [str(uid) for uid in uids]]))

    @api.model
    def _too_large(self, item: Item) -> None:
        """Note a message that is too large to be read: it stays in the mailbox as it is."""
        item.source, size = item.source[:256 * 1024], len(item.source)
        if self._begin(item):
            self._keep_apart(item, "set_aside", self.env._(
                "The message is larger than %(size)s MB. Odoo does not read it, and leaves it in the mailbox as it is. Open it in Outlook.",
                size=size // 2 ** 20), digest=False, raw=False, is_settled=True)

    @api.model
    def _renumber(self, item: Item) -> bool:
        """Tell whether a message is in the list under an older number of its folder; then it gets the present one."""
        def renumber(cr):
            cr.execute(
                """
                SELECT id FROM office365_inbound
                 WHERE digest = %(digest)s AND server_id = %(server)s AND folder = %(folder)s AND validity <> %(validity)s
                   AND (received IS NULL OR %(received)s IS NULL OR received = %(received)s)
                 ORDER BY id LIMIT 1
                """, self._key(item) | {"digest": _digest(item.source)})
            if not (known := cr.fetchone()):
                return False
            # It may be there under its new number as well, from when the server did not hand it out.
            cr.execute(
                """
                DELETE FROM office365_inbound
                 WHERE server_id = %(server)s AND folder = %(folder)s AND validity = %(validity)s AND uid = %(uid)s
                """, self._key(item))
            cr.execute(
                "UPDATE office365_inbound SET validity = %s, uid = %s, is_settled = FALSE WHERE id = %s",
                [item.validity, item.uid, known[0]])
            return True

        return run_apart(self.env.registry.cursor, renumber)

    @api.model
    def _settled(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> None:
        """Note that the mailbox shows what became of messages."""
        if uids:
            run_apart(self.env.registry.cursor, lambda cr: cr.execute(
                "UPDATE office365_inbound SET is_settled = TRUE WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s)",
                [server_id, folder, validity, [str(uid) for uid in uids]]))

    @api.model
    def _of_another_mailbox(self, servers) -> None:
        """Tell what is in the list from the messages of the mailbox that these servers fetch from now on."""
        self.env.cr.execute(
            "UPDATE office365_inbound SET validity = 'before ' || id || ' ' || validity WHERE server_id = ANY(%s)", [servers.ids])
        self.invalidate_model(["validity"])

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
        return fields.Datetime.now() + timedelta(minutes=min(2 ** item.attempts // 4, _LONGEST_WAIT["technical"]))

    def _head(self, item: Item) -> dict:
        head = item.message or _header_of(item.source)
        sender = from_address(head)
        found = message_ids(header(head, "Message-Id"))
        return {
            "digest": _digest(item.source),
            "fingerprint": item.fingerprint or fingerprint(item.source),
            "received": item.received,
            "message_id": storable(found[0] if found else header(head, "Message-Id")) or False,
            "email_from": storable(decoded_words(header(head, "From"))) or False,
            "sender": bool(sender) and storable(email_normalize(sender[1]) or ""),
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


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()
