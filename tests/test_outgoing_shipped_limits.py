import contextlib
import time
from datetime import datetime, timezone

import psycopg2
from odoo.tests import tagged

from ..tools.outgoing import clock
from ..tools.outgoing.lookahead import Lookahead
from .common import ERP
from .servers import replies
from .servers_case import WorkersCase
from .test_outgoing_queue_workers import run_queue
from .workers import WorkerDied

SPEED = 20  # a minute of the limits passes in three seconds
MAILS = 80
RATE = 30
REFUSED = "r7@fabrikam.example"


def make_mails(env, host, port, password):
    """Make a server as its preset makes it, and queued mails to a recipient each."""
    env["ir.mail_server"].search([("active", "=", True)]).active = False
    env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
    server = env["ir.mail_server"].create({
        "office365_preset": "submission", "smtp_host": host, "smtp_port": port, "smtp_user": ERP, "smtp_pass": password})
    for number in range(MAILS):
        env["mail.mail"].create({
            "subject": str(number), "body_html": "x", "email_to": f"r{number}@fabrikam.example", "email_from": ERP, "auto_delete": False})
    return server.office365_rate_limit, server.office365_daily_limit, server.office365_max_connections


def send_all(env, began):
    """Run the queue again and again, as the cron does, until nothing is left; return how many mails were made ready ahead.

    :param began: when the minute began to pass faster, in seconds since 1970
    """
    of_database, start, ahead = clock.database_time, Lookahead.start, []
    clock.database_time = lambda cr: began + (of_database(cr) - began) * SPEED
    clock.monotonic = lambda: time.monotonic() * SPEED
    Lookahead.start = lambda self, *args, **kwargs: (ahead.append(1), start(self, *args, **kwargs))[1]
    while env["mail.mail"].search_count([("state", "=", "outgoing")]):
        env.cr.rollback()
        run_queue(env)
        time.sleep(0.05)
    return len(ahead)


@tagged("post_install", "-at_install")
class TestShippedLimits(WorkersCase):
    """The limits of the preset, real commits, several workers and a server that keeps count."""

    def test_nothing_is_lost_or_doubled_and_no_minute_holds_more_than_the_rate(self):
        submission = self.servers.submission
        began = time.time()
        submission.usage.clock = lambda: time.monotonic() * SPEED
        self.servers.directory.limits.messages_per_minute = RATE
        submission.faults.add("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN, recipient=REFUSED, times=None)
        [limits] = self.workers.run(make_mails, [submission.host, submission.port, self.servers.password(ERP)])
        self.assertEqual(limits, (RATE, 10_000, 3))
        first, *others = self.workers.begin(send_all, *[[began]] * 3)
        self.servers.transactions.wait_for(lambda seen: sum(one.accepted for one in seen) >= RATE // 2, timeout=60)
        first.kill()
        with self.assertRaises(WorkerDied):
            first.result()
        others += self.workers.begin(send_all, [began])
        until = time.monotonic() + 120
        while not all(worker.is_done(wait=0.05) for worker in others):
            self.assertLess(time.monotonic(), until, "mail is left in the queue")
            # What is due by the clock that runs faster is due; a row that a worker is changing, the next time.
            with contextlib.suppress(psycopg2.errors.SerializationFailure):
                self.workers.sql(
                    "UPDATE mail_mail SET scheduled_date = now() AT TIME ZONE 'UTC' - interval '1 second'"
                    " WHERE state = 'outgoing' AND scheduled_date <= %s AND scheduled_date > now() AT TIME ZONE 'UTC'",
                    datetime.fromtimestamp(began + (time.time() - began) * SPEED, timezone.utc).replace(tzinfo=None))
        self.assertEqual(sum(worker.result() for worker in others), 0, "mails that wait for their turn are not made ready ahead")
        arrived = [one.recipients[0] for one in self.servers.accepted]
        wanted = {f"r{number}@fabrikam.example" for number in range(MAILS)} - {REFUSED}
        self.assertEqual(set(arrived), wanted, "lost")
        self.assertLessEqual(len(arrived), len(wanted) + 1, "only the mail on its way in the killed worker may go twice")
        self.assertEqual(
            dict(self.workers.sql("SELECT state, count(*) FROM mail_mail WHERE state IN ('sent', 'exception', 'outgoing') GROUP BY 1")),
            {"sent": len(wanted), "exception": 1})
        self.assertEqual(
            self.workers.sql("SELECT office365_cause FROM mail_mail WHERE state = 'exception'"),
            [("recipient_unknown",)])
        # Refused ones count, too: they were mails that asked to go.
        times = sorted(one.time for one in self.servers.transactions)
        for began_at, one_too_many in zip(times, times[RATE:], strict=False):
            self.assertGreaterEqual((one_too_many - began_at) * SPEED, 60)
        self.assertFalse(
            [one.reply for one in self.servers.transactions if one.reply.startswith(("421", "432"))], "the server had to refuse")
        self.assertGreater((times[-1] - times[0]) * SPEED, 2 * 60)
