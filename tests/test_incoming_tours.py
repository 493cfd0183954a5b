import base64
import time
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, Office365Mixin
from .languages import InLanguage

PAGE = """\
From: Carla <{sender}>\r
To: {to}\r
Subject: {subject}\r
Message-Id: <{name}@fabrikam.example>\r
Content-Type: text/html\r
\r
<p>Please send <a href="https://track.example/">ten</a><img src="https://track.example/1.gif"></p>
"""


class ReceivedTourCase(Office365Mixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.env["office365.inbound"].search([]).unlink()
        self.server = self.incoming()

    def kept(self, subject, to="stray@contoso.example"):
        source = PAGE.format(sender=CUSTOMER, to=to, subject=subject, name=subject.replace(" ", "."))
        return self.env["office365.inbound"].create({
            "server_id": self.server.id, "folder": "INBOX", "validity": "1", "uid": subject, "subject": subject, "email_from": CUSTOMER,
            "state": "unroutable", "error": f"Nobody takes this: {to}.\nFind somebody.",
            "raw": base64.b64encode(source.encode()), "digest": "of the source", "attempts": 1})

    def tour(self, name):
        self.start_tour("/odoo/action-mail_office365.office365_inbound_action", name, login="admin")


@tagged("post_install", "-at_install")
class TestRetryTours(ReceivedTourCase):
    """How many messages are retried at once."""

    def many(self, number):
        self.env["mail.alias"].create({
            "alias_name": "orders", "alias_domain_id": self.alias_domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        return [self.kept(f"Order {each}", "orders@contoso.example") for each in range(number)]

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_many_are_retried_and_how_far_it_is_is_shown(self):
        rows = self.many(23)
        stay = [self.kept(f"Poison {number}") for number in range(2)]
        self.tour("mail_office365_retry_many")
        self.assertEqual({row.state for row in rows}, {"done"})
        self.assertEqual([row.state for row in stay], ["unroutable"] * 2)

    def test_a_retry_of_many_can_be_stopped(self):
        rows = self.many(25)
        Inbound = self.registry["office365.inbound"]
        retry_some = Inbound.retry_some

        def slowly(records):
            time.sleep(1.5)  # a moment to stop it
            return retry_some(records)

        with patch.object(Inbound, "retry_some", slowly):
            self.tour("mail_office365_retry_stopped")
        self.assertEqual(len([row for row in rows if row.state == "done"]), 10)


@tagged("post_install", "-at_install")
class TestReceivedTours(ReceivedTourCase):
    """What people do about received mail."""

    def test_a_message_is_read_and_retried_and_gone_from_the_list(self):
        row = self.kept("Lost order", "orders@contoso.example")
        self.kept("Stray question")
        self.env["mail.alias"].create({
            "alias_name": "orders", "alias_domain_id": self.alias_domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        self.tour("mail_office365_received")
        self.assertEqual((row.state, row.model), ("done", "res.partner"))

    def test_messages_are_filed_under_a_record_and_under_a_new_one(self):
        deal = self.env["res.partner"].create({"name": "Deal of the Tour"})
        stray, new = self.kept("Stray question"), self.kept("New request")
        self.tour("mail_office365_file_under")
        self.assertEqual((stray.state, stray.res_id), ("done", deal.id))
        self.assertEqual((new.state, new.model), ("done", "res.partner"))
        self.assertNotEqual(new.res_id, deal.id)

    def test_folders_are_read_and_chosen(self):
        self.kept("Lost order")
        self.servers.mailbox(ERP).create_folder("Invoices")
        self.start_tour(f"/odoo/fetchmail.server/{self.server.id}", "mail_office365_folders", login="admin")
        self.assertEqual(self.server.office365_folder_ids.filtered("is_fetched").mapped("name"), ["INBOX", "Invoices"])


@tagged("post_install", "-at_install")
class TestReceivedToursInGerman(InLanguage, TestReceivedTours):
    """The same for people who read German."""
