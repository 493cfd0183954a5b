"""The SMTP engine both listeners share: commands, faults, STARTTLS, message transfer, records.

Built on aiosmtpd's connection handling; the commands are our own because Exchange differs in nearly all of them
(texts, empty envelope sender, DSN and BINARYMIME parameters, BDAT). What a listener allows is decided in
:mod:`.submission` and :mod:`.mx`.

RFC 5321 (SMTP), 1870 (SIZE), 2920 (PIPELINING), 3030 (CHUNKING, BINARYMIME), 3207 (STARTTLS), 3461 (DSN), 6152
(8BITMIME), 6531 (SMTPUTF8).
"""

from __future__ import annotations

import asyncio
import collections
import email.utils
import functools
import socket
import ssl
import struct

from . import replies
from .faults import Delay, Dribble, Drop, Fault, Reset, Say, Vanish
from .records import Connection
from .replies import HOSTNAME, Reply
from .transfer import OpenTransaction, Transfer

try:
    from aiosmtpd.smtp import SMTP
except ImportError:  # reported by mail_servers.available()
    SMTP = object


class _Commands:
    """What aiosmtpd's loop looks commands up in: every command, known or not, goes through :meth:`SmtpSession._run`."""

    def __init__(self, session: SmtpSession):
        self._session = session

    def get(self, verb: str):
        return functools.partial(self._session._run, verb)


