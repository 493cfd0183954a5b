import random

from odoo.tests import tagged

from .faults.case import FaultCase
from .faults.matrix import MAILS
from .servers import Drop, replies
from .workers import WorkerDied

RATE = 30


@tagged("post_install", "-at_install")
class TestFaultMatrixLimits(FaultCase):
    """Faults where the limits hold that the preset brings: what waits for its turn waits no longer and no less for them."""

    def arrange(self):
        self.matrix.limit(RATE, 10_000)

    def check_limited(self, title, faults=(), **options):
        self.check(f"the preset's limits on: {title}", faults, **options)
        # A run takes seconds, and an hour passes between two: a run is a minute.
        self.assertLessEqual(len(self.matrix.servers.accepted), RATE * self.matrix.runs)
        self.assertGreaterEqual(self.matrix.runs, MAILS // RATE)
        over = [one.reply for one in self.matrix.servers.transactions if one.reply.startswith(str(replies.S421_4_4_2_RATE_LIMITED))]
        self.assertFalse(over, "the server had to refuse")

    def test_nothing_goes_wrong(self):
        self.check_limited("no fault", sent_at_once=RATE - 3)

    def test_a_connection_that_ends_during_a_mail(self):
        steps = ("MAIL", "RCPT", "BDAT", "BODY", "END_OF_DATA")
        self.check_limited("connection closed, messages not taken,", [(step, Drop()) for step in steps], every=25, times=4, doubted=4)

    def test_the_server_says_451(self):
        steps = ("MAIL", "END_OF_DATA")
        self.check_limited("451", [(step, replies.S451_4_7_0_PROXY_ERROR) for step in steps], every=25, times=4)

    def test_a_permanent_refusal_ends_that_mail_alone(self):
        self.check_limited("550", [("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN)], every=20, times=5, failed=5)

    def test_a_worker_that_is_killed_and_one_beside_it(self):
        def kill_one_of_two():
            jobs, number = [self.matrix.start(), self.matrix.start()], random.randrange(3, RATE - 5)
            self.matrix.servers.submission.transactions.wait_for(lambda seen: sum(one.accepted for one in seen) >= number, 60)
            jobs[0].kill()
            with self.assertRaises(WorkerDied):
                jobs[0].result()
            jobs[1].result()

        self.check_limited("kill -9 of one of two workers", first=kill_one_of_two, twice=1, unplanned=True)
