"""Whom a message names as its recipients: after a redirect in Exchange, the original one is in headers only."""

from __future__ import annotations

from collections.abc import Collection
from email.message import Message
from typing import Final

from ..addresses import canonical_address, domain_of
from .headers import header_values
from .mailboxes import addresses_in

#: Where an address of ours may stand, what its sender wrote first: then who redirected the message, then what servers on the way noted.
HEADERS: Final = (
    "To", "Cc", "Resent-To", "Resent-Cc", "Resent-From", "X-MS-Exchange-Inbox-Rules-Loop",
    "X-Original-To", "Delivered-To", "Envelope-To", "X-Forwarded-To",
)


def named(message: Message, own_domains: Collection[str]) -> list[tuple[str, list[str]]]:
    """Return the headers that name addresses of own domains, and which: bare, in lower case, each once, at its first place.

    :param own_domains: in any form; addresses have the domain as it is given here
    """
    own = {canonical_address(domain): domain.lower() for domain in own_domains}
    seen: set[str] = set()
    found = []
    for name in HEADERS:
        addresses = []
        for value in header_values(message, name):
            for address in addresses_in(value):
                local, _at, domain = address.rpartition("@")
                # Most are foreign ones in plain ASCII, for which the slow conversion is not needed.
                spelled = domain.lower()
                ours = own.get(spelled) or ("" if spelled.isascii() and "xn--" not in spelled else own.get(domain_of(address)))
                if ours and (bare := f"{local.lower()}@{ours}") not in seen:
                    seen.add(bare)
                    addresses.append(bare)
        if addresses:
            found.append((name, addresses))
    return found
