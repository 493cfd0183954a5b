"""The TLS front of IMAP and POP3: ends TLS, keeps records, lets faults strike, and passes everything else to Dovecot.

Implicit TLS as on outlook.office365.com:993 and :995 (RFC 8314). What it can do wrong:

========================================  ============================================================================
at a step, before or after Dovecot        ``faults`` (:mod:`.front_faults`)
message without a text, sizes, order …    ``faults`` with an edit (:mod:`.front_edits`)
without MOVE or UIDPLUS, UIDL or TOP      ``hidden``
another UIDVALIDITY                       ``uidvalidity``; a new one with new UIDs: :meth:`.maildir.Maildir.renumber`
full mailbox                              ``faults.add("UID MOVE", replies.IMAP_OVERQUOTA, times=None)``
what a person does meanwhile              ``faults.add(step, Call(function))`` with :class:`.maildir.Maildir`'s methods
folders with names in another language    :meth:`.maildir.Maildir.create_folder`
unreachable, certificate, TLS version     ``unreachable()``, ``tls``
========================================  ============================================================================
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from . import replies
from .front_answers import fetched
from .front_command import Command
from .front_faults import IMAP_STEPS, POP_STEPS, FrontFaults
from .front_session import FrontSession
from .front_sign_in import LoginAttempt
from .introspection import Introspection
from .records import Connection, Records
from .tls import TlsSettings
from .tls_listener import TlsListener

#: Octets of a line of Dovecot's: UID SEARCH answers in one.
_BACKEND_LIMIT = 2**24
_CAPABILITIES = re.compile(rb"((?:\* |\[)CAPABILITY )([^\]\r\n]*)")
_VALIDITY = re.compile(rb"\b(UIDVALIDITY|COPYUID|APPENDUID) (\d+)")
_UIDPLUS_CODE = re.compile(rb"\[(?:COPYUID|APPENDUID) [^\]]*\] ")
#: Commands that are called otherwise than their capability (RFC 6851, RFC 4315).
_CAPABILITY_OF = {"UID MOVE": "MOVE", "UID EXPUNGE": "UIDPLUS"}


class Front(TlsListener):
    """The IMAP or the POP3 server as clients see it.

    :ivar name: "imap" or "pop".
    :ivar faults: :class:`.front_faults.FrontFaults`
    :ivar hidden: capabilities that it does not offer; it refuses their commands.
    :ivar uidvalidity: a function of Dovecot's UIDVALIDITY that returns the one clients see. Dovecot's is a time, and of 32 bits as
        RFC 3501 section 2.3.1.1 says; Exchange's may be larger, and the same for many mailboxes: INBOX has 14 in
        https://github.com/jstedfast/MailKit/issues/1446.
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
        self.faults: FrontFaults = FrontFaults(IMAP_STEPS if name == "imap" else POP_STEPS)
        self.hidden: set[str] = set()
        self.uidvalidity: Callable[[int], int] | None = None
        self.login_attempts: Records[LoginAttempt] = Records(login_attempts)
        self.introspection = introspection
        self.backend_port = 0
        self.last_login = 0.0

    async def start(self, backend_port: int) -> None:
        """Listen; pass connections to 127.0.0.1:``backend_port``."""
        self.backend_port = backend_port
        await self.listen()

    def reset(self) -> None:
        """Forget faults, switches and TLS changes."""
        super().reset()
        self.hidden.clear()
        self.uidvalidity = None
        self.login_attempts.clear()

    async def talk(self, record: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.backend_port, limit=_BACKEND_LIMIT)
        try:
            await FrontSession(self, record, (reader, writer), (back_reader, back_writer)).run()
        finally:
            back_writer.close()

    # --- called by the sessions ---

    def refusal(self, command: Command) -> str | None:
        """Return why a command is refused whose capability is hidden, None for all others."""
        if _CAPABILITY_OF.get(command.verb, command.verb) not in self.hidden:
            return None
        return replies.IMAP_ARGUMENT_ERROR if self.name == "imap" else replies.POP_PROTOCOL_ERROR

    def as_exchange(self, response: bytes, command: Command | None) -> bytes:
        """Return a response without what is hidden, and with the UIDVALIDITY that clients shall see."""
        if self.name == "pop":
            return self._offered_by_pop(response) if command and command.verb == "CAPA" else response
        if not (self.hidden or self.uidvalidity) or fetched(response):
            return response
        response = _CAPABILITIES.sub(lambda found: found[1] + self._offered(found[2]), response)
        if "UIDPLUS" in self.hidden:
            response = _UIDPLUS_CODE.sub(b"", response)
        if self.uidvalidity:
            response = _VALIDITY.sub(lambda found: b"%b %d" % (found[1], self.uidvalidity(int(found[2]))), response)
        return response

    def _offered(self, capabilities: bytes) -> bytes:
        return b" ".join(word for word in capabilities.split() if word.decode("ascii", "replace").upper() not in self.hidden)

    def _offered_by_pop(self, lines: bytes) -> bytes:
        return b"".join(line for line in lines.splitlines(True) if line.split()[0].decode("ascii", "replace") not in self.hidden)
