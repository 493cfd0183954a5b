"""Answers of IMAP (RFC 3501 section 7) and POP3 (RFC 1939), read from Dovecot one response at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

from .front_command import GREETING, Command

#: Octets of a POP3 answer that go on together.
_PIECE = 2**16
LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n$")
_FETCH = re.compile(rb"\* (\d+) FETCH \(", re.IGNORECASE)
_NAME = re.compile(rb"[^\s\[\]()]+(?:\[[^\]]*\](?:<\d+>)?)?")
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_LITERAL_HEAD = re.compile(rb"~?\{(\d+)\}\r\n")
_ATOM = re.compile(rb"[^\s()]+")

Items = list[tuple[bytes, bytes]]


async def imap_responses(reader: asyncio.StreamReader, _current: Callable[[], Command | None]) -> AsyncIterator[bytes]:
    """Yield each response with its literals."""
    while line := await reader.readline():
        parts = [line]
        while literal := LITERAL.search(parts[-1]):
            parts.append(await reader.readexactly(int(literal[1])))
            parts.append(await reader.readline())
        yield b"".join(parts)


async def pop_responses(reader: asyncio.StreamReader, current: Callable[[], Command | None]) -> AsyncIterator[bytes]:
    """Yield the first line of each answer; the rest of a long one follows in pieces, the last of which is the dot alone.

    :param current: the command that is being answered
    """
    while line := await reader.readline():
        command = current()
        yield line
        if not (command and command.has_lines and line.startswith(b"+OK")):
            continue
        piece = bytearray()
        while (line := await reader.readline()) and line != b".\r\n":
            piece += line
            if len(piece) > _PIECE:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)
        if line:
            yield line


def ends_answer(response: bytes, command: Command, protocol: str) -> bool:
    """Tell whether this response is the last one to the command."""
    if command.verb == GREETING:
        return True
    if protocol == "imap":
        return response.startswith(command.tag + b" ")
    refused = not command.answered and not response.startswith(b"+OK")
    return refused or not command.has_lines or response == b".\r\n"


def is_continuation(response: bytes) -> bool:
    """Tell whether the server asks for more of a command (RFC 3501 section 7.5, RFC 5034 section 4)."""
    return response.startswith(b"+ ") or response == b"+\r\n"


def fetched(response: bytes) -> tuple[bytes, Items] | None:
    """Return message number and items, name and value, of a FETCH response; None if it is none."""
    head = _FETCH.match(response)
    if not head:
        return None
    items, position = [], head.end()
    while name := _NAME.match(response, position):
        end = _value_end(response, name.end() + 1)
        items.append((name[0], response[name.end() + 1 : end]))
        position = end + 1 if response[end : end + 1] == b" " else end
    return head[1], items


def fetch_response(number: bytes, items: Items) -> bytes:
    """Return the FETCH response with these items."""
    return b"* %b FETCH (%b)\r\n" % (number, b" ".join(b"%b %b" % item for item in items))


def uid_of(items: Items) -> int | None:
    """Return the UID among the items of a FETCH response."""
    return next((int(value) for name, value in items if name.upper() == b"UID"), None)


def _value_end(response: bytes, start: int) -> int:
    """Return where a value ends: a literal, a quoted string, an atom or a list of those."""
    depth, position = 0, start
    while True:
        char = response[position : position + 1]
        if not char:
            return position
        if char in b"()":
            depth += 1 if char == b"(" else -1
            position += 1
        elif char.isspace():
            position += 1
        elif literal := _LITERAL_HEAD.match(response, position):
            position = literal.end() + int(literal[1])
        else:
            token = _QUOTED.match(response, position) or _ATOM.match(response, position)
            position = token.end()
        if depth == 0:
            return position
