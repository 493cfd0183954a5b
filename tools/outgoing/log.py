"""The email log: what the notes about one message say together."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..addresses import ascii_address

SENT, DEFERRED, FAILED, BOUNCED, CANCELED = "sent", "deferred", "failed", "bounced", "canceled"
#: States of a recipient, what people have to look at first: the first one that a recipient has is that of the message.
ORDER: Final = (FAILED, BOUNCED, DEFERRED, CANCELED, SENT)

MAIL, MASS, TEST, PROBE = "mail", "mass", "test", "probe"


@dataclass(frozen=True)
class Told:
    """What is known of one recipient."""

    state: str
    cause: str = ""
    reply: str = ""


@dataclass(frozen=True)
class Note:
    """What is to be known of a message, by its Message-Id: after an SMTP transaction, or because there was none.

    :ivar date: UTC, naive as in Odoo
    :ivar recipients: by address; those who are not named keep what was known of them
    :ivar values: other columns of the line; what is empty keeps its value
    """

    message_id: str
    date: datetime
    recipients: Mapping[str, Told] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def written(address: str) -> str:
    """Return an address as the log keeps it, and as it is searched for: there is one way to write it."""
    return ascii_address(address.strip()).lower()


def kind_of(*, is_probe: bool, is_bulk: bool, sender: str, mailbox: str | None) -> str:
    """Return what kind of mail a message is. A test leaves as the mailbox itself, a probe as another address.

    :param is_probe: it carries the header of tests and probes
    :param sender: normalized address in From
    """
    if is_probe:
        return TEST if not mailbox or sender == mailbox.lower() else PROBE
    return MASS if is_bulk else MAIL


def worst(told: Collection[Told]) -> Told:
    """Return of several recipients the one who decides what is said of the message."""
    return min(told, key=lambda each: ORDER.index(each.state), default=Told(SENT))


def merged(notes: Iterable[Note]) -> list[Note]:
    """Return one note a message, in the order of their first ones: what was said later holds."""
    found: dict[str, Note] = {}
    for note in notes:
        before = found.get(note.message_id)
        if before:
            note = dataclasses.replace(
                note, recipients={**before.recipients, **note.recipients},
                values={**before.values, **{name: value for name, value in note.values.items() if value}})
        found[note.message_id] = note
    return list(found.values())
