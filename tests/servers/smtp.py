"""The two SMTP listeners: sockets on 127.0.0.1 and ::1, sessions, and what they share."""

from __future__ import annotations

import asyncio
import collections
import itertools
import logging
import time

from . import replies
from .delivery import Delivery
from .directory import Directory
from .faults import SMTP_STEPS, Faults
from .hve import HveSession
from .mx import MxSession
from .records import Connection, Records, Transaction
from .replies import Reply
from .sockets import listen_local
from .submission import SubmissionSession, Usage
from .tls import TlsSettings

_logger = logging.getLogger(__name__)
# aiosmtpd logs every line a client sends, passwords in odd places included; the records tell the same without secrets.
logging.getLogger("mail.log").setLevel(logging.ERROR)

connection_numbers = itertools.count(1)


class SmtpListener:
    """One SMTP server.

    :ivar name: "submission", "hve" or "mx".
    :ivar host: the name clients use.
    :ivar port: its port, the same for IPv4 and IPv6.
    :ivar faults: scripted faults (:mod:`.faults`).
    :ivar tls: certificate and TLS versions (:class:`.tls.TlsSettings`).
    :ivar connections: this listener's :class:`.records.Records` of :class:`.records.Connection`.
    :ivar transactions: likewise of :class:`.records.Transaction`.
    :ivar hidden: EHLO keywords that it does not offer; without PIPELINING it refuses commands that come before the last reply.
    :ivar usage: counters behind the limits (submission).
    :ivar errors: exceptions of the server itself; empty unless the server has a bug.
    """

    host = "localhost"

    def __init__(
        self,
        name: str,
        *,
        directory: Directory,
        delivery: Delivery,
        tls: TlsSettings,
        connections: Records[Connection],
        transactions: Records[Transaction],
        port: int = 0,
    ):
        self.name = name
        self.directory = directory
        self.delivery = delivery
        self.tls = tls
        self.connections: Records[Connection] = Records(connections)
        self.transactions: Records[Transaction] = Records(transactions)
        self.port = port
        self.faults = Faults(SMTP_STEPS)
        self.hidden: set[str] = set()
        self.usage = Usage()
        self.errors: list[Exception] = []
        self.authenticated: dict[str, list[SubmissionSession]] = collections.defaultdict(list)
        self._sessions: set = set()
        self._servers: list[asyncio.AbstractServer] = []

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        session_class = {"submission": SubmissionSession, "hve": HveSession, "mx": MxSession}[self.name]
        self.port, sockets = listen_local(self.port)
        for sock in sockets:
            self._servers.append(await loop.create_server(lambda: session_class(self, loop), sock=sock))

    async def stop(self) -> None:
        """Stop listening and end all sessions."""
        for server in self._servers:
            server.close()
        tasks = [session._handler_coroutine for session in self._sessions]
        for session in list(self._sessions):
            session.abort()
            session._handler_coroutine.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def reset(self) -> None:
        """Forget faults, counters and TLS changes."""
        self.faults.clear()
        self.hidden.clear()
        self.usage.reset()
        self.tls.reset()
        self.errors.clear()
        self.connections.clear()
        self.transactions.clear()

    def hang_up(self, reply: Reply | None = None) -> None:
        """End all sessions as a server does with idle ones, with a reply (421) or without a word; called from other threads."""
        for session in list(self._sessions):
            asyncio.run_coroutine_threadsafe(session.leave(reply), session.loop).result(10)

    # --- called by the sessions ---

    def connection_opened(self, session, peer: tuple[str, int]) -> Connection:
        """Note a new connection."""
        record = Connection(next(connection_numbers), self.name, peer)
        self._sessions.add(session)
        self.connections.append(record)
        return record

    def connection_closed(self, session) -> None:
        """Note its end."""
        session.record.closed = session.record.closed or time.time()
        self._sessions.discard(session)
        self.connections.changed()

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd asks what to say after an exception in a command."""
        _logger.error("the %s test server failed", self.name, exc_info=error)
        self.errors.append(error)
        return str(replies.S554_5_6_0_INTERNAL_ERROR)
