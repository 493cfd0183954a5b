"""One command of an IMAP or POP3 client, as far as the front looks at it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .front_faults import FrontFault

#: The step whose answer the server gives without being asked.
GREETING = "GREETING"

#: POP3 commands whose positive answer has several lines, always or if no message was named (RFC 1939, 2449, 5034).
_POP_LINES = ("RETR", "TOP", "CAPA")
_POP_LINES_OF_ALL = ("LIST", "UIDL", "AUTH")
_RANGE = re.compile(rb"(\d+|\*)(?::(\d+|\*))?")


@dataclasses.dataclass
class Command:
    """One command line.

    :ivar tag: of IMAP; empty for POP3 and for the greeting.
    :ivar verb: "SELECT", "UID FETCH", "RETR" …
    :ivar words: what follows the verb, split at spaces.
    :ivar fault: what strikes in its answer; ``edits``: what changes the answer before.
    :ivar answer: the responses that were kept back for those.
    :ivar answered: whether a response has come.
    """

    tag: bytes
    verb: str
    words: list[bytes]
    fault: FrontFault | None = None
    edits: list[FrontFault] = dataclasses.field(default_factory=list)
    answer: list[bytes] = dataclasses.field(default_factory=list)
    answered: bool = False

    @classmethod
    def parse(cls, line: bytes, protocol: str) -> Command:
        """Read a command line; ``protocol`` is "imap" or "pop"."""
        words = line.split()
        tag = words.pop(0) if words and protocol == "imap" else b""
        verb = words.pop(0).decode("ascii", "replace").upper() if words else ""
        if verb == "UID" and words and protocol == "imap":
            verb += f" {words.pop(0).decode('ascii', 'replace').upper()}"
        return cls(tag, verb, words)

    @property
    def held(self) -> bool:
        """Whether its answer is kept back until Dovecot has given all of it."""
        return bool(self.fault or self.edits)

    @property
    def has_lines(self) -> bool:
        """Whether a positive POP3 answer ends with a line of its own, a dot."""
        return self.verb in _POP_LINES or self.verb in _POP_LINES_OF_ALL and not self.words

    def names(self, uid: int) -> bool:
        """Whether its first argument, a sequence set (RFC 3501 section 9) or a POP3 message number, holds this number."""
        for first, last in _RANGE.findall(self.words[0] if self.words else b""):
            ends = [float("inf") if end == b"*" else int(end) for end in (first, last or first)]
            if min(ends) <= uid <= max(ends):
                return True
        return False
