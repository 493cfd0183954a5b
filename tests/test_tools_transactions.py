import psycopg2
import psycopg2.pool
from odoo.tests import BaseCase, tagged
from psycopg2 import errors

from ..tools.transactions import run_apart

LOST_RACES = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)


class _Cursors:
    """Cursors, each for a transaction; what they were told, and how their transactions ended."""

    def __init__(self):
        self.told, self.ended = [], []

    def __call__(self):
        self.told.append([])
        return self

    def execute(self, query):
        self.told[-1].append(query)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_args):
        self.ended.append(kind)


@tagged("post_install", "-at_install")
class TestTransactions(BaseCase):

    def run_failing(self, *fails):
        """Run some work that raises these, one a try; return what it returns."""
        self.cursors, left = _Cursors(), list(fails)

        def work(cr):
            cr.execute("work")
            if left:
                raise left.pop(0)
            return "done"

        return run_apart(self.cursors, work)

    def test_the_work_is_done_in_a_transaction_that_waits_five_seconds_for_a_lock(self):
        self.assertEqual(self.run_failing(), "done")
        self.assertEqual(self.cursors.told, [["SET LOCAL lock_timeout = 5000", "work"]])
        self.assertEqual(self.cursors.ended, [None])

    def test_what_need_not_survive_a_crash_of_the_database_does_not_wait_for_the_disk(self):
        cursors = _Cursors()
        run_apart(cursors, lambda cr: cr.execute("work"), is_durable=False)
        self.assertEqual(cursors.told, [["SET LOCAL lock_timeout = 5000; SET LOCAL synchronous_commit TO off", "work"]])

    def test_each_try_waits_for_what_is_left_of_the_time(self):
        self.cursors, left = _Cursors(), iter([1.5, 0.0006, 0, -3])
        fails = [errors.SerializationFailure()] * 3

        def work(_cr):
            if fails:
                raise fails.pop()

        run_apart(self.cursors, work, lambda: next(left))
        self.assertEqual([told for [told] in self.cursors.told], [f"SET LOCAL lock_timeout = {ms}" for ms in (1500, 1, 1, 1)])

    def test_who_lost_a_race_begins_a_new_transaction(self):
        for kind in LOST_RACES:
            with self.subTest(kind=kind.__name__):
                self.assertEqual(self.run_failing(kind(), kind()), "done")
                self.assertEqual(self.cursors.ended, [kind, kind, None])

    def test_a_lock_that_is_kept_and_a_database_that_is_gone_are_told_at_once(self):
        for kind in (errors.LockNotAvailable, psycopg2.OperationalError, psycopg2.pool.PoolError, ValueError):
            with self.subTest(kind=kind.__name__):
                with self.assertRaises(kind):
                    self.run_failing(*[kind()] * 9)
                self.assertEqual(self.cursors.ended, [kind])

    def test_who_loses_every_race_is_told_in_the_end(self):
        with self.assertRaises(errors.SerializationFailure):
            self.run_failing(*[errors.SerializationFailure() for _try in range(1000)])
        self.assertEqual(len(self.cursors.ended), 200)
