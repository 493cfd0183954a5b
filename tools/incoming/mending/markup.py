"""What is to be known of a page before core reads it."""

from __future__ import annotations

import re
from typing import Final

_OPEN: Final = re.compile(rb"<(?=[^<>]*(?:<|\Z))")
_OPEN_TEXT: Final = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_META: Final = re.compile(rb"<meta[^>]{1,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN: Final = 4096
#: Steps, as many as a second takes; a page that people write has a few tags that nothing closes, in a comment or a script.
_MOST_STEPS: Final = 50_000_000


def is_costly(page: bytes) -> bool:
    """Tell whether a page opens more tags than it closes, by far: core's regular expressions look for an end from each of them."""
    size = len(page)
    return page.count(b"<") * size > _MOST_STEPS and len(_OPEN.findall(page)) * size > _MOST_STEPS


def closed(page: str) -> str:
    """Return a page in which what opens a tag that nothing closes is text."""
    return _OPEN_TEXT.sub("&lt;", page)


def charset_in(page: bytes) -> str | None:
    """Return the charset that a page names itself."""
    found = _META.search(page[:_META_WITHIN])
    return found[1].decode() if found else None
