"""Retry: one message, some that were selected, many with a dialog that shows how far it is."""

import base64
from unittest.mock import patch

from odoo import fields as odoo_fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP
from .test_incoming_attacks import AttackCase

_LOGS = ("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.mail_thread_inbound")


@tagged("post_install", "-at_install")
class TestRetry(AttackCase):

    def kept(self, number, server=None, **values):
        """Make rows of messages that were kept."""
        server = server or self.confirmed()
        return self.env["office365.inbound"].create([{
            "server_id": server.id, "folder": "INBOX", "validity": "1", "uid": str(each), "subject": f"Kept {each}", "state": "unroutable",
            "digest": f"of {each}", "attempts": 1, "raw": base64.b64encode(self.source(f"Kept {each}").encode()), **values,
        } for each in range(number)])

    def source(self, subject):
        return f"From: {CUSTOMER}\r\nTo: {ERP}\r\nSubject: {subject}\r\nMessage-Id: <{hash(subject)}@fabrikam.example>\r\n\r\nHello\r\n"

    def test_a_few_are_retried_at_once(self):
        rows = self.kept(20)
        self.assertEqual(rows.action_retry_selected()["tag"], "soft_reload")
        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_for_many_a_dialog_asks_for_some_at_a_time(self):
        rows = self.kept(21)
        rows[0].state = "done"
        rows += self.kept(1, uid="more")
        action = rows.action_retry_selected()
        self.assertEqual((action["tag"], action["params"]["ids"]), ("mail_office365.batch", rows[1:].ids))
        self.assertEqual(rows[1].state, "unroutable", "the dialog begins")
        some = rows[1:11]
        with patch.object(self.registry["mail.thread"], "message_parse", side_effect=ArithmeticError("no such thing")), mute_logger(*_LOGS):
            self.assertEqual(getattr(some[:2], action["params"]["method"])(), {"done": 0, "failed": 2})
        self.assertEqual(some.retry_some(), {"done": 10, "failed": 0})

    def test_what_is_gone_meanwhile_counts_so_that_the_dialog_ends(self):
        rows = self.kept(3)
        rows[1].unlink()
        self.assertEqual(rows.retry_some(), {"done": 3, "failed": 0})

    def test_many_that_were_too_much_of_one_sender_are_taken_when_somebody_wants_them(self):
        server = self.confirmed()
        self.env.cr.execute(
            """
            INSERT INTO office365_inbound (server_id, folder, validity, uid, state, sender, received, model, res_id)
            SELECT %s, 'INBOX', 'before', number::text, 'done', %s, now() AT TIME ZONE 'UTC', 'res.partner', number
              FROM generate_series(1, 20) number
            """, [server.id, CUSTOMER])
        rows = self.kept(21, server, state="ignored")
        rows.action_retry()
        self.by_cron(server)
        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_sources_are_in_memory_one_at_a_time(self):
        rows, read = self.kept(3), []
        rows.invalidate_recordset()
        original = odoo_fields.Binary.read
        with patch.object(odoo_fields.Binary, "read", lambda field, records: read.append(len(records)) or original(field, records)):
            rows.action_retry()
        self.assertEqual(max(read), 1)
        self.assertFalse([row for row in rows if row._fields["raw"]._get_cache(self.env).get(row.id)], "none is kept there")

    def test_a_client_that_asks_for_sizes_alone_breaks_no_source(self):
        row = self.kept(1)
        row.invalidate_recordset()
        row.with_context(bin_size=True).action_retry()
        self.assertEqual((row.state, self.count("Kept 0")), ("done", 1))
