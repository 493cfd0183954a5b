"""What the public records of an email domain say about sending and receiving through Exchange Online.

Nothing here guesses: what is not published is not known. The model layer has the sentences (``office365_setup_records.py``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...const import DEFAULT_CLOUD, DKIM_SELECTORS, MX_SUFFIXES, SPF_INCLUDES
from ..checks import DONE, FAILED, TO_DO, State
from . import spf
from .public_address import Network, network, unusable
from .resolver import LookupFailed, Resolver

# Parents of a domain that are asked for its DMARC policy (RFC 7489 section 6.6.3 wants one, which only a list of suffixes tells).
_PARENTS: Final = 3


@dataclass(frozen=True)
class Finding:
    """One fact about a domain's records.

    :ivar record: ``mx``, ``spf``, ``dkim`` or ``dmarc``
    :ivar slug: which sentence an administrator reads; "" if there is nothing to say
    :ivar details: values that the sentence names
    """

    record: str
    state: State
    slug: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """What was found for a domain.

    :ivar mx_host: the host of Exchange Online that takes the domain's mail; "" if none is published
    :ivar findings: one or more of each record
    """

    mx_host: str
    findings: tuple[Finding, ...]


def look_up(resolver: Resolver, domain: str, *, networks: Sequence[Network] = (), cloud: str = DEFAULT_CLOUD) -> Records:
    """Look up the records of a domain. A record that cannot be looked up says so; the others are looked up all the same.

    :param networks: public addresses that are to send for the domain
    """
    domain = _name(domain)
    mx_host, mx = mail_host(resolver, domain)
    return Records(mx_host, (
        mx,
        *_asked("spf", lambda: list(_spf(resolver, domain, networks, SPF_INCLUDES[cloud]))),
        *_asked("dkim", lambda: [_dkim(resolver, domain)]),
        *_asked("dmarc", lambda: [_dmarc(resolver, domain)]),
    ))


def mail_host(resolver: Resolver, domain: str) -> tuple[str, Finding]:
    """Return the host of Exchange Online that takes the mail of a domain, as it is published, and what there is to say about that."""
    domain = _name(domain)
    try:
        hosts = resolver.mail_hosts(domain)
        if not hosts:
            return "", Finding("mx", FAILED, "mx_missing", {"domain": domain})
        if hosts == [""]:
            return "", Finding("mx", FAILED, "mx_null", {"domain": domain})
        found = next((host for host in hosts if is_exchange(host)), "")
        if not found:
            return "", Finding("mx", FAILED, "mx_elsewhere", {"domain": domain, "hosts": ", ".join(hosts)})
        addresses = resolver.addresses(found)
    except LookupFailed as error:
        return "", _failed("mx", error)
    if not addresses:
        return "", Finding("mx", FAILED, "mx_no_address", {"host": found})
    inside = [address for address in addresses if unusable(network(address))]
    if inside:
        return "", Finding("mx", FAILED, "mx_private", {"host": found, "address": inside[0]})
    return found, Finding("mx", DONE, "mx_found", {"host": found})


def is_exchange(host: str) -> bool:
    """Tell whether a host name is one that Exchange Online gives to a tenant."""
    return f".{host.rstrip('.').lower()}".endswith(MX_SUFFIXES)


def _name(domain: str) -> str:
    """Return a domain as the name server is asked for it, whatever was typed around it."""
    return domain.strip().strip("@.").lower()


def _asked(record: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except LookupFailed as error:
        return [_failed(record, error)]


def _failed(record: str, error: LookupFailed) -> Finding:
    return Finding(record, FAILED, error.slug, {"name": error.name})


def _spf(resolver: Resolver, domain: str, networks: Sequence[Network], include: str) -> Iterator[Finding]:
    try:
        policy = spf.read(resolver, domain, networks)
    except spf.SpfError as error:
        state: State = TO_DO if error.slug == "missing" else FAILED
        line = spf.completed("", include, networks) if error.slug == "missing" else ""
        yield Finding("spf", state, f"spf_{error.slug}", {"domain": domain, "what": error.what, "line": line})
        return
    without = [network for network in networks if network not in policy.permitted]
    is_included = include in policy.included
    line = spf.completed(policy.record, "" if is_included else include, without)
    if not is_included:
        yield Finding("spf", TO_DO, "spf_exchange_missing", {"include": include, "line": line})
    if without:
        yield Finding("spf", TO_DO, "spf_address_missing", {"addresses": ", ".join(map(str, without)), "line": line})
    if is_included and not without:
        yield Finding("spf", DONE, "spf_found", {"record": policy.record})


def _dkim(resolver: Resolver, domain: str) -> Finding:
    """Find the keys that Exchange signs with. The one that has its turn next may have no text yet."""
    published, with_key = [], []
    for name in (f"{selector}._domainkey.{domain}" for selector in DKIM_SELECTORS):
        target = _unless_unknown(resolver.alias, name, "")
        texts = _unless_unknown(resolver.texts, name, [])
        if target or texts:
            published.append(name)
        if any(tags(text).get("p") for text in texts):
            with_key.append(name)
    if not published:
        return Finding("dkim", TO_DO, "dkim_missing", {"domain": domain})
    if not with_key:
        return Finding("dkim", FAILED, "dkim_no_key", {"name": published[0]})
    if len(published) < len(DKIM_SELECTORS):
        missing = next(name for selector in DKIM_SELECTORS if (name := f"{selector}._domainkey.{domain}") not in published)
        return Finding("dkim", TO_DO, "dkim_half", {"name": missing})
    return Finding("dkim", DONE, "dkim_found", {"name": with_key[0]})


def _dmarc(resolver: Resolver, domain: str) -> Finding:
    labels = domain.split(".")
    for place in range(min(len(labels) - 1, _PARENTS + 1)):
        parent = ".".join(labels[place:])
        name = f"_dmarc.{parent}"
        records = [text for text in _unless_unknown(resolver.texts, name, []) if text.lower().startswith("v=dmarc1")]
        if len(records) > 1:
            return Finding("dmarc", FAILED, "dmarc_several", {"name": name})
        if records:
            found = tags(records[0])
            policy = (found.get("sp") if place else None) or found.get("p", "")
            if policy not in ("none", "quarantine", "reject"):
                return Finding("dmarc", FAILED, "dmarc_invalid", {"name": name, "record": records[0]})
            return Finding("dmarc", DONE, "dmarc_watches" if policy == "none" else "dmarc_found", {"name": name, "policy": policy})
    return Finding("dmarc", TO_DO, "dmarc_missing", {"domain": domain})


def tags(text: str) -> dict[str, str]:
    """Return the tags of a record of DKIM or DMARC (RFC 6376 section 3.2), their names in lower case."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): "".join(value.split()) for name, _sign, value in pairs}


def _unless_unknown(ask: Callable[[str], Any], name: str, otherwise: Any) -> Any:
    try:
        return ask(name)
    except LookupFailed as error:
        if error.slug != "unknown_name":
            raise
        return otherwise
