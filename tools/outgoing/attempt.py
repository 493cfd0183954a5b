"""One try of a mail: its SMTP transactions, and what they came to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..addresses import ascii_address
from ..diagnosis.reader import diagnose
from ..transport import Outcome
from .refusal import Refusal

#: How often a message is sent that may have been taken: the second time is the last one, until somebody has looked for it.
MAX_DOUBTS: Final = 2


@dataclass(frozen=True)
class Deferral:
    """Nothing of a stream is sent until then.

    :ivar until: UTC, naive as in Odoo
    :ivar reason: for people
    :ivar spaced: the governor has a place of its own for each mail that waits
    :ivar is_failure: something fails, so that the hours count after which a mail is given up
    """

    until: datetime
    cause: str
    reason: str
    spaced: bool = False
    is_failure: bool = False


class Step(enum.Enum):
    """Where on its way a part of a mail is."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    AT_SERVER = "at the server"
    ANSWERED = "answered"
    WRITTEN = "written down"


# Whatever else is done with a part is a mistake that would send it twice, or lose it.
_STEPS: Final = {
    Step.WAITING: {Step.ADMITTED, Step.ANSWERED},  # answered: it was refused here
    Step.ADMITTED: {Step.WAITING, Step.AT_SERVER, Step.ANSWERED},  # answered: another mailbox could not sign in for it
    Step.AT_SERVER: {Step.WAITING, Step.ANSWERED},  # waiting: what was refused is its server, which is paused
    Step.ANSWERED: {Step.WRITTEN},
    Step.WRITTEN: set(),
}


class IllegalStep(RuntimeError):
    """A part of a mail was to go where it cannot go from where it is."""


@dataclass
class Part:
    """One SMTP transaction of a mail. Core sends to each partner, and to the plain addresses, in one of its own.

    :ivar addresses: normalized, as core hands them on
    :ivar step: where it is
    :ivar sender: address that it leaves as, once the governor let it go
    :ivar outcome: of the transaction, as the transport told it
    :ivar begun: core came to it
    """

    addresses: list[str]
    taken: set[str] = field(default_factory=set)
    refused: dict[str, Refusal] = field(default_factory=dict)
    step: Step = Step.WAITING
    sender: str | None = None
    outcome: Outcome | None = None
    begun: bool = False

    def _go(self, step: Step) -> None:
        if step not in _STEPS[self.step]:
            raise IllegalStep(f"A part of a mail that is {self.step.value} cannot be {step.value}.")
        self.step = step

    def admit(self, sender: str) -> None:
        """Note that the governor lets it go.

        :param sender: address that it leaves as
        """
        self._go(Step.ADMITTED)
        self.sender = sender

    def hand_over(self) -> None:
        """Note that the transport gets it now."""
        self._go(Step.AT_SERVER)

    def wait(self) -> None:
        """Note that it waits again, as nothing was decided about it."""
        if self.step is not Step.WAITING:
            self._go(Step.WAITING)

    def end(self, outcome: Outcome) -> None:
        """Note how the transaction ended at the server, if that took the message."""
        if self.step is not Step.AT_SERVER:
            raise IllegalStep(f"A part of a mail that is {self.step.value} cannot be taken.")
        self._go(Step.ANSWERED)
        refused = {address.lower(): answer for address, answer in outcome.refused.items()}
        for address in self.addresses:
            if (answer := refused.get(address.lower()) or refused.get(ascii_address(address).lower())) is None:
                self.taken.add(address)
            else:
                self.refused[address] = Refusal.of_reply(*answer)

    def fail(self, refusal: Refusal, recipients: Mapping[str, tuple[int, bytes]]) -> None:
        """Note why nobody got it.

        :param recipients: answers to single recipients, if it was them that were refused
        """
        self._go(Step.ANSWERED)
        answers = {address.lower(): answer for address, answer in recipients.items()}
        for address in self.addresses:
            answer = answers.get(address.lower()) or answers.get(ascii_address(address).lower())
            self.refused[address] = Refusal.of_reply(*answer) if answer else refusal

    def leave_to_core(self) -> None:
        """Note that core has refused it by itself: nobody in it can get mail."""
        self._go(Step.ANSWERED)

    def write_down(self) -> None:
        """Note that its answers are written down."""
        self._go(Step.WRITTEN)

    @property
    def is_answered(self) -> bool:
        """Whether an answer for each address is there, or core refused the part by itself."""
        return self.step in (Step.ANSWERED, Step.WRITTEN)

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows if the message was taken."""
        return bool(self.outcome and self.outcome.in_doubt)


@dataclass
class Attempt:
    """One try of a mail.

    :ivar parts: its transactions in their order, None until core made them
    :ivar resumed: some of its recipients were settled by an earlier try
    :ivar stopped: the rest is not tried, as it would end in the same way
    :ivar unreachable: the connection was gone, and there is no other
    :ivar deferral: what the rest waits for
    :ivar refusal: of this mail, that began or lengthened the pause which is waited for
    :ivar written: to the mail meanwhile, by core first of all
    """

    mail_id: int
    parts: list[Part] | None = None
    resumed: bool = False
    stopped: bool = False
    unreachable: bool = False
    deferral: Deferral | None = None
    refusal: Refusal | None = None
    written: dict[str, Any] = field(default_factory=dict)

    @property
    def taken(self) -> dict[str, str]:
        """Who got it, as :attr:`mail.mail.office365_recipients` keeps it."""
        return {address: "" for part in self.parts or () for address in part.taken}

    @property
    def refused(self) -> dict[str, Refusal]:
        """Who did not, and why."""
        return {address: refusal for part in self.parts or () for address, refusal in part.refused.items()}

    @property
    def is_in_doubt(self) -> bool:
        """Whether some may have got it, or not."""
        return any(part.in_doubt for part in self.parts or ())

    def judged(self, doubts: Mapping[str, int]) -> tuple[dict[str, Refusal], dict[str, int]]:
        """Return who did not get it and why, and for each address how often that was in doubt.

        :param doubts: how often it was before this try
        :raise IllegalStep: that is written down already
        """
        if any(part.step is Step.WRITTEN for part in self.parts or ()):
            raise IllegalStep("What became of the mail is written down already.")
        refused, doubts = self.refused, dict(doubts)
        for part in self.parts or ():
            reply = part.outcome.reply if part.outcome else ""
            for address in part.addresses if part.in_doubt else ():
                doubts[address] = doubts.get(address, 0) + 1
                refusal = refused.get(address) or Refusal(reply, diagnose(reply, protocol="smtp"))
                refused[address] = refusal.in_doubt() if doubts[address] >= MAX_DOUBTS else refusal
        return refused, doubts

    @property
    def untried(self) -> list[str]:
        """Who was not tried."""
        return [address for part in self.parts or () if not part.is_answered for address in part.addresses]

    def end(self) -> None:
        """Note that what became of the mail is written down: its answers are not to be judged again."""
        for part in self.parts or ():
            if part.step is Step.ANSWERED:
                part.write_down()

    @property
    def is_over(self) -> bool:
        """Whether core has come to the end of it."""
        return self.stopped or all(part.begun for part in self.parts or ())

    @property
    def is_served(self) -> bool:
        """Whether nobody is left: who was not served before is no recipient any more, or has the address of one who was."""
        return self.resumed and self.parts == []

    @property
    def is_invalid(self) -> bool:
        """Whether somebody of the recipients has no address."""
        return any(not part.addresses for part in self.parts or ())

    @property
    def is_cores(self) -> bool:
        """Whether core's own judgement does: nothing was refused by a server, nothing waits."""
        return not (self.stopped or self.resumed or self.refused)
