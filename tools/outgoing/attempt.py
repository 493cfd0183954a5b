"""One try of a mail: its SMTP transactions, and what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..addresses import ascii_address
from ..diagnosis.reader import diagnose
from ..smtp.session import Outcome
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


@dataclass
class Part:
    """One SMTP transaction of a mail. Core sends to each partner, and to the plain addresses, in one of its own.

    :ivar addresses: normalized, as core hands them on
    :ivar sender: address that it leaves as, once the governor let it go
    :ivar outcome: what the session told of it
    :ivar begun: core came to it
    :ivar ended: an answer for each address is there, or core refused the part by itself
    """

    addresses: list[str]
    taken: set[str] = field(default_factory=set)
    refused: dict[str, Refusal] = field(default_factory=dict)
    sender: str | None = None
    outcome: Outcome | None = None
    begun: bool = False
    ended: bool = False

    def end(self, outcome: Outcome) -> None:
        """Note how the transaction ended at the server, if that took the message."""
        refused = {address.lower(): answer for address, answer in getattr(outcome, "refused", {}).items()}
        for address in self.addresses:
            if (answer := refused.get(address.lower()) or refused.get(ascii_address(address).lower())) is None:
                self.taken.add(address)
            else:
                self.refused[address] = Refusal.of_reply(*answer)
        self.ended = True

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows if the message was taken."""
        return bool(self.outcome and self.outcome.in_doubt)

    def fail(self, refusal: Refusal, recipients: Mapping[str, tuple[int, bytes]]) -> None:
        """Note why nobody got it.

        :param recipients: answers to single recipients, if it was them that were refused
        """
        answers = {address.lower(): answer for address, answer in recipients.items()}
        for address in self.addresses:
            answer = answers.get(address.lower()) or answers.get(ascii_address(address).lower())
            self.refused[address] = Refusal.of_reply(*answer) if answer else refusal
        self.ended = True


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
        """Return who did not get it and why, and by address how often it was in doubt whether he did.

        :param doubts: how often it was before this try
        """
        refused, doubts = self.refused, dict(doubts)
        for part in self.parts or ():
            for address in part.addresses if part.in_doubt else ():
                doubts[address] = doubts.get(address, 0) + 1
                refusal = refused.get(address) or Refusal(part.outcome.reply, diagnose(part.outcome.reply, protocol="smtp"))
                refused[address] = refusal.in_doubt() if doubts[address] >= MAX_DOUBTS else refusal
        return refused, doubts

    @property
    def untried(self) -> list[str]:
        """Who was not tried."""
        return [address for part in self.parts or () if not part.ended for address in part.addresses]

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
