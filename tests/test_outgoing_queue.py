import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
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

    def test_a_mail_is_given_up_when_its_hours_are_over(self):
        mail = self.mail(auto_delete=True)
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=None)
        self.run_queue()
        self.run_queue(hours=47)
        self.assertDeferred(mail, attempts=2)
        self.run_queue(hours=1)
        self.assertEqual((mail.state, mail.office365_cause), ("exception", "server_busy"))
        self.assertIn("PRX4", mail.failure_reason)

    def test_the_hours_are_a_system_parameter_and_nonsense_in_it_changes_nothing(self):
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=None)
        for value, state in (("0", "exception"), ("two days", "outgoing"), ("1.5", "outgoing")):
            with self.subTest(value=value):
                self.env["ir.config_parameter"].set_param("mail_office365.max_queue_hours", value)
                mail = self.mail()
                self.run_queue()
                self.assertEqual(mail.state, state)
                mail.state = "cancel"

    def test_a_server_that_stays_away_fails_its_mails_in_the_end(self):
        mail = self.mail(auto_delete=True)
        self.server.smtp_port = 1
        self.run_queue()
        self.run_queue(hours=48)
        self.assertEqual((mail.state, mail.failure_type, mail.office365_cause), ("exception", "mail_smtp", "connection_refused"))

    def test_a_mistake_in_the_servers_settings_keeps_the_mail_and_says_what_to_do(self):
        self.trust_this_host()
        relay = self.outgoing("relay")
        mail = self.mail(mail_server_id=relay.id, auto_delete=False)
        with patch.object(
                type(relay), "_office365_tls_context", side_effect=UserError("Upload both as PEM files")):  # as a person made it
            self.run_queue()
        self.assertEqual(mail.state, "outgoing")
        self.assertIn("Upload both as PEM files", mail.failure_reason)
        self.assertIn("Upload both as PEM files", relay.office365_pause_notice)
        relay.smtp_port = relay.smtp_port  # mended
        self.assertFalse(relay.office365_pause_ids)
        self.run_queue(minutes=1)
        self.assertEqual(mail.state, "sent")

    def test_an_error_in_one_mail_stops_nobody(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(3)))
        mails[1].subject, build = "Broken", self.registry["ir.mail_server"]._build_email__

        def fail(model, email_from, email_to, subject, *args, **kwargs):
            if subject == "Broken":
                raise ValueError("broken")
            return build(model, email_from, email_to, subject, *args, **kwargs)

        with mute_logger(FAILURES), patch.object(self.registry["ir.mail_server"], "_build_email__", fail):
            self.run_queue()
        self.assertEqual(mails.mapped("state"), ["sent", "exception", "sent"])

    def test_sending_in_the_callers_transaction_commits_nothing(self):
        mails = self.mail() + self.mail()
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        with patch.object(self.env.cr, "commit", side_effect=AssertionError("committed")):
            mails.send()
            mails.send_after_commit()
        self.sent(2)

    def test_a_context_from_outside_starts_no_run(self):
        mail = self.mail(auto_delete=False)
        mail.with_context(office365_sending={"run": True, "pool": True, "is_queue": True, "is_after_commit": True}).send()
        self.assertEqual(mail.state, "sent")
        self.sent()

    def test_a_deferred_mail_can_be_retried_or_cancelled(self):
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        retried, cancelled = self.mail(auto_delete=False), self.mail()
        self.servers.submission.faults.add("RCPT", replies.S432_4_3_2_RECIPIENT_BUSY, times=2)
        self.run_queue()
        cancelled.cancel()
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        retried.action_retry()
        self.assertEqual(
            (retried.state, retried.scheduled_date, retried.office365_attempts, retried.office365_failed_since),
            ("outgoing", False, 0, False))
        self.assertGreater(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before)
        self.run_queue()
        self.assertEqual((retried.state, cancelled.state), ("sent", "cancel"))
        self.sent(1)

    def test_the_chatter_is_told_at_once_when_a_mail_is_deferred_and_when_it_is_sent(self):
        record = self.env["res.partner"].create({"name": "Deal"})
        bus = self.env["bus.bus"]

        def told():
            """Return what browsers were told of the notification since the last time."""
            self.env.cr.precommit.run()
            messages = bus.search([]).mapped("message")
            bus.search([]).unlink()
            return [
                notification for message in map(json.loads, messages)
                for notification in (message["payload"] or {}).get("mail.notification", []) if isinstance(notification, dict)]

        told()
        self.servers.submission.faults.add("RCPT", replies.S432_4_3_2_RECIPIENT_BUSY)
        record.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids)
        deferred = told()[-1]
        self.assertEqual(deferred["notification_status"], "ready")
        self.assertTrue(deferred["office365_retry_at"])
        self.assertIn("Recipient is receiving too much email", deferred["office365_reason"])
        self.run_queue(minutes=1)
        sent = told()[-1]
        self.assertEqual((sent["notification_status"], sent["office365_retry_at"]), ("sent", False))

    def test_other_modules_are_told_of_the_end_of_a_mail_and_of_nothing_before(self):
        """A mailing would count a deferred mail as failed."""
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("RCPT", replies.S432_4_3_2_RECIPIENT_BUSY)
        MailMail = self.registry["mail.mail"]
        with patch.object(MailMail, "_postprocess_sent_message", autospec=True, side_effect=MailMail._postprocess_sent_message) as told:
            self.run_queue()
            self.assertDeferred(mail)
            told.assert_not_called()
            self.run_queue(minutes=1)
            told.assert_called_once()
            self.assertIsNone(told.call_args.kwargs["failure_type"])
            told.reset_mock()
            self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
            self.mail()
            self.run_queue()
            told.assert_called_once()
            self.assertEqual(told.call_args.kwargs["failure_type"], "unknown")
