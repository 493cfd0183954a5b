from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from .common import BRANT, Office365Mixin
from .servers import replies

OTHER = "other@fabrikam.example"


@tagged("post_install", "-at_install")
class TestMailQueueTours(Office365Mixin, HttpCase):
    """What people see of mails that wait or have failed."""

    def setUp(self):
        super().setUp()
        self.outgoing(office365_rate_limit=0)
        self.set_alias(self.brant, BRANT)
        self.deal = self.env["res.partner"].create({"name": "Deal"})

    def post(self, subject, recipient):
        return self.deal.with_user(self.brant).message_post(
            body=subject, subject=subject, message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=recipient.ids)

    def test_the_chatter_tells_a_deferred_mail_from_a_failed_one(self):
        other = self.env["res.partner"].create({"name": "Otto Other", "email": OTHER})
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        self.post("Deferred offer", self.customer)
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER)
        self.env["mail.mail"].search([]).office365_stream = False  # or the other would wait for the first one
        self.post("Failed offer", other)
        self.start_tour(f"/odoo/res.partner/{self.deal.id}", "mail_office365_chatter", login=self.brant.login)

    def test_a_refused_mail_is_red_as_soon_as_it_is_posted(self):
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
        with patch.object(self.registry["mail.mail"], "send_after_commit", lambda self: None):  # the tour does it
            self.start_tour(f"/odoo/res.partner/{self.customer.id}", "mail_office365_refused_at_once", login="admin")

    def test_a_deferred_mail_is_sent_now_or_cancelled(self):
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=2)
        message = self.post("Deferred offer", self.customer)
        action = self.env["ir.actions.act_window"].create({
            "name": "Queue", "res_model": "mail.mail", "view_mode": "list,form",
            "search_view_id": self.env.ref("mail.view_mail_search").id,
            "context": "{'search_default_office365_deferred': 1}",
        })
        self.start_tour(f"/odoo/action-{action.id}", "mail_office365_queue", login="admin")
        self.assertEqual(self.env["mail.mail"].search([("mail_message_id", "=", message.id)]).state, "cancel")
        self.assertEqual(message.sudo().notification_ids.notification_status, "canceled")
