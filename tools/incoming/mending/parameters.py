"""Content-Type and Content-Disposition (RFC 2045 section 5.1, 2183, 2231) as programs write them, and names of files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from .charsets import decoded
from .encoded_words import is_clean, unfolded, words

# What Python's two parsers of parameters read alike, and as it is meant.
_PLAIN: Final = re.compile(r'[\w.+-]+(?:/[\w.+-]+)?(?: ?; *[\w-]+=(?:"[^"\\]*"|[\w.+:-]+))*;?', re.ASCII)
# What may be written so, beside: extended parameters, encoded words and escapes.
_RIGHT: Final = re.compile(r'[\w.+-]+(?:/[\w.+-]+)?(?: ?; *[\w*-]+=(?:"(?:[^"\\]|\\.)*"|[^\s";]+))*;?', re.ASCII)
_VALUE: Final = re.compile(r"[^\s;,=\"]*")
_NAME: Final = re.compile(r'([^\s=;,"]+)\s*=\s*')
_EXTENDED: Final = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?")
_IN_QUOTES: Final = re.compile(r'\\(["\\])|"|[^"\\]+|\\')
#: Characters; what is longer is none that a mail program writes, and Python's parser takes quadratic time for it.
_MAX_LENGTH: Final = 8192
_MAX_NAME: Final = 200
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PATH: Final = re.compile(r"[A-Za-z]:[\\/]|[\\/~]|\.\.?[\\/]|.*\\")


@dataclass
class Parameters:
    """A header with parameters.

    :ivar value: in lower case: type and subtype, or the disposition; maybe nonsense
    :ivar items: the parameters in Unicode, names in lower case
    :ivar is_plain: Python reads it in the same way
    :ivar is_right: it is written as it may be
    """

    value: str = ""
    items: dict[str, str] = field(default_factory=dict)
    is_plain: bool = True
    is_right: bool = True

    def header(self) -> str:
        """Return it as Python's ``Message.get_param`` understands it."""
        safe = {name: value.replace("\\", "_").replace('"', "'") for name, value in self.items.items() if name.isascii()}
        return "; ".join([self.value, *(f'{name}="{value}"' for name, value in safe.items())])


def parameters(raw: str, label: str | None = None) -> Parameters:
    """Read a header with parameters; of duplicates the first counts, and an extended one (RFC 2231) before a simple one.

    :param label: charset of raw octets beyond ASCII
    """
    clean = is_clean(raw)
    is_plain = len(raw) <= _MAX_LENGTH and clean and "=?" not in raw
    text = unfolded(raw[:_MAX_LENGTH], label)
    is_right = clean and _RIGHT.fullmatch(text) is not None
    is_plain = is_plain and _PLAIN.fullmatch(text) is not None
    start = _VALUE.match(text)
    end = start.end() if start else 0
    simple: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    while found := _NAME.search(text, end):
        value, end = _value(text, found.end())
        name = found[1].lower()
        if special := _EXTENDED.fullmatch(name):
            segment = int(special[2] or 0)
            extended.setdefault(special[1], {}).setdefault(segment, (value, special[2] is None or bool(special[3])))
        else:
            simple.setdefault(name, words(value)[0])
    joined = {name: whole for name, segments in extended.items() if (whole := _joined(segments))}
    return Parameters(text[:start.end()].lower() if start else "", simple | joined, is_plain, is_right)


def safe_name(name: str) -> str:
    """Return the name of a file without folders, control characters and marks that reorder it; "" if nothing is left."""
    text = _BIDI.sub("", name).replace("\x00", "")
    if _PATH.match(text):
        text = re.split(r"[\\/]", text)[-1]
    text = text.replace("/", "_").strip(" .") if text.strip(" .") else ""
    if len(text) <= _MAX_NAME:
        return text
    stem, dot, extension = text.rpartition(".")
    return stem[:_MAX_NAME - 20] + dot + extension[:19] if dot and len(extension) < 20 else text[:_MAX_NAME]


def _value(text: str, position: int) -> tuple[str, int]:
    """Return the value at a position, and where it ends; one whose quotes have no end goes on to the next semicolon."""
    if text[position:position + 1] == '"':
        parts: list[str] = []
        for found in _IN_QUOTES.finditer(text, position + 1):
            if found[0] == '"':
                return "".join(parts), found.end()
            parts.append(found[1] or found[0])  # a backslash before anything else is the one of a path in Windows
        position += 1
    end = text.find(";", position)
    end = len(text) if end < 0 else end
    return text[position:end].strip(), end


def _joined(segments: dict[int, tuple[str, bool]]) -> str:
    """Return the text of an extended or continued parameter."""
    label, octets, text = "", b"", ""
    for number in sorted(segments):
        value, is_encoded = segments[number]
        if number == min(segments) and is_encoded and value.count("'") >= 2:
            label, _language, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if is_encoded else value.encode()
    text = decoded(octets, label or None)
    return unfolded(words(text)[0])
