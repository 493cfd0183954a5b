"""Sender Policy Framework (RFC 7208): what a domain's record says of addresses, and what it lacks."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .resolver import LookupFailed, Resolver

#: Terms that ask the name server (section 4.6.4); a receiver treats a record with more of them as broken.
MOST_LOOKUPS: Final = 10
_ASKS: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS: Final = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_TERM: Final = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?:(?P<sign>[:=])(?P<value>.*?))?(?P<prefix>(?:/\d+)?(?://\d+)?)",
                          re.IGNORECASE)
_RESULTS: Final = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Network = ipaddress.IPv4Network


class SpfError(Exception):
    """A record that receivers treat as broken (permerror), or as none.

    :ivar slug: ``missing``, ``several``, ``invalid``, ``too_many`` or ``include_missing``
    :ivar what: the term or name that it is about
    """

    def __init__(self, slug: str, what: str) -> None:
        super().__init__(f"{slug}: {what}")
        self.slug, self.what = slug, what


@dataclass(frozen=True)
class Term:
    """One term of a record: a mechanism with its result, or a modifier.

    :ivar result: ``pass``, ``fail``, ``softfail`` or ``neutral``; "" for a modifier
    :ivar prefix: length of an IPv4 prefix, 32 if none is given
    """

    name: str
    value: str = ""
    result: str = ""
    prefix: int = 32


@dataclass(frozen=True)
class Policy:
    """What a domain's record says.

    :ivar record: its text
    :ivar included: domains whose records it includes, in lower case, at any depth
    :ivar lookups: questions to the name server that it costs
    :ivar permitted: those of the networks that were asked about whose addresses may send
    """

    record: str
    included: frozenset[str]
    lookups: int
    permitted: frozenset[Network]


def is_record(text: str) -> bool:
    """Tell whether a TXT record is one of SPF (section 4.5)."""
    return re.match(r"v=spf1(?: |$)", text, re.IGNORECASE) is not None


def parse(record: str) -> list[Term]:
    """Return the terms of a record.

    :raise SpfError: ``invalid``
    """
    return [_term(text) for text in record.split()[1:]]


def _term(text: str) -> Term:
    found = _TERM.fullmatch(text)
    if not found:
        raise SpfError("invalid", text)
    name, value = found["name"].lower(), found["value"] or ""
    if found["sign"] == "=":
        if found["qualifier"]:
            raise SpfError("invalid", text)
        return Term(name, value + found["prefix"])
    is_unknown = name not in _MECHANISMS
    lacks_value = name in ("include", "ip4", "ip6", "exists") and not value
    if is_unknown or lacks_value or (name == "all" and (value or found["prefix"])):
        raise SpfError("invalid", text)
    if name in ("ip4", "ip6"):
        try:
            value = str(ipaddress.ip_network(f"{value}{found['prefix']}", strict=False))
        except ValueError:
            raise SpfError("invalid", text) from None
        if (":" in value) != (name == "ip6"):
            raise SpfError("invalid", text)
    first = re.match(r"/(\d+)", found["prefix"])
    prefix = int(first[1]) if first else 32
    if name in ("a", "mx") and prefix > 32:
        raise SpfError("invalid", text)
    return Term(name, value, _RESULTS[found["qualifier"]], prefix)


def read(resolver: Resolver, domain: str, networks: Iterable[Network] = ()) -> Policy:
    """Look up a domain's policy, to the end of all that it includes.

    :param networks: whose addresses it is asked about
    :raise SpfError: see there
    :raise LookupFailed: the name server did not answer
    """
    walk = _Walk(resolver, tuple(networks))
    record = walk.record(domain, "missing")
    results = walk.results(domain, record)
    permitted = frozenset(network for network, result in results.items() if result == "pass")
    return Policy(record, frozenset(walk.included), walk.lookups, permitted)


def completed(record: str, include: str, networks: Sequence[Network]) -> str:
    """Return a record with what it lacks, "" being none at all: the line to publish.

    :param include: domain to include, "" for none
    :param networks: to permit
    """
    added = [f"ip4:{network if network.prefixlen < 32 else network.network_address}" for network in networks]
    if include:
        added.append(f"include:{include}")
    terms = record.split() or ["v=spf1", "-all"]
    # What follows "all" is never asked (section 5.1), and "redirect" comes last by custom.
    ends = [place for place, text in enumerate(terms) if re.fullmatch(r"[+?~-]?all|redirect=.*", text, re.IGNORECASE)]
    place = ends[0] if ends else len(terms)
    return " ".join([*terms[:place], *added, *terms[place:]])


class _Walk:
    """One look-up of a policy. It does not stop at the first match, as a receiver does: each network has another."""

    def __init__(self, resolver: Resolver, networks: tuple[Network, ...]) -> None:
        self.resolver, self.networks = resolver, networks
        self.lookups = 0
        self.included: set[str] = set()

    def record(self, domain: str, slug: str) -> str:
        try:
            records = [text for text in self.resolver.texts(domain) if is_record(text)]
        except LookupFailed as error:
            if error.slug != "unknown_name":
                raise
            records = []
        if len(records) != 1:
            raise SpfError("several" if records else slug, domain)
        return records[0]

    def results(self, domain: str, record: str) -> dict[Network, str]:
        """Return what a record says of each network."""
        terms = parse(record)
        results: dict[Network, str] = {}
        for term in terms:
            if term.name in _ASKS and term.name != "redirect":
                self._count(term)
            for network in self._matching(term, domain):
                results.setdefault(network, term.result)
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect and not any(term.name == "all" for term in terms):
            self._count(redirect)
            results = {**self._of(redirect.value), **results}
        return results

    def _count(self, term: Term) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise SpfError("too_many", term.value or term.name)

    def _of(self, domain: str) -> dict[Network, str]:
        if "%" in domain:
            return {}  # a macro (section 7): it depends on the message
        self.included.add(domain.rstrip(".").lower())
        return self.results(domain, self.record(domain, "include_missing"))

    def _matching(self, term: Term, domain: str) -> list[Network]:
        if term.name == "all":
            return list(self.networks)
        if term.name == "include":
            results = self._of(term.value)
            return [network for network in self.networks if results.get(network) == "pass"]
        if term.name == "ip4":
            return [network for network in self.networks if network.subnet_of(ipaddress.IPv4Network(term.value))]
        if term.name in ("a", "mx"):
            hosts = self._hosts(term, term.value or domain)
            return [network for network in self.networks if any(network.subnet_of(host) for host in hosts)]
        return []

    def _hosts(self, term: Term, domain: str) -> list[Network]:
        """Return the networks of the hosts that an "a" or "mx" names; none if the name server has none, or for a macro."""
        if "%" in domain or not self.networks:
            return []
        try:
            names = self.resolver.mail_hosts(domain)[:MOST_LOOKUPS] if term.name == "mx" else [domain]
            addresses = [address for name in names if name for address in self.resolver.addresses(name)]
        except LookupFailed as error:
            if error.slug != "unknown_name":
                raise
            return []
        return [ipaddress.IPv4Network(f"{address}/{term.prefix}", strict=False) for address in addresses]
