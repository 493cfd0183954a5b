"""Delivery reports: which message of ours they are about, and what became of it for whom.

A report is what a mail system says, so who wrote it is asked first: a person may quote or forward a report, and is no report for that.
Then what is meant for machines is read (RFC 3464, RFC 6533, Exim's X-Failed-Recipients), and only where there is none of it the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage, Message
from typing import Final

from ...addresses import mailboxes_of
from ..headers import header, header_values, message_ids
from .delivery_report_parts import Fields, Parts, parts_of, values
from .delivery_report_sender import ANYBODY, DAEMON, is_automatic, is_for_many, return_path, sender_of, subject_of
from .delivery_report_status import ReportedRecipient, addresses_in, clean, statuses_of
from .delivery_report_text import Words, status_is_said
from .delivery_report_words import DELAYED, is_challenge, is_conversation, status_of, subject_verdict

__all__ = ["DeliveryReport", "ReportedRecipient", "read"]

_MAX_IDS: Final = 20
_MAX_HEADER: Final = 64 * 1024
# Exchange Online keeps the Message-Id there when it gives the message another one.
_ORIGINAL_IDS: Final = (
    "x-microsoft-original-message-id", "x-original-message-id", "x-original-messageid", "original-message-id",
    "message-id")
_REPORT_IDS: Final = (
    "X-Microsoft-Original-Message-ID", "X-Original-Message-ID", "X-Original-MessageID", "Original-Message-ID", "In-Reply-To",
    "References")
_STATUS_IDS: Final = ("x-original-message-id", "original-message-id", "original-envelope-id")
# Reports about something else: RFC 8098 (read receipts), RFC 5965 (complaints), RFC 8460, and what goes with them.
_OTHER_REPORTS: Final = frozenset((
    "message/disposition-notification", "message/global-disposition-notification", "message/feedback-report", "message/tracking-status",
    "application/tlsrpt+json", "application/tlsrpt+gzip",
))
_RECIPIENT_FIELDS: Final = ("to", "cc", "bcc", "resent-to", "resent-cc", "x-original-to")
_SENDER_FIELDS: Final = ("from", "sender", "return-path", "reply-to")


@dataclass(frozen=True)
class DeliveryReport:
    """What a mail system says became of a message.

    :ivar message_ids: of the message that it is about, in angle brackets, the surest source first
    """

    message_ids: tuple[str, ...]
    recipients: tuple[ReportedRecipient, ...]


def read(message: EmailMessage) -> DeliveryReport | None:
    """Return what a delivery report says, None if the message is none. Never raises.

    :param message: parsed with ``email.policy.SMTP``
    """
    return _read(message, is_outermost=True)


def _read(message: Message, *, is_outermost: bool) -> DeliveryReport | None:
    parts = parts_of(message)
    if not parts.kinds.isdisjoint(_OTHER_REPORTS) or parts.report_type not in ("", "delivery-status"):
        return None
    writer = sender_of(message)
    if not _may_be_report(message, parts, writer):
        return None
    is_packed = is_outermost and writer != ANYBODY and not parts.statuses and parts.attached and sender_of(parts.attached[0]) != ANYBODY
    # A gateway packs the report of another mail system.
    if is_packed and (packed := _read(parts.attached[0], is_outermost=False)):
        return packed
    subject = subject_of(message)
    words = _words(parts, subject)
    overall = _verdict(subject, words)
    blocks, recipients = statuses_of(parts.statuses or [text.head for text in words if status_is_said(text.head)][:1], overall)
    if not any(recipient.addresses for recipient in recipients):
        recipients = _without_addresses(recipients, message, parts, words, overall)
        if not parts.statuses and not _is_believed(message, parts, words, writer, overall, recipients):
            return None
    return DeliveryReport(_ids(message, parts, blocks, words), tuple(recipients))


def _may_be_report(message: Message, parts: Parts, writer: str) -> bool:
    """Return whether a mail system may have written a message.

    People forward reports, some programs with all parts of it, and answer them.
    """
    back = return_path(message)
    is_marked = writer == DAEMON or back == "" or is_automatic(message)
    if parts.is_report:
        return is_marked or (not is_conversation(subject_of(message)) and (writer != ANYBODY or not back))
    if parts.statuses:
        return is_marked or (writer != ANYBODY and not back)
    if writer == DAEMON:
        return True
    return not back and not is_for_many(message) and not is_conversation(subject_of(message)) and (writer != ANYBODY or back == "")


def _is_believed(
    message: Message, parts: Parts, words: list[Words], writer: str, overall: str, recipients: list[ReportedRecipient],
) -> bool:
    """Return whether words alone make a report: the less the writer is known for a mail system, the more must be there."""
    if parts.is_report:
        return True
    if not overall or not recipients or (not any(text.has_code for text in words) and any(is_challenge(text.head) for text in words)):
        return False
    if writer == DAEMON:
        return True
    is_given_back = bool(parts.originals or any(text.copy for text in words))
    if writer != ANYBODY:
        is_said = subject_verdict(subject_of(message)) != "" and (is_automatic(message) or return_path(message) == "")
        return is_said or is_given_back or any(text.has_code for text in words)
    named = {address for recipient in recipients for address in recipient.addresses}
    return subject_verdict(subject_of(message)) != "" and named <= set(_recipients(parts, words)) and named.isdisjoint(
        addresses_in(header(message, "From").lower()))


def _words(parts: Parts, subject: str) -> list[Words]:
    subjects = {text for original in parts.originals for text in values(original, "subject")} | {subject.partition(":")[2].strip()}
    return [Words(text, sorted(subjects)) for text in parts.texts]


def _verdict(subject: str, words: list[Words]) -> str:
    if any(text.is_late for text in words):
        return DELAYED  # some say "undeliverable" of what they try again
    return subject_verdict(subject) or next((text.verdict for text in words if text.verdict), "")


def _without_addresses(
    recipients: list[ReportedRecipient], message: Message, parts: Parts, words: list[Words], overall: str,
) -> list[ReportedRecipient]:
    """Return whom a report is about that has no recipient, or only such that have no address (``Final-Recipient: x400; ...``)."""
    action = recipients[0].action if recipients else overall
    originals = _recipients(parts, words)
    if not action:
        return []
    refusal = next((said for text in words if (said := text.refusal())), "")
    own = _own(message, parts, words)
    named = [address for value in header_values(message, "X-Failed-Recipients") for address in addresses_in(value[:_MAX_HEADER])]
    found = [each for text in words for each in text.recipients(action, own, originals)]
    by_address = {each.addresses[0]: each for each in reversed(found)}
    if named:
        unknown = ReportedRecipient((), action, status_of(refusal), refusal)
        found = [by_address.get(address, replace(unknown, addresses=(address,))) for address in dict.fromkeys(named)]
    else:
        found = list(dict.fromkeys(by_address[address] for address in reversed(by_address)))
    if not found and len(originals) == 1 and originals[0] not in own:
        found = [ReportedRecipient((originals[0],), action, status_of(refusal), refusal)]
    if len(recipients) == 1 and found:  # its fields say more than the text
        known = recipients[0]
        found = [
            replace(known, addresses=each.addresses, words=known.words or each.words, status=known.status or each.status) for each in found
        ]
    return found


def _recipients(parts: Parts, words: list[Words]) -> list[str]:
    return list(dict.fromkeys(_addresses([*parts.originals, *(text.copy for text in words)], _RECIPIENT_FIELDS)))


def _own(message: Message, parts: Parts, words: list[Words]) -> set[str]:
    own = set(_addresses([*parts.originals, *(text.copy for text in words)], _SENDER_FIELDS))
    for name in ("To", "Cc", "From", "Delivered-To", "Sender"):
        own.update(address for value in header_values(message, name) for address in addresses_in(value[:_MAX_HEADER]))
    return own


def _addresses(headers: Iterable[Fields], names: tuple[str, ...]) -> Iterator[str]:
    for each in headers:
        for value in values(each, *names):
            for mailbox in mailboxes_of(value):
                if address := clean(mailbox.address):
                    yield address


def _ids(message: Message, parts: Parts, blocks: list[dict[str, str]], words: list[Words]) -> tuple[str, ...]:
    """Return the Message-Ids, from the copy of the message to the text."""
    found = [_id(value) for original in parts.originals for value in values(original, *_ORIGINAL_IDS)]
    found += [_id(block[name]) for block in blocks for name in _STATUS_IDS if name in block]
    for name in _REPORT_IDS:
        for value in header_values(message, name):
            found += message_ids(value[:_MAX_HEADER])[::-1] or [_id(value)]
    found += [text.message_id for text in words]
    return tuple(dict.fromkeys(each for each in found if each))[:_MAX_IDS]


def _id(value: str) -> str:
    """Return the Message-Id in a value, also one without angle brackets."""
    ids = message_ids(value)
    bare = re.sub(r"^[\w-]{1,20};", "", value.strip())
    return ids[0] if ids else f"<{bare}>" if "@" in bare and " " not in bare else ""
