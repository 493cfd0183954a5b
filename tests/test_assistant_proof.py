"""The proof: an email goes out and comes back through the local servers; each leg is broken in turn, and named."""

import re

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.assistant.round_trip import LEGS
from .common import BRANT, ERP
from .proof_case import HEADER, ProofCase
from .servers import replies


@tagged("post_install", "-at_install")
class TestProof(ProofCase):

    def test_an_email_goes_out_as_a_user_and_comes_back(self):
        trip = self.begin()
        progress = self.proceed(trip)
        self.assertFalse(progress["is_over"])
        self.assertIn("waiting for it in the mailbox", progress["status"])
        self.assertEqual([leg["state"] for leg in progress["legs"]], ["done", *["todo"] * 7])
        progress = self.proceed(trip)
        self.assertTrue(progress["is_over"], progress)
        self.assertEqual({leg["state"] for leg in progress["legs"]}, {"done"})
        self.assertEqual([leg["leg"] for leg in progress["legs"] if leg["seconds"] is not None], ["sent", "arrived", "fetched"])
        self.assertEqual((trip.state, trip.author, trip.leg), ("done", BRANT, False))
        [sent] = self.servers.accepted
        self.assertEqual((sent.login, sent.envelope_from, sent.from_address), (ERP, ERP, BRANT))
        self.assertEqual(sent.recipients, [trip.address])
        self.assertRegex(trip.address, r"^odoo-proof-[0-9a-f]{16}@contoso\.example$")
        self.assertNotIn("NDR", sent.message["X-Auto-Response-Suppress"].replace("NRN", ""))  # it tells why it did not arrive
        [step] = self.setup.step_ids.filtered(lambda step: step.step == "proof")
        self.assertEqual(step.state, "done")
        self.assertEqual(len(self.setup.check_ids.filtered(lambda check: check.step == "proof")), 8)
        self.assertEqual((self.setup.heartbeat_state, bool(self.setup.heartbeat_success)), ("working", True))
        self.assertEqual(self.rows().mapped("state"), ["done"])
        self.assertNothingMade()

    def test_what_was_proved_of_another_set_up_is_not_shown(self):
        self.round_trip()
        self.assertEqual({check.state for check in self.setup._checks("proof")}, {"done"})
        self.setup.mailbox = "other@contoso.example"
        self.assertEqual([check.state for check in self.setup._checks("proof")], ["todo"])
        self.assertEqual(self.setup.heartbeat_state, "idle")

    def test_by_a_relay(self):
        self.trust_this_host()
        self.setup.mail_server_id = self.outgoing("relay")
        trip = self.round_trip()
        self.assertEqual(trip.state, "done", trip.cause)
        self.servers.directory.policy.dmarc = "fail"
        self.assertBroken(self.round_trip(), "authentication", "dmarc=fail", "SPF record")

    def test_by_pop(self):
        self.setup.fetchmail_server_id = self.incoming_server = self.incoming("pop")
        self.incoming_server.button_confirm_login()
        trip = self.round_trip()
        self.assertEqual(trip.state, "done", trip.cause)

    def test_who_has_an_alias_is_the_sender_and_without_any_the_mailbox(self):
        self.assertEqual(self.begin().author, BRANT)
        self.outgoing_server.office365_strict_author = True
        self.assertEqual(self.begin().author, ERP)
        self.assertEqual(self.begin(self.admin).author, ERP)
        self.set_alias(self.admin, "admin@contoso.example")
        self.assertEqual(self.begin(self.admin).author, "admin@contoso.example")
        self.grant_send_as("admin@contoso.example")
        self.outgoing_server.office365_sender_mode = "mailbox"
        trip = self.round_trip()
        self.assertEqual((trip.author, trip.state), (ERP, "done"), trip.cause)
        self.brant.sudo().office365_alias = self.admin.sudo().office365_alias = False
        trip = self.round_trip()
        self.assertEqual((trip.author, trip.state), (ERP, "done"), trip.cause)

    def test_cancelled_it_proves_nothing_when_it_comes(self):
        trip = self.begin()
        self.proceed(trip)
        trip.with_user(self.admin).office365_cancel()
        self.fetch()
        self.assertEqual((trip.state, bool(trip.sudo().arrival)), ("cancelled", False))
        self.assertEqual(self.rows().mapped("state"), ["ignored"])
        self.assertIn("cancelled", self.rows().error)
        self.assertNothingMade()

    def test_it_counts_when_it_comes_after_those_who_waited_have_gone(self):
        trip = self.begin()
        self.proceed(trip)
        [message] = self.servers.mailbox(ERP).messages()
        message.path.unlink()
        self.let_pass(trip, 301)
        self.proceed(trip)
        self.assertEqual(trip.state, "failed")
        self.servers.mailbox(ERP).deliver(message.raw)
        self.fetch()
        self.assertEqual(trip.state, "done")
        trip = self.begin()
        self.proceed(trip)
        trip.sudo().ends = "2026-01-01 00:00:00"
        self.fetch()
        self.assertEqual(trip.state, "waiting")
        self.assertIn("too late", self.rows()[0].error)

    def test_every_leg_has_a_name(self):
        self.assertEqual(tuple(dict(self.env["office365.round.trip"]._fields["leg"].selection)), LEGS)

    def test_only_administrators_and_nobody_writes_a_row(self):
        trip = self.begin()
        for user in (self.brant, self.env.ref("base.public_user")):
            for call in (trip.with_user(user).office365_proceed, trip.with_user(user).office365_cancel,
                         self.setup.with_user(user).action_office365_proof):
                with self.assertRaises(AccessError):
                    call()
        mine = trip.with_user(self.admin)
        for call in (lambda: mine.write({"state": "done"}), lambda: mine.create({"setup_id": self.setup.id}), mine.unlink):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            mine.read(["nonce"])

    def test_what_is_missing_is_said_before_anything_is_sent(self):
        for field, words in (("mail_server_id", "outgoing mail server first"), ("fetchmail_server_id", "incoming mail server first")):
            before = self.setup[field]
            self.setup[field] = False
            with self.assertRaisesRegex(UserError, words):
                self.begin()
            self.setup[field] = before
        self.outgoing_server.active = False
        with self.assertRaisesRegex(UserError, "Unarchive"):
            self.begin()


