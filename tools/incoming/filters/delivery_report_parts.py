"""What a delivery report is made of: its words, its delivery-status parts and what it gives back of the message that it is about.

Reads what is broken as well as it can: base64 where a header is expected, a multipart without parts, a charset that does not exist.
Nothing here raises, and only the first octets of each part are looked at.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from typing import Any, Final

from ..headers import header

#: Characters of a text that are looked at, and of the list of recipients.
MAX_TEXT: Final = 64 * 1024
MAX_STATUS: Final = 256 * 1024
_MAX_PARTS: Final = 100
_MAX_LINE: Final = 2000

# RFC 3464 section 2.1, RFC 6533 section 3.
_STATUS: Final = frozenset(("message/delivery-status", "message/global-delivery-status", "text/delivery-status"))
# RFC 5322 messages and their headers alone: RFC 2046 section 5.2, RFC 6522 section 4, RFC 6532 section 3.7, RFC 6533 section 3.
_ORIGINAL: Final = frozenset((
    "message/rfc822", "message/global", "message/partial", "message/news",
    "text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "text/rfc822", "text/global-headers",
))
_FIELD: Final = re.compile(r"([!-9;-~]{1,80})[ \t]{0,9}:(.*)")
_PARAMETER: Final = r"""\s{0,20}=\s{0,20}["']?([^\s"';]{1,80})"""
_CHARSET: Final = re.compile(f"charset{_PARAMETER}", re.IGNORECASE)
_REPORT_TYPE: Final = re.compile(f"report-type{_PARAMETER}", re.IGNORECASE)
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
# Python's "punycode" and "idna" take quadratic time; no text is written in them.
_NO_CHARSETS: Final = frozenset(("punycode", "idna"))
# Microsoft's SMTP service labels its reports so (RFC 1642, the first UTF-7).
_OLD_CHARSETS: Final = {"unicode-1-1-utf-7": "utf-7"}
_TAG: Final = re.compile(r"<([^<>]{0,2000})>")
_MAILTO: Final = re.compile(r"""href\s{0,9}=\s{0,9}["']?mailto:([^"'\s?>]{1,320})""", re.IGNORECASE)
_BREAKS: Final = frozenset((
    "br", "p", "div", "tr", "td", "th", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "hr", "pre", "blockquote"))
_UNSEEN: Final = frozenset(("style", "script", "head", "title"))

#: Fields of a header: names in lower case, values unfolded, in their order.
Fields = tuple[tuple[str, str], ...]


@dataclass
class Parts:
    """What a report consists of, without what is inside the messages attached to it.

    :ivar kinds: media types of the parts
    :ivar report_type: of the outermost multipart/report (RFC 6522 section 3), "" if there is none
    :ivar is_report: the message itself is a multipart/report
    :ivar statuses: the delivery-status parts
    :ivar originals: headers of the messages that are given back
    :ivar attached: those that are whole messages
    """

    report_type: str = ""
    is_report: bool = False
    kinds: set[str] = field(default_factory=set)
    statuses: list[str] = field(default_factory=list)
    originals: list[Fields] = field(default_factory=list)
    attached: list[Message] = field(default_factory=list)
    _plain: list[Message] = field(default_factory=list)
    _marked: list[Message] = field(default_factory=list)

    @cached_property
    def texts(self) -> list[str]:
        """What is there to be read, plain text first. Few messages may be a report, and those of people are long."""
        plain = (_text(part, MAX_TEXT) for part in self._plain[:3])
        marked = (_without_tags(_text(part, 4 * MAX_TEXT)) for part in self._marked[:2])
        return [_tidy(text) for text in (*plain, *marked)]


def parts_of(message: Message) -> Parts:
    """Take a message apart."""
    found = Parts()
    top = media_type(message)
    found.is_report = top == "multipart/report"
    for part in _leaves(message, found):
        kind = media_type(part)
        found.kinds.add(kind)
        name = header(part, "Content-Disposition").lower() + header(part, "Content-Type").lower()
        if kind in _STATUS:
            found.statuses.append(_text(part, MAX_STATUS))
        elif kind in _ORIGINAL or (kind == "application/octet-stream" and ".eml" in name):
            found.originals.append(fields(_text(part, MAX_TEXT)))
            payload = _payload(part)
            if isinstance(payload, list):
                found.attached.extend(payload[:1])
        elif kind == "text/html":
            found._marked.append(part)
        elif kind.startswith(("text/", "multipart/")):
            found._plain.append(part)
    return found


def media_type(part: Message) -> str:
    """Return ``text/plain`` and the like, in lower case."""
    kind = header(part, "Content-Type").partition(";")[0].strip().lower()
    return kind if "/" in kind else part.get_default_type()


def fields(text: str) -> Fields:
    """Return the fields of the header that a text begins with."""
    found: list[tuple[str, str]] = []
    for line in text.lstrip().splitlines():
        if line[:1] in (" ", "\t") and line.strip() and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}"[:_MAX_LINE])
        elif match := _FIELD.match(line):
            found.append((match[1].lower(), match[2].strip()[:_MAX_LINE]))
        elif not line.startswith("From "):  # an mbox has that line before the header
            break
    return tuple(found)


