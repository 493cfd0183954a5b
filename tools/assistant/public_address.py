"""Addresses by which a connector recognizes this server: IPv4, public, single ones or ranges of at most 256."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

Network = ipaddress.IPv4Network

# The largest range that Exchange takes for a connector (New-InboundConnector -SenderIPAddresses).
_SHORTEST_PREFIX: Final = 24
# What never reaches Exchange as the address of a sender (RFC 6890), first match wins. Those of documentation are left to guides.
_UNUSABLE: Final = tuple((ipaddress.IPv4Network(text), slug) for text, slug in (
    ("10.0.0.0/8", "private"), ("172.16.0.0/12", "private"), ("192.168.0.0/16", "private"), ("100.64.0.0/10", "carrier"),
    ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "private"), ("0.0.0.0/8", "reserved"), ("224.0.0.0/3", "reserved"),
))


class AddressUnusable(Exception):
    """An address that no connector can recognize this server by.

    :ivar slug: ``unreadable``, ``ipv6``, ``too_large``, ``private``, ``carrier`` (shared by many customers, RFC 6598), ``loopback`` or
        ``reserved``
    :ivar text: as it was entered
    """

    def __init__(self, slug: str, text: str) -> None:
        super().__init__(f"{text}: {slug}")
        self.slug, self.text = slug, text


def networks(text: str) -> list[Network]:
    """Return the addresses and ranges that a person entered, separated by commas or spaces; each once.

    :raise AddressUnusable: one of them cannot be used
    """
    return list(dict.fromkeys(_usable(part) for part in re.split(r"[,;\s]+", text) if part))


def network(text: str) -> Network:
    """Return an IPv4 address, or a range in CIDR notation.

    :raise AddressUnusable: ``unreadable`` or ``ipv6``
    """
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise AddressUnusable("unreadable", text) from None
    if isinstance(found, ipaddress.IPv6Network):
        raise AddressUnusable("ipv6", text)
    return found


def unusable(found: Network) -> str:
    """Return why a range never reaches Exchange, as a slug; "" if it may."""
    return next((slug for reserved, slug in _UNUSABLE if found.overlaps(reserved)), "")


def written(found: Sequence[Network]) -> str:
    """Return addresses as they are stored and shown."""
    return ", ".join(str(each if each.prefixlen < 32 else each.network_address) for each in found)


def _usable(text: str) -> Network:
    found = network(text)
    if found.prefixlen < _SHORTEST_PREFIX:
        raise AddressUnusable("too_large", text)
    if slug := unusable(found):
        raise AddressUnusable(slug, text)
    return found