@tagged("post_install", "-at_install")
class TestBrokenLegs(ProofCase):
    """Each leg is broken in turn, and named with what it needs."""

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger(
            "odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.outgoing.mail_mail_outcome"))

    def policy(self, **values):
        for name, value in values.items():
            setattr(self.servers.directory.policy, name, value)

    def test_sign_in_refused(self):
        self.policy(smtp_auth_disabled=True)
        self.assertBroken(self.round_trip(0), "sent", "SmtpClientAuthentication is disabled", "Set-CASMailbox")
        self.assertNothingMade()

    def test_send_as_refused(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.assertBroken(self.round_trip(0), "sent", "5.2.252 SendAsDenied", f"Add-RecipientPermission {BRANT} -Trustee {ERP}")
        self.assertNothingMade()

    def test_mail_deferred(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S432_4_3_2_CONCURRENT_CONNECTIONS, times=None)
        self.assertBroken(self.round_trip(0), "sent", "could not be sent now: 432 4.3.2", "")
        self.assertNothingMade()

    def test_accepted_but_not_delivered(self):
        self.policy(transport_rule=lambda _raw: None)
        trip = self.round_trip(1)
        self.assertEqual(trip.state, "waiting")
        self.let_pass(trip, 301)
        self.proceed(trip)
        self.assertBroken(trip, "arrived", "did not reach the mailbox within 30", "Message trace")
        self.assertIn(trip.address, trip.remedy)
        self.let_pass(trip, 9999)
        self.assertIn("within 30", self.setup._checks("proof")[3].cause)  # whenever somebody looks

    def test_catch_all_missing(self):
        self.policy(catch_all=None)
        self.assertBroken(self.round_trip(1), "arrived", "550 5.1.10", "Set up the catch-all for contoso.example")
        [row] = self.rows()
        self.assertEqual((row.state, row.error), ("ignored", "A delivery report about the proof of a set-up."))
        self.assertNothingMade()

    def test_catch_all_for_mail_from_outside_alone(self):
        self.policy(catch_all_from_outside=True)
        self.assertBroken(self.round_trip(1), "arrived", "550 5.1.10", "no condition on where the sender is")

    def test_delivered_to_junk(self):
        self.policy(delivered_to="Junk")
        trip = self.round_trip(1)
        self.let_pass(trip, 31)
        self.proceed(trip)
        self.assertBroken(trip, "arrived", "in the folder Junk", "Set-MailboxJunkEmailConfiguration 'erp@contoso.example'")
        self.assertEqual([message.flags for message in self.servers.mailbox(ERP).messages("Junk")], [""])  # nothing is marked

    def test_moved_to_another_folder(self):
        self.policy(delivered_to="Angebote & mehr")
        trip = self.round_trip(1)
        self.let_pass(trip, 31)
        self.proceed(trip)
        self.assertBroken(trip, "arrived", "in the folder Angebote & mehr", "inbox rule")

    def test_fetch_refused(self):
        self.servers.directory.set_password(ERP, "another one")
        trip = self.begin()
        self.servers.directory.account(ERP).password = self.servers.directory._passwords[ERP]  # submission still lets it in
        self.proceed(trip, 2)
        self.assertIn("trying again", trip._status_text())
        self.proceed(trip)
        self.assertBroken(trip, "fetched", "refused to sign in erp@contoso.example", "")

    def test_not_fetched_though_it_is_there(self):
        trip = self.begin()
        self.proceed(trip)
        self.servers.mailbox(ERP).flag(self.servers.mailbox(ERP).messages()[0], "S")
        self.env["office365.folder"].sudo().search([("server_id", "=", self.incoming_server.id)]).write({"start": "999"})
        for _search in range(2):
            self.let_pass(trip, 60)
            self.proceed(trip)
        self.assertBroken(trip, "fetched", "in the folder INBOX of the mailbox, but Odoo did not fetch it", "Compare with Mailbox")

    def test_headers_rewritten(self):
        self.policy(transport_rule=lambda raw: re.sub(rb"(?im)^Message-Id:.*\r\n", b"Message-Id: <other@gateway.example>\r\n", raw))
        self.assertBroken(self.round_trip(1), "headers", "Message-Id", "gateway")
        self.policy(transport_rule=lambda raw: re.sub(rb"(?im)^(X-Odoo-Objects|References):.*\r\n", b"", raw))
        self.assertBroken(self.round_trip(1), "headers", "References, X-Odoo-Objects", "gateway")

    def test_sender_and_recipient_rewritten(self):
        self.policy(transport_rule=lambda raw: re.sub(rb"(?im)^From:.*\r\n", f"From: ERP <{ERP}>\r\n".encode(), raw))
        self.assertBroken(self.round_trip(1), "author", f"arrived from {ERP}", "SendFromAliasEnabled")
        self.policy(transport_rule=lambda raw: re.sub(rb"(?im)^To:.*\r\n", f"To: {ERP}\r\n".encode(), raw))
        self.assertBroken(self.round_trip(1), "recipient", "No header", "Redirect the message to")

    def test_sent_from_another_address(self):
        self.outgoing_server.from_filter = ERP
        self.assertBroken(self.round_trip(1), "author", f"from {ERP} instead of {BRANT}", "Sender Overview")


@tagged("post_install", "-at_install")
class TestForgedProof(ProofCase):
    """What claims to be a proof, and is none: it becomes no record, is answered by nobody, and proves nothing."""

    def take(self, mark, **headers):
        before = self.rows()
        self.servers.receive(self.message(to="odoo-proof-12@contoso.example", **{HEADER: mark}, **headers), recipients=[ERP])
        self.fetch()
        [row] = self.rows() - before
        self.assertEqual(row.state, "ignored")
        self.assertNothingMade()
        return row.error

    def test_forged_foreign_replayed(self):
        trip = self.begin()
        nonce, Trips = trip.sudo().nonce, self.env["office365.round.trip"].sudo()
        for mark in (f"{nonce}-{'0' * 32}", f"{nonce}-", nonce, "-", f"-{Trips._signature('')}", "nonsense", "\xe4\xf6-\xfc"):
            with self.subTest(mark):
                self.assertIn("did not sign it", self.take(mark))
        self.assertIn("a copy of the database", self.take(f"1234-{Trips._signature('1234')}"))
        self.assertEqual((trip.state, bool(trip.sudo().arrival)), ("sending", False))
        self.proceed(trip, 2)
        self.assertEqual(trip.state, "done")
        before = trip.sudo().arrival
        self.assertIn("come back before", self.take(f"{nonce}-{Trips._signature(nonce)}"))
        self.assertEqual((trip.state, trip.sudo().arrival), ("done", before))

    def test_nobody_but_the_server_of_the_set_up_proves_it(self):
        trip = self.begin()
        self.proceed(trip)
        other = self.incoming(name="Another mailbox")
        other.button_confirm_login()
        self.env.flush_all()
        with self.registry.cursor() as cr:
            other.with_env(self.env(cr=cr))._fetch_mail()
        self.env.invalidate_all()
        self.assertBroken(trip, "arrived", "Another mailbox fetched it", "redirect to")
        self.assertFalse(trip.sudo().arrival)

    @mute_logger("odoo.addons.mail.models.mail_thread")
    def test_the_gateway_of_core_proves_nothing_and_makes_no_record(self):
        trip = self.begin()
        self.proceed(trip)
        [message] = self.servers.mailbox(ERP).messages()
        partners = self.env["res.partner"].search_count([])
        self.assertFalse(self.env["mail.thread"].message_process("res.partner", message.raw))
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertEqual((trip.state, bool(trip.sudo().arrival)), ("waiting", False))

    def test_a_forged_report_ends_nothing(self):
        self.servers.directory.policy.transport_rule = lambda _raw: None
        trip = self.begin()
        self.proceed(trip)
        self.servers.directory.policy.transport_rule = None
        self.servers.directory.policy.dmarc = "fail"
        self.servers._delivery._report(self.servers.accepted[-1].raw, ERP, trip.address, "failed", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
        self.proceed(trip)
        self.assertEqual(trip.state, "waiting")
