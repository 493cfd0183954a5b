"""What a delivery-status part says of each recipient (RFC 3464, RFC 6533), also where its fields stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .delivery_report_words import DELAYED, DELIVERED, FAILED, RELAYED, is_permanent, status_of

#: Recipients of a report that are looked at.
MAX_RECIPIENTS: Final = 1000
_MAX_WORDS: Final = 1000

_FIELD: Final = re.compile(
    r"[\s>]{0,9}(original-recipient|final-recipient|action|status|diagnostic-code|remote-mta|reporting-mta|arrival-date|x-actual-recipient"
    r"|x-original-message-id|original-message-id|original-envelope-id|last-attempt-date|will-retry-until|x-display-name|final-log-id"
    r"|x-supplementary-info|received-from-mta|dsn-gateway)[ \t]{0,9}:(.*)", re.IGNORECASE)
_REPEATED: Final = ("original-recipient", "final-recipient", "action", "status")
_WHO: Final = ("original-recipient", "final-recipient")
_TYPE: Final = re.compile(r"[A-Za-z][\w-]{0,30}[ \t]{0,9};")
_COMMENT: Final = re.compile(r"\([^()]{0,300}\)")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]:;,\"@]{1,200}@[^\s<>()\[\]:;,\"@']{1,253}")
_QUOTED: Final = re.compile(r"\"([^\"<>\s]{1,200})\"(@[^\s<>()\[\]:;,\"@']{1,253})")
# RFC 3461 section 4: only these are written so; "+24" of jane+24@ is part of the address.
_XTEXT: Final = re.compile(r"\+(2B|3D|[89A-F][0-9A-F])")
# RFC 6533 section 3.
_UNITEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
# Exchange's way to write an address of another kind ([MS-OXCMAIL] section 2.1.3.1, encapsulated addresses).
_IMCEA: Final = re.compile(r"imceasmtp-(.{1,200})@.{1,253}", re.IGNORECASE)
_ACTIONS: Final = (
    ("fail", FAILED), ("undeliver", FAILED), ("delay", DELAYED), ("relay", RELAYED), ("expand", "expanded"), ("deliver", DELIVERED),
)


@dataclass(frozen=True)
class ReportedRecipient:
    """A recipient, and what a server says became of the message to him.

    :ivar addresses: whom we wrote to first, then whom the server wrote to; lower case
    :ivar action: ``failed``, ``delayed``, ``relayed``, ``delivered`` or ``expanded`` (RFC 3464 section 2.3.3); only ``failed`` is final
    :ivar status: enhanced status code (RFC 3463), "" if it is not known
    :ivar words: what the server said, in one line
    """

    addresses: tuple[str, ...]
    action: str
    status: str
    words: str


def blocks_of(text: str) -> list[dict[str, str]]:
    """Return the fields of each recipient, names in lower case. Fields of the message stand in the first, or in a block without recipient.

    Blank lines alone end no block: some gateways double every line, and others leave out those between the recipients.
    """
    blocks: list[dict[str, str]] = [{}]
    last, is_apart = "", False
    for line in text.splitlines():
        if match := _FIELD.match(line):
            last = match[1].lower()
            block = blocks[-1]
            is_next = last in _WHO and is_apart and "action" in block and any(who in block for who in _WHO)
            if is_next or (last in block and last in _REPEATED):
                if len(blocks) > MAX_RECIPIENTS:
                    break
                blocks.append(block := {})
            block.setdefault(last, match[2].strip())
            is_apart = False
        elif not line.strip():
            last, is_apart = "", True
        elif last and line[:1] in (" ", "\t", ">"):
            if len(blocks[-1][last]) < _MAX_WORDS:
                blocks[-1][last] += " " + line.strip()
        else:
            last = ""
    return [block for block in blocks if block]


def recipient_of(block: dict[str, str], verdict: str = "") -> ReportedRecipient | None:
    """Return what a block says, None if it is about no recipient or does not say what became of the message.

    :param verdict: what the report as a whole says, for a block without ``Action`` and code
    """
    if not any(name in block for name in _WHO):
        return None
    words = one_line(_TYPE.sub("", block.get("diagnostic-code", ""), count=1))
    status = status_of(block.get("status", ""))
    if not status or status.endswith(".0.0"):
        status = status_of(words) or status
    said = block.get("action", "").strip().lower()
    action = next((action for start, action in _ACTIONS if said.startswith(start)), "")
    if not action:
        permanent = is_permanent(words) if is_permanent(words) is not None else is_permanent(status)
        action = verdict if permanent is None or verdict == DELAYED else FAILED if permanent else DELAYED
    if not action:
        return None
    addresses = dict.fromkeys(address for name in _WHO if (address := address_of(block.get(name, ""))))
    return ReportedRecipient(tuple(addresses), action, status, words or one_line(block.get("status", "")))


def address_of(value: str) -> str:
    """Return the address in the value of a recipient field, bare and in lower case, "" if there is none (``x400;...``)."""
    value = _TYPE.sub("", value, count=1)
    if quoted := _QUOTED.search(value):
        return (quoted[1] + quoted[2]).lower()
    found = _ADDRESS.search(_COMMENT.sub(" ", value))
    if not found:
        return ""
    address = _UNITEXT.sub(lambda char: chr(min(int(char[1], 16), 0x10FFFF)), found[0])
    if encapsulated := _IMCEA.fullmatch(address):
        address = re.sub(r"\+([0-9A-Fa-f]{2})", lambda char: chr(int(char[1], 16)), encapsulated[1].replace("_", "/"))
    octets = _XTEXT.sub(lambda char: chr(int(char[1], 16)), address)
    if octets != address:
        try:
            address = octets.encode("latin-1").decode()
        except UnicodeError:
            address = octets if octets.isascii() else address
    return clean(address)


def clean(address: str) -> str:
    """Return an address as it is compared, without the marks around it; "" if there is none left."""
    address = address.strip("'`.*_ \t").lower().removeprefix("smtp=")
    local, at, domain = address.rpartition("@")
    return address if local and at and domain and "\ufffd" not in address and not local.startswith("imceaex-") else ""


def addresses_in(text: str) -> list[str]:
    """Return the addresses in a text, in their order."""
    return [address for found in _ADDRESS.findall(text) if (address := clean(found))]


def one_line(text: str) -> str:
    """Return words of a server in one line of bounded length."""
    return " ".join(text[:4 * _MAX_WORDS].split())[:_MAX_WORDS]


def statuses_of(texts: Iterable[str], verdict: str = "") -> tuple[list[dict[str, str]], list[ReportedRecipient]]:
    """Return the blocks of delivery-status parts, and the recipients of them."""
    blocks = [block for text in texts for block in blocks_of(text)][:MAX_RECIPIENTS]
    return blocks, [recipient for block in blocks if (recipient := recipient_of(block, verdict))]
