import time
from datetime import timedelta
from email.message import EmailMessage

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import tagged

from ..models.outgoing.ir_mail_server_quota import _lock_class
from ..tools.errors import NoConnectionFree
from ..tools.outgoing import clock
from ..tools.transport import Envelope
from .common import ERP
from .servers import CUSTOMER, replies
from .servers_case import WorkersCase

SPEED = 20  # a minute of the quota passes in three seconds
RATE = 10
RUN = 9  # seconds


def make_server(env, host, port, password):
    """Make an outgoing server; return its id."""
    return env["ir.mail_server"].create({
        "office365_preset": "submission", "smtp_host": host, "smtp_port": port, "smtp_user": ERP, "smtp_pass": password,
        "office365_rate_limit": RATE, "office365_max_connections": 3,
    }).id


def send(env, server_id, bulk):
    """Send whatever the governor lets through, in runs of a few mails; return how many were taken."""
    of_database = clock.database_time
    clock.database_time = lambda cr: of_database(cr) * SPEED
    clock.monotonic = lambda: time.monotonic() * SPEED
    server, taken, until = env["ir.mail_server"].browse(server_id), 0, time.monotonic() + RUN
    session = server._office365_open_session(None)
    while time.monotonic() < until:
        governor = server._office365_governor()
        for _mail in range(4):
            if not governor.admit(ERP, 1, bulk).go:
                time.sleep(0.01)
                break
            message = EmailMessage()
            message["From"], message["To"] = ERP, CUSTOMER
            outcome = session.deliver(message, Envelope(ERP, (CUSTOMER,)), session.observer)
            governor.report(ERP, outcome, None)
            taken += outcome.taken
        governor.close()
    session.quit()
    return taken


def hold(env, server_id, seconds):
    """Hold a connection's slot for a time; return whether there was one."""
    try:
        with env["ir.mail_server"].browse(server_id)._office365_connection_slot(ERP):
            time.sleep(seconds)
        return True
    except NoConnectionFree:
        return False


def refuse(env, server_id):
    """Let a server be refused, and its pause be over."""
    server = env["ir.mail_server"].browse(server_id)
    env["office365.pause"]._failed(server, "", "penalty_box", "550 5.2.252 throttled")
    pause = env["office365.pause"].search([("mail_server_id", "=", server_id)])
    pause.until -= timedelta(days=1)


def claim(env, server_id):
    """Claim the trial of a pause that is over."""
    return env["office365.pause"]._claim_trial(env["ir.mail_server"].browse(server_id), "")


def fail(env, server_id):
    """Send a mail that is refused, for a caller who undoes everything; return what is kept of it."""
    mail = env["mail.mail"].create({
        "email_from": ERP, "email_to": CUSTOMER, "body_html": "<p>Hello</p>", "mail_server_id": server_id})
    try:
        mail.send(raise_exception=True)
    except MailDeliveryException:
        env.cr.rollback()
    return env["office365.delivery"].search([("mail_server_id", "=", server_id)]).mapped("cause")


def note_of_new_server(env):
    """Note a delivery of a server that is not committed; return how many there are before and after that is undone."""
    env.cr.commit()
    server = env["ir.mail_server"].create({"name": "New", "smtp_host": "localhost"})
    env["office365.delivery"]._keep([{"mail_server_id": server.id, "user_id": 1, "company_id": False, "message_id": "<new@localhost>"}])
    rows = [("message_id", "=", "<new@localhost>")]
    before = env["office365.delivery"].search_count(rows)
    env.cr.rollback()
    return before, env["office365.delivery"].search_count(rows)


@tagged("post_install", "-at_install")
class TestGovernorOverWorkers(WorkersCase):
    """What holds over processes: each has connections of its own to the same database."""

    def setUp(self):
        super().setUp()
        at = self.servers.submission
        [self.server_id] = self.workers.run(make_server, [at.host, at.port, self.servers.password(ERP)])
        self.addCleanup(self.workers.sql, "DELETE FROM ir_mail_server WHERE id = %s", self.server_id)

    def test_no_sliding_minute_of_the_server_holds_more_than_the_rate_though_a_worker_is_killed(self):
        self.servers.directory.limits.concurrent_connections = None
        self.workers.sql("UPDATE ir_mail_server SET office365_max_connections = 9 WHERE id = %s", self.server_id)
        working = self.workers.begin(send, *[[self.server_id, number < 2] for number in range(5)])
        self.servers.transactions.wait_for(lambda seen: len(seen) >= RATE // 2, timeout=60)
        working[-1].kill()
        taken = sum(worker.result() for worker in working[:-1])
        times = sorted(transaction.time for transaction in self.servers.accepted)
        self.assertGreaterEqual(len(times), taken)
        self.assertGreater(taken, RATE)
        for first, one_too_many in zip(times, times[RATE:], strict=False):
            self.assertGreaterEqual((one_too_many - first) * SPEED, 60)

    def test_no_more_connections_than_allowed_and_a_killed_worker_frees_its_own(self):
        holding = self.workers.begin(hold, *[[self.server_id, 600]] * 3)
        self._wait_for_locks(3)
        self.assertEqual(self.workers.run(hold, [self.server_id, 0]), [False])
        holding[0].kill()
        self._wait_for_locks(2)
        self.assertEqual(self.workers.run(hold, [self.server_id, 0]), [True])
        for worker in holding[1:]:
            worker.kill()
        self._wait_for_locks(0)

    def test_one_worker_makes_the_trial(self):
        self.workers.run(refuse, [self.server_id])
        self.assertEqual(sum(self.workers.run(claim, *[[self.server_id]] * 6)), 1)

    def test_a_refusal_is_kept_though_its_sending_is_rolled_back(self):
        self.servers.submission.faults.add("END_OF_DATA", replies.S554_5_2_252_SEND_AS_DENIED.fill(mailbox=ERP, sender=ERP))
        self.assertEqual(self.workers.run(fail, [self.server_id]), [["send_as_denied"]])

    def test_a_row_about_what_is_not_committed_yet_is_part_of_its_transaction(self):
        self.assertEqual(self.workers.run(note_of_new_server), [(1, 0)])

    def _wait_for_locks(self, number):
        until = time.monotonic() + 60
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
        while (found := self.workers.sql(query, _lock_class(ERP) % 2**32)[0][0]) != number:
            self.assertLess(time.monotonic(), until, f"{found} slots are held, not {number}")
            time.sleep(0.05)
