"""Delivery reports that only have words: whom they name, and what they say became of the message."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import Final

from .delivery_report_parts import Fields, fields, values
from .delivery_report_status import ReportedRecipient, addresses_in, one_line
from .delivery_report_words import DELAYED, FAILED, is_certainly_delayed, is_permanent, plain, status_of, verdict

_MAX_FOUND: Final = 200
_MAX_FOLLOWING: Final = 8

# Where the message that is given back begins. In every language its header tells it; English headings come before that.
_COPY: Final = re.compile(
    r"[\W_]{0,80}(?:original message (?:headers?|follows|attached)|message headers? follow|message text follows"
    r"|below (?:this|the next) line is a copy|(?:this|here) is (?:a copy of (?:the|your) message|your returned mail)"
    r"|(?:the )?header of the original message|returned message"
    r"|start of returned message|returned mail( follows)?\W|(?:un(?:sent|delivered) message|original message|message header)\b[\W_]*$"
    r"|included is a copy|content-type: {0,3}(?:message/rfc822|text/rfc822-headers))", re.IGNORECASE)
_NAMES: Final = (
    "received|return-path|delivered-to|from|to|subject|date|message-id|dkim-signature|mime-version|authentication-results|arc-seal")
_FIRST: Final = re.compile(rf"(?:{_NAMES})[ \t]?:", re.IGNORECASE)
_NEXT: Final = re.compile(
    rf"(?:{_NAMES}|cc|x-[\w-]{{1,60}}|reply-to|sender|references|in-reply-to"
    r"|thread-\w{1,9}|content-[\w-]{1,60}|arc-[\w-]{1,60}|user-agent)[ \t]?:",
    re.IGNORECASE)
# Lines that name the sender, all recipients, or another message.
_OTHERS: Final = re.compile(
    r"[\W_]{0,20}(?:to|cc|bcc|from|sender|sender address|original sender|mail from|reply-to|subject|envelope sender|sent by"
    r"|an|von|absender|absenderadresse|betreff|de|à|objet|expéditeur|adresse de l'expéditeur|para|asunto|remitente|van|aan|onderwerp"
    r"|afzender|da|a|oggetto|mittente|assunto|remetente|od|do|temat|nadawca|宛先|差出人|件名|送信者(?:の)?アドレス"
    r"|message-?\s?id|references?|in-reply-to|x-[\w-]{1,40})\s{0,3}[:：]", re.IGNORECASE)
# Not of "generated from" and "expanded from", Exim's and Postfix's words for the address that an alias stands for.
_SENDER: Final = re.compile(
    r"(?<!generated )(?<!expanded )\b(?:from|sender|sent by)[ :=]{1,3}<?[^\s<>@]{1,64}@[^\s<>@]{1,253}", re.IGNORECASE)
_MAIL_SYSTEMS: Final = re.compile(r"(?:postmaster|abuse|mailer-daemon|microsoftexchange[0-9a-f]+|hostmaster|unsubscribe)@")
_HEADING: Final = re.compile(r"[:：\-–=.*|#]\s{0,3}$|following|-----")
_PERMANENT: Final = re.compile(r"permanent|failed for good")
_MESSAGE_ID: Final = re.compile(
    r"(?:message|nachrichten?|mensaje|messaggio|mensagem|bericht)[- ]?(?:-?id|kennung)\b"
    r"[\"'\s:：=\]]{0,20}<?([^\s<>\"']{1,250}@[^\s<>\"']{1,250})>?",
    re.IGNORECASE)


class Words:
    """A text taken apart: what is said, and what is given back of the message that it is about."""

    def __init__(self, text: str, subjects: Collection[str] = ()) -> None:
        """
        :param subjects: of the message that it is about: they are repeated, and say nothing about its delivery
        """
        lines = text.splitlines()
        cut = _beginning_of_copy(lines)
        self.copy: Fields = _header(lines[cut:])
        self.given_back = "\n".join(lines[cut:])
        head = "\n".join(lines[:cut])
        for subject in (*subjects, *values(self.copy, "subject")):
            if len(subject) > 3 and "@" not in subject:  # Domino and others name the recipient there
                head = head.replace(subject, "")
        self.head = head
        self.lines = head.splitlines()

    @cached_property
    def message_id(self) -> str:
        """The Message-Id that the text names, in angle brackets; "" if none."""
        found = _MESSAGE_ID.search(self.given_back) or _MESSAGE_ID.search(self.head)
        return f"<{found[1]}>" if found else ""

    @cached_property
    def is_late(self) -> bool:
        """Whether it says that the message will be tried again, and of no recipient that it will not."""
        return is_certainly_delayed(self.head) and not any(_is_permanent_heading(line) for line in self.lines)

    @cached_property
    def verdict(self) -> str:
        """What the text as a whole says: what is only late says so somewhere; else the first sentence that says something counts."""
        if self.is_late:
            return DELAYED
        return next((said for line in self.lines if (said := verdict(line))), "") or (FAILED if self.has_code else "")

    @cached_property
    def has_code(self) -> bool:
        """Whether a server's words stand in it, with the code of a refusal for good."""
        return any(is_permanent(line) for line in self.lines)

    def recipients(self, overall: str, own: Collection[str], originals: Collection[str]) -> list[ReportedRecipient]:
        """Return whom the text names.

        :param overall: what the report says became of the message
        :param own: addresses of whoever wrote the message
        :param originals: whom it was written to, as far as that is known: then nobody else counts if one of them is named
        """
        has_late = is_certainly_delayed(self.head)
        found: dict[str, ReportedRecipient] = {}
        section, is_for_good = overall, False
        for number, line in enumerate(self.lines):
            named = [] if _OTHERS.match(line) else addresses_in(_SENDER.sub(" ", line))
            if not named and _HEADING.search(line) and (said := verdict(line)):
                section, is_for_good = said, _is_permanent_heading(line)
            for address in named:
                if len(found) >= _MAX_FOUND or _MAIL_SYSTEMS.match(address):
                    continue
                words = self._words(number, address)
                action = _action(DELAYED if has_late and not is_for_good else section, overall, words)
                if address in found and _is_better(words, found[address].words):
                    action = found[address].action  # what his section said: a transcript follows in no section
                elif address in found:
                    continue
                if action:
                    found[address] = ReportedRecipient((address,), action, status_of(words), words)
        for some in (originals, [address for address in found if address not in own]):
            if chosen := [found[address] for address in found if address in some and (address not in own or some is originals)]:
                return [self._with_words(recipient) for recipient in chosen]
        return []

    def refusal(self) -> str:
        """Return the line with a server's code, "" if there is none."""
        coded = [line for line in self.lines if is_permanent(line) is not None]
        return one_line(max(coded, key=lambda line: (bool(status_of(line)), len(line)))) if coded else ""

    def _with_words(self, recipient: ReportedRecipient) -> ReportedRecipient:
        if is_permanent(recipient.words) is not None or not (words := self.refusal()):
            return recipient
        return ReportedRecipient(recipient.addresses, recipient.action, status_of(words), words)

    def _words(self, number: int, address: str) -> str:
        """Return what is said of an address in its line and in those that follow, until another address or a code has come."""
        first = self.lines[number]
        where = first.lower().find(address)
        rest = first[where + len(address):].strip(" \t<>\"':;,.)(*") if where >= 0 else first
        if where > 0 and is_permanent(first) is not None and is_permanent(rest) is None:
            rest = first.strip()
        said = [rest] if rest and not rest.lower().startswith("mailto:") else []
        for line in self.lines[number + 1:number + 1 + _MAX_FOLLOWING]:
            if line.lstrip(" |").startswith("----"):
                break
            is_of_another = any(found != address for found in addresses_in(line)) and not line.startswith((" ", "\t", "("))
            if (is_of_another and is_permanent(line) is None) or (not line.strip() and is_permanent(" ".join(said)) is not None):
                break
            if line.strip():
                said.append(line.strip())
        return one_line(" ".join(said))


