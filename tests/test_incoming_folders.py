"""Which messages of a mailbox are fetched: of which folders, from when on, and after the server has numbered them anew."""

import time
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, Office365Case
from .servers import Hidden, replies

_LOGS = ("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.desk")


class FetchCase(Office365Case):
    """An incoming server whose mail becomes partners."""

    def confirmed(self, preset="imap", **values):
        server = self.incoming(preset, object_id=self.env["ir.model"]._get_id("res.partner"), **values)
        server.button_confirm_login()
        return server

    def fetch(self, server):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            result = server.with_env(server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()
        return result

    def by_cron(self, servers):
        """Fetch as the cron does: a failure is noted, not raised."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            servers.with_env(servers.env(cr=cr))._fetch_mail()
        self.env.invalidate_all()

    @property
    def mailbox(self):
        return self.servers.mailbox(ERP)

    def deliver(self, subject, *, flags="", folder="INBOX", message_id=True):
        head = f"Message-Id: <{subject.replace(' ', '-')}@fabrikam.example>\r\n" if message_id else ""
        self.mailbox.deliver(
            f"From: {CUSTOMER}\r\nTo: {ERP}\r\nSubject: {subject}\r\n{head}\r\nHello {subject}\r\n".encode(), flags=flags, folder=folder)

    def posted(self):
        """Return the subjects of what was posted since the test began, in their order."""
        rows = self.env["office365.inbound"].search([("state", "=", "done"), ("subject", "!=", False)], order="id")
        return self.env["mail.message"].search([("subject", "in", rows.mapped("subject"))], order="id").mapped("subject")


@tagged("post_install", "-at_install")
class TestFirstFetch(FetchCase):

    def setUp(self):
        super().setUp()
        self.deliver("Read before", flags="S")
        self.deliver("Unread before")

    def afterwards(self, server):
        self.fetch(server)
        self.deliver("Read afterwards", flags="S")
        self.deliver("Unread afterwards")
        self.fetch(server)
        self.fetch(server)
        return self.posted()

    def test_unread_mail_and_what_arrives_later(self):
        self.assertEqual(self.afterwards(self.confirmed()), ["Unread before", "Read afterwards", "Unread afterwards"])

    def test_only_what_arrives_later(self):
        self.assertEqual(self.afterwards(self.confirmed(office365_first_fetch="new")), ["Read afterwards", "Unread afterwards"])

    def test_everything_since_a_date(self):
        since = fields.Date.today() - timedelta(days=1)
        server = self.confirmed(office365_first_fetch="date", office365_fetch_since=since)
        self.assertEqual(self.afterwards(server), ["Read before", "Unread before", "Read afterwards", "Unread afterwards"])
        self.assertTrue(server.office365_folder_ids.start, "from now on, UIDs tell what is new")

    def test_nothing_from_before_the_date(self):
        since = fields.Date.today() + timedelta(days=1)
        self.fetch(server := self.confirmed(office365_first_fetch="date", office365_fetch_since=since))
        self.assertEqual((self.posted(), server.error_message), ([], False))

    def test_what_shows_late_comes_all_the_same(self):
        """Its UID is lower than those of messages that arrived later and show before it."""
        server = self.confirmed(office365_first_fetch="date", office365_fetch_since=fields.Date.today())
        self.fetch(server)
        self.deliver("Late", flags="S")
        [uid] = [uid for uid, message in self.mailbox.uids().items() if message["Subject"] == "Late"]
        self.deliver("After it")
        fault = self.servers.imap.faults.add("UID SEARCH", Hidden(), uid=uid, times=None)
        for _fetch in range(3):
            self.fetch(server)
        self.assertIn("After it", self.posted())
        self.assertTrue(server.office365_folder_ids.start)
        self.servers.imap.faults.remove(fault)
        self.fetch(server)
        self.assertIn("Late", self.posted())

    def test_a_date_that_is_chosen_later_fetches_history_and_doubles_nothing(self):
        server = self.confirmed()
        self.fetch(server)
        self.assertEqual(self.posted(), ["Unread before"])
        server.write({"office365_first_fetch": "date", "office365_fetch_since": fields.Date.today() - timedelta(days=1)})
        self.fetch(server)
        self.fetch(server)
        self.assertEqual(sorted(self.posted()), ["Read before", "Unread before"])

    def test_what_somebody_marks_as_unread_again_stays_so(self):
        server = self.confirmed()
        self.fetch(server)
        [message] = [each for each in self.mailbox.messages() if each["Subject"] == "Unread before"]
        self.assertIn("S", message.flags)
        self.mailbox.flag(message, "")
        self.fetch(server)
        self.assertEqual([str(each["Subject"]) for each in self.mailbox.messages() if "S" not in each.flags], ["Unread before"])
        self.assertEqual(self.posted(), ["Unread before"])

    def test_leaving_messages_as_they_are(self):
        server = self.confirmed(office365_after_fetch="leave")
        self.fetch(server)
        self.fetch(server)
        self.assertEqual([str(each["Subject"]) for each in self.mailbox.messages() if "S" not in each.flags], ["Unread before"])
        self.assertEqual(self.posted(), ["Unread before"])

    def test_another_mailbox_is_read_as_for_the_first_time(self):
        server = self.confirmed()
        self.fetch(server)
        server.write({"user": "info@contoso.example", "password": self.servers.password("info@contoso.example")})
        self.servers.mailbox("info@contoso.example").deliver(
            b"From: a@fabrikam.example\r\nTo: info@contoso.example\r\nSubject: Other\r\n\r\nHello\r\n")
        self.fetch(server)
        self.assertEqual(self.posted(), ["Unread before", "Other"])


@tagged("post_install", "-at_install")
class TestFolders(FetchCase):

    def test_the_inbox_alone_unless_others_are_chosen(self):
        self.mailbox.create_folder("Archiv/Übersicht & mehr")
        server = self.confirmed()
        self.deliver("In the archive", folder="Archiv/Übersicht & mehr")
        self.deliver("In the inbox")
        self.fetch(server)
        self.assertEqual(self.posted(), ["In the inbox"])
        server.action_office365_read_folders()
        names = server.office365_folder_ids.mapped("name")
        self.assertIn("Archiv/Übersicht & mehr", names)
        self.assertEqual(server.office365_folder_ids.filtered("is_fetched").mapped("name"), ["INBOX"])
        server.office365_folder_ids.filtered(lambda each: each.name.startswith("Archiv")).is_fetched = True
        self.fetch(server)
        self.assertEqual(self.posted(), ["In the inbox", "In the archive"])
        row = self.env["office365.inbound"].search([("subject", "=", "In the archive")])
        self.assertEqual(row.folder, "Archiv/Übersicht & mehr")
        self.assertTrue(all("S" in each.flags for each in self.mailbox.messages("Archiv/Übersicht & mehr")))

    @mute_logger(*_LOGS)
    def test_a_folder_that_is_gone_stops_no_other_and_is_told(self):
        self.mailbox.create_folder("Orders")
        server = self.confirmed()
        server.action_office365_read_folders()
        server.office365_folder_ids.filtered(lambda each: each.name == "Orders").is_fetched = True
        self.mailbox.remove_folder("Orders")
        self.deliver("In the inbox")
        self.by_cron(server)
        self.assertEqual(self.posted(), ["In the inbox"])
        self.assertIn("The folder Orders could not be opened", server.error_message)
        self.mailbox.create_folder("Orders")
        self.by_cron(server)
        self.assertFalse(server.error_message)

    def test_a_folder_with_much_mail_does_not_hold_up_another_one(self):
        self.mailbox.create_folder("Orders")
        server = self.confirmed()
        server.action_office365_read_folders()
        server.office365_folder_ids.filtered(lambda each: each.name == "Orders").is_fetched = True
        for number in range(6):
            self.deliver(f"Order {number}", folder="Orders")
        self.deliver("In the inbox")
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr))._fetch_mail(batch_limit=4)
        self.env.invalidate_all()
        self.assertEqual(sorted(self.posted()), ["In the inbox", "Order 0", "Order 1", "Order 2"])


@tagged("post_install", "-at_install")
class TestRenumbered(FetchCase):

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_a_folder_that_is_numbered_anew_neither_loses_nor_doubles(self):
        self.deliver("History", flags="S")
        time.sleep(1.1)  # INTERNALDATE has seconds
        server = self.confirmed()
        self.fetch(server)
        for number in range(3):
            self.deliver(f"Done {number}", message_id=bool(number))
        self.fetch(server)
        rows = self.env["office365.inbound"].search([("server_id", "=", server.id)])
        self.deliver("Read by a person before it was fetched", flags="S")
        self.deliver("Unread", message_id=False)
        self.mailbox.renumber()
        self.fetch(server)
        self.fetch(server)
        self.assertEqual(self.posted(), [
            "Done 0", "Done 1", "Done 2", "Read by a person before it was fetched", "Unread"])
        self.assertEqual(len(self.env["office365.inbound"].search([("server_id", "=", server.id)])), 5)
        self.assertEqual(len(set(rows.mapped("validity"))), 1)
        folder = server.office365_folder_ids
        self.assertEqual((folder.validity, folder.is_renumbered, bool(folder.start)), (rows[0].validity, False, True))


@tagged("post_install", "-at_install")
class TestPop(FetchCase):

    def test_what_is_fetched_is_deleted_and_not_fetched_again(self):
        server = self.confirmed("pop")
        self.assertEqual(server.office365_after_fetch, "delete")
        for number in range(3):
            self.deliver(f"Mail {number}", message_id=bool(number))
        self.fetch(server)
        self.assertEqual((self.posted(), self.mailbox.messages()), (["Mail 0", "Mail 1", "Mail 2"], []))

    def test_what_is_left_is_not_fetched_again(self):
        server = self.confirmed("pop", office365_after_fetch="leave")
        self.deliver("Left", message_id=False)
        self.fetch(server)
        self.fetch(server)
        self.assertEqual((self.posted(), len(self.mailbox.messages())), (["Left"], 1))
        self.env.cr.execute("UPDATE office365_inbound SET date = date - interval '91 days'")
        self.env.invalidate_all()
        self.env["office365.inbound"]._gc_inbound()
        self.fetch(server)
        self.assertEqual(self.posted(), ["Left"], "nothing else tells that it was fetched")

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_what_could_not_be_processed_is_kept_and_deleted_there(self):
        server = self.confirmed("pop")
        server.object_id = False
        self.deliver("Nobody's")
        self.fetch(server)
        row = self.env["office365.inbound"].search([("server_id", "=", server.id)])
        self.assertEqual((row.state, bool(row.raw), self.mailbox.messages()), ("unroutable", True, []))

    @mute_logger(*_LOGS)
    def test_a_refusal_of_one_message_stops_no_other(self):
        server = self.confirmed("pop")
        self.deliver("First")
        self.deliver("Second")
        self.servers.pop.faults.add("RETR", "-ERR Server Unavailable. 15")
        self.fetch(server)
        self.assertEqual(self.posted(), ["Second"])
        self.fetch(server)
        self.assertEqual((self.posted(), self.mailbox.messages()), (["Second", "First"], []))

    def test_what_pop_cannot_do_is_refused(self):
        for values in ({"office365_after_fetch": "move", "office365_move_folder": "Odoo"}, {"office365_first_fetch": "new"}):
            with self.assertRaisesRegex(ValidationError, "POP knows no folders"):
                self.confirmed("pop", **values)


@tagged("post_install", "-at_install")
class TestFailures(FetchCase):

    @mute_logger(*_LOGS)
    def test_failures_in_a_row_are_counted_and_told_until_it_works(self):
        server, radar = self.confirmed(), self.env["office365.radar"]
        for failures, expected in ((1, []), (2, ["fetch"]), (3, ["fetch"])):
            self.servers.imap.faults.add("SELECT", replies.IMAP_UNAVAILABLE)
            server.office365_retry_at = False
            self.env.flush_all()
            self.by_cron(server)
            self.assertEqual((server.office365_failures, [line.kind for line in radar._troubles()]), (failures, expected))
        server.office365_retry_at = False
        self.env.flush_all()
        self.by_cron(server)
        self.assertEqual((server.office365_failures, radar._troubles()), (0, []))

    @mute_logger(*_LOGS)
    def test_a_server_that_fails_is_asked_last(self):
        broken, good = self.confirmed(), self.confirmed()
        broken.write({"error_date": fields.Datetime.now(), "priority": 1})
        self.assertEqual((broken | good)._office365_in_turn(), good | broken)
        broken.error_date, good.date, broken.date = False, fields.Datetime.now(), fields.Datetime.now() - timedelta(hours=1)
        self.assertEqual((good | broken)._office365_in_turn(), broken | good)

    def test_the_button_says_what_came(self):
        server = self.confirmed()
        self.assertIn("no new mail", self.fetch(server)["params"]["message"])
        self.deliver("One")
        self.deliver("Two")
        self.assertIn("2 processed", self.fetch(server)["params"]["message"])

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_a_technical_failure_is_tried_again_by_itself_and_another_one_is_not(self):
        server = self.confirmed()
        Thread = self.registry["mail.thread"]
        process = Thread._message_route_process
        failures = [OSError("disk"), ArithmeticError("never")]

        def fail(self, message, message_dict, routes):
            if failures and str(message["Subject"]) in ("Disk", "Never"):
                raise failures.pop(0)
            return process(self, message, message_dict, routes)

        self.patch(Thread, "_message_route_process", fail)
        self.deliver("Disk")
        self.deliver("Never")
        self.fetch(server)
        self.assertEqual(self.posted(), ["Disk"], "the first try after a technical failure is at once")
        row = self.env["office365.inbound"].search([("subject", "=", "Never")])
        self.assertEqual((row.state, row.retry_at, bool(row.raw)), ("failed", False, True))
        self.fetch(server)
        self.assertEqual(row.state, "failed")

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_technical_failures_are_tried_ever_more_seldom(self):
        server = self.confirmed()

        def fail(self, message, message_dict, routes):
            raise OSError("disk")

        self.patch(self.registry["mail.thread"], "_message_route_process", fail)
        self.deliver("Disk")
        self.fetch(server)
        row = self.env["office365.inbound"].search([("subject", "=", "Disk")])
        waits = []
        for _try in range(8):
            waits.append(round((row.retry_at - fields.Datetime.now()).total_seconds() / 60))
            row.retry_at = fields.Datetime.now()
            self.env.flush_all()
            self.by_cron(server)
        self.assertEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60])

    def test_while_a_mailbox_is_throttled_others_are_fetched(self):
        throttled, other = self.confirmed(), self.confirmed()
        throttled.office365_retry_at = fields.Datetime.now() + timedelta(minutes=5)
        with self.assertRaises(UserError):
            self.fetch(throttled)
        self.deliver("For the other one")
        self.by_cron(throttled | other)
        self.assertEqual(self.posted(), ["For the other one"])

    @mute_logger(*_LOGS)
    def test_a_busy_server_is_left_alone_ever_longer(self):
        server, waits = self.confirmed(), []
        for words in (replies.IMAP_SERVER_BUSY, "BYE Connection closed. 14", replies.IMAP_SERVER_BUSY):
            server.office365_retry_at = False
            self.env.flush_all()
            self.servers.imap.faults.add("SELECT", words)
            self.by_cron(server)
            waits.append(round((server.office365_retry_at - fields.Datetime.now()).total_seconds() / 60))
        self.assertEqual(waits, [1, 2, 4])
