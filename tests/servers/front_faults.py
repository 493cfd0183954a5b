"""Faults of IMAP and POP3: in place of a command, in its answer, or as changes to the answer.

imap.faults.add("UID STORE", Drop())                               # the command never reaches the mailbox
imap.faults.add("UID STORE", Drop(), answered=True)                # it is carried out, and nobody hears of it
imap.faults.add("UID FETCH", Reset(), in_answer=700)               # 700 octets of the answer, then the end
imap.faults.add("UID FETCH", replies.IMAP_BYE_14, after_responses=2)
imap.faults.add("UID FETCH", replies.IMAP_NOT_CONVERTED, uid=5, times=None)
imap.faults.add("UID FETCH", Call(lambda: mailbox.delete(message)))  # a person is faster
imap.faults.add("UID FETCH", NoBody(), uid=5, times=2)             # :mod:`.front_edits`

A sweep over an answer raises ``in_answer`` until the fault does not strike any more (``fault.struck == 0``): then the
answer was shorter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from .faults import Action, Dribble, Fault, Faults
from .front_command import GREETING, Command

_ANYWHERE = ("CONNECT", GREETING, "DOWNLOAD")

#: Steps of an IMAP session. CONNECT: before the handshake. DOWNLOAD: once ``after_bytes`` octets of the connection went
#: to the client.
IMAP_STEPS = (
    *_ANYWHERE,
    *("LOGIN", "AUTHENTICATE", "CAPABILITY", "ID", "NAMESPACE", "NOOP", "IDLE", "LIST", "LSUB", "STATUS", "SELECT", "EXAMINE"),
    *("SEARCH", "FETCH", "STORE", "COPY", "MOVE", "EXPUNGE"),
    *("UID SEARCH", "UID FETCH", "UID STORE", "UID COPY", "UID MOVE", "UID EXPUNGE"),
    *("APPEND", "CREATE", "CHECK", "CLOSE", "UNSELECT", "LOGOUT"),
)
#: Steps of a POP3 session.
POP_STEPS = (*_ANYWHERE, "CAPA", "USER", "PASS", "AUTH", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET", "QUIT")


@dataclasses.dataclass(frozen=True)
class Call:
    """Call a function (in another thread) and go on: what a person or another program does at this moment."""

    function: Callable[[], object]


class Edit:
    """A change to an answer that else is as Dovecot gave it."""

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        """Return the changed answer, or the same one if it does not concern this edit.

        :param answer: the responses; the last one is the tagged response, or all of a POP3 answer in pieces.
        :param uid: the message it is about, None for all.
        """
        raise NotImplementedError


FrontAction = Action | Call | Edit


@dataclasses.dataclass
class FrontFault(Fault):
    """One scripted fault of IMAP or POP3; the action may also be one of the IMAP or POP texts of the catalogue.

    A text goes under the command's tag; one that begins with BYE is untagged and closes the connection.

    :ivar answered: strike when Dovecot has carried the command out, in place of its answer.
    :ivar in_answer: strike after that many octets of the answer. If it is shorter, the fault does not strike.
    :ivar after_responses: strike after that many responses (RFC 3501 section 7) of the answer, likewise.
    :ivar uid: only for a command that names this UID (POP3: message number); an :class:`Edit` changes only this message.
    """

    answered: bool = False
    in_answer: int | None = None
    after_responses: int | None = None
    uid: int | None = None

    @property
    def late(self) -> bool:
        """Whether it waits for the answer."""
        given = self.answered or self.in_answer is not None or self.after_responses is not None
        return given or isinstance(self.action, (Edit, Dribble))

    def position(self, answer: list[bytes]) -> int | None:
        """Return after how many octets of the answer it strikes, None if the answer is too short."""
        if self.after_responses is not None:
            return len(b"".join(answer[: self.after_responses])) if self.after_responses <= len(answer) else None
        octets = self.in_answer or 0
        return octets if octets <= len(b"".join(answer)) else None


class FrontFaults(Faults):
    """The faults of IMAP or POP3; thread-safe."""

    def add(
        self,
        step: str,
        action: FrontAction,
        *,
        times: int | None = 1,
        every: int = 1,
        login: str | None = None,
        after_bytes: int = 1,
        answered: bool = False,
        in_answer: int | None = None,
        after_responses: int | None = None,
        uid: int | None = None,
    ) -> FrontFault:
        """Script a fault and return it; see :class:`FrontFault` for the parameters.

        The first one that matches strikes before the command, and another one in its answer; edits come in addition.
        """
        fault = FrontFault(
            step, action, times, every, login, None, None, False, after_bytes,
            answered=answered, in_answer=in_answer, after_responses=after_responses, uid=uid,
        )  # fmt: skip
        if fault.late and step in ("CONNECT", "DOWNLOAD"):
            raise ValueError(f"{step} has no answer")
        return self._append(fault)

    def before(self, command: Command, login: str | None) -> FrontFault | None:
        """Return the fault that strikes in place of a command (and count it), or None."""
        return self._first(lambda fault: not fault.late and _concerns(fault, command, login))

    def in_answer(self, command: Command, login: str | None) -> FrontFault | None:
        """Return the fault that is to strike in the answer to a command, or None; it counts until it is released."""
        return self._first(lambda fault: fault.late and not isinstance(fault.action, Edit) and _concerns(fault, command, login))

    def release(self, fault: FrontFault) -> None:
        """Take back that a fault has struck."""
        with self._lock:
            fault.struck -= 1

    def edits(self, command: Command, login: str | None) -> list[FrontFault]:
        """Return the edits that may change the answer to a command; :meth:`claim` says whether they do."""
        with self._lock:
            return [
                fault
                for fault in self._faults
                if isinstance(fault.action, Edit)
                and fault.step == command.verb
                and fault._matches(login, None, [])
                and (fault.times is None or fault.struck < fault.times)
            ]

    def claim(self, fault: FrontFault) -> bool:
        """Count a fault that has an occasion, and tell whether it strikes."""
        return self._first(lambda other: other is fault) is not None


def _concerns(fault: FrontFault, command: Command, login: str | None) -> bool:
    return fault.step == command.verb and fault._matches(login, None, []) and (fault.uid is None or command.names(fault.uid))
