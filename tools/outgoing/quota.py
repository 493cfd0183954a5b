"""How much of what a mailbox may send is used up, and when there will be room again: arithmetic alone.

Exchange counts messages of a sliding minute and recipients of sliding 24 hours, each mailbox for itself. A message counts at some
moment between our asking for it and the server's reply; which one is not known. So it is held from the moment it is asked for, and
counts for another minute (day) after the reply: then no sliding minute, wherever it begins, holds more than the limit.

All times are seconds of one clock, the database server's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from .sliding_window import Window

MINUTE: Final = 60
DAY: Final = 24 * 3600
#: Seconds that what a worker holds and never settles (it was killed) stays held; a message must be replied to before.
RESERVED_FOR: Final = 180
#: Seconds to which uses are rounded up, so that little is stored: a second for the minute, ten minutes for the day.
SECOND: Final = 1
SLOT: Final = 600


@dataclass(frozen=True)
class Limits:
    """What a mailbox may send.

    :ivar rate: messages in any 60 seconds, 0 if there is no limit
    :ivar daily: recipients in any 24 hours, 0 if there is no limit
    """

    rate: int = 0
    daily: int = 0

    def __bool__(self) -> bool:
        return bool(self.rate or self.daily)


@dataclass(frozen=True)
class Use:
    """A message that was sent, or may have been.

    :ivar at: not before the server counted it
    """

    at: float
    bulk: bool
    recipients: int
    messages: int = 1


@dataclass(frozen=True)
class Grant:
    """What came of asking.

    :ivar messages: messages that may be sent now, 0 if none
    :ivar recipients: recipients that they may have together
    :ivar retry_at: without messages: when to ask again
    :ivar places: places in the line from there on that were given
    :ivar spacing: seconds from one of them to the next
    :ivar cause: without messages: what is used up
    """

    messages: int = 0
    recipients: int = 0
    retry_at: float | None = None
    places: int = 1
    spacing: float = 0
    cause: str | None = None


@dataclass
class Reservation:
    """What a worker may send or is sending. It is used, as far as anybody knows, until the worker settles."""

    holder: str
    until: float
    bulk: bool
    messages: int
    recipients: int


def lane_limit(limit: int, amount: int, *, bulk: bool) -> int:
    """Return what of a limit a lane may use: mass mailings leave a third, so that single messages get through meanwhile.

    :param amount: of one message; one that is larger than the share would wait for ever
    """
    return max(1, limit * 2 // 3, amount) if bulk else limit


class Ledger:
    """What one mailbox has used, who holds what, and who waits.

    :ivar minute: messages
    :ivar day: recipients
    :ivar reservations: of all workers
    :ivar tails: when the last in the line of each lane (single, bulk) was told to ask again
    :ivar promised: recipients that were told to come back, by the time for which they were
    :ivar joined: when somebody was told so last
    """

    def __init__(self, stored: dict[str, Any] | None = None) -> None:
        stored = stored or {}
        self.minute = Window(MINUTE, SECOND, stored.get("minute", []))
        self.day = Window(DAY, SLOT, stored.get("day", []))
        self.reservations = [Reservation(*each) for each in stored.get("reservations", [])]
        self.tails: list[float] = stored.get("tails", [0, 0])
        self.promised: list[list[int]] = stored.get("promised", [])
        self.joined: float = stored.get("joined", 0)

    def stored(self) -> dict[str, Any]:
        """Return the ledger as JSON takes it; ``Ledger(stored)`` reads it."""
        return {
            "minute": self.minute.steps,
            "day": self.day.steps,
            "reservations": [[each.holder, each.until, each.bulk, each.messages, each.recipients] for each in self.reservations],
            "tails": self.tails,
            "promised": self.promised,
            "joined": self.joined,
        }

    # ------------------------------------------------------------
    # What a worker does
    # ------------------------------------------------------------

    def settle(self, holder: str, now: float, uses: Iterable[Use], held: Iterable[Use] = ()) -> None:
        """Note what a worker has used of what it holds, and give the rest back.

        :param held: what it goes on holding, as messages on their way are neither used nor free
        """
        self._age(now)
        self.reservations = [reservation for reservation in self.reservations if reservation.holder != holder]
        for use in uses:
            self._count(use.at, use)
        for use in held:
            self._hold(holder, now, bulk=use.bulk, messages=use.messages, recipients=use.recipients)

    def ask(
        self, holder: str, now: float, limits: Limits, *, bulk: bool, recipients: int, block: int = 1, waits: bool = False,
    ) -> Grant:
        """Ask for a message, and for some more in advance.

        :param recipients: of the message
        :param block: messages wanted at most, or places in the line if there is no room; the further ones have a recipient each
        :param waits: stand in line even if there is room, as one before it does
        """
        self._age(now)
        if limits.daily and recipients > limits.daily:
            return Grant(cause="daily_recipient_limit")
        used, day = self._used(self.minute, "messages"), self._used(self.day, "recipients")
        if not used[0] + used[1]:
            self.tails = [0, 0]  # a line would have used something: those who waited are gone
        messages = _room(used, limits.rate, 1, bulk=bulk)
        free = _room(day, limits.daily, recipients, bulk=bulk)
        if messages is not None and (messages < 1 or waits):
            return self._line_up(now, limits.rate, bulk=bulk, places=block)
        if free is not None and free < recipients:
            return self._come_back(now, limits.daily, recipients, bulk=bulk)
        messages = block if messages is None else min(block, messages)
        if free is not None:
            messages = min(messages, 1 + free - recipients)
        self._hold(holder, now, bulk=bulk, messages=messages, recipients=recipients + messages - 1)
        return Grant(messages=messages, recipients=recipients + messages - 1)

    def usage(self, now: float) -> tuple[int, int]:
        """Return the messages of the last minute and the recipients of the last day, with what is held."""
        self._age(now)
        return sum(self._used(self.minute, "messages")), sum(self._used(self.day, "recipients"))

    # ------------------------------------------------------------
    # Who has left the line
    # ------------------------------------------------------------

    def is_to_be_counted(self, now: float) -> bool:
        """Tell whether those who wait are to be counted, as nobody tells the ledger that a mail was cancelled.

        Not while the line grows: who was told to wait a moment ago may not be seen yet in the transaction that counts.
        """
        return abs(now - self.joined) > MINUTE and bool(self.promised or max(self.tails) > now + MINUTE)

    def shorten(self, now: float, limits: Limits, waiting: tuple[int, int], *, for_days: bool) -> None:
        """Let the line be as long as those need who wait in it.

        :param waiting: mails that wait for the rate: single ones, bulk
        :param for_days: whether any waits for the limit of a day
        """
        for bulk, number in enumerate(waiting):
            longest = number * MINUTE / lane_limit(limits.rate, 1, bulk=bool(bulk)) if limits.rate else 0
            self.tails[bulk] = min(self.tails[bulk], now + MINUTE + longest)
        if not for_days:
            self.promised = []

    # ------------------------------------------------------------
    # Counting
    # ------------------------------------------------------------

    def _age(self, now: float) -> None:
        for reservation in self.reservations:
            reservation.until = min(reservation.until, now + RESERVED_FOR)  # later, if the clock was ahead
        for reservation in self.reservations:
            if reservation.until <= now:  # its worker is gone: it may have used all of it, and until the very end
                self._count(reservation.until, reservation)
        self.reservations = [reservation for reservation in self.reservations if reservation.until > now]
        self.minute.forget(now)
        self.day.forget(now)
        self.promised = [each for each in self.promised if each[0] > now]

    def _count(self, at: float, what: Use | Reservation) -> None:
        self.minute.add(at, what.messages, bulk=what.bulk)
        self.day.add(at, what.recipients, bulk=what.bulk)

    def _hold(self, holder: str, now: float, *, bulk: bool, messages: int, recipients: int) -> None:
        for reservation in self.reservations:
            if reservation.holder == holder and reservation.bulk == bulk:
                reservation.until = now + RESERVED_FOR
                reservation.messages += messages
                reservation.recipients += recipients
                return
        self.reservations.append(Reservation(holder, now + RESERVED_FOR, bulk, messages, recipients))

    def _used(self, window: Window, what: str) -> tuple[int, int]:
        """Return what counts in a window: of single messages, of bulk."""
        used = [sum(each[1] for each in window.steps), sum(each[2] for each in window.steps)]
        for reservation in self.reservations:
            used[reservation.bulk] += getattr(reservation, what)
        return used[0], used[1]

    # ------------------------------------------------------------
    # Waiting
    # ------------------------------------------------------------

    def _line_up(self, now: float, rate: int, *, bulk: bool, places: int) -> Grant:
        """Let a message, and the next ones of its worker, wait: as far apart as the rate lets them pass."""
        cap = lane_limit(rate, 1, bulk=bulk)
        spacing = MINUTE / cap
        first = max(self._room_at(self.minute, "messages", now, rate, cap, 1, bulk=bulk), self.tails[bulk])
        self.tails[bulk], self.joined = first + places * spacing, now
        return Grant(retry_at=first, places=places, spacing=spacing, cause="rate_limited")

    def _come_back(self, now: float, daily: int, recipients: int, *, bulk: bool) -> Grant:
        """Let a message wait until there is room for its recipients, behind those who wait already."""
        ahead = sum(each[1] + (each[2] if bulk else 0) for each in self.promised)
        cap = lane_limit(daily, recipients, bulk=bulk)
        days, ahead = divmod(ahead, cap)  # as many as the limit come through in a day
        if ahead + recipients > cap:
            days, ahead = days + 1, 0
        at = self._room_at(self.day, "recipients", now, daily, cap, ahead + recipients, bulk=bulk) + days * DAY
        line = Window(0, SECOND, self.promised)
        line.add(at, recipients, bulk=bulk)
        self.promised, self.joined = line.steps, now
        return Grant(retry_at=at, cause="daily_recipient_limit")

    def _room_at(self, window: Window, what: str, now: float, limit: int, cap: int, amount: int, *, bulk: bool) -> float:
        """Return when there will be room for an amount. Not at once: it is asked for when there is none."""
        single_used, bulk_used = self._used(window, what)
        too_many = single_used + bulk_used + amount - limit
        too_much_bulk = bulk_used + amount - cap if bulk else 0
        at = now + SECOND
        for free_at, singles, bulks in window.frees():
            if too_many <= 0 and too_much_bulk <= 0:
                return at
            too_many, too_much_bulk, at = too_many - singles - bulks, too_much_bulk - bulks, float(free_at)
        # What is held gets free last: a span after it is used, which is about to happen.
        return at if too_many <= 0 and too_much_bulk <= 0 else now + SECOND + window.span


def _room(used: tuple[int, int], limit: int, amount: int, *, bulk: bool) -> int | None:
    """Return what is left of a limit for a lane, None if there is no limit.

    :param used: by single messages, by bulk
    :param amount: of one message
    """
    if not limit:
        return None
    left = limit - sum(used)
    return min(left, lane_limit(limit, amount, bulk=True) - used[1]) if bulk else left
