"""The parts of a message: their types and what is in them, whatever Python's policy parser would raise over."""

from __future__ import annotations

import binascii
import copy
import email.policy
import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from ..addresses import octets_as_text
from .headers import header

# Characters of a header that are looked at: a type and its parameters fit, and a search that is not linear stays short.
_LONGEST: Final = 1000
_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_PARAMETER: Final = re.compile(r';\s*([\w!#$&^.+-]+)\*?\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s;"]+))')
# The first attributes of a TNEF stream ([MS-OXTNEF] section 2.1.3.1): signature, then attMessageClass with its length and its name.
_TNEF_CLASS: Final = re.compile(rb"\A\x78\x9f\x3e\x22.{,80}?\x08\x80\x07\x00.{4}([ -~]+)", re.DOTALL)
_CLASS: Final = re.compile(r"(?:REPORT\.)?IPM(?:\.[\w ]+)+", re.IGNORECASE)
_CLASS_HEADERS: Final = ("x-ms-", "x-microsoft-", "x-message-class", "message-class")


def content_type(part: Message) -> str:
    """Return the type of a part in lower case, ``text/plain`` if it names none (RFC 2045 section 5.2)."""
    return type_of(header(part, "Content-Type"))


def parameter(part: Message, name: str, of: str = "Content-Type") -> str:
    """Return a parameter of a header such as Content-Type, "" without it."""
    return parameters_of(header(part, of)).get(name, "")


def type_of(value: str) -> str:
    """Return the type in the value of a Content-Type."""
    found = _TYPE.match(value.lstrip()[:_LONGEST])
    return found[0].lower() if found else "text/plain"


def parameters_of(value: str) -> dict[str, str]:
    """Return the parameters in the value of a Content-Type or Content-Disposition; of several with one name, the first."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(value[:_LONGEST]):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    return found


def is_attached(part: Message) -> bool:
    """Tell whether a part is there to be saved rather than shown (RFC 2183)."""
    return header(part, "Content-Disposition").lower().startswith("attachment")


def parts_of(message: Message) -> Iterator[Message]:
    """Yield the parts of a message, itself first; not what is inside messages that it carries along."""
    todo = [message]
    while todo:
        part = todo.pop()
        yield part
        if content_type(part).startswith("multipart/"):
            todo += reversed(_children(part))


def octets(part: Message) -> bytes:
    """Return what is in a part, without its transfer encoding; nothing for a part that has parts."""
    bare = copy.copy(part)
    bare.policy = email.policy.compat32  # the others parse a header before they hand out what is below it
    del bare["Content-Transfer-Encoding"]
    raw = bare.get_payload(decode=True)
    return decoded(raw, header(part, "Content-Transfer-Encoding")) if isinstance(raw, bytes) else b""


def decoded(raw: bytes, encoding: str) -> bytes:
    """Return octets without a transfer encoding (RFC 2045 section 6); as they are if they are not written in it."""
    name = encoding.strip().lower()
    try:
        if name == "base64":
            return binascii.a2b_base64(raw)
        return binascii.a2b_qp(raw) if name == "quoted-printable" else raw
    except binascii.Error:
        return raw


def text(part: Message) -> str:
    """Return what a text part says, with line feeds for ends of lines."""
    return octets_as_text(octets(part), parameter(part, "charset") or "utf-8").replace("\r\n", "\n")


def fields(part: Message) -> str:
    """Return the fields of a report (RFC 3462, RFC 8098), which Python parses as the header of a message, as they were written."""
    lines = []
    for child in _children(part):
        lines += [f"{name}: {value}" for name, value in child.raw_items()]
        lines.append(octets_as_text(decoded(octets(child), header(part, "Content-Transfer-Encoding")), "utf-8"))
    return "\n".join(lines).encode("utf-8", "replace").decode().replace("\r\n", "\n") if lines else text(part)


def message_class(message: Message) -> str:
    """Return Exchange's class of a message in upper case, such as ``REPORT.IPM.NOTE.IPNRN``: of a header or of its winmail.dat."""
    for name, value in message.raw_items():
        if name.lower().startswith(_CLASS_HEADERS) and _CLASS.fullmatch(str(value).strip()[:200]):
            return str(value).strip().upper()
    for part in parts_of(message):
        if content_type(part) == "application/ms-tnef" and (found := _TNEF_CLASS.match(octets(part)[:500])):
            return found[1].decode("ascii").upper()
    return ""


def _children(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else []
    return [child for child in payload if isinstance(child, Message)]
