from odoo.tests import HttpCase, new_test_user, tagged

from .common import BRANT, CUSTOMER, Office365Mixin
from .servers import replies


class LogTours(Office365Mixin, HttpCase):
    """Somebody who may read the log finds a customer's email, reads why it failed, and sends it."""

    def setUp(self):
        super().setUp()
        self.outgoing(office365_rate_limit=0)
        self.set_alias(self.brant, BRANT)
        self.env["office365.email"].search([]).unlink()
        new_test_user(
            self.env, "o365.reader", groups="mail_office365.group_read_email_log,base.group_partner_manager", password="o365.reader")
        deal, other = self.env["res.partner"].create([{"name": "Deal"}, {"name": "Otto Other", "email": "other@elsewhere.example"}])
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=CUSTOMER)
        for subject, recipient in (("Lost offer", self.customer), ("Other offer", other)):
            deal.with_user(self.brant).message_post(
                body=subject, subject=subject, message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=recipient.ids)
        self.line = self.env["office365.email"].search([("subject", "=", "Lost offer")])
        self.assertEqual(self.line.state, "failed")

    def assertSent(self):  # noqa: N802
        self.env.invalidate_all()
        self.assertEqual(self.line.delivery_ids.mapped("state"), ["sent", "failed"])
        self.assertEqual(self.line.state, "sent")


@tagged("post_install", "-at_install")
class TestLogTour(LogTours):
    browser_size = "1440x900"

    def test_a_customers_mail_is_found_and_sent(self):
        self.start_tour("/odoo/action-mail_office365.office365_delivery_action", "mail_office365_log", login="o365.reader")
        self.assertSent()


@tagged("post_install", "-at_install")
class TestLogTourOnAPhone(LogTours):
    browser_size = "390x844"
    touch_enabled = True

    def test_a_customers_mail_is_found_and_sent(self):
        action = self.env.ref("mail_office365.office365_delivery_action").copy({"context": "{'search_default_failed': 1}"})
        self.start_tour(f"/odoo/action-{action.id}", "mail_office365_log_phone", login="o365.reader")
        self.assertSent()
