import contextlib
import time
from unittest.mock import patch

import psycopg2
import psycopg2.pool
from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from ..tools.outgoing import lookahead
from .common import CUSTOMER, ERP
from .servers import Delay
from .servers.replies import S451_4_7_0_PROXY_ERROR
from .servers_case import WorkersCase
from .workers import WorkerDied

NUMBER = 40

# Raises once what the second word names, in the statement that notes that a mail was sent.
FAIL_ONCE = """
    CREATE SEQUENCE o365_failures;
    CREATE FUNCTION o365_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('o365_failures') = 3 THEN {failure}; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER o365_fail BEFORE UPDATE ON mail_mail FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION o365_fail()
"""


def make_mails(env, host, port, password):
    """Make a server and queued mails; return their ids."""
    env["ir.mail_server"].search([("active", "=", True)]).active = False
    env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
    env["ir.mail_server"].create({
        "office365_preset": "submission", "smtp_host": host, "smtp_port": port, "smtp_user": ERP, "smtp_pass": password,
        "office365_rate_limit": 0, "office365_max_connections": 9,
    })
    mails = [
        env["mail.mail"].create({"subject": str(number), "body_html": "x", "email_to": CUSTOMER, "email_from": ERP})
        for number in range(NUMBER)
    ]
    return [mail.id for mail in mails]


def run_queue(env):
    """Run the queue as the cron does."""
    with contextlib.suppress(psycopg2.InterfaceError), env.registry.cursor() as cr:  # its connection may be gone in the end
        api.Environment(cr, SUPERUSER_ID, {})["mail.mail"].process_email_queue()


def run_queue_without_connections(env):
    """Run the queue while the pool of connections has none to spare."""
    with patch.object(lookahead.Lookahead, "__enter__", side_effect=psycopg2.pool.PoolError("The Connection Pool Is Full")):
        run_queue(env)


def run_queue_impatiently(env):
    """Run the queue, where a mail that is ready waits a second for the one before."""
    with patch.object(lookahead, "_PATIENCE", 1.0):
        run_queue(env)


def share_message(env, ids):
    """Let all mails be of the message of the first one."""
    mails = env["mail.mail"].browse(ids)
    mails.mail_message_id = mails[0].mail_message_id


def send_after_commit(env, ids):
    """Send as a user does who posts messages."""
    env["mail.mail"].browse(ids).send_after_commit()
    env.cr.commit()


def send_by_hand(env, ids):
    """Send as the button does; the caller commits."""
    env["mail.mail"].browse(ids).send()


def hold_row(env, mail_id, seconds):
    """Work on a mail in a transaction that takes a while."""
    env["mail.mail"].browse(mail_id).lock_for_update()
    time.sleep(seconds)


