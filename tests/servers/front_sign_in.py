"""How a client of the front signs in: what goes into the records, without secrets, and in which words it is refused."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import time
from typing import TYPE_CHECKING

from . import replies
from .front_command import Command
from .records import Connection

if TYPE_CHECKING:
    from .front import Front

_NAME_OF_LOGIN = re.compile(rb'\S+\s+LOGIN\s+(?:"((?:[^"\\]|\\.)*)"|([^\s{]+))', re.IGNORECASE)


@dataclasses.dataclass
class LoginAttempt:
    """One attempt to sign in: the client really sent credentials.

    :ivar user: the name it gave, empty if it could not be read.
    :ivar success: None until the server answered.
    """

    protocol: str
    connection_id: int
    mechanism: str
    user: str
    time: float = dataclasses.field(default_factory=time.time)
    success: bool | None = None


class SignIn:
    """The sign-in of one connection.

    :ivar attempt: the one that has no answer yet.
    :ivar continuing: after AUTHENTICATE: the client's next lines are no commands.
    :ivar unconnected: signed in, but the mailbox was not opened.
    """

    def __init__(self, front: Front, record: Connection):
        self._front, self._record = front, record
        self._ticket = ""
        self.attempt: LoginAttempt | None = None
        self.continuing = self.unconnected = False

    def command(self, command: Command, line: bytes) -> None:
        """Put a command into the record, without secrets, and notice attempts to sign in."""
        text = line.decode("utf-8", "replace").strip()
        prefix = f"{command.tag.decode('ascii', 'replace')} " if command.tag else ""
        mechanism = user = ""
        if command.verb == "LOGIN":
            mechanism, text = "LOGIN", f"{prefix}LOGIN ***"
            quoted = _NAME_OF_LOGIN.match(line)
            user = (quoted[1] or quoted[2] or b"").decode("utf-8", "replace") if quoted else ""
        elif command.verb in ("AUTHENTICATE", "AUTH") and command.words:
            mechanism = command.words[0].decode("ascii", "replace").upper()
            text = f"{prefix}{command.verb} {mechanism}{' ***' if command.words[1:] else ''}"
            user = _sasl_user(command.words[1]) if command.words[1:] else ""
            self.continuing = True
        elif command.verb == "PASS":
            mechanism, text = "USER", "PASS ***"
            users = (said.partition(" ")[2] for said in reversed(self._record.commands) if said.upper().startswith("USER "))
            user = next(users, "")
        self._record.commands.append(text)
        if mechanism:
            self.attempt = LoginAttempt(self._front.name, self._record.id, mechanism, user)
            self._front.login_attempts.append(self.attempt)
            self._front.last_login = time.time()

    def response(self, line: bytes) -> bytes:
        """Return what goes to Dovecot in place of a client's response within AUTHENTICATE."""
        self._record.commands.append("***")
        if self.attempt and not self.attempt.user:
            self.attempt.user = _sasl_user(line.strip())
        return self._with_ticket(line.strip()) + b"\r\n"

    def initial_response(self, command: Command, line: bytes) -> bytes:
        """Return what goes to Dovecot in place of a command; its initial response (RFC 4959) may be a token."""
        if not (self.continuing and command.words[1:]):
            return line
        return line.replace(command.words[1], self._with_ticket(command.words[1]))

    def as_exchange_says(self, answer: bytes, command: Command) -> tuple[bytes, bytes]:
        """Return an answer to a refused token in Exchange's words, and what to tell Dovecot.

        Dovecot sends Google's JSON first, and words of its own then.
        """
        if self.attempt is None or self.attempt.mechanism != "XOAUTH2" or not self.attempt.user:
            return answer, b""
        if answer.startswith(b"+ ") and answer.strip() != b"+":
            return b"", b"\r\n"
        if self._front.name == "imap" and answer.startswith(command.tag + b" NO "):
            return command.tag + b" " + replies.IMAP_AUTHENTICATE_FAILED.encode() + b"\r\n", b""
        if self._front.name == "pop" and answer.startswith(b"-ERR"):
            return replies.POP_AUTHENTICATION_FAILURE.encode() + b"\r\n", b""
        return answer, b""

    def answered(self, answer: bytes, command: Command) -> None:
        """Take note of the last response to a sign-in."""
        attempt, self.attempt, self.continuing = self.attempt, None, False
        attempt.success = answer.startswith(command.tag + b" OK" if command.tag else b"+OK")
        if attempt.success:
            self._record.login, self._record.mechanism = attempt.user.lower(), attempt.mechanism
            self.unconnected = self._front.introspection.is_unconnected(self._ticket)
        self._front.login_attempts.changed()

    def refused(self) -> None:
        """Take note that a fault took the place of the answer."""
        self.continuing = False
        if self.attempt:
            self.attempt.success, self.attempt = False, None

    def _with_ticket(self, blob: bytes) -> bytes:
        blob, self._ticket = self._front.introspection.with_ticket(blob, self._front.name)
        return blob


def _sasl_user(blob: bytes) -> str:
    """The user named in a PLAIN (RFC 4616) or XOAUTH2 response, or of the first LOGIN response."""
    try:
        decoded = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        return ""
    if decoded.lower().startswith(b"user="):
        return decoded[5:].partition(b"\x01")[0].decode("utf-8", "replace")
    if decoded.count(b"\0") == 2:
        return decoded.split(b"\0")[1].decode("utf-8", "replace")
    return decoded.decode("utf-8", "replace") if b"@" in decoded else ""
