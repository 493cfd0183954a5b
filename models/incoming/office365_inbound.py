import base64
import hashlib
import logging
from datetime import timedelta
from email.parser import BytesHeaderParser
from email.policy import compat32

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools.mail import decode_message_header

from ...tools.errors import storable
from ...tools.identity.acting import Fetching
from ...tools.incoming.item import Item
from ...tools.transactions import run_apart

_logger = logging.getLogger(__name__)

_KEPT_DAYS = 90
_REMOVED = 10000
# How often Odoo may be stopped while it works on a message before it is set aside.
_MAX_DEATHS = 3


class Office365Inbound(models.Model):
    """What became of each message that was received from an Office 365 server."""

    _name = "office365.inbound"
    _description = "Office 365 Received Message"
    _order = "id desc"
    _rec_name = "subject"

    server_id = fields.Many2one("fetchmail.server", readonly=True, ondelete="cascade", index=True)
    folder = fields.Char(readonly=True, default="INBOX")
    validity = fields.Char("UIDVALIDITY", readonly=True, help="Another one means that the server has numbered the folder anew.")
    uid = fields.Char("Number in Folder", readonly=True, help="UID of the message.")
    date = fields.Datetime("Received", readonly=True, default=fields.Datetime.now, index=True)
    message_id = fields.Char("Message-Id", readonly=True, index=True)
    email_from = fields.Char("From", readonly=True)
    subject = fields.Char(readonly=True)
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
             "Ignored: a duplicate, a bounce, a loop, or another message that becomes no record.\n"
             "Set Aside: Odoo was stopped three times while it processed the message, and does not try it again by itself.",
    )
    error = fields.Text("What Happened", readonly=True)
    attempts = fields.Integer(readonly=True)
    raw = fields.Binary("Source", readonly=True, attachment=True, help="The message as it was received. Kept until it is processed.")
    raw_name = fields.Char(compute="_compute_raw_name")
    digest = fields.Char("SHA-256", readonly=True, help="Of the source.")
    model = fields.Char("Record's Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="model", readonly=True)

    _message_unique = models.UniqueIndex("(server_id, folder, validity, uid)", "A message of a mailbox is in the list once.")

    @api.depends("uid")
    def _compute_raw_name(self):
        for inbound in self:
            inbound.raw_name = f"{inbound.uid or 'message'}.eml"

    # ------------------------------------------------------------
    # What the fetching of a server sees and tells
    # ------------------------------------------------------------

    @api.model
    def _finished(self, server_id: int, folder: str, validity: int, uids: list[int], *, only_done: bool = False) -> set[int]:
        """Return those of these messages that are not to be fetched again.

        :param only_done: those of them that became a record
        """
        def read(cr):
            cr.execute(
                """
                SELECT uid FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s) AND digest IS NOT NULL
                   AND (state = 'done' OR NOT %s)
                """, [server_id, folder, str(validity), [str(uid) for uid in uids], only_done])
            return {int(uid) for uid, in cr.fetchall()}

        return run_apart(self.env.registry.cursor, read) if uids else set()

    @api.model
    def _begin(self, item: Item) -> bool:
        """Note that a message is about to be processed; return whether it may be.

        Committed before the work, so that a message that ends the worker is known by that.
        """
        def begin(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, state, attempts, date, error, create_uid, create_date)
                VALUES (%s, %s, %s, %s, 'failed', 1, now() AT TIME ZONE 'UTC', %s, 1, now() AT TIME ZONE 'UTC')
                ON CONFLICT (server_id, folder, validity, uid)
                DO UPDATE SET attempts = office365_inbound.attempts + 1, state = 'failed', error = EXCLUDED.error
                RETURNING id, attempts
                """, [item.server_id, item.folder, str(item.validity), str(item.uid),
                      self.env._("Odoo was stopped while it processed the message.")])
            return cr.fetchone()

        item.row_id, attempts = run_apart(self.env.registry.cursor, begin)
        if attempts <= _MAX_DEATHS:
            return True
        run_apart(self.env.registry.cursor, lambda cr: self._apart(cr)._keep(
            item, "set_aside", self.env._("Odoo was stopped three times while it processed the message.")))
        _logger.warning("fetchmail.server %s: message %s is set aside", item.server_id, item.uid)
        return False

    @api.model
    def _no_source(self, item: Item, words: str) -> None:
        """Note a message whose source the server does not hand out: it is asked for again with the next fetch."""
        def note(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, state, attempts, date, error, create_uid, create_date)
                VALUES (%s, %s, %s, %s, 'failed', 0, now() AT TIME ZONE 'UTC', %s, 1, now() AT TIME ZONE 'UTC')
                ON CONFLICT (server_id, folder, validity, uid) DO UPDATE SET error = EXCLUDED.error
                """, [item.server_id, item.folder, str(item.validity), str(item.uid), words])

        run_apart(self.env.registry.cursor, note)

    def _apart(self, cr):
        return self.with_env(api.Environment(cr, SUPERUSER_ID, {}))

    def _keep(self, item: Item, state: str, error: str, **values) -> None:
        """Write down what became of a message; its source is kept unless it was processed."""
        head = BytesHeaderParser(policy=compat32).parsebytes(item.source)
        self.browse(item.row_id).write({
            "state": state, "error": storable(error) or False,
            "digest": hashlib.sha256(item.source).hexdigest(),
            "message_id": storable((head["Message-Id"] or "").strip()) or False,
            "email_from": storable(decode_message_header(head, "From")) or False,
            "subject": storable(decode_message_header(head, "Subject")) or False,
            "raw": False if state == "done" else base64.b64encode(item.source),
            **values,
        })

    # ------------------------------------------------------------
    # What people do
    # ------------------------------------------------------------

    def action_retry(self):
        """Process messages again that were kept, each in a savepoint of its own."""
        self.check_access("write")
        for inbound in self.sudo().filtered("raw"):
            inbound._process()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_ignore(self):
        """Leave messages as they are: nobody has to do anything about them."""
        self.check_access("write")
        self.sudo().filtered(lambda inbound: inbound.state != "done").state = "ignored"
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _process(self) -> None:
        server = self.server_id
        item = Item(server.id, self.folder, self.validity, self.uid, base64.b64decode(self.raw), row_id=self.id)
        self.attempts += 1
        threads = self.env["mail.thread"].with_context(
            default_fetchmail_server_id=server.id, **{Fetching.CONTEXT_KEY: Fetching(frozenset(server.ids), item=item)})
        threads.message_process(
            server.object_id.model, item.source, save_original=server.original, strip_attachments=not server.attach)

    def action_open_record(self):
        """Open what the message became."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": self.model, "res_id": self.res_id, "view_mode": "form"}

    @api.autovacuum
    def _gc_inbound(self):
        """Forget messages that were processed long ago; what is older than the oldest of them is not fetched again."""
        old = [("state", "=", "done"), ("date", "<", fields.Datetime.now() - timedelta(days=_KEPT_DAYS))]
        rows = self.search(old, limit=_REMOVED, order="id")
        for (server, validity), those in rows.grouped(lambda row: (row.server_id, row.validity)).items():
            server._office365_start_after(validity, max(int(row.uid) for row in those))
        rows.unlink()
        return len(rows), len(rows) == _REMOVED
