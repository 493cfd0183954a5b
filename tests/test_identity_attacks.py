"""Who tries to send as somebody else, from each kind of account: by claims, values, contexts, templates."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..models.identity.office365_actor import acting_uid
from .attack_case import CEO, AttackCase
from .common import BRANT, CUSTOMER, ERP
from .test_identity_modes import NOTIFICATIONS


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
            {"office365_attempt": "x", "office365_run": {}, "office365_sending": 1, "office365_behind": {"uid": 1},
             "office365_incoming": {"author_uid": self.ceo.id}, "office365_sender_book": {CEO: True}},
        ]
        for preset in ("submission", "relay"):
            self.servers.reset()
            self.grant_send_as(CEO, NOTIFICATIONS)
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


@tagged("post_install", "-at_install")
class TestTemplates(AttackCase):
    """A template stands for others only as far as its writer may let it."""

    def test_of_whom(self):
        for user, expected in ((self.editor, CEO), (self.administrator, CEO)):
            self.servers.transactions.clear()
            template = self.template(user)
            with self.subTest(user=user.name):
                template.with_user(self.mallory).send_mail(self.record.id, force_send=True)
                self.assertEqual(self.sent().from_address, expected)
                # The last word on its From is somebody else's.
                self.servers.transactions.clear()
                template.with_user(self.mallory).sudo().email_from = f"Chief <{CEO}>"
                template.with_user(self.mallory).send_mail(self.record.id, force_send=True)
                self.assertAsMailbox()
                self.servers.transactions.clear()
                template.with_user(self.administrator).action_office365_vouch()
                template.with_user(self.mallory).send_mail(self.record.id, force_send=True)
                self.assertEqual(self.sent().from_address, CEO)

    def test_a_users_own_template(self):
        template = self.template(self.administrator).with_user(self.mallory).sudo().copy()
        self.assertTrue(template.office365_is_unvouched)
        for acting in (self.mallory, self.env.ref("base.user_root")):
            self.servers.transactions.clear()
            with self.subTest(acting=acting.login):
                template.with_user(acting).send_mail(self.record.id, force_send=True)
                self.assertAsMailbox()

    def test_other_values_than_the_templates(self):
        template = self.template(self.administrator, email_from="{{ user.email_formatted }}")
        template.with_user(self.mallory).send_mail(
            self.record.id, force_send=True,
            email_values={"email_from": f"Chief <{CEO}>", "office365_actor_uid": 1, "office365_vouch": "template"})
        self.assertAsMailbox()

    def test_the_composer_with_a_template(self):
        template = self.template(self.administrator)
        for mode in ("comment", "mass_mail"):
            for email_from, expected in ((None, CEO), (f"Brant <{BRANT}>", ERP)):
                self.servers.transactions.clear()
                with self.subTest(mode=mode, email_from=email_from):
                    composer = self.env["mail.compose.message"].with_user(self.mallory).with_context(
                        default_model="res.partner", default_res_ids=self.record.ids, default_composition_mode=mode,
                    ).create({"template_id": template.id, "partner_ids": [Command.set(self.customer.ids)], "force_send": True})
                    if email_from:
                        composer.email_from = email_from
                    composer._action_send_mail()
                    self.assertEqual(set(self.left_as()), {expected})

    def test_what_the_record_says_is_verified_all_the_same(self):
        template = self.template(self.administrator, email_from="{{ object.ref }}")
        self.record.ref = "payroll@contoso.example"
        template.with_user(self.mallory).send_mail(self.record.id, force_send=True)
        self.assertAsMailbox("unverified")

    def test_an_address_that_an_administrator_wrote(self):
        for user, expected in ((self.administrator, "noreply@contoso.example"), (self.editor, ERP)):
            self.servers.transactions.clear()
            with self.subTest(user=user.name):
                self.template(user, email_from='"Contoso" <noreply@contoso.example>').with_user(self.mallory).send_mail(
                    self.record.id, force_send=True)
                self.assertEqual(self.sent().from_address, expected)

    def test_a_message_that_is_sent_later(self):
        for email_from, expected in ((None, CEO), (f"Brant <{BRANT}>", ERP)):
            self.servers.transactions.clear()
            composer = self.env["mail.compose.message"].with_user(self.mallory).with_context(
                default_model="res.partner", default_res_ids=self.record.ids, default_composition_mode="comment",
            ).create({"template_id": self.template(self.administrator).id, "partner_ids": [Command.set(self.customer.ids)]})
            if email_from:
                composer.email_from = email_from
            composer.scheduled_date = fields.Datetime.to_string(fields.Datetime.now() + timedelta(hours=1))
            composer.action_schedule_message()
            scheduled = self.env["mail.scheduled.message"].search([], order="id desc", limit=1)
            scheduled.with_user(self.mallory).sudo().write({"office365_vouch": "administrator"})  # as a client would
            self.env.flush_all()
            self.env.cr.execute("UPDATE mail_scheduled_message SET scheduled_date = now() - interval '1 hour'")
            self.env.invalidate_all()
            self.env.cr.cache.clear()  # the cron has a cursor of its own
            with self.subTest(email_from=email_from):
                self.env["mail.scheduled.message"].with_user(1)._post_messages_cron()
                self.assertEqual(self.sent().from_address, expected)

    def test_where_every_user_is_an_editor_nobody_is(self):
        self.env["ir.config_parameter"].set_param("mail.restrict.template.rendering", False)
        group = self.env.ref("base.group_user")
        group.implied_ids |= self.env.ref("mail.group_mail_template_editor")
        self.template(self.mallory).with_user(self.mallory).send_mail(self.record.id, force_send=True)
        self.assertAsMailbox()


@tagged("post_install", "-at_install")
class TestSharedSenders(AttackCase):

    def test_everyone_or_a_group(self):
        group = self.env.ref("base.group_partner_manager")
        clerk = new_test_user(self.env, "o365.clerk", name="Clerk", email="clerk@private.example", groups="base.group_user")
        sender = self.env["office365.shared.sender"].create({"mail_server_id": self.server.id, "address": "NoReply@contoso.example"})
        for group_id, user, expected in (
                (False, clerk, sender.address), (group.id, self.mallory, sender.address), (group.id, clerk, ERP)):
            self.servers.transactions.clear()
            sender.group_id = group_id
            with self.subTest(group=group_id, user=user.name):
                self.record.with_user(user).sudo().message_post(
                    body="x", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids,
                    email_from="Contoso <noreply@contoso.example>")
                self.assertEqual(self.sent().from_address, expected)
        sender.unlink()
        self.servers.transactions.clear()
        self.post(self.mallory, email_from="Contoso <noreply@contoso.example>")
        self.assertAsMailbox("unverified")

    def test_a_users_address_is_not_shared(self):
        for address in (CEO, BRANT):
            with self.subTest(address=address), self.assertRaises(ValidationError) as caught:
                self.env["office365.shared.sender"].create({"mail_server_id": self.server.id, "address": address})
            self.assertIn("cannot be shared", str(caught.exception))
        with self.assertRaises(ValidationError):
            self.env["office365.shared.sender"].create({"mail_server_id": self.server.id, "address": f"Chief <{CEO}>"})
        self.server.from_filter = f"contoso.example,{CEO}"
        self.post(self.mallory, email_from=f"Chief <{CEO}>")
        self.assertAsMailbox()

    def test_only_administrators_list_them(self):
        for user in (self.mallory, self.portal, self.editor):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self.env["office365.shared.sender"].with_user(user).create(
                    {"mail_server_id": self.server.id, "address": "noreply@contoso.example"})
