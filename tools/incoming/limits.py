"""What a message may be made of before it is parsed: core's parser takes minutes, or all memory, over what no mail program writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .mending.parameters import parameters
from .mending.parsing import has_many_blocks

#: Octets of a message. Exchange Online takes 150 MB at most, and 36 MB by default; parsed, it takes six times as much memory.
MAX_SIZE: Final = 64 * 1024 * 1024
MAX_HEADER: Final = 256 * 1024
MAX_PARTS: Final = 1000
#: Bounds the depth as well: what is nested needs one for each level, and Python's parser ends at some hundred levels.
MAX_MULTIPARTS: Final = 200
MAX_RECIPIENTS: Final = 5000

# Octets of a message, and of a header that says what a part is.
_TAME_SIZE: Final = 4 * 1024 * 1024
_TAME_VALUE: Final = 1000

_FIELD: Final = re.compile(rb"content-t(?:ype|ransfer-encoding)[ \t]*:")
_END_OF_FIELD: Final = re.compile(rb"[\r\n][^ \t\n]")
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")
# Python's parser takes a CR alone for the end of a line, too.
_PART: Final = re.compile(rb"(?:\A|[\r\n])content-type[ \t]*:", re.IGNORECASE)
_MULTIPART: Final = re.compile(rb"(?:\A|[\r\n])content-type[ \t]*:[ \t\r\n]*(?:multipart/|message/rfc822)", re.IGNORECASE)
_STATUS: Final = re.compile(rb"(?:\A|[\r\n])content-type[ \t]*:[ \t\r\n]*message/delivery-status", re.IGNORECASE)
_FIELD_OF_MULTIPART: Final = re.compile(rb"content-type[ \t]*:([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)", re.IGNORECASE)
_RECIPIENTS: Final = re.compile(rb"(?:\A|[\r\n])(?:to|cc|resent-to|resent-cc)[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE)


def excess(source: bytes) -> str:
    """Return what a message has too much of: ``size``, ``header``, ``parts``, ``multiparts`` or ``recipients``; "" if it may be parsed.

    Counted in its text, which is fast: a part has one Content-Type, or no header at all, and then the line before it tells. Each
    block of a delivery's status is a part for Python's parser.
    """
    if len(source) > MAX_SIZE:
        return "size"
    end = _END_OF_HEADER.search(source, 0, MAX_HEADER + 4)
    if not end and len(source) > MAX_HEADER:
        return "header"
    header = source[:end.start()] if end else source
    if sum(found[1].count(b"@") for found in _RECIPIENTS.finditer(header)) > MAX_RECIPIENTS:
        return "recipients"
    lower = source.lower()  # nearly all messages have so few that they need not be told apart
    types, dashes = (lower.count(b"\n" + begin) + lower.count(b"\r" + begin) for begin in (b"content-type", b"--"))
    if types < MAX_MULTIPARTS and dashes < MAX_PARTS and not (b"delivery-status" in lower and has_many_blocks(source)):
        return ""
    if _more(_PART, source, MAX_PARTS):
        return "parts"
    if _more(_MULTIPART, source, MAX_MULTIPARTS):
        return "multiparts"
    boundaries = _boundaries(source)
    if dashes >= MAX_PARTS and sum(source.count(end + boundary) for boundary in boundaries for end in (b"\n", b"\r")) > MAX_PARTS:
        return "parts"
    return "parts" if any(map(has_many_blocks, _statuses(source, boundaries))) else ""


def is_tame(source: bytes) -> bool:
    """Tell whether Python's parser may be given a message, which takes six times its memory, and minutes over some values of Content-Type.

    Of any other one it gets nothing, and :mod:`.mending.parsing` reads it.
    """
    if len(source) > _TAME_SIZE:
        return False
    lower, start = source.lower(), 0
    while (start := lower.find(b"content-t", start)) >= 0:
        is_field = (not start or lower[start - 1] in b"\r\n") and _FIELD.match(lower, start)
        value = lower[start:start + _TAME_VALUE] if is_field else b""
        if len(value) == _TAME_VALUE and not _END_OF_FIELD.search(value):
            return False
        start += 1
    return True


def _boundaries(source: bytes) -> set[bytes]:
    """Return how lines begin that may begin a part."""
    fields = (_FIELD_OF_MULTIPART.search(source, found.start()) for found in _MULTIPART.finditer(source))
    written = (parameters(field[1].decode("latin-1")).items.get("boundary") for field in fields if field)
    return {f"--{boundary}".encode("latin-1", "replace") for boundary in written if boundary}


def _statuses(source: bytes, boundaries: set[bytes]) -> Iterator[bytes]:
    """Yield the parts that tell what became of a delivery, each up to the next boundary."""
    for found in _STATUS.finditer(source):
        ends = (source.find(end + boundary, found.end()) for boundary in boundaries for end in (b"\n", b"\r"))
        yield source[found.end():min((end for end in ends if end >= 0), default=None)]


def _more(pattern: re.Pattern[bytes], source: bytes, limit: int) -> bool:
    return any(number >= limit for number, _found in enumerate(pattern.finditer(source)))
