"""Who tries to send as somebody else, from each kind of account: by the values of a message, by contexts, as OdooBot."""

from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.identity.office365_actor import acting_uid
from .attack_case import CEO, AttackCase
from .common import BRANT, CUSTOMER, ERP
from .sender_case import NOTIFICATIONS


@tagged("post_install", "-at_install")
class TestActors(AttackCase):
    """From is another's: who acts decides, as the server noted it."""

    def test_values_of_a_message(self):
        ways = {
            "email_from": {"email_from": f"Chief <{CEO}>"},
            "author_id": {"author_id": self.ceo.partner_id.id},
            "both, and a Reply-To": {
                "author_id": self.ceo.partner_id.id, "email_from": f"Chief <{CEO}>", "reply_to": "mallory@private.example"},
        }
        for user in (self.mallory, self.editor, self.portal):
            for title, values in ways.items():
                self.servers.transactions.clear()
                with self.subTest(title, user=user.name):
                    self.record.with_user(user).sudo().message_post(
                        body="Pay", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids, **values)
                    self.assertAsMailbox()

    def test_message_notify(self):
        self.record.with_user(self.mallory).message_notify(
            body="Pay", subject="Pay", partner_ids=self.customer.ids, author_id=self.ceo.partner_id.id, email_from=f"Chief <{CEO}>")
        self.assertAsMailbox()

    def test_the_composer(self):
        for mode in ("comment", "mass_mail"):
            self.servers.transactions.clear()
            with self.subTest(mode=mode):
                composer = self.env["mail.compose.message"].with_user(self.mallory).with_context(
                    default_model="res.partner", default_res_ids=self.record.ids, default_composition_mode=mode,
                ).create({
                    "body": "Pay", "subject": "Pay", "email_from": f"Chief <{CEO}>", "author_id": self.ceo.partner_id.id,
                    "partner_ids": [Command.set(self.customer.ids)], "force_send": True})
                composer._action_send_mail()
                self.assertEqual(set(self.left_as()), {ERP})

    def test_who_is_entitled_is_not_hindered(self):
        self.post(self.administrator, email_from=self.ceo.email_formatted)
        self.assertEqual(self.sent().from_address, CEO, "Settings implies Send as others")
        self.servers.transactions.clear()
        self.mallory.group_ids |= self.env.ref("mail_office365.group_send_as_others")
        self.post(self.mallory, email_from=self.ceo.email_formatted)
        self.assertEqual(self.sent().from_address, CEO)
        self.servers.transactions.clear()
        self.mallory.group_ids -= self.env.ref("mail_office365.group_send_as_others")
        mail = self.mail(auto_delete=False)
        mail.mail_message_id.with_user(self.mallory).sudo().email_from = self.ceo.email_formatted
        mail.send()
        self.assertAsMailbox()

    def test_a_right_is_looked_at_when_the_mail_leaves(self):
        self.mallory.group_ids |= self.env.ref("mail_office365.group_send_as_others")
        mail = self.env["mail.mail"].with_user(self.mallory).sudo().create({
            "subject": "Pay", "body_html": "Pay", "email_to": CUSTOMER, "email_from": self.ceo.email_formatted})
        self.mallory.group_ids -= self.env.ref("mail_office365.group_send_as_others")
        mail.send()
        self.assertAsMailbox()

    def test_a_message_id_of_another_message(self):
        for raises in (False, True):
            self.servers.transactions.clear()
            genuine = self.env["mail.mail"].with_user(self.ceo).sudo().create({
                "subject": "Genuine", "body_html": "x", "email_to": "kim@fabrikam.example", "email_from": self.ceo.email_formatted})
            forged = self.env["mail.mail"].with_user(self.mallory).sudo().create({
                "subject": "Forged", "body_html": "x", "email_to": CUSTOMER, "email_from": self.ceo.email_formatted,
                "message_id": genuine.message_id})
            (genuine + forged).send(raise_exception=raises)
            with self.subTest(raises=raises):
                self.assertEqual((self.left_as(to="kim@fabrikam.example"), self.left_as()), ([CEO], [ERP]))

    def test_what_is_sent_while_a_mail_is_sent_has_none_of_its_rights(self):
        """A mail of the chief's is on its way, and a module sends a message of a user's within it."""
        genuine = self.env["mail.mail"].with_user(self.ceo).sudo().create({
            "subject": "Genuine", "body_html": "x", "email_to": "kim@fabrikam.example", "email_from": self.ceo.email_formatted})
        MailMail, original, env = self.registry["mail.mail"], self.registry["mail.mail"]._prepare_outgoing_list, self.env(user=self.mallory)
        for raises in (False, True):
            self.servers.transactions.clear()
            genuine.state = "outgoing"

            def send_too(mail, *args, env=env, **kwargs):
                server = mail.env["ir.mail_server"].with_user(env.user).sudo()
                message = server._build_email__(f"Chief <{CEO}>", [CUSTOMER], "Forged", "x", subtype="plain")
                server.send_email(message, mail_server_id=self.server.id)
                return original(mail, *args, **kwargs)

            with self.subTest(raises=raises), patch.object(MailMail, "_prepare_outgoing_list", send_too):
                genuine.with_context(mail_notify_force_send=False).send(raise_exception=raises)
                self.assertEqual((self.left_as(to="kim@fabrikam.example"), self.left_as()), ([CEO], [ERP]))
            genuine = genuine.exists() or self.env["mail.mail"].with_user(self.ceo).sudo().create({
                "subject": "Genuine", "body_html": "x", "email_to": "kim@fabrikam.example", "email_from": self.ceo.email_formatted})

    def test_a_message_of_somebody_else_sent_with_another_body(self):
        genuine = self.post(self.ceo)
        template, forged = self.template(self.administrator), {
            "email_from": genuine.email_from, "body_html": "<p>Pay</p>", "subject": "Pay", "email_to": CUSTOMER}
        own = self.env["res.partner"].with_user(self.mallory).create({"name": "Own", "email": CUSTOMER, "user_id": self.mallory.id})
        for strict in (False, True):
            self.server.office365_strict_author = strict
            for context, values in (({}, {"mail_message_id": genuine.id}), ({"default_mail_message_id": genuine.id}, {})):
                self.servers.transactions.clear()
                with self.subTest(strict=strict, context=context):
                    template.with_user(self.mallory).with_context(**context).send_mail(
                        own.id, force_send=True, email_values={**forged, **values})
                    self.assertEqual(set(self.left_as()), {ERP})
            self.servers.transactions.clear()
            with self.subTest("composer", strict=strict):
                self.env["mail.compose.message"].with_user(self.mallory).with_context(
                    default_model="res.partner", default_res_ids=own.ids, default_composition_mode="mass_mail",
                    default_mail_message_id=genuine.id,
                ).create({"body": "Pay", "subject": "Pay", "email_from": genuine.email_from, "force_send": True})._action_send_mail()
                self.assertEqual(set(self.left_as()), {ERP})

    def test_strict_is_not_passed_by_a_message_id(self):
        self.server.office365_strict_author = True
        genuine = self.env["mail.mail"].with_user(self.ceo).sudo().create({
            "subject": "x", "body_html": "x", "email_to": "kim@fabrikam.example", "email_from": self.ceo.email_formatted})
        forged = self.env["mail.mail"].with_user(self.administrator).sudo().create({
            "subject": "x", "body_html": "x", "email_to": CUSTOMER, "email_from": self.ceo.email_formatted,
            "message_id": genuine.message_id})
        (genuine + forged).send()
        self.assertEqual((self.left_as(to="kim@fabrikam.example"), self.left_as()), ([CEO], [ERP]))

    def test_why_it_is_not_the_authors_address_is_for_colleagues(self):
        self.record.with_user(self.portal).sudo().message_post(
            body="Pay", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids, email_from=f"Chief <{CEO}>")
        message = self.delivery().mail_message_id
        self.assertIn("belongs to someone other", message.with_user(self.administrator).sudo(False).office365_sender_note)
        with self.assertRaises(AccessError):
            message.with_user(self.portal).read(["office365_sender_note"])

    def test_nobody_writes_who_acts(self):
        values = {"office365_actor_uid": 1, "office365_vouch": "administrator"}
        message = self.env["mail.message"].with_user(self.mallory).create({
            "body": "x", "model": "res.partner", "res_id": self.record.id, "email_from": f"Chief <{CEO}>", **values})
        message.sudo().write(values)
        context = {f"default_{name}": value for name, value in values.items()}
        mail = self.env["mail.mail"].with_user(self.mallory).sudo().with_context(**context).create({
            "subject": "x", "body_html": "x", "email_to": CUSTOMER, "email_from": f"Chief <{CEO}>", **values})
        for made in (message, mail.mail_message_id):
            self.assertEqual((made.sudo().office365_actor_uid, made.sudo().office365_vouch), (self.mallory.id, False))
        mail.send()
        self.assertAsMailbox()

    def test_a_callers_context(self):
        contexts = [
            {"domain_notifications_email": CEO, "domain_bounce_address": CEO},
            {"office365_sending": {"run": {}, "mail_id": 1, "book": {CEO: True}}, "office365_behind": {"uid": 1},
             "office365_incoming": {"author_uid": self.ceo.id}},
        ]
        for preset in ("submission", "relay"):
            self.servers.reset()
            self.allow_send_as(CEO, NOTIFICATIONS)
            self.trust_this_host()
            self.server.active = False
            self.server = self.outgoing(preset, from_filter="contoso.example", office365_rate_limit=0)
            for context in contexts:
                self.servers.transactions.clear()
                with self.subTest(preset=preset, context=context):
                    self.env["mail.mail"].with_user(self.mallory).sudo().with_context(**context).create({
                        "subject": "x", "body_html": "x", "email_to": CUSTOMER, "email_from": "Mallory <mallory@private.example>",
                        "record_alias_domain_id": False, "headers": repr({"Return-Path": CEO})}).send()
                    sent = self.sent()
                    self.assertNotIn(CEO, (sent.from_address, sent.envelope_from))
                    self.assertEqual(len(self.env["office365.delivery"].search([("message_id", "=", sent.message_id)])), 1)

    def test_a_callers_context_is_kept_for_nobody(self):
        self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        IrMailServer = self.env["ir.mail_server"]
        self.outgoing(from_filter="gone.example", active=False)
        IrMailServer.with_context(active_test=False)._office365_own()
        self.assertNotIn("gone.example", IrMailServer._office365_own().domains)

    def test_as_sender_does_not_sign_in_to_anothers_mailbox(self):
        self.server.office365_sender_mode = "send_as"
        server = self.server.with_user(self.mallory).sudo()
        server.office365_strict_author = False
        self.env.flush_all()
        self.env.cr.execute("UPDATE ir_mail_server SET office365_sender_mode = 'as_sender' WHERE id = %s", [server.id])
        server.invalidate_recordset()
        login = server._office365_login_for(f"Clara <{BRANT}>")
        self.assertEqual(login, ERP)
        self.assertEqual(self.server.with_user(self.brant).sudo()._office365_login_for(f"Brant <{BRANT}>"), BRANT)

    def test_who_is_behind_odoobot(self):
        self.assertEqual(acting_uid(self.env(user=self.mallory.id)), self.mallory.id)
        self.assertEqual(acting_uid(self.env(user=self.mallory.id, su=True)), self.mallory.id)
        self.assertEqual(acting_uid(self.env(user=1)), 1, "nobody")
        began = self.env.transaction.default_env
        try:
            self.env.transaction.default_env = self.env(user=self.mallory.id)
            self.assertEqual(acting_uid(self.env(user=1)), self.mallory.id, "his request")
        finally:
            self.env.transaction.default_env = began
