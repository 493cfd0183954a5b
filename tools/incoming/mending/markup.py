"""What is to be known of a page, or a text, before core reads it."""

from __future__ import annotations

import re
from typing import Final

_OPEN: Final = re.compile(rb"<(?=[^<>]*(?:<|\Z))")
_OPEN_TEXT: Final = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_META: Final = re.compile(rb"<meta[^>]{1,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN: Final = 4096
# A line that may be a quote's: in a page, each character may be written as a number.
_LINE_END: Final = re.compile(r"&#0*10(?!\d);?|&#x0*a(?![\da-f]);?|&newline;", re.IGNORECASE)
_QUOTED: Final = re.compile(r"(?:\n|&#0*10(?!\d);?|&#x0*a(?![\da-f]);?|&newline;)(?=>|&g|&#)", re.IGNORECASE)
_QUOTED_LINE: Final = re.compile(r"\n(?=>|&g|&#)", re.IGNORECASE)
_QUOTE: Final = re.compile(r"(?:\n(?:>|&g|&#)[^\n\r]*)+", re.IGNORECASE)
#: Octets, as many as are copied in a second.
_MOST_COPIED: Final = 500_000_000
#: Steps, as many as a second takes; a page that people write has a few tags that nothing closes, in a comment or a script.
_MOST_STEPS: Final = 50_000_000


def is_costly(page: bytes) -> bool:
    """Tell whether a page opens more tags than it closes, by far: core's regular expressions look for an end from each of them."""
    size = len(page)
    return page.count(b"<") * size > _MOST_STEPS and len(_OPEN.findall(page)) * size > _MOST_STEPS


def closed(page: str) -> str:
    """Return a page in which what opens a tag that nothing closes is text."""
    return _OPEN_TEXT.sub("&lt;", page)


def has_many_quotes(text: bytes) -> bool:
    """Tell whether a text may have so many quotes that core takes long: it copies what follows for each of them."""
    size = len(text)
    if (text.count(b"\n") + text.count(b"&")) * size <= _MOST_COPIED:  # nearly all texts
        return False
    return len(_QUOTED.findall(text.decode("latin-1"))) * size > _MOST_COPIED


def with_fewer_quotes(text: str, *, is_page: bool) -> str:
    """Return a text in which the lines of a quote are one quote for core, too; if there are still many, they are lines as any other."""
    text = (_LINE_END.sub("\n", text) if is_page else text).replace("\r\n", "\n")
    return _QUOTED_LINE.sub("\n ", text) if len(_QUOTE.findall(text)) * len(text) > _MOST_COPIED else text


def charset_in(page: bytes) -> str | None:
    """Return the charset that a page names itself."""
    found = _META.search(page[:_META_WITHIN])
    return found[1].decode() if found else None
