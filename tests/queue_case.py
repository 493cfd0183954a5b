"""Base of the tests of the mail queue."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from .common import BRANT, Office365Case


class QueueCase(Office365Case):
    """A server of ours, Brant with his alias, and time that passes by moving what the queue noted into the past."""

    def setUp(self):
        super().setUp()
        self.server = self.outgoing(office365_rate_limit=0)
        self.set_alias(self.brant, BRANT)

    def pass_time(self, **span):
        """Let time pass for the queue: everything it noted is that much longer ago."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE mail_mail SET scheduled_date = scheduled_date - %(span)s, office365_failed_since = office365_failed_since - %(span)s
            """, {"span": timedelta(**span)})
        self.env.invalidate_all()

    def run_queue(self, **span):
        """Run the queue as its cron does, after a while."""
        self.pass_time(**span)
        with patch.object(self.env.cr, "commit", self.env.flush_all):
            self.env["mail.mail"].process_email_queue()

    def assertDeferred(self, mail, cause=None, attempts=1):  # noqa: N802
        """Fail unless the mail is to be tried again, and says so."""
        self.assertEqual((mail.state, mail.office365_attempts), ("outgoing", attempts), mail.failure_reason)
        self.assertGreater(mail.scheduled_date, fields.Datetime.now())
        self.assertIn("Odoo will try again", mail.failure_reason)
        if cause:
            self.assertEqual(mail.office365_cause, cause)
