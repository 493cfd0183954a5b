"""The proof of a set-up: an email goes out as a user, through Exchange, and comes back by the catch-all. What is known of it, and which leg
is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..addresses import canonical_address
from ..checks import DONE, FAILED, TO_DO, State
from ..diagnosis.reader import diagnose
from .arrival import Arrival

#: Legs and facts, in the order of the way.
LEGS: Final = ("sent", "author", "envelope", "arrived", "recipient", "authentication", "headers", "fetched")
#: Seconds: how long somebody waits, and when other folders of the mailbox are looked through. Exchange takes a minute at most as a rule.
PATIENCE: Final = 300
SEARCHES: Final = (30, 90, 180, 290)
#: Failed fetches in a row that end the wait: the first one is often the network.
_FETCHES: Final = 2

# What an email with the mark of a proof is.
PROVES, FORGED, FOREIGN, OTHER_SERVER, REPLAYED, LATE, CANCELLED = (
    "proves", "forged", "foreign", "other_server", "replayed", "late", "cancelled")


@dataclass(frozen=True)
class Ticket:
    """What this database keeps of a proof that it has sent.

    :ivar state: ``waiting``, ``done`` (it has come back), ``failed`` or ``cancelled``
    :ivar has_arrived: it came back before, whatever was found out
    :ivar ends: until when it counts, UTC
    :ivar server_id: id of the incoming server that is to fetch it
    """

    state: str
    has_arrived: bool
    ends: datetime
    server_id: int


def verdict(ticket: Ticket | None, *, is_signed: bool, server_id: int, now: datetime) -> str:
    """Return what an email with the mark of a proof is: :data:`PROVES`, or why it proves nothing.

    :param ticket: what is kept under its nonce, None if there is nothing
    :param is_signed: this database has signed that nonce
    :param server_id: id of the incoming server that fetched the email
    """
    if not is_signed:
        return FORGED
    if ticket is None:
        return FOREIGN
    if ticket.has_arrived:
        return REPLAYED
    if ticket.state == "cancelled":
        return CANCELLED
    if ticket.ends <= now:
        return LATE
    return PROVES if ticket.server_id == server_id else OTHER_SERVER


@dataclass(frozen=True)
class Facts:
    """What is known of one round trip.

    :ivar is_inside: it was sent by somebody who signs in, so that it never leaves the tenant
    :ivar author: address that it is to show in From
    :ivar message_id: as it was sent, as are ``reference`` and ``objects``
    :ivar sent: ``sent``, ``deferred`` or ``refused``; "" if it is not decided yet
    :ivar words: the server's words about a mail that was not sent
    :ivar left_as: address in From as it left Odoo, "" if that is not known; ``envelope_from`` likewise
    :ivar returned: why a delivery report says that it could not be delivered
    :ivar folder: where it lies in the mailbox, not fetched; ``is_junk`` if that is the folder of junk mail, ``is_fetched`` if Odoo
        fetches from it
    :ivar mailbox: another incoming server that fetched it
    :ivar failure: why the last fetch failed, ``failures`` how many in a row
    :ivar waited: seconds since it was sent
    :ivar is_over: nobody waits for it any more
    """

    is_inside: bool
    author: str
    message_id: str = ""
    reference: str = ""
    objects: str = ""
    sent: str = ""
    words: str = ""
    left_as: str = ""
    envelope_from: str = ""
    returned: str = ""
    folder: str = ""
    is_junk: bool = False
    is_fetched: bool = False
    mailbox: str = ""
    failure: str = ""
    failures: int = 0
    waited: float = 0.0
    is_over: bool = False
    arrival: Arrival | None = None


@dataclass(frozen=True)
class Finding:
    """What is known of one leg.

    :ivar leg: one of :data:`LEGS`
    :ivar slug: what was found, the sentence of which is elsewhere
    :ivar values: what stands in that sentence
    """

    leg: str
    state: State
    slug: str
    values: dict[str, str] = field(default_factory=dict)


def is_decided(facts: Facts) -> bool:
    """Tell whether there is nothing left to wait for."""
    return bool(
        facts.arrival or facts.sent in ("deferred", "refused") or facts.returned or facts.folder or facts.mailbox
        or facts.failures >= _FETCHES or facts.waited > PATIENCE)


def judge(facts: Facts) -> list[Finding]:
    """Return what is known of each leg; what is not known is to do."""
    found = {finding.leg: finding for finding in _findings(facts)}
    return [found.get(leg) or Finding(leg, TO_DO, "unknown") for leg in LEGS]


def broken(findings: Sequence[Finding]) -> Finding | None:
    """Return the first leg that is broken."""
    return next((finding for finding in findings if finding.state == FAILED), None)


def _findings(facts: Facts) -> Iterator[Finding]:
    if facts.arrival or facts.sent == "sent":
        yield Finding("sent", DONE, "sent")
    elif facts.sent:
        yield Finding("sent", FAILED, facts.sent, {"words": facts.words})
        return
    if (author := _author(facts)) and (facts.arrival or facts.left_as):
        yield author
    if facts.arrival:
        yield Finding("arrived", DONE, "arrived")
        yield Finding("fetched", DONE, "fetched")
        yield from _fidelity(facts, facts.arrival)
    else:
        yield from _missing(facts)


def _author(facts: Facts) -> Finding | None:
    wanted = canonical_address(facts.author)
    if facts.left_as and canonical_address(facts.left_as) != wanted:
        return Finding("author", FAILED, "left_otherwise", {"address": facts.left_as, "wanted": facts.author})
    if facts.arrival and facts.arrival.author != wanted:
        return Finding("author", FAILED, "rewritten", {"address": facts.arrival.author, "wanted": facts.author})
    return Finding("author", DONE, "shown", {"address": facts.author}) if facts.arrival else None


def _missing(facts: Facts) -> Iterator[Finding]:
    """Say where an email is that has not come back."""
    if facts.returned:
        cause = diagnose(facts.returned, protocol="smtp").cause
        slug = cause if cause in ("recipient_unknown", "routing_loop") else "returned"
        yield Finding("arrived", FAILED, slug, {"words": facts.returned})
    elif facts.mailbox:
        yield Finding("arrived", FAILED, "other_mailbox", {"mailbox": facts.mailbox})
    elif facts.folder and facts.is_fetched:
        yield Finding("arrived", DONE, "arrived")
        yield Finding("fetched", FAILED, "missed", {"folder": facts.folder})
    elif facts.folder:
        yield Finding("arrived", FAILED, "junk" if facts.is_junk else "folder", {"folder": facts.folder})
    elif facts.failure and facts.is_over:
        yield Finding("fetched", FAILED, "refused", {"words": facts.failure})
    elif facts.is_over and facts.sent:
        yield Finding("arrived", FAILED, "nowhere", {"seconds": str(round(facts.waited))})


def _fidelity(facts: Facts, arrival: Arrival) -> Iterator[Finding]:
    """Compare what arrived with what was sent."""
    if facts.envelope_from and arrival.envelope_from:
        same = arrival.envelope_from == canonical_address(facts.envelope_from)
        values = {"address": arrival.envelope_from, "wanted": facts.envelope_from}
        yield Finding("envelope", DONE if same else FAILED, "kept" if same else "rewritten", values)
    else:
        yield Finding("envelope", DONE, "untold")
    yield Finding("recipient", DONE if arrival.is_named else FAILED, "named" if arrival.is_named else "hidden")
    yield _authentication(arrival)
    changed = [name for name, is_kept in (
        ("Message-Id", arrival.message_id == facts.message_id), ("References", facts.reference in arrival.references),
        ("X-Odoo-Objects", arrival.objects == facts.objects)) if not is_kept]
    yield Finding("headers", FAILED if changed else DONE, "changed" if changed else "kept", {"names": ", ".join(changed)})


def _authentication(arrival: Arrival) -> Finding:
    if arrival.is_genuine:
        is_signed_in = arrival.is_internal and arrival.results.get("dmarc") != "pass"
        return Finding("authentication", DONE, "internal" if is_signed_in else "pass", dict(arrival.results))
    if not arrival.results:
        return Finding("authentication", FAILED, "untold")
    results = ", ".join(f"{name}={result}" for name, result in arrival.results.items())
    return Finding("authentication", FAILED, "fail", {"results": results})
