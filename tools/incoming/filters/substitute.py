"""What Exchange hands out by IMAP or POP in place of a message that it cannot convert to MIME."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from typing import Final

from ...addresses import decoded_words
from ..headers import header, header_values
from ..parts import content_type, text

# "Retrieval using the IMAP4 protocol failed for the following message: 12". In other languages too, the protocol and the number are there.
_SUBJECT: Final = re.compile(r"(?=.*\b(?:IMAP4?|POP3)\b).*\b\d+\W*\Z", re.IGNORECASE | re.DOTALL)
_BODY: Final = re.compile(r"\s*the server (?:could not|couldn.{1,3}t) retrieve the following message", re.IGNORECASE)
_NAMED_SUBJECT: Final = re.compile(r'^Subject:[ \t]*"(.*)"[ \t]*$', re.MULTILINE)
_NAMED_SENDER: Final = re.compile(r"^From:[ \t]*(.*)$", re.MULTILINE)
_LONGEST: Final = 1000
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")
_UNDER_WAY: Final = re.compile(rb"^(?:Received|Message-ID|Return-Path)[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Substitute:
    """What stands in for a message.

    :ivar subject: of the message itself, "" if it is not told
    :ivar sender: of the message itself, as Exchange writes it, "" if it is not told
    """

    subject: str
    sender: str


def read_source(source: bytes) -> Substitute | None:
    """Return what :func:`read` does. Nearly every message was sent, which its header shows before it is parsed."""
    if _UNDER_WAY.search(_END_OF_HEADER.split(source, maxsplit=1)[0]):
        return None
    return read(message_from_bytes(source, policy=SMTP))


def read(message: Message) -> Substitute | None:
    """Return what a substitute says about the message in whose place it is, None for a real message.

    It was never sent: no server noted that it received it, it has no Message-Id, and its From has no address.
    """
    author = header_values(message, "From")
    if any(header_values(message, name) for name in ("Received", "Message-ID", "Return-Path")):
        return None
    if len(author) != 1 or "@" in author[0] or content_type(message) != "text/plain":
        return None
    body = text(message)[:_LONGEST]
    marks = (
        "microsoft exchange" in author[0].lower(),
        bool(_SUBJECT.match(decoded_words(header(message, "Subject"))[:_LONGEST])),
        bool(_BODY.match(body)),
    )
    if sum(marks) < 2:
        return None
    subject, sender = _NAMED_SUBJECT.search(body), _NAMED_SENDER.search(body)
    return Substitute(subject[1] if subject else "", sender[1] if sender else "")
