"""In which folder of a mailbox a message lies, found by a header of its own, without marking anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.parser import BytesHeaderParser
from imaplib import IMAP4
from time import monotonic
from typing import Final, NamedTuple

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from .headers import header_values

# What was sent from the mailbox lies there as well, and has not arrived anywhere (RFC 6154).
_NOT_ARRIVED: Final = frozenset((rb"\Sent", rb"\Drafts", rb"\Noselect", rb"\NonExistent"))
_JUNK: Final = frozenset(("junk", "junk email", "junk e-mail", "junk-email"))
# Folders, messages of each, seconds in all.
_FOLDERS: Final = 60
_MESSAGES: Final = 50
_SECONDS: Final = 20


class Place(NamedTuple):
    """A folder.

    :ivar is_junk: it is that of junk mail
    """

    name: str
    is_junk: bool


def find(client: IMAPClient, name: str, prefix: str) -> Place | None:
    """Return where a message of today lies that has a header whose value begins so; None if it is nowhere, or it takes too long to say.

    Searching by header is left to nobody: Exchange answers that from an index, which is not of this minute.

    :raise IMAP4.abort: the connection ended
    """
    ends = monotonic() + _SECONDS
    for place in _places(client):
        if monotonic() > ends:
            return None
        try:
            if _holds(client, place.name, name, prefix):
                return place
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, IMAP4.error):
            continue  # a folder that cannot be opened
    return None


def _places(client: IMAPClient) -> Iterator[Place]:
    """Yield the folders that mail may arrive in, those first where it is looked for first."""
    found = [
        Place(folder, rb"\Junk" in flags or folder.casefold() in _JUNK)
        for flags, _delimiter, folder in client.list_folders() if not _NOT_ARRIVED & set(flags)]
    yield from sorted(found, key=lambda place: (place.name.upper() != "INBOX", not place.is_junk))[:_FOLDERS]


def _holds(client: IMAPClient, folder: str, name: str, prefix: str) -> bool:
    client.select_folder(folder, readonly=True)
    since = (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%d-%b-%Y")
    uids = sorted(client.search(f"SINCE {since}"))[-_MESSAGES:]
    if not uids:
        return False
    for item in client.fetch(uids, [f"BODY.PEEK[HEADER.FIELDS ({name.upper()} RECEIVED)]"]).values():
        octets = next((value for key, value in item.items() if key.startswith(b"BODY[") and isinstance(value, bytes)), b"")
        head = BytesHeaderParser().parsebytes(octets)
        # A copy of what was sent has passed no server.
        if any(value.startswith(prefix) for value in header_values(head, name)) and header_values(head, "Received"):
            return True
    return False
