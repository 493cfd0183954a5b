"""Comparing mailboxes with the list of what was received: over the local mail servers, without changing anything in them."""

from datetime import timedelta
from time import time
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, INFO, Office365Case
from .servers import Drop, replies

_LOG = "odoo.addons.mail_office365.models.incoming.fetchmail_server_reconciliation"
_THROTTLED = replies.IMAP_THROTTLED.replace("{milliseconds}", "299961")


class ReconcileCase(Office365Case):
    preset = "imap"

    def setUp(self):
        super().setUp()
        self.server = self.incoming(self.preset, object_id=self.env["ir.model"]._get_id("res.partner"))
        self.server.button_confirm_login()
        self.fetch()

    def fetch(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr))._fetch_mail()
        self.env.invalidate_all()

    def deliver(self, *subjects, age=7200, flags="", mailbox=ERP):
        for subject in subjects:
            head = f"Received: by exchange; {_date(time() - age)}\r\nFrom: Carla <{CUSTOMER}>\r\nTo: {mailbox}\r\nSubject: {subject}\r\n"
            self.servers.mailbox(mailbox).deliver(
                f"{head}Message-Id: <{subject.replace(' ', '.')}@fabrikam.example>\r\n\r\nHello\r\n".encode(), flags=flags,
                time_received=time() - age)

    def row(self, subject):
        return self.env["office365.inbound"].search([("server_id", "=", self.server.id), ("subject", "=", subject)])

    def age(self, rows, **values):
        """Have rows be of yesterday."""
        self.env.flush_all()
        for name, value in {"write_date": fields.Datetime.now() - timedelta(days=1), "date": fields.Datetime.now(), **values}.items():
            self.env.cr.execute(f"UPDATE office365_inbound SET {name} = %s WHERE id = ANY(%s)", [value, rows.ids])
        self.env.cr.execute("UPDATE office365_inbound SET date = write_date WHERE id = ANY(%s)", [rows.ids])
        self.env.invalidate_all()

    def compare(self):
        """Press the button; return the summary and the lines."""
        self.env.flush_all()
        action = self.server.action_office365_reconcile()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        return wizard.summary, [(line.kind, line.subject) for line in wizard.line_ids]

    def alerts(self):
        """Let the job look; return the activities about differences."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["office365.alert"]._watch()
        self.env.invalidate_all()
        return self.env["office365.alert"].search([("kind", "=", "differences"), ("ended", "=", False)]).activity_ids

    def run_cron(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).browse()._cron_office365_reconcile()
        self.env.invalidate_all()


def _date(seconds):
    return fields.Datetime.to_datetime("1970-01-01").__add__(timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S +0000")


@tagged("post_install", "-at_install")
class TestReconcile(ReconcileCase):

    def test_everything_is_accounted_for_and_nothing_is_changed(self):
        self.deliver("One", "Two")
        self.fetch()
        self.deliver("Just arrived", age=60)
        before = [(message.path.name, message.flags) for message in self.servers.mailbox(ERP).messages()]
        summary, lines = self.compare()
        self.assertEqual(summary, "3 in the mailbox, 3 accounted for: 2 processed, 0 ignored, 0 need attention, 0 history, "
                         "1 wait for the next fetch.")
        self.assertEqual((lines, self.server.office365_difference_count, len(self.alerts())), ([], 0, 0))
        self.assertAlmostEqual(self.server.office365_reconciled, fields.Datetime.now(), delta=timedelta(minutes=1))
        after = [(message.path.name.partition(":")[0], message.flags) for message in self.servers.mailbox(ERP).messages()]
        self.assertEqual(after, [(name.partition(":")[0], flags) for name, flags in before])
        verbs = self.servers.imap.connections[-1].verbs
        self.assertIn("EXAMINE", verbs)
        self.assertFalse({"SELECT", "UID STORE", "STORE"} & set(verbs), verbs)
        self.assertEqual(verbs[-1], "LOGOUT")

    def test_history_is_accounted_for(self):
        self.server = self.incoming(user=INFO, password=self.servers.password(INFO), object_id=self.server.object_id.id)
        self.server.button_confirm_login()
        self.deliver("Read long ago", flags="S", mailbox=INFO)
        self.assertIn("1 wait for the next fetch", self.compare()[0], "the first fetch tells what is wanted")
        self.fetch()
        self.assertIn("1 in the mailbox, 1 accounted for: 0 processed, 0 ignored, 0 need attention, 1 history", self.compare()[0])

    def test_what_no_fetch_took_is_listed_and_comes_with_the_next_one(self):
        self.deliver("Overlooked", "Read by a person", flags="S")
        summary, lines = self.compare()
        self.assertIn("2 in the mailbox, 0 accounted for", summary)
        self.assertEqual(lines, [("missing", "Overlooked"), ("missing", "Read by a person")])
        line = self.env["office365.reconciliation.line"].search([], limit=1, order="id desc")
        self.assertEqual(line.email_from, f"Carla <{CUSTOMER}>")
        self.assertAlmostEqual(line.date, fields.Datetime.now() - timedelta(hours=2), delta=timedelta(minutes=1))
        self.assertIn("Fetch it", line.explanation)
        self.fetch()
        self.assertEqual((self.compare()[1], self.server.office365_difference_count), ([], 0))

    def test_what_the_mailbox_does_not_show_is_listed(self):
        table = [({}, "S", []), ({}, "", ["unmarked"]), ({"office365_after_fetch": "leave"}, "", []),
                 ({"office365_after_fetch": "delete"}, "S", ["unmarked"])]
        for number, (setting, flags, expected) in enumerate(table):
            with self.subTest(setting=setting, flags=flags):
                self.server.write({"office365_after_fetch": "leave"})
                self.deliver(f"Message {number}", flags=flags)
                self.fetch()
                row = self.row(f"Message {number}")
                self.server.write({"office365_after_fetch": "seen", **setting})
                row.is_settled = False
                self.assertEqual(self.compare()[1], [], "it is being fetched, perhaps")
                self.age(row)
                self.assertEqual(self.compare()[1], [(kind, row.subject) for kind in expected])
                self.fetch()
                self.assertEqual(self.compare()[1], [])

    def test_what_can_never_be_retried_and_what_never_ends(self):
        self.deliver("Gone", "Endless")
        self.fetch()
        gone, endless = self.row("Gone"), self.row("Endless")
        gone.write({"state": "failed", "digest": False})
        endless.write({"state": "failed", "digest": False, "is_working": True})
        for message in self.servers.mailbox(ERP).messages():
            if message["Subject"] == "Gone":
                message.path.unlink()
        self.age(gone | endless)
        self.assertEqual(self.compare()[1], [("lost", "Gone"), ("stuck", "Endless")])
        gone.action_ignore()
        self.assertEqual(self.compare()[1], [("stuck", "Endless")])

    def test_a_folder_that_cannot_be_opened_stops_no_other(self):
        self.env["office365.folder"].create({"server_id": self.server.id, "name": "Gone", "is_fetched": True})
        self.deliver("Overlooked")
        self.assertEqual([kind for kind, _subject in self.compare()[1]], ["folder", "missing"])
        self.assertEqual(self.server.office365_difference_count, 2)

    def test_a_folder_that_is_numbered_anew_waits_for_the_next_fetch(self):
        self.deliver("One", "Two", age=0)
        self.fetch()
        self.servers.mailbox(ERP).renumber()
        summary, lines = self.compare()
        self.assertEqual((lines, self.server.office365_difference_count), ([], 0), summary)
        self.fetch()
        self.assertIn("2 processed", self.compare()[0])

    def test_fifty_are_named_and_all_are_counted(self):
        self.deliver(*(f"Number {each}" for each in range(60)))
        self.assertEqual(len(self.compare()[1]), 50)
        self.assertEqual(self.server.office365_difference_count, 60)

    # ------------------------------------------------------------
    # Who is told, and who may ask
    # ------------------------------------------------------------

    def test_administrators_are_told_once_and_no_more_when_it_is_right(self):
        self.deliver("Overlooked")
        self.run_cron()
        told = self.alerts()
        self.assertEqual(told.user_id, self.env["office365.reminder.mixin"]._administrators())
        self.assertIn("not accounted for: 1", told[0].summary)
        self.age_server()
        self.run_cron()
        self.assertEqual(self.alerts(), told)
        self.fetch()
        self.age_server()
        self.run_cron()
        self.assertFalse(self.alerts())

    def age_server(self):
        self.server.office365_reconciled = fields.Datetime.now() - timedelta(days=1)

    @mute_logger(_LOG)
    def test_a_mailbox_that_fails_stops_no_other_and_is_not_asked_twice_a_day(self):
        other = self.incoming(user=INFO, password=self.servers.password(INFO))
        other.button_confirm_login()
        self.servers.imap.faults.add("EXAMINE", Drop(), login=ERP)
        self.run_cron()
        self.assertEqual((bool(self.server.office365_reconciled), bool(other.office365_reconciled)), (False, True))
        asked = len(self.servers.imap.connections)
        self.run_cron()
        self.assertTrue(self.server.office365_reconciled)
        self.assertEqual(len(self.servers.imap.connections), asked + 1)

    @mute_logger(_LOG)
    def test_a_throttled_mailbox_is_not_asked(self):
        self.servers.imap.faults.add("EXAMINE", _THROTTLED)
        self.run_cron()
        self.assertAlmostEqual(self.server.office365_retry_at, fields.Datetime.now() + timedelta(seconds=300), delta=timedelta(seconds=15))
        asked = len(self.servers.imap.connections)
        self.run_cron()
        with self.assertRaisesRegex(UserError, "until Odoo fetches again"):
            self.server.action_office365_reconcile()
        self.assertEqual(len(self.servers.imap.connections), asked)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", self.env.ref("mail_office365.ir_cron_reconcile").id)])
        self.assertIn(self.server.office365_retry_at, triggers.mapped("call_at"))

    @mute_logger(_LOG)
    def test_the_button_notes_until_when_nobody_is_to_ask(self):
        self.servers.imap.faults.add("EXAMINE", _THROTTLED)
        with self.assertRaisesRegex(UserError, "Suggested Backoff Time"), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).action_office365_reconcile()
        self.env.invalidate_all()
        self.assertTrue(self.server.office365_retry_at)

    def test_while_mail_is_fetched_nobody_compares(self):
        with patch.object(self.registry["fetchmail.server"], "try_lock_for_update", lambda self, **_kwargs: self.browse()):
            with self.assertRaisesRegex(UserError, "fetching from this mailbox already"):
                self.server.action_office365_reconcile()
            self.run_cron()
        self.assertFalse(self.server.office365_reconciled)
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.env.ref("mail_office365.ir_cron_reconcile").id)]))

    def test_who_may_not_change_a_server_neither_fetches_nor_compares(self):
        user = new_test_user(self.env, "o365.reader", groups="base.group_user")
        for method in ("action_office365_reconcile", "action_office365_fetch", "office365_fetch_some"):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self.server.with_user(user), method)()

    def test_a_copy_of_the_database_asks_no_mailbox(self):
        self.env.flush_all()
        for query in get_neutralization_queries(["mail_office365"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        asked = len(self.servers.imap.connections)
        for is_active in (False, True):
            self.server.active = is_active  # what somebody switches on again is not confirmed
            self.run_cron()
            for method in ("action_office365_reconcile", "office365_fetch_some"):
                with self.subTest(method, is_active=is_active), self.assertRaisesRegex(UserError, "confirm the server first"):
                    getattr(self.server, method)()
        self.assertEqual(len(self.servers.imap.connections), asked)


@tagged("post_install", "-at_install")
class TestReconcilePop(ReconcileCase):
    preset = "pop"

    def test_the_mailbox_is_compared_by_unique_ids(self):
        self.server.office365_after_fetch = "delete"
        self.deliver("Overlooked")
        self.deliver("Just arrived", age=60)
        summary, lines = self.compare()
        self.assertIn("2 in the mailbox, 1 accounted for", summary)
        self.assertIn("1 wait for the next fetch", summary)
        self.assertEqual(lines, [("missing", "Overlooked")])
        verbs = self.servers.pop.connections[-1].verbs
        self.assertFalse({"RETR", "DELE"} & set(verbs), verbs)
        self.assertEqual(verbs[-1], "QUIT")
        self.fetch()
        self.assertEqual((self.compare()[1], self.servers.mailbox(ERP).messages()), ([], []))

    def test_what_was_not_deleted_is_listed(self):
        self.server.office365_after_fetch = "leave"
        self.deliver("Stays")
        self.fetch()
        self.age(self.row("Stays"))
        self.assertEqual(self.compare()[1], [])
        self.server.office365_after_fetch = "delete"
        self.assertEqual(self.compare()[1], [("unmarked", "Stays")])
        self.fetch()
        self.assertEqual(self.servers.mailbox(ERP).messages(), [])
