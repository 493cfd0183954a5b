"""What tells people which message is meant: sender, subject and date, read without its body and without marking it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timezone
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from poplib import POP3
from typing import Final, NamedTuple

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from .headers import header
from .mending.headers import as_read

# Octets of a header: what matters is short, and nobody has to be able to fill the memory.
_MOST: Final = 64 * 1024
_LONGEST: Final = 500


class Head(NamedTuple):
    """What a message is called.

    :ivar date: when the mailbox received it, else what its sender says, UTC without a time zone; None if neither says
    """

    date: datetime | None = None
    sender: str = ""
    subject: str = ""


def read_head(octets: bytes, received: datetime | None = None) -> Head:
    """Return what a header says; nothing raises, whatever is in it.

    :param received: INTERNALDATE; without it, the topmost ``Received`` tells, which the mailbox's server wrote
    """
    message: Message = BytesHeaderParser().parsebytes(octets[:_MOST])
    date = received or _of_the_server(message) or _date(header(message, "Date"))
    sender, subject = (as_read(name, header(message, name)[:_LONGEST * 4], None)[0][:_LONGEST] for name in ("from", "subject"))
    return Head(date and _in_utc(date), sender, subject)


def received_at(octets: bytes) -> datetime | None:
    """Return when the mailbox's server has received a message, UTC without a time zone; None if it does not say."""
    date = _of_the_server(BytesHeaderParser(policy=compat32).parsebytes(octets[:_MOST]))
    return date and _in_utc(date)


def imap_heads(client: IMAPClient, uids: Collection[int]) -> dict[int, Head]:
    """Return the heads of messages of the selected folder; a server that refuses them leaves the others unnamed, too.

    :raise IMAP4.abort: the connection ended
    """
    if not uids:
        return {}
    try:
        found = client.fetch(sorted(uids), ["INTERNALDATE", f"BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)]<0.{_MOST}>"])
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        return {}
    return {uid: read_head(_octets(found[uid]), _received(found[uid])) for uid in uids if uid in found}


def pop_head(connection: POP3, number: int) -> Head:
    """Return the head of a message of a POP mailbox (RFC 1939 section 7, TOP).

    :raise error_proto: the server has no TOP, or not for this message
    """
    _reply, lines, _octets = connection.top(number, 0)
    return read_head(b"\r\n".join(lines))


def _octets(item: dict) -> bytes:
    return next((value for key, value in item.items() if key.startswith(b"BODY[") and isinstance(value, bytes)), b"")


def _received(item: dict) -> datetime | None:
    date = item.get(b"INTERNALDATE")
    return date if isinstance(date, datetime) else None


def _of_the_server(message: Message) -> datetime | None:
    """Return what the topmost ``Received`` says, which the last server wrote."""
    return _date(header(message, "Received").rpartition(";")[2])


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text[:200])
    except (ValueError, TypeError, OverflowError, IndexError):
        return None  # what is no date raises any of them, depending on the version of Python


def _in_utc(date: datetime) -> datetime | None:
    try:
        return date.astimezone(timezone.utc).replace(tzinfo=None) if date.utcoffset() is not None else date
    except (OverflowError, ValueError):
        return None  # year 1 or 9999, shifted beyond what there is
