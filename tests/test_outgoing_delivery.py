from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..models.outgoing import office365_delivery
from .common import BRANT, CUSTOMER, ERP
from .queue_case import QueueCase
from .servers import replies


@tagged("post_install", "-at_install")
class TestDelivery(QueueCase):

    def setUp(self):
        super().setUp()
        self.Deliveries = self.env["office365.delivery"]
        self.administrator = new_test_user(self.env, "o365.admin", groups="base.group_system", email="admin@contoso.example")

    def deliveries(self):
        return self.Deliveries.search([("mail_server_id", "=", self.server.id)], order="id")

    def test_a_mail_that_is_tried_again_has_a_row_for_each_try(self):
        self.servers.submission.faults.add("MAIL", replies.S432_4_3_2_CONCURRENT_CONNECTIONS)
        mail = self.mail(auto_delete=False)
        mail.send()
        self.run_queue(hours=1)
        values = {
            "email_from": f"Brant Wadsworth <{BRANT}>", "login": ERP, "recipient_count": 1, "message_id": mail.message_id}
        self.assertRecordValues(self.deliveries(), [
            {**values, "state": "deferred", "attempt": 1, "cause": "concurrent_connections"},
            {**values, "state": "sent", "attempt": 2, "cause": False},
        ])

    def test_recipients_that_were_refused_are_named(self):
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient="no@fabrikam.example")
        self.mail(auto_delete=False, email_to=f"{CUSTOMER}, no@fabrikam.example").send()
        self.assertIn("no@fabrikam.example: 550 5.1.10", self.deliveries().refused)
        self.assertEqual(self.deliveries().state, "sent")

    def test_rows_of_a_run_are_written_together(self):
        written = []
        keep = self.registry["office365.delivery"]._keep
        with patch.object(self.registry["office365.delivery"], "_keep", lambda model, rows: (written.append(len(rows)), keep(model, rows))):
            self.env["mail.mail"].union(*(self.mail() for _mail in range(7))).send()
        self.assertEqual(written, [7])
        self.assertEqual(len(self.deliveries()), 7)

    def test_message_and_mail_lead_to_deliveries_and_back_to_the_record(self):
        self.brant.partner_id.message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
        delivery = self.deliveries()
        message = delivery.mail_message_id
        self.assertEqual(message.message_id, delivery.message_id)
        self.assertEqual(message.with_user(self.administrator).office365_delivery_count, 1)
        self.assertEqual(self.Deliveries.search(message.action_office365_deliveries()["domain"]), delivery)
        action = delivery.action_open_record()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.brant.partner_id.id))

    def test_the_count_is_no_field_for_others_than_administrators(self):
        self.assertNotIn("office365_delivery_count", self.env["mail.message"].with_user(self.brant).fields_get())
        with self.assertRaises(AccessError):
            self.Deliveries.with_user(self.brant).search([])

    def test_deliveries_of_other_companies_records_are_not_shown(self):
        other = self.env["res.company"].create({"name": "Other"})
        own, foreign, none = self.Deliveries.create([
            {"company_id": company.id, "message_id": f"<{company.id}@contoso.example>"}
            for company in (self.env.company, other, self.env["res.company"])])
        seen = self.Deliveries.with_user(self.administrator).search([("id", "in", (own + foreign + none).ids)], order="id")
        self.assertEqual(seen, own + none)

    def test_old_rows_are_removed_batch_by_batch_until_none_is_left(self):
        old = fields.Datetime.now() - timedelta(days=31)
        self.Deliveries.search([]).unlink()
        self.Deliveries.create([{"date": old} for _row in range(5)] + [{}])
        with patch.object(office365_delivery, "_REMOVED", 2):
            results = [self.Deliveries._gc_deliveries() for _call in range(3)]
        self.assertEqual(results, [(2, True), (2, True), (1, False)])
        self.assertEqual(len(self.Deliveries.search([])), 1)

    def test_the_server_shows_todays_number_and_what_is_used(self):
        self.server.office365_rate_limit = 30
        self.mail(email_to=f"{CUSTOMER}, b@fabrikam.example").send()
        self.mail().send()
        server = self.server.with_user(self.administrator)
        server.invalidate_recordset()
        self.assertRecordValues(server, [{
            "office365_deliveries_today": 2, "office365_minute_used": 2, "office365_day_used": 3, "office365_connections_open": 0}])
        action = server.action_office365_deliveries()
        self.assertEqual(self.Deliveries.search_count(action["domain"]), 2)

    def test_a_new_server_has_used_nothing(self):
        self.assertRecordValues(self.env["ir.mail_server"].new({"office365_preset": "submission"}), [{
            "office365_deliveries_today": 0, "office365_minute_used": 0, "office365_day_used": 0, "office365_connections_open": 0}])
