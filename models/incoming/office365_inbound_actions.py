import base64
import logging
from datetime import timedelta

import psycopg2
from odoo import SUPERUSER_ID, fields, models

from ...tools.addresses import canonical_address
from ...tools.errors import storable
from ...tools.identity.acting import Fetching
from ...tools.incoming.item import Item
from ...tools.transactions import run_apart
from .fetchmail_server_inbound import ATTENTION

_logger = logging.getLogger(__name__)

# Messages that are processed while somebody waits, or in one run of the cron.
_AT_ONCE = 20
# Tries after technical failures: some eight hours.
_MAX_TRIES = 12


class Office365Inbound(models.Model):
    """What people do with messages that were kept, and what is tried again by itself."""

    _inherit = "office365.inbound"

    def action_retry(self):
        """Process messages again that were kept, as an administrator wants."""
        self.retry_some()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_retry_selected(self):
        """Retry the messages that were selected in the list; if they are many, a dialog shows how far it is."""
        self.check_access("write")
        kept = self.filtered(lambda inbound: inbound.state != "done")
        if len(kept) <= _AT_ONCE:
            return kept.action_retry()
        return {"type": "ir.actions.client", "tag": "mail_office365.batch", "params": {
            "model": self._name, "method": "retry_some", "ids": kept.ids, "title": self.env._("Retry")}}

    def retry_some(self) -> dict[str, int]:
        """Process these messages again; return how many are ``done`` with, and how many still need attention (``failed``)."""
        rows = self.exists()
        rows.check_access("write")
        rows = rows.sudo()
        rows.filtered(lambda inbound: inbound.state == "failed" and not inbound.digest).retry_at = fields.Datetime.now()
        for inbound in rows._with_source().try_lock_for_update():  # others are being processed
            inbound._process()
        failed = len(rows.filtered(lambda inbound: inbound.state in ATTENTION))
        return {"done": len(self) - failed, "failed": failed}

    def action_ignore(self):
        """Leave messages as they are: nobody has to do anything about them."""
        self.check_access("write")
        self.sudo().filtered(lambda inbound: inbound.state != "done").write({"state": "ignored", "retry_at": False})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_record(self):
        """Open what the message became, or what it is about."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": self.model, "res_id": self.res_id, "view_mode": "form"}

    def _with_source(self):
        """Return those whose source is kept and which have not become a record, without reading the sources.

        What Exchange put in place of a message is not its source.
        """
        there = self.env["ir.attachment"].sudo().search([
            ("res_model", "=", self._name), ("res_field", "=", "raw"), ("res_id", "in", self.ids)]).mapped("res_id")
        return self.filtered(lambda inbound: inbound.id in set(there) and inbound.digest and inbound.state != "done")

    def _item(self, *, is_retry: bool) -> Item:
        # One at a time, whatever else is to be processed: a source may be large.
        source = self.with_context(bin_size=False).with_prefetch().raw
        return Item(
            self.server_id.id, self.folder, self.validity, self.uid, base64.b64decode(source), received=self.received, row_id=self.id,
            mailbox=canonical_address(self.server_id.user or ""), attempts=self.attempts + 1, is_retry=is_retry)

    def _process(self, *, is_retry: bool = True, model: str | None = None, thread_id: int | None = None) -> Item:
        """Process a message that was kept; return what became of it.

        :param is_retry: somebody wants that; otherwise it is tried by itself
        :param model: whose record takes it, whatever aliases, replies and filters say; by default the server's model takes what they do not
        :param thread_id: that record; a new one by default
        """
        server, item = self.server_id, self._item(is_retry=is_retry)
        item.destination = (model, thread_id or 0) if model else None
        self.attempts += 1
        # As the gateway does, whoever wants it: nothing of their context or defaults gets into records.
        threads = self.env(user=SUPERUSER_ID, context={})["mail.thread"].with_context(
            default_fetchmail_server_id=server.id, **{Fetching.CONTEXT_KEY: Fetching(frozenset(server.ids), item=item)})
        threads.message_process(
            model or server.object_id.model, item.source, save_original=server.original, strip_attachments=not server.attach,
            thread_id=thread_id)
        self.invalidate_recordset(["raw"])
        return item

    # ------------------------------------------------------------
    # What is tried again by itself
    # ------------------------------------------------------------

    def _work_off(self) -> None:
        """Process kept messages whose time has come, each in a transaction of its own, whether or not their server is still fetched."""
        now = fields.Datetime.now()
        due = self.search(
            [("state", "=", "failed"), ("digest", "!=", False), ("retry_at", "<=", now)], order="retry_at, id", limit=_AT_ONCE)
        for row_id in due.ids:
            self.browse(row_id)._work_apart()

    def _work_apart(self) -> None:
        """Process a kept message in a transaction of its own, begun as one that is fetched: a worker that dies of it is noticed."""
        try:
            if not run_apart(self.env.registry.cursor, self._begin_again):
                return
        except psycopg2.errors.LockNotAvailable:
            return  # somebody is at it
        try:
            with self.env.registry.cursor() as cr:
                self._apart(cr)._process(is_retry=False)
        except Exception as error:  # noqa: BLE001  (whatever it is, the others go on)
            _logger.warning("office365.inbound %s: %s", self.id, type(error).__name__)
            words = storable(f"{type(error).__name__}: {error}")
            run_apart(self.env.registry.cursor, lambda cr: self._apart(cr)._postponed_again(words))

    def _begin_again(self, cr) -> bool:
        cr.execute(
            """
            UPDATE office365_inbound SET is_working = TRUE, deaths = deaths + is_working::int,
                   retry_at = clock_timestamp() AT TIME ZONE 'UTC' + interval '10 minutes'
             WHERE id = %s AND state = 'failed' AND retry_at <= clock_timestamp() AT TIME ZONE 'UTC' RETURNING deaths
            """, [self.id])
        found = cr.fetchone()
        if found and found[0] >= 3:
            self._apart(cr).write({"state": "set_aside", "is_working": False, "retry_at": False, "error": self.env._(
                "Odoo was stopped three times while it processed the message. Find the cause in the server log, then retry it.")})
            return False
        return bool(found)

    def _postponed_again(self, words: str) -> None:
        minutes = min(2 ** self.attempts, 60)
        self.write({
            "is_working": False, "error": words, "attempts": self.attempts + 1,
            "retry_at": self.attempts < _MAX_TRIES and fields.Datetime.now() + timedelta(minutes=minutes)})
