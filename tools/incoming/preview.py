"""What a person reads of a message that was kept: its recipients, its texts and the names of its files; a bounded amount of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from typing import Final, NamedTuple

from .mending.charsets import decoded
from .headers import header
from .limits import excess
from .mending.headers import as_read
from .mending import mend, readable
from .mending.parsing import parsed
from .mending.part import Part
from .parts import content_type

#: Octets that are read, and characters that are shown.
MAX_READ: Final = 8 * 1024 * 1024
MAX_SHOWN: Final = 100_000
_MAX_READABLE: Final = 1024 * 1024
_MAX_HEADER: Final = 2000
_MAX_FILES: Final = 100


class Text(NamedTuple):
    """What one part says.

    :ivar is_page: HTML, as its sender wrote it
    """

    text: str
    is_page: bool


class Preview(NamedTuple):
    """What is shown of a message.

    :ivar date: when it was written, as its header says
    :ivar files: names of the files that it carries, "" for none, and their octets
    :ivar is_cut: there is more than that
    :ivar is_plain: it cannot be parsed; its text was looked for
    """

    to: str
    cc: str
    date: str
    texts: list[Text]
    files: list[tuple[str, int]]
    is_cut: bool
    is_plain: bool


def preview(source: bytes, received: datetime | None = None) -> Preview:
    """Return what is shown of a message. Never raises.

    :param received: when the server received it, UTC
    """
    read, is_plain = source[:MAX_READ], False
    try:
        if excess(read):
            raise ValueError
        message: Message = parsed(read)
        mend(message, received)  # type: ignore[arg-type]
        leaves = list(_leaves(message))
        texts = [Text(_text(part), part.kind == "text/html") for part, is_shown in leaves if is_shown]
        files = [(part.name, len(part.decode()[0])) for part, is_shown in leaves if not is_shown and _is_file(part)]
    except Exception:  # a preview stops nobody, whatever an attacker finds
        is_plain = True
        message = readable(read[:_MAX_READABLE])
        texts, files = [Text(_text(Part(message, None, 1, None)), is_page=False)], []
    shown = _bounded(texts)
    return Preview(
        *(_line(message, name) for name in ("To", "Cc", "Date")), texts=shown, files=files[:_MAX_FILES], is_plain=is_plain,
        is_cut=len(source) > MAX_READ or shown != texts or len(files) > _MAX_FILES)


def _leaves(message: Message, *, is_shown: bool = True) -> Iterator[tuple[Part, bool]]:
    """Yield the parts that have no parts themselves, and whether each is text to be shown: of alternatives, only one is."""
    children = message.get_payload() if content_type(message).startswith("multipart/") and message.is_multipart() else None
    if not isinstance(children, list):
        part = Part(message, None, 1, None)  # type: ignore[arg-type]
        yield part, is_shown and part.kind in ("text/plain", "text/html") and not part.is_file
        return
    best = next((child for child in reversed(children) if _has_page(child)), children[0] if children else None)
    is_choice = content_type(message) == "multipart/alternative"
    for child in children:
        yield from _leaves(child, is_shown=is_shown and (not is_choice or child is best))


def _has_page(message: Message) -> bool:
    return any(content_type(part) == "text/html" for part in message.walk())


def _is_file(part: Part) -> bool:
    return part.is_file or part.kind not in ("text/plain", "text/html")


def _text(part: Part) -> str:
    return decoded(part.decode()[0][:4 * MAX_SHOWN], part.charset).replace("\r\n", "\n")


def _bounded(texts: list[Text]) -> list[Text]:
    shown, left = [], MAX_SHOWN
    for text, is_page in texts:
        if left > 0:
            shown.append(Text(text[:left], is_page))
        left -= len(text)
    return shown


def _line(message: Message, name: str) -> str:
    return as_read(name.lower(), header(message, name), None)[0][:_MAX_HEADER]
