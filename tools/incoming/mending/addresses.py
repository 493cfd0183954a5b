"""Address headers (RFC 5322 section 3.4) as programs write them: with groups, comments, names that are addresses, and what is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .encoded_words import unfolded, words

# What Python and core read alike, and as it is meant: names in ASCII, quoted or of plain words.
_NAME: Final = r"""(?:"[^"\\<>@=]*"|[\w'/&-]+(?: [\w'/&-]+)*) ?"""
_ADDRESS: Final = r"[\w.+=&'/-]{1,64}@[\w.-]{1,255}"
_PLAIN: Final = rf"(?:(?:{_NAME})?<{_ADDRESS}>|{_ADDRESS})"
_PLAIN_LIST: Final = re.compile(rf"{_PLAIN}(?:, ?{_PLAIN})*", re.ASCII)
_SPECIAL: Final = re.compile(r'["()<,;:\\]')
_IN_QUOTES: Final = re.compile(r'\\(.)|"|[^"\\]+|\\')
_VALID: Final = re.compile(r"""(?:[^\s@<>()\[\]"\\,;:]+|"[^\s@<>"\\]+")@[^\s@<>()\[\]"\\,;:]+""")
_MAX_ADDRESS: Final = 320  # octets: 64 + @ + 255, RFC 5321 section 4.5.3.1


def is_plain(value: str) -> bool:
    """Tell whether Python's parser and core read this value of an address header as it is meant."""
    return value.isascii() and _PLAIN_LIST.fullmatch(value) is not None


def mailbox_list(value: str, label: str | None = None) -> tuple[str, bool]:
    """Return an address header as ``"Name" <address>, ...`` in Unicode, and whether it was written as it may be.

    Groups are dissolved, what is no address is left out; a name is always in quotes, so that no address in it is taken for one of the list.
    """
    well_formed = value.isascii()
    mailboxes = []
    for name, address in _mailboxes(unfolded(value, label)):
        shown, is_right = words(name)
        if not address and _VALID.fullmatch(shown):
            shown, address = "", shown  # all of it is an encoded word
        well_formed = well_formed and is_right and bool(address)
        if address and len(address.encode()) <= _MAX_ADDRESS:
            quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
            mailboxes.append(f'"{quoted}" <{address}>' if shown else address)
    return ", ".join(mailboxes), well_formed


def _mailboxes(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and address of each mailbox, "" for an address if there is none."""
    for name, comment, bracket in _split(text, are_comments=_are_balanced(text)):
        if bracket is not None:
            yield name or comment, _address(bracket.rpartition(":")[2])
            continue
        parts = name.split()
        addresses = [address for part in parts if (address := _address(part))]
        if len(addresses) == 1:
            yield " ".join(part for part in parts if not _address(part)) or comment, addresses[0]
        elif addresses:
            yield from (("", address) for address in addresses)
        elif name:
            yield name, ""


def _split(text: str, *, are_comments: bool) -> Iterator[tuple[str, str, str | None]]:
    """Yield what stands between commas: the text, that in comments, that in angle brackets."""
    phrase: list[str] = []
    comment: list[str] = []
    bracket: str | None = None
    depth = position = 0
    while position < len(text):
        special = _SPECIAL.search(text, position)
        (comment if depth else phrase).append(text[position:special.start()] if special else text[position:])
        if not special:
            break
        position = special.end()
        char = special[0]
        if char == "\\":
            (comment if depth else phrase).append(text[position:position + 1])
            position += 1
        elif char in "()":
            depth = max(0, depth + (1 if char == "(" else -1)) if are_comments else 0
        elif depth:
            comment.append(char)
        elif char == '"':
            quoted, end = _quoted(text, position)
            phrase.append(quoted)
            position = end or position
        elif char == "<":
            end = text.find(">", position)
            bracket = text[position:len(text) if end < 0 else end] if bracket is None else bracket
            position = len(text) if end < 0 else end + 1
        elif char == ":":
            phrase.clear()  # that was the name of a group
        elif char in ",;":
            yield _in_one(phrase), _in_one(comment), bracket
            phrase, comment, bracket = [], [], None
    yield _in_one(phrase), _in_one(comment), bracket


def _quoted(text: str, position: int) -> tuple[str, int]:
    """Return a quoted string and its end; "" and 0 if nothing ends it, which can happen once: all quotes after it have a backslash."""
    parts: list[str] = []
    for found in _IN_QUOTES.finditer(text, position):
        if found[0] == '"':
            return _protected("".join(parts), text, found.end()), found.end()
        parts.append(found[1] or found[0])
    return "", 0


def _protected(quoted: str, text: str, end: int) -> str:
    """A quoted local part keeps its quotes (RFC 5321 section 4.1.2)."""
    return f'"{quoted}"' if text[end:end + 1] == "@" else quoted


def _are_balanced(text: str) -> bool:
    """Tell whether all comments have an end: else brackets are text like any other, lest the rest of the list be lost."""
    return text.count("(") == text.count(")")


def _address(text: str) -> str:
    bare = "".join(text.split()).strip("<>'.[]")
    return bare if _VALID.fullmatch(bare) else ""


def _in_one(parts: list[str]) -> str:
    return " ".join("".join(parts).split()).strip("<> ")
