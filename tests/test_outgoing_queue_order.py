from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from .common import BRANT, CUSTOMER, ERP, INFO
from .queue_case import QueueCase
from .servers import Drop, replies


@tagged("post_install", "-at_install")
class TestMailQueueOrder(QueueCase):
    """Who goes first, who waits for whom, and what waits without having failed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kim = new_test_user(cls.env, "o365.kim", name="Kim", email="kim@private.example")

    def setUp(self):
        super().setUp()
        self.set_alias(self.kim, INFO)

    def mails(self, number, **values):
        return self.env["mail.mail"].union(*(
            self.mail(subject=f"Offer {each}", auto_delete=False, **values) for each in range(number)))

    def mailing(self, number):
        """Create what a mass mailing creates."""
        return self.env["mail.mail"].create([
            {"subject": f"Mass {each}", "body_html": "x", "email_to": CUSTOMER, "email_from": self.kim.email_formatted}
            for each in range(number)])

    def subjects(self):
        return [str(sent.message["Subject"]) for sent in self.servers.accepted]

    def limit(self, number):
        self.env["ir.config_parameter"].set_param("mail.mail.queue.batch.size", number)

    def other_server(self):
        """Return a server that is not ours."""
        at = self.servers.submission
        return self.env["ir.mail_server"].create({
            "name": "Other", "smtp_host": at.host, "smtp_port": at.port, "smtp_encryption": "starttls", "from_filter": "other.example",
            "smtp_user": ERP, "smtp_pass": self.servers.password(ERP), "sequence": 99})

    # --- order of a sender ---

    def test_later_mails_of_the_sender_wait_for_one_that_the_server_deferred(self):
        mails, of_kim = self.mails(3), self.mail(email_from=self.kim.email_formatted, subject="Kim")
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        self.run_queue()
        self.assertEqual(self.subjects(), ["Kim"])
        self.assertEqual(mails.mapped("office365_attempts"), [1, 0, 0])
        self.assertEqual([bool(since) for since in mails.mapped("office365_failed_since")], [True, False, False], "two only wait")
        self.assertEqual(len(set(mails.mapped("scheduled_date"))), 1)
        self.run_queue(minutes=1)
        self.assertEqual(self.subjects(), ["Kim", "Offer 0", "Offer 1", "Offer 2"])
        self.assertTrue(of_kim.state == "sent" and set(mails.mapped("state")) == {"sent"})

    def test_a_mail_written_later_does_not_overtake_a_deferred_one(self):
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR)
        first = self.mail(subject="First")
        first.send()
        second = self.mail(subject="Second", auto_delete=False)
        second.send()
        self.assertEqual((second.state, second.office365_attempts, second.scheduled_date), ("outgoing", 0, first.scheduled_date))
        self.assertIn("earlier email", second.failure_reason)
        self.run_queue(minutes=1)
        self.assertEqual(self.subjects(), ["First", "Second"])

    def test_what_concerns_one_recipient_or_message_holds_nobody_up(self):
        for step, fault in (("RCPT", replies.S432_4_3_2_RECIPIENT_BUSY), ("END_OF_DATA", Drop())):
            with self.subTest(step=step):
                self.servers.reset()
                mails = self.mails(3)
                self.servers.submission.faults.add(step, fault)
                self.run_queue()
                self.assertEqual(self.subjects(), ["Offer 1", "Offer 2"])
                self.run_queue(minutes=1)
                self.assertEqual(mails.mapped("state"), ["sent"] * 3)

    def test_a_mail_that_keeps_failing_holds_the_others_up_for_three_tries_only(self):
        mails = self.mails(2)
        self.servers.submission.faults.add("MAIL", replies.S451_4_7_0_PROXY_ERROR, times=4)
        for minutes in (0, 1, 2):
            self.run_queue(minutes=minutes)
            self.assertEqual(self.subjects(), [])
        self.run_queue(minutes=4)
        self.assertEqual(self.subjects(), ["Offer 1"])
        self.assertDeferred(mails[0], "server_busy", attempts=4)

    def test_mails_that_could_not_reach_the_server_go_in_their_order(self):
        mails = self.mails(3)
        port, self.server.smtp_port = self.server.smtp_port, 1
        self.run_queue()
        mails[0].office365_attempts = 2  # it had failed before
        self.run_queue(minutes=1)
        self.assertEqual(len(set(mails.mapped("scheduled_date"))), 1)
        self.server.smtp_port = port
        self.run_queue(minutes=8)
        self.assertEqual(self.subjects(), ["Offer 0", "Offer 1", "Offer 2"])

    # --- which mails a run takes ---

    def test_single_messages_go_before_a_mass_mailing(self):
        mass = self.mailing(3)
        self.mails(2)
        self.assertEqual(mass.mapped("office365_bulk"), [True] * 3)
        self.run_queue()
        self.assertEqual(self.subjects(), ["Offer 0", "Offer 1", "Mass 0", "Mass 1", "Mass 2"])

    def test_of_more_mails_than_a_run_takes_the_oldest_go_first_and_single_ones_before_all(self):
        self.mailing(3)
        self.mails(3)
        self.limit(2)
        self.run_queue()
        self.assertEqual(self.subjects(), ["Offer 0", "Offer 1"])
        self.run_queue()
        self.assertEqual(self.subjects(), ["Offer 0", "Offer 1", "Offer 2", "Mass 0"])

    def test_mails_of_other_servers_are_taken_as_in_core(self):
        self.other_server()
        for number in range(3):
            self.mail(subject=f"Ours {number}")
            self.mail(subject=f"Other {number}", email_from="somebody@other.example")
        self.servers.directory.grant_send_as(ERP, "somebody@other.example", "bounce@contoso.example")
        self.limit(4)  # core takes the newest four: numbers 1 and 2 of each
        self.run_queue()
        self.assertEqual(sorted(self.subjects()), ["Other 1", "Other 2", "Ours 0", "Ours 1"])

    def test_filters_of_the_caller_hold(self):
        mails = self.mails(4)
        self.limit(2)
        with patch.object(self.env.cr, "commit", self.env.flush_all):
            self.env["mail.mail"].with_context(filters=[("id", "in", mails[1:].ids)]).process_email_queue()
        self.assertEqual(self.subjects(), ["Offer 1", "Offer 2"])

    # --- quotas and pauses ---

    def test_what_exceeds_the_rate_waits_in_its_order_and_has_not_failed(self):
        self.server.office365_rate_limit = 2
        mails = self.mails(5)
        self.run_queue()
        self.assertEqual(self.subjects(), ["Offer 0", "Offer 1"])
        waiting = mails[2:]
        self.assertEqual(waiting.mapped("office365_cause"), ["rate_limited"] * 3)
        self.assertEqual((waiting.mapped("office365_attempts"), waiting.mapped("state")), ([0] * 3, ["outgoing"] * 3))
        self.assertFalse(any(waiting.mapped("office365_failed_since")))
        self.assertEqual(waiting.mapped("scheduled_date"), sorted(waiting.mapped("scheduled_date")))

    def test_a_mail_keeps_its_place_if_the_quota_ends_between_its_recipients(self):
        self.server.office365_rate_limit = 2
        partners = self.env["res.partner"].create([
            {"name": str(number), "email": f"{number}@fabrikam.example"} for number in range(3)])
        mail = self.mail(email_to=False, recipient_ids=partners.ids, auto_delete=False)
        self.run_queue()
        self.assertEqual((mail.state, mail.office365_attempts, len(self.subjects())), ("outgoing", 0, 2))
        self.server.office365_rate_limit = 0
        self.run_queue(minutes=2)
        self.assertEqual(mail.state, "sent")
        self.assertEqual(
            sorted(address for sent in self.servers.accepted for address in sent.recipients),
            ["0@fabrikam.example", "1@fabrikam.example", "2@fabrikam.example"])

    def test_a_refused_sign_in_keeps_the_mail_and_is_not_repeated(self):
        mails = self.mails(2) + self.mail(email_from=self.kim.email_formatted, auto_delete=False)
        self.server.smtp_pass = "wrong"
        self.run_queue()
        self.assertEqual(mails.mapped("state"), ["outgoing"] * 3)
        self.assertEqual(set(mails.mapped("office365_cause")), {"bad_credentials"})
        connections = len(self.servers.submission.connections)
        self.mail().send()  # a newcomer
        self.assertEqual(len(self.servers.submission.connections), connections)

    def test_an_address_that_is_refused_again_and_again_pauses_and_its_mail_is_kept(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        mails = self.mails(6)
        self.run_queue()
        states = mails.mapped("state")
        self.assertEqual(states[-1], "outgoing")
        self.assertEqual(states, sorted(states))  # first exception, then outgoing
        refused = [each for each in self.servers.transactions if not each.accepted]
        self.assertLess(len(refused), 6)
