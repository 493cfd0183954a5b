"""The standard set-up: Exchange does not let the mailbox send as the default From yet. What Odoo sends, says and finds out."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..tools.identity import alias_link
from .common import BRANT, ERP, Office365Case
from .links import LinkMixin
from .servers import replies

NOTIFICATIONS = "notifications@contoso.example"


class DefaultFromCase(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([]).email = False

    def setUp(self):
        super().setUp()
        self.server = self.outgoing(from_filter="contoso.example")

    def sent_as(self, **values):
        """Send a mail; return the From address that the servers saw."""
        self.servers.transactions.clear()
        self.mail(**values).send()
        self.env.invalidate_all()
        return self.sent().from_address

    def result(self, address):
        self.env.invalidate_all()
        return self.env["office365.probe"].search([("mail_server_id", "=", self.server.id), ("address", "=", address)])

    def later(self, **shift):
        """Let all results be older than they are."""
        for result in self.env["office365.probe"].search([]):
            result.date -= timedelta(**shift)

    def ask(self):
        with patch.object(self.env.cr, "commit", self.env.cr.flush):
            self.env["office365.probe"]._cron_ask()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestDefaultFrom(DefaultFromCase):

    def test_until_exchange_allows_it_odoos_own_mail_leaves_as_the_mailbox(self):
        self.assertEqual(self.sent_as(), ERP)
        self.assertIn(f"may send as {NOTIFICATIONS}", self.server.office365_default_from_notice)
        self.assertEqual(self.server.office365_default_from_state, "new")
        self.assertEqual(
            self.server.office365_default_from_remedy,
            f"Add-RecipientPermission '{NOTIFICATIONS}' -Trustee '{ERP}' -AccessRights SendAs -Confirm:$false")
        self.assertEqual(self.env["office365.delivery"].search([], limit=1).sender_reason, "not_allowed_yet")

    def test_a_probe_proves_it(self):
        self.server.action_office365_probe_default_from()
        self.assertEqual((self.server.office365_default_from_state, self.sent_as()), ("refused", ERP))
        self.assertIn("554 5.2.252 SendAsDenied", self.server.office365_default_from_notice)
        self.grant_send_as(NOTIFICATIONS)
        self.server.action_office365_probe_default_from()
        self.assertEqual((self.server.office365_default_from_notice, self.sent_as()), (False, NOTIFICATIONS))

    def test_a_refused_mail_takes_the_proof_back(self):
        self.allow_send_as(NOTIFICATIONS)
        self.servers.directory.revoke_send_as(ERP, NOTIFICATIONS)
        mail = self.mail()
        mail.send()
        self.assertEqual((mail.state, mail.office365_cause), ("exception", "send_as_denied"))
        self.assertEqual(self.sent_as(), ERP)
        self.assertEqual(self.server.office365_default_from_state, "refused")

    def test_the_mailbox_as_default_from_needs_no_permission(self):
        other = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.server.from_filter = "contoso.example,fourthcoffee.example"
        self.server.action_office365_mailbox_as_default_from()
        self.env.invalidate_all()
        self.assertEqual((self.alias_domain.default_from, other.default_from), ("erp", ERP))
        self.assertFalse(self.server.office365_default_from_notice)
        self.assertEqual(self.sent_as(), ERP)

    def test_where_nothing_is_to_be_permitted_nothing_is_said(self):
        self.trust_this_host()
        for preset, values in (("relay", {}), ("submission", {"office365_sender_mode": "mailbox"}), ("hve", {})):
            with self.subTest(preset=preset, **values):
                self.assertFalse(self.outgoing(preset, **values).office365_default_from_notice)

    def test_what_was_shown_of_another_mailbox_is_forgotten(self):
        self.allow_send_as(NOTIFICATIONS)
        self.assertFalse(self.server.office365_default_from_notice)
        self.server.smtp_user = "other@contoso.example"
        self.assertTrue(self.server.office365_default_from_notice)


@tagged("post_install", "-at_install")
class TestWhatMailShows(DefaultFromCase):

    def test_mail_of_people_shows_what_exchange_allows(self):
        self.set_alias(self.brant, BRANT)
        self.assertEqual(self.sent_as(), BRANT)
        self.assertEqual(self.result(BRANT).state, "allowed")
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.mail().send()
        self.assertEqual(self.result(BRANT).state, "refused")
        self.assertIn("SendAsDenied", self.result(BRANT).reply)
        self.env.invalidate_all()
        self.assertEqual(self.brant.office365_alias_exchange, "refused")
        self.servers.directory.grant_send_as(ERP, BRANT)
        self.sent_as()
        self.env.invalidate_all()
        self.assertEqual(self.brant.office365_alias_exchange, "allowed")

    def test_another_failure_shows_nothing(self):
        self.set_alias(self.brant, BRANT)
        self.servers.submission.faults.add("END_OF_DATA", replies.S451_4_7_850_IP_EVALUATION)
        self.mail().send()
        self.assertFalse(self.result(BRANT))
        self.assertEqual(self.brant.office365_alias_exchange, "unknown")

    def test_mail_as_the_mailbox_shows_nothing(self):
        self.assertEqual(self.sent_as(), ERP)
        self.assertFalse(self.env["office365.probe"].search([]))


@tagged("post_install", "-at_install")
class TestAskedInTheBackground(DefaultFromCase):

    def test_default_from_and_new_aliases_are_asked_for(self):
        self.grant_send_as(NOTIFICATIONS)
        self.set_alias(self.brant, BRANT)
        self.assertFalse(self.servers.transactions, "setting an alias sends nothing")
        self.ask()
        self.assertEqual({sent.from_address for sent in self.servers.accepted}, {BRANT, NOTIFICATIONS})
        self.assertEqual(self.result(BRANT).state, "allowed")
        self.assertEqual(self.sent_as(author_id=False, email_from="odoobot@example.com"), NOTIFICATIONS)
        self.servers.transactions.clear()
        self.ask()
        self.assertFalse(self.servers.transactions, "what is known is not asked for again")

    def test_a_refusal_is_asked_for_again_hours_later(self):
        self.ask()
        self.assertEqual(self.result(NOTIFICATIONS).state, "refused")
        self.grant_send_as(NOTIFICATIONS)
        for hours, number in ((0, 1), (3, 1), (2, 2)):
            self.later(hours=hours)
            self.ask()
            self.assertEqual(len(self.servers.transactions), number)
        self.assertEqual(self.result(NOTIFICATIONS).state, "allowed")

    def test_a_server_that_is_refused_itself_is_left_in_peace(self):
        now = fields.Datetime.now()
        pause = self.env["office365.pause"].create({
            "mail_server_id": self.server.id, "cause": "bad_credentials", "since": now, "last": now, "until": now + timedelta(hours=1)})
        self.ask()
        self.assertFalse(self.servers.submission.connections)
        pause.unlink()
        self.server.smtp_pass = "wrong"
        self.ask()  # and no sign-in is no reason to stop the job
        self.assertFalse(self.env["office365.probe"].search([]))

    def test_aliases_of_the_day_only(self):
        self.grant_send_as(NOTIFICATIONS)
        self.set_alias(self.brant, BRANT)
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_alias_change SET create_date = create_date - interval '2 days'")
        self.env.invalidate_all()
        self.ask()
        self.assertFalse(self.result(BRANT))

    def test_a_change_that_asks_triggers_the_job(self):
        cron = self.env.ref("mail_office365.ir_cron_ask")
        for change in (
            lambda: self.set_alias(self.brant, BRANT),
            lambda: self.alias_domain.write({"default_from": "odoo"}),
            lambda: self.server.write({"smtp_user": "other@contoso.example"}),
            lambda: self.outgoing(),
        ):
            self.env.cr.precommit.clear()
            before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
            change()
            self.env.cr.precommit.run()
            self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before + 1)


@tagged("post_install", "-at_install")
class TestLinkMail(LinkMixin, Office365Case):
    """What became of the mail with the link, as Preferences shows it."""

    def setUp(self):
        super().setUp()
        self.servers.directory.revoke_send_as(ERP, NOTIFICATIONS)
        self.env["office365.probe"].search([]).unlink()
        self.env["ir.mail_server"]._office365_forget()

    def shown(self):
        self.env.invalidate_all()
        brant = self.brant.with_user(self.brant)
        return brant.office365_link_state, brant.office365_link_notice or ""

    def claim(self, alias=BRANT):
        self.brant.with_user(self.brant).write({"office365_alias": alias})

    def test_the_very_first_mail_of_the_standard_set_up_arrives(self):
        self.env.company.email = "info@contoso.example"
        self.claim()
        self.assertEqual(self.links().from_address, ERP)
        self.assertEqual(self.shown()[0], "sent")

    def test_refused_at_once(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S554_5_2_252_SEND_AS_DENIED)
        self.claim()
        state, notice = self.shown()
        self.assertEqual(state, "refused")
        self.assertIn("refused the email with the confirmation link", notice)
        self.assertNotIn("5.2.252", notice, "a user gets one plain sentence")

    def test_nobody_at_that_address(self):
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
        self.claim()
        self.assertEqual(self.shown()[0], "refused")
        self.assertIn("nobody receives email at this address", self.shown()[1])

    def test_waiting(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S451_4_7_850_IP_EVALUATION)
        self.claim()
        state, notice = self.shown()
        self.assertEqual(state, "waiting")
        self.assertIn("Odoo tries again on", notice)

    def test_a_delivery_report_that_comes_later(self):
        self.claim()
        self.env["office365.delivery"]._bounced(self.links().message_id, {BRANT: f"{BRANT}: unknown"})
        self.assertEqual(self.shown()[0], "refused")

    def test_a_confirmed_alias_has_no_link(self):
        self.use(self.ask())
        self.assertEqual(self.shown(), (False, ""))
        self.assertEqual(self.brant.office365_alias_exchange, "unknown")

    def test_the_states_of_a_mail(self):
        table = [
            ("outgoing", None, False, "waiting"), ("outgoing", "deferred", False, "waiting"), ("exception", "failed", False, "refused"),
            ("cancel", None, False, "refused"), (None, "sent", False, "sent"), (None, None, False, "sent"), (None, "sent", True, "refused"),
            (None, "failed", False, "refused"), ("sent", "sent", False, "sent"),
        ]
        for queued, delivered, bounced, state in table:
            with self.subTest(queued=queued, delivered=delivered, bounced=bounced):
                self.assertEqual(alias_link.mail_state(queued, delivered, bounced=bounced), state)
