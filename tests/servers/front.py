"""The TLS front of IMAP and POP3: ends TLS, keeps records, lets faults strike, and passes everything else to Dovecot.

Implicit TLS as on outlook.office365.com:993 and :995 (RFC 8314). Steps for faults: ``CONNECT`` (before the
handshake), the command words (``LOGIN``, ``AUTHENTICATE``, ``SELECT``, ``UID FETCH``, ``UID STORE``, ``LOGOUT``;
POP: ``PASS``, ``RETR`` …), and ``DOWNLOAD``, which strikes once ``after_bytes`` octets went to the client in one
connection. A fault's action may also be one of the catalogue's IMAP or POP texts: it is sent under the command's
tag instead of the answer; ``BYE`` closes the connection.
"""

from __future__ import annotations

import asyncio

from .front_session import FrontSession, LoginAttempt
from .introspection import Introspection
from .records import Connection, Records
from .tls import TlsSettings
from .tls_listener import LIMIT, TlsListener


class Front(TlsListener):
    """The IMAP or the POP3 server as clients see it.

    :ivar name: "imap" or "pop".
    :ivar login_attempts: :class:`.records.Records` of :class:`LoginAttempt`; empty as long as no client sent credentials.
    """

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
        super().__init__(name, tls=tls, connections=connections, port=port)
        self.login_attempts: Records[LoginAttempt] = Records(login_attempts)
        self.introspection = introspection
        self.backend_port = 0
        self.last_login = 0.0

    async def start(self, backend_port: int) -> None:
        """Listen; pass connections to 127.0.0.1:``backend_port``."""
        self.backend_port = backend_port
        await self.listen()

    def reset(self) -> None:
        """Forget faults and TLS changes."""
        super().reset()
        self.login_attempts.clear()

    async def talk(self, record: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.backend_port, limit=LIMIT)
        try:
            await FrontSession(self, record, (reader, writer), (back_reader, back_writer)).run()
        finally:
            back_writer.close()
