"""Messages of 7-bit octets alone: parts with other ones are encoded, whatever the server offers.

Office 365 offers 8BITMIME (RFC 6152), and is reported to garble 8-bit text inside a multipart whose own header does not say 8bit,
which is how Python and other programs write it (github.com/jstedfast/MailKit/issues/1999). Base64 (RFC 2045 section 6.8) gets
through everywhere.
"""

from __future__ import annotations

import base64
import copy
from email.message import Message
from email.parser import BytesParser
from email.policy import SMTP
from typing import Any, Final, cast

_PLAIN: Final = ("8bit", "binary")  # encodings that encode nothing (RFC 2045 section 6.2)
_CONTAINERS: Final = ("multipart", "message")


def seven_bit(message: Message) -> Message:
    """Return a copy of a message that a generator writes as 7-bit octets.

    A message that is attached as such (``message/rfc822``) may not be encoded as a whole (RFC 2046 section 5.2.1), so its parts are.
    """
    if all(map(_is_safe, message.walk())):
        safe = copy.copy(message)
    else:
        safe = copy.deepcopy(message, {id(message.policy): message.policy})
        for part in safe.walk():
            if not _is_safe(part):
                _make_safe(part)
    safe.policy = message.policy.clone(cte_type="7bit")  # a generator takes it for all parts, and encodes headers by it
    return safe


def seven_bit_octets(content: bytes) -> bytes:
    """Return a message as octets in the same way; it is read and written anew if there is need."""
    if content.isascii():
        return content
    message = BytesParser(policy=SMTP).parsebytes(content)
    return seven_bit(message).as_bytes()


def _encoding(part: Message) -> str:
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower()


def _raw(part: Message) -> Any:
    """Return the payload as it is: `get_payload` would decode it by its charset."""
    return part._payload  # type: ignore[attr-defined]


def _is_safe(part: Message) -> bool:
    if _encoding(part) in _PLAIN or not _is_ascii(part.preamble) or not _is_ascii(part.epilogue):
        return False
    if part.is_multipart():
        return _is_ascii(part.get_boundary())
    return _is_ascii(_raw(part))


def _is_ascii(text: Any) -> bool:
    return not isinstance(text, str) or text.isascii()


def _make_safe(part: Message) -> None:
    if part.is_multipart():
        # What is between and around the parts is for nobody to read (RFC 2046 section 5.1.1).
        part.preamble = part.preamble if _is_ascii(part.preamble) else None
        part.epilogue = part.epilogue if _is_ascii(part.epilogue) else None
        if not _is_ascii(part.get_boundary()):
            _set_type(part, part.get_content_type())  # the generator makes another one
        _set_encoding(part, "7bit")
        return
    content = _content(part)
    if part.get_content_maintype() in _CONTAINERS:  # damaged, as it has no parts
        _set_type(part, "application/octet-stream")
    if part.get_content_maintype() == "text":  # RFC 2045 section 6.8: line breaks in their canonical form
        content = b"\r\n".join(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    _set_encoding(part, "base64")
    # Not set_payload(), which takes the charset for something to encode by.
    part._payload = base64.encodebytes(content).decode("ascii")  # type: ignore[attr-defined]


def _content(part: Message) -> bytes:
    """Return what a part means, without its encoding."""
    raw = _raw(part)
    if raw is None:
        return b""
    try:
        raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:  # letters, not octets, that somebody has set without saying how they are written
        _set_type(part, f'{part.get_content_type()}; charset="utf-8"')
        return raw.encode("utf-8", "surrogateescape")
    return cast(bytes, part.get_payload(decode=True))


def _set_type(part: Message, value: str) -> None:
    """Replace the type and all parameters: the library cannot replace one if another one has 8-bit octets."""
    del part["Content-Type"]
    part["Content-Type"] = value


def _set_encoding(part: Message, encoding: str) -> None:
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = encoding
