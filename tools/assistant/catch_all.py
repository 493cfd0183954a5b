"""Whether a message shows that a catch-all works."""

from collections.abc import Collection
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from ..addresses import canonical_address, domain_of

# Octets of a header: what matters is short, and nobody has to be able to fill the memory.
_MOST = 64 * 1024


def reached_by(source: bytes, domain: str, mailbox: str, known: Collection[str]) -> str:
    """Return the address by which only a catch-all can have brought a message into the mailbox; "" if there is none.

    A message that names the mailbox, or somebody whose mail may be forwarded there, would have come without a catch-all.

    :param source: the message
    :param domain: the domain of the catch-all
    :param known: addresses of users, in the form of ``canonical_address``
    """
    message = BytesHeaderParser().parsebytes(source[:_MOST])
    headers = [str(value) for name in ("To", "Cc") for value in message.get_all(name, ())]
    addresses = [canonical_address(address) for _name, address in getaddresses(headers) if "@" in address]
    if any(address == canonical_address(mailbox) or address in known for address in addresses):
        return ""
    return next((address for address in addresses if domain_of(address) == canonical_address(domain)), "")
