"""What the choice of an outgoing server depends on, in one short text that an index can hold.

A queue of a hundred thousand mails has few such texts, and is looked through by them instead of mail by mail.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# RFC 5321 4.5.3.1: 64 characters, "@" and 255. An index of PostgreSQL refuses a row of more than 2,704 bytes, and with it the mail.
_LONGEST = 320


@dataclass(frozen=True)
class Route:
    """What a mail says of the server that it wants to leave through.

    :ivar server: id of the server that it names, 0 if it leaves the choice to its From
    :ivar alias_domain: id of the alias domain whose notification address may stand in for From
    :ivar address: of From, normalized, "" if there is none
    """

    server: int = 0
    alias_domain: int = 0
    address: str = ""

    @property
    def text(self) -> str | None:
        """The route as it is stored; None if it is too long for an index."""
        if self.server:
            return str(self.server)  # whatever From says
        return f"0/{self.alias_domain}/{self.address}" if len(self.address) <= _LONGEST else None

    @classmethod
    def parse(cls, text: str) -> Route:
        """Return the route of a stored text."""
        server, *rest = text.split("/", 2)
        return cls(0, int(rest[0]), rest[1]) if rest else cls(int(server))


def alike(address: str, alias: str | None, named: Collection[str]) -> tuple[str, str]:
    """Return what two senders have in common for whom the same server is chosen.

    A From filter lists domains and whole addresses. So it is the domains of e-mail and alias that count, and an address as a whole only
    where a filter names it.

    :param address: e-mail, normalized
    :param alias: confirmed alias of whoever has that e-mail
    :param named: whole addresses in From filters, normalized
    """
    first, second = (each if each in named else each.rpartition("@")[2] for each in (address, alias or ""))
    return first, second
