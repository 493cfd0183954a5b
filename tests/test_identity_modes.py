"""Sender identity over real sockets: every mode, every path that sends, and every way around it that we know of."""

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import BRANT, CUSTOMER, ERP, INFO, Office365Case
from .sign_in import SignInMixin

NOTIFICATIONS = "notifications@contoso.example"


class SenderCase(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mallory = new_test_user(
            cls.env, "o365.mallory", name="Mallory", email="mallory@private.example",
            groups="base.group_user,base.group_partner_manager")
        cls.portal = new_test_user(cls.env, "o365.portal", name="Paula", email="paula@private.example", groups="base.group_portal")
        cls.record = cls.env["res.partner"].create({"name": "Deal", "user_id": cls.brant.id, "email": CUSTOMER})

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)
        self.allow_send_as(NOTIFICATIONS)

    def post(self, user, **values):
        """Post on the record as a user, to the customer."""
        return self.record.with_user(user).message_post(**{
            "body": "Hello", "message_type": "comment", "subtype_xmlid": "mail.mt_comment",
            "partner_ids": self.customer.ids, **values})

    def delivery(self):
        """Return the record of what left for outside."""
        return self.env["office365.delivery"].search([("message_id", "=", self.sent().message_id)], limit=1)


@tagged("post_install", "-at_install")
class TestModes(SignInMixin, SenderCase):

    def app_for(self, *mailboxes):
        """Return an app that signs in as itself, and may open these mailboxes beside the one of the ERP."""
        self.entra.app.full_access.update(mailboxes)
        return self.app()

    def test_on_behalf_names_the_mailbox_as_sender(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.servers.directory.account(ERP).send_on_behalf.add(BRANT)
        self.outgoing(office365_sender_mode="on_behalf")
        self.post(self.brant)
        sent = self.sent()
        self.assertEqual((sent.from_address, sent.message["Sender"], sent.envelope_from), (BRANT, ERP, ERP))

    def test_mailbox_keeps_the_name_and_needs_no_permission(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.outgoing(office365_sender_mode="mailbox")
        self.mail(reply_to=False).send()
        sent = self.sent()
        self.assertEqual(sent.message["From"], f"Brant Wadsworth <{ERP}>")
        self.assertEqual(sent.envelope_from, ERP)
        self.assertIn(BRANT, sent.message["Reply-To"])

    def test_as_sender_signs_in_as_the_alias(self):
        """By the token of an app that may open all mailboxes."""
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.outgoing(app=self.app_for(BRANT), office365_sender_mode="as_sender")
        self.post(self.brant)
        sent = self.sent()
        self.assertEqual((sent.login, sent.from_address, sent.envelope_from), (BRANT, BRANT, BRANT))

    def test_as_sender_changes_the_login_when_a_message_of_the_session_wants_another(self):
        self.outgoing(app=self.app_for(BRANT), office365_sender_mode="as_sender", office365_strict_author=True)
        self.post(self.mallory, email_from=self.brant.email_formatted)
        sent = self.sent()
        self.assertEqual((sent.login, sent.from_address, sent.envelope_from), (ERP, ERP, ERP))

    def test_as_sender_is_refused_with_a_password(self):
        with self.assertRaisesRegex(ValidationError, "Choose another mode in the field Sender Shown to Recipients"):
            self.outgoing(office365_sender_mode="as_sender")

    def test_high_volume_email_is_always_from_its_account(self):
        self.outgoing("hve")
        self.post(self.brant)
        self.assertEqual(self.sent().from_address, ERP)

    def test_headers_that_are_not_about_the_sender_stay_as_core_made_them(self):
        expected = {}
        for mode in ("send_as", "on_behalf", "mailbox"):
            self.servers.reset()
            self.allow_send_as(NOTIFICATIONS)
            server = self.outgoing(office365_sender_mode=mode)
            self.mail(
                headers=repr({"X-Odoo-Objects": "res.partner-1", "Return-Path": "bounce@contoso.example"}),
                message_id="<mine@contoso.example>", references="<earlier@fabrikam.example>",
                reply_to="catchall@contoso.example",
            ).send()
            message = self.sent().message
            found = {name: message[name] for name in (
                "Message-Id", "References", "Reply-To", "Return-Path", "X-Odoo-Objects", "Subject", "To")}
            with self.subTest(mode=mode):
                self.assertEqual(found, expected or found)
                self.assertEqual(found["Message-Id"], "<mine@contoso.example>")
                self.assertEqual(found["References"], "<earlier@fabrikam.example>")
                self.assertEqual(found["X-Odoo-Objects"], "res.partner-1")
                self.assertEqual(found["Return-Path"], "bounce@contoso.example")
                self.assertIn("catchall@contoso.example", found["Reply-To"])
            expected = found
            server.unlink()


@tagged("post_install", "-at_install")
class TestPaths(SenderCase):
    """Whatever sends, mail of a user with an alias is from the alias."""

    def setUp(self):
        super().setUp()
        self.outgoing()

    def assertSentAsBrant(self):  # noqa: N802
        sent = self.sent()
        self.assertEqual((sent.from_address, sent.envelope_from), (BRANT, ERP))

    def test_composer(self):
        composer = self.env["mail.compose.message"].with_user(self.brant).with_context(
            default_model="res.partner", default_res_ids=self.record.ids,
        ).create({"body": "Hello", "subject": "Offer", "partner_ids": [Command.set(self.customer.ids)]})
        composer._action_send_mail()
        self.assertSentAsBrant()

    def test_notification_to_followers(self):
        self.record.message_subscribe(self.customer.ids)
        self.post(self.brant, partner_ids=[])
        self.assertSentAsBrant()

    def test_scheduled_message(self):
        scheduled = self.env["mail.scheduled.message"].with_user(self.brant).create({
            "model": "res.partner", "res_id": self.record.id, "body": "Later", "subject": "Offer",
            "author_id": self.brant.partner_id.id, "partner_ids": [Command.set(self.customer.ids)],
            "scheduled_date": "2040-01-01 00:00:00",
        })
        scheduled.post_message()
        self.assertSentAsBrant()

    def test_server_action_with_a_template(self):
        template = self.env["mail.template"].create({
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer",
            "email_from": "{{ object.user_id.email_formatted }}", "email_to": CUSTOMER, "body_html": "<p>Hi</p>",
        })
        action = self.env["ir.actions.server"].create({
            "name": "Send", "model_id": self.env["ir.model"]._get_id("res.partner"), "state": "mail_post",
            "mail_post_method": "email", "template_id": template.id,
        })
        action.with_context(active_model="res.partner", active_id=self.record.id, active_ids=self.record.ids).run()
        self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        self.assertSentAsBrant()

    def test_template_of_the_responsible_sent_by_somebody_else(self):
        template = self.env["mail.template"].create({
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer",
            "email_from": "{{ object.user_id.email_formatted }}", "email_to": CUSTOMER, "body_html": "<p>Hi</p>",
        })
        template.with_user(self.mallory).send_mail(self.record.id, force_send=True)
        self.assertSentAsBrant()
        self.assertRecordValues(self.delivery(), [{"user_id": self.mallory.id, "sender_reason": False, "state": "sent"}])

    def test_mass_mail_from_the_composer(self):
        records = self.env["res.partner"].create([
            {"name": "A", "email": "a@fabrikam.example"}, {"name": "B", "email": "b@fabrikam.example"}])
        composer = self.env["mail.compose.message"].with_user(self.brant).with_context(
            default_model="res.partner", default_res_ids=records.ids, default_composition_mode="mass_mail",
        ).create({"body": "News", "subject": "News", "force_send": True})
        composer._action_send_mail()
        self.assertEqual({sent.from_address for sent in self.sent(2)}, {BRANT})

    def test_password_reset_is_cores(self):
        """Odoo's own mail: from the company, as core has it."""
        self.env.company.email = "info@contoso.example"
        self.mallory.email = CUSTOMER
        self.mallory.with_context(create_user=False).sudo().action_reset_password()
        self.assertIn(self.sent().from_address, (NOTIFICATIONS, "info@contoso.example"))

    def test_several_alias_domains(self):
        self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.servers.directory.accepted_domains.add("fourthcoffee.example")
        self.grant_send_as("brant@fourthcoffee.example")
        self.set_alias(self.brant, "brant@fourthcoffee.example")
        self.post(self.brant)
        self.assertEqual(self.sent().from_address, "brant@fourthcoffee.example")

    def test_several_companies_share_the_users_alias(self):
        domain = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        company = self.env["res.company"].create({"name": "Fourth Coffee", "alias_domain_id": domain.id})
        self.brant.company_ids |= company
        record = self.record.copy({"company_id": company.id})
        record.with_user(self.brant).with_company(company).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
        sent = self.sent()
        self.assertEqual(sent.from_address, BRANT)
        self.assertIn("fourthcoffee.example", sent.message["Reply-To"])

    def test_mail_of_odoobot_is_as_core_has_it(self):
        self.record.with_user(self.env.ref("base.user_root")).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
        self.assertEqual(self.sent().from_address, NOTIFICATIONS)


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