def values(header_fields: Fields, *names: str) -> list[str]:
    """Return the values of fields, those of the first name first."""
    return [value for name in names for key, value in header_fields if key == name]


def _leaves(message: Message, found: Parts) -> Iterator[Message]:
    waiting = [message]
    for _number in range(_MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        kind, payload = media_type(part), _payload(part)
        if kind == "multipart/report" and not found.report_type:
            match = _REPORT_TYPE.search(header(part, "Content-Type")[:_MAX_LINE])
            found.report_type = match[1].lower() if match else "delivery-status"
        if isinstance(payload, list) and not kind.startswith("message/"):
            waiting.extend(reversed(payload))
        else:
            yield part


def _payload(part: Message) -> Any:
    # get_payload() has the parser read Content-Transfer-Encoding, which may raise.
    return part.__dict__.get("_payload")


def _text(part: Message, limit: int) -> str:
    """Return what a part says; of a message, header and text."""
    payload = _payload(part)
    encoding = header(part, "Content-Transfer-Encoding").lower()
    if isinstance(payload, list):
        text = "\n\n".join(_written(message) for message in payload[:limit // 16])[:2 * limit]
    else:
        text = payload[:2 * limit] if isinstance(payload, str) else ""
    octets = text.encode("utf-8", "surrogateescape")
    if "base64" in encoding and " " not in text[:60].strip():
        plain = _NOT_BASE64.sub("", text)
        octets = base64.b64decode(plain[:-1] if len(plain) % 4 == 1 else plain + "==")
    elif "quoted" in encoding:
        octets = quopri.decodestring(octets)
    charset = _CHARSET.search(header(part, "Content-Type")[:_MAX_LINE])
    return _decoded(octets, charset[1].lower() if charset else "")[:limit]


def _written(message: Message) -> str:
    """Return a message that the parser took apart as it was written, in so far as it is one text."""
    head = "\n".join(f"{name}: {value}" for name, value in message.raw_items())
    payload = _payload(message)
    body = payload[:MAX_STATUS] if isinstance(payload, str) else ""
    # A header in quoted-printable ends for the parser where a line of it is broken.
    return head + ("\n" if head.endswith("=") else "\n\n" if head else "") + body


def _decoded(octets: bytes, charset: str) -> str:
    for label in (_OLD_CHARSETS.get(charset, charset), "utf-8"):
        # There may be no such charset, or the text may not be written in it.
        with suppress(LookupError, ValueError):
            if label and label not in _NO_CHARSETS:
                return octets.decode(label)
    return octets.decode("cp1252", "replace")


def _tidy(text: str) -> str:
    text = text[:MAX_TEXT].replace("\xa0", " ").replace("\u3000", " ").replace("\u200b", "").replace("\ufeff", "")
    return "\n".join(line.rstrip()[:_MAX_LINE] for line in text.splitlines())


def _without_tags(marked: str) -> str:
    """Return HTML as text: a line where a block ends, an address for a link to it."""
    out: list[str] = []
    position, unseen, is_kept = 0, "", False
    for tag in _TAG.finditer(marked):
        if not unseen:
            text = marked[position:tag.start()]
            out.append(text if is_kept else text.replace("\n", " "))
        position = tag.end()
        name = tag[1].strip("/ \t\r\n").partition(" ")[0].lower()
        is_end = tag[1].startswith("/")
        if unseen:
            unseen = "" if name == unseen and is_end else unseen
        elif name in _UNSEEN and not is_end:
            unseen = name
        elif name in _BREAKS:
            out.append("\n")
            is_kept = not is_end if name == "pre" else is_kept
        elif link := _MAILTO.search(tag[1]):
            out.append(f" <{link[1]}> ")
    out.append("" if unseen else marked[position:])
    return html.unescape("".join(out))
