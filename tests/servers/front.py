"""The TLS front of IMAP and POP3: ends TLS, keeps records, lets faults strike, and passes everything else to Dovecot.

Implicit TLS as on outlook.office365.com:993 and :995 (RFC 8314). Steps for faults: ``CONNECT`` (before the
handshake), the command words (``LOGIN``, ``AUTHENTICATE``, ``SELECT``, ``UID FETCH``, ``UID STORE``, ``LOGOUT``;
POP: ``PASS``, ``RETR`` …), and ``DOWNLOAD``, which strikes once ``after_bytes`` octets went to the client in one
connection. A fault's action may also be one of the catalogue's IMAP or POP texts: it is sent under the command's
tag instead of the answer; ``BYE`` closes the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time

from .faults import Delay, Faults, Reset
from .front_session import FrontSession, LoginAttempt
from .introspection import Introspection
from .records import Connection, Records
from .smtp import connection_numbers
from .sockets import listen_local
from .tls import TlsSettings

_logger = logging.getLogger(__name__)
_LIMIT = 2**20


class Front:
    """The IMAP or the POP3 server as clients see it.

    :ivar name: "imap" or "pop".
    :ivar host: the name clients use.
    :ivar port: its port, the same for IPv4 and IPv6.
    :ivar connections: this listener's :class:`.records.Records` of :class:`.records.Connection`.
    :ivar login_attempts: likewise of :class:`LoginAttempt`; empty as long as no client sent credentials.
    """

    host = "localhost"

    def __init__(
        self,
        name: str,
        *,
        tls: TlsSettings,
        connections: Records[Connection],
        login_attempts: Records[LoginAttempt],
        introspection: Introspection,
        port: int = 0,
    ):
        self.name = name
        self.tls = tls
        self.connections: Records[Connection] = Records(connections)
        self.login_attempts: Records[LoginAttempt] = Records(login_attempts)
        self.introspection = introspection
        self.port = port
        self.backend_port = 0
        self.faults = Faults(())
        self.errors: list[BaseException] = []
        self.last_login = 0.0
        self._tasks: set[asyncio.Task] = set()

    async def start(self, backend_port: int) -> None:
        """Listen; pass connections to 127.0.0.1:``backend_port``."""
        self.backend_port = backend_port
        self.port, sockets = listen_local(self.port)
        for sock in sockets:
            self._spawn(self._accept(sock))

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def reset(self) -> None:
        """Forget faults and TLS changes."""
        self.faults.clear()
        self.tls.reset()
        self.errors.clear()
        self.connections.clear()
        self.login_attempts.clear()

    def _spawn(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            _logger.error("the %s test server failed", self.name, exc_info=task.exception())
            self.errors.append(task.exception())

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                connection, peer = await loop.sock_accept(listener)
                self._spawn(self._serve(connection, peer))

    async def _serve(self, connection: socket.socket, peer: tuple) -> None:
        record = Connection(next(connection_numbers), self.name, (peer[0], peer[1]))
        self.connections.append(record)
        try:
            await self._secure(record, connection)
        finally:
            connection.close()
            record.closed = time.time()
            self.connections.changed()

    async def _secure(self, record: Connection, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        fault = self.faults.strike("CONNECT")
        if fault and isinstance(fault.action, Reset):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return
        if fault and isinstance(fault.action, Delay):
            await asyncio.sleep(fault.action.seconds)
        elif fault:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader(limit=_LIMIT)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _protocol = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self.tls.context(), ssl_handshake_timeout=20
            )
        except (OSError, asyncio.TimeoutError) as error:
            record.tls_error = str(error) or type(error).__name__
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        record.tls_version = transport.get_extra_info("ssl_object").version()
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.backend_port, limit=_LIMIT)
        session = FrontSession(self, record, (reader, writer), (back_reader, back_writer))
        try:
            await session.run()
        finally:
            for stream in (back_writer, writer):
                stream.close()
            with contextlib.suppress(OSError):  # a client that is gone cannot be told goodbye
                await asyncio.wait_for(writer.wait_closed(), 2)
