"""Whether Odoo may answer a message by itself, and where to: one gate for each of its own answers (RFC 3834 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Final

from ..addresses import domain_of
from . import signs
from .author import from_address
from .filters import automatic, meeting_answer, receipt
from .headers import header_values
from .mailboxes import address_of, addresses_in
from .parts import content_type

# RFC 5230 section 4.6, RFC 3834 section 2, and what programs call themselves that read no mail.
_ROLE: Final = re.compile(
    r"mailer-?daemon|postmaster|listserv|majordomo|nobody|owner-.*|.*-(?:request|bounces?)|bounces?(?:[+=._-].*)?"
    r"|(?:.*[+._-])?(?:no[._-]?reply|do[._-]?not[._-]?reply)(?:[+._-].*)?", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_SPF: Final = re.compile(r"\s*spf\s*=\s*(\w+)", re.IGNORECASE)
_MAIL_FROM: Final = re.compile(r"\ssmtp\.mailfrom\s*=\s*([^\s;]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """Where an answer may go.

    :ivar address: "" if there must be none
    :ivar reason: why there must be none, "" if there may be one: ``report``, ``auto_submitted``, ``suppressed``, ``list``, ``bulk``,
        ``null_return_path``, ``not_genuine``, ``no_address``, ``own_address``, ``role`` or ``foreign_return_path``
    """

    address: str
    reason: str


def answer_to(message: Message, *, is_genuine: bool, own_addresses: Callable[[str], bool]) -> Answer:
    """Return where an answer to a message may go: to its Return-Path, to From if Exchange has written none at all.

    :param is_genuine: Exchange says that the message is from the address in From
    :param own_addresses: tells whether an address is one that Odoo receives
    """
    if reason := _unwanted(message, own_addresses):
        return Answer("", reason)
    if not is_genuine:
        return Answer("", "not_genuine")
    author = from_address(message)
    paths = header_values(message, "Return-Path")
    address = _return_path(paths[0]) if paths else author[1] if author else ""
    if not address or not author:
        return Answer("", "no_address")
    if own_addresses(address) or own_addresses(author[1]):
        return Answer("", "own_address")
    if any(_ROLE.fullmatch(each.rpartition("@")[0]) for each in (address, author[1])):
        return Answer("", "role")
    if not _belongs(address, author[1], header_values(message, "Authentication-Results")):
        return Answer("", "foreign_return_path")
    return Answer(address, "")


def _unwanted(message: Message, own_addresses: Callable[[str], bool]) -> str:
    if content_type(message) in ("multipart/report", "message/delivery-status") or receipt.read(message) or meeting_answer.read(message):
        return "report"
    if automatic.read(message) or _is_auto_submitted(message, own_addresses):
        return "auto_submitted"
    # By what the values mean in [MS-OXCMAIL] section 2.1.3.2.20: OOF is about out-of-office answers only, AutoReply about all others;
    # DR and NDR are about reports of servers, RN and NRN about receipts.
    if signs.auto_response_suppress(message) & {"all", "autoreply"}:
        return "suppressed"
    if any(name.lower().startswith("list-") for name, _value in message.raw_items()):
        return "list"
    if signs.precedence(message) & {"bulk", "junk", "list"}:
        return "bulk"
    return "null_return_path" if signs.has_null_return_path(message) else ""


def _is_auto_submitted(message: Message, own_addresses: Callable[[str], bool]) -> bool:
    """Tell whether a program wrote a message.

    Exchange marks as auto-generated what a mailbox forwards or redirects, whoever wrote it. If that mailbox is ours, it says nothing.
    """
    keywords = signs.auto_submitted(message)
    if keywords != {"auto-generated"}:
        return bool(keywords)
    handed_on = signs.rule_mailboxes(message) | {
        address for value in header_values(message, "Resent-From") for address in addresses_in(value)}
    return not any(own_addresses(address) for address in handed_on)


def _return_path(value: str) -> str:
    return address_of(value[1:-1] if value.startswith("<") and value.endswith(">") else value)


def _belongs(address: str, author: str, results: Sequence[str]) -> bool:
    """Tell whether the envelope sender is no stranger to From: otherwise, whoever is named there would get mail that he never asked for."""
    path, own = domain_of(address), domain_of(author)
    if not path or not own:
        return False
    return path == own or path.endswith(f".{own}") or own.endswith(f".{path}") or path == _spf_domain(results)


def _spf_domain(results: Sequence[str]) -> str:
    """Return the domain of the envelope sender that passed SPF as Exchange says, in the topmost header: the others anybody can write.

    Each result is read at its own place only (RFC 8601 section 2.2): what the sender wrote is shown in it.
    """
    found = [result for result in _COMMENT.sub(" ", results[0]).split(";") if _SPF.match(result)] if results else []
    if len(found) != 1 or (match := _SPF.match(found[0])) is None or match[1].lower() != "pass":
        return ""
    senders = _MAIL_FROM.findall(found[0])
    return domain_of(senders[0]) if len(senders) == 1 else ""
