"""What templates and shared senders let others send as."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from .attack_case import CEO, AttackCase
from .common import BRANT, ERP


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
