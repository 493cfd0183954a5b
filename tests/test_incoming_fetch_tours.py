"""Fetch Now and Compare with Mailbox, as a person uses them in a browser."""

import time
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, Office365Mixin
from .servers import Delay, replies

_LOGS = ("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.mail_thread_inbound")


@tagged("post_install", "-at_install")
class TestFetchTours(Office365Mixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.server = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        self.server.button_confirm_login()
        self.fetch()  # the first connection

    def fetch(self):
        with self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr))._fetch_mail()
        self.env.invalidate_all()

    def deliver(self, *subjects, age=0):
        for subject in subjects:
            head = f"From: Carla <{CUSTOMER}>\r\nTo: {ERP}\r\nSubject: {subject}\r\nMessage-Id: <{hash(subject)}@fabrikam.example>\r\n"
            self.servers.mailbox(ERP).deliver(f"{head}\r\nHello\r\n".encode(), time_received=time.time() - age)

    def poisoned(self):
        """Have core fail on some messages."""
        Thread = self.registry["mail.thread"]
        parse = Thread.message_parse

        def message_parse(self, message, save_original=False):
            if str(message["Subject"]).startswith("Poison"):
                raise ArithmeticError("no such thing")
            return parse(self, message, save_original=save_original)

        return patch.object(Thread, "message_parse", message_parse)

    def tour(self, name):
        self.start_tour(f"/odoo/fetchmail.server/{self.server.id}?debug=1", name, login="admin")
        self.env.invalidate_all()

    def rows(self, state):
        return self.env["office365.inbound"].search_count([("server_id", "=", self.server.id), ("state", "=", state)])

    @mute_logger(*_LOGS)
    def test_progress_sums_and_links(self):
        self.env["office365.inbound"].create({"server_id": self.incoming().id, "state": "failed", "subject": "Another server's"})
        self.deliver("Poison 1", *(f"Number {each}" for each in range(23)), "Poison 2")
        self.servers.imap.faults.add("LOGOUT", Delay(1.5), times=None)  # a moment to see it
        with self.poisoned():
            self.tour("mail_office365_fetch")
        self.assertEqual((self.rows("done"), self.rows("failed")), (23, 2))

    def test_it_stops_between_messages_and_loses_none(self):
        self.deliver(*(f"Number {each}" for each in range(45)))
        self.servers.imap.faults.add("UID FETCH", Delay(3), times=2)
        self.tour("mail_office365_fetch_stopped")
        self.assertIn(self.rows("done"), (20, 40))
        self.fetch()
        self.assertEqual(self.rows("done"), 45)

    @mute_logger("odoo.addons.mail.models.fetchmail")
    def test_a_failure_is_explained_and_what_came_before_is_there(self):
        self.deliver(*(f"Number {each}" for each in range(25)))
        throttled = replies.IMAP_THROTTLED.replace("{milliseconds}", "299961")
        self.servers.imap.faults.add("SELECT", throttled, every=2)
        self.tour("mail_office365_fetch_fails")
        self.assertEqual(self.rows("done"), 20)
        self.assertTrue(self.server.office365_retry_at)

    def test_mailbox_and_list_are_compared_and_what_is_missing_is_fetched(self):
        self.deliver("Known")
        self.fetch()
        self.deliver("Overlooked", "Overlooked too", age=7200)
        self.tour("mail_office365_reconcile")
        self.assertEqual((self.rows("done"), self.server.office365_difference_count), (3, 0))
