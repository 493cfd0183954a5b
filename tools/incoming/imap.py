"""The messages of an IMAP folder by UID (RFC 9051 section 2.3.1.1), read without marking them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from imaplib import IMAP4
from typing import Any, Final

# Messages asked for at a time, and octets of them: what Exchange says of sizes is inexact, so this is a goal and no bound.
_BATCH: Final = 20
_OCTETS: Final = 8 * 1024 * 1024
# UIDs in a command: some servers take no line of more than 8 kB.
_UIDS: Final = 500

_UID: Final = re.compile(rb"\bUID (\d+)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")


class Folder:
    """A selected folder.

    :ivar validity: UIDVALIDITY, of 14 digits at Exchange
    :ivar uid_next: UIDNEXT when it was selected
    """

    def __init__(self, connection: IMAP4) -> None:
        self._connection = connection
        self.validity = self._number("UIDVALIDITY")
        self.uid_next = self._number("UIDNEXT")
        self._capabilities: set[str] | None = None

    def _number(self, name: str) -> int:
        _name, found = self._connection.response(name)
        value = found[-1] if found else None
        return int(value) if value else 0

    def search(self, *criteria: str) -> set[int]:
        """Return the UIDs of the messages that fit.

        :raise IMAP4.error: the server refuses
        """
        return {int(uid) for uid in b" ".join(filter(None, self._ok("SEARCH", None, *criteria))).split()}

    def since(self, uid: int) -> set[int]:
        """Return all UIDs from one on. ``n:*`` always has the last one, however small it is."""
        return {found for found in self.search(f"UID {uid}:*") if found >= uid}

    def sources(self, uids: Collection[int]) -> Iterator[tuple[int, bytes | None]]:
        """Yield UID and source of each message that is still there, in their order; None for one that the server hands no source of out."""
        for batch in self._batches(sorted(uids)):
            try:
                found = self._fetch(batch)
            except IMAP4.abort:
                raise
            except IMAP4.error:
                if len(batch) == 1:
                    yield batch[0], None
                    continue
                for uid in batch:  # one of them may be what it refuses
                    yield from self.sources([uid])
                continue
            for uid in batch:
                if uid in found:
                    yield uid, found[uid]

    def mark_seen(self, uids: Iterable[int]) -> None:
        """Mark messages as read."""
        for part in _parts(sorted(uids), _UIDS):
            self._ok("STORE", _set(part), "+FLAGS.SILENT", r"(\Seen)")

    def move(self, uids: Iterable[int], folder: str) -> None:
        """Move messages to another folder (RFC 6851; without it, copied and deleted).

        :raise IMAP4.error: the folder does not exist, or the server refuses
        """
        name = _quoted(folder)
        for part in _parts(sorted(uids), _UIDS):
            if self._can("MOVE"):
                self._ok("MOVE", _set(part), name)
            else:
                self._ok("COPY", _set(part), name)
                self.delete(part)

    def delete(self, uids: Iterable[int]) -> None:
        """Delete messages for good, and no others that somebody has marked so (RFC 4315); without that extension they are marked."""
        for part in _parts(sorted(uids), _UIDS):
            self._ok("STORE", _set(part), "+FLAGS.SILENT", r"(\Deleted)")
            if self._can("UIDPLUS"):
                self._ok("EXPUNGE", _set(part))

    def _can(self, name: str) -> bool:
        """Tell whether the server has an extension; asked anew, as it says more to those who are signed in."""
        if self._capabilities is None:
            _status, answer = self._connection.capability()
            self._capabilities = {word.decode("ascii", "replace").upper() for line in answer if line for word in line.split()}
        return name in self._capabilities

    def _batches(self, uids: list[int]) -> Iterator[list[int]]:
        for part in _parts(uids, _UIDS):
            sizes = self._sizes(part) if len(part) > 1 else {}
            batch: list[int] = []
            octets = 0
            for uid in part:
                if batch and (len(batch) >= _BATCH or octets + sizes.get(uid, 0) > _OCTETS):
                    yield batch
                    batch, octets = [], 0
                batch.append(uid)
                octets += sizes.get(uid, 0)
            if batch:
                yield batch

    def _sizes(self, uids: list[int]) -> dict[int, int]:
        found = {}
        for item in self._ok("FETCH", _set(uids), "(UID RFC822.SIZE)"):
            head = item[0] if isinstance(item, tuple) else item
            if head and (uid := _UID.search(head)) and (size := _SIZE.search(head)):
                found[int(uid[1])] = int(size[1])
        return found

    def _fetch(self, uids: list[int]) -> dict[int, bytes | None]:
        found: dict[int, bytes | None] = {}
        answer = self._ok("FETCH", _set(uids), "(UID BODY.PEEK[])")
        for number, item in enumerate(answer):
            if isinstance(item, tuple):
                head, source = item
                tail = answer[number + 1] if number + 1 < len(answer) and isinstance(answer[number + 1], bytes) else b""
                if uid := _UID.search(head) or _UID.search(tail):  # it may stand before the source or after it
                    found[int(uid[1])] = source
            elif item and b"BODY[]" in item and (uid := _UID.search(item)):  # NIL: OK without a body
                found.setdefault(int(uid[1]), None)
        return found

    def _ok(self, command: str, *arguments: Any) -> list[Any]:
        status, answer = self._connection.uid(command, *arguments)
        if status != "OK":
            raise IMAP4.error(answer[-1] if answer else command)
        return [item for item in answer if item is not None]


def _quoted(name: str) -> str:
    """Return the name of a folder as an argument: in modified UTF-7 (RFC 3501 section 5.1.3), quoted."""
    out = []
    for plain, other in re.findall(r"([ -~]+)|([^ -~]+)", name):
        if plain:
            out.append(plain.replace("&", "&-"))
        else:
            out.append("&" + binascii.b2a_base64(other.encode("utf-16-be"), newline=False).decode().rstrip("=").replace("/", ",") + "-")
    return '"' + "".join(out).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _set(uids: Collection[int]) -> str:
    return ",".join(map(str, uids))


def _parts(uids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), size):
        yield uids[start:start + size]
