"""Somebody says that another's address is theirs."""


from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import new_test_user, tagged

from .attack_case import CEO, AttackCase
from .common import BRANT, CUSTOMER, ERP
from .sender_case import NOTIFICATIONS


@tagged("post_install", "-at_install")
class TestClaims(AttackCase):
    """What somebody says is theirs gives them nothing, and takes nothing from its holder."""

    def claim(self, user, address):
        """Let a user's own e-mail be another's address, past the check that refuses it."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET email = %s, email_normalized = %s WHERE id = %s", [address, address, user.partner_id.id])
        self.env.invalidate_all()

    def test_a_users_own_email_cannot_be_anothers(self):
        self.ceo.login = "Clara_C@contoso.example"
        taken = (CEO, f"Chief <{CEO.upper()}>", BRANT, "clara_c@contoso.example")
        for user in (self.mallory, self.portal, self.editor):
            for address in taken:
                with self.subTest(user=user.name, address=address), self.assertRaises(ValidationError):
                    user.with_user(user).write({"email": address})
                with self.subTest(user=user.name, address=address, of="contact"), self.assertRaises(ValidationError):
                    user.partner_id.with_user(user).sudo().write({"email": address})
        self.mallory.with_user(self.mallory).write({"email": "clarasc@contoso.example"})  # no pattern
        self.administrator.partner_id.with_user(self.administrator).write({"email": "new@private.example"})
        contact = self.env["res.partner"].with_user(self.mallory).create({"name": "Chief", "email": CEO})
        self.assertEqual(contact.email, CEO, "a contact that is no user's may have it")

    def test_a_claim_of_a_verified_email(self):
        for user in (self.mallory, self.portal):
            self.servers.transactions.clear()
            self.claim(user, CEO)
            with self.subTest(user=user.name):
                self.mail(email_from=user.email_formatted, author_id=user.partner_id.id)
                self.record.with_user(user).sudo().message_post(
                    body="Pay", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
                self.assertAsMailbox()

    def test_a_claim_of_an_alias_and_of_the_email_that_leads_to_it(self):
        for address in (BRANT, "brant@private.example"):
            for user in (self.mallory, self.portal):
                self.servers.transactions.clear()
                self.claim(user, address)
                with self.subTest(user=user.name, address=address):
                    self.record.with_user(user).sudo().message_post(
                        body="Pay", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
                    self.assertAsMailbox()
                    self.servers.transactions.clear()
                    self.post(self.brant)
                    self.assertEqual(self.sent().from_address, BRANT, "it is still his")

    def test_an_email_of_two_addresses(self):
        for user in (self.mallory, self.portal):
            with self.subTest(user=user.name), self.assertRaises(ValidationError):
                user.with_user(user).write({"email": f"{CEO}, x@private.example"})

    def test_the_contact_of_a_deleted_user(self):
        boss = new_test_user(self.env, "o365.boss", name="Boss", email="boss@contoso.example", groups="base.group_user")
        partner = boss.partner_id
        boss.unlink()
        self.grant_send_as("boss@contoso.example")
        self.mallory.with_user(self.mallory).write({"email": "boss@contoso.example"})
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(self.mallory).with_context(
            active_model="res.partner", active_ids=[partner.id, self.mallory.partner_id.id]).create({})
        wizard.dst_partner_id = partner
        wizard.sudo().action_merge()  # as her: Odoo's website lets only those merge who may see its visitors
        self.env.invalidate_all()
        self.assertEqual(self.mallory.partner_id, partner)
        self.post(self.mallory)
        self.assertAsMailbox("unverified")

    def test_the_answer_of_somebody_who_is_away(self):
        """Odoo sends it by itself, with the From that the user calls their own."""
        self.env["office365.shared.sender"].create({
            "mail_server_id": self.server.id, "address": "invoices@contoso.example", "group_id": self.env.ref("base.group_system").id})
        self.grant_send_as("invoices@contoso.example")
        for user, email in ((self.mallory, "invoices@contoso.example"), (self.mallory, CEO), (self.mallory, BRANT),
                            (self.mallory, "brant@private.example"), (self.ceo, CEO)):
            self.servers.transactions.clear()
            self.env["mail.message"].search([("message_type", "=", "out_of_office")]).unlink()
            self.claim(user, email)
            user.with_user(user).write({
                "out_of_office_from": "2020-01-01", "out_of_office_to": "2099-01-01", "out_of_office_message": "<p>Pay</p>"})
            with self.subTest(user=user.name, email=email):
                self.record.with_user(self.portal).sudo().message_post(
                    body="?", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=user.partner_id.ids)
                expected = CEO if user == self.ceo else ERP
                self.assertIn(expected, self.left_as(to="paula@private.example"))
                self.assertEqual({expected, ERP}, {expected, ERP, *self.left_as(to="paula@private.example")})

    def test_a_portal_user_turns_the_notice_of_a_changed_email_into_a_mail_of_the_chief(self):
        self.claim(self.portal, CEO)
        self.env.company.email = False
        self.portal.with_user(self.portal)._notify_security_setting_update("Paid?", "Pay", force_email=CUSTOMER)
        self.assertEqual(self.left_as(), [ERP])

    def test_an_archived_user_and_one_turned_portal_hold_nothing(self):
        self.brant.active = False
        self.mail().send()
        self.assertEqual(self.sent().from_address, NOTIFICATIONS)
        self.servers.transactions.clear()
        self.brant.active = True
        self.brant.write({"group_ids": [Command.set([self.env.ref("base.group_portal").id])]})
        self.mail(email_from=f"Brant <{BRANT}>").send()
        self.assertEqual(self.sent().from_address, ERP)

    def test_an_alias_whose_domain_is_not_allowed_any_more(self):
        self.servers.directory.accepted_domains.add("left.example")
        self.env["mail.alias.domain"].create({"name": "left.example"})
        self.set_alias(self.brant, "brant@left.example")
        self.env["mail.alias.domain"].search([("name", "=", "left.example")]).unlink()
        self.post(self.brant)
        self.assertEqual(self.sent().from_address, NOTIFICATIONS)

    def test_mail_aliases_that_users_named_gain_nothing_by_the_first_alias_domain(self):
        self.env["mail.alias.domain"].search([]).unlink()
        alias = self.env["mail.alias"].with_user(self.mallory).sudo().create({
            "alias_name": "payroll", "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        self.env["mail.alias.domain"].with_user(self.administrator).create({"name": "contoso.example"})
        self.assertEqual(alias.alias_full_name, "payroll@contoso.example")
        self.post(self.mallory, email_from="Payroll <payroll@contoso.example>")
        self.assertAsMailbox("unverified")

    def test_two_users_with_one_verified_address_both_send_as_it(self):
        for user in (self.mallory, self.editor):
            user.email = "payroll@contoso.example"
        self.post(self.mallory)
        self.assertEqual(self.sent().from_address, "payroll@contoso.example")
        self.servers.transactions.clear()
        self.post(self.brant, email_from="Payroll <payroll@contoso.example>")
        self.assertAsMailbox()
