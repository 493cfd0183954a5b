"""Sender identity over real sockets: every mode, and every path that sends."""

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import BRANT, CUSTOMER, ERP
from .sender_case import NOTIFICATIONS, SenderCase
from .sign_in import SignInMixin


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
