"""Content-Transfer-Encoding (RFC 2045 section 6) as programs write it, and what it encodes."""

from __future__ import annotations

import binascii
import quopri
import re
from contextlib import suppress
from typing import Final

_NAMES: Final = {
    **dict.fromkeys(("base64", "base-64", "b64", "b"), "base64"),
    **dict.fromkeys(("quoted-printable", "quotedprintable", "quoted_printable", "qp"), "quoted-printable"),
    **dict.fromkeys(("x-uuencode", "uuencode", "x-uue", "uue"), "x-uuencode"),
}
_TOKEN: Final = re.compile(r"[\w-]+", re.ASCII)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
#: Octets that are looked at to tell whether a payload is what it is labelled as.
_SAMPLE: Final = 2000


def encoding_of(values: list[str]) -> str:
    """Return ``base64``, ``quoted-printable``, ``x-uuencode`` or ``8bit`` for the headers of a part: the first that encodes counts."""
    tokens = [token.lower() for value in values for token in _TOKEN.findall(_COMMENT.sub(" ", value[:200]))]
    return next((_NAMES[token] for token in tokens if token in _NAMES), "8bit")


def is_known(values: list[str]) -> bool:
    """Tell whether Python understands the headers of a part as we do."""
    return not values or len(values) == 1 and values[0].strip().lower() in (
        "7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode")


def octets_of(payload: str, encoding: str) -> tuple[bytes, bool]:
    """Return what a payload encodes, as Python's parser keeps it, and whether Python decodes it alike."""
    raw = payload.encode("utf-8", "surrogateescape")
    if encoding == "quoted-printable":
        return quopri.decodestring(raw), True
    if encoding == "x-uuencode":
        return _uudecoded(raw)
    if encoding != "base64":
        return raw, True
    try:
        return binascii.a2b_base64(raw), True
    except binascii.Error:  # cut off, in most cases
        text = _NO_BASE64.sub(b"", raw)
        text = text[:-1] if len(text) % 4 == 1 else text
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4)), False


def _uudecoded(raw: bytes) -> tuple[bytes, bool]:
    lines = iter(raw.splitlines())
    if not any(line.startswith(b"begin ") for line in lines):
        return raw, True
    content, is_right = [], True
    for line in lines:
        if line.strip() == b"end":
            break
        try:
            content.append(binascii.a2b_uu(line))
        except binascii.Error:
            is_right = False
            length = ((line[0] - 32) & 63) * 4 // 3 + 2  # what follows is garbage
            with suppress(binascii.Error):
                content.append(binascii.a2b_uu(line[:length]))
    return b"".join(content), is_right


def is_base64(payload: str) -> bool:
    """Tell whether a payload can be base64: text that is labelled so is none."""
    sample = payload[:_SAMPLE].encode("utf-8", "surrogateescape")
    strange = sum(len(found) for found in re.findall(rb"[^A-Za-z0-9+/=\r\n]", sample))
    return strange * 20 <= len(sample)
