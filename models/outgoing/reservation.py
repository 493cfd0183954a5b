"""What one mailbox may still send in a run of the queue: taken from its quota in blocks, so that few transactions do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from ...tools.outgoing import clock
from ...tools.outgoing.quota import RESERVED_FOR, Grant, Limits, Use

# Messages reserved at a time where no rate is limited, and places taken at a time in the line of those who wait.
_BLOCK: Final = 50
# Seconds that a reservation is used for new messages; the rest of RESERVED_FOR is for those on their way.
_FRESH: Final = RESERVED_FOR / 3


@dataclass
class _Block:
    """What is reserved for the next messages of a lane."""

    messages: int
    recipients: int
    asked_at: float

    def has(self, recipients: int) -> bool:
        return self.messages > 0 and self.recipients >= recipients and clock.monotonic() - self.asked_at < _FRESH


class Reservations:
    """What one mailbox may still send in this run."""

    def __init__(self, quotas: Any, key: str, limits: Limits) -> None:
        """
        :param quotas: model ``office365.quota``
        :param key: of the mailbox
        """
        self._quotas, self._key, self._limits = quotas, key, limits
        self._holder = uuid.uuid4().hex[:12]
        self._size = max(1, limits.rate // 10) if limits.rate else _BLOCK
        self._clock = clock.DatabaseClock()
        self._blocks: dict[bool, _Block] = {}
        self._lines: dict[bool, tuple[Grant, int]] = {}  # places in the line, and how many of them are taken
        self._sending: list[Use] = []
        self._uses: list[Use] = []

    def take(self, recipients: int, *, bulk: bool) -> Grant | None:
        """Take what a message needs; None if it may go."""
        if not self._limits:
            return None
        if line := self._lines.get(bulk):
            return self._stand_in(*line, recipients, bulk=bulk)
        block = self._blocks.get(bulk)
        if not block or not block.has(recipients):
            grant = self._ask(recipients, bulk=bulk)
            if not grant.messages:
                return grant
            block = self._blocks[bulk]
        block.messages -= 1
        block.recipients -= recipients
        self._sending.append(Use(0, bulk, recipients))
        return None

    def done(self, *, reached: bool) -> None:
        """Note the end of the message that was taken first.

        :param reached: whether the server may have counted it
        """
        if not self._sending:
            return
        use = self._sending.pop(0)
        if reached:
            self._uses.append(Use(self._clock.now(), use.bulk, use.recipients))
        elif block := self._blocks.get(use.bulk):
            block.messages += use.messages
            block.recipients += use.recipients

    def close(self) -> None:
        """Give back what was not used. What nobody told the end of may have been sent."""
        while self._sending:
            self.done(reached=True)
        if self._uses or any(block.messages for block in self._blocks.values()):
            self._quotas._settle(self._key, self._holder, self._uses)
        self._uses, self._blocks = [], {}

    def _ask(self, recipients: int, *, bulk: bool, waits: bool = False) -> Grant:
        asked_at = clock.monotonic()
        grant, now = self._quotas._ask(
            self._key, self._holder, self._limits, self._uses, self._sending, bulk=bulk, recipients=recipients,
            block=_BLOCK if waits else self._size, waits=waits)
        self._uses, self._blocks = [], {}  # the rest of both lanes was given back
        self._clock.set(now, asked_at)
        if grant.messages:
            self._blocks[bulk] = _Block(grant.messages, grant.recipients, asked_at)
        elif grant.spacing:
            self._lines[bulk] = grant, 1
        return grant

    def _stand_in(self, line: Grant, taken: int, recipients: int, *, bulk: bool) -> Grant:
        """Return a place in the line behind the one before: who comes later in a run goes later."""
        if taken >= line.places:
            return self._ask(recipients, bulk=bulk, waits=True)
        self._lines[bulk] = line, taken + 1
        return Grant(retry_at=line.retry_at + taken * line.spacing, cause=line.cause)
