"""Which addresses go into a script."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...addresses import AddressError, domain_of, parse_address

# Identities of Exchange may have these: with one, a command is about more recipients than the one that was meant.
_WILDCARDS = frozenset("*?[]")


@dataclass(frozen=True)
class Listed:
    """Addresses of users, sorted out.

    :ivar kept: each once, in order
    :ivar malformed: not one plain address, or with wildcards
    :ivar foreign: of a domain that is not among ours
    """

    kept: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def listed(addresses: Iterable[str], domains: Collection[str], mailbox: str = "") -> Listed:
    """Sort out addresses for a script.

    :param domains: those of the tenant, in lower case; a sub-domain of one is one as well
    :param mailbox: left out, as it needs no permission for itself
    """
    kept, malformed, foreign = set(), set(), set()
    for text in addresses:
        try:
            address = parse_address(text)
        except AddressError:
            malformed.add(text)
            continue
        if _WILDCARDS & set(address):
            malformed.add(text)
        elif not _is_below(domain_of(address), domains):
            foreign.add(address)
        elif address != mailbox.lower():
            kept.add(address)
    return Listed(*(tuple(sorted(each)) for each in (kept, malformed, foreign)))


def _is_below(domain: str, domains: Collection[str]) -> bool:
    return any(domain == each or domain.endswith(f".{each}") for each in domains)
