"""One IMAP or POP3 connection through the front: two pumps, and a look at what the client says."""

from __future__ import annotations

import asyncio
import base64
import binascii
import dataclasses
import re
import time
from typing import TYPE_CHECKING

from . import replies
from .faults import Delay, Drop, Fault, Reset, Say
from .records import Connection
from .session import reset

if TYPE_CHECKING:
    from .front import Front

#: Commands that IMAP serves a user whose mailbox was not opened.
_WITHOUT_MAILBOX = ("CAPABILITY", "ID", "LOGOUT", "NOOP")
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n$")


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


class FrontSession:
    """One connection: two pumps, and a look at what the client says."""

    def __init__(self, front: Front, record: Connection, client: tuple, backend: tuple):
        self.front = front
        self.record = record
        self._reader, self._writer = client
        self._back_reader, self._back_writer = backend
        self._attempt: LoginAttempt | None = None
        self._tag = b""
        self._continuing = False  # after AUTHENTICATE: the next lines are not commands
        self._ticket = ""
        self._unconnected = False  # signed in, but the mailbox was not opened
        self._answer = b""

    async def run(self) -> None:
        """Pump in both directions until one side ends."""
        pumps = [asyncio.ensure_future(self._upload()), asyncio.ensure_future(self._download())]
        try:
            done, _pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for pump in done:
            error = None if pump.cancelled() else pump.exception()
            if error and not isinstance(error, (OSError, asyncio.IncompleteReadError)):
                raise error

    async def _upload(self) -> None:
        in_command = False
        while line := await self._reader.readline():
            if not in_command:
                line = await self._command(line)
            self._back_writer.write(line)
            literal = _LITERAL.search(line) if self.front.name == "imap" else None
            in_command = bool(literal)
            remaining = int(literal[1]) if literal else 0
            while remaining:
                await self._back_writer.drain()
                piece = await self._reader.readexactly(min(remaining, 65536))
                remaining -= len(piece)
                self._back_writer.write(piece)
            await self._back_writer.drain()

    async def _download(self) -> None:
        sent = 0
        while data := await self._back_reader.read(65536):
            if self._attempt:
                data = await self._as_exchange_says(data)
                self._watch(data)
            sent += len(data)
            self._writer.write(data)
            await self._writer.drain()
            fault = self.front.faults.strike("DOWNLOAD", login=self.record.login, received=sent)
            if fault and not await self._act(fault, b""):
                return

    async def _command(self, line: bytes) -> bytes:
        """Record a command line; return what goes on to Dovecot instead, nothing if a fault took its place."""
        if self._continuing:
            self.record.commands.append("***")
            if self._attempt and not self._attempt.user:
                self._attempt.user = _sasl_user(line.strip())
            return self._with_ticket(line.strip()) + b"\r\n"
        words = line.split(None, 3)
        if self.front.name == "imap":
            tag, words = words[0] if words else b"", words[1:]
        else:
            tag = b""
        verb = words[0].decode("ascii", "replace").upper() if words else ""
        if verb == "UID" and len(words) > 1:
            verb += f" {words[1].decode('ascii', 'replace').upper()}"
        self._note(tag, verb, words, line)
        self.front.connections.changed()
        fault = self.front.faults.strike(verb, login=self.record.login)
        if fault and not await self._act(fault, tag):
            return b""
        if self._unconnected and verb not in _WITHOUT_MAILBOX:
            await self._act(Fault(verb, replies.IMAP_NOT_CONNECTED), tag)
            return b""
        if self._continuing and len(words) > 2:
            return line.replace(words[2].strip(), self._with_ticket(words[2].strip()))
        return line

    def _with_ticket(self, blob: bytes) -> bytes:
        blob, self._ticket = self.front.introspection.with_ticket(blob, self.front.name)
        return blob

    def _note(self, tag: bytes, verb: str, words: list[bytes], line: bytes) -> None:
        """Put the command into the record, without secrets, and notice attempts to sign in."""
        text = line.decode("utf-8", "replace").strip()
        prefix = f"{tag.decode('ascii', 'replace')} " if tag else ""
        mechanism = user = ""
        if verb == "LOGIN":
            mechanism, text = "LOGIN", f"{prefix}LOGIN ***"
            quoted = re.match(rb'\S+\s+LOGIN\s+(?:"((?:[^"\\]|\\.)*)"|([^\s{]+))', line, re.IGNORECASE)
            user = (quoted[1] or quoted[2] or b"").decode("utf-8", "replace") if quoted else ""
        elif verb in ("AUTHENTICATE", "AUTH") and len(words) > 1:
            mechanism = words[1].decode("ascii", "replace").upper()
            text = f"{prefix}{verb} {mechanism}{' ***' if len(words) > 2 else ''}"
            user = _sasl_user(words[2].strip()) if len(words) > 2 else ""
            self._continuing = True
        elif verb == "PASS":
            mechanism, text = "USER", "PASS ***"
            user = next(
                (c.partition(" ")[2] for c in reversed(self.record.commands) if c.upper().startswith("USER ")), ""
            )
        self.record.commands.append(text)
        if mechanism:
            self._tag, self._answer = tag, b""
            self._attempt = LoginAttempt(self.front.name, self.record.id, mechanism, user)
            self.front.login_attempts.append(self._attempt)
            self.front.last_login = time.time()

    async def _as_exchange_says(self, data: bytes) -> bytes:
        """Return the answer to a refused token in Exchange's words: Dovecot sends Google's JSON first, and words of its own then."""
        if self._attempt.mechanism != "XOAUTH2" or not self._attempt.user:
            return data
        if data.startswith(b"+ ") and data.strip() != b"+":
            self._back_writer.write(b"\r\n")
            await self._back_writer.drain()
            return b""
        if self.front.name == "imap" and data.startswith(self._tag + b" NO "):
            return self._tag + b" " + replies.IMAP_AUTHENTICATE_FAILED.encode() + b"\r\n"
        if self.front.name == "pop" and data.startswith(b"-ERR"):
            return replies.POP_AUTHENTICATION_FAILURE.encode() + b"\r\n"
        return data

    def _watch(self, data: bytes) -> None:
        """Look for the answer to a sign-in."""
        self._answer += data
        pattern = rb"^" + re.escape(self._tag) + rb" (OK|NO|BAD)" if self.front.name == "imap" else rb"^(\+OK|-ERR)"
        found = re.search(pattern, self._answer, re.MULTILINE)
        if not found:
            return
        attempt, self._attempt, self._continuing = self._attempt, None, False
        attempt.success = found[1] in (b"OK", b"+OK")
        if attempt.success:
            self.record.login, self.record.mechanism = attempt.user.lower(), attempt.mechanism
            self._unconnected = self.front.introspection.is_unconnected(self._ticket)
        self.front.login_attempts.changed()

    async def _act(self, fault: Fault, tag: bytes) -> bool:
        """Let a fault strike; return whether the command goes on."""
        action = fault.action
        if isinstance(action, Delay):
            await asyncio.sleep(action.seconds)
            return True
        if isinstance(action, Drop):
            self._writer.close()
            raise ConnectionAbortedError("scripted fault")
        if isinstance(action, Reset):
            reset(self._writer.transport)
            raise ConnectionAbortedError("scripted fault")
        if isinstance(action, str):
            tagged = self.front.name == "imap" and not action.startswith("BYE")
            action = Say(
                (tag + b" " if tagged else b"* " if self.front.name == "imap" else b"") + action.encode() + b"\r\n",
                close=action.startswith("BYE"),
            )
        if not isinstance(action, Say):
            raise TypeError(f"{type(action).__name__} cannot strike IMAP or POP3")
        self._writer.write(action.data.replace(b"{tag}", tag))
        await self._writer.drain()
        self._continuing = False
        if self._attempt:
            self._attempt.success, self._attempt = False, None
        if action.close:
            self._writer.close()
            raise ConnectionAbortedError("scripted fault")
        return False


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
