"""Every message that an Office 365 server hands out over IMAP becomes a record, or a row with its source."""

import base64
import contextlib
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mail.models.mail_thread import MailThread as CoreThread
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.incoming.imap import ImapFolder
from ..tools.incoming.item import Item
from .common import CUSTOMER, ERP, Office365Case
from .servers import Drop, replies

WORDS = "no such thing"

_LOGS = ("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.mail_thread_inbound",
         "odoo.addons.mail_office365.models.incoming.office365_inbound_fetch",
         "odoo.addons.mail_office365.models.incoming.office365_inbound_actions", "odoo.addons.mail_office365.models.incoming.desk")


@tagged("post_install", "-at_install")
class TestInbound(Office365Case):

    def setUp(self):
        super().setUp()
        self.server = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        self.server.button_confirm_login()
        self.fetch()  # the first connection: what arrives from now on is fetched, read or not

    @property
    def mailbox(self):
        return self.servers.mailbox(ERP)

    def fetch(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()

    def deliver(self, subject, *, flags="", **headers):
        message_id = f"<{subject.replace(' ', '-')}@fabrikam.example>"
        head = {"From": f"Carla <{CUSTOMER}>", "To": ERP, "Subject": subject, "Message-Id": message_id, **headers}
        text = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value)
        self.mailbox.deliver(f"{text}\r\nHello\r\n".encode(), flags=flags)

    def posted(self, subject):
        return self.env["mail.message"].search_count([("subject", "=", subject)])

    def rows(self, *subjects):
        return self.env["office365.inbound"].search([("server_id", "=", self.server.id), ("subject", "in", subjects)], order="id")

    def unread(self):
        return sorted(str(message["Subject"]) for message in self.mailbox.messages() if "S" not in message.flags)

    def test_a_message_is_posted_once_listed_and_marked_as_read(self):
        self.deliver("One")
        self.fetch()
        self.fetch()
        self.assertEqual(self.posted("One"), 1)
        row = self.rows("One")
        self.assertEqual((row.state, row.attempts, row.raw, row.email_from), ("done", 1, False, f"Carla <{CUSTOMER}>"))
        self.assertEqual(self.env[row.model].browse(row.res_id).exists()._name, "res.partner")
        self.assertEqual(len(row.digest), 64)
        self.assertEqual(self.unread(), [])

    def test_what_somebody_has_read_before_comes_all_the_same_but_no_history(self):
        self.deliver("Read by a person", flags="S")
        self.fetch()
        self.assertEqual(self.posted("Read by a person"), 1)
        other = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        other.button_confirm_login()
        self.server.active = False
        self.server, before = other, self.env["office365.inbound"].search_count([])
        self.fetch()
        self.assertEqual(self.env["office365.inbound"].search_count([]), before, "what was read before the first connection is history")

    @mute_logger(*_LOGS)
    def test_a_message_that_cannot_be_processed_keeps_its_source_and_stops_nobody(self):
        self.deliver("Before")
        self.deliver("Poison")
        self.deliver("After")
        with self.poisoned():
            self.fetch()
        self.assertEqual([self.posted(subject) for subject in ("Before", "Poison", "After")], [1, 0, 1])
        row = self.rows("Poison")
        self.assertEqual((row.state, row.error.splitlines()[0]), ("failed", f"ArithmeticError: {WORDS}"))
        self.assertIn(b"Subject: Poison", base64.b64decode(row.raw))
        self.assertEqual(self.unread(), [], "it is kept here")
        self.fetch()
        self.assertEqual(row.attempts, 1, "it is not fetched again")
        row.action_retry()
        self.assertEqual((row.state, row.attempts, row.raw, self.posted("Poison")), ("done", 2, False, 1))

    def test_a_message_that_another_addon_takes_for_itself_is_listed_and_read_three_times_at_most(self):
        self.deliver("Taken")
        with patch.object(self.registry["mail.thread"], "message_process", lambda *_args, **_values: False):
            for _fetch in range(5):
                self.fetch()
        row = self.env["office365.inbound"].search([("server_id", "=", self.server.id)], limit=1)
        self.assertEqual((row.state, row.subject, row.attempts, bool(row.raw)), ("set_aside", "Taken", 4, True))

    def poisoned(self):
        """Have core fail on one message."""
        Thread = self.registry["mail.thread"]
        parse = Thread.message_parse

        def message_parse(self, message, save_original=False):
            if message["Subject"] == "Poison":
                raise ArithmeticError(WORDS)
            return parse(self, message, save_original=save_original)

        return patch.object(Thread, "message_parse", message_parse)

    def test_the_log_says_where_it_failed_and_nothing_of_the_message(self):
        self.deliver("Poison")
        with self.poisoned(), self.assertLogs("odoo.addons.mail_office365.models.incoming.mail_thread_inbound") as logged:
            self.fetch()
        self.assertIn("message_parse", logged.output[0])
        self.assertNotIn(WORDS, logged.output[0])

    @mute_logger(*_LOGS)
    def test_a_retry_that_fails_keeps_the_source_and_undoes_nothing_else(self):
        self.deliver("Poison")
        with self.poisoned():
            self.fetch()
            row = self.rows("Poison")
            row.action_retry()
        self.assertEqual((row.state, row.attempts, bool(row.raw)), ("failed", 2, True))

    @mute_logger(*_LOGS)
    def test_a_message_of_too_many_parts_is_kept_without_being_parsed(self):
        part = b"--x\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n"
        head = f"From: {CUSTOMER}\r\nTo: {ERP}\r\nSubject: Parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        self.mailbox.deliver(head.encode() + part * 3000 + b"--x--\r\n")
        self.deliver("Behind it")
        self.fetch()
        self.assertEqual((self.rows("Parts").state, self.posted("Parts"), self.posted("Behind it")), ("failed", 0, 1))
        self.assertIn("1,000 parts", self.rows("Parts").error)

    @mute_logger(*_LOGS)
    def test_mail_that_nothing_takes_is_kept(self):
        self.server.object_id = False
        self.deliver("Nobody's", To="nobody@contoso.example")
        self.fetch()
        row = self.rows("Nobody's")
        self.assertEqual(row.state, "unroutable")
        self.assertIn(b"Nobody's", base64.b64decode(row.raw))
        self.server.object_id = self.env["ir.model"]._get_id("res.partner")
        row.action_retry()
        self.assertEqual((row.state, self.posted("Nobody's")), ("done", 1))

    def test_two_messages_with_one_id_are_two_and_two_copies_of_one_are_one(self):
        self.deliver("First", **{"Message-Id": "<same@fabrikam.example>"})
        self.deliver("Second", **{"Message-Id": "<same@fabrikam.example>"})
        self.deliver("First", **{"Received": "by another way", "Message-Id": "<same@fabrikam.example>"})
        self.deliver("Second", **{"Received": "by another way", "Message-Id": "<same@fabrikam.example>"})
        self.fetch()
        self.assertEqual([(row.subject, row.state, bool(row.raw)) for row in self.rows("First", "Second")], [
            ("First", "done", False), ("Second", "done", False), ("First", "ignored", True), ("Second", "ignored", True)])
        self.assertEqual((self.posted("First"), self.posted("Second")), (1, 1))
        self.assertIn("A copy", self.rows("First")[1].error)
        self.assertEqual(self.rows("First")[1].res_id, self.rows("First")[0].res_id)

    def test_who_writes_has_no_bounces_any_more_and_core_is_asked_only_then(self):
        partner, other = self.env["res.partner"].create([
            {"name": "Carla", "email": CUSTOMER, "message_bounce": 3},
            {"name": "Dora", "email": "dora@fabrikam.example", "message_bounce": 2}])
        reset, asked = CoreThread._routing_reset_bounce, []
        with patch.object(CoreThread, "_routing_reset_bounce", lambda *args: asked.append(1) or reset(*args)):
            self.deliver("Here I am")
            self.fetch()
            self.assertEqual((partner.message_bounce, other.message_bounce, len(asked)), (0, 2, 1))
            self.deliver("Here I am again")
            self.fetch()
        self.assertEqual((self.posted("Here I am again"), len(asked)), (1, 1))

    def test_a_model_that_keeps_its_bounces_elsewhere_is_asked_itself(self):
        field = self.env["res.partner"]._fields["message_bounce"]
        with patch.object(field, "store", False):
            self.assertEqual(self.env["mail.thread"]._office365_known_of(CUSTOMER), (False, True))

    def test_a_message_that_odoo_sent_itself_is_ignored_with_that_reason(self):
        sent = self.env["res.partner"].create({"name": "Deal"}).message_post(body="Hello", message_type="comment")
        self.deliver("Mine", **{"Message-Id": sent.message_id})
        self.fetch()
        self.assertEqual((self.rows("Mine").state, self.rows("Mine").error), ("ignored", "Odoo itself has sent this message."))

    @mute_logger(*_LOGS)
    def test_a_message_that_ends_the_worker_is_set_aside_the_third_time(self):
        self.deliver("Deadly")
        connection = self.server._connect__()
        folder = ImapFolder(connection, "INBOX")
        [uid] = folder.unread()
        connection.shutdown()
        for _death in range(3):
            self.assertTrue(self.env["office365.inbound"]._begin(Item(self.server.id, "INBOX", folder.validity, str(uid), b"")))
        self.fetch()
        row = self.env["office365.inbound"].search([("server_id", "=", self.server.id)], limit=1)
        self.assertEqual((row.state, row.subject, self.posted("Deadly")), ("set_aside", "Deadly", 0))
        self.fetch()
        self.assertEqual(row.attempts, 4, "it is never read again by itself")
        row.action_retry()
        self.assertEqual((row.state, self.posted("Deadly")), ("done", 1))

    @mute_logger(*_LOGS)
    def test_a_connection_that_ends_loses_and_doubles_nothing(self):
        for step in ("UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT"):
            subjects = [f"{step} {number}" for number in range(3)]
            for subject in subjects:
                self.deliver(subject)
            self.servers.imap.faults.add(step, Drop())
            with self.subTest(step=step):
                with contextlib.suppress(UserError):  # the run that met it; the next one finds what is left
                    self.fetch()
                self.fetch()
                self.assertEqual([self.posted(subject) for subject in subjects], [1, 1, 1])
                self.assertEqual(self.unread(), [])

    @mute_logger(*_LOGS)
    def test_a_refusal_of_a_flag_is_made_up_for(self):
        self.deliver("Unmarked")
        self.servers.imap.faults.add("UID STORE", replies.IMAP_UNAVAILABLE)
        self.fetch()
        self.assertEqual((self.posted("Unmarked"), self.unread()), (1, ["Unmarked"]))
        self.fetch()
        self.assertEqual((self.posted("Unmarked"), self.unread()), (1, []))

    @mute_logger(*_LOGS)
    def test_a_fetch_that_the_server_refuses_is_asked_for_again(self):
        self.deliver("Refused")
        self.servers.imap.faults.add("UID FETCH", replies.IMAP_UNAVAILABLE)
        self.fetch()
        self.fetch()
        self.assertEqual((self.posted("Refused"), self.unread()), (1, []))

    @mute_logger(*_LOGS)
    def test_what_became_a_record_is_moved_and_the_rest_stays(self):
        for folder in ("Junk", "Sent Items"):
            self.server.write({"office365_after_fetch": "move", "office365_move_folder": folder})
            self.deliver(f"To {folder}")
            self.deliver("Poison")
            with self.poisoned():
                self.fetch()
            self.assertEqual([str(message["Subject"]) for message in self.mailbox.messages(folder)], [f"To {folder}"])
        self.assertEqual({str(message["Subject"]) for message in self.mailbox.messages()}, {"Poison"})

    def test_what_became_a_record_is_deleted(self):
        self.server.office365_after_fetch = "delete"
        self.deliver("Gone")
        self.fetch()
        self.assertEqual((self.posted("Gone"), self.mailbox.messages()), (1, []))

    @mute_logger(*_LOGS)
    def test_a_folder_that_is_not_there_loses_nothing(self):
        self.server.write({"office365_after_fetch": "move", "office365_move_folder": "Nowhere"})
        self.deliver("Stays")
        self.fetch()
        self.fetch()
        self.assertEqual((self.posted("Stays"), len(self.mailbox.messages())), (1, 1))

    def test_a_folder_is_needed_to_move_to(self):
        with self.assertRaisesRegex(ValidationError, "enter the folder"):
            self.server.office365_after_fetch = "move"

    @mute_logger(*_LOGS)
    def test_a_server_that_fails_for_a_week_stays_confirmed(self):
        self.server.write({"error_date": fields.Datetime.now() - timedelta(days=7), "error_message": "down"})
        self.servers.imap.faults.add("SELECT", replies.IMAP_UNAVAILABLE)
        with self.assertRaises(UserError):
            self.fetch()
        self.assertEqual(self.server.state, "done")
        self.deliver("Up again")
        self.fetch()
        self.assertEqual((self.posted("Up again"), self.server.error_date), (1, False))

    @mute_logger(*_LOGS)
    def test_while_exchange_limits_the_mailbox_nobody_asks_it(self):
        self.servers.imap.faults.add("SELECT", replies.IMAP_THROTTLED.replace("{milliseconds}", "299961"))
        with self.assertRaisesRegex(UserError, "Suggested Backoff Time"):
            self.fetch()
        self.assertAlmostEqual((self.server.office365_retry_at - fields.Datetime.now()).total_seconds(), 300, delta=10)
        asked = len(self.servers.imap.connections)
        with self.assertRaisesRegex(UserError, "until Odoo fetches again"):
            self.fetch()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr))._fetch_mail()  # as the cron does
        self.assertEqual(len(self.servers.imap.connections), asked)
        self.env.invalidate_all()
        self.server.office365_retry_at = fields.Datetime.now() - timedelta(seconds=1)
        self.deliver("Afterwards")
        self.fetch()
        self.assertEqual((self.posted("Afterwards"), self.server.office365_retry_at), (1, False))

    def test_only_administrators_see_the_list(self):
        self.deliver("Private")
        self.fetch()
        user = new_test_user(self.env, "o365.reader", groups="base.group_user")
        with self.assertRaisesRegex(Exception, "not allowed to access"):
            self.rows("Private").with_user(user).read(["subject"])

    def test_servers_of_others_are_cores(self):
        self.server.office365_preset = False
        self.deliver("Theirs")
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).fetch_mail()
        self.assertEqual((self.posted("Theirs"), len(self.rows("Theirs"))), (1, 0))

    def test_old_rows_go_and_their_messages_are_not_fetched_again(self):
        self.deliver("Old")
        self.fetch()
        row = self.rows("Old")
        self.env.cr.execute("UPDATE office365_inbound SET date = date - interval '91 days' WHERE id = %s", [row.id])
        row.invalidate_recordset()
        self.env["office365.inbound"]._gc_inbound()
        self.assertFalse(row.exists())
        self.fetch()
        self.assertEqual((self.posted("Old"), len(self.rows("Old"))), (1, 0))

    def test_the_last_message_is_no_new_one(self):
        """``n:*`` names the last message, even if its UID is lower."""
        connection = self.server._connect__()
        try:
            folder = ImapFolder(connection, "INBOX")
            self.assertEqual(folder.arrived_from(folder.uid_next, or_unread=False), set())
            self.assertGreater(int(folder.validity), 0)
        finally:
            connection.shutdown()
