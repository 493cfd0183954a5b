"""Read receipts: that somebody opened a message of ours, or deleted it unread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from .. import signs
from ..headers import header, message_ids
from ..parts import content_type, fields, is_attached, message_class, parameter, parts_of

_NOTIFICATION: Final = "message/disposition-notification"
_ORIGINAL: Final = re.compile(r"^original-message-id[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
# RFC 8098 section 3.2.6: modes, then the type after a semicolon. Only "displayed" says that somebody saw the message.
_DISPLAYED: Final = re.compile(r"^disposition[ \t]*:[^;\n]*;\s*displayed\b", re.IGNORECASE | re.MULTILINE)
_BARE_ID: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_SIGNED: Final = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))


@dataclass(frozen=True)
class Receipt:
    """A read receipt.

    :ivar message_ids: of the message that it is about, with angle brackets; the surest first
    :ivar is_read: it says that the message was displayed; not so one that was deleted unread, or processed by a program
    """

    message_ids: tuple[str, ...]
    is_read: bool


def read(message: Message) -> Receipt | None:
    """Return what a receipt says, None for any other message, also for one that asks for a receipt or forwards one."""
    notification = _notification(message)
    if notification is not None:
        written = fields(notification)
        return Receipt(_ids(message, written), bool(_DISPLAYED.search(written)))
    if content_type(message) == "multipart/report" and parameter(message, "report-type").lower() == "disposition-notification":
        return Receipt(_ids(message), is_read=False)
    if content_type(message) in _SIGNED and parameter(message, "smime-type").lower() == "signed-receipt":
        return Receipt(_ids(message), is_read=True)  # RFC 2634 section 2: it is sent once the message was opened
    name = message_class(message)
    if name.endswith((".IPNRN", ".IPNNRN", "MAIL.READ RECEIPT")):
        return Receipt(_ids(message), is_read=not name.endswith(".IPNNRN"))
    return Receipt(_ids(message), is_read=True) if name.endswith(".SMIME.RECEIPT") else None


def _notification(message: Message) -> Message | None:
    """Return the part for programs, of a report or of what a gateway made of one; what a person attaches is none."""
    own = content_type(message)
    if own == _NOTIFICATION:
        return message
    is_report = own == "multipart/report"
    if not is_report and not (own == "multipart/mixed" and (signs.auto_submitted(message) or signs.has_null_return_path(message))):
        return None
    for part in parts_of(message):
        if content_type(part) == _NOTIFICATION and (is_report or not is_attached(part)):
            return part
    return None


def _ids(message: Message, written: str = "") -> tuple[str, ...]:
    found = _ORIGINAL.search(written)
    named = found[1].strip() if found else ""
    ids = message_ids(named) or ([f"<{named}>"] if _BARE_ID.fullmatch(named) else [])
    ids += message_ids(header(message, "In-Reply-To")) or message_ids(header(message, "References"))[-1:]
    return tuple(dict.fromkeys(ids))
