"""What the servers saw: connections and SMTP transactions, in lists that may be read from any thread."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import email.utils
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from typing import Generic, TypeVar

Record = TypeVar("Record")


@dataclasses.dataclass
class Connection:
    """One TCP connection to a listener.

    :ivar opened: time.time() when it came; ``closed`` likewise, None while it is open.
    :ivar tls_version: "TLSv1.3" or the like, None before STARTTLS.
    :ivar tls_error: why the handshake failed (the server's view: "tlsv1 alert unknown ca" means the client refused
        the certificate).
    :ivar commands: command lines; what AUTH, LOGIN, PASS carry is replaced by ``***``.
    :ivar replies: reply lines (SMTP only).
    """

    id: int
    listener: str
    peer: tuple[str, int]
    opened: float = dataclasses.field(default_factory=time.time)
    closed: float | None = None
    tls_version: str | None = None
    tls_error: str | None = None
    mechanism: str | None = None
    login: str | None = None
    commands: list[str] = dataclasses.field(default_factory=list)
    replies: list[str] = dataclasses.field(default_factory=list)

    @property
    def verbs(self) -> list[str]:
        """The command words alone, in upper case (IMAP: without tag)."""
        words = [command.upper().split() for command in self.commands]
        return [word[1] if self.listener == "imap" and len(word) > 1 else word[0] for word in words if word]


@dataclasses.dataclass
class Transaction:
    """One SMTP transaction, from an accepted MAIL to its end.

    :ivar reply: the last reply of the transaction, usually that to the final dot; empty if none was sent any more.
    :ivar accepted: whether the server took the message (even if a fault kept the 250 from the client).
    :ivar ended_by: "DATA", "BDAT", or what ended it early: "RSET", "EHLO", "QUIT", "connection lost".
    :ivar raw: the octets received, without dot-stuffing; empty if the body did not come whole.
    :ivar time: time.time() at its end; ``duration`` in seconds.
    """

    connection_id: int
    listener: str
    peer: tuple[str, int]
    tls_version: str | None
    mechanism: str | None
    login: str | None
    envelope_from: str
    mail_parameters: dict[str, str]
    recipients: list[str]
    refused_recipients: dict[str, str]
    raw: bytes
    reply: str
    accepted: bool
    ended_by: str
    time: float
    duration: float

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def header_from(self) -> str:
        """The From header as it reads, for example ``"Brant Wadsworth" <brant.wadsworth@contoso.example>``."""
        return str(self.message["From"] or "")

    @property
    def from_address(self) -> str:
        """The bare address of the From header."""
        return email.utils.parseaddr(self.header_from)[1]

    @property
    def message_id(self) -> str:
        """The Message-ID header."""
        return str(self.message["Message-ID"] or "").strip()


class Records(Sequence, Generic[Record]):
    """A list that grows in the servers' thread and is read, waited for and cleared in others.

    :param parent: records that get everything added here, too.
    """

    def __init__(self, parent: Records[Record] | None = None) -> None:
        self._parent = parent
        self._items: list[Record] = []
        self._changed = threading.Condition()
        self._listeners: list[Callable[[Record], None]] = []

    def append(self, item: Record) -> None:
        """Add a record and wake those who wait."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener(item)
        if self._parent is not None:
            self._parent.append(item)

    def changed(self) -> None:
        """Wake those who wait: a record was changed in place."""
        with self._changed:
            self._changed.notify_all()
        if self._parent is not None:
            self._parent.changed()

    def listen(self, callback: Callable[[Record], None]) -> None:
        """Call ``callback(record)`` for each new record, in the servers' thread."""
        with self._changed:
            self._listeners.append(callback)

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._items.clear()

    def wait_for(self, predicate: Callable[[list[Record]], object], timeout: float = 5.0) -> list[Record]:
        """Wait until ``predicate(list of records)`` holds and return the list.

        :raise TimeoutError: if it does not within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: predicate(list(self._items)), timeout):
                raise TimeoutError(f"not seen within {timeout} s; there are {len(self._items)} records")
            return list(self._items)

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)

    def __getitem__(self, index):
        with self._changed:
            return self._items[index]

    def __iter__(self) -> Iterator[Record]:
        with self._changed:
            return iter(list(self._items))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"