def status_is_said(text: str) -> bool:
    """Return whether the fields of a delivery-status part stand in a text."""
    return "final-recipient" in text.lower()


def _is_permanent_heading(line: str) -> bool:
    return bool(_HEADING.search(line) and "@" not in line and _PERMANENT.search(plain(line)))


def _action(section: str, overall: str, words: str) -> str:
    permanent = is_permanent(words)
    if section and section != FAILED:
        return section
    if permanent is None:
        return section
    if permanent:
        return FAILED if overall in ("", FAILED) else overall
    # A temporary refusal is final where the report says so: it was repeated for too long.
    return section or DELAYED


def _is_better(words: str, others: str) -> bool:
    return is_permanent(words) is not None and is_permanent(others) is None


def _beginning_of_copy(lines: list[str]) -> int:
    """Return the number of the line where the message that is given back begins."""
    first = -1
    for number, line in enumerate(lines):
        if _COPY.match(line):
            return number
        if first >= 0 and _NEXT.match(line):
            return first
        if _FIRST.match(line):
            first = number
        elif line[:1] not in (" ", "\t") or not line.strip():
            first = -1
    return len(lines)


def _header(lines: list[str]) -> Fields:
    for number, line in enumerate(lines[:40]):
        if _FIRST.match(line):
            return fields("\n".join(lines[number:number + 500]))
    return ()
