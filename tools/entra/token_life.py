"""Whose token is wanted, how long tokens live, and how long a refusal is remembered."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from ..diagnosis.reader import Diagnosis

#: A token with less left counts as expired: a session that begins with it has to get through.
EARLY: Final = timedelta(minutes=5)
#: A refresh token that is not used for so long ends: https://learn.microsoft.com/entra/identity-platform/refresh-tokens
REFRESH_LIFETIME: Final = timedelta(days=90)
#: Unused for so long, it is used to keep it alive: a week of failures still leaves eleven.
KEEP_ALIVE_AFTER: Final = timedelta(days=7)
#: A server that refuses a fresh token refuses the next one as well; more than this would be a loop (AADSTS50196).
RENEWAL_PAUSE: Final = timedelta(minutes=5)
#: Seconds for a token: until other workers have let the row go, who ask Microsoft while they hold it, and until Microsoft answered.
LONGEST: Final = 40
_PERMANENT_PAUSE: Final = 60  # seconds
_TEMPORARY_PAUSE: Final = 30
_LONGEST_PAUSE: Final = 3600


@dataclass(frozen=True)
class Wanted:
    """Whose token, and for what.

    :ivar account: as :func:`normal_account` writes it; empty for app-only sign-in
    :ivar scopes: to ask for
    :ivar until: when it is of no use any more, by `time.monotonic`
    """

    app_id: int
    account: str
    scopes: frozenset[str]
    until: float = field(compare=False)

    @classmethod
    def of(cls, app_id: int, account: str | None, scopes: Iterable[str], seconds: float = LONGEST) -> "Wanted":
        """Return it for an account as people write it.

        :param seconds: how long it may take from now on
        """
        return cls(app_id, normal_account(account), frozenset(scopes), time.monotonic() + seconds)

    @property
    def seconds_left(self) -> float:
        """How long it may take yet, 0 if the time is over."""
        return max(self.until - time.monotonic(), 0)

    @property
    def resource(self) -> str:
        """Tell the app-only tokens of an app apart. A user's sign-in is one, whatever is asked for with it."""
        return "" if self.account else " ".join(sorted(self.scopes))


def normal_account(account: str | None) -> str:
    """Return an account as it is stored: Entra does not tell upper from lower case."""
    return (account or "").strip().lower()


def now() -> datetime:
    """Return the time, UTC without time zone, in seconds, as Odoo stores it; tests set this clock."""
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


def to_epoch(at: datetime) -> float:
    """Return a time in that form as seconds since the epoch."""
    return at.replace(tzinfo=timezone.utc).timestamp()


def from_epoch(seconds: float) -> datetime:
    """Return a time in the same form, rounded down."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).replace(tzinfo=None)


def is_usable(expires: datetime | None, at: datetime) -> bool:
    """Tell whether a token lives long enough to be used."""
    return expires is not None and expires - at >= EARLY


def covers(scopes: str | None, wanted: Iterable[str]) -> bool:
    """Tell whether a token for these scopes, separated by spaces, is good for those."""
    return set(wanted) <= set((scopes or "").split())


def pause(diagnosis: Diagnosis) -> timedelta:
    """Return how long a refusal holds for everybody, so that not every worker asks for it again."""
    seconds = diagnosis.retry_after or (_TEMPORARY_PAUSE if diagnosis.retryable else _PERMANENT_PAUSE)
    return timedelta(seconds=min(seconds, _LONGEST_PAUSE))


def may_renew(renewed: datetime | None, at: datetime) -> bool:
    """Tell whether a token that a server refused is worth another request, after the last one for that reason."""
    return renewed is None or at - renewed >= RENEWAL_PAUSE
