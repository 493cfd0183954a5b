from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.outgoing import office365_email
from .common import BRANT, CUSTOMER, ERP
from .queue_case import QueueCase
from .servers import replies

OTHER = "other@fabrikam.example"


@tagged("post_install", "-at_install")
class TestEmailLog(QueueCase):

    def setUp(self):
        super().setUp()
        self.Emails = self.env["office365.email"]
        self.Emails.search([]).unlink()
        self.reader = new_test_user(
            self.env, "o365.reader", groups="mail_office365.group_read_email_log,base.group_allow_export", email="reader@contoso.example")

    def line(self, **values):
        return self.Emails.search([(name, "=", value) for name, value in values.items()])

    def post(self, record=None, **values):
        record = record or self.env["res.partner"].create({"name": "Deal"})
        return record.with_user(self.brant).message_post(
            body="Hello", subject="Offer", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids, **values)

    # ------------------------------------------------------------
    # One line a message
    # ------------------------------------------------------------

    def test_a_message_is_one_line_with_its_attempts_and_recipients(self):
        self.servers.submission.faults.add("MAIL", replies.S432_4_3_2_CONCURRENT_CONNECTIONS)
        mail = self.mail(auto_delete=False, email_to=f"{CUSTOMER}, {OTHER}")
        mail.send()
        line = self.line()
        self.assertRecordValues(line, [{
            "message_id": mail.message_id, "subject": "Offer", "kind": "mail", "state": "deferred", "cause": "concurrent_connections",
            "email_from": f"Brant Wadsworth <{BRANT}>", "mail_server_id": self.server.id, "recipients": f"{CUSTOMER}, {OTHER}"}])
        self.assertEqual((line.can_retry, line.retry_at), (True, mail.scheduled_date))
        self.run_queue(hours=1)
        self.assertRecordValues(line, [{"state": "sent", "cause": False, "can_retry": False}])
        self.assertEqual(line.delivery_ids.mapped("state"), ["sent", "deferred"])
        self.assertEqual(line.delivery_ids[0].recipients, f"{CUSTOMER}, {OTHER}")

    def test_who_did_not_get_it_decides_what_is_said_of_the_message(self):
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER, times=None)
        other = self.env["res.partner"].create({"name": "Otto", "email": OTHER})
        message = self.env["res.partner"].create({"name": "Deal"}).with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=(self.customer | other).ids)
        line = self.line(message_id=message.message_id)
        self.assertRecordValues(line.recipient_ids.sorted("address"), [
            {"address": CUSTOMER, "state": "sent", "cause": False}, {"address": OTHER, "state": "failed", "cause": "recipient_unknown"}])
        self.assertEqual((line.state, line.cause, len(line.delivery_ids)), ("failed", "recipient_unknown", 2))

    def test_what_failed_before_a_session_is_listed_too(self):
        self.servers.submission.faults.add("AUTH", replies.S535_5_7_139_SMTP_AUTH_DISABLED_TENANT, times=None)
        mail = self.mail(auto_delete=False)
        mail.send()
        line = self.line()
        self.assertEqual(mail.state, "outgoing")
        self.assertRecordValues(line, [{
            "state": "deferred", "cause": "smtp_auth_disabled_tenant", "recipients": CUSTOMER, "subject": "Offer", "delivery_ids": []}])
        self.assertIn(f"Set-CASMailbox -Identity {ERP} ", line.command)

    def test_a_server_that_is_not_reached_is_named_as_the_cause(self):
        self.server.smtp_port = 1
        self.mail().union(self.mail(subject="Second")).send()
        self.assertEqual({(line.state, line.cause) for line in self.line()}, {("deferred", "connection_refused")})
        self.assertEqual(len(self.line()), 2)

    def test_a_mail_that_is_given_up_or_cancelled_says_so(self):
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=None)
        given_up, cancelled = self.mail(auto_delete=False), self.mail(subject="Cancelled", auto_delete=False)
        (given_up | cancelled).send()
        cancelled.cancel()
        self.run_queue(hours=49)
        self.assertEqual(given_up.state, "exception")
        self.assertEqual(self.line(subject="Offer").state, "failed")
        self.assertEqual(self.line(subject="Cancelled").state, "canceled")

    def test_mail_that_only_waits_for_its_turn_is_not_listed(self):
        self.server.office365_rate_limit = 1
        self.env["mail.mail"].union(*(self.mail(subject=f"Number {number}") for number in range(3))).send()
        self.assertEqual(self.line().mapped("state"), ["sent"])

    def test_a_mail_costs_one_query_more(self):
        """The line, its recipients and what they say together are one statement for all mails of a run."""
        statements = []
        query = self.env.cr.__class__.execute

        def noting(cursor, statement, *args, **kwargs):
            statements.append(str(getattr(statement, "code", statement)))
            return query(cursor, statement, *args, **kwargs)

        mails = self.env["mail.mail"].union(*(self.mail() for _number in range(5)))
        with patch.object(self.env.cr.__class__, "execute", noting):
            mails.send()
        ours = [statement for statement in statements if "office365_email" in statement]
        self.assertEqual(len(ours), 1, "\n".join(ours))
        self.assertEqual(len(self.line()), 5)

    def test_tests_and_probes_are_told_from_mail(self):
        self.server.test_smtp_connection()
        self.grant_send_as(BRANT)
        self.server._office365_probe([BRANT])
        self.env["mail.mail"].create([
            {"subject": "Mass", "body_html": "x", "email_to": CUSTOMER, "email_from": self.brant.email_formatted}] * 2).send()
        self.assertEqual(sorted(self.line().mapped("kind")), ["mass", "mass", "probe", "test"])

    def test_a_bounce_is_on_the_line(self):
        self.mail().send()
        line = self.line()
        self.env["office365.delivery"]._bounced(line.message_id, {CUSTOMER: f"{CUSTOMER}: 550 5.1.1"})
        self.assertEqual((line.state, line.recipient_ids.state), ("bounced", "bounced"))

    # ------------------------------------------------------------
    # Search
    # ------------------------------------------------------------

    def test_a_customer_is_found_by_name_and_any_part_of_the_address(self):
        self.mail().send()
        self.mail(email_to="someone@elsewhere.example", subject="Else").send()
        line = self.line(subject="Offer")
        for text in ("Carla", "carla cust", CUSTOMER, CUSTOMER[:4].upper(), "STOMER@fab", "@fabrikam", "abrikam.ex"):
            with self.subTest(text=text):
                self.assertEqual(self.Emails.with_user(self.reader).search([("recipients", "ilike", text)]), line)
        for text in ("%", "_", "\\", "@", "@abrikam", "nobody"):
            with self.subTest(text=text):
                self.assertFalse(self.Emails.search([("recipients", "ilike", text)]))
        self.assertEqual(self.Emails.search([("recipients", "=", CUSTOMER)]), line)

    def test_an_empty_log_is_told_from_one_without_a_match(self):
        self.assertEqual(self.Emails.get_empty_list_help("Nothing was sent"), "Nothing was sent")
        self.mail().send()
        self.assertIn("No email matches", self.Emails.get_empty_list_help("Nothing was sent"))

    # ------------------------------------------------------------
    # Rights and retention
    # ------------------------------------------------------------

    def test_readers_of_the_log_see_their_companies_lines_and_export_them(self):
        other = self.env["res.company"].create({"name": "Other"})
        own, foreign = self.Emails.create([
            {"company_id": company.id, "message_id": f"<{company.id}@x>", "subject": "S", "recipient_ids": [(0, 0, {"address": CUSTOMER})]}
            for company in (self.env.company, other)])
        self.assertEqual(self.Emails.with_user(self.reader).search([]), own)
        self.assertEqual(self.env["office365.email.recipient"].with_user(self.reader).search([]), own.recipient_ids)
        exported = own.with_user(self.reader).export_data(["recipients", "subject", "state", "server_name"])
        self.assertEqual(exported["datas"][0][:2], [CUSTOMER, "S"])
        for model in ("office365.email", "office365.email.recipient", "office365.delivery", "office365.cause"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.brant).search([])
        with self.assertRaises(AccessError):
            foreign.with_user(self.reader).action_retry()
        with self.assertRaises(AccessError):
            own.with_user(self.reader).write({"subject": "x"})

    def test_a_reader_does_not_see_a_message_that_they_may_not_read(self):
        message = self.post(self.env["res.partner"].create({"name": "Deal", "company_id": self.env.company.id}))
        line = self.line(message_id=message.message_id)
        self.assertEqual(line.mail_message_id, message)
        message.sudo().write({"model": "ir.mail_server", "res_id": self.server.id})
        line.invalidate_recordset()
        self.assertFalse(line.with_user(self.reader).mail_message_id)
        self.assertFalse(line.with_user(self.reader).record_name)

    def test_lines_go_with_recipients_and_attempts_after_the_days_that_are_set(self):
        self.mail().send()
        line = self.line()
        line.date = fields.Datetime.now() - timedelta(days=31)
        self.env["ir.config_parameter"].set_param("mail_office365.log_days", 40)
        self.Emails._gc_emails()
        self.assertTrue(line.exists())
        self.env["ir.config_parameter"].set_param("mail_office365.log_days", "a week")
        with patch.object(office365_email, "_REMOVED", 1):
            self.assertEqual(self.Emails._gc_emails(), (1, True))
        self.assertFalse(self.env["office365.email.recipient"].search([]))
        self.assertFalse(self.env["office365.delivery"].search([("message_id", "=", line.message_id)]) if line.exists() else None)
        self.assertEqual(self.Emails._kept_days(), 30)

    # ------------------------------------------------------------
    # Retry, Send Again
    # ------------------------------------------------------------

    def test_a_reader_retries_what_failed(self):
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=CUSTOMER)
        message = self.post()
        line = self.line(message_id=message.message_id).with_user(self.reader)
        self.assertEqual((line.state, line.can_retry), ("failed", True))
        self.assertIn("does not exist", line.remedy)
        line.action_retry()
        self.env.invalidate_all()
        self.assertEqual((line.state, line.can_retry), ("sent", False))
        self.assertEqual(len(line.delivery_ids), 2)
        with self.assertRaises(UserError):
            line.action_retry()

    def test_what_somebody_cancelled_is_not_retried_by_a_reader(self):
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=None)
        message = self.post()
        self.env["mail.mail"].search([("mail_message_id", "=", message.id)]).cancel()
        line = self.line(message_id=message.message_id).with_user(self.reader)
        self.assertRecordValues(line, [{"state": "canceled", "can_retry": False, "can_send_again": True}])
        with self.assertRaises(UserError):
            line.action_retry()

    def test_what_was_sent_is_sent_again_by_the_composer(self):
        message = self.post()
        line = self.line(message_id=message.message_id)
        action = line.with_user(self.brant).sudo().action_send_again()
        composer = self.env["mail.compose.message"].with_user(self.brant).with_context(**action["context"]).create({})
        self.assertEqual((composer.partner_ids, composer.subject), (self.customer, "Offer"))
        composer.action_send_mail()
        self.sent(2)

    # ------------------------------------------------------------
    # What it means
    # ------------------------------------------------------------

    def test_remedies_have_the_values_of_the_database(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        mail = self.mail(auto_delete=False)
        mail.send()
        line, command = self.line(), f"Add-RecipientPermission {BRANT} -Trustee {ERP} -AccessRights SendAs -Confirm:$false"
        self.assertIn(command, line.remedy)
        self.assertEqual((line.command, mail.office365_command), (command, command))
        self.assertIn(command, mail.failure_reason)

    def test_the_writer_gets_a_plain_sentence_and_administrators_the_details(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        message = self.post()
        notification = message.sudo().notification_ids
        plain = notification.with_user(self.brant)._office365_reason()
        self.assertIn("Send As permission missing", plain)
        for word in ("5.2.252", "Add-Recipient", "SendAsDenied"):
            self.assertNotIn(word, plain)
            self.assertIn(word, notification._office365_details())
        self.assertFalse(notification.with_user(self.brant)._office365_command())

    def test_causes_are_a_page_with_their_remedies(self):
        Causes = self.env["office365.cause"].with_user(self.reader)
        rows = Causes.search([("cause", "=", "smtp_auth_disabled_tenant")])
        self.assertIn("Set-CASMailbox", rows[0].remedy)
        self.assertEqual(rows[0].display_name, "SMTP AUTH is off for the organization")
        self.assertIn(rows[0], Causes.search([("signs", "ilike", "5.7.139")]))
        self.assertEqual(Causes._action("hello_missing")["res_id"], Causes.search([("cause", "=", "hello_missing")]).id)
        self.assertFalse(Causes._action("smtp_auth_disabled_tenant")["res_id"])
        self.assertFalse(Causes.search([]).filtered(lambda row: not (row.remedy and row.source.startswith("https://"))))
