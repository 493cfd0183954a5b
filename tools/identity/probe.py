"""Probing which addresses Exchange lets a mailbox send as: what a reply means, which address is next, when to stop.

Exchange judges Send As after the final dot only, so a probe is a whole mail. And it locks a mailbox out of SMTP for an
undisclosed time after "continuous" refusals (Microsoft, *Continuous error throttling of SMTP AUTH submissions*), so a run
ends long before that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..diagnosis.reader import diagnose

ALLOWED, REFUSED, UNKNOWN = "allowed", "refused", "unknown"

# What a reply means.
TAKEN = "taken"
SEND_AS_DENIED = "send_as_denied"
LOCKED_OUT = "locked_out"
OTHER_REFUSAL = "other_refusal"
LATER = "later"
LOST = "lost"

# Why a run ended before its last address.
TOO_MANY_REFUSALS = "too_many_refusals"
NO_ANSWER = "no_answer"
RATE = "rate"

MAX_REFUSALS = 5
MAX_FAILURES = 3
# Exchange takes 30 messages a minute from a mailbox; the rest is for the mail of people.
MAX_ADDRESSES = 25
# Addresses that somebody waits for: they take some seconds. More of them are probed in the background.
AT_ONCE = 10


# Seconds until Exchange is asked again: a new permission takes up to an hour to work, a fault of the moment passes.
_ASKED_AGAIN = {REFUSED: 4 * 3600, UNKNOWN: 900}


@dataclass(frozen=True)
class Verdict:
    """What a probe found out.

    :ivar state: ``allowed``, ``refused`` or ``unknown``
    :ivar cause: what the reply means
    """

    state: str
    cause: str


def judge(reply: str, *, taken: bool) -> Verdict:
    """Return what the server's last words of a probe mean.

    :param reply: ``554 5.2.252 SendAsDenied; …``, or what kept a reply from coming
    :param taken: whether the server took the message
    """
    if taken:
        return Verdict(ALLOWED, TAKEN)
    diagnosis = diagnose(reply, protocol="smtp")
    if diagnosis.cause == "penalty_box":
        return Verdict(UNKNOWN, LOCKED_OUT)  # said to every address
    if diagnosis.cause == "send_as_denied":
        return Verdict(REFUSED, SEND_AS_DENIED)
    if reply[:1] not in ("4", "5"):
        return Verdict(UNKNOWN, LOST)
    return Verdict(UNKNOWN, LATER) if diagnosis.retryable else Verdict(REFUSED, OTHER_REFUSAL)


def said_by_mail(cause: str | None) -> str | None:
    """Return what the end of a mail of people shows about its From; None if it shows nothing.

    :param cause: why the server did not take it, None if it did
    """
    return {None: ALLOWED, "send_as_denied": REFUSED}.get(cause)


def holds(before: str | None, after: str) -> bool:
    """Tell whether a result stays known when Exchange is asked again: what was shown holds until the opposite is."""
    return before == after or (after == UNKNOWN and before is not None)


def is_due(state: str | None, seconds: float) -> bool:
    """Tell whether Exchange is to be asked by itself.

    :param state: of the last result, None if there is none
    :param seconds: since then
    """
    return state is None or (state != ALLOWED and seconds >= _ASKED_AGAIN[state])


def in_order(addresses: Iterable[str], before: Mapping[str, tuple[str, float]]) -> list[str]:
    """Return the addresses as they are to be probed: new ones, then the oldest results, those refused last.

    :param before: state and time of the last probe, by address
    """
    def rank(address: str) -> tuple[bool, float]:
        state, when = before.get(address, ("", 0.0))
        return state == REFUSED, when

    return sorted(addresses, key=rank)


@dataclass
class Run:
    """One round of probes.

    :ivar left: addresses that are not probed yet
    :ivar replies: last words of the server and whether it took the mail, by address
    :ivar stopped: why it ended early, a constant of this module
    :ivar earlier: state by address, of the parts of the same round before this one
    """

    left: list[str]
    replies: dict[str, tuple[str, bool]] = field(default_factory=dict)
    stopped: str | None = None
    earlier: Mapping[str, str] = field(default_factory=dict)

    def next(self) -> str | None:
        """Return the address to be probed now, None at the end of the run."""
        if self.left and not self.stopped and len(self.replies) >= MAX_ADDRESSES:
            self.stopped = RATE
        return self.left[0] if self.left and not self.stopped else None

    def note(self, address: str, reply: str, *, taken: bool) -> None:
        """Note how the probe of an address ended."""
        self.left.remove(address)
        self.replies[address] = (reply, taken)
        states = list(self.states().values())
        if self.verdicts()[address].cause == LOCKED_OUT:
            self.stopped = LOCKED_OUT
        elif states.count(REFUSED) >= MAX_REFUSALS:
            self.stopped = TOO_MANY_REFUSALS
        elif len(states) >= MAX_FAILURES and all(state == UNKNOWN for state in states[-MAX_FAILURES:]):
            self.stopped = NO_ANSWER

    def verdicts(self) -> dict[str, Verdict]:
        """Return what was found out, by address, in the order of the probes."""
        return {address: judge(reply, taken=taken) for address, (reply, taken) in self.replies.items()}

    def states(self) -> dict[str, str]:
        """Return the state of each address that was probed, in this part and those before."""
        return {**self.earlier, **{address: verdict.state for address, verdict in self.verdicts().items()}}

    def addresses(self, state: str) -> list[str]:
        """Return the addresses for which a state was found out."""
        return [address for address, verdict in self.verdicts().items() if verdict.state == state]
