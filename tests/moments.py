"""Time that passes without waiting: every moment that the addon has committed moves into the past.

For whoever reads the clock after that, so much time has passed, and nothing of the addon is patched. What a worker remembers of the clock
is no row, so none may be at work meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from ..tools.outgoing.quota import Ledger

_COLUMNS = {
    "mail_mail": ("scheduled_date", "office365_failed_since"),
    "office365_pause": ("since", "last", "until", "trial"),
}


def let_pass(sql: Callable, seconds: int) -> None:
    """Let time pass.

    :param sql: runs a statement with its values, commits it and returns the rows
    """
    for table, columns in _COLUMNS.items():
        sql(f"UPDATE {table} SET " + ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns))
    for key, stored in sql("SELECT key, ledger FROM office365_quota"):
        ledger = Ledger(stored)
        for entry in (*ledger.minute.steps, *ledger.day.steps, *ledger.promised):
            entry[0] -= seconds
        for reservation in ledger.reservations:
            reservation.until -= seconds
        ledger.tails = [tail - seconds for tail in ledger.tails]
        ledger.joined -= seconds
        sql("UPDATE office365_quota SET ledger = %s WHERE key = %s", json.dumps(ledger.stored()), key)
