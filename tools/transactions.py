"""Transactions of their own: short ones whose result must hold, whatever becomes of the transaction around them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

import psycopg2
import psycopg2.pool

T = TypeVar("T")

#: What the next try may do better: the connection or the pool of them, a lock, a race.
TRANSIENT: Final = (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.pool.PoolError)

# Another transaction was faster; the next try sees its result. Each time, at least one of those that compete succeeds.
_LOST_RACE: Final = (
    psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected, psycopg2.errors.UniqueViolation)
_TRIES: Final = 200
# The transaction around this one may hold a lock that it waits for. PostgreSQL does not see that as a deadlock: nobody would ever end it.
_PATIENCE: Final = 5.0


def lock_timeout(seconds: float = _PATIENCE) -> str:
    """Return the statement that bounds the waits for locks in a transaction; with no time left, a lock has to be free."""
    return f"SET LOCAL lock_timeout = {max(round(seconds * 1000), 1)}"  # ms; 0 would be no limit


def _settings(seconds: float, *, is_durable: bool) -> str:
    return lock_timeout(seconds) + ("" if is_durable else "; SET LOCAL synchronous_commit TO off")


def run_apart(
    open_cursor: Callable[[], AbstractContextManager], work: Callable[[Any], T], seconds_left: Callable[[], float] = lambda: _PATIENCE,
    *, is_durable: bool = True,
) -> T:
    """Do some work in a transaction of its own, again when a concurrent one got in its way; return what it returns.

    Odoo's cursors are REPEATABLE READ: a row that somebody else changed meanwhile cannot be locked, only read anew.

    :param open_cursor: opens a cursor that commits at the end of its ``with`` block
    :param work: called with the cursor, perhaps several times
    :param seconds_left: asked before each try how long it may wait for a lock
    :param is_durable: False does not wait for the disk: if the database server breaks down in that moment, the result is undone
    :raise psycopg2.errors.LockNotAvailable: somebody kept a lock for longer
    :raise psycopg2.Error: the database is not there, or the pool of connections is empty
    """
    for last in reversed(range(_TRIES)):
        try:
            with open_cursor() as cr:
                # What the transaction sees is settled by its first query, which is the work's.
                cr.execute(_settings(seconds_left(), is_durable=is_durable))
                return work(cr)
        except _LOST_RACE:
            if not last:
                raise
    raise AssertionError("not reached")
