"""When to stop trying, and when to try again: circuit breakers of a server and of the addresses that it sends as.

Exchange locks a mailbox out of SMTP that goes on trying what is refused (Microsoft, *Continuous error throttling of SMTP AUTH
submissions*), and good mail with it. So what no further mail can change stops the mail of an address, or of the whole server, for a
while; then one mail is let through as a trial. What goes wrong before MAIL is about no mail, so it stops the server, whatever it is.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..diagnosis.cause import RETRYABLE, SESSION, TOPIC_OF

#: Refusals of an address in a row before it is paused. One may be a slip, and a new permission takes an hour to work.
IN_A_ROW: Final = 3
#: Refusals further apart than that are not in a row.
MEMORY: Final = timedelta(days=1)
#: Of what Exchange punishes when it is tried again and again.
FIRST_PAUSE: Final = timedelta(minutes=15)
#: Of anything else: a key file that cannot be read for a moment, a banner that says "down for maintenance".
SHORT_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=4)
#: A trial that nobody told the end of by then (its worker was killed) is made again.
TRIAL: Final = timedelta(minutes=5)

_TENANT: Final = frozenset({"tenant_blocked"})
_ENTRA: Final = frozenset(slug for slug, topic in TOPIC_OF.items() if topic == "Microsoft Entra") - RETRYABLE
_MAILBOX: Final = frozenset({"penalty_box", "sender_restricted", "sender_banned", "mailbox_full"}) | (
    frozenset(slug for slug, topic in TOPIC_OF.items() if topic == "Sign-in") - RETRYABLE)
_ADDRESS: Final = frozenset({"send_as_denied"})
#: Causes that stop something, wherever in a session they come up.
PAUSING: Final = _TENANT | _ENTRA | _MAILBOX | _ADDRESS


class Scope(enum.Enum):
    """What a cause stops."""

    ADDRESS = "address"
    SERVER = "server"


class Verdict(enum.Enum):
    """What becomes of a mail."""

    GO = "go"
    WAIT = "wait"
    TRIAL = "trial"


@dataclass(frozen=True)
class Breaker:
    """State of a server or an address.

    :ivar cause: of the last refusal
    :ivar failures: refusals in a row
    :ivar since: of the first refusal in this row
    :ivar last: of the last one
    :ivar until: end of the pause; None while there is none yet
    :ivar pause: its length
    :ivar trial: when a trial began that has no result yet
    :ivar reply: what was said last
    """

    cause: str
    failures: int
    since: datetime
    last: datetime
    until: datetime | None = None
    pause: timedelta = timedelta()
    trial: datetime | None = None
    reply: str = ""

    def judge(self, now: datetime) -> Verdict:
        """Decide what becomes of a mail."""
        if self.until is None:
            return Verdict.GO
        if self.is_on(now) or (self.trial and abs(now - self.trial) < TRIAL):
            return Verdict.WAIT
        return Verdict.TRIAL

    def is_on(self, now: datetime) -> bool:
        """Tell whether the pause lasts. One that began later than now does not: the clock was ahead, nobody knows how far."""
        return self.until is not None and now < self.until and self.last < now + TRIAL

    def retry_at(self, now: datetime) -> datetime:
        """Return when a mail that has to wait should ask again: after the pause, or when the trial has had time."""
        soon = now + timedelta(minutes=1)
        return max(self.until, soon) if self.until and self.is_on(now) else soon


def scope_of(cause: str, *, own_mailbox: bool, stage: str = "") -> Scope | None:
    """Return what a cause stops that does not pass by itself, None if it stops nothing.

    :param own_mailbox: each sender signs in as their own mailbox, so a fault of it stops nobody else
    :param stage: at what of a session it came up, as :data:`.causes.STAGES` names it
    """
    if stage == "rcpt":
        return None
    if stage in SESSION - {"auth"} or cause in _TENANT | _ENTRA or (cause in _MAILBOX and not own_mailbox):
        return Scope.SERVER
    if stage == "auth":
        return Scope.ADDRESS if own_mailbox else Scope.SERVER
    return Scope.ADDRESS if cause in _MAILBOX | _ADDRESS else None


def failed(state: Breaker | None, cause: str, now: datetime, *, stage: str = "", reply: str = "") -> Breaker:
    """Return the state after a refusal that stops something."""
    if state is None or (state.until is None and now - state.last > MEMORY):
        state = Breaker(cause, 0, since=now, last=now)
    was_on = state.is_on(now)
    state = replace(state, cause=cause, failures=state.failures + 1, last=now, trial=None, reply=reply)
    if state.until is None and cause in _ADDRESS and stage not in SESSION and state.failures < IN_A_ROW:
        return state
    if was_on:
        return state  # on its way when the pause began: says nothing new
    first = FIRST_PAUSE if cause in PAUSING else SHORT_PAUSE
    pause = min(max(state.pause * 2, first), LONGEST_PAUSE)
    return replace(state, pause=pause, until=now + pause)
