"""What an administrator has to know of a database's mail, judged from values: for the Overview, for those who are told, for monitors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from ...const import PASSWORD_ENDS
from ..addresses import canonical_address
from ..checks import DONE, FAILED, TO_DO, State
from ..entra import expiry
from ..servers.presets import is_microsoft_host

#: Longer than this, mail that waits and a mailbox that is not asked are an alert.
LONG: Final = timedelta(hours=1)
#: Fetches, or heartbeats, in a row that fail until it is an alert: the first failure is often the network.
FAILURES: Final = 2

#: What is looked at, in the order in which it is shown.
KINDS: Final = (
    "copy", "server", "default_sender", "sender", "fetch", "not_fetched", "unconfirmed", "waiting", "attention", "differences",
    "heartbeat", "webhook", "password", "end", "no_email", "no_sender", "company", "alias")
#: Of which one line is shown if nothing is wrong. The others are about what is there at times only.
SHOWN_IF_DONE: Final = frozenset({"server", "fetch", "waiting", "attention", "password", "end", "no_sender", "company", "alias"})
# What the whole database suffers from. That Exchange does not let one user send as their alias is no reason to wake anybody.
_SICK: Final = frozenset({"copy", "server", "default_sender", "fetch", "not_fetched", "waiting", "heartbeat"})
_ALERTS: Final = _SICK | {"sender", "differences"}
_ORDER: Final[dict[State, int]] = {FAILED: 0, TO_DO: 1, DONE: 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is right, to be done, or wrong.

    :ivar kind: of :data:`KINDS`: which sentences say it
    :ivar record: model and id of what it is about, ("", 0) if it is about no single record
    :ivar about: its name
    :ivar since: UTC
    :ivar until: when something ends
    :ivar details: addresses, or other things, that the sentence names or depends on
    :ivar words: what the server said
    """

    kind: str
    state: State
    record: tuple[str, int] = ("", 0)
    about: str = ""
    since: datetime | None = None
    until: date | None = None
    count: int = 0
    details: tuple[str, ...] = ()
    words: str = ""

    @property
    def key(self) -> str:
        """Return what tells it from all other lines, and stays as long as it is wrong."""
        model, record_id = self.record
        return f"{self.kind}:{model},{record_id}" if model else ":".join(filter(None, (self.kind, self.about)))

    @property
    def is_alert(self) -> bool:
        """Tell whether somebody has to know at once."""
        return self.state == FAILED and self.kind in _ALERTS

    @property
    def is_sick(self) -> bool:
        """Tell whether a monitor is to raise an alarm."""
        return self.state == FAILED and self.kind in _SICK


@dataclass(frozen=True, slots=True)
class PasswordServer:
    """A server that signs in with a password.

    :ivar record: model and id, ("", 0) for the one of Odoo's configuration file
    :ivar is_incoming: it is read by IMAP or POP
    :ivar can_switch: it has the button that moves it to Microsoft's sign-in
    """

    record: tuple[str, int]
    name: str
    host: str
    is_incoming: bool = False
    can_switch: bool = False


def passwords(servers: Iterable[PasswordServer]) -> Iterator[Line]:
    """Yield the servers whose passwords Microsoft ends."""
    for server in servers:
        if is_microsoft_host(server.host):
            kind = "incoming" if server.is_incoming else "outgoing"
            details = (kind, "switch" if server.can_switch else "preset" if server.record[0] else "file")
            # After the date for SMTP, an administrator of Exchange may have switched it on again: a pause tells if not.
            yield Line("password", FAILED if server.is_incoming else TO_DO, server.record, server.name, until=PASSWORD_ENDS[kind],
                       details=details)


@dataclass(frozen=True, slots=True)
class End:
    """A secret, a certificate or a sign-in that ends.

    :ivar what: its name
    """

    record: tuple[str, int]
    about: str
    what: str
    ends: date


