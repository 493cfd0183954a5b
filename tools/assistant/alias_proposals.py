"""Which alias the assistant proposes for each user, and why: from values alone, for all users at once."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..addresses import AddressError, canonical_address, domain_of, parse_address

# Where a proposal comes from.
IN_FORCE = "in_force"
PENDING = "pending"
EMAIL = "email"
LOGIN = "login"
LOGIN_NAME = "login_name"
NAME = "name"
NONE = "none"

#: Sources that somebody should look at: the address was made up.
GUESSED = (LOGIN_NAME, NAME)

# How letters are spelled where there are none but ASCII ones; what is not here loses its accent.
_SPELLED = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_LONGEST = 64  # RFC 5321 section 4.5.3.1.1


@dataclass(frozen=True)
class Person:
    """A user, as far as an alias depends on it.

    :ivar email: normalized, "" if there is none
    :ivar alias: what was asked for, "" if nothing was
    :ivar in_force: the confirmed alias, "" if there is none
    :ivar is_internal: False for portal users, who have no alias
    """

    user_id: int
    name: str
    login: str
    email: str = ""
    alias: str = ""
    in_force: str = ""
    is_internal: bool = True


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a user.

    :ivar address: "" if nothing could be found
    :ivar source: a constant of this module
    :ivar foreign: domain of the user's email, if the database does not send for it
    :ivar untagged: the email has a tag (``name+tag@``), which the proposal leaves out: Exchange delivers to such an address, but knows no
        mailbox of that name that one could send as
    :ivar taken_by: who or what has the address as well, "" if nothing
    """

    user_id: int
    address: str
    source: str
    foreign: str = ""
    untagged: bool = False
    taken_by: str = ""

    @property
    def is_ready(self) -> bool:
        """Tell whether it can be set as it is."""
        return bool(self.address) and not self.taken_by and self.source != IN_FORCE


def propose(
    people: Iterable[Person], *, allowed: Collection[str], domain: str, taken: Mapping[str, str] | None = None,
) -> list[Proposal]:
    """Return a proposal for each internal user, in their order.

    :param allowed: domains and single addresses that an alias may be of, canonical
    :param domain: of addresses that are made up, "" for none
    :param taken: what is no user's, such as mail aliases and the catch-all, and what it is; by address, canonical
    """
    people = list(people)
    found = [_candidate(person, allowed, domain) for person in people if person.is_internal]
    owners: dict[str, dict[int, str]] = {}
    for person in people:
        for address in (person.in_force, person.email, person.login):
            if "@" in address:
                owners.setdefault(canonical_address(address), {})[person.user_id] = person.name
    names = {person.user_id: person.name for person in people}
    for proposal in found:
        if proposal.address:
            owners.setdefault(proposal.address, {})[proposal.user_id] = names[proposal.user_id]
    return [_checked(proposal, owners, taken or {}) for proposal in found]


def local_part(text: str) -> str:
    """Return what of a name can stand before the @: ``Jürgen O'Brien`` is ``juergen.obrien``; "" if nothing can."""
    spelled = unicodedata.normalize("NFC", text).lower().translate(_SPELLED)
    plain = "".join(char for char in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(char))
    if any(char.isalpha() and not char.isascii() for char in plain):
        return ""  # a script that we cannot spell: half a name would be somebody else's
    words = re.sub(r"[^a-z0-9_-]+", ".", re.sub(r"['’`]", "", plain))
    return words.strip(".-_")[:_LONGEST].rstrip(".-_")


def _candidate(person: Person, allowed: Collection[str], domain: str) -> Proposal:
    """Return the best address for a user, whoever else wants it."""
    if person.in_force and person.in_force == person.alias:
        return Proposal(person.user_id, person.in_force, IN_FORCE)
    if person.alias:
        return Proposal(person.user_id, person.alias, PENDING)
    email_domain = domain_of(person.email) if person.email else ""
    foreign = "" if not person.email or _is_allowed(person.email, allowed) else email_domain or person.email.rpartition("@")[2]
    for source, text in ((EMAIL, person.email), (LOGIN, person.login)):
        if (address := _as_alias(text)) and _is_allowed(address, allowed):
            untagged = _without_tag(address)
            is_tagged = untagged != address and address not in allowed
            return Proposal(person.user_id, untagged if is_tagged else address, source, foreign, untagged=is_tagged)
    for source, text in ((LOGIN_NAME, "" if "@" in person.login else person.login), (NAME, person.name)):
        if domain and (local := local_part(text)):
            return Proposal(person.user_id, f"{local}@{domain}", source, foreign)
    return Proposal(person.user_id, "", NONE, foreign)


def _checked(proposal: Proposal, owners: Mapping[str, Mapping[int, str]], taken: Mapping[str, str]) -> Proposal:
    """Return the proposal with who or what has its address as well."""
    if not proposal.address or proposal.source == IN_FORCE:
        return proposal
    others = [name for user_id, name in owners[proposal.address].items() if user_id != proposal.user_id]
    by = next(iter(others), "") or taken.get(proposal.address, "")
    return Proposal(proposal.user_id, proposal.address, proposal.source, proposal.foreign, proposal.untagged, by)


def _as_alias(text: str) -> str:
    try:
        return parse_address(text)
    except AddressError:
        return ""


def _is_allowed(address: str, allowed: Collection[str]) -> bool:
    canonical = canonical_address(address)
    return canonical in allowed or domain_of(canonical) in allowed


def _without_tag(address: str) -> str:
    """Return an address without what follows a plus (Exchange Online: plus addressing is on)."""
    local, _at, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
