"""What goes wrong before a mail is handed over, on either side."""

import math
import tempfile
import time
from pathlib import Path
from unittest.mock import PropertyMock, patch

from odoo import SUPERUSER_ID
from odoo.tests import tagged
from odoo.tools import config

from ..tools.outgoing.lifetime import Lifetime
from ..tools.outgoing.queue_run import QueueRun
from ..tools.secrets import vault
from .common import CUSTOMER
from .queue_case import QueueCase
from .servers import Drop, Reply
from .sign_in import SignInMixin


@tagged("post_install", "-at_install")
class TestBeforeMail(SignInMixin, QueueCase):
    """Before MAIL nothing can be about a mail."""

    def assertPaused(self, mails, words):  # noqa: N802
        """Fail unless the mails wait, as their server does, and administrators are told of it, once."""
        self.assertEqual(set(mails.mapped("state")), {"outgoing"}, mails.mapped("failure_reason"))
        self.assertIn(words, mails[0].failure_reason)
        pause = self.server.office365_pause_ids.filtered(lambda pause: not pause.address and pause.until)
        self.assertEqual(len(pause), 1)
        administrators = self.env.ref("base.group_system").all_user_ids.filtered(lambda user: user.active and user.id != SUPERUSER_ID)
        self.env.flush_all()
        with patch.object(self.env.cr, "commit", self.env.cr.flush):
            self.env["office365.alert"]._watch()
        told = self.env["office365.alert"].search([("ended", "=", False)]).activity_ids
        self.assertCountEqual(told.user_id, administrators)
        self.assertEqual(len(told), len(administrators))

    def test_a_certificate_that_is_not_trusted_for_a_moment_ends_no_mail(self):
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        self.servers.submission.tls.configure(certificate="untrusted")
        self.addCleanup(self.servers.submission.tls.configure, certificate="trusted")
        self.run_queue()
        self.run_queue(minutes=1)
        self.assertPaused(mails, "certificate")
        self.servers.submission.tls.configure(certificate="trusted")
        self.goes(mails)

    def test_a_key_file_that_cannot_be_read_for_a_moment_ends_no_mail(self):
        """As while a volume is not mounted: the token of the server can't be decrypted, nor a new one be asked for."""
        app = self.app()
        self.server.write({"office365_app_id": app.id, "smtp_authentication": "office365", "smtp_pass": False})
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        first = self.mail(auto_delete=False)
        first.send()
        self.assertEqual(first.state, "sent", first.failure_reason)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, *vault._FILE).mkdir(parents=True)
        with patch.dict(config.options, {"data_dir": folder}):
            self.run_queue()
            self.run_queue(minutes=1)
        self.assertPaused(mails, "secret.key")
        self.goes(mails)

    def goes(self, mails):
        """Fail unless mails go by themselves once the pause is over."""
        self.env.cr.execute("UPDATE office365_pause SET until = now() AT TIME ZONE 'UTC' - interval '1 second'")
        self.env.invalidate_all()
        self.run_queue(hours=1)
        self.assertEqual(set(mails.mapped("state")), {"sent"}, mails.mapped("failure_reason"))
        self.assertFalse(self.server.office365_pause_ids)

    def test_what_a_server_says_before_mail_keeps_the_mail_and_pauses_the_server(self):
        table = [
            ("CONNECT", Reply(554, "5.3.2 down for maintenance")), ("EHLO", Reply(550, "5.7.1 no")),
            ("STARTTLS", Reply(554, "5.7.3 no TLS")),
            ("AUTH", Reply(550, "5.2.1 Mailbox cannot be accessed")), ("AUTH", Reply(535, "5.7.3 Authentication unsuccessful")),
            ("CONNECT", Reply(421, "4.3.2 later")),
        ]
        for step, reply in table:
            with self.subTest(step=step, reply=reply):
                self.servers.submission.faults.clear()
                self.env["office365.pause"].search([]).unlink()
                mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
                self.servers.submission.faults.add(step, reply, times=None)
                self.run_queue()
                words = reply.text.split(" ", 1)[1]  # the server's own
                if reply.code >= 500:
                    self.assertPaused(mails, words)
                else:
                    self.assertEqual(mails.mapped("state"), ["outgoing"] * 2, mails.mapped("failure_reason"))
                    self.assertIn(words, mails[0].failure_reason)
                self.run_queue(hours=49)
                self.run_queue(hours=49)
                self.assertEqual(set(mails.mapped("state")), {"exception"}, "only the 48 hours end it")

    def test_a_full_mailbox_of_one_recipient_pauses_nothing(self):
        self.servers.submission.faults.add("RCPT", Reply(552, "5.2.2 mailbox full"), recipient="full@fabrikam.example", times=None)
        bad = self.mail(email_to="full@fabrikam.example", auto_delete=False)
        good = self.mail(auto_delete=False)
        for _run in range(2):
            self.run_queue()
        self.assertEqual((bad.state, good.state), ("exception", "sent"))
        self.assertFalse(self.server.office365_pause_ids)

    def test_mails_that_vanish_end_nothing(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(3)))
        gone = mails[1]
        original = type(mails)._office365_send_one

        def send_and_remove(self, run, send):
            original(self, run, send)
            if self == mails[0]:
                gone.exists().unlink()

        with patch.object(self.registry["mail.mail"], "_office365_send_one", send_and_remove):
            mails.send()
        self.assertEqual([mails[0].state, mails[2].state], ["sent", "sent"])
        self.sent(2)

    def test_sending_what_is_gone_does_what_core_does(self):
        for active in (True, False):
            self.server.active = active
            mails = self.mail() + self.mail(auto_delete=False)
            mails[0].unlink()
            with self.subTest(ours=active):
                self.env.flush_all()
                self.env.invalidate_all()
                if active:
                    mails.send()
                    self.assertEqual(mails[1].state, "sent")
                else:
                    with patch.object(self.registry["ir.mail_server"], "_disable_send", classmethod(lambda cls: True)):
                        mails.send()

    def test_retry_of_a_mail_in_doubt_starts_anew(self):
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=False, times=None)
        self.run_queue()
        self.run_queue(hours=1)
        self.assertEqual(mail.state, "exception", mail.failure_reason)
        self.servers.submission.faults.clear()
        mail.action_retry()
        self.assertEqual((mail.state, mail.office365_doubts), ("outgoing", False))
        self.run_queue()
        self.assertEqual(mail.state, "sent")
        self.assertEqual({sent.recipients[0] for sent in self.servers.accepted}, {CUSTOMER})

    def test_a_run_begins_no_mail_that_would_outlive_its_worker(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(4)))
        trigger = self.enterContext(patch.object(self.registry["ir.cron"], "_trigger", autospec=True))
        original = type(mails)._office365_send_one

        def send_slowly(self, run, send):
            original(self, run, send)
            if self == mails[1]:
                late.return_value = True

        with patch.object(QueueRun, "is_late", new_callable=PropertyMock, return_value=False) as late, \
                patch.object(self.registry["mail.mail"], "_office365_send_one", send_slowly):
            mails.send()
        self.assertEqual(mails.mapped("state"), ["sent", "sent", "outgoing", "outgoing"])
        self.assertEqual([mail.scheduled_date or mail.office365_cause for mail in mails[2:]], [False, False], "untouched")
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        self.assertEqual([call.args for call in trigger.call_args_list if call.args[0] == queue], [(queue,)])
        self.run_queue()
        self.assertEqual(set(mails.mapped("state")), {"sent"})

    def test_a_run_ends_in_time(self):
        for limits, expected in (((120, -1), 60), ((120, 600), 540), ((120, 0), math.inf)):
            with self.subTest(limits=limits), patch.dict(config.options, limit_time_real=limits[0], limit_time_real_cron=limits[1]), \
                    patch.object(Lifetime, "of", wraps=Lifetime.of) as of:
                self.mail().send()
                self.assertAlmostEqual(Lifetime.of(*of.call_args.args).last_start - time.monotonic(), expected, delta=5)
