"""What a run of the mail queue knows.

Plain values, no records: a commit after each mail empties the cache of records, and what was found out at the start of a run
must last to its end.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import Any

from .attempt import Attempt, Deferral, Part
from .lifetime import Lifetime
from .lookahead import Lookahead, NotNow, Turn


class NextPart(AssertionError):
    """Tells core's loop over the recipients of a mail to go on with the next one; what happened is in the run.

    Core goes on after the assertion ``NO_VALID_RECIPIENT`` and after nothing else.
    """


class EndWithoutVerdict(BaseException):
    """Ends core's loop when all recipients were tried and what became of them is not for core to judge.

    Core, and whoever extends it, would take note of a failure at once, though the mail is only deferred. Like `GeneratorExit` it is no
    `Exception`: nobody on the way is meant to handle it.
    """


class Unfinished(RuntimeError):
    """Core, or whoever extends it, calls a mail failed that the server has taken, if not for all."""


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


class QueueRun:
    """One call of ``mail.mail.send``, handed on in :class:`.Sending`.

    :ivar commits: after each mail of ours
    :ivar stream: what core is sending: the mail of one sender on one server in one lane, which keeps its order
    :ivar server_id: of the stream
    :ivar smtp_from: of the stream, as core has it
    :ivar sender: of the stream, as far as it is known before a mail is prepared; :attr:`bulk` is its lane
    :ivar deferrals: streams that wait
    :ivar admitted: sender for whom the governor has let a message go that is not sent yet
    :ivar attempt: the mail that is being sent, and :attr:`part` its part
    :ivar governors: of the servers of this run
    :ivar lookahead: makes a mail ready while another one is at the server; None if each waits for the one before
    :ivar turn: when the mail may be sent, None from then on
    :ivar lifetime: of the worker
    """

    def __init__(self, *, commits: bool, lifetime: Lifetime | None = None) -> None:
        self.commits, self.lifetime = commits, lifetime or Lifetime()
        self.deferrals: dict[str, Deferral] = {}
        self.known: dict[int, Known] = {}
        self.attempt: Attempt | None = None
        self.part: Part | None = None
        self.governors: dict[int, Any] = {}
        self.stream, self.smtp_from, self.sender, self.bulk = "", "", "", False
        self.server_id = 0
        self.admitted: str | None = None
        self.lookahead: Lookahead | None = None
        self.turn: Turn | None = None

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

    def begin_stream(self, server_id: int, smtp_from: str, sender: str, *, bulk: bool) -> None:
        """Note what core comes to now.

        :param sender: address in ``smtp_from``
        """
        self.stream = stream_name(server_id, sender, bulk=bulk)
        self.server_id, self.smtp_from, self.sender, self.bulk = server_id, smtp_from, sender, bulk

    def fork(self) -> QueueRun:
        """Return the run as it is now for the current stream: it stays there when core goes on. What the run knows is shared.

        What the governor let go is the fork's to use or to give back.
        """
        fork = copy.copy(self)
        self.admitted = None
        return fork

    def take_turn(self, session: Any) -> Turn | None:
        """Wait until the mails before are done with; return the turn if it has just come.

        :param session: that the mail is sent in
        :raise NotNow: one of them ended in a way that keeps this one from being sent now, or takes long
        """
        turn, self.turn = self.turn, None
        if turn:
            turn.take()
            if not self.may_send(session):
                raise NotNow
        return turn

    def may_send(self, session: Any) -> bool:
        """Tell whether mail of the stream may be sent, as far as is known."""
        return not session.failure and self.stream not in self.deferrals

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

    def defer(self, deferral: Deferral) -> None:
        """Stop: what is left of the current mail waits, and all later ones of its stream."""
        if self.attempt:
            self.attempt.stopped, self.attempt.deferral = True, deferral
        self.deferrals[self.stream] = deferral

    def attempt_of(self, ids: tuple[int, ...]) -> Attempt | None:
        """Return the current try if it is that of these mails."""
        return self.attempt if self.attempt and ids == (self.attempt.mail_id,) else None


def stream_name(server_id: int, sender: str, *, bulk: bool) -> str:
    """Return the name of a stream."""
    return f"{server_id}/{sender}/{'bulk' if bulk else 'single'}"
