from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, INFO
from .queue_case import QueueCase
from .servers import Drop, replies

FAILURES = "odoo.addons.mail.models.mail_mail"


@tagged("post_install", "-at_install")
class TestMailQueue(QueueCase):
    """One recipient a mail; what becomes of the mail, and of the others of its batch."""

    def test_a_temporary_refusal_defers_and_the_next_try_sends(self):
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        before = fields.Datetime.now()
        mail.send()
        self.assertDeferred(mail, "server_busy")
        minute = timedelta(minutes=1)
        self.assertTrue(before + minute <= mail.scheduled_date <= fields.Datetime.now() + minute, mail.scheduled_date)
        self.assertIn("PRX4", mail.failure_reason)
        self.run_queue()
        self.sent(0)
        self.run_queue(minutes=1)
        self.assertEqual(self.sent().recipients, [CUSTOMER])
        self.assertEqual((mail.state, mail.failure_reason), ("sent", False))

    def test_a_server_that_can_not_be_reached_defers_the_whole_batch(self):
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        port, self.server.smtp_port = self.server.smtp_port, 1
        self.run_queue()
        for mail in mails:
            self.assertDeferred(mail, "connection_refused")
        self.server.smtp_port = port
        self.run_queue(minutes=1)
        self.sent(2)
        self.assertEqual(mails.mapped("state"), ["sent", "sent"])

    def test_a_permanent_refusal_fails_at_once_and_stops_nobody(self):
        kim = new_test_user(self.env, "o365.kim", name="Kim", email="kim@private.example")
        self.set_alias(kim, INFO)
        self.servers.directory.revoke_send_as(ERP, INFO)
        bad, good = self.mail(email_from="kim@private.example", auto_delete=True), self.mail(auto_delete=False)
        self.run_queue()
        self.assertEqual((bad.state, bad.office365_cause), ("exception", "send_as_denied"))
        self.assertIn("Add-RecipientPermission", bad.failure_reason)
        self.assertEqual(good.state, "sent")
        self.sent(1)

    def test_a_dropped_connection_defers_one_mail_and_the_others_are_sent(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(3)))
        self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=False)
        self.run_queue()
        self.assertEqual(mails.mapped("state"), ["outgoing", "sent", "sent"], mails.mapped("failure_reason"))
        self.assertDeferred(mails[0], "connection_lost")
        self.run_queue(minutes=1)
        self.sent(3)
        self.assertEqual(mails.mapped("state"), ["sent", "sent", "sent"])

    def test_a_mail_in_doubt_goes_again_with_the_same_message_id(self):
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=True)
        self.run_queue()
        self.assertDeferred(mail, "connection_lost")
        self.run_queue(minutes=1)
        self.assertEqual({sent.message_id for sent in self.sent(2)}, {mail.message_id})

    @mute_logger(FAILURES)
    def test_callers_who_wait_for_the_exception_get_it_as_in_core(self):
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        with self.assertRaisesRegex(Exception, "PRX4"):
            mail.send(raise_exception=True)
        self.assertEqual(mail.state, "exception")
        self.assertFalse(mail.office365_attempts)

    def test_the_queue_is_called_when_the_next_mail_is_due(self):
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        mails = self.mail() + self.mail()
        self.servers.submission.faults.add("MAIL", replies.S432_4_3_2_CONCURRENT_CONNECTIONS, times=None)
        self.run_queue()
        added = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
        self.assertEqual(len(added), 1)
        self.assertTrue(all(mail.scheduled_date <= added.call_at < mail.scheduled_date + timedelta(minutes=1) for mail in mails))
