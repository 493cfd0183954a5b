"""Files in a winmail.dat, Outlook's own container: [MS-OXTNEF] Transport Neutral Encapsulation Format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from .charsets import decoded
from .encoded_words import visible
from .parameters import safe_name

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
# Attributes (section 2.1.3): identifier in the low word, type in the high one.
_OEM_CODEPAGE: Final = 0x00069007
_BODY: Final = 0x0002800C
_MESSAGE_PROPERTIES: Final = 0x00069003
_NEXT_ATTACHMENT: Final = 0x00069002
_ATTACHMENT_TITLE: Final = 0x00018010
_ATTACHMENT_DATA: Final = 0x0006800F
_ATTACHMENT_PROPERTIES: Final = 0x00069005
# Properties ([MS-OXPROPS]).
_PLAIN_BODY: Final = 0x1000
_DISPLAY_NAME: Final = 0x3001
_DATA: Final = 0x3701
_FILE_NAME: Final = 0x3704
_LONG_FILE_NAME: Final = 0x3707
# Their types ([MS-OXCDATA] section 2.11.1).
_OBJECT, _STRING8, _STRING, _BINARY, _MULTIPLE = 0x000D, 0x001E, 0x001F, 0x0102, 0x1000
_FIXED: Final = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_INTERFACE: Final = 16  # octets before an embedded message: the id of its interface
_MAX_FILES: Final = 200
_MAX_DEPTH: Final = 4
_MAX_PROPERTIES: Final = 5000


class _DamagedError(ValueError):
    """Not TNEF, cut off, or altered."""


@dataclass
class _Attachment:
    title: bytes = b""
    data: bytes = b""
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)


@dataclass
class _Container:
    code_page: str = ""
    body: bytes = b""
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)


def attachments(winmail: bytes) -> list[tuple[str, bytes]]:
    """Return name and content of the files, also of those in embedded messages; [] if it is damaged. Never raises.

    Together they are smaller than the container: nothing in it is compressed.
    """
    try:
        return list(islice(_files(winmail, _MAX_DEPTH), _MAX_FILES))
    except _DamagedError:
        return []


def text(winmail: bytes) -> str:
    """Return the plain text of the message, "" if there is none or it is damaged. Never raises."""
    try:
        container = _read(winmail)
    except _DamagedError:
        return ""
    body = _string(container.properties.get(_PLAIN_BODY), container.code_page) or decoded(container.body, container.code_page)
    return body.rstrip("\x00")


def _files(winmail: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    container = _read(winmail)
    for attachment in container.attachments:
        kind, data = attachment.properties.get(_DATA, (_BINARY, b""))
        if kind == _OBJECT and data[_INTERFACE:].startswith(_SIGNATURE):
            if depth:
                yield from _files(data[_INTERFACE:], depth - 1)
            continue
        names = [_string(attachment.properties.get(number), container.code_page) for number in (_LONG_FILE_NAME, _FILE_NAME)]
        names += [decoded(attachment.title, container.code_page), _string(attachment.properties.get(_DISPLAY_NAME), container.code_page)]
        name = next(filter(None, (safe_name(visible(name.rstrip("\x00")).strip()) for name in names)), "attachment")
        if content := attachment.data or data:
            yield name, content


def _read(winmail: bytes) -> _Container:
    """Read the attributes of a container (section 2.1.2).

    :raise _DamagedError: it is none, ends too early, or a checksum is wrong
    """
    if not winmail.startswith(_SIGNATURE):
        raise _DamagedError
    container = _Container()
    position = len(_SIGNATURE) + 2  # the legacy key
    while position < len(winmail):
        _level, number, length = _unpack("<BII", winmail, position)
        end = position + 9 + length
        data = winmail[position + 9:end]
        (checksum,) = _unpack("<H", winmail, end)
        if sum(data) & 0xFFFF != checksum:
            raise _DamagedError
        position = end + 2
        _take(container, number, data)
    return container


def _take(container: _Container, number: int, data: bytes) -> None:
    if number == _OEM_CODEPAGE:
        container.code_page = f"cp{_unpack('<I', data, 0)[0]}"
    elif number == _BODY:
        container.body = data
    elif number == _MESSAGE_PROPERTIES:
        container.properties = _properties(data)
    elif number == _NEXT_ATTACHMENT:
        container.attachments.append(_Attachment())
    elif container.attachments:
        attachment = container.attachments[-1]
        if number == _ATTACHMENT_TITLE:
            attachment.title = data
        elif number == _ATTACHMENT_DATA:
            attachment.data = data
        elif number == _ATTACHMENT_PROPERTIES:
            attachment.properties = _properties(data)


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Return type and first value of each property by its number (section 2.1.3.4).

    :raise _DamagedError: of an unknown type, or cut off
    """
    found: dict[int, tuple[int, bytes]] = {}
    (count,) = _unpack("<I", data, 0)
    position = 4
    for _number in range(min(count, _MAX_PROPERTIES)):
        kind, number = _unpack("<HH", data, position)
        position += 4
        if number >= 0x8000:
            position = _after_name(data, position)
        values = 1
        base = kind & ~_MULTIPLE
        if kind & _MULTIPLE or base in (_OBJECT, _STRING8, _STRING, _BINARY):
            (values,) = _unpack("<I", data, position)
            position += 4
        if values > len(data):
            raise _DamagedError
        for index in range(values):
            length = _FIXED.get(base, 0)
            if not length:
                if base not in (_OBJECT, _STRING8, _STRING, _BINARY):
                    raise _DamagedError
                (length,) = _unpack("<I", data, position)
                position += 4
            if position + length > len(data):
                raise _DamagedError
            if not index:
                found.setdefault(number, (base, data[position:position + length]))
            position += length + -length % 4
    return found


def _after_name(data: bytes, position: int) -> int:
    """Return where the name of a named property ends: its set, then a number or a text."""
    (kind,) = _unpack("<I", data, position + 16)
    position += 20
    if kind == 0:
        return position + 4
    (length,) = _unpack("<I", data, position)
    return position + 4 + length + -length % 4


def _string(found: tuple[int, bytes] | None, code_page: str) -> str:
    if not found or found[0] not in (_STRING8, _STRING):
        return ""
    return found[1].decode("utf-16-le", "replace") if found[0] == _STRING else decoded(found[1].rstrip(b"\x00"), code_page)


def _unpack(layout: str, data: bytes, position: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, position)
    except struct.error as error:
        raise _DamagedError from error
