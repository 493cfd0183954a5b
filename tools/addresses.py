"""Addresses as people type them, and the one form in which we compare and store them."""

import re
from dataclasses import dataclass
from email.utils import getaddresses

import idna

# RFC 5321 4.1.2 dot-string; no quoted strings and no letters beyond ASCII: Exchange Online has no such addresses.
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)


class AddressError(ValueError):
    """The text is not one plain e-mail address.

    :ivar slug: ``malformed`` or ``several``
    """

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True)
class Mailbox:
    """A display name and an address (RFC 5322 3.4 calls the pair a mailbox)."""

    name: str
    address: str


def parse_address(text: str) -> str:
    """Return the one address that a person typed, in the form in which we store it.

    A bare address is wanted: a display name would only hide what is really used as From. The result is
    lower case with a Unicode domain, so that two spellings of one address can not be two aliases.

    :raise AddressError: no address, or more than one
    """
    text = text.strip()
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise AddressError("malformed")  # CR/LF would end the header: header injection
    if re.search(r"[,;]", text) and len([part for part in re.split(r"[,;\s]+", text) if "@" in part]) > 1:
        raise AddressError("several")
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or len(local.encode()) > 64:
        raise AddressError("malformed")
    return f"{local.lower()}@{canonical_domain(domain)}"


def canonical_domain(domain: str) -> str:
    """Return a domain in lower case Unicode form (RFC 5890 U-label), whichever form is given.

    :raise AddressError: not a domain name
    """
    try:
        canonical = idna.decode(idna.encode(domain.strip(), uts46=True))
    except idna.IDNAError as error:
        raise AddressError("malformed") from error
    if "." not in canonical:
        raise AddressError("malformed")
    return canonical


def domain_of(address: str) -> str:
    """Return the domain of an address as :func:`canonical_domain` writes it, or ``""`` if it has none."""
    try:
        return canonical_domain(address.rpartition("@")[2])
    except AddressError:
        return ""


def canonical_address(address: str) -> str:
    """Return an address, or a bare domain, in the form in which we compare; what has no domain name stays as it is."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local.lower()}{at}{domain_of(address) or domain.lower()}"


def ascii_address(address: str) -> str:
    """Return an address as it goes over the wire: the domain in ASCII (RFC 5890 A-label)."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address  # not a domain name, such as a plain user name: the server judges it


def honest_name(mailbox: Mailbox) -> Mailbox:
    """Return the mailbox without a display name that pretends to be another address.

    Many programs show the name alone, so ``"ceo@contoso.example" <x@fabrikam.example>`` reads as the wrong address.
    """
    claimed = re.findall(r"[^\s<>\"',;()]+@[^\s<>\"',;()]+", mailbox.name)
    if any(canonical_address(address) != canonical_address(mailbox.address) for address in claimed):
        return Mailbox("", mailbox.address)
    return mailbox


def mailbox_of(header: str) -> Mailbox | None:
    """Return the first mailbox of a From or Reply-To header, None if there is no address in it."""
    for name, address in getaddresses([header]):
        if "@" in address:
            return Mailbox(name, address)
    return None
