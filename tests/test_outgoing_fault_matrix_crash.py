import contextlib
import itertools
import logging
import os
import random
import signal
import time

import psycopg2
from odoo.tests import tagged

from .faults.case import FaultCase
from .faults.matrix import MAILS
from .workers import WorkerDied, WorkerFailed

_logger = logging.getLogger(__name__)
_KILLS = 10
_BETWEEN = MAILS // _KILLS
_PATIENCE = 60  # seconds until something has to happen; only reached if it never does
_MAIL = "(SELECT mail.id FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id WHERE message_id = %s)"
_CHANGES = (
    f"UPDATE mail_mail SET write_date = now() WHERE id = {_MAIL}",
    "UPDATE mail_message SET write_date = now() WHERE message_id = %s",
    f"UPDATE mail_notification SET mail_email_address = NULL WHERE mail_mail_id = {_MAIL}",
)


@tagged("post_install", "-at_install")
class TestFaultMatrixCrash(FaultCase):
    """Workers and PostgreSQL die, and workers meet each other: at most the one mail in flight goes twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.matrix.another_session()
        cls.addClassCleanup(cls.other.close)

    def arrived(self, number):
        """Wait until so many mails arrived."""
        taken = self.matrix.servers.submission.transactions
        taken.wait_for(lambda seen: sum(one.accepted for one in seen) >= number, _PATIENCE)

    def test_a_worker_that_is_killed(self):
        seed = int(os.environ.get("MAIL_OFFICE365_FAULTS_SEED") or random.randrange(2**32))
        _logger.warning("The moments of kill -9 come from MAIL_OFFICE365_FAULTS_SEED=%s", seed)
        moments = random.Random(seed)

        def kill_and_kill():
            for number in range(_KILLS):
                job = self.matrix.start()
                self.arrived(number * _BETWEEN + moments.randrange(1, _BETWEEN))
                time.sleep(moments.uniform(0, 0.02))
                with contextlib.suppress(ProcessLookupError, WorkerDied):
                    job.kill()
                    job.result(_PATIENCE)
                self.matrix.let_time_pass()
            self.matrix.run()

        self.check(f"kill -9 of the worker, {_KILLS} times", first=kill_and_kill, twice=_KILLS, unplanned=True)

    def test_a_worker_that_is_killed_between_250_and_commit(self):
        """The server has the mail and the worker dies before it hears of it: the case in which nobody can do better."""
        def kill_while_waiting():
            job = self.matrix.start()
            taken = []

            def kill_at_50th(transaction):
                taken.append(transaction)
                if len(taken) == 50:
                    os.kill(job.pid, signal.SIGKILL)

            self.matrix.on_transaction = kill_at_50th
            with self.assertRaises(WorkerDied):
                job.result(_PATIENCE)
            self.assertEqual(len(taken), 50)
            self.matrix.run()

        self.check("kill -9 of the worker when the server has taken a message", first=kill_while_waiting, twice=1, unplanned=True)

    def test_two_workers_at_once(self):
        def both():
            jobs = [self.matrix.start(), self.matrix.start()]
            for job in jobs:
                job.result(_PATIENCE)

        self.check("two queue runs at once", first=both, sent_at_once=MAILS)

    def test_postgresql_ends_the_sessions(self):
        def cut_off():
            for number in range(1, 6):
                job = self.matrix.start()
                self.arrived(30 * number)
                self.matrix.store.end_other_sessions()
                with contextlib.suppress(WorkerFailed):
                    job.result(_PATIENCE)
            self.matrix.run()

        self.check("PostgreSQL ends all sessions, 5 times", first=cut_off, twice=5, unplanned=True)

    def test_postgresql_crashes(self):
        """One of PostgreSQL's own processes is killed: it ends all the others, recovers from its log and starts anew."""
        if not self.matrix.may_crash:
            self.skipTest("PostgreSQL is the caller's: it is not crashed; another test ends the sessions")

        def crash():
            job = self.matrix.start()
            self.arrived(100)
            os.kill(self.matrix.store.checkpointer(), signal.SIGKILL)
            with contextlib.suppress(WorkerFailed, WorkerDied):
                job.result(_PATIENCE)
            self.reconnect()
            self.matrix.run()

        self.check("PostgreSQL crashes and recovers", first=crash, twice=1, unplanned=True)

    def reconnect(self):
        """Connect again when PostgreSQL is there again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.matrix.store.reconnect()
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def test_another_transaction_changes_what_is_being_sent(self):
        """Rows change at the worst moment: the server has taken the mail, and the worker waits for its reply."""
        taken, statements = [], itertools.cycle(_CHANGES)

        def change_every_other(transaction):
            taken.append(transaction.message_id)
            if len(taken) % 2:
                self.other.change(next(statements), transaction.message_id)

        self.arrange = lambda: setattr(self.matrix, "on_transaction", change_every_other)
        self.check("another transaction changes mail, message or notification while it is sent, every other time", sent_at_once=150)
        self.assertGreaterEqual(len(taken), MAILS)
