"""Messages that Python's parser, or core's, trips over: repaired before core reads them, else read in a simple way."""

from __future__ import annotations

import email.policy
import html
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from typing import Final

from .charsets import decoded
from .encoded_words import without_controls
from .headers import as_read, mend_date
from .part import Part
from .parts import PartMender
from .written import Written

#: Of a message that can be read in a simple way alone.
_MAX_HEADER: Final = 256 * 1024
_MAX_FIELDS: Final = 1000
_MAX_TEXT: Final = 1024 * 1024
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")
_NAME: Final = re.compile(r"[\x21-\x39\x3b-\x7e]{1,200}")
_TAG: Final = re.compile(r"<[^<>]*>")
_HIDDEN: Final = re.compile(r"<(?:style|script)\b", re.IGNORECASE)
_END_OF_HIDDEN: Final = re.compile(r"</(?:style|script)\s{0,9}>", re.IGNORECASE)
_BLANK_LINES: Final = re.compile(r"\n\s*\n")


def mend(message: EmailMessage, received: datetime | None = None) -> list[str]:
    """Repair in place what core's parser trips over; return slugs of what was repaired, [] usually. Never raises.

    ``header`` ``address`` ``date`` ``parameters`` ``name`` ``charset`` ``control`` ``encoding`` ``type`` ``boundary`` ``message``
    ``nesting`` ``markup``, ``attachment`` (the message is one), ``tnef`` (files of a winmail.dat beside it), ``encrypted`` (nothing
    repaired: a message for Outlook alone), ``unmended`` if something could not be looked at.

    A Message-Id reads as it was written, as :func:`.headers.header` returns it: Python would cut one with a space in it. Large files are
    kept as octets, which takes a third of the memory; the message cannot be written any more then (``as_bytes``): write its source instead.

    :param received: when, UTC if it has no zone; stands for a date that is none or nonsense
    """
    mender = PartMender()
    for step in (mender.mend, lambda each: mender.slugs.update(mend_date(each, received))):
        try:
            step(message)
        except Exception:  # what an attacker may still find stops no message, and the slug shows it
            mender.slugs.add("unmended")
    return sorted(mender.slugs)


def readable(source: bytes) -> EmailMessage:
    """Return a plain message with the head of this one and its text as far as it can be read, for one on which core's parser failed.

    Never raises, nor does core's parser over the result: none of its headers is parsed again, and its text is plain.
    """
    end = _END_OF_HEADER.search(source, 0, _MAX_HEADER)
    message = EmailMessage(policy=email.policy.SMTP)
    for name, raw in _fields(source[:end.start() if end else _MAX_HEADER]):
        message.set_raw(name, Written(name, as_read(name.lower(), raw, None)[0]))
    mend_date(message, None)
    text = _text(source) or decoded(source[end.end():end.end() + _MAX_TEXT], None) if end else ""
    part = Part(message, None, 0, None)
    part.kind = "text/plain"
    part.set_text(without_controls(text[:_MAX_TEXT]))
    return message


def _fields(header: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and value of each header but those of MIME."""
    fields: list[list[str]] = []
    for line in header.decode("ascii", "surrogateescape").splitlines(keepends=True):
        if line[0] in " \t" and fields:
            fields[-1].append(line)
        elif len(fields) < _MAX_FIELDS:
            fields.append([line])
    for lines in fields:
        name, colon, value = "".join(lines).partition(":")
        if colon and _NAME.fullmatch(name) and not name.lower().startswith(("content-", "mime-")):
            yield name, value


def _text(source: bytes) -> str:
    """Return the texts of the parts, those of pages if there are no others; "" if even that fails."""
    try:
        message = message_from_bytes(source)
        parts = [Part(part, None, 1, None) for part in message.walk() if not part.is_multipart()]
        plain = [_decoded(part) for part in parts if part.kind == "text/plain" and not part.is_file]
        return "\n".join(plain) or "\n".join(_without_tags(_decoded(part)) for part in parts if part.kind == "text/html")
    except Exception:  # the parser of before Python 3.3 is lenient, but no promise
        return ""


def _decoded(part: Part) -> str:
    return decoded(part.decode()[0][:_MAX_TEXT], part.charset)


def _without_tags(page: str) -> str:
    first, *others = _HIDDEN.split(page)
    shown = [first]
    for each in others:
        end = _END_OF_HIDDEN.search(each)
        shown.append(each[end.end():] if end else "")
    return _BLANK_LINES.sub("\n\n", html.unescape(_TAG.sub("", "".join(shown)))).strip()
