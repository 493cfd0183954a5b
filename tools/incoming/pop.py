"""The messages of a POP mailbox by their unique ids (RFC 1939 section 7, UIDL)."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from poplib import POP3, error_proto
from typing import Final

from ..diagnosis.reader import diagnose
from .heads import Head, pop_head, received_at
from .item import Source

# Octets of an answer to LIST or UIDL are few, those of a message many: a server that names no size is asked for the message anyway.
_UNKNOWN: Final = 0
# What `poplib` says if the connection ended.
_END: Final = "-ERR EOF"


class PopMailbox:
    """The mailbox of a POP session, whose numbers hold until its end.

    :ivar name: of the only folder that POP knows
    :ivar validity: POP's unique ids never become others
    """

    name: Final = "INBOX"
    validity: Final = ""

    def __init__(self, connection: POP3) -> None:
        """
        :raise error_proto: the server has no UIDL, without which messages cannot be told apart
        """
        self._connection = connection
        self._numbers = {uid: number for number, uid in _numbered(connection.uidl()[1])}
        self._sizes = {number: int(size) for number, size in _numbered(connection.list()[1]) if size.isdigit()}

    def uids(self) -> set[str]:
        """Return the unique ids of all messages."""
        return set(self._numbers)

    def in_order(self, uids: Iterable[str]) -> list[str]:
        """Return those of these messages that are there, the oldest first."""
        return sorted(self._numbers.keys() & set(uids), key=self._numbers.__getitem__)

    def sources(self, uids: Collection[str], most: int) -> Iterator[Source]:
        """Yield messages, the oldest first.

        :param most: octets of a message; a longer one is not read, and comes as so many octets that it is known to be too long
        :raise OSError: the connection ended, or cannot be used any more
        :raise error_proto: the server wants the mailbox not to be asked for a while
        """
        for uid in self.in_order(uids):
            number = self._numbers[uid]
            if self._sizes.get(number, _UNKNOWN) > most:
                yield Source(uid, b"\0" * (most + 1), None)
                continue
            try:
                _reply, lines, _octets = self._connection.retr(number)
            except error_proto as error:
                if _is_refusal(error) and diagnose(error, protocol="pop", worked_before=True).retry_after:
                    raise  # the whole mailbox has to wait
                if str(error) != _END:
                    yield Source(uid, None, None)
                if not _is_refusal(error):  # what comes next on this connection is no answer, but the rest of a message
                    raise ConnectionError(str(error)) from error
            else:
                octets = b"\r\n".join(lines) + b"\r\n" if lines else None
                yield Source(uid, octets, received_at(octets) if octets else None)

    def heads(self, uids: Collection[str]) -> dict[str, Head]:
        """Return what messages are called; a server that does not say stays without."""
        found = {}
        for uid in uids:
            with contextlib.suppress(error_proto):
                found[uid] = pop_head(self._connection, self._numbers[uid])
        return found

    def newest(self, uids: Collection[str], most: int) -> list[str]:
        """Return the messages that came last."""
        return sorted(uids, key=self._numbers.__getitem__)[-most:]

    def delete(self, uids: Collection[str]) -> None:
        """Delete messages; that counts once the server has answered QUIT."""
        for uid in self._numbers.keys() & set(uids):
            self._connection.dele(self._numbers[uid])


def _is_refusal(error: error_proto) -> bool:
    """Tell an answer of the server from what `poplib` found: the end of the connection, or a line that is too long for it."""
    reply = error.args[0] if error.args else None
    return isinstance(reply, bytes) and reply.startswith(b"-ERR")


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    for line in lines:
        number, _space, value = line.decode("ascii", "replace").strip().partition(" ")
        if number.isdigit() and value:
            yield int(number), value
