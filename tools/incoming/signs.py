"""What the header of a message says about how it was written: by a person, by a program in answer to another message, or to many people."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

from ..addresses import canonical_address
from .headers import header, header_values
from .mailboxes import addresses_in

_COMMENT: Final = re.compile(r"\([^()]*\)")
# Of autoresponders that know no RFC 3834, or are older.
_AUTORESPONDER: Final = (
    "X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponse", "X-AutoReply-From", "X-Auto-Reply-From", "X-Mail-Autoreply",
    "X-Vacation",
)
_NOT: Final = frozenset(("", "no", "false", "0", "none"))
_FORWARDED: Final = (
    "Resent-From", "Resent-Sender", "Resent-To", "X-MS-Exchange-ForwardingLoop", "X-MS-Exchange-Transport-Rules-Loop",
    "X-Forwarded-To", "X-Forwarded-For",
)


def auto_submitted(message: Message) -> set[str]:
    """Return the keywords in Auto-Submitted other than "no", without parameters and comments (RFC 3834 section 5)."""
    return _words(message, "Auto-Submitted", ";") - _NOT


def auto_response_suppress(message: Message) -> set[str]:
    """Return the answers that X-Auto-Response-Suppress does not want, in lower case ([MS-OXCMAIL] section 2.1.3.2.20), without "None"."""
    return {word for value in _words(message, "X-Auto-Response-Suppress", None) for word in value.replace(",", " ").split()} - _NOT


def precedence(message: Message) -> set[str]:
    """Return what Precedence says, in lower case."""
    return _words(message, "Precedence", ";")


def is_autoresponder(message: Message) -> bool:
    """Tell whether an autoresponder says that it wrote the message, in another header than Auto-Submitted."""
    if any(value.lower() not in _NOT for name in _AUTORESPONDER for value in header_values(message, name)):
        return True
    return bool(precedence(message) & {"auto_reply", "auto-reply"}) or "autoresponder" in header(message, "X-POST-MessageClass").lower()


def rule_mailboxes(message: Message) -> set[str]:
    """Return the mailboxes whose rules wrote the message, forwarded it or redirected it: Exchange notes them so that none does it twice."""
    values = header_values(message, "X-MS-Exchange-Inbox-Rules-Loop")
    return {canonical_address(address) for value in values for address in addresses_in(value)}


def is_forwarded(message: Message) -> bool:
    """Tell whether the header says that the message was handed on to somebody else than whom it was sent to."""
    return any(header_values(message, name) for name in _FORWARDED)


def is_reply(message: Message) -> bool:
    """Tell whether the header names a message that this one answers."""
    return any(header(message, name) for name in ("In-Reply-To", "References", "X-MS-Exchange-Parent-Message-Id"))


def has_null_return_path(message: Message) -> bool:
    """Tell whether the message had no envelope sender, as a report has (RFC 5321 section 4.5.5)."""
    values = header_values(message, "Return-Path")
    return bool(values) and not values[0].strip("<> \t")


def _words(message: Message, name: str, end: str | None) -> set[str]:
    return {_COMMENT.sub(" ", value).partition(end)[0].strip().lower() if end else value.lower() for value in header_values(message, name)}
