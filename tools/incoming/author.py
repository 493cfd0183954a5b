"""From whom a message says that it is."""

from __future__ import annotations

from email.message import Message
from typing import Final

from .headers import header_values
from .mailboxes import address_of, elements_of, shown

# Characters; nobody's name and address have more.
_LONGEST: Final = 4000


def from_address(message: Message) -> tuple[str, str] | None:
    """Return display name and address of the one mailbox in From (RFC 5322 section 3.6.2), None if it cannot be told for certain.

    ``chief@contoso.example <x@fabrikam.example>`` is x: what stands before the brackets is a name, whatever it reads like. None for
    several mailboxes, several headers, a group, or what one program reads in one way and the next in another.
    """
    values = header_values(message, "From")
    if len(values) != 1 or len(values[0]) > _LONGEST:
        return None
    elements = elements_of(values[0])
    *others, last = elements.found
    if not elements.is_certain or last.is_open or len(last.brackets) > 1:
        return None
    if any("@" in other.name or other.brackets for other in others):  # "Doe, John <…>" is one mailbox, though nobody should write it so
        return None
    if last.brackets:
        name, address = ", ".join(element.name for element in elements.found), address_of(last.brackets[0])
    else:
        name, address = last.comment, "" if others or last.name != last.plain else address_of(last.plain)
    return (shown(name), address) if address else None
