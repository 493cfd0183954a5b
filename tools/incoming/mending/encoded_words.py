"""Text of the value of a header, with encoded words (RFC 2047) as programs write them, not only as they may."""

from __future__ import annotations

import binascii
import re
from typing import Final

from .charsets import decoded, fits

_START: Final = re.compile(r"=\?([\w.:+-]{0,60})(?:\*[\w-]{0,40})?\?([bBqQ])\?", re.ASCII)
_HEX: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]+")
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_IN_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FOREIGN: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def octets(value: str) -> bytes:
    """Return a value as it was received: Python's parser keeps octets beyond ASCII as lone surrogates."""
    return _FOREIGN.sub("?", value).encode("utf-8", "surrogateescape")


def is_clean(value: str) -> bool:
    """Tell whether there is nothing in a value but printable ASCII and folds."""
    return value.isascii() and (value.isprintable() or value.replace("\r\n", "").replace("\n", "").replace("\t", " ").isprintable())


def visible(text: str) -> str:
    """Return a text with a space for control characters (NUL, and what ends a line or a header), and without lone surrogates."""
    return _CONTROL.sub(" ", text)


def without_controls(text: str) -> str:
    """Return a text of several lines without NUL, which PostgreSQL refuses, and other characters that no page may hold."""
    return _IN_NO_TEXT.sub("", text)


def unfolded(value: str, label: str | None = None) -> str:
    """Return the value of a header in one line, its encoded words as they are.

    :param label: charset of the body, in which most programs write raw octets beyond ASCII into the header as well
    """
    text = value if value.isascii() and "\x1b" not in value else decoded(octets(value), label)
    return visible(_FOLD.sub("", text)).strip()


def readable(value: str, label: str | None = None) -> tuple[str, bool]:
    """Return the text of an unstructured header (RFC 5322 section 2.2.1), and whether it is written as it may be."""
    text, well_formed = words(unfolded(value, label))
    return text, well_formed and value.isascii()


def words(text: str) -> tuple[str, bool]:
    """Return a text with its encoded words decoded, and whether all are written as they may be.

    Read, too: words with spaces in them, without an end, without a space around them, in a charset that is wrong or unknown, and characters
    that are cut between two words. Takes linear time: what follows a start is searched up to the next start.
    """
    starts = list(_START.finditer(text)) if "=?" in text else []
    if not starts:
        return text, True
    parts = [text[:starts[0].start()]]
    well_formed = True
    pending, charset = b"", ""
    for found, following in zip(starts, [*starts[1:], None], strict=True):
        limit = following.start() if following else len(text)
        end = text.find("?=", found.end(), limit)
        body, rest = (text[found.end():limit], "") if end < 0 else (text[found.end():end], text[end + 2:limit])
        well_formed = well_formed and end >= 0 and " " not in body and rest[:1] in ("", " ", ")", '"')
        pending += _octets_of(body, found[2])
        charset = found[1]
        if following and not rest.strip() and following[1].lower() == charset.lower():
            continue  # the characters may go on in the next word, the spaces between are none
        well_formed = well_formed and fits(pending, charset)
        parts += [decoded(pending, charset), "" if following and not rest.strip() else rest]
        pending = b""
    return visible("".join(parts)).strip(), well_formed


def _octets_of(body: str, encoding: str) -> bytes:
    if encoding in "bB":
        text = _NO_BASE64.sub("", body)
        text = text[:-1] if len(text) % 4 == 1 else text
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    return _HEX.sub(lambda found: binascii.unhexlify(found[1]), body.replace("_", " ").encode())
