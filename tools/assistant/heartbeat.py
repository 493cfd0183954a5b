"""When the daily heartbeat of a set-up is due, and what it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from .overview import FAILURES

#: ``off``: switched off; ``idle``: nothing was proved yet, or not in this database; ``late``: its cron does not run.
State = Literal["off", "idle", "working", "failing", "late"]

# A little less than a day: a cron that is some minutes early still sends one a day.
_A_DAY: Final = timedelta(hours=23)
_LATE: Final = timedelta(hours=50)


def is_due(last: datetime, failures: int, now: datetime, *, is_waiting: bool) -> bool:
    """Tell whether a heartbeat is to be sent now; after a first failure, it is sent again with the next run of the cron.

    :param last: when the last one was sent, or the proof if there was none since; ``is_waiting``: it has not come back yet
    :param failures: heartbeats in a row that failed, up to the last one
    """
    return not is_waiting and (0 < failures < FAILURES or now - last >= _A_DAY)


def state_of(last_success: datetime | None, failures: int, now: datetime, *, is_on: bool, is_here: bool) -> State:
    """Return what a monitor is told.

    :param is_here: the set-up as it is was proved in this very database
    """
    if not is_on:
        return "off"
    if not last_success or not is_here:
        return "idle"
    if failures:
        return "failing"
    return "late" if now - last_success >= _LATE else "working"
