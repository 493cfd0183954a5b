"""The proof, as a person uses it in a browser."""

from odoo.tests import HttpCase, tagged

from .common import BRANT, ERP, Office365Mixin
from .servers import replies


@tagged("post_install", "-at_install")
class TestProofTour(Office365Mixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)
        incoming = self.incoming()
        incoming.button_confirm_login()
        self.setup = self.env["office365.setup"].create({
            "domain": "contoso.example", "mailbox": ERP, "alias_domain_id": self.alias_domain.id, "step": "proof",
            "mail_server_id": self.outgoing().id, "fetchmail_server_id": incoming.id})

    def test_it_is_sent_followed_cancelled_and_proved(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S432_4_3_2_CONCURRENT_CONNECTIONS)
        lost = [None]
        self.servers.directory.policy.transport_rule = lambda raw: lost.pop() if lost else raw
        self.start_tour(f"/odoo/office365.setup/{self.setup.id}", "mail_office365_proof", login="admin")
        self.env.invalidate_all()
        self.assertEqual(self.setup.round_trip_ids.mapped("state"), ["done", "cancelled", "failed"])
