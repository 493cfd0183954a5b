"""The mailboxes in a header (RFC 5322 section 3.4), read in one pass.

Python's own parser is not for this: it reads one text in several ways, depending on its version, and nested comments exhaust its stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..addresses import decoded_words

_ADDRESS: Final = re.compile(r"""[^\s<>@,;:"()\[\]\\]+@[^\s<>@,;:"()\[\]\\]+""")
# RFC 5321 section 4.5.3.1: a local part of 64 octets and a domain of 255.
_LONGEST: Final = 320
_SPECIAL: Final = re.compile(r'["(<,;:]')
_QUOTED: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_COMMENT_END: Final = re.compile(r"\\.|[()]", re.DOTALL)


class Element:
    """What stands between two commas.

    :ivar brackets: what stands in each pair of brackets
    :ivar is_open: text follows the last bracket
    """

    def __init__(self) -> None:
        self._plain: list[str] = []
        self._name: list[str] = []
        self._comment: list[str] = []
        self.brackets: list[str] = []
        self.is_open = False

    @property
    def plain(self) -> str:
        """The text outside quotes, comments and brackets."""
        return "".join(self._plain)

    @property
    def name(self) -> str:
        """The text outside comments and brackets."""
        return "".join(self._name)

    @property
    def comment(self) -> str:
        """The text in comments."""
        return " ".join(self._comment)

    def add(self, text: str) -> None:
        """Add text that is neither quoted nor a comment."""
        self._name.append(text)
        self._plain.append(text)
        self.is_open = self.is_open or bool(self.brackets and text.strip())

    def add_quoted(self, text: str) -> None:
        """Add the text of a quoted string."""
        self._name.append(text)
        self._plain.append(" ")
        self.is_open = self.is_open or bool(self.brackets)

    def add_comment(self, text: str) -> None:
        """Add the text of a comment, which separates what stands around it."""
        self._comment.append(text)
        self.add(" ")

    def begin_group(self) -> None:
        """Forget the text so far: it is the name of a group."""
        self._name.clear()
        self._plain.clear()


@dataclass
class Elements:
    """The elements of a header.

    :ivar is_certain: no group, and whatever opens is closed: every program reads it in the same way
    """

    found: list[Element]
    is_certain: bool


def elements_of(value: str) -> Elements:
    """Return what stands between the commas of a header; a quote, comment or bracket that nothing closes is an ordinary character."""
    present = Element()
    result = Elements([present], is_certain=True)
    position = 0
    unclosed: set[str] = set()
    while found := _SPECIAL.search(value, position):
        present.add(value[position:found.start()])
        mark, start = found[0], found.start()
        position = found.end()
        if mark in ",;":
            result.is_certain = result.is_certain and mark == ","
            present = Element()
            result.found.append(present)
        elif mark == ":":  # what stands before it is the name of a group
            result.is_certain = False
            present.begin_group()
        else:
            end = -1 if mark in unclosed else _end(value, start)
            if end < 0:
                unclosed.add(mark)  # searched for once, so that the whole stays linear
                result.is_certain = False
                present.add(" " if mark == "<" else mark)
                continue
            inside = value[start + 1:end]
            position = end + 1
            if mark == '"':
                present.add_quoted(re.sub(r"\\(.)", r"\1", inside))
            elif mark == "(":
                present.add_comment(inside)
            else:
                present.brackets.append(inside)
    present.add(value[position:])
    return result


def _end(value: str, start: int) -> int:
    """Return where what opens here is closed, -1 if nowhere."""
    if value[start] == "<":
        return value.find(">", start)
    if value[start] == '"':
        quoted = _QUOTED.match(value, start)
        return quoted.end() - 1 if quoted else -1
    depth = 0
    for found in _COMMENT_END.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.start()
    return -1


def addresses_in(value: str) -> list[str]:
    """Return the addresses of a header that lists recipients, as they are written: those in brackets or that stand alone, no names."""
    found = []
    for element in elements_of(value).found:
        texts = element.brackets or element.plain.split()
        found += [address for text in texts if (address := address_of(text.strip("'")))]
    return found


def address_of(text: str) -> str:
    """Return a text that is an address and nothing else, "" if it is not."""
    text = text.strip()
    # An encoded word is none (RFC 2047 section 5): who decodes it reads another address.
    return text if len(text) <= _LONGEST and _ADDRESS.fullmatch(text) and text.isprintable() and "=?" not in text else ""


def shown(name: str) -> str:
    """Return a display name as people read it."""
    return " ".join(decoded_words(name).split())
