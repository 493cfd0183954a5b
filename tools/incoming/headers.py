"""The header of a message as it was written: every instance, whatever Python's parser would make of it, or raise over it."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

# A Message-Id, also one that RFC 5322 section 3.6.4 does not allow, with spaces in it, say: whoever answers will repeat it.
_MESSAGE_ID: Final = re.compile(r"<[^<>]+>")


def header_values(message: Message, name: str) -> list[str]:
    """Return the values of all headers of this name, the topmost first, unfolded; encoded words stay encoded.

    Octets that are not ASCII are read as UTF-8, else as Latin-1.
    """
    name = name.lower()
    return [_unfolded(str(value)) for key, value in message.raw_items() if key.lower() == name]


def header(message: Message, name: str) -> str:
    """Return the value of the topmost header of this name, "" if there is none."""
    return next(iter(header_values(message, name)), "")


def message_ids(text: str) -> list[str]:
    """Return the Message-Ids in the value of a header, with their angle brackets, in their order.

    Without white space, as core looks for them in References: else an answer to a message with an odd one misses its record.
    """
    return [re.sub(r"\s+", "", found) for found in _MESSAGE_ID.findall(text)]


def _unfolded(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    raw = value.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return re.sub(r"\r?\n(?=[ \t])", "", text).replace("\r", " ").replace("\n", " ").strip()
