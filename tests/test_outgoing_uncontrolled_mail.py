"""Mail that somebody waits for, tests and probes: counted by the quotas of the mailbox, never refused or delayed."""

from unittest.mock import patch

import psycopg2
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import tagged

from ..models.outgoing.office365_quota import Office365Quota
from ..tools.errors import ConnectionLost
from .common import BRANT, CUSTOMER, ERP, Office365Case
from .servers import Drop, replies


@tagged("post_install", "-at_install")
class TestUncontrolledMail(Office365Case):

    def setUp(self):
        super().setUp()
        self.server = self.outgoing(office365_rate_limit=3, office365_daily_limit=5)
        self.set_alias(self.brant, BRANT)

    @property
    def used(self):
        """Messages of the last minute, recipients of the last day."""
        return self.env["office365.quota"]._usage(ERP)

    def send(self, *to, **options):
        IrMailServer = self.env["ir.mail_server"]
        IrMailServer.send_email(IrMailServer._build_email__(ERP, to or [CUSTOMER], "Direct", "Hi"), **options)

    def send_in_vain(self, error, **options):
        """Odoo's assertRaises would undo what was counted: in tests all cursors share a transaction."""
        try:
            self.send(**options)
        except error:
            return
        self.fail("it was sent")

    def test_what_somebody_waits_for_counts_and_goes_beyond_the_limits(self):
        for number in range(5):
            self.mail(email_to=f"one{number}@fabrikam.example,two{number}@fabrikam.example").send(raise_exception=True)
            self.assertEqual(self.used, (number + 1, 2 * number + 2))
        self.sent(5)

    def test_the_queue_waits_for_what_it_used(self):
        for _each in range(3):
            self.send()
        mail = self.mail(auto_delete=False)
        mail.send()
        self.assertEqual((mail.state, mail.office365_cause), ("outgoing", "rate_limited"))
        self.sent(3)

    def test_a_mail_of_the_queue_counts_once(self):
        self.mail().send()
        self.sent()
        self.assertEqual(self.used, (1, 1))

    def test_direct_mail_counts_each_recipient(self):
        self.send(CUSTOMER, "other@fabrikam.example")
        self.assertEqual(self.used, (1, 2))

    def test_a_refused_one_counts_and_one_that_nobody_saw_does_not(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S554_5_2_0_OUTBOUND_SPAM)
        self.send_in_vain(MailDeliveryException)
        self.assertEqual(self.used, (1, 1))
        session = self.server._connect__(mail_server_id=self.server.id, smtp_from=ERP)
        self.servers.submission.faults.add("CONNECT", Drop())
        self.servers.submission.hang_up()
        self.send_in_vain(ConnectionLost, smtp_session=session)
        session.quit()
        self.assertEqual(self.used, (1, 1))

    def test_in_doubt_counts(self):
        self.servers.submission.faults.add("END_OF_DATA", Drop())
        self.send_in_vain(ConnectionLost)
        self.assertEqual(self.used, (1, 1))

    def test_test_connection_counts_and_is_not_refused(self):
        for number in range(5):
            self.server.test_smtp_connection()
            self.assertEqual(self.used, (number + 1, number + 1))

    def test_probes_count_and_are_not_refused(self):
        for _each in range(3):
            self.send()
        run = self.server._office365_probe([BRANT])
        self.assertEqual(run.addresses("allowed"), [BRANT])
        self.assertEqual(self.used, (4, 4))

    def test_without_limits_nothing_is_kept(self):
        self.server.write({"office365_rate_limit": 0, "office365_daily_limit": 0})
        self.send()
        self.assertFalse(self.env["office365.quota"].search_count([]))

    def test_a_database_that_cannot_count_fails_no_mail(self):
        with patch.object(Office365Quota, "_count", side_effect=psycopg2.errors.LockNotAvailable), \
                self.assertLogs("odoo.addons.mail_office365.models.outgoing.ir_mail_server_quota", "WARNING"):
            self.send()
        self.sent()
