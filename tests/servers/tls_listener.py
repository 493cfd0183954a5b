"""A listener that speaks TLS from the first octet (RFC 8314), with records, faults and changeable certificates."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Coroutine, Iterator

from .faults import Delay, Faults, Reset
from .records import Connection, Records
from .smtp import connection_numbers
from .sockets import BACKLOG, listen_local
from .tls import TlsSettings

_logger = logging.getLogger(__name__)
LIMIT = 2**20  # octets of a line


class TlsListener:
    """One port. What is said after the handshake is for subclasses: :meth:`talk`.

    :ivar name: "imap", "pop" or "entra".
    :ivar host: the name clients use.
    :ivar port: its port, the same for IPv4 and IPv6.
    :ivar faults: scripted faults (:mod:`.faults`); ``CONNECT`` strikes before the handshake.
    :ivar tls: certificate and TLS versions (:class:`.tls.TlsSettings`).
    :ivar connections: this listener's :class:`.records.Records` of :class:`.records.Connection`.
    :ivar errors: exceptions of the server itself; empty unless the server has a bug.
    """

    host = "localhost"

    def __init__(
        self, name: str, *, tls: TlsSettings, connections: Records[Connection], port: int = 0, steps: tuple[str, ...] = ()
    ):
        self.name = name
        self.tls = tls
        self.connections: Records[Connection] = Records(connections)
        self.port = port
        self.faults = Faults(steps)
        self.errors: list[BaseException] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task] = set()

    async def listen(self) -> None:
        """Start to listen."""
        self._loop = asyncio.get_running_loop()
        self.port, self._sockets = listen_local(self.port)
        self._accept_all()

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for sock in self._sockets:
            sock.close()

    def reset(self) -> None:
        """Forget faults, records and TLS changes."""
        self.faults.clear()
        self.tls.reset()
        self.errors.clear()
        self.connections.clear()

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Refuse connections for a while, as a host does where nothing listens; those that are open end."""
        self._run(self._down())
        try:
            yield
        finally:
            self._run(self._up())

    async def talk(self, record: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection whose handshake is done."""
        raise NotImplementedError

    def _run(self, coroutine: Coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _down(self) -> None:
        await self.stop()
        _port, self._sockets = listen_local(self.port, listen=False)

    async def _up(self) -> None:
        for sock in self._sockets:
            sock.listen(BACKLOG)
        self._accept_all()

    def _accept_all(self) -> None:
        for sock in self._sockets:
            self._spawn(self._accept(sock))

    def _spawn(self, coroutine: Coroutine) -> None:
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
        while True:
            connection, peer = await loop.sock_accept(listener)
            self._spawn(self._serve(connection, peer))

    async def _serve(self, connection: socket.socket, peer: tuple) -> None:
        record = Connection(next(connection_numbers), self.name, (peer[0], peer[1]))
        self.connections.append(record)
        try:
            if await self._is_welcome(connection):
                await self._secure(record, connection)
        finally:
            record.closed = time.time()
            self.connections.changed()

    async def _is_welcome(self, connection: socket.socket) -> bool:
        """Let a fault strike before the handshake; return whether the connection goes on, else it is closed."""
        fault = self.faults.strike("CONNECT")
        if fault and isinstance(fault.action, Delay):
            try:
                await asyncio.sleep(fault.action.seconds)
            except asyncio.CancelledError:
                connection.close()
                raise
        elif fault:
            if isinstance(fault.action, Reset):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()
            return False
        return True

    async def _secure(self, record: Connection, connection: socket.socket) -> None:
        """Shake hands and talk. From here on the socket is the transport's to close: the event loop knows it by its number only."""
        loop = asyncio.get_running_loop()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = asyncio.StreamReader(limit=LIMIT)
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
        try:
            await self.talk(record, reader, writer)
        finally:
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), 2)
            except (OSError, asyncio.TimeoutError):  # a client that is gone cannot be told goodbye
                transport.abort()
            except asyncio.CancelledError:
                transport.abort()
                raise