class SmtpSession(Transfer, SMTP):
    """One SMTP connection.

    :param server: the :class:`.smtp.SmtpListener` it came in by.
    """

    # AUTH lines carry tokens of several kB (RFC 4954 section 4 allows 12288 octets).
    line_length_limit = 262144
    command_size_limit = 16384

    def __init__(self, server, loop: asyncio.AbstractEventLoop):
        ready = replies.S220_READY.fill(date=email.utils.formatdate()).text
        super().__init__(
            server,
            hostname=HOSTNAME,
            ident=ready.removeprefix(f"{HOSTNAME} "),
            timeout=300,
            data_size_limit=None,
            enable_SMTPUTF8=True,
            loop=loop,
        )
        self.command_size_limits = collections.defaultdict(lambda: self.command_size_limit)
        self._smtp_methods = _Commands(self)
        self.server = server
        self.directory = server.directory
        self.record: Connection | None = None
        self.tls: ssl.SSLObject | None = None
        self._handshaking = False
        self._dribble = 0.0
        self._is_mute = False
        self._greeted: str | None = None  # "EHLO" or "HELO"
        self._open: OpenTransaction | None = None

    # --- what a listener decides ---

    def capabilities(self) -> list[str]:
        """EHLO keywords beyond the common ones."""
        return []

    def check_mail(self, address: str) -> Reply | None:
        """Refuse an envelope sender, or return None."""
        return None

    def check_recipient(self, address: str, transaction: OpenTransaction) -> Reply | None:
        """Refuse an envelope recipient, or return None."""
        return None

    def accept(self, raw: bytes, transaction: OpenTransaction) -> Reply:
        """Judge and deliver a complete message; return the reply."""
        raise NotImplementedError

    def left(self) -> None:
        """The connection is gone."""

    # --- connection ---

    @property
    def peer(self) -> str:
        """The client's IP address."""
        return self.record.peer[0]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.record = self.server.connection_opened(self, (peer[0], peer[1]))

    def connection_lost(self, error: Exception | None) -> None:
        if self._handshaking:
            self.record.tls_error = str(error or "connection closed during the handshake")
        self._end("connection lost", "", False, b"")
        self.left()
        self.server.connection_closed(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if not await self._strike("CONNECT"):
            await super()._handle_client()

    async def _run(self, verb: str, arg: str | None) -> None:
        """Record a command, let faults strike, run it."""
        hidden = self.server.hidden
        method = None if verb == "BDAT" and "CHUNKING" in hidden else getattr(self, f"command_{verb}", None)
        shown = f"{verb} {arg}" if arg else verb
        if method is None:
            shown = "***"  # might be a password in the wrong place
        elif verb == "AUTH" and arg and " " in arg:
            shown = f"AUTH {arg.split()[0]} ***"
        self.record.commands.append(shown)
        self.server.connections.changed()
        if method is None:
            await self.answer(replies.S500_5_3_3_UNRECOGNIZED_COMMAND)
            return
        if "PIPELINING" in hidden and verb != "BDAT" and self._reader._buffer:
            await self.answer(replies.S503_5_5_0_IMPROPER_PIPELINING)
            self._hang_up()
        address = self._path(arg, "FROM" if verb == "MAIL" else "TO")[0] if verb in ("MAIL", "RCPT") else None
        sender, recipient = (address, None) if verb == "MAIL" else (None, address)
        step = "EHLO" if verb == "HELO" else verb
        # The octets of BDAT follow at once and must be read in any case: it lets faults strike itself.
        if verb == "BDAT" or not await self._strike(step, sender=sender, recipient=recipient):
            await method(arg)

    async def answer(self, reply: Reply) -> None:
        """Send a reply; 421 closes the connection (RFC 5321 section 3.8)."""
        await self.push(str(reply.fill(peer=self.peer)))
        if reply.code == 421:
            self._hang_up()

    async def push(self, status: str | bytes) -> None:
        if self._is_mute:
            if str(status).startswith("354"):  # the client sends nothing more
                self._hang_up()
            return
        line = status if isinstance(status, bytes) else status.encode("utf-8")
        self.record.replies.append(line.decode("utf-8", "replace"))
        self.server.connections.changed()
        pause, self._dribble = self._dribble, 0.0
        if pause:
            for octet in line + b"\r\n":
                self._writer.write(bytes([octet]))
                await self._writer.drain()
                await asyncio.sleep(pause)
        else:
            self._writer.write(line + b"\r\n")
            await self._writer.drain()

    def abort(self) -> None:
        """Close the connection at once, whatever state TLS is in."""
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    async def leave(self, reply: Reply | None) -> None:
        """End the session though the client asked for nothing."""
        if reply:
            self.transport.write(f"{reply}\r\n".encode())
        self.transport.close()
        await asyncio.sleep(0.05)  # TLS says goodbye first

    def _hang_up(self) -> None:
        """Close the connection after what was written, and end this task."""
        self.transport.close()
        raise asyncio.CancelledError

    # --- faults ---

    async def _strike(
        self, step: str, *, sender: str | None = None, recipient: str | None = None, received: int | None = None
    ) -> bool:
        """Let a scripted fault strike; return True if it took the place of the step."""
        transaction = self._open
        fault = self.server.faults.strike(
            step,
            login=self.record.login if self.record else None,
            received=received,
            sender=sender if sender is not None else transaction.envelope_from if transaction else None,
            recipients=[recipient] if recipient else transaction.recipients if transaction else [],
        )
        return bool(fault) and await self._act(fault, step)

    async def _act(self, fault: Fault, step: str) -> bool:
        action = fault.action
        if isinstance(action, Delay):
            await asyncio.sleep(action.seconds)
        elif isinstance(action, Dribble):
            self._dribble = action.seconds
        elif isinstance(action, Vanish):
            self._is_mute = True
        elif isinstance(action, Reply):
            await self.answer(action)
            if step in ("CONNECT", "BODY"):  # nothing else can follow there
                self._hang_up()
            return True
        elif isinstance(action, Say):
            self._writer.write(action.data)
            await self._writer.drain()
            if action.close:
                self._hang_up()
            return True
        elif isinstance(action, Drop):
            self._hang_up()
        elif isinstance(action, Reset):
            reset(self.transport)
            raise asyncio.CancelledError
        return False

    # --- session commands ---

    def _greet(self, verb: str) -> Reply:
        self._end(verb, "", False, b"")
        self._greeted = verb
        return replies.S250_HELLO.fill(peer=self.peer)

    async def command_HELO(self, arg: str | None) -> None:
        await self.answer(self._greet("HELO"))

    async def command_EHLO(self, arg: str | None) -> None:
        if not arg:
            await self.answer(replies.S501_5_5_4_INVALID_ARGUMENTS)
            return
        keywords = [f"SIZE {self.directory.limits.message_size}", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES"]
        keywords += [] if self.tls else ["STARTTLS"]
        keywords += [*self.capabilities(), "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8"]
        keywords = [keyword for keyword in keywords if keyword.split()[0] not in self.server.hidden]
        lines = [self._greet("EHLO").text, *keywords]
        text = "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)
        await self.push(text)

    async def command_STARTTLS(self, arg: str | None) -> None:
        if self.tls:
            await self.answer(replies.S503_5_5_2_TLS_ALREADY_ACTIVE)
            return
        if self._greeted != "EHLO":
            await self.answer(replies.S503_5_5_2_SEND_HELLO_FIRST)
            return
        await self.answer(replies.S220_2_0_0_STARTTLS)
        # What came in plaintext after STARTTLS must not be taken for something said inside TLS (RFC 3207 section 4.2).
        self._reader._buffer.clear()
        plain = self.transport
        self._handshaking = True
        try:
            secured = await self.loop.start_tls(
                plain, self, self.server.tls.context(), server_side=True, ssl_handshake_timeout=20
            )
        except (OSError, asyncio.TimeoutError) as error:
            # Python 3.10 reports a failed handshake here, later versions call connection_lost first.
            self.record.tls_error = str(error) or type(error).__name__
            plain.abort()
            self.connection_lost(error)
            raise asyncio.CancelledError from error
        self._handshaking = False
        self._original_transport, self.transport = plain, secured
        self._reader._transport = self._writer._transport = secured
        self.tls = secured.get_extra_info("ssl_object")
        self.session.ssl = {"ssl_object": self.tls}  # aiosmtpd's end-of-file handling asks for it
        self.record.tls_version = self.tls.version()
        self._greeted = None

    async def command_NOOP(self, arg: str | None) -> None:
        await self.answer(replies.S250_2_0_0_NOOP)

    async def command_VRFY(self, arg: str | None) -> None:
        await self.answer(replies.S252_2_1_5_CANNOT_VERIFY)

    async def command_RSET(self, arg: str | None) -> None:
        self._end("RSET", "", False, b"")
        await self.answer(replies.S250_2_0_0_RESET)

    async def command_QUIT(self, arg: str | None) -> None:
        self._end("QUIT", "", False, b"")
        await self.answer(replies.S221_2_0_0_BYE)
        self._hang_up()


def reset(transport: asyncio.BaseTransport) -> None:
    """Close a connection by TCP RST: linger time 0 discards what is unsent."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
