"""What a run of the mail queue knows.

Plain values, no records: a commit after each mail empties the cache of records, and what was found out at the start of a run
must last to its end.
"""

from __future__ import annotations

import copy
import dataclasses
import smtplib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg2

from .addresses import ascii_address
from .causes import _lt
from .diagnosis import Diagnosis, diagnose
from .errors import smtp_reply_text, storable
from .lifetime import Lifetime
from .lookahead import Lookahead, Turn, TurnLost
from .smtp import Outcome
from .stage import Stage, stage_of

#: How often a message is sent that may have been taken: the second time is the last one, until somebody has looked for it.
MAX_DOUBTS: Final = 2

_IN_DOUBT: Final = _lt(
    "The mail may have arrived: twice the connection ended after the message was sent and before the server replied. It is not sent again"
    " by itself. Look for its Message-Id in Exchange admin center > Mail flow > Message trace; press Retry only if it is not there.")


class NotSent(AssertionError):
    """Tells core's loop over the recipients of a mail to go on with the next one; what happened is in the run.

    Core goes on after the assertion ``NO_VALID_RECIPIENT`` and after nothing else.
    """


class Settled(BaseException):
    """Ends core's loop when all recipients were tried and what became of them is not for core to judge.

    Core, and whoever extends it, would take note of a failure at once, though the mail is only deferred. Like `GeneratorExit` it is no
    `Exception`: nobody on the way is meant to handle it.
    """


class NoSession:
    """Stands for the session that was not opened, so that its mails take the same way as all others.

    :ivar failure: why it could not be; None if it was not tried, as its mails wait
    """

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    def quit(self) -> None:
        """End the session that there is not, as core does with every session."""


class Unfinished(RuntimeError):
    """Core, or whoever extends it, calls a mail failed that the server has taken, if not for all."""


@dataclass(frozen=True)
class Refusal:
    """Why something was not taken.

    :ivar words: the server's own, or those of the error that kept it from answering; fit to be stored, whatever they were
    :ivar stage: where in the session
    """

    words: str
    diagnosis: Diagnosis
    stage: Stage = Stage.UNKNOWN

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", storable(self.words))

    @classmethod
    def of(cls, error: BaseException, *, opening: bool = False) -> Refusal:
        """Return what an error means.

        :param opening: it kept the session from being opened
        """
        if isinstance(error, (psycopg2.Error, MemoryError)):
            return cls.of_ours(error)
        if type(error).__str__ is smtplib.SMTPException.__str__ and isinstance(error, smtplib.SMTPResponseException):
            words = smtp_reply_text(error.smtp_code, error.smtp_error)
        else:
            words = str(error) or type(error).__name__
        diagnosis, stage = diagnose(error), stage_of(error, opening=opening)
        if not stage.is_before_mail and getattr(diagnosis, "about", "") == "recipient":
            stage = Stage.RECIPIENT  # a reply to the message may be about its only recipient
        return cls(words, diagnosis, stage)

    @classmethod
    def of_ours(cls, error: BaseException) -> Refusal:
        """Return what an error means that is no server's: something here went wrong, and may go well the next time."""
        words = f"{type(error).__name__}: {error}"
        return cls(words, Diagnosis("unknown", retryable=True, retry_after=None, remedy="", source=""))

    @classmethod
    def final(cls, cause: str, words: str) -> Refusal:
        """Return a refusal of ours, which says by itself what to do."""
        return cls(words, Diagnosis(cause, retryable=False, retry_after=None, remedy="", source=""))

    @classmethod
    def of_reply(cls, code: int, words: bytes | str) -> Refusal:
        """Return what the reply to a RCPT command means."""
        text = smtp_reply_text(code, words)
        return cls(text, diagnose(text, protocol="smtp", stage="rcpt"), Stage.RECIPIENT)

    def in_doubt(self) -> Refusal:
        """Return the same of a message that may have been taken, and is not sent again by itself."""
        return dataclasses.replace(
            self, diagnosis=dataclasses.replace(self.diagnosis, retryable=False, retry_after=None, remedy=_IN_DOUBT, template=""))


@dataclass(frozen=True)
class Hold:
    """Nothing of a line is sent until then.

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


@dataclass(frozen=True)
class Known:
    """What a run knows of a mail: read at its start, and once more when the mail is locked.

    :ivar attempts: failed tries; another number later on means that somebody else tried meanwhile
    :ivar message_id: id of the ``mail.message``
    :ivar owns_message: the message goes when the mail does, so that its row is to be locked, too
    :ivar is_suspect: it failed by something that paused its server or address: others are tried before it
    :ivar waited: it was put off before; known once it is locked, as the next ones are
    :ivar resumed: some of its recipients were settled by an earlier try
    :ivar doubted: it may have been taken by an earlier try
    """

    attempts: int
    bulk: bool
    message_id: int
    owns_message: bool
    is_suspect: bool = False
    waited: bool = False
    resumed: bool = False
    doubted: bool = False


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
    :ivar hold: what the rest waits for
    :ivar refusal: of this mail, that began or lengthened the pause which is waited for
    :ivar written: to the mail meanwhile, by core first of all
    """

    mail_id: int
    parts: list[Part] | None = None
    resumed: bool = False
    stopped: bool = False
    unreachable: bool = False
    hold: Hold | None = None
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


