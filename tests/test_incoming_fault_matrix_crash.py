import contextlib
import logging
import os
import random
import signal
import time

from odoo.tests import tagged

from .faults.received import AT_ONCE, MANY, MESSAGES, ReceivedCase
from .servers import Call
from .workers import WorkerDied, WorkerFailed

_logger = logging.getLogger(__name__)
_DAY = 86400
# Raises at every seventh message that a record is made of.
_FAIL_AT_COMMIT = """
    CREATE SEQUENCE o365_failures;
    CREATE FUNCTION o365_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('o365_failures') % 7 = 0 THEN RAISE EXCEPTION 'lost the race' USING ERRCODE = 'serialization_failure'; END IF;
        RETURN NEW;
    END $$;
    CREATE CONSTRAINT TRIGGER o365_fail AFTER INSERT ON mail_message DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.message_type = 'email') EXECUTE FUNCTION o365_fail()
"""


class Crashes:
    """Workers and PostgreSQL die, workers meet each other, messages are poison: every message is in Odoo once, or in the list.

    :cvar prefix: of the titles
    :cvar read: step in which a message is handed out; ``inside``: octets of an answer to it that are not all of it
    :cvar mark: step in which the mailbox is told what was fetched
    """

    prefix, read, inside, mark = "", "UID FETCH", 2000, "UID STORE"

    def check(self, title, *arguments, **options):  # pylint: disable=missing-return
        super().check(f"{self.prefix}{title}", *arguments, **options)

    def dies(self):
        """Fetch with a worker that is killed meanwhile."""
        with self.assertRaises(WorkerDied):
            self.matrix.run()

    def killed_at(self, step, **options):
        """Fetch with a worker that is killed at a step."""
        job = []
        self.fault(step, Call(lambda: os.kill(job[0].pid, signal.SIGKILL)), **options)
        job.append(self.matrix.start())
        with self.assertRaises(WorkerDied):
            job[0].result()

    # --- workers die ---

    def test_a_worker_that_is_killed_between_commit_and_flag(self):
        def die_and_die():
            for method in ("handled", "handled", "end"):
                self.matrix.job["dies_in"] = method
                self.dies()
            self.matrix.job["dies_in"] = ""
            self.killed_at(self.mark, answered=True)

        for name, options in self.marked.items():
            self.check(f"kill -9 of the worker between a commit and the {name}, 4 times", first=die_and_die, **options)

    def test_a_worker_that_is_killed_in_a_fetch(self):
        self.check("kill -9 of the worker before, in and after the answer that hands messages out", first=lambda: [
            self.killed_at(self.read, **options) for options in ({}, {"in_answer": self.inside}, {"answered": True})])

    def test_a_worker_that_is_killed_at_any_moment(self):
        seed = int(os.environ.get("MAIL_OFFICE365_FAULTS_SEED") or random.randrange(2**32))
        _logger.warning("The moments of kill -9 come from MAIL_OFFICE365_FAULTS_SEED=%s", seed)
        moments = random.Random(seed)

        def kill_and_kill():
            for number in range(1, 6):
                job = self.matrix.start()
                self.matrix.until_posted(number * MANY // 7)
                time.sleep(moments.uniform(0, 0.03))
                with contextlib.suppress(ProcessLookupError, WorkerDied):
                    job.kill()
                    job.result()

        self.check("kill -9 of the worker while it processes, 5 times", first=kill_and_kill, messages=MANY)

    # --- workers meet ---

    def test_two_workers_at_once(self):
        def both():
            for job in [self.matrix.start(), self.matrix.start()]:
                job.result()

        self.check("two fetches at once", first=both, messages=MANY, unread_history=True)

    # --- the database ---

    def test_a_commit_that_fails_is_made_up_for(self):
        self.matrix.store.sql(_FAIL_AT_COMMIT)
        try:
            self.check("serialization failure at the commit of every 7th message", posted_at_once=MESSAGES // 2)
        finally:
            self.matrix.store.sql("DROP FUNCTION o365_fail CASCADE; DROP SEQUENCE o365_failures")

    def test_postgresql_ends_the_sessions(self):
        def cut_off():
            for number in range(1, 4):
                job = self.matrix.start()
                self.matrix.until_posted(MESSAGES // 5 * number)
                self.matrix.store.end_other_sessions()
                with contextlib.suppress(WorkerFailed):
                    job.result()

        self.check("PostgreSQL ends all sessions, 3 times", first=cut_off)

    def test_postgresql_crashes(self):
        """One of PostgreSQL's own processes is killed: it ends all the others, recovers from its log and starts anew."""
        if not self.matrix.may_crash:
            self.skipTest("PostgreSQL is the caller's: it is not crashed; another test ends the sessions")

        def crash():
            job = self.matrix.start()
            self.matrix.until_posted(MESSAGES // 2)
            os.kill(self.matrix.store.checkpointer(), signal.SIGKILL)
            with contextlib.suppress(WorkerFailed, WorkerDied):
                job.result()
            self.matrix.reconnect()

        self.check("PostgreSQL crashes and recovers", first=crash)

    # --- the clock ---

    def test_the_clock_is_wrong(self):
        for days in (-1, 1):
            def half_and_half(days=days):
                self.matrix.job |= {"clock": days * _DAY, "limit": MESSAGES // 2, "failing": [self.matrix.subjects[3]]}
                self.matrix.run()
                self.between_halves()

            self.check(f"the clock of Odoo's host is wrong by {days:+} day{self.clock}", first=half_and_half, kept=1)

    # --- poison ---

    def test_poison_stops_nobody(self):
        def poison():
            self.matrix.job |= {"failing": [self.matrix.subjects[each] for each in (0, 7, MESSAGES - 1)]}

        self.check("core stumbles over 3 messages", arrange=poison, kept=3, posted_at_once=AT_ONCE - 3)

    def test_a_deadly_message_is_set_aside(self):
        def die_and_die():
            self.matrix.job |= {"deadly": [self.matrix.subjects[each] for each in (4, 11)]}
            for _death in range(6):
                self.dies()
                self.matrix.let_time_pass()

        self.check("2 messages end the worker each time", first=die_and_die, kept=2)
        states = self.matrix.store.sql("SELECT state, count(*) FROM office365_inbound WHERE state <> 'done' GROUP BY 1")
        self.assertEqual(states, [("set_aside", 2)])


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrixCrash(Crashes, ReceivedCase):
    """Over IMAP; there, messages have a time, and their folder may be numbered anew."""

    clock = ", and the folder is numbered anew"
    marked = {"flag, unread history": {"unread_history": True}, "flag, new mail": {}}

    def between_halves(self):
        """Number the folder anew: then messages are told by their times."""
        self.matrix.renumber()

    def test_messages_from_the_future(self):
        def arrive():
            self.matrix.deliver(5, received=time.time() + _DAY)
            self.matrix.deliver(5, received=time.time() - 20 * _DAY)

        self.check("messages that the server received tomorrow, and 20 days ago", arrange=arrive, posted_at_once=AT_ONCE)


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrixCrashPop(Crashes, ReceivedCase):
    """Over POP, where nothing is deleted before the server has answered QUIT."""

    preset = "pop"
    prefix, read, inside, mark = "POP: ", "RETR", 60, "QUIT"
    clock = ""
    marked = {"deletion": {}, "farewell, messages left": {"after": "leave"}}

    def check(self, title, *arguments, **options):  # pylint: disable=missing-return
        super().check(title, *arguments, **{"after": "delete", **options})

    def between_halves(self):
        """Nothing: POP tells messages by their unique ids."""
