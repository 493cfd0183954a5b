"""What an administrator types into the set-up: tidied as far as it is meant one way only, and what is wrong with the rest."""

import re
from email.utils import getaddresses
from typing import Final

from ..addresses import AddressError, ascii_address, canonical_domain, domain_of, parse_address
from ..entra.authority import is_directory_id, is_guid

_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*:/*", re.IGNORECASE)
_COMMON: Final = frozenset(("common", "organizations", "consumers"))
#: Domains of mailboxes that belong to persons: no Microsoft 365 organization has them.
_OF_PERSONS: Final = frozenset(("outlook.com", "hotmail.com", "live.com", "msn.com", "gmail.com"))
#: Domains that each tenant has beside its own, by cloud (learn.microsoft.com/microsoft-365/admin/setup/domains-faq).
_INITIAL: Final = (".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn")


def tidy_domain(text: str) -> str:
    """Return a domain without white space, scheme, path, ``@`` and what stands before it: people copy it from a browser or an address."""
    text = _SCHEME.sub("", text.strip())
    return text.partition("/")[0].rpartition("@")[2].strip().rstrip(".").lower()


def tidy_mailbox(text: str) -> str:
    """Return an address without white space, ``mailto:`` and display name; what holds no address, or several, stays as it is."""
    text = _SCHEME.sub("", text.strip())
    addresses = [address for _name, address in getaddresses([text]) if "@" in address]
    return addresses[0].lower() if len(addresses) == 1 and ("<" in text or " " not in text) else text


def tidy_id(text: str) -> str:
    """Return an id without white space, braces and quotes."""
    return text.strip().strip("{}\"'").strip().lower()


def domain_problem(domain: str) -> str:
    """Return what is wrong with a domain: ``malformed``, ``of_persons``; "" if nothing is, or if there is none yet."""
    if not domain:
        return ""
    try:
        canonical = canonical_domain(domain)
    except AddressError:
        return "malformed"
    if not is_directory_id(ascii_address(f"x@{canonical}").rpartition("@")[2]):
        return "malformed"  # an IP address, or characters that no domain has
    return "of_persons" if canonical in _OF_PERSONS else ""


def mailbox_problem(mailbox: str, domain: str) -> str:
    """Return what is wrong with a mailbox: ``malformed``, ``several``, or ``other_domain``, which is only likely to be wrong."""
    if not mailbox:
        return ""
    try:
        own = domain_of(parse_address(mailbox))
    except AddressError as error:
        return error.slug
    if not own or domain_problem(own) == "malformed":
        return "malformed"
    is_of_tenant = not domain or own == domain_of(f"x@{domain}") or own.endswith((f".{domain_of(f'x@{domain}')}", *_INITIAL))
    return "" if is_of_tenant else "other_domain"


def directory_problem(directory_id: str) -> str:
    """Return what is wrong with a directory id: ``common``, ``malformed``."""
    if not directory_id or is_directory_id(directory_id):
        return ""
    return "common" if directory_id in _COMMON else "malformed"


def client_problem(client_id: str, directory_id: str) -> str:
    """Return what is wrong with the id of an app registration: ``malformed``, or ``is_directory`` if it is the id of the directory."""
    if not client_id:
        return ""
    if not is_guid(client_id):
        return "malformed"
    return "is_directory" if client_id == directory_id else ""


def secret_problem(secret: str) -> str:
    """Return what is wrong with a client secret: ``is_id`` if it is the Secret ID, which stands beside the value in Entra."""
    return "is_id" if is_guid(secret.strip()) else ""
