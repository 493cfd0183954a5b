"""Headers that core reads, put so that Python's parser reads them as they are meant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email import message_from_string
from email.message import Message
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from .addresses import is_plain, mailbox_list
from .encoded_words import is_clean, readable, unfolded
from .written import Written

_ADDRESSES: Final = frozenset({"from", "sender", "reply-to", "to", "cc", "delivered-to", "resent-from", "resent-to", "resent-cc"})
_TEXTS: Final = frozenset({"subject", "in-reply-to", "references", "return-path", "final-recipient", "x-microsoft-original-message-id"})
_RETURNED: Final = ("Message-Id", "X-Microsoft-Original-Message-ID")
_IDENTIFIERS: Final = frozenset({"message-id", "in-reply-to", "references", "final-recipient", "x-microsoft-original-message-id"})
_READ: Final = _ADDRESSES | _TEXTS | {"message-id", "date"}
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n[ \t])|(?<!\r)\n")
#: Characters; for longer values Python's parser takes quadratic time.
_MAX_LENGTH: Final = 998
_PLAIN_ID: Final = re.compile(r"<[\w.+=/$%!~-]+@[\w.-]+>", re.ASCII)
_PLAIN_DATE: Final = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [12]\d{3} \d\d:\d\d:\d\d "
    r"(?:[+-](?:0\d|1[0-4])[0-5]\d|GMT)(?: \([\w ]{1,40}\))?", re.ASCII)
# Python reads the year 0001 as 2001.
_NO_YEAR: Final = re.compile(r"(?<![\d:+-])0\d{3}(?!\d)")
_MAX_AHEAD: Final = timedelta(days=2)
# No message is older: 1970 and 1980 are what clocks begin with.
_FIRST_YEAR: Final = 1990


def mend_head(message: Message, label: str | None) -> set[str]:
    """Repair the headers of a message, except its date and those of MIME; return slugs.

    :param label: charset of its text, in which most programs write raw octets beyond ASCII into the header as well
    """
    slugs: set[str] = set()
    values: dict[str, list[tuple[str, str]]] = {}
    for key, raw in message.raw_items():
        if (name := key.lower()) in _READ:
            values.setdefault(name, []).append((key, raw))
    for name, items in values.items():
        mended = [_mended(name, raw, label, slugs) for _key, raw in items]
        if any(value is not None for value in mended):
            replace(message, name, [
                (key, raw if value is None else Written(key, value, one_line(str(raw))))
                for (key, raw), value in zip(items, mended, strict=True)])
    return slugs


def _mended(name: str, raw: str, label: str | None, slugs: set[str]) -> str | None:
    """Return how a value should read, None if Python's parser reads it so."""
    if name == "date" or isinstance(raw, Written) or len(raw) <= _MAX_LENGTH and _is_plain(name, raw):
        return None
    text, is_right = as_read(name, raw, label)
    if not (is_right and is_clean(raw)):
        slugs.add("address" if name in _ADDRESSES else "header")
    return text


def as_read(name: str, raw: str, label: str | None) -> tuple[str, bool]:
    """Return how the value of a header should read, and whether it is written as it may be.

    :param name: in lower case
    """
    if name == "date":  # core would take what a comment says for a part of the date
        return unfolded(raw, label).partition(" (")[0], True
    if _is_plain(name, raw):
        return unfolded(raw), True
    if name in _ADDRESSES:
        text, is_right = mailbox_list(raw, label)
        if not text and name == "from":  # whoever it is: shown, and no address
            text = " ".join(re.sub(r'[<>@,;:"()]', " ", readable(raw, label)[0]).split())
        return text, is_right
    return (unfolded(raw, label), True) if name in _IDENTIFIERS else readable(raw, label)


def _is_plain(name: str, raw: str) -> bool:
    if name in _ADDRESSES:
        return is_plain(raw) or "\n" in raw and is_plain(unfolded(raw)) and is_clean(raw)
    if name == "message-id":
        return _PLAIN_ID.fullmatch(raw.strip()) is not None
    return "=?" not in raw and is_clean(raw)


def mend_date(message: Message, received: datetime | None) -> set[str]:
    """Replace a date that is none, or nonsense, by the time at which the message was received; drop it if that is unknown."""
    raws = [str(value) for name, value in message.raw_items() if name.lower() == "date"]
    if len(raws) == 1 and len(raws[0]) < 100 and _PLAIN_DATE.fullmatch(raws[0].strip()) and _sensible(raws[0], received):
        return set()
    if not raws and not received:
        return set()
    found = next((date for raw in raws if (date := _sensible(unfolded(raw[:200]), received))), None)
    date = found or _in_utc(received)
    text = date and format_datetime(date)
    replace(message, "date", [("Date", Written("Date", text))] if text else [])
    return {"date"}


def _sensible(text: str, received: datetime | None) -> datetime | None:
    date = _parsed(text)
    if date is None or date.year < _FIRST_YEAR:
        return None
    limit = _in_utc(received) or datetime.now(timezone.utc)
    return date if date <= limit + _MAX_AHEAD else None


def _parsed(text: str) -> datetime | None:
    if _NO_YEAR.search(text):
        return None
    for parse in (parsedate_to_datetime, _from_iso):
        try:
            return _in_utc(parse(text))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue  # what is no date raises any of them, depending on the version of Python
    return None


def _from_iso(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"Z$", "+00:00", text.strip()))


def _in_utc(date: datetime | None) -> datetime | None:
    if date is None:
        return None
    return date.replace(tzinfo=timezone.utc) if date.utcoffset() is None else date.astimezone(timezone.utc)


def can_core_read(header: str) -> bool:
    """Tell whether core finds the Message-Id in the header of a message that a report returns: it parses that text itself."""
    try:
        message = message_from_string(header, policy=SMTP)
        return all(len(str(value)) <= _MAX_LENGTH for name in _RETURNED for value in message.get_all(name, []))
    except Exception:  # whatever Python's parser raises over it, core would
        return False


def replace(message: Message, name: str, headers: list[tuple[str, str]]) -> None:
    """Put these in place of all headers of this name, where the first one stands."""
    stored = vars(message)["_headers"]  # what Message offers changes one, or their order
    places = [place for place, (key, _value) in enumerate(stored) if key.lower() == name.lower()] or [len(stored)]
    others = [item for item in stored[places[0]:] if item[0].lower() != name.lower()]
    stored[places[0]:] = [*headers, *others]


def one_line(raw: str) -> str:
    """Return a value that can be written into a message again: a control character would end the header there."""
    return _CONTROL.sub(" ", raw)
