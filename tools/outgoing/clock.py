"""The time of the database server: the same for all workers, whatever their hosts' clocks say."""

from __future__ import annotations

from datetime import datetime, timezone
from time import monotonic
from typing import Any


def database_time(cr: Any) -> float:
    """Return the time of the database server, not of the transaction, in seconds since 1970."""
    cr.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
    return cr.fetchone()[0]


def moment(seconds: float) -> datetime:
    """Return a time as Odoo stores it (UTC, naive, whole seconds), not after the given one."""
    return datetime.fromtimestamp(seconds // 1, timezone.utc).replace(tzinfo=None)


class DatabaseClock:
    """The database's time as a worker reckons it between two looks at it: late by the time that a look takes, never early."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def set(self, seconds: float, asked_at: float) -> None:
        """Note the database's time.

        :param asked_at: when it was asked for, by :func:`monotonic`
        """
        self._ahead = seconds - asked_at

    def now(self) -> float:
        """Return the database's time, in seconds since 1970."""
        return self._ahead + monotonic()
