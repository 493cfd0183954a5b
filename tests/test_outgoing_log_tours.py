from odoo.tests import HttpCase, new_test_user, tagged

from .common import BRANT, CUSTOMER, Office365Mixin
from .languages import InLanguage
from .servers import replies


@tagged("post_install", "-at_install")
class TestLogTours(Office365Mixin, HttpCase):
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

    def find_read_and_retry(self, browser_size, *, touch=False):
        self.browser_size, self.touch_enabled = browser_size, touch
        self.start_tour("/odoo/action-mail_office365.office365_delivery_action", "mail_office365_log", login="o365.reader")
        self.env.invalidate_all()
        self.assertEqual(self.line.delivery_ids.mapped("state"), ["sent", "failed"])
        self.assertEqual(self.line.state, "sent")

    def test_a_customers_mail_is_found_read_retried_and_gone(self):
        self.find_read_and_retry("1440x900")

    def test_a_customers_mail_is_found_read_retried_and_gone_on_a_phone(self):
        self.find_read_and_retry("390x844", touch=True)


@tagged("post_install", "-at_install")
class TestLogToursInGerman(InLanguage, TestLogTours):
    """The same for somebody who reads German."""
