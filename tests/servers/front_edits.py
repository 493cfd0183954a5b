"""What Exchange Online answers that Dovecot would not: actions for ``servers.imap.faults`` (some for ``servers.pop.faults``).

Each is about all messages, or about the one that ``uid=`` names (POP3: the message number), in ``times`` answers:

imap.faults.add("UID FETCH", LeftOut(), uid=5, times=None)
imap.faults.add("UID FETCH", Substitute(), uid=5, times=2)
hidden = imap.faults.add("UID SEARCH", Hidden(), uid=7, times=None)  # until imap.faults.remove(hidden)
imap.faults.add("UID FETCH", Sizes(0.9), times=None)
pop.faults.add("RETR", Substitute(), uid=3)
"""

from __future__ import annotations

import dataclasses
import re

from . import replies
from .front_answers import Items, fetch_response, fetched, uid_of
from .front_command import Command
from .front_faults import Edit

_SEARCH = re.compile(rb"\* SEARCH\b", re.IGNORECASE)
_BODY = re.compile(rb"BODY\[|RFC822(\.HEADER|\.TEXT)?$", re.IGNORECASE)


class _ItemEdit(Edit):
    """An edit of single FETCH responses."""

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        changed = []
        for response in answer:
            found = fetched(response)
            if found and uid in (None, uid_of(found[1])):
                number, items = found
                new = self.items(items, uid_of(items))
                changed += [] if new is None else [response] if new == items else [fetch_response(number, new)]
            else:
                changed.append(response)
        return changed

    def items(self, items: Items, uid: int | None) -> Items | None:
        """Return the changed items of a FETCH response, None for no response at all."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class NoBody(_ItemEdit):
    """The message is there, its text is not, and the answer ends with OK.

    ``BODY[] NIL`` as of broken calendar items, ``""`` or ``{0}``: a client has to take all for an empty string (RFC 3501
    section 4.5; https://github.com/emersion/go-imap/pull/392). With "" as value the item is left out, as a server does
    with what it cannot read (https://github.com/NousResearch/hermes-agent/pull/98666, of another server).
    """

    value: str = "NIL"

    def items(self, items: Items, uid: int | None) -> Items | None:
        return [
            (name, self.value.encode() if _BODY.match(name) else value)
            for name, value in items
            if self.value or not _BODY.match(name)
        ]


class LeftOut(_ItemEdit):
    """UID SEARCH names the message, FETCH answers OK without a word about it, not even its header or size.

    https://github.com/jstedfast/MailKit/issues/908, https://github.com/jstedfast/MailKit/issues/1615,
    https://github.com/mscdex/node-imap/issues/867
    """

    def items(self, items: Items, uid: int | None) -> Items | None:
        return None


class Substitute(_ItemEdit):
    """A text of the server in place of a message that it cannot turn into MIME, such as a meeting: :data:`.replies.SUBSTITUTE`.

    It has neither Date nor Message-Id, and its sender no address. https://github.com/OfflineIMAP/offlineimap/issues/62,
    https://github.com/Foundry376/Mailspring/issues/2038; that POP3 does the same is not documented.
    """

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        if command.verb != "RETR":
            return super().apply(answer, command, uid)
        if not answer[0].startswith(b"+OK") or not (uid is None or command.names(uid)):
            return answer
        return [answer[0], self._text(command.words[0].decode(), "POP3"), answer[-1]]

    def items(self, items: Items, uid: int | None) -> Items | None:
        text = self._text(str(uid), "IMAP4")
        literal = b"{%d}\r\n%b" % (len(text), text)
        return [(name, literal if _BODY.match(name) else value) for name, value in items]

    @staticmethod
    def _text(number: str, protocol: str) -> bytes:
        return replies.SUBSTITUTE.format(number=number, protocol=protocol).replace("\n", "\r\n").encode()


@dataclasses.dataclass(frozen=True)
class Sizes(_ItemEdit):
    """RFC822.SIZE as Exchange gives it where it does not know it: that of the stored item; ``factor`` 0 for 0.

    [MS-STANOIMAP] 2.2.25, https://learn.microsoft.com/openspecs/exchange_standards/ms-stanoimap
    """

    factor: float

    def items(self, items: Items, uid: int | None) -> Items | None:
        return [
            (name, b"%d" % (int(value) * self.factor) if name.upper() == b"RFC822.SIZE" else value) for name, value in items
        ]


class UidLast(_ItemEdit):
    """UID after the text: the items of a FETCH response have no order (RFC 3501 section 7.4.2), and imaplib cuts there."""

    def items(self, items: Items, uid: int | None) -> Items | None:
        return sorted(items, key=lambda item: item[0].upper() == b"UID")


class Hidden(Edit):
    """UID SEARCH does not name the message yet, though later ones are there: it shows late."""

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        return [_without(response, uid) if _SEARCH.match(response) else response for response in answer]


class Reordered(Edit):
    """Messages in another order than asked for: a server may (RFC 3501 section 7.4.2 says nothing of an order)."""

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        messages = [response for response in answer if fetched(response)]
        others = [response for response in answer if not fetched(response)]
        return messages[::-1] + others


@dataclasses.dataclass(frozen=True)
class Unasked(Edit):
    """Responses that nobody asked for, in the middle of the answer (RFC 3501 sections 7.3 and 7.4: at any time).

    The default is what a new message and somebody who reads another one cause. ``* 1 EXPUNGE`` may come with UID commands,
    LOGIN and the like, not with FETCH, STORE and SEARCH (section 7.4.1).
    """

    lines: tuple[str, ...] = ("* 4711 EXISTS", "* 0 RECENT", r"* 1 FETCH (FLAGS (\Seen))")

    def apply(self, answer: list[bytes], command: Command, uid: int | None) -> list[bytes]:
        middle = len(answer) // 2
        return [*answer[:middle], *(line.encode() + b"\r\n" for line in self.lines), *answer[middle:]]


def _without(response: bytes, uid: int | None) -> bytes:
    words = response.split()
    return b" ".join(words[:2] + [word for word in words[2:] if uid is not None and int(word) != uid]) + b"\r\n"
