"""One IMAP or POP3 connection through the front: two pumps, and a look at what client and server say."""

from __future__ import annotations

import asyncio
import collections
from typing import TYPE_CHECKING

from . import replies
from .faults import Delay, Dribble, Drop, Fault, Reset, Say
from .front_answers import LITERAL, ends_answer, imap_responses, is_continuation, pop_responses
from .front_command import GREETING, Command
from .front_faults import Call
from .front_sign_in import SignIn
from .records import Connection
from .session import reset

if TYPE_CHECKING:
    from .front import Front

#: Commands that IMAP serves a user whose mailbox was not opened.
_WITHOUT_MAILBOX = ("CAPABILITY", "ID", "LOGOUT", "NOOP")
#: Octets that go to the client in one piece.
_PIECE = 2**16


class FrontSession:
    """One connection.

    Dovecot's answers belong to the oldest command that has none yet. The answer to a command with a fault or an edit is
    kept back until Dovecot is through with the command.
    """

    def __init__(self, front: Front, record: Connection, client: tuple, backend: tuple):
        self.front = front
        self.record = record
        self._reader, self._writer = client
        self._back_reader, self._back_writer = backend
        self._sign_in = SignIn(front, record)
        self._pending: collections.deque[Command] = collections.deque()
        self._unsent = bytearray()
        self._sent = 0

    async def run(self) -> None:
        """Greet, and pump in both directions until one side ends."""
        try:
            await self._greet()
        except ConnectionAbortedError:  # a scripted fault
            return
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

    async def _greet(self) -> None:
        greeting = Command(b"*" if self.front.name == "imap" else b"", GREETING, [])
        if await self._may_go_on(greeting):
            self._expect(greeting)
        else:
            await self._back_reader.readline()

    # --- from the client ---

    async def _upload(self) -> None:
        in_command = False
        while line := await self._reader.readline():
            if not in_command:
                line = await self._command(line)
            self._back_writer.write(line)
            literal = LITERAL.search(line) if self.front.name == "imap" else None
            in_command = bool(literal)
            remaining = int(literal[1]) if literal else 0
            while remaining:
                await self._back_writer.drain()
                piece = await self._reader.readexactly(min(remaining, _PIECE))
                remaining -= len(piece)
                self._back_writer.write(piece)
            await self._back_writer.drain()

    async def _command(self, line: bytes) -> bytes:
        """Record a command line; return what goes on to Dovecot instead, nothing if a fault took its place."""
        if self._sign_in.continuing:
            return self._sign_in.response(line)
        command = Command.parse(line, self.front.name)
        self._sign_in.command(command, line)
        self.front.connections.changed()
        if not await self._may_go_on(command):
            return b""
        refusal = self.front.refusal(command)
        if self._sign_in.unconnected and command.verb not in _WITHOUT_MAILBOX:
            refusal = replies.IMAP_NOT_CONNECTED
        if refusal:
            await self._act(Fault(command.verb, refusal), command)
            return b""
        if command.verb:  # the line that ends IDLE is none
            self._expect(command)
        return self._sign_in.initial_response(command, line)

    async def _may_go_on(self, command: Command) -> bool:
        fault = self.front.faults.before(command, self.record.login)
        return fault is None or await self._act(fault, command)

    def _expect(self, command: Command) -> None:
        command.fault = self.front.faults.in_answer(command, self.record.login)
        command.edits = self.front.faults.edits(command, self.record.login)
        self._pending.append(command)

    # --- from Dovecot ---

    async def _download(self) -> None:
        read = imap_responses if self.front.name == "imap" else pop_responses
        async for response in read(self._back_reader, self._current):
            await self._respond(response, self._current())
            if len(self._unsent) > _PIECE or not self._back_reader._buffer:
                await self._flush()
        await self._flush()

    def _current(self) -> Command | None:
        return self._pending[0] if self._pending else None

    async def _respond(self, response: bytes, command: Command | None) -> None:
        """Pass a response on, or keep it back."""
        if command and self._sign_in.attempt:
            response, to_dovecot = self._sign_in.as_exchange_says(response, command)
            self._back_writer.write(to_dovecot)
        response = self.front.as_exchange(response, command)
        if command is None or is_continuation(response) or not response:
            self._unsent += response
            return
        is_last = ends_answer(response, command, self.front.name)
        command.answered = True
        if command.held:
            command.answer.append(response)
        else:
            self._unsent += response
        if is_last:
            self._pending.popleft()
            if self._sign_in.attempt and command.verb != GREETING:
                self._sign_in.answered(response, command)
            if command.held:
                await self._give(command)

    async def _give(self, command: Command) -> None:
        """Give an answer that was kept back, with what edits and a fault make of it."""
        answer = command.answer
        for fault in command.edits:
            edited = fault.action.apply(answer, command, fault.uid)
            if edited != answer and self.front.faults.claim(fault):
                answer = edited
        octets, fault = b"".join(answer), command.fault
        position = fault.position(answer) if fault else None
        if fault and position is None:
            self.front.faults.release(fault)
        self._unsent += octets[:position]
        if fault and position is not None:
            await self._flush()
            if await self._act(fault, command):
                await self._send(octets[position:], fault.action.seconds if isinstance(fault.action, Dribble) else 0)

    async def _flush(self) -> None:
        if not self._unsent:
            return
        octets = bytes(self._unsent)
        self._unsent.clear()
        fault = self.front.faults.strike("DOWNLOAD", login=self.record.login, received=self._sent + len(octets))
        if fault:
            position = max(fault.after_bytes - self._sent, 0)
            await self._send(octets[:position])
            if not await self._act(fault, Command(b"*", "", [])):
                raise ConnectionAbortedError("scripted fault")
            octets = octets[position:]
        await self._send(octets)

    async def _send(self, octets: bytes, seconds: float = 0) -> None:
        """Send; ``seconds``: the time between one octet and the next."""
        self._sent += len(octets)
        for piece in (octets[number : number + 1] for number in range(len(octets))) if seconds else [octets]:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(seconds)

    async def _act(self, fault: Fault, command: Command) -> bool:
        """Let a fault strike; return whether the command, or its answer, goes on."""
        action = fault.action
        if isinstance(action, Delay):
            await asyncio.sleep(action.seconds)
            return True
        if isinstance(action, Dribble):
            return True
        if isinstance(action, Call):
            await self._call(action)
            return True
        if isinstance(action, Drop):
            self._writer.close()
            raise ConnectionAbortedError("scripted fault")
        if isinstance(action, Reset):
            reset(self._writer.transport)
            raise ConnectionAbortedError("scripted fault")
        if isinstance(action, str):
            prefix = b"" if self.front.name == "pop" else b"* " if action.startswith("BYE") else command.tag + b" "
            action = Say(prefix + action.encode() + b"\r\n", close=action.startswith("BYE"))
        if not isinstance(action, Say):
            raise TypeError(f"{type(action).__name__} cannot strike IMAP or POP3")
        self._sign_in.refused()
        self._writer.write(action.data.replace(b"{tag}", command.tag))
        await self._writer.drain()
        if action.close:
            self._writer.close()
            raise ConnectionAbortedError("scripted fault")
        return False

    @staticmethod
    async def _call(action: Call) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, action.function)
        except OSError as error:  # not to be taken for the end of a connection
            raise RuntimeError("the function of a scripted fault failed") from error
