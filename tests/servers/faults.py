"""Scripted faults: what a listener does wrong, at which step, for whom and how often.

servers.submission.faults.add("MAIL", replies.S421_4_3_2_SERVICE_NOT_ACTIVE)
servers.submission.faults.add("END_OF_DATA", Drop(), delivered=True, times=2)
servers.submission.faults.add("RCPT", Delay(3), sender="erp@contoso.example", every=3)
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

from .entra_errors import EntraError
from .replies import Reply

#: Steps of an SMTP session. CONNECT: before the banner. BODY: in the middle of the message. END_OF_DATA: after the
#: final dot (or BDAT LAST), before the reply.
SMTP_STEPS = (
    "CONNECT",
    "EHLO",
    "STARTTLS",
    "AUTH",
    "MAIL",
    "RCPT",
    "DATA",
    "BDAT",
    "BODY",
    "END_OF_DATA",
    "RSET",
    "NOOP",
    "QUIT",
)


@dataclasses.dataclass(frozen=True)
class Drop:
    """Close the connection without a word (TCP FIN)."""


@dataclasses.dataclass(frozen=True)
class Reset:
    """Tear the connection down (TCP RST, through SO_LINGER 0)."""


@dataclasses.dataclass(frozen=True)
class Delay:
    """Wait, then go on as if nothing had happened."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Dribble:
    """Give the step's right reply, but one byte every ``seconds``."""

    seconds: float = 1.0


@dataclasses.dataclass(frozen=True)
class Vanish:
    """Work on everything as if nothing had happened, but say nothing from this step on, and be gone at the end of the message.

    A server may keep its replies back until it has worked on the last command that came (RFC 2920 section 3.2); one that ends
    before has said nothing at all, though it may have taken the message.
    """


@dataclasses.dataclass(frozen=True)
class Say:
    """Send these raw octets instead of the step's reply, then close if ``close`` (for IMAP and POP texts, or
    garbage).
    """

    data: bytes
    close: bool = False


#: A ``str`` is one of the IMAP or POP texts of the catalogue.
Action = Reply | EntraError | Drop | Reset | Delay | Dribble | Vanish | Say | str


@dataclasses.dataclass
class Fault:
    """One scripted fault.

    :ivar step: where it strikes.
    :ivar action: a reply of the catalogue (421 closes the connection after it, as RFC 5321 section 3.8 says), or one of
        the classes above.
    :ivar times: how often it strikes, None = always.
    :ivar every: strike only at every n-th occasion that matches.
    :ivar login: only in sessions logged in as this mailbox.
    :ivar sender: only in transactions with this envelope sender.
    :ivar recipient: only if this address is (RCPT) or is among (later steps) the envelope recipients.
    :ivar delivered: at END_OF_DATA, whether the message is processed (checked, delivered, recorded as accepted)
        nevertheless.
    :ivar after_bytes: at BODY, strike once that many octets of the message have come.
    :ivar struck: how often it has struck.
    """

    step: str
    action: Action
    times: int | None = 1
    every: int = 1
    login: str | None = None
    sender: str | None = None
    recipient: str | None = None
    delivered: bool = False
    after_bytes: int = 1
    struck: int = 0
    _occasions: int = 0

    def _matches(self, login: str | None, sender: str | None, recipients: list[str]) -> bool:
        return (
            (self.login is None or (login or "").lower() == self.login.lower())
            and (self.sender is None or (sender or "").lower() == self.sender.lower())
            and (self.recipient is None or self.recipient.lower() in [address.lower() for address in recipients])
        )


class Faults:
    """The faults of one listener; thread-safe."""

    def __init__(self, steps: tuple[str, ...]):
        self._steps = steps
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        step: str,
        action: Action,
        *,
        times: int | None = 1,
        every: int = 1,
        login: str | None = None,
        sender: str | None = None,
        recipient: str | None = None,
        delivered: bool = False,
        after_bytes: int = 1,
    ) -> Fault:
        """Script a fault and return it; see :class:`Fault` for the parameters. The first one that matches strikes."""
        return self._append(Fault(step, action, times, every, login, sender, recipient, delivered, after_bytes))

    def _append(self, fault: Fault) -> Fault:
        if self._steps and fault.step not in self._steps:
            raise ValueError(f"unknown step {fault.step!r}, choose one of {self._steps}")
        if fault.every < 1:
            raise ValueError("every must be 1 or more")
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Forget one fault."""
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def strike(
        self,
        step: str,
        *,
        login: str | None = None,
        sender: str | None = None,
        recipients: list[str] | None = None,
        received: int | None = None,
    ) -> Fault | None:
        """Return the fault that strikes here (and count it), or None. ``received`` is the number of body octets so
        far.
        """
        return self._first(
            lambda fault: fault.step == step
            and fault._matches(login, sender, recipients or [])
            and (received is None or received >= fault.after_bytes)
        )

    def _first(self, matches: Callable[[Fault], bool]) -> Fault | None:
        """Return the first fault that matches and whose turn it is, and count it."""
        with self._lock:
            for fault in self._faults:
                if not matches(fault) or fault.times is not None and fault.struck >= fault.times:
                    continue
                fault._occasions += 1
                if fault._occasions % fault.every:
                    continue
                fault.struck += 1
                return fault
        return None
