"""Which addresses go into a script."""

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...addresses import AddressError, domain_of, parse_address

# The largest range that a connector takes (New-InboundConnector -SenderIPAddresses).
_SHORTEST_PREFIX = 24
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


def ip_ranges(text: str) -> tuple[str, ...]:
    """Return the IPv4 addresses and CIDR ranges that a person entered, separated by commas or spaces; each once.

    :raise ValueError: one of them is nothing that a connector recognizes a server by; its only argument is what was entered
    """
    return tuple(dict.fromkeys(_ip_range(part) for part in re.split(r"[,;\s]+", text) if part))


def _ip_range(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError(text) from None
    if network.prefixlen < _SHORTEST_PREFIX or network.is_private and not network.is_global and not _is_example(network):
        raise ValueError(text)
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _is_example(network: ipaddress.IPv4Network) -> bool:
    """Tell whether this is an address of guides (RFC 5737), which people try things with."""
    return any(network.subnet_of(ipaddress.IPv4Network(each)) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
