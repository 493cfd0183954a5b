"""Whether a mail system wrote a message: its name, and the marks of what no person sends."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Final

from ...addresses import mailbox_of
from ..headers import header

#: Who wrote it: a mail system by a name that no person uses; one that a person may use; anybody.
DAEMON: Final = "daemon"
SYSTEM: Final = "system"
ANYBODY: Final = ""

_MAX_HEADER: Final = 2000
_DAEMON: Final = re.compile(r"(?:mailer|mail|smtp|maildelivery)[._-]?daemon|mdaemon|microsoftexchange[0-9a-f]{8,64}", re.IGNORECASE)
# Of Microsoft's SMTP service, and of Exchange Server until 2003.
_MICROSOFT: Final = ("X-DSNContext", "X-MS-Embedded-Report")
_SYSTEM: Final = re.compile(
    r"post-?master|administrator|mail-?system|mail-?admin|mail[._-]?delivery\S{0,40}|bounces?|symantec_antivirus\S{0,60}"
    r"|delivery-?(?:status|notification|failure)s?|dsn|ndr|mailmarshal|undeliverable", re.IGNORECASE)
_SYSTEM_NAME: Final = re.compile(
    r"mail(?:er)?[\s_-]{0,3}(?:delivery|daemon|system|administrator|server|service|router)|delivery\s{0,3}(?:sub)?system"
    r"|post-?master|mdaemon|systeembeheerder|system-?\s{0,3}administrat|administrat\w{0,4} (?:\w{2,5} )?(?:système|sistema|systemu|system)"
    r"|システム管理者|internet mail|mail delivery", re.IGNORECASE)


def sender_of(message: Message) -> str:
    """Return who wrote a message: :data:`DAEMON`, :data:`SYSTEM` or :data:`ANYBODY`."""
    if header(message, "X-Failed-Recipients") or _has(message, "X-MS-Exchange-Message-Is-Ndr"):
        return DAEMON
    written = header(message, "From")[:_MAX_HEADER]
    mailbox = mailbox_of(written)
    local = (mailbox.address.rpartition("@")[0] if mailbox else written).strip("<>\" \t")
    if _DAEMON.fullmatch(local):
        return DAEMON
    names = readable(mailbox.name if mailbox else written), local
    if not local or _SYSTEM.fullmatch(local) or any(_SYSTEM_NAME.search(name) for name in names):
        return DAEMON if any(_has(message, name) for name in _MICROSOFT) else SYSTEM
    return ANYBODY


def return_path(message: Message) -> str | None:
    """Return whom the message would go back to, "" if to nobody (RFC 5321 section 4.5.5), None if it is not known."""
    if not _has(message, "Return-Path"):
        return None
    address = header(message, "Return-Path")[:_MAX_HEADER].strip().strip("<>").strip()
    return "" if _DAEMON.fullmatch(address.partition("@")[0]) else address


def is_automatic(message: Message) -> bool:
    """Return whether a message says that no person wrote it (RFC 3834 section 5)."""
    return header(message, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no")


def is_for_many(message: Message) -> bool:
    """Return whether a message came by a mailing list or is a newsletter (RFC 2369, RFC 2919)."""
    return any(_has(message, name) for name in ("List-Id", "List-Unsubscribe", "List-Post"))


def subject_of(message: Message) -> str:
    """Return the subject, decoded."""
    return readable(header(message, "Subject"))


def readable(value: str) -> str:
    """Return the value of a header without encoded words (RFC 2047)."""
    value = value[:_MAX_HEADER]
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (HeaderParseError, LookupError, ValueError):
        return value


def _has(message: Message, name: str) -> bool:
    return any(key.lower() == name.lower() for key, _value in message.raw_items())
