import collections
import contextlib
import time

import psutil
import psycopg2
from odoo import SUPERUSER_ID, api, sql_db
from odoo.tests import tagged

from ..models.outgoing.ir_mail_server_quota import _lock_class
from .common import CUSTOMER, ERP
from .moments import let_pass
from .servers import Delay
from .servers.replies import S550_5_1_1_RECIPIENT_UNKNOWN
from .servers_case import WorkersCase
from .workers import WorkerDied

RATE, DAILY, CONNECTIONS = 30, 10000, 3  # as Exchange documents them
DAY = 24 * 3600
LEFT = 80  # recipients that somebody else has left of the day's
NUMBER = 100
REFUSED, GONE = 5, "gone@fabrikam.example"
RESERVED = 3  # messages that a worker reserves at a time, lost to the others if it is killed
ROUNDS = 40


def make_mails(env, host, port, password):
    """Make a server as the preset does, and queued mails; return the server's limits and the ids of the mails."""
    env["ir.mail_server"].search([]).active = False
    env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
    server = env["ir.mail_server"].create({
        "office365_preset": "submission", "smtp_host": host, "smtp_port": port, "smtp_user": ERP, "smtp_pass": password})
    env["office365.quota"]._count(ERP, DAILY - LEFT)
    mails = [
        env["mail.mail"].create({
            "subject": str(number), "body_html": "x", "email_to": GONE if number == REFUSED else CUSTOMER, "email_from": ERP})
        for number in range(NUMBER)
    ]
    limits = server.office365_rate_limit, server.office365_daily_limit, server.office365_max_connections
    return limits, [mail.id for mail in mails]


def run_queue(env):
    """Run the queue as the cron does; return how many connections the process holds afterwards."""
    with contextlib.suppress(psycopg2.InterfaceError), env.registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()
    return held(env)


def send_now(env, ids):
    """Send whatever waits, due or not, as somebody does who can't; return how many connections the process holds afterwards."""
    env["mail.mail"].browse(ids).send_after_commit()
    env.cr.commit()
    return held(env)


def held(env):
    """Return how many connections this process holds."""
    env.cr.execute(
        """
        SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2 AND application_name = %s
        """, [_lock_class(ERP) % 2**32, sql_db.connection_info_for(env.cr.dbname)[1]["application_name"]])
    return env.cr.fetchone()[0]


def used(env):
    """Return the messages of the last minute and the recipients of the last day, as the quota has them."""
    return env["office365.quota"]._usage(ERP)


