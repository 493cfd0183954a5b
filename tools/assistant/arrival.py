"""What an email looks like after its way through Exchange."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from email.message import Message
from typing import Final

from ..addresses import canonical_address
from ..identity.authentication import is_genuine, results_of
from ..incoming.author import from_address
from ..incoming.headers import header, header_values, message_ids
from ..incoming.mailboxes import address_of
from ..incoming.recipients import named

#: The header by which Odoo's own mail names its records.
OBJECTS: Final = "X-Odoo-Objects"


@dataclass(frozen=True)
class Arrival:
    """An email as the mailbox handed it out.

    :ivar author: address in From, "" if it has none or several
    :ivar envelope_from: envelope sender as Exchange noted it in Return-Path; "" if it noted none
    :ivar references: all Message-Ids in References
    :ivar objects: value of X-Odoo-Objects
    :ivar is_named: some header still names the address that it was sent to
    :ivar is_genuine: Exchange says that it is from the address in From
    :ivar is_internal: Exchange says that its sender has signed in to the tenant
    :ivar results: what Exchange says of ``spf``, ``dkim``, ``dmarc`` and ``compauth``, as far as it says anything
    """

    author: str
    envelope_from: str
    message_id: str
    references: tuple[str, ...]
    objects: str
    is_named: bool
    is_genuine: bool
    is_internal: bool
    results: dict[str, str]


def arrival_of(message: Message, address: str, own_domains: Collection[str]) -> Arrival:
    """Return what an email arrived as.

    :param address: that it was sent to
    :param own_domains: of this database
    """
    sender = from_address(message)
    author = canonical_address(sender[1]) if sender else ""
    results, auth_as = header_values(message, "Authentication-Results"), header_values(message, "X-MS-Exchange-Organization-AuthAs")
    path = header(message, "Return-Path")
    wanted = canonical_address(address)
    found = named(message, {*own_domains, wanted.rpartition("@")[2]})
    return Arrival(
        author=author, envelope_from=canonical_address(address_of(path.strip("<> "))) if path else "",
        message_id="".join(message_ids(header(message, "Message-Id"))[:1]), references=tuple(message_ids(header(message, "References"))),
        objects=header(message, OBJECTS), is_named=any(canonical_address(each) == wanted for _name, those in found for each in those),
        is_genuine=is_genuine(author, results, auth_as), is_internal=auth_as == ["Internal"], results=results_of(results))
