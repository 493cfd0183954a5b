"""When a mail that could not be sent is tried again, and who waits with it."""

from datetime import datetime, timedelta
from typing import Final

#: Hours after the first failure when the queue gives a mail up.
MAX_QUEUE_HOURS: Final = 48.0
# More says "for ever" as well, and is still a time that can be added to a date.
_LONGEST_HOURS: Final = 24 * 366.0
_LONGEST_MINUTES: Final = 60

# What strikes every mail of the sender on that server, whatever is in it. A connection that could not be opened does so, too,
# but the cause of that may also strike one message alone (a timeout), so those who open connections say it.
_OF_EVERY_MAIL: Final = frozenset({
    "name_not_resolved", "connection_refused", "server_busy", "rate_limited", "concurrent_connections", "daily_recipient_limit",
    "tenant_recipient_limit", "onmicrosoft_limit", "token_expired", "entra_unavailable", "entra_throttled",
})
_HOLDING_TRIES: Final = 3


def queue_hours(value: object) -> float | None:
    """Return the hours that somebody entered, at most a year; None if that is no time span."""
    try:
        hours = float(value)  # type: ignore[arg-type]  # whatever it is
    except (TypeError, ValueError):
        return None
    return min(hours, _LONGEST_HOURS) if hours >= 0 else None


def is_over(now: datetime, first_failed_at: datetime, max_hours: float) -> bool:
    """Tell whether a mail that has failed since then is given up."""
    return now - first_failed_at >= timedelta(hours=max_hours)


def next_try(
    attempts: int, now: datetime, first_failed_at: datetime, retry_after: int | None, max_hours: float,
) -> datetime | None:
    """Return when to try again: after 1, 2, 4 … 60 minutes. None: give up.

    :param attempts: failed tries, this one included
    :param retry_after: seconds that the server asked to wait; they win
    :param max_hours: how long after the first failure a mail is tried
    """
    if is_over(now, first_failed_at, max_hours):
        return None
    if retry_after:
        return now + timedelta(seconds=retry_after)
    minutes = 2 ** min(max(attempts, 1) - 1, 10)  # bounded before it is a number nobody can hold
    return now + timedelta(minutes=min(minutes, _LONGEST_MINUTES))


def holds_others(cause: str, attempts: int, *, unreachable: bool = False) -> bool:
    """Tell whether the later mails of the same sender wait for a deferred one, so that it keeps its place.

    What strikes the recipient or the message alone holds nobody up. Neither does a mail that failed again and again: the server
    may answer that one mail like this, and the others prove it by being tried.

    :param unreachable: the server could not be reached, or let nobody in
    """
    return (unreachable or cause in _OF_EVERY_MAIL) and attempts <= _HOLDING_TRIES
