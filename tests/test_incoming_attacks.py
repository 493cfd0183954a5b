"""What was once lost, doubled or blocked: by messages made for it, by settings, and by things that happen at the same time."""

import contextlib
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from unittest.mock import patch

import psycopg2
from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.incoming.desk import Desk
from ..tools.incoming.imap import ImapFolder
from ..tools.incoming.item import Source
from .common import CUSTOMER, ERP
from .servers import Substitute
from .test_incoming_folders import FetchCase

_LOGS = ("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.desk",
         "odoo.addons.mail_office365.models.incoming.mail_thread_inbound",
         "odoo.addons.mail_office365.models.incoming.office365_inbound_actions")


class AttackCase(FetchCase):

    def rows(self, server):
        return self.env["office365.inbound"].search([("server_id", "=", server.id)], order="id")

    def count(self, subject):
        return self.env["mail.message"].search_count([("subject", "=", subject)])


@tagged("post_install", "-at_install")
class TestAttacksOnTheMailbox(AttackCase):

    @mute_logger(*_LOGS)
    def test_a_header_that_cannot_be_parsed_blocks_nobody(self):
        server = self.confirmed()
        part = b"--x\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n"
        head = (f"From: =?utf-8?Q?a=0Ab?= <{CUSTOMER}>\r\nTo: {ERP}\r\nSubject: Parts\r\n"
                "Content-Type: multipart/mixed; boundary=x\r\n\r\n")
        self.mailbox.deliver(head.encode() + part * 3000 + b"--x--\r\n")
        self.deliver("Behind it")
        self.by_cron(server)
        self.assertEqual((self.count("Behind it"), server.error_message), (1, False))
        self.assertEqual(self.rows(server)[0].state, "failed")

    @mute_logger(*_LOGS)
    def test_a_farewell_that_is_refused_ends_no_other_fetch(self):
        for preset, step, words in (("pop", "QUIT", "-ERR some deleted messages not removed"), ("imap", "LOGOUT", "BAD Command Error. 11")):
            with self.subTest(preset=preset):
                first, second = self.confirmed(preset), self.confirmed()
                first.date, second.date = False, fields.Datetime.now() - timedelta(hours=1)
                before = second.date
                getattr(self.servers, preset).faults.add(step, words)
                self.by_cron(first | second)
                self.assertGreater(second.date, before)

    @mute_logger(*_LOGS)
    def test_a_message_not_handed_out_after_its_folder_was_numbered_anew(self):
        server = self.confirmed()
        self.fetch(server)
        self.deliver("Known")
        self.fetch(server)
        self.mailbox.renumber()
        with patch.object(ImapFolder, "sources", lambda self, uids, most: iter([Source(uid, None, None) for uid in uids])):
            self.by_cron(server)
        self.deliver("New")
        self.env.cr.execute("UPDATE office365_inbound SET retry_at = now() - interval '1 day' WHERE retry_at IS NOT NULL")
        self.by_cron(server)
        self.assertEqual((self.count("New"), self.count("Known"), server.error_message), (1, 1, False))

    def test_what_is_left_unread_is_not_fetched_again_after_90_days(self):
        server = self.confirmed(office365_after_fetch="leave")
        self.deliver("Old", message_id=False)
        self.fetch(server)
        self.env.cr.execute("UPDATE office365_inbound SET date = date - interval '91 days'")
        self.env.invalidate_all()
        self.env["office365.inbound"]._gc_inbound()
        self.fetch(server)
        self.assertEqual(self.count("Old"), 1)

    def test_rows_of_pop_go_whatever_its_ids_look_like(self):
        server = self.confirmed("pop")
        self.deliver("Old")
        self.fetch(server)
        self.env.cr.execute("UPDATE office365_inbound SET date = date - interval '91 days', uid = 'AAAAxyz'")
        self.env.invalidate_all()
        self.env["office365.inbound"]._gc_inbound()
        self.assertFalse(self.rows(server))

    @mute_logger(*_LOGS)
    def test_a_long_line_over_pop_makes_no_other_message(self):
        """`poplib` stops in the middle of one, and would take the rest for the answer to the next command."""
        server = self.confirmed("pop")
        forged = "+OK\r\nFrom: chief@contoso.example\r\nSubject: Forged\r\n\r\nPay\r\n"
        self.mailbox.deliver((f"From: {CUSTOMER}\r\nTo: {ERP}\r\nSubject: Long\r\n\r\n" + "x" * 65537 + forged).encode())
        self.deliver("Victim")
        self.fetch(server)
        self.assertEqual([self.count(subject) for subject in ("Long", "Victim", "Forged")], [1, 1, 0])
        self.assertEqual(self.mailbox.messages(), [])

    @mute_logger(*_LOGS)
    def test_parts_without_a_header_count_as_parts(self):
        """20,000 of them take core minutes."""
        server = self.confirmed()
        head = f"From: {CUSTOMER}\r\nTo: {ERP}\r\nSubject: Bare\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        self.mailbox.deliver(head.encode() + b"--x\r\n\r\nHi\r\n" * 20_000 + b"--x--\r\n")
        self.deliver("Behind it")
        self.by_cron(server)
        self.assertEqual([row.state for row in self.rows(server)], ["failed", "done"])
        self.assertIn("1,000 parts", self.rows(server)[0].error)

    def flood(self, number, hours=0.0):
        """Deliver messages of one sender to an alias, so many hours apart."""
        self.env["mail.alias"].create({
            "alias_name": "flood", "alias_domain_id": self.alias_domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        now = fields.Datetime.now()
        for each in range(number):
            at = format_datetime(now - timedelta(hours=hours * each), usegmt=False)
            received = f"Received: from a.example by b.example; {at}\r\n" if hours else ""
            self.mailbox.deliver(f"{received}From: {CUSTOMER}\r\nTo: flood@contoso.example\r\nSubject: N{each}\r\n\r\nHello\r\n".encode())

    @mute_logger(*_LOGS)
    def test_a_loop_ends_over_pop_too_which_tells_no_time(self):
        server = self.confirmed("pop")
        self.flood(22)
        self.fetch(server)
        self.assertEqual(Counter(self.rows(server).mapped("state")), {"done": 20, "ignored": 2})

    def test_a_backlog_over_pop_is_no_loop(self):
        server = self.confirmed("pop")
        self.flood(22, hours=3)
        self.fetch(server)
        self.assertEqual(Counter(self.rows(server).mapped("state")), {"done": 22})
        self.assertAlmostEqual(self.rows(server)[0].received, fields.Datetime.now(), delta=timedelta(minutes=5))


@tagged("post_install", "-at_install")
class TestAttacksBySettings(AttackCase):

    @mute_logger(*_LOGS)
    def test_a_throttled_mailbox_is_not_asked_for_its_folders(self):
        server = self.confirmed()
        server.office365_retry_at = fields.Datetime.now() + timedelta(minutes=5)
        asked = len(self.servers.imap.connections)
        with self.assertRaisesRegex(UserError, "limits how often"):
            server.action_office365_read_folders()
        self.assertEqual(len(self.servers.imap.connections), asked)

    @mute_logger(*_LOGS)
    def test_a_server_with_kept_mail_cannot_be_deleted(self):
        server = self.confirmed(office365_notify_unroutable=False)
        server.object_id = False
        self.deliver("Nobody's")
        self.fetch(server)
        with self.assertRaisesRegex(UserError, "Archive the server instead"):
            server.unlink()
        self.assertTrue(self.rows(server).raw)

    def test_the_same_mailbox_spelled_otherwise_is_the_same(self):
        server = self.confirmed(office365_after_fetch="leave")
        self.deliver("Once", message_id=False)
        self.fetch(server)
        self.deliver("Read meanwhile", flags="S")
        server.write({"user": ERP.upper(), "password": self.servers.password(ERP)})
        self.by_cron(server)
        self.by_cron(server)
        self.assertEqual((self.count("Once"), self.count("Read meanwhile"), server.error_message), (1, 1, False))

    def test_what_is_fetched_is_not_moved_into_a_folder_that_is_fetched(self):
        with self.assertRaisesRegex(ValidationError, "Choose another one"):
            self.confirmed(office365_after_fetch="move", office365_move_folder="INBOX")
        with self.assertRaisesRegex(ValidationError, "Choose another one"):  # the same folder (RFC 9051 section 5.1): it would come anew
            self.confirmed(office365_after_fetch="move", office365_move_folder="Inbox")
        self.mailbox.create_folder("Orders")
        server = self.confirmed(office365_after_fetch="move", office365_move_folder="orders")
        server.action_office365_read_folders()
        with self.assertRaisesRegex(ValidationError, "Choose another one"):
            server.office365_folder_ids.filtered(lambda folder: folder.name == "Orders").is_fetched = True

    @mute_logger(*_LOGS)
    def test_many_are_retried_of_an_archived_server(self):
        server = self.confirmed(office365_notify_unroutable=False)
        server.object_id = False
        self.fetch(server)
        for number in range(21):
            self.deliver(f"N{number}")
        self.fetch(server)
        server.object_id = self.env["ir.model"]._get_id("res.partner")
        server.active = False
        self.rows(server).action_retry()
        self.assertEqual(set(self.rows(server).mapped("state")), {"done"})


@tagged("post_install", "-at_install")
class TestAttacksAtOnce(AttackCase):

    def failed_row(self, server, subject, **values):
        """Return a row whose technical failure is to be tried again now."""
        self.fetch(server)

        def fail(self, *_arguments):
            raise OSError("disk")

        with patch.object(self.registry["mail.thread"], "_message_route_process", fail):
            self.deliver(subject, **values)
            self.fetch(server)
        row = self.rows(server)[-1]
        row.retry_at = fields.Datetime.now() - timedelta(minutes=1)
        self.env.flush_all()
        return row

    def begin_retry(self, row):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.assertTrue(row.with_env(row.env(cr=cr))._begin_again(cr))

    @mute_logger(*_LOGS)
    def test_a_retry_that_ends_during_a_fetch_doubles_nothing(self):
        server = self.confirmed()
        row, messages = self.failed_row(server, "Twice", message_id=False), Desk.messages

        def after_the_retry(desk):
            with desk._server.env.registry.cursor() as cr:
                desk._inbound._apart(cr).browse(row.id)._process(is_retry=False)
            yield from messages(desk)

        self.begin_retry(row)
        no_work = patch.object(self.registry["office365.inbound"], "_work_off", lambda _rows: None)
        with no_work, patch.object(Desk, "messages", after_the_retry):
            self.by_cron(server)
        self.assertEqual((self.count("Twice"), row.state), (1, "done"))

    @mute_logger(*_LOGS)
    def test_a_retry_under_way_is_no_death(self):
        server = self.confirmed()
        row = self.failed_row(server, "Alive")
        self.begin_retry(row)
        with patch.object(self.registry["office365.inbound"], "_work_off", lambda _rows: None):
            self.by_cron(server)
        self.assertEqual((row.deaths, self.count("Alive")), (0, 0), "the retry holds it")

    @mute_logger(*_LOGS)
    def test_a_row_that_somebody_holds_is_left_to_them(self):
        server = self.confirmed()
        row = self.failed_row(server, "Held")

        def held(_row, _cr):
            raise psycopg2.errors.LockNotAvailable("somebody retries it by hand")

        with patch.object(self.registry["office365.inbound"], "_begin_again", held):
            self.by_cron(server)
        self.assertEqual((row.state, server.error_message), ("failed", False))

    @mute_logger(*_LOGS)
    def test_a_server_that_somebody_else_fetches_has_not_failed_again(self):
        server = self.confirmed()
        server.write({"error_date": fields.Datetime.now(), "error_message": "NO Server Busy", "office365_failures": 1})
        with patch.object(self.registry["fetchmail.server"], "try_lock_for_update", lambda self, **_kwargs: self.browse()):
            self.by_cron(server)
        self.assertEqual((server.office365_failures, server.office365_retry_at), (1, False))

    @mute_logger(*_LOGS)
    def test_a_mailbox_that_ends_the_worker_each_time_holds_up_no_other(self):
        deadly, other = self.confirmed("pop"), self.confirmed()
        deadly.date, other.date = fields.Datetime.now() - timedelta(hours=2), fields.Datetime.now() - timedelta(hours=1)
        self.env.flush_all()
        connect, deaths = self.registry["fetchmail.server"]._office365_connect, []

        def die(server, **options):
            if server == deadly:
                deaths.append(server)
                raise KeyboardInterrupt  # as the time limit of a worker does: nothing catches it
            return connect(server, **options)

        self.patch(self.registry["fetchmail.server"], "_office365_connect", die)
        self.deliver("Waits")
        for _run in range(2):
            with contextlib.suppress(KeyboardInterrupt):  # assertRaises would undo what was committed
                self.by_cron(deadly | other)
            self.env.invalidate_all()
        self.assertEqual((len(deaths), self.count("Waits")), (2, 1))

    @mute_logger(*_LOGS)
    def test_what_stands_in_for_a_message_is_never_retried_as_mail(self):
        server = self.confirmed(office365_after_fetch="delete")
        self.servers.imap.faults.add("UID FETCH", Substitute())
        self.deliver("Real one")
        self.fetch(server)
        row = self.rows(server)
        row.retry_at = fields.Datetime.now() + timedelta(hours=1)
        row.action_retry()
        self.assertEqual((row.state, row.digest), ("failed", False))
        self.env.flush_all()
        self.by_cron(server)
        self.assertEqual((self.count("Real one"), row.state, row.subject, row.raw), (1, "done", "Real one", False))
