"""Test Connection and Send Test Email, as a person uses them in a browser."""

from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.servers import ir_mail_server_test_connection
from .common import BRANT, CUSTOMER, ERP, Office365Mixin
from .languages import InLanguage
from .servers import Delay, replies


@tagged("post_install", "-at_install")
class TestTestTours(Office365Mixin, HttpCase):

    def tour(self, server, name, **values):
        self.start_tour(f"/odoo/{server._name}/{server.id}?debug=1", name, login="admin", **values)
        self.env.invalidate_all()

    def test_a_failure_is_red_with_its_remedy_and_a_test_mail_goes_to_anybody(self):
        admin = self.env.ref("base.user_admin")
        admin.email = "admin@private.example"
        self.set_alias(admin, BRANT)
        server = self.outgoing()
        self.servers.submission.faults.add("AUTH", replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX)
        self.tour(server, "mail_office365_test_fails")
        sent = self.sent()
        self.assertEqual((sent.envelope_from, sent.recipients, sent.from_address), (ERP, [CUSTOMER], BRANT))
        self.assertFalse(self.env["office365.probe"]._is_probe(sent.message), "whoever gets it sees it")

    def test_a_silent_server_is_cancelled_or_waited_for(self):
        self.enterContext(patch.object(ir_mail_server_test_connection, "PATIENCE", 2))
        self.servers.submission.faults.add("CONNECT", Delay(3), times=2)
        server = self.outgoing()
        self.tour(server, "mail_office365_test_silent")
        self.assertEqual(len(self.servers.submission.connections), 2)
        self.assertFalse(server.office365_connections_open, "nothing is left behind")

    def test_an_incoming_server_is_confirmed_when_its_mailbox_opens(self):
        server = self.incoming()
        self.servers.imap.faults.add("SELECT", replies.IMAP_NOT_CONNECTED)
        self.tour(server, "mail_office365_test_incoming")
        self.assertEqual(server.state, "done")


@tagged("post_install", "-at_install")
class TestTestToursInGerman(InLanguage, TestTestTours):
    """The same for people who read German."""
