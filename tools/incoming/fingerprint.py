"""Whether two sources are the same message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from ..addresses import decoded_words, octets_as_text
from .parts import decoded, parameters_of, type_of

_WRITTEN: Final = ("from", "date", "subject", "message-id")
_FIELD: Final = re.compile(
    rb"^(from|date|subject|message-id|content-type|content-transfer-encoding)[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")


def fingerprint(source: bytes) -> str:
    """Return the SHA-256, in hexadecimal, of what the sender of a message wrote.

    That is From, Date, Subject and Message-Id, and what is in each part, in their order. Not what servers do on the way: they add
    headers, and Exchange writes a message anew from its store, with other boundaries, transfer encodings, charsets, encoded words and
    ends of lines. So parts are hashed decoded, text as UTF-8. File names and the types of parts are left out, as they are rewritten too.
    What is in an attached message stays as it is.

    Two copies of one message that came in two ways are equal; two messages with one Message-Id are not.
    """
    digest = hashlib.sha256()
    headers, segments = None, _segments(source)
    for fields, content in segments:
        if headers is None:
            headers = fields
            for name in _WRITTEN:
                _add(digest, " ".join(decoded_words(fields.get(name, "")).split()).encode("utf-8", "replace"))
        if content := _normal(fields, content):
            _add(digest, content)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, content: bytes) -> None:
    digest.update(b"%d:" % len(content))
    digest.update(content)


def _segments(source: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield header and content of the message and of each part below it; a part that has parts has no content of its own."""
    boundaries: set[bytes] = set()
    start, is_part = 0, True
    while True:
        if is_part:
            fields, body = _header(source, start)
            is_multipart = type_of(fields.get("content-type", "")).startswith("multipart/")
            if is_multipart and (boundary := parameters_of(fields["content-type"]).get("boundary", "").rstrip()):
                boundaries.add(boundary.encode("utf-8", "replace"))
            else:
                is_multipart = False
        end, after, closes = _delimiter(source, body if is_part else start, boundaries)
        if is_part:
            yield fields, b"" if is_multipart else source[body:end]
        if after < 0:
            return
        start, is_part = after, not closes


def _header(source: bytes, start: int) -> tuple[dict[str, str], int]:
    """Return the fields of the header that begins here, the first of each name, and where what follows it begins."""
    if blank := re.compile(rb"\r?\n").match(source, start):  # a part without a header
        return {}, blank.end()
    end = _END_OF_HEADER.search(source, start)
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(source[start:end.start() if end else len(source)]):
        fields.setdefault(name.decode().lower(), " ".join(_text(value).split()))
    return fields, end.end() if end else len(source)


def _delimiter(source: bytes, start: int, boundaries: set[bytes]) -> tuple[int, int, bool]:
    """Return where the next boundary begins, where the line after it does, and whether it is the last one of its parts (-1: none)."""
    position = max(start - 1, 0)  # content may begin with a boundary
    while boundaries and (position := source.find(b"\n--", position)) >= 0:
        end = source.find(b"\n", position + 1)
        line = source[position + 3:end if end >= 0 else len(source)][:200].rstrip()
        closes = line.endswith(b"--") and line not in boundaries
        if (line[:-2] if closes else line) in boundaries:
            return position, end + 1 if end >= 0 else len(source), closes
        position += 1
    return len(source), -1, True


def _normal(fields: dict[str, str], content: bytes) -> bytes:
    content = decoded(content, fields.get("content-transfer-encoding", ""))
    label = fields.get("content-type", "")
    if type_of(label).startswith("text/"):
        text = octets_as_text(content, parameters_of(label).get("charset", "utf-8"))
        if "\ufffd" not in text:  # with a wrong label, two texts would become one
            content = text.encode("utf-8", "replace")
    return content.replace(b"\r\n", b"\n").rstrip(b"\r\n\t ")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
