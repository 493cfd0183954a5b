"""The proof, as a person uses it in a browser."""

from odoo.tests import HttpCase, tagged

from .common import BRANT, ERP, Office365Mixin
from .servers import Delay


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

    def tour(self, name):
        self.start_tour(f"/odoo/office365.setup/{self.setup.id}", name, login="admin")
        self.env.invalidate_all()

    def states(self):
        return self.setup.round_trip_ids.mapped("state")

    def test_it_is_sent_followed_and_proved(self):
        self.servers.imap.faults.add("LOGOUT", Delay(1.5), times=None)  # a moment to see it
        self.tour("mail_office365_proof")
        self.assertEqual(self.states(), ["done"])

    def test_a_broken_leg_is_explained_and_a_wait_is_cancelled(self):
        self.servers.directory.policy.catch_all = None
        self.tour("mail_office365_proof_fails")
        self.servers.directory.policy.transport_rule = lambda _raw: None
        self.servers.directory.policy.catch_all = ERP
        self.tour("mail_office365_proof_cancelled")
        self.assertEqual(self.states(), ["cancelled", "failed"])
