"""Whether each message of a folder is accounted for: mailbox against ledger, judged from values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Uid = int | str

#: What is wrong with a message, what is worst first.
LOST: Final = "lost"
MISSING: Final = "missing"
STUCK: Final = "stuck"
UNMARKED: Final = "unmarked"
KINDS: Final = (LOST, MISSING, STUCK, UNMARKED)

#: How a message in the mailbox is accounted for.
PROCESSED: Final = "processed"
IGNORED: Final = "ignored"
ATTENTION: Final = "attention"
HISTORY: Final = "history"
WAITING: Final = "waiting"

_OF_STATE: Final = {"done": PROCESSED, "ignored": IGNORED}


class Row(NamedTuple):
    """What the ledger says of a message.

    :ivar is_finished: it is not to be fetched again
    :ivar is_settled: the mailbox was told so
    :ivar is_working: it is being processed, or a worker ended meanwhile
    :ivar has_source: it can be processed without the mailbox
    :ivar is_recent: it was worked on within the last hour
    """

    row_id: int
    state: str
    is_finished: bool
    is_settled: bool
    is_working: bool
    has_source: bool
    is_recent: bool


@dataclass(frozen=True)
class Snapshot:
    """A folder and what the ledger says of it. The mailbox is read first: what arrives in between is in the ledger only.

    :ivar found: messages in the mailbox
    :ivar unread: those of them that are unread
    :ivar wanted: those of them that are fetched unless they are in the ledger
    :ivar recent: those of them that arrived within the last hour; what matters are those in no row
    :ivar rows: by UID; at least those of messages in the mailbox, those without a source, and those that are worked on
    :ivar marks: messages that are finished become read
    :ivar leaving: states of messages that leave the folder once they are finished
    :ivar is_pending: the next fetch finds out what is wanted: the folder was numbered anew, or never read
    """

    found: Set[Uid]
    unread: Set[Uid]
    wanted: Set[Uid]
    recent: Set[Uid] = frozenset()
    rows: Mapping[Uid, Row] = field(default_factory=dict)
    marks: bool = True
    leaving: Collection[str] = ()
    is_pending: bool = False


class Difference(NamedTuple):
    """A message of which mailbox and ledger do not say the same."""

    kind: str
    uid: Uid


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    :ivar counts: messages in the mailbox, by how they are accounted for; :data:`MISSING` are those that are not
    :ivar differences: what is worst first
    """

    counts: Counter[str]
    differences: list[Difference]

    @property
    def total(self) -> int:
        """Messages in the mailbox."""
        return sum(self.counts.values())

    @property
    def accounted(self) -> int:
        """Those of them that are in the ledger, are not wanted, or have only just arrived."""
        return self.total - self.counts[MISSING]


def compare(folder: Snapshot) -> Comparison:
    """Count how the messages of a folder are accounted for, and list those that are not. Linear in their number."""
    return Comparison(
        Counter(_account(folder, uid) for uid in folder.found),
        sorted(_differences(folder), key=lambda difference: (KINDS.index(difference.kind), difference.uid)))


def _account(folder: Snapshot, uid: Uid) -> str:
    if row := folder.rows.get(uid):
        return _OF_STATE.get(row.state, ATTENTION)
    if uid not in folder.wanted:
        return HISTORY
    return WAITING if folder.is_pending or uid in folder.recent else MISSING


def _differences(folder: Snapshot) -> Iterator[Difference]:
    for uid in folder.found:
        if _account(folder, uid) == MISSING:
            yield Difference(MISSING, uid)
    for uid, row in folder.rows.items():
        if not row.is_recent and (kind := _difference(folder, uid, row)):
            yield Difference(kind, uid)


def _difference(folder: Snapshot, uid: Uid, row: Row) -> str | None:
    is_there = uid in folder.found
    if not is_there and not row.has_source and row.state not in _OF_STATE:
        return LOST
    if row.is_working:
        return STUCK
    # Once the mailbox was told, it is people's: what they mark as unread stays so, and another setting is for other messages.
    if is_there and row.is_finished and not row.is_settled and _shows_otherwise(folder, uid, row):
        return UNMARKED
    return None


def _shows_otherwise(folder: Snapshot, uid: Uid, row: Row) -> bool:
    return row.state in folder.leaving or folder.marks and uid in folder.unread
