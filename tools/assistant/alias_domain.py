"""What the assistant proposes for an alias domain and for the From filter of the outgoing server: from values alone."""

from collections.abc import Collection
from dataclasses import dataclass

from ..addresses import canonical_address, domain_of

CATCHALL, BOUNCE, DEFAULT_FROM = "catchall_alias", "bounce_alias", "default_from"
FIELDS = (CATCHALL, BOUNCE, DEFAULT_FROM)
# Core's own default.
_USUAL = {CATCHALL: "catchall", BOUNCE: "bounce"}

# Why a value is proposed, or stays.
ALLOWED = "allowed"
REACHES = "reaches"
NEEDS_CATCH_ALL = "needs_catch_all"
NEEDS_NO_PERMISSION = "needs_no_permission"
CONNECTOR = "connector"
EMPTY = "empty"


@dataclass(frozen=True)
class Proposed:
    """A value of an alias domain.

    :ivar field: a constant of this module
    :ivar value: as the field holds it; the present one if nothing better is known
    :ivar why: a constant of this module
    """

    field: str
    value: str
    why: str


def propose(
    name: str, mailbox: str, preset: str, *, present: dict[str, str], allowed: Collection[str] = (), taken: Collection[str] = (),
) -> list[Proposed]:
    """Return the values that fit the mailbox, one a field.

    :param name: of the alias domain
    :param mailbox: that sends and receives, "" if it is not known yet
    :param preset: ``submission``, ``relay`` or ``hve``
    :param present: values of the fields, empty for a new domain
    :param allowed: addresses that Exchange has shown to let the mailbox send as, canonical
    :param taken: addresses that create records or are a user's, canonical: core refuses them as catch-all
    """
    local, _at, domain = canonical_address(mailbox).rpartition("@")
    is_here = bool(local) and domain == domain_of(f"x@{name}")
    return [
        _catchall(local if is_here and f"{local}@{domain}" not in taken else "", present),
        _bounce(present),
        _default_from(name, mailbox, local if is_here else mailbox, preset, present, allowed),
    ]


def _catchall(local: str, present: dict[str, str]) -> Proposed:
    """Answers go to the catch-all: the mailbox itself gets them whatever is set up in Exchange, if it is of this domain."""
    if local and present.get(BOUNCE) != local:
        return Proposed(CATCHALL, local, REACHES)
    return Proposed(CATCHALL, present.get(CATCHALL) or _USUAL[CATCHALL], NEEDS_CATCH_ALL)


def _bounce(present: dict[str, str]) -> Proposed:
    """By client submission, the envelope sender is the mailbox anyway; it cannot be the catch-all: core tells them apart by the address."""
    return Proposed(BOUNCE, present.get(BOUNCE) or _USUAL[BOUNCE], NEEDS_CATCH_ALL)


def _default_from(
    name: str, mailbox: str, as_mailbox: str, preset: str, present: dict[str, str], allowed: Collection[str],
) -> Proposed:
    value = present.get(DEFAULT_FROM) or ""
    address = canonical_address(value if "@" in value else f"{value}@{name}") if value else ""
    if preset == "relay" and value:
        return Proposed(DEFAULT_FROM, value, CONNECTOR)
    if address and address in allowed:
        return Proposed(DEFAULT_FROM, value, ALLOWED)
    if as_mailbox and address != canonical_address(mailbox):
        return Proposed(DEFAULT_FROM, as_mailbox, NEEDS_NO_PERMISSION)
    return Proposed(DEFAULT_FROM, value, NEEDS_NO_PERMISSION if address else EMPTY)


def filter_with(present: str, domains: Collection[str], mailbox: str = "") -> str:
    """Return a From filter that lets these domains pass as well; what is there stays, as it is written.

    :param present: parts with commas between them, each a domain or an address
    :param mailbox: has to pass too: it stands in for who may not send
    """
    parts = [part.strip() for part in present.split(",") if part.strip()]
    covered = {canonical_address(part) for part in parts}
    missing = [domain for domain in dict.fromkeys(domains) if domain_of(f"x@{domain}") not in covered]
    covered |= {domain_of(f"x@{domain}") for domain in missing}
    own = canonical_address(mailbox)
    if own and own not in covered and own.rpartition("@")[2] not in covered:
        missing.append(own)
    return ",".join([*parts, *missing])


def uncovered(present: str, addresses: Collection[str]) -> list[str]:
    """Return the addresses that a From filter does not let pass; an empty one lets all pass, but is nobody's first choice."""
    covered = {canonical_address(part) for part in present.split(",") if part.strip()}
    return [address for address in addresses
            if canonical_address(address) not in covered and domain_of(address) not in covered] if covered else []
