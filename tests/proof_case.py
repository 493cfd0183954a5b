"""Base of the tests of proofs and heartbeats."""


from odoo.tests import new_test_user

from ..tools.assistant.round_trip import LEGS
from .common import BRANT, ERP, Office365Case

HEADER = "X-Office365-Proof"


class ProofCase(Office365Case):
    """A set-up that is done but for the proof."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "o365.admin", groups="base.group_system,base.group_user", email="admin@private.example")

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)
        self.incoming_server = self.incoming()
        self.incoming_server.button_confirm_login()
        self.outgoing_server = self.outgoing()
        self.setup = self.env["office365.setup"].create({
            "domain": "contoso.example", "mailbox": ERP, "alias_domain_id": self.alias_domain.id, "step": "proof",
            "mail_server_id": self.outgoing_server.id, "fetchmail_server_id": self.incoming_server.id})
        self.fetch()  # the first connection decides what is new

    def fetch(self):
        self.env.flush_all()
        with self.registry.cursor() as cr:
            self.incoming_server.with_env(self.env(cr=cr))._fetch_mail()
        self.env.invalidate_all()

    def begin(self, user=None):
        action = self.setup.with_user(user or self.admin).action_office365_proof()
        return self.env["office365.round.trip"].browse(action["params"]["trip_id"])

    def proceed(self, trip, times=1):
        self.env.flush_all()
        for _time in range(times):
            with self.registry.cursor() as cr:
                progress = trip.with_env(self.env(cr=cr, user=self.admin)).office365_proceed()
            self.env.invalidate_all()
        return progress

    def round_trip(self, waits=2):
        """Send a proof, look for it as often, and return its row."""
        trip = self.begin()
        self.proceed(trip, 1 + waits)
        return trip

    def let_pass(self, trip, seconds):
        """Let time pass for whoever waits."""
        trip.sudo().facts = {**trip.sudo().facts, "sent_at": trip.sudo().facts["sent_at"] - seconds}

    def assertBroken(self, trip, leg, cause, remedy):  # noqa: N802
        self.assertEqual((trip.state, trip.leg), ("failed", leg), trip.cause)
        self.assertIn(cause, trip.cause)
        self.assertIn(remedy, trip.remedy or "")
        [step] = self.setup.step_ids.filtered(lambda step: step.step == "proof")
        self.assertEqual(step.state, "failed")
        self.assertEqual(self.setup._checks("proof")[LEGS.index(leg)].state, "failed")

    def assertNothingMade(self):  # noqa: N802
        """No record, no notice, nothing left in the queue."""
        self.assertFalse(self.env["mail.message"].search([("subject", "like", "Proof of the Office 365")]))
        self.assertFalse(self.env["mail.mail"].search([("state", "!=", "sent")]))
        self.assertFalse(self.env["office365.notice"].sudo().search([]))

    def rows(self):
        return self.env["office365.inbound"].search([("server_id", "=", self.incoming_server.id)])