@tagged("post_install", "-at_install")
class TestMailQueueWorkers(WorkersCase):
    """What holds when several processes send, or one is killed: no mail is lost, none is sent twice."""

    def setUp(self):
        super().setUp()
        self.servers.directory.limits.concurrent_connections = None
        at = self.servers.submission
        [self.ids] = self.workers.run(make_mails, [at.host, at.port, self.servers.password(ERP)])

    def states(self):
        """Return how many mails are in each state; those that are deleted were sent."""
        return dict(self.workers.sql("SELECT state, count(*) FROM mail_mail WHERE id = ANY(%s) GROUP BY state", self.ids))

    def subjects(self):
        """Return what arrived, each as often as it did."""
        return sorted(int(sent.message["Subject"]) for sent in self.servers.accepted)

    def test_several_runs_at_once_send_each_mail_once(self):
        runs = [*self.workers.begin(run_queue, [], []), *self.workers.begin(send_after_commit, [self.ids]),
                *self.workers.begin(send_by_hand, [self.ids[::2]])]
        for run in runs:
            run.result()
        self.workers.run(run_queue)  # what one run left to another that had not come to it
        self.assertEqual(self.subjects(), list(range(NUMBER)))
        self.assertEqual(self.states(), {"sent": NUMBER})

    def test_a_killed_run_sends_at_most_the_mail_in_flight_again(self):
        for function, arguments in ((run_queue, []), (send_after_commit, [self.ids])):
            with self.subTest(function=function.__name__):
                self.servers.reset()
                self.workers.sql("UPDATE mail_mail SET state = 'outgoing', scheduled_date = NULL WHERE id = ANY(%s)", self.ids)
                self.servers.submission.faults.add("END_OF_DATA", Delay(0.05), times=None)
                [killed] = self.workers.begin(function, arguments)
                self.servers.transactions.wait_for(lambda seen: len(seen) >= NUMBER // 4, timeout=60)
                killed.kill()
                with self.assertRaises(WorkerDied):
                    killed.result()
                self.assertNotIn("exception", self.states())
                self.workers.run(run_queue)
                self.assertEqual(sorted(set(self.subjects())), list(range(NUMBER)))
                self.assertLessEqual(len(self.subjects()), NUMBER + 1)
                self.assertEqual(self.states(), {"sent": NUMBER})

    def test_a_mail_that_somebody_else_works_on_is_left_alone(self):
        [holding] = self.workers.begin(hold_row, [self.ids[0], 3])
        while not self.workers.sql("SELECT 1 FROM pg_locks WHERE relation = 'mail_mail'::regclass AND mode = 'RowShareLock'"):
            time.sleep(0.05)
        self.workers.run(run_queue)
        self.assertEqual(self.subjects(), list(range(1, NUMBER)))
        holding.result()
        self.workers.run(run_queue)
        self.assertEqual(sorted(self.subjects()), list(range(NUMBER)))

    def test_what_the_database_refuses_after_the_250_is_written_down_and_not_sent_again(self):
        for failure in (
            "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'",
            "PERFORM pg_terminate_backend(pg_backend_pid())",
        ):
            with self.subTest(failure=failure):
                self.servers.reset()
                self.workers.sql("UPDATE mail_mail SET state = 'outgoing', scheduled_date = NULL WHERE id = ANY(%s)", self.ids)
                self.workers.sql(FAIL_ONCE.format(failure=failure))
                self.workers.run(run_queue)
                self.workers.run(run_queue)
                self.assertEqual(self.subjects(), list(range(NUMBER)))
                self.assertEqual(self.states(), {"sent": NUMBER})
                self.workers.sql("DROP TRIGGER o365_fail ON mail_mail; DROP FUNCTION o365_fail; DROP SEQUENCE o365_failures")

    def test_the_next_mail_is_made_ready_while_the_server_has_one_and_sent_after_it(self):
        self.servers.submission.faults.add("END_OF_DATA", Delay(3))
        [run] = self.workers.begin(run_queue, [])
        self.wait_until_locked(self.ids[:2])
        self.assertFalse(self.subjects(), "the first one was done with before the second one was made ready")
        run.result()
        self.assertEqual([int(sent.message["Subject"]) for sent in self.servers.accepted], list(range(NUMBER)))
        self.assertEqual(len(self.servers.submission.connections), 1)

    def test_a_mail_that_is_ready_does_not_stay_locked_while_the_one_before_takes_long(self):
        """The one before may wait for the lock, and nobody would ever end that."""
        self.servers.submission.faults.add("END_OF_DATA", Delay(6))
        [run] = self.workers.begin(run_queue_impatiently, [])
        self.wait_until_locked(self.ids[:2])
        self.wait_until_locked(self.ids[:1])
        self.assertFalse(self.subjects(), "it was locked until the one before was done with")
        run.result()
        self.assertEqual([int(sent.message["Subject"]) for sent in self.servers.accepted], list(range(NUMBER)))

    def wait_until_locked(self, ids):
        """Wait until these mails are locked and no other; without a lock of our own, which the run would respect."""
        locked, deadline = None, time.monotonic() + 60
        while locked != ids:
            self.assertLess(time.monotonic(), deadline, f"locked are {locked}")
            locked = [mail_id for mail_id, in self.workers.sql(
                "SELECT mail.id FROM mail_mail mail JOIN pg_locks ON transactionid = mail.xmax WHERE mail.id = ANY(%s) ORDER BY mail.id",
                self.ids)]
            time.sleep(0.01)

    def test_a_mail_that_was_made_ready_waits_behind_the_one_before(self):
        refusal = self.servers.submission.faults.add("MAIL", S451_4_7_0_PROXY_ERROR, every=4)
        self.workers.run(run_queue)
        self.assertEqual(self.subjects(), [0, 1, 2])
        self.assertEqual(refusal.struck, 1)
        waiting = self.workers.sql(
            "SELECT id, office365_attempts, state, scheduled_date FROM mail_mail WHERE id = ANY(%s) ORDER BY id", self.ids[3:])
        self.assertEqual([attempts or 0 for _id, attempts, *_rest in waiting], [1] + [0] * (NUMBER - 4))
        self.assertEqual({(state, when) for *_rest, state, when in waiting}, {("outgoing", waiting[0][3])})

    def test_mails_of_one_message_go_in_one_run(self):
        self.workers.run(share_message, [self.ids])
        self.workers.run(run_queue)
        self.assertEqual(len(self.servers.accepted), NUMBER)
        self.assertEqual(self.states(), {"sent": NUMBER})

    def test_without_connections_to_the_database_for_it_each_mail_waits_for_the_one_before(self):
        self.workers.run(run_queue_without_connections)
        self.assertEqual(self.subjects(), list(range(NUMBER)))
