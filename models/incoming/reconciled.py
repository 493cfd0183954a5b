"""What came of comparing a mailbox with the list of what was received."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Line(NamedTuple):
    """A difference, as people know the message.

    :ivar kind: one of ``tools.incoming.reconciliation.KINDS``, or "folder" for one that could not be opened
    :ivar date: when the mailbox received it, UTC
    :ivar subject: of the message; of a folder, what the server said
    :ivar row_id: id of its ``office365.inbound``, 0 if it has none
    """

    kind: str
    folder: str
    uid: str = ""
    date: datetime | None = None
    sender: str = ""
    subject: str = ""
    row_id: int = 0


@dataclass
class Reconciliation:
    """The folders of a mailbox together.

    :ivar counts: messages in the mailbox, by how they are accounted for
    :ivar differences: their number, by kind
    :ivar closed: folders that could not be opened
    :ivar lines: the first differences
    """

    counts: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    closed: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def difference_count(self) -> int:
        """All differences, whether listed or not."""
        return sum(self.differences.values()) + self.closed