def ends(those: Iterable[End], today: date) -> Iterator[Line]:
    """Yield what has ended or ends within a month."""
    for one in those:
        if expiry.threshold(one.ends, today) is not None:
            yield Line("end", FAILED if one.ends <= today else TO_DO, one.record, one.about, until=one.ends, details=(one.what,))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row of ``office365.pause``: a server, or an address at it, was refused.

    :ivar address: empty for the server itself
    :ivar is_paused: its mail is on hold; else it was refused once or twice
    """

    server_id: int
    server: str
    address: str
    reply: str
    since: datetime
    is_paused: bool


def refusals(those: Iterable[Refusal], defaults: Collection[str]) -> Iterator[Line]:
    """Yield the servers that refuse all mail, their default sender, or other senders: one line each, however many senders that are.

    :param defaults: canonical addresses that Odoo's own mail leaves as. The first refusal of one of them counts: with it, notifications
        and links that users wait for are lost
    """
    groups: dict[tuple[str, int], list[Refusal]] = {}
    for one in sorted(those, key=lambda one: (one.since, one.address)):
        is_default = bool(one.address) and canonical_address(one.address) in defaults
        if one.is_paused or is_default:
            kind = "default_sender" if is_default else "sender" if one.address else "server"
            groups.setdefault((kind, one.server_id), []).append(one)
    for (kind, server_id), group in groups.items():
        first = group[0]
        yield Line(kind, FAILED, ("ir.mail_server", server_id), first.server, since=first.since, count=len(group),
                   details=tuple(one.address for one in group[:3] if one.address), words=first.reply)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An incoming server.

    :ivar failures: fetches in a row that failed
    :ivar is_refused: at the last of them, the sign-in was refused for a reason that does not pass by itself
    :ivar asked: when it was asked last
    :ivar changed: when its record was, perhaps by the fetch
    """

    server_id: int
    name: str
    is_confirmed: bool = True
    failures: int = 0
    is_refused: bool = False
    since: datetime | None = None
    asked: datetime | None = None
    changed: datetime | None = None
    words: str = ""
    differences: int = 0


def mailboxes(servers: Iterable[Mailbox], now: datetime) -> Iterator[Line]:
    """Yield the incoming servers that fail, that nobody asks, or whose mail is not accounted for."""
    for server in servers:
        record = ("fetchmail.server", server.server_id)
        if not server.is_confirmed:
            yield Line("unconfirmed", TO_DO, record, server.name)
            continue
        if server.failures:
            state: State = FAILED if server.is_refused or server.failures >= FAILURES else TO_DO
            yield Line("fetch", state, record, server.name, since=server.since, count=server.failures, words=server.words)
        elif server.asked and now - max(server.asked, server.changed or server.asked) > LONG:
            yield Line("not_fetched", FAILED, record, server.name, since=server.asked)
        if server.differences:
            yield Line("differences", FAILED, record, server.name, count=server.differences)


@dataclass(frozen=True, slots=True)
class Queue:
    """Mail that should have left.

    :ivar since: of the oldest
    :ivar alarming_since: of the oldest, without mass mail that waits for nothing but its turn
    """

    count: int = 0
    since: datetime | None = None
    alarming_since: datetime | None = None


def queue(waiting: Queue, now: datetime) -> Iterator[Line]:
    """Yield that mail waits."""
    if waiting.count:
        is_long = waiting.alarming_since is not None and now - waiting.alarming_since > LONG
        yield Line("waiting", FAILED if is_long else TO_DO, since=waiting.alarming_since if is_long else waiting.since, count=waiting.count)


def heartbeats(states: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    """Yield the set-ups whose daily test email does not come back, or is not even sent."""
    for beat in states:
        if beat["state"] in ("failing", "late"):
            state: State = FAILED if beat["state"] == "late" or beat["failures"] >= FAILURES else TO_DO
            yield Line("heartbeat", state, ("office365.setup", beat["setup_id"]), beat["name"], since=beat["last_success"],
                       count=beat["failures"], details=(beat["state"],))


def counted(kind: str, state: State, count: int, since: datetime | None = None, details: tuple[str, ...] = ()) -> Iterator[Line]:
    """Yield a line about what was counted, if there is any."""
    if count:
        yield Line(kind, state, since=since, count=count, details=details)


def as_shown(lines: Iterable[Line]) -> list[Line]:
    """Return the lines as they are shown: what is wrong first, and for what is right a line each."""
    wrong = list(lines)
    kinds = {line.kind for line in wrong}
    done = [Line(kind, DONE) for kind in KINDS if kind in SHOWN_IF_DONE - kinds]
    return sorted([*wrong, *done], key=lambda line: (_ORDER[line.state], KINDS.index(line.kind), line.until or date.min, line.about))
