from unittest.mock import patch

from odoo.addons.mail.tools.discuss import Store
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged

from .common import BRANT, CUSTOMER, ERP, INFO, Office365Case

FROM_BRANT = f'"Brant Wadsworth" <{BRANT}>'


@tagged("post_install", "-at_install")
class TestOutgoingFlow(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mallory = new_test_user(cls.env, "o365.mallory", name="Mallory", email="mallory@private.example")

    def test_mail_of_a_user_shows_the_person_not_the_mailbox(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        record = self.env["res.partner"].create({"name": "Deal"})
        record.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
        sent = self.sent()
        self.assertEqual(sent.login, ERP)
        self.assertEqual(sent.envelope_from, ERP)
        self.assertEqual(sent.header_from.replace('"', ""), FROM_BRANT.replace('"', ""))
        self.assertEqual(sent.recipients, [CUSTOMER])
        self.assertIn("catchall@contoso.example", sent.message["Reply-To"])
        delivered = self.servers.mailbox(CUSTOMER).messages()
        self.assertEqual([message["Message-ID"] for message in delivered], [sent.message_id])

    def test_the_stored_message_keeps_the_users_own_address(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        mail = self.mail(auto_delete=False)
        mail.send()
        self.sent()
        self.assertIn("brant@private.example", mail.email_from)
        self.assertEqual(mail.state, "sent")

    def test_a_display_name_in_any_script_is_kept(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        for name in ("Jürgen Müller", "山田太郎", 'Anne "Annie" O\'Neil, PhD', "x" * 120):
            self.servers.reset()
            self.brant.name = name
            self.mail(email_from=self.brant.email_formatted).send()
            with self.subTest(name=name):
                header = self.sent().message["From"]
                self.assertEqual([(a.display_name, a.addr_spec) for a in header.addresses], [(name, BRANT)])

    def test_a_pending_alias_changes_nothing(self):
        self.outgoing()
        self.allow_send_as("notifications@contoso.example")
        self.brant.with_user(self.brant).write({"office365_alias": BRANT})
        self.mail().send()
        self.assertNotIn(BRANT, self.sent().header_from)

    def test_mail_without_alias_keeps_cores_from(self):
        self.outgoing()
        self.allow_send_as("notifications@contoso.example")
        self.mail().send()
        sent = self.sent()
        self.assertEqual(sent.from_address, "notifications@contoso.example")
        self.assertEqual(sent.envelope_from, ERP)

    def test_a_template_that_sends_as_another_user_sends_as_his_alias(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        record = self.env["res.partner"].create({"name": "Deal", "user_id": self.brant.id, "email": CUSTOMER})
        template = self.env["mail.template"].create({
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer",
            "email_from": "{{ object.user_id.email_formatted }}", "email_to": CUSTOMER, "body_html": "<p>Hi</p>",
        })
        template.send_mail(record.id, force_send=True)
        self.assertEqual(self.sent().from_address, BRANT)

    def test_the_queue_sends_as_the_alias(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        self.mail()
        with patch.object(self.env.cr, "commit", lambda: None):
            self.env["mail.mail"].process_email_queue()
        self.assertEqual(self.sent().from_address, BRANT)

    def test_a_message_sent_directly_is_from_the_alias(self):
        server = self.outgoing()
        self.set_alias(self.brant, BRANT)
        IrMailServer = self.env["ir.mail_server"]
        for forced in (None, server.id):
            self.servers.reset()
            message = IrMailServer._build_email__(
                email_from=self.brant.email_formatted, email_to=[CUSTOMER], subject="Direct", body="Hi")
            IrMailServer.send_email(message, mail_server_id=forced)
            with self.subTest(forced=forced):
                sent = self.sent()
                self.assertEqual(sent.from_address, BRANT)
                self.assertEqual(sent.envelope_from, ERP)
                self.assertIn(BRANT, sent.message["Reply-To"])  # core made it from From

    def test_a_forced_server_of_ours_sends_as_the_alias(self):
        server = self.outgoing(sequence=99)
        self.set_alias(self.brant, BRANT)
        self.mail(mail_server_id=server.id).send()
        self.assertEqual(self.sent().from_address, BRANT)

    def test_a_server_that_is_not_ours_gets_cores_from(self):
        """Same host, no preset: From and envelope sender are core's."""
        server = self.outgoing()
        server.office365_preset = False
        self.set_alias(self.brant, BRANT)
        self.allow_send_as("notifications@contoso.example", "bounce@contoso.example")
        self.mail().send()
        sent = self.sent()
        self.assertEqual(sent.from_address, "notifications@contoso.example")
        self.assertEqual(sent.envelope_from, "bounce@contoso.example")

    def test_a_server_for_another_domain_does_not_get_the_alias(self):
        self.outgoing(from_filter="elsewhere.example")
        self.set_alias(self.brant, BRANT)
        self.allow_send_as("notifications@contoso.example")
        with self.assertLogs("odoo.addons.base.models.ir_mail_server", "WARNING"):
            self.mail().send()
        self.assertEqual(self.sent().from_address, "notifications@contoso.example")

    def test_the_server_is_chosen_for_the_alias(self):
        self.outgoing(name="Other", from_filter="private.example", sequence=1)
        right = self.outgoing(name="Right", from_filter="contoso.example", sequence=2)
        self.set_alias(self.brant, BRANT)
        server, email_from = self.env["ir.mail_server"]._find_mail_server(self.brant.email_formatted)
        self.assertEqual(server, right)
        self.assertEqual(email_from, FROM_BRANT)

    def test_a_personal_server_goes_first_as_in_core(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        personal = self.env["ir.mail_server"].create({
            "name": "Personal", "smtp_host": "localhost", "owner_user_id": self.brant.id,
            "from_filter": "brant@private.example", "smtp_user": "brant@private.example"})
        mail = self.mail()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_message SET create_uid = %s WHERE id = %s", (self.brant.id, mail.mail_message_id.id))
        self.env.invalidate_all()
        chosen = [server_id for server_id, _domain, _from, _ids in mail._split_by_mail_configuration()]
        self.assertEqual(chosen, [personal.id])

    def test_a_relay_sends_as_the_alias_without_login_and_takes_bounces_back(self):
        self.trust_this_host()
        self.outgoing("relay")
        self.set_alias(self.brant, BRANT)
        self.mail(record_alias_domain_id=self.alias_domain.id).send()
        sent = self.sent()
        self.assertEqual(sent.listener, "mx")
        self.assertIsNone(sent.login)
        self.assertEqual(sent.from_address, BRANT)
        self.assertEqual(sent.envelope_from, "bounce@contoso.example")

    def test_the_context_of_a_caller_can_not_smuggle_in_an_alias(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        self.allow_send_as("notifications@contoso.example")
        forged = {"mallory@private.example": {"owner": 1, "alias": BRANT, "trusted": True}}
        self.mail(email_from=self.mallory.email_formatted).with_context(office365_sending={"book": forged}).send()
        self.assertNotEqual(self.sent().from_address, BRANT)

    def test_an_alias_without_send_as_ends_with_exchanges_words(self):
        self.outgoing()
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.set_alias(self.brant, BRANT)
        mail = self.mail(auto_delete=False)
        with self.assertLogs("odoo.addons.mail_office365.models.outgoing.mail_mail_outcome", "WARNING"):
            mail.send()
        self.assertEqual(mail.state, "exception")
        self.assertIn("5.2.252", mail.failure_reason)
        self.assertIn("SendAsDenied", mail.failure_reason)
        self.assertIn("Add-RecipientPermission", mail.failure_reason)  # and what to do about it

    def test_a_batch_costs_a_query_more_than_core_whatever_its_size(self):
        self.set_alias(self.brant, BRANT)
        self.set_alias(self.mallory, INFO)
        ids = self.env["mail.mail"].create([
            {"subject": "x", "body_html": "x", "email_to": CUSTOMER, "email_from": f"user{number % 200}@private.example"}
            for number in range(1000)
        ]).ids

        def queries(ours):
            server = self.outgoing()
            if not ours:
                server.office365_preset = False
            self.env.flush_all()
            self.env.invalidate_all()
            self.env.user.company_id.alias_domain_id  # noqa: B018  (any request has them at hand)
            self.env["ir.mail_server"]._office365_in_use()  # known from an earlier batch, as is what the database's own is
            self.env["ir.mail_server"]._office365_own()
            self.env.invalidate_all()
            self.env.user.company_id.alias_domain_id  # noqa: B018  (any request has them at hand)
            before = self.env.cr.sql_log_count
            mails = self.env["mail.mail"].browse(ids)
            mails = mails._office365_with_sender_book() if ours else mails
            batches = list(mails._split_by_mail_configuration())
            server.unlink()
            self.assertEqual(sum(len(batch[-1]) for batch in batches), 1000)
            return self.env.cr.sql_log_count - before

        core = queries(ours=False)
        self.assertLessEqual(queries(ours=True), core + 1)

    def test_a_database_without_our_servers_costs_no_query_more(self):
        mail = self.mail()
        self.env.flush_all()
        list(mail._split_by_mail_configuration())  # what core reads of the batch
        self.env["ir.mail_server"]._office365_in_use()  # known from an earlier batch
        with self.assertQueryCount(0):
            self.assertIs(mail._office365_with_sender_book(), mail)

    def test_the_chatter_is_told_of_our_servers_where_there_are_any(self):
        message = self.env["res.partner"].create({"name": "Deal"}).message_post(body="Hello")
        for_customer = {"mail_message_id": message.id, "res_partner_id": self.customer.id, "notification_status": "ready"}
        email, inbox = self.env["mail.notification"].create([
            {**for_customer, "notification_type": "email"},
            {**for_customer, "notification_type": "inbox", "res_partner_id": self.brant.partner_id.id},
        ])

        def told(notification):
            [values] = Store().add(notification).get_result()["mail.notification"]
            return {name for name in values if name.startswith("office365")}

        self.assertEqual((told(email), told(inbox)), (set(), set()))
        self.outgoing()
        plain = {"office365_retry_at", "office365_reason"}
        self.assertEqual((told(email), told(inbox)), (plain | {"office365_details", "office365_command"}, set()))
        self.assertEqual(told(email.with_user(self.brant)), plain)

    def test_what_core_reads_leaves_our_columns_alone(self):
        """They would be read with every mail, message, contact and user, also where nothing is ours."""
        mail = self.mail()
        self.env.flush_all()
        for record in (mail, mail.mail_message_id, self.brant, self.brant.partner_id):
            with self.subTest(record._name), patch("odoo.sql_db.Cursor.execute", autospec=True, side_effect=Cursor.execute) as execute:
                self.env.invalidate_all()
                record.sudo().create_date  # noqa: B018
                read = [str(call.args[1]) for call in execute.call_args_list]
                self.assertEqual([query.count("create_date") for query in read], [1])
                self.assertNotIn("office365", read[0])
