"""Sender identity over real sockets: every way around it that we know of."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import BRANT, ERP, INFO
from .sender_case import SenderCase


@tagged("post_install", "-at_install")
class TestTrust(SenderCase):
    """An address of an allowed domain is used as From only if somebody entitled to it vouched for it."""

    def setUp(self):
        super().setUp()
        # Exchange would let the mailbox send as all of these: only the addon stands in between.
        self.victim = "ceo@contoso.example"
        self.grant_send_as(self.victim, INFO, BRANT)
        self.server = self.outgoing(from_filter="contoso.example")

    def assertLeftAsMailbox(self, reason="unverified"):  # noqa: N802
        sent = self.sent()
        self.assertEqual((sent.from_address, sent.envelope_from), (ERP, ERP))
        self.assertNotIn(self.victim, str(sent.message["Reply-To"]))
        delivery = self.delivery()
        self.assertEqual(delivery.sender_reason, reason)
        return delivery

    def test_a_user_who_changes_his_own_email(self):
        self.mallory.with_user(self.mallory).write({"email": self.victim})
        self.post(self.mallory)
        self.assertLeftAsMailbox()

    def test_a_user_who_changes_the_email_of_his_own_contact(self):
        self.mallory.partner_id.with_user(self.mallory).write({"email": self.victim})
        self.post(self.mallory)
        self.assertLeftAsMailbox()

    def test_a_portal_user_who_changes_his_own_email(self):
        self.portal.partner_id.with_user(self.portal).sudo().write({"email": self.victim})
        self.mail(email_from=f"Paula <{self.victim}>").send()
        self.assertLeftAsMailbox()

    def test_a_portal_users_address_is_not_trusted_even_from_an_administrator(self):
        self.portal.email = self.victim
        self.mail(email_from=f"Paula <{self.victim}>").send()
        self.assertLeftAsMailbox()

    def test_an_address_named_in_message_post(self):
        self.post(self.mallory, email_from=f"The boss <{self.victim}>")
        delivery = self.assertLeftAsMailbox()
        self.assertEqual(delivery.user_id, self.mallory)
        message = self.env["mail.message"].search([("message_id", "=", delivery.message_id)])
        self.assertIn("is not verified", message.office365_sender_note)
        self.assertIn(self.victim, message.office365_sender_note)

    def test_a_contact_made_with_the_address_as_author(self):
        boss = self.env["res.partner"].with_user(self.mallory).create({"name": "Boss", "email": self.victim})
        self.post(self.mallory, author_id=boss.id, email_from=boss.email_formatted)
        self.assertLeftAsMailbox()

    def test_the_contact_of_the_company(self):
        self.env.company.partner_id.with_user(self.mallory).write({"email": self.victim})
        self.post(self.mallory, email_from=f"Contoso <{self.victim}>")
        self.assertLeftAsMailbox()

    def test_a_mail_alias_made_by_a_user(self):
        self.env["mail.alias"].with_user(self.mallory).sudo().create({
            "alias_name": "ceo", "alias_domain_id": self.alias_domain.id,
            "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        self.post(self.mallory, email_from=f"Boss <{self.victim}>")
        self.assertLeftAsMailbox()

    def test_a_name_that_looks_like_the_address(self):
        self.post(self.mallory, email_from=f'"{self.victim}" <mallory@private.example>')
        self.assertNotIn(self.victim, self.sent().header_from)

    def test_a_header_injected_through_the_from(self):
        self.mail(email_from=f"Mallory <mallory@private.example>\r\nFrom: {self.victim}").send()
        for sent in self.servers.transactions:
            self.assertNotIn(self.victim, sent.header_from)
            self.assertEqual(len(sent.message.get_all("From")), 1)

    def test_a_pending_alias_and_nobody_elses(self):
        self.mallory.with_user(self.mallory).write({"office365_alias": self.victim})
        self.servers.transactions.clear()  # the link to the address, if one was sent
        self.post(self.mallory, email_from=f"Mallory <{self.victim}>")
        self.assertEqual(self.servers.accepted[-1].from_address, ERP)

    def test_the_trust_fields_are_out_of_reach(self):
        writes = [
            (self.mallory.partner_id, {"office365_verified_email": self.victim}),
            (self.mallory, {"office365_verified_email": self.victim}),
            (self.mallory, {"office365_alias_confirmed": self.victim}),
        ]
        for record, values in writes:
            with self.subTest(values=values), self.assertRaises(AccessError):
                record.with_user(self.mallory).write(values)
            with self.subTest(values=values), self.assertRaises(AccessError):
                record.with_user(self.mallory).read(list(values))

    def test_what_an_administrator_set_is_trusted(self):
        self.grant_send_as("anna@contoso.example")
        anna = new_test_user(
            self.env(user=self.env.ref("base.user_admin")), "o365.anna", name="Anna", email="anna@contoso.example",
            groups="base.group_user,base.group_partner_manager")
        self.servers.transactions.clear()
        self.post(anna)
        self.assertEqual(self.servers.accepted[-1].from_address, "anna@contoso.example")
        self.env.company.email = INFO
        self.post(self.mallory, email_from=f"Contoso <{INFO}>")
        self.assertEqual(self.servers.accepted[-1].from_address, INFO)

    def test_addresses_were_trusted_as_they_stood_at_installation(self):
        self.mallory.partner_id.sudo().office365_verified_email = False
        self.mallory.partner_id.with_user(self.mallory).write({"email": self.victim})
        self.env.flush_all()
        from ..hooks import trust_what_is_there
        trust_what_is_there(self.env)
        self.post(self.mallory)
        self.assertEqual(self.sent().from_address, self.victim)

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_relay_without_an_address_of_its_own_sends_nothing_unverified(self):
        self.trust_this_host()
        self.server.active = False
        self.outgoing("relay", from_filter="contoso.example")
        self.env.company.alias_domain_id = False
        mail = self.mail(email_from=f"Boss <{self.victim}>", auto_delete=False)
        mail.send()
        self.sent(0)
        self.assertEqual(mail.state, "exception")
        self.assertIn("may not leave as", mail.failure_reason)
        self.mallory.with_user(self.mallory).write({"email": self.victim})
        line = self._line_of(self.mallory)
        self.assertRecordValues(line, [{"why": "refused", "email_from": "", "address": ""}])

    def _line_of(self, user):
        """Return what the Sender Overview says of a user."""
        domain = self.env["office365.sender"].action_open()["domain"]
        return self.env["office365.sender"].search(domain).filtered(lambda line: line.user_id == user)

    def test_strict_author_lets_nobody_send_as_another(self):
        self.server.office365_strict_author = True
        self.post(self.mallory, email_from=self.brant.email_formatted)
        self.assertLeftAsMailbox("other_author")

    def test_strict_author_lets_everybody_send_as_himself(self):
        self.server.office365_strict_author = True
        self.post(self.brant)
        self.assertEqual(self.sent().from_address, BRANT)

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_refusal_is_kept_with_exchanges_words(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.post(self.brant)
        delivery = self.env["office365.delivery"].search([("state", "=", "failed")])
        self.assertEqual(len(delivery), 1)
        self.assertIn("554 5.2.252 SendAsDenied", delivery.reply)
        self.assertEqual(delivery.cause, "send_as_denied")
