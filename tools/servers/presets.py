"""What a preset fills in, and what of an administrator's input cannot work."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...const import (
    CLOUDS,
    DEFAULT_CLOUD,
    INCOMING_PRESETS,
    MAX_CONNECTIONS,
    MICROSOFT_SUFFIXES,
    MX_SUFFIXES,
    OUTGOING_PRESETS,
    WELL_KNOWN_PORTS,
    Preset,
)
from ..addresses import AddressError, parse_address

# A host name as people write it (RFC 1123 section 2.1, letters beyond ASCII as well); none that a URL or an address is mistaken for.
_HOST = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*\.?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """One reason why a server cannot work as it is filled in.

    :ivar slug: which sentence the administrator reads (the model layer holds the sentences, translated)
    :ivar details: values that the sentence names
    """

    slug: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class SignIn:
    """A sign-in by token, as far as it can be judged before it is tried.

    :ivar mailbox: user name of the server
    :ivar has_password: a password is filled in as well
    :ivar cloud: the server's cloud
    :ivar app_cloud: cloud of the app registration, None if none is chosen
    """

    mailbox: str = ""
    has_password: bool = False
    cloud: str = DEFAULT_CLOUD
    app_cloud: str | None = None


def typed_host(text: str) -> str:
    """Return a host name without what is copied along with it: spaces, the scheme and the path of a URL."""
    text = text.strip()
    host = _SCHEME.sub("", text, count=1)
    return (host.partition("/")[0] if host != text else host.rstrip("/")).strip()


def outgoing_values(preset: str, cloud: str) -> dict[str, Any]:
    """Return the ``ir.mail_server`` values that a preset fills in.

    :raise KeyError: the preset does not exist
    """
    settings = OUTGOING_PRESETS[preset]
    values = {
        "name": settings.name,
        "smtp_host": settings.hosts.get(cloud, False),
        "smtp_port": settings.port,
        "smtp_encryption": "starttls_strict",
        "smtp_authentication": "login",
        "office365_rate_limit": settings.rate,
        "office365_daily_limit": settings.daily,
        "office365_max_connections": MAX_CONNECTIONS,
    }
    if not settings.signs_in:
        values |= {"smtp_user": False, "smtp_pass": False}
    return values


def incoming_values(preset: str, cloud: str) -> dict[str, Any]:
    """Return the ``fetchmail.server`` values that a preset fills in.

    :raise KeyError: the preset does not exist
    """
    settings = INCOMING_PRESETS[preset]
    return {
        "name": settings.name,
        "server_type": preset,
        "server": settings.hosts.get(cloud, False),
        "port": settings.port,
        "is_ssl": True,
        **({"office365_after_fetch": "delete"} if preset == "pop" else {}),  # what is left there is fetched anew by whoever asks
    }


def outgoing_problems(
    preset: str,
    *,
    host: str,
    port: int,
    encryption: str,
    authentication: str,
    has_login: bool,
    is_personal: bool,
    mailbox: str = "",
    sign_in: SignIn | None = None,
) -> Iterator[Problem]:
    """Yield what makes an outgoing server of ours unusable, most basic first.

    :param has_login: a user name or a password is filled in
    :param is_personal: the server belongs to one user (core's personal servers, not ours to change)
    :param mailbox: user name of the server
    :param sign_in: who signs in by token, None if nobody does
    """
    settings = OUTGOING_PRESETS[preset]
    if is_personal:
        yield Problem("personal_server", {})
    yield from _host_problems(host, relay=preset == "relay")
    yield from _port_problems(settings, port)
    if encryption != "starttls_strict":
        yield Problem("tls_not_verified", {})
    if preset == "relay":
        if authentication not in ("login", "certificate"):
            yield Problem("relay_authentication", {})
        if has_login:
            yield Problem("relay_login", {})
        return
    yield from _mailbox_problems(mailbox)
    if authentication == "office365":
        yield from _sign_in_problems(sign_in or SignIn())
    elif authentication != "login":
        yield Problem("submission_authentication", {})


def incoming_problems(
    preset: str, *, host: str, port: int, is_ssl: bool, server_type: str, mailbox: str = "", sign_in: SignIn | None = None,
) -> Iterator[Problem]:
    """Yield what makes an incoming server of ours unusable, most basic first.

    :param mailbox: user name of the server
    :param sign_in: who signs in by token, None if a password does
    """
    settings = INCOMING_PRESETS[preset]
    if server_type != preset:
        yield Problem("server_type", {"expected": preset.upper()})
    yield from _host_problems(host, relay=False)
    yield from _port_problems(settings, port)
    if not is_ssl:
        yield Problem("tls_missing", {"port": settings.port})
    yield from _mailbox_problems(mailbox)
    if sign_in:
        yield from _sign_in_problems(sign_in)


def is_microsoft_host(host: str) -> bool:
    """Tell whether Microsoft runs this host, so that Microsoft's dates for passwords apply."""
    return _ends_with(host, MICROSOFT_SUFFIXES)


def _sign_in_problems(sign_in: SignIn) -> Iterator[Problem]:
    if not sign_in.app_cloud:
        yield Problem("app_missing", {})
    elif sign_in.app_cloud != sign_in.cloud:
        yield Problem("app_of_other_cloud", {"cloud": CLOUDS[sign_in.app_cloud]})
    if not sign_in.mailbox:
        yield Problem("mailbox_missing", {})
    if sign_in.has_password:
        yield Problem("password_beside_sign_in", {})


def _mailbox_problems(mailbox: str) -> Iterator[Problem]:
    """Yield why nobody can sign in with this user name: Exchange Online knows mailboxes by their address."""
    if not mailbox:
        return
    try:
        parse_address(mailbox)
    except AddressError as error:
        yield Problem(f"mailbox_{error.slug}", {"mailbox": mailbox})


def _host_problems(host: str, *, relay: bool) -> Iterator[Problem]:
    if not host:
        yield Problem("relay_host_missing" if relay else "host_missing", {})
        return
    if _is_ip_address(host):
        # Microsoft: use the DNS name, never an address; and an address cannot match a certificate. [MFD]
        yield Problem("host_is_address", {"host": host})
        return
    if not _HOST.fullmatch(host):
        yield Problem("host_malformed", {"host": host})
        return
    is_mx = _ends_with(host, MX_SUFFIXES)
    is_hve = _canonical(host) in OUTGOING_PRESETS["hve"].hosts.values()
    if relay and is_microsoft_host(host) and (not is_mx or is_hve):
        yield Problem("relay_host_signs_in", {"host": host})
    if not relay and is_mx and not is_hve:
        yield Problem("host_is_mx", {"host": host})


def _port_problems(settings: Preset, port: int) -> Iterator[Problem]:
    if not 0 < port < 65536:
        yield Problem("port_out_of_range", {"port": port, "expected": settings.port})
    elif port in WELL_KNOWN_PORTS and port not in settings.ports:
        yield Problem("port_of_other_protocol", {
            "port": port, "protocol": WELL_KNOWN_PORTS[port], "expected": settings.port,
        })


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip().strip("[]"))
    except ValueError:
        return False
    return True


def _canonical(host: str) -> str:
    return host.strip().rstrip(".").lower()


def _ends_with(host: str, suffixes: tuple[str, ...]) -> bool:
    return f".{_canonical(host)}".endswith(suffixes)
