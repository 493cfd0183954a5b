"""The link that proves that a user reads an address: what it carries, how long it works, what became of it.

Two kinds of address are proved by it: a user's ``alias`` and their own ``email``.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal
from urllib.parse import urlsplit

# Signs nothing else: a signature made for another purpose is not a link, and a link is nothing else.
SCOPE = "mail_office365.address_link"
LIFETIME_HOURS = 48
LIFETIME = LIFETIME_HOURS * 3600
PAUSE = 60
DAY = 24 * 3600
LINKS_A_DAY = 10

Kind = Literal["alias", "email"]
State = Literal["ready", "used", "expired", "replaced", "archived", "invalid"]
MailState = Literal["sent", "waiting", "refused"]


def now() -> int:
    """Return the time, in seconds; tests set this clock."""
    return int(time.time())


@dataclass(frozen=True)
class Link:
    """What a link carries. It names no host, so it works under every address that leads to the database.

    :ivar nonce: makes the link the only one that works: each request draws another
    :ivar expires: seconds since the epoch
    """

    kind: Kind
    user_id: int
    address: str
    nonce: str
    expires: int

    @classmethod
    def new(cls, kind: Kind, user_id: int, address: str, at: int) -> "Link":
        """Return a link that works from now on."""
        return cls(kind, user_id, address, secrets.token_urlsafe(24), at + LIFETIME)

    @classmethod
    def from_values(cls, values: object) -> "Link | None":
        """Return the link that :meth:`to_values` wrote, None for anything else."""
        types = (str, int, str, str, int)
        if not isinstance(values, list) or list(map(type, values)) != list(types) or values[0] not in ("alias", "email"):
            return None
        return cls(*values)

    def to_values(self) -> list[str | int]:
        """Return the link as plain values, to be signed."""
        return list(astuple(self))


@dataclass(frozen=True)
class Claim:
    """What the database holds about an address of a user at this moment.

    :ivar usable: the user is active and internal
    :ivar address: what the user claims
    :ivar in_force: what is confirmed already
    :ivar digest: :func:`digest` of the nonce of the newest link; empty if there is none that works
    """

    usable: bool
    address: str
    in_force: str
    digest: str


def digest(nonce: str) -> str:
    """Return what is stored of a nonce: who reads the database cannot rebuild the link from it."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def judge(link: Link | None, claim: Claim | None, at: int) -> State:
    """Decide what opening a link comes to.

    :param link: what its signature vouches for; None if that does not hold
    :param claim: of the user it names; None if there is no such user
    """
    if link is None or claim is None:
        return "invalid"
    if not claim.usable:
        return "archived"
    is_newest = bool(claim.digest) and secrets.compare_digest(claim.digest, digest(link.nonce))
    if not is_newest and link.address == claim.in_force == claim.address:
        return "used"
    if not is_newest or link.address != claim.address:
        return "replaced"
    return "expired" if at >= link.expires else "ready"


def mail_state(queued: str | None, delivered: str | None, *, bounced: bool) -> MailState:
    """Return what became of the mail with a link.

    :param queued: state of the mail in the queue; None if it is not there any more: a mail that was sent is removed
    :param delivered: how its last delivery ended, as ``office365.delivery`` has it; None if another server sent it
    :param bounced: a delivery report came later
    """
    if queued == "outgoing":
        return "waiting"
    is_sent = queued == "sent" or (queued is None and delivered in ("sent", None))
    return "sent" if is_sent and not bounced else "refused"


def seconds_to_wait(sent: Sequence[int], at: int) -> int:
    """Return how long a user has to wait for the next link; 0 if not at all.

    :param sent: when links were sent to this user
    """
    recent = _of_last_day(sent, at)
    if len(recent) >= LINKS_A_DAY:
        return recent[-LINKS_A_DAY] + DAY - at
    return max(0, recent[-1] + PAUSE - at) if recent else 0


def with_one_more(sent: Sequence[int], at: int) -> list[int]:
    """Return the times to remember after a link was sent."""
    return [*_of_last_day(sent, at), at]


def _of_last_day(sent: Sequence[int], at: int) -> list[int]:
    return sorted(then for then in sent if at - DAY < then <= at)


def is_base_url(url: str | None) -> bool:
    """Tell whether a link in a mail can start with this URL."""
    try:
        parts = urlsplit(url or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
    except ValueError:  # such as an unclosed bracket in the host
        return False
