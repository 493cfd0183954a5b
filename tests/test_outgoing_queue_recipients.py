from unittest.mock import patch

from odoo.tests import tagged

from .common import CUSTOMER
from .queue_case import QueueCase
from .servers import Drop, replies

OTHER = "other@fabrikam.example"
THIRD = "third@fabrikam.example"


@tagged("post_install", "-at_install")
class TestMailQueueRecipients(QueueCase):
    """Several recipients a mail: nobody gets it twice, and one who is refused keeps nobody from getting it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.partner"].create({"name": "Otto Other", "email": OTHER})
        cls.third = cls.env["res.partner"].create({"name": "Thea Third", "email": THIRD})
        cls.three = cls.customer + cls.other + cls.third

    def partners_mail(self, **values):
        return self.mail(email_to=False, recipient_ids=self.three.ids, **{"auto_delete": False, **values})

    def got(self):
        """Return who got a mail, each as often as he did."""
        return sorted(address for sent in self.servers.accepted for address in sent.recipients)

    def test_a_failure_in_the_middle_sends_only_to_those_who_are_left(self):
        mail = self.partners_mail()
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=OTHER)
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
        self.assertDeferred(mail)
        self.run_queue(minutes=1)
        self.assertEqual(self.got(), sorted([CUSTOMER, OTHER, THIRD]))
        self.assertEqual((mail.state, mail.recipient_ids), ("sent", self.three))

    def test_a_lost_connection_in_the_middle_sends_only_to_those_who_are_left(self):
        mail = self.partners_mail()
        self.servers.submission.faults.add("MAIL", Drop(), every=2, times=2)
        self.run_queue()
        for _minute in range(3):
            self.run_queue(minutes=1)
        self.assertEqual(self.got(), sorted([CUSTOMER, OTHER, THIRD]))
        self.assertEqual(mail.state, "sent")

    def test_a_recipient_refused_for_good_is_named_and_the_others_get_theirs(self):
        mail = self.partners_mail(auto_delete=True)
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER, times=None)
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
        self.assertEqual((mail.state, mail.office365_cause), ("exception", "recipient_unknown"))
        self.assertIn(OTHER, mail.failure_reason)
        self.assertNotIn(THIRD, mail.failure_reason)

    def test_retrying_a_failed_mail_sends_to_the_refused_alone(self):
        mail = self.partners_mail()
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER)
        self.run_queue()
        mail.action_retry()
        self.assertEqual((mail.state, mail.office365_attempts, mail.scheduled_date), ("outgoing", 0, False))
        self.run_queue()
        self.assertEqual(self.got(), sorted([CUSTOMER, OTHER, THIRD]))
        self.assertEqual(mail.state, "sent")

    def test_one_refused_for_good_and_one_for_now(self):
        mail = self.partners_mail(auto_delete=True)
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER, times=None)
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=THIRD)
        self.run_queue()
        self.assertDeferred(mail)
        self.run_queue(minutes=1)
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
        self.assertEqual(mail.state, "exception")  # somebody did not get it: not deleted, and said
        self.assertIn(OTHER, mail.failure_reason)

    def test_recipients_refused_within_a_transaction_are_retried_alone(self):
        mail = self.mail(email_to=f"{CUSTOMER}, {OTHER}", email_cc=THIRD, auto_delete=False)
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=OTHER)
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
        self.assertDeferred(mail)
        self.run_queue(minutes=1)
        first, second = self.sent(2)
        self.assertEqual(second.recipients, [OTHER])
        self.assertEqual(first.message["To"], second.message["To"])  # everybody still sees to whom it was sent
        self.assertEqual(first.message["Cc"], second.message["Cc"])
        self.assertEqual(mail.state, "sent")

    def test_plain_addresses_refused_within_a_transaction_are_named(self):
        mail = self.mail(email_to=f"{CUSTOMER}, {OTHER}", auto_delete=True)
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER, times=None)
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER])
        self.assertEqual(mail.state, "exception")
        self.assertIn(OTHER, mail.failure_reason)
        self.assertNotIn(CUSTOMER, mail.failure_reason)

    def test_an_error_before_the_server_is_asked_keeps_who_was_served(self):
        mail = self.partners_mail()
        mail.recipient_ids = self.customer
        mail.email_to = OTHER
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=CUSTOMER)
        self.run_queue()
        self.assertEqual(self.got(), [OTHER])
        with patch.object(self.registry["ir.mail_server"], "_build_email__", side_effect=ValueError("broken")):
            self.run_queue(minutes=1)
        self.assertEqual(mail.state, "exception")
        mail.action_retry()
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER, OTHER])

    def test_an_invalid_address_is_cores_business_and_others_are_sent_to(self):
        self.other.email = "nobody at nowhere"
        mail = self.partners_mail()
        self.run_queue()
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
        self.assertEqual(mail.state, "sent")

    def test_two_partners_of_one_address(self):
        self.other.email = CUSTOMER
        mail = self.partners_mail()
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=CUSTOMER)
        self.run_queue()
        self.assertDeferred(mail)
        self.run_queue(minutes=1)
        self.assertEqual(mail.state, "sent", mail.failure_reason)

    def test_who_is_left_is_removed_meanwhile(self):
        mail = self.partners_mail()
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=OTHER)
        self.run_queue()
        self.other.unlink()
        self.run_queue(minutes=1)
        self.assertEqual((mail.state, self.got()), ("sent", [CUSTOMER, THIRD]))

    def test_an_invalid_address_is_not_told_as_sent_after_a_retry(self):
        self.other.email = "nobody at nowhere"
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=THIRD)
        message = self.customer.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.three.ids)
        self.run_queue(minutes=1)
        self.assertEqual(
            {notification.res_partner_id: notification.notification_status for notification in message.sudo().notification_ids},
            {self.customer: "sent", self.other: "exception", self.third: "sent"})

    def test_a_hook_that_empties_the_cache_and_fails(self):
        mail, MailMail = self.mail(auto_delete=False), self.registry["mail.mail"]
        original = MailMail._postprocess_sent_message

        def hook(self, *args, failure_type=None, **kwargs):
            result = original(self, *args, failure_type=failure_type, **kwargs)
            self.env.flush_all()
            self.env.invalidate_all()
            if not failure_type:
                raise ValueError
            return result

        with patch.object(MailMail, "_postprocess_sent_message", hook):
            self.run_queue()
        self.assertEqual(mail.state, "sent")

    def test_one_refused_for_now_and_one_that_fails_here(self):
        mail, Server = self.partners_mail(), self.registry["ir.mail_server"]
        mail.recipient_ids = self.customer + self.third
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=CUSTOMER)
        original = Server._build_email__

        def build(self, email_from, email_to, *args, **kwargs):
            if THIRD in str(email_to):
                raise ValueError("a template")
            return original(self, email_from, email_to, *args, **kwargs)

        with patch.object(Server, "_build_email__", build):
            self.run_queue()
        self.assertDeferred(mail)
        self.run_queue(minutes=1)
        self.assertEqual((mail.state, self.got()), ("sent", [CUSTOMER, THIRD]))

    def test_a_domain_with_letters_beyond_ascii(self):
        for to in ("k@münchen.example", f"{CUSTOMER}, k@münchen.example"):
            with self.subTest(to=to):
                self.servers.reset()
                mail = self.mail(email_to=to, auto_delete=False)
                self.run_queue()
                self.assertEqual(mail.state, "sent")
                self.assertIn("k@xn--mnchen-3ya.example", self.got())
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient="k@xn--mnchen-3ya.example")
        mail = self.mail(email_to=to, auto_delete=False)
        self.run_queue()
        self.assertEqual(mail.state, "exception")

    def test_notifications_tell_each_recipient_apart(self):
        record = self.env["res.partner"].create({"name": "Deal"})
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, recipient=OTHER, times=None)
        self.servers.submission.faults.add("RCPT", replies.S451_4_7_0_TIMEOUT, recipient=THIRD, times=2)
        message = record.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.three.ids)
        state = lambda: {  # noqa: E731
            notification.res_partner_id: notification.notification_status for notification in message.sudo().notification_ids}
        self.assertEqual(state(), {self.customer: "sent", self.other: "exception", self.third: "ready"})
        reasons = {n.res_partner_id: n._office365_details() for n in message.sudo().notification_ids}
        self.assertIn("5.1.10", reasons[self.other])
        self.assertIn("4.7.0", reasons[self.third])
        self.assertFalse(reasons[self.customer])
        self.run_queue(minutes=1)
        self.run_queue(minutes=2)
        self.assertEqual(state(), {self.customer: "sent", self.other: "exception", self.third: "sent"})
        self.assertEqual(self.got(), [CUSTOMER, THIRD])