class QueueRun:
    """One call of ``mail.mail.send``, handed on in the context. Whoever calls from outside can not make one up there.

    :ivar commits: after each mail of ours
    :ivar line: what core is sending: the mail of one sender on one server in one lane, which keeps its order
    :ivar smtp_from: of the line, as core has it
    :ivar sender: of the line, as far as it is known before a mail is prepared; :attr:`bulk` is its lane
    :ivar holds: lines that wait
    :ivar admitted: sender for whom the governor has let a message go that is not sent yet
    :ivar attempt: the mail that is being sent, and :attr:`part` its part
    :ivar governors: of the servers of this run
    :ivar lookahead: makes a mail ready while another one is at the server; None if each waits for the one before
    :ivar turn: when the mail may be sent, None from then on
    :ivar lifetime: of the worker
    """

    CONTEXT_KEY = "office365_run"

    def __init__(self, *, commits: bool, lifetime: Lifetime | None = None) -> None:
        self.commits, self.lifetime = commits, lifetime or Lifetime()
        self.holds: dict[str, Hold] = {}
        self.known: dict[int, Known] = {}
        self.attempt: Attempt | None = None
        self.part: Part | None = None
        self.governors: dict[int, Any] = {}
        self.line, self.smtp_from, self.sender, self.bulk = "", "", "", False
        self.admitted: str | None = None
        self.lookahead: Lookahead | None = None
        self.turn: Turn | None = None

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> QueueRun | None:
        """Return the run in a context, if it is one."""
        run = context.get(cls.CONTEXT_KEY)
        return run if isinstance(run, cls) else None

    @property
    def is_late(self) -> bool:
        """Whether the worker has no time to begin another mail."""
        return time.monotonic() >= self.lifetime.last_start

    def commit(self, cr: Any) -> None:
        """Commit, if this run may."""
        if self.commits:
            cr.commit()  # pylint: disable=invalid-commit

    def rollback(self, cr: Any) -> None:
        """Undo what was done since the last commit, if this run commits."""
        if self.commits:
            cr.rollback()

    def release(self, server: Any) -> None:
        """Give back what the server's governor granted and no message has used."""
        if self.admitted is not None:
            server._office365_governor().report(self.admitted, None, None)
            self.admitted = None

    def begin_line(self, server_id: int, smtp_from: str, sender: str, *, bulk: bool) -> None:
        """Note what core comes to now.

        :param sender: address in ``smtp_from``
        """
        self.line = line_name(server_id, sender, bulk=bulk)
        self.smtp_from, self.sender, self.bulk = smtp_from, sender, bulk

    def fork(self) -> QueueRun:
        """Return the run as it is now for the current line: it stays there when core goes on. What the run knows is shared.

        What the governor let go is the fork's to use or to give back.
        """
        fork = copy.copy(self)
        self.admitted = None
        return fork

    def take_turn(self, session: Any) -> Turn | None:
        """Wait until the mails before are done with; return the turn if it has just come.

        :param session: that the mail is sent in
        :raise TurnLost: one of them ended in a way that keeps this one from being sent now, or takes long
        """
        turn, self.turn = self.turn, None
        if turn:
            turn.take()
            if not self.may_send(session):
                raise TurnLost
        return turn

    def may_send(self, session: Any) -> bool:
        """Tell whether mail of the line may be sent, as far as is known."""
        return not session.failure and self.line not in self.holds

    def begin_part(self, addresses: Any) -> Part | None:
        """Return the part of the current mail that core comes to now, None if there is none.

        Others may have changed the list of them, or leave one out: what counts is whom this one goes to.
        """
        if not self.attempt or self.attempt.parts is None or addresses is None:
            return None
        part = next((part for part in self.attempt.parts if not part.begun and part.addresses == addresses), None)
        if part is None:
            part = Part(list(addresses))
            self.attempt.parts.append(part)
        part.begun = True
        self.part = part
        return part

    def hold(self, hold: Hold) -> None:
        """Stop: what is left of the current mail waits, and all later ones of its line."""
        if self.attempt:
            self.attempt.stopped, self.attempt.hold = True, hold
        self.holds[self.line] = hold

    def attempt_of(self, ids: tuple[int, ...]) -> Attempt | None:
        """Return the current try if it is that of these mails."""
        return self.attempt if self.attempt and ids == (self.attempt.mail_id,) else None


def line_name(server_id: int, sender: str, *, bulk: bool) -> str:
    """Return the name of a line."""
    return f"{server_id}/{sender}/{'bulk' if bulk else 'single'}"


def refused_recipients(error: BaseException) -> Mapping[str, tuple[int, bytes]]:
    """Return smtplib's answers to single recipients from an error or what it was raised from."""
    for each in chain(error):
        if isinstance(recipients := getattr(each, "recipients", None), dict):
            return recipients
    return {}


def raised_from(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """Return the error of a kind that an error was raised from, itself included."""
    return next((each for each in chain(error) if isinstance(each, kind)), None)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
