import threading
import time
from collections.abc import Callable
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools.outgoing import lookahead
from ..tools.outgoing.lookahead import AT_A_TIME, Lookahead, NotNow

_PATIENCE = 10  # seconds until something has to happen; only reached if it never does


class Cursor:
    """Stands for a database cursor."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Jobs:
    """Makes jobs that tell what they do, in the order in which it happens."""

    def __init__(self) -> None:
        self.log: list[tuple] = []
        self.cursors: dict[object, Cursor] = {}
        self.threads: dict[str, threading.Thread] = {}

    def __call__(self, name: object, *, until: threading.Event | None = None, error: Exception | None = None) -> Callable:
        """Return a job that takes its turn, then works until it may end."""
        def job(turn, cursor):
            self.threads["job"] = threading.current_thread()
            self.cursors[name] = cursor
            self.log.append(("ready", name))
            try:
                turn.take()
            except NotNow:
                self.log.append(("lost", name))
                return name
            self.log.append(("turn", name))
            turn.pass_on()
            if until and not until.wait(_PATIENCE):
                raise AssertionError(f"nobody lets {name} end")
            if error:
                raise error
            self.log.append(("end", name))
            return name

        return job

    def done(self, name: object) -> None:
        """Called with what a job returned."""
        self.log.append(("done", name))
        self.threads["done"] = threading.current_thread()

    def of(self, event: str) -> list[object]:
        """Return the jobs to which something happened, in that order."""
        return [name for what, name in self.log if what == event]

    def wait_for(self, *event: object) -> None:
        """Wait until something happens to a job."""
        deadline = time.monotonic() + _PATIENCE
        while event not in self.log:
            if time.monotonic() > deadline:
                raise AssertionError(f"{event} did not happen: {self.log}")
            time.sleep(0.001)


@tagged("post_install", "-at_install")
class TestLookahead(BaseCase):

    def setUp(self):
        super().setUp()
        self.jobs, self.opened = Jobs(), []

    def lookahead(self, cursors: int = AT_A_TIME) -> Lookahead:
        def open_cursor():
            if len(self.opened) == cursors:
                raise ConnectionError("none left")
            self.opened.append(Cursor())
            return self.opened[-1]

        return Lookahead(open_cursor, "database")

    def test_one_is_made_ready_while_another_has_its_turn(self):
        may_end = threading.Event()
        with self.lookahead() as ahead:
            self.assertFalse(ahead.is_busy)
            ahead.start(self.jobs(1, until=may_end), self.jobs.done)
            ahead.start(self.jobs(2), self.jobs.done)
            self.jobs.wait_for("ready", 2)
            self.assertTrue(ahead.is_busy)
            self.assertEqual(self.jobs.of("turn"), [1])
            may_end.set()
            ahead.drain()
            self.assertFalse(ahead.is_busy)
        self.assertLess(self.jobs.log.index(("end", 1)), self.jobs.log.index(("turn", 2)))

    def test_turns_and_ends_come_in_the_order_of_the_start(self):
        with self.lookahead() as ahead:
            for number in range(50):
                ahead.start(self.jobs(number), self.jobs.done)
        for event in ("turn", "end", "done"):
            self.assertEqual(self.jobs.of(event), list(range(50)))
        for number in range(1, 50):
            self.assertLess(self.jobs.log.index(("end", number - 1)), self.jobs.log.index(("turn", number)))

    def test_no_third_one_is_started(self):
        may_end = threading.Event()
        with self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end), self.jobs.done)
            ahead.start(self.jobs(2), self.jobs.done)
            self.jobs.wait_for("ready", 2)
            threading.Timer(0.05, may_end.set).start()
            ahead.start(self.jobs(3), self.jobs.done)
            self.assertEqual(self.jobs.of("done"), [1], "what ended is told before the next one starts")
        self.assertIsNot(self.jobs.cursors[1], self.jobs.cursors[2])
        self.assertIs(self.jobs.cursors[1], self.jobs.cursors[3])

    def test_who_never_takes_the_turn_ends_after_those_before_all_the_same(self):
        may_end = threading.Event()
        with self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end), self.jobs.done)
            ahead.start(lambda _turn, _cursor: self.jobs.log.append(("ready", 2)), lambda _result: self.jobs.done(2))
            self.jobs.wait_for("ready", 2)
            threading.Timer(0.05, may_end.set).start()
            ahead.start(self.jobs(3), self.jobs.done)
        self.assertEqual(self.jobs.of("done"), [1, 2, 3])
        self.assertLess(self.jobs.log.index(("end", 1)), self.jobs.log.index(("turn", 3)))

    def test_what_a_job_raises_reaches_the_owner_and_the_next_one_loses_its_turn(self):
        may_end = threading.Event()
        with self.assertRaisesRegex(ValueError, "broken"), self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end, error=ValueError("broken")), self.jobs.done)
            ahead.start(self.jobs(2), self.jobs.done)
            self.jobs.wait_for("ready", 2)
            may_end.set()
            ahead.start(self.jobs(3), self.jobs.done)
        self.assertEqual((self.jobs.of("turn"), self.jobs.of("lost"), self.jobs.of("done")), ([1], [2], []))
        self.assertTrue(all(cursor.is_closed for cursor in self.opened))

    def test_a_turn_is_waited_for_a_few_seconds_as_long_as_something_is_locked(self):
        may_end, tries = threading.Event(), []

        def job(turn, _cursor):
            with self.assertRaises(NotNow):
                turn.take()
            tries.append(turn.is_over)
            may_end.set()
            turn.wait()
            turn.take()
            tries.append("taken")

        with patch.object(lookahead, "_PATIENCE", 0.05), self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end), self.jobs.done)
            ahead.start(job, lambda _result: self.jobs.done(2))
        self.assertEqual(tries, [False, "taken"])
        self.assertEqual(self.jobs.of("done"), [1, 2])

    def test_the_owners_error_waits_for_the_jobs_and_hides_none_of_theirs(self):
        may_end = threading.Event()
        logger = self.assertLogs("odoo.addons.mail_office365.tools.outgoing.lookahead", "ERROR")
        with logger as log, self.assertRaises(KeyError), self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end, error=ValueError("broken")), self.jobs.done)
            threading.Timer(0.05, may_end.set).start()
            raise KeyError
        self.assertIn("broken", log.output[0])
        self.assertTrue(all(cursor.is_closed for cursor in self.opened))

    def test_what_must_not_overlap_does_not(self):
        may_end = threading.Event()
        with self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end), self.jobs.done, apart="message")
            threading.Timer(0.05, may_end.set).start()
            ahead.start(self.jobs(2), self.jobs.done, apart="message")
            ahead.start(self.jobs(3), self.jobs.done, apart="another")
        self.assertLess(self.jobs.log.index(("end", 1)), self.jobs.log.index(("ready", 2)))

    def test_what_may_overlap_does(self):
        for apart in ((None, None), ("message", "another"), (None, "message"), ("message", None)):
            may_end = threading.Event()
            with self.subTest(apart=apart), self.lookahead() as ahead:
                self.jobs.log.clear()
                for number in (0, 1):
                    ahead.start(self.jobs(number, until=may_end if number == 0 else None), self.jobs.done, apart=apart[number])
                self.jobs.wait_for("ready", 1)
                self.assertEqual(self.jobs.of("end"), [])
                may_end.set()
            self.opened.clear()

    def test_the_next_one_begins_when_the_last_one_needs_no_processor(self):
        at_server, log = threading.Event(), self.jobs.log

        def job(turn, _cursor):
            at_server.wait(_PATIENCE)
            log.append(("at server", 1))
            turn.pass_on()

        with self.lookahead() as ahead:
            ahead.start(job, lambda _result: None)
            threading.Timer(0.05, at_server.set).start()
            ahead.start(self.jobs(2), self.jobs.done)
        self.assertEqual(log[:2], [("at server", 1), ("ready", 2)])

    def test_who_lost_his_turn_can_wait_until_those_before_have_ended(self):
        may_end, log = threading.Event(), self.jobs.log

        def job(turn, _cursor):
            log.append(("ready", 2))
            turn.wait()
            log.append(("waited", 2))

        with self.lookahead() as ahead:
            ahead.start(self.jobs(1, until=may_end), self.jobs.done)
            ahead.start(job, lambda _result: None)
            self.jobs.wait_for("ready", 2)
            threading.Timer(0.05, may_end.set).start()
        self.assertLess(log.index(("end", 1)), log.index(("waited", 2)))

    def test_jobs_run_in_threads_and_their_ends_are_told_in_the_owners(self):
        with self.lookahead() as ahead:
            for number in range(5):
                ahead.start(self.jobs(number), self.jobs.done)
        self.assertIs(self.jobs.threads["done"], threading.current_thread())
        self.assertTrue(self.jobs.threads["job"].name.startswith("office365.lookahead"))
        self.assertFalse(self.jobs.threads["job"].is_alive())

    def test_the_log_shows_the_database(self):
        names = []
        with self.lookahead() as ahead:
            ahead.start(lambda _turn, _cursor: names.append(threading.current_thread().dbname), self.jobs.done)
        self.assertEqual(names, ["database"])

    def test_without_enough_cursors_none_is_kept(self):
        with self.assertRaises(ConnectionError), self.lookahead(cursors=1):
            self.fail("there is one cursor too few")
        self.assertTrue(self.opened[0].is_closed)
