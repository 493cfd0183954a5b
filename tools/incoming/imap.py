"""The messages of an IMAP folder by UID (RFC 9051 section 2.3.1.1), read without marking them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from ..diagnosis.reader import diagnose
from .item import Source

# Messages asked for at a time, and octets of each of them: together the most that one answer can hold, whatever the server says of sizes.
# What is longer comes afterwards, piece by piece.
_BATCH: Final = 50
_FIRST: Final = 512 * 1024
_PIECE: Final = 8 * 1024 * 1024
# UIDs in a command: some servers take no line of more than 8 kB.
_UIDS: Final = 500
# Of the whole mailbox; "Server Unavailable" is what Exchange says of single messages, too.
_BUSY: Final = "Server Busy"


class ImapFolder:
    """A selected folder.

    :ivar name: as people read it
    :ivar validity: UIDVALIDITY, of 14 digits at Exchange
    :ivar uid_next: UIDNEXT when it was selected
    """

    def __init__(self, client: IMAPClient, name: str, *, readonly: bool = False) -> None:
        """
        :param readonly: open it by EXAMINE: nothing can be changed in it
        :raise IMAP4.error: the server does not open it
        """
        self._client, self.name = client, name
        selected = client.select_folder(name, readonly=readonly)
        self.validity = str(selected.get(b"UIDVALIDITY") or 0)
        self.uid_next = int(selected.get(b"UIDNEXT") or 0)

    # ------------------------------------------------------------
    # Which messages there are
    # ------------------------------------------------------------

    def uids(self) -> set[int]:
        """Return the UIDs of all messages."""
        return set(self._client.search("ALL"))

    def unread(self) -> set[int]:
        """Return the UIDs of the messages that nobody has read."""
        return set(self._client.search("UNSEEN"))

    def arrived_from(self, uid: int, *, or_unread: bool) -> set[int]:
        """Return all UIDs from one on, and those of unread messages if wanted.

        The range is asked for as a set, which always names the last message, however small its UID is (RFC 9051 section 9).
        """
        if not or_unread:
            return {found for found in self._client.search(f"UID {uid}:*") if found >= uid}
        found = set(self._client.search(f"OR UNSEEN UID {uid}:*"))
        if found and max(found) < uid:  # the last message, perhaps for no other reason than that it is the last
            return self.unread()
        return found

    def received_since(self, since: datetime, *, or_unread: bool) -> set[int]:
        """Return the UIDs of messages that the server has received since then, and those of unread messages if wanted.

        :param since: UTC; the server compares days only, of whatever time zone, so that INTERNALDATE is read as well
        """
        day = (since - timedelta(days=1)).strftime("%d-%b-%Y")
        near = sorted(self._client.search(f"SINCE {day}"))
        dates = {uid: date for part in _parts(near, _UIDS) for uid, date in self._dates(part).items()}
        found = {uid for uid in near if (date := dates.get(uid)) is None or date >= since}
        return found | self.unread() if or_unread else found

    def _dates(self, uids: list[int]) -> dict[int, datetime | None]:
        return {uid: _received(item) for uid, item in self._client.fetch(uids, ["INTERNALDATE"]).items()}

    def in_order(self, uids: Iterable[int]) -> list[int]:
        """Return messages in the order of their arrival: what waits longest is read first, and a message before the answers to it."""
        return sorted(uids)

    # ------------------------------------------------------------
    # Their sources
    # ------------------------------------------------------------

    def sources(self, uids: Collection[int], most: int) -> Iterator[Source]:
        """Yield the messages that are still there, in their order.

        :param most: octets of a message; of a longer one, a little more than these are read
        :raise IMAP4.abort: the connection ended
        :raise IMAP4.error: the server wants the mailbox not to be asked for a while
        """
        for batch in _parts(sorted(uids), _BATCH):
            yield from self._batch(batch, most)

    def _batch(self, batch: list[int], most: int) -> Iterator[Source]:
        found = self._answer(batch, ["INTERNALDATE", f"BODY.PEEK[]<0.{_FIRST}>"])
        if found is None:
            if len(batch) == 1:
                yield Source(batch[0], None, None)
                return
            middle = len(batch) // 2  # one of them may be what it refuses
            yield from self._batch(batch[:middle], most)
            yield from self._batch(batch[middle:], most)
            return
        # Of a message that somebody has deleted or moved meanwhile, one server says nothing, and the next one NIL.
        there = self._still_there([uid for uid in batch if _body(found.get(uid, {})) is None])
        for uid in batch:
            item = found.pop(uid, {})  # let go of each as soon as it is handed on
            body = _body(item)
            if body is None and uid not in there:
                continue
            if body is not None and len(body) >= _FIRST:
                body = self._rest(uid, body, most)
            yield Source(uid, body, _received(item))

    def _answer(self, uids: list[int], items: list[str]) -> dict[int, dict[bytes, Any]] | None:
        """Return the answer to a FETCH; None if the server refuses it, and does not ask for a pause."""
        try:
            return self._client.fetch(uids, items)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            if _BUSY in str(error) or diagnose(error, protocol="imap", worked_before=True).retry_after:
                raise
            return None

    def _still_there(self, uids: list[int]) -> set[int]:
        """Return those of these messages that nobody has deleted or moved meanwhile."""
        return set(self._client.search(f"UID {','.join(map(str, uids))}")) if uids else set()

    def _rest(self, uid: int, body: bytes, most: int) -> bytes | None:
        pieces, size = [body], len(body)
        while size <= most:
            item = (self._answer([uid], [f"BODY.PEEK[]<{size}.{_PIECE}>"]) or {}).get(uid)
            piece = _octets(item) if item else None
            if piece is None:
                return None  # gone, or refused in the middle: half of a message is none
            pieces.append(piece)
            size += len(piece)
            if len(piece) < _PIECE:
                break
        return b"".join(pieces)

    # ------------------------------------------------------------
    # What becomes of them
    # ------------------------------------------------------------

    def mark_seen(self, uids: Iterable[int]) -> None:
        """Mark messages as read."""
        for part in _parts(sorted(uids), _UIDS):
            self._client.add_flags(part, [rb"\Seen"], silent=True)

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move messages to another folder (RFC 6851; without it, copied and deleted).

        :raise IMAP4.error: the folder does not exist, or the server refuses
        """
        for part in _parts(sorted(uids), _UIDS):
            if self._client.has_capability("MOVE"):
                self._client.move(part, folder)
            else:
                self._client.copy(part, folder)
                self.delete(part)

    def delete(self, uids: Iterable[int]) -> None:
        """Delete messages for good, and no others that somebody has marked so (RFC 4315); without that extension they are marked."""
        for part in _parts(sorted(uids), _UIDS):
            self._client.add_flags(part, [rb"\Deleted"], silent=True)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge(part)


def folder_names(client: IMAPClient) -> list[str]:
    """Return the names of the folders that can be opened, as people read them."""
    return [name for flags, _delimiter, name in client.list_folders() if rb"\Noselect" not in flags and rb"\NonExistent" not in flags]


def _body(item: dict[bytes, Any]) -> bytes | None:
    """Return the source in the answer to a FETCH; None if the server handed out none: ``NIL``, nothing at all, or nothing in it."""
    return _octets(item) or None


def _octets(item: dict[bytes, Any]) -> bytes | None:
    return next((value for key, value in item.items() if key.startswith(b"BODY[]") and isinstance(value, bytes)), None)


def _received(item: dict[bytes, Any]) -> datetime | None:
    """Return INTERNALDATE in UTC, without a time zone as Odoo keeps times."""
    date = item.get(b"INTERNALDATE")
    return date.astimezone(timezone.utc).replace(tzinfo=None) if isinstance(date, datetime) else None


def _parts(uids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), size):
        yield uids[start:start + size]
