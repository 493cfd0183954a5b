"""Pages that core's sanitizer takes minutes over: what looks like the begin of a tag, and is none, tens of thousands of times."""

from __future__ import annotations

import re
from typing import Final

import lxml.etree
import lxml.html

# Of each kind that is slow: more than any mail program writes.
_MOST: Final = 1000
_TAG: Final = re.compile(r"</?[A-Za-z]")


def is_slow(page: str) -> bool:
    """Tell whether a page has so many brackets that begin no tag, or end none, that core would be busy with them."""
    opened = page.count("<")
    return opened - page.count(">") > _MOST or opened > _MOST and opened - sum(1 for _tag in _TAG.finditer(page)) > _MOST


def well_formed(page: str) -> str:
    """Return a page as a parser of HTML reads it, without comments and declarations; as text in HTML if it reads nothing."""
    try:
        root = lxml.html.document_fromstring(page)
        lxml.etree.strip_tags(root, lxml.etree.Comment, lxml.etree.ProcessingInstruction)
        return str(lxml.html.tostring(root, encoding="unicode"))
    except (lxml.etree.LxmlError, ValueError):
        return page.replace("&", "&amp;").replace("<", "&lt;")