@tagged("post_install", "-at_install")
class TestShippedLimitsOverDays(WorkersCase):
    """Everything at once: the limits as they are shipped, mails made ready ahead, commits, and workers of which one is killed."""

    def setUp(self):
        super().setUp()
        self.passed = 0
        self.spans = []  # from when to when the server had a message, by a clock that sees the time pass
        self.running, self.killed, self.in_flight = [], None, None
        self.taken = collections.Counter()  # by connection
        at = self.servers.submission
        at.transactions.listen(self._happened)
        [(limits, self.ids)] = self.workers.run(make_mails, [at.host, at.port, self.servers.password(ERP)])
        self.assertEqual(limits, (RATE, DAILY, CONNECTIONS))
        at.usage.count(ERP, DAILY - LEFT)
        self.elsewhere = time.time()
        at.faults.add("RCPT", S550_5_1_1_RECIPIENT_UNKNOWN, recipient=GONE, times=None)
        at.faults.add("END_OF_DATA", Delay(2), times=CONNECTIONS)  # until all are there
        self.round_trip = at.faults.add("END_OF_DATA", Delay(0.02), times=None)

    def test_the_limits_hold_and_nothing_is_lost_or_doubled_though_a_worker_is_killed(self):
        self.pass_time(61)
        self.running = self.workers.begin(run_queue, *[[]] * CONNECTIONS)
        self.finish(self.running)
        self.assertIsNotNone(self.killed)
        self.assertGreater(len(self.spans), RATE - RESERVED, "the minute is not used")

        causes = set()
        for number in range(ROUNDS):
            waiting = self.waiting()
            if not waiting:
                break
            causes |= set(waiting)
            if number < 2:  # what the killed one left is due, the rest is pressed for: in the same minute
                self.pass_time(20 * number)
                self.finish([*self.workers.begin(run_queue, [], []), *self.workers.begin(send_now, [self.ids])])
                continue
            if "daily_recipient_limit" not in waiting:
                self.assertLessEqual(waiting.get("rate_limited", 0), 61, "nobody goes though there is room")
            wait, crowd = max(20, min(waiting.values())), 0
            if wait > 3600:
                self.assertQuotaIsThatOfTheServer()
                self.round_trip.action, crowd = Delay(1), 2  # of whom the server is to see none
            self.pass_time(wait)
            self.finish(self.workers.begin(run_queue, *[[]] * (CONNECTIONS + crowd)))

        self.assertEqual(self.states(), {"sent": NUMBER - 1, "exception": 1})
        [(subject, reason)] = self.workers.sql(
            "SELECT subject, failure_reason FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id"
            " WHERE mail.id = ANY(%s) AND state = 'exception'", self.ids)
        self.assertEqual(int(subject), REFUSED)
        self.assertIn("550 5.1.1", reason)
        arrived = collections.Counter((int(sent.message["Subject"]), sent.message_id) for sent in self.servers.accepted)
        self.assertEqual({subject for subject, _id in arrived}, set(range(NUMBER)) - {REFUSED})
        self.assertLessEqual({mail for mail, times in arrived.items() if times > 1}, {self.in_flight})
        self.assertLessEqual(len(self.servers.accepted), NUMBER)
        self.assertEqual(sum(not each.accepted for each in self.servers.transactions), 1, "the refused one is tried once")

        self.assertLessEqual({"rate_limited", "daily_recipient_limit", "concurrent_connections"}, causes)
        replies = [reply for connection in self.servers.connections for reply in connection.replies]
        self.assertFalse([reply for reply in replies if reply.startswith(("421", "432", "554"))], "the server had too much")

    # --- what happens ---

    def _happened(self, transaction):
        """Note a transaction; kill the worker that it is of once all are at work: the server has the message, the worker does not know."""
        self.spans.append((transaction.time - transaction.duration + self.passed, transaction.time + self.passed))
        self.taken[transaction.connection_id] += transaction.accepted
        if self.killed or not transaction.accepted or len(+self.taken) < CONNECTIONS or self.taken.total() < RATE // 3:
            return
        for worker in self.running:
            if transaction.peer[1] in [each.laddr.port for each in psutil.Process(worker.pid).net_connections() if each.laddr]:
                self.killed, self.in_flight = worker, (int(transaction.message["Subject"]), transaction.message_id)
                worker.kill()

    def pass_time(self, seconds):
        """Let time pass for Odoo and for the server."""
        let_pass(self.workers.sql, seconds)
        self.passed += seconds
        self.servers.submission.usage.clock = lambda: time.monotonic() + self.passed

    def finish(self, workers):
        """Wait for workers; see that none keeps a connection, and that together they kept to the limits."""
        for worker in workers:
            try:
                self.assertEqual(worker.result(), 0, "a connection's slot is held after the run")
            except WorkerDied:
                self.assertIs(worker, self.killed)
        self.assertLimitsHeld()

    # --- what is there ---

    def states(self):
        return dict(self.workers.sql("SELECT state, count(*) FROM mail_mail WHERE id = ANY(%s) GROUP BY state", self.ids))

    def waiting(self):
        """Return what queued mails wait for, and in how many seconds the first one of each is due."""
        return dict(self.workers.sql(
            """
            SELECT office365_cause, ceil(extract(epoch FROM min(coalesce(scheduled_date, '2000-01-01')) - now() AT TIME ZONE 'UTC'))::int
              FROM mail_mail WHERE id = ANY(%s) AND state = 'outgoing' GROUP BY office365_cause
            """, self.ids))

    def assertLimitsHeld(self):  # noqa: N802
        """Fail if the server had more than is allowed, in whatever minute or day, and whenever within a transaction it counts."""
        starts, ends = sorted(start for start, _end in self.spans), sorted(end for _start, end in self.spans)
        for end, one_too_many in zip(ends, starts[RATE:], strict=False):
            self.assertGreaterEqual(one_too_many - end, 60, "too many messages in a minute")
        self.assertLessEqual(sum(start < self.elsewhere + DAY for start in starts), LEFT, "too many recipients in a day")
        opened = [(connection.opened, connection.closed or time.time()) for connection in self.servers.submission.connections]
        for moment, _closed in opened:
            self.assertLessEqual(sum(start <= moment < end for start, end in opened), CONNECTIONS)

    def assertQuotaIsThatOfTheServer(self):  # noqa: N802
        """Fail unless what was sent is counted, and nothing else but what a killed worker may have sent."""
        [(_minute, day)] = self.workers.run(used)
        too_much = day - (DAILY - LEFT) - len(self.spans)
        self.assertIn(too_much, range(RESERVED), "messages that are counted and were not sent")
