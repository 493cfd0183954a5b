"""Telling another system over HTTPS, signed as the Standard Webhooks specification has it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..bounded import within
from ..tls import client_context

#: Seconds for a delivery: name, connection, proxy and answer.
LONGEST: Final = 10
_TIMEOUT: Final = 5  # seconds, to connect and for each read
_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_MAX_URL: Final = 2000
_NO_URL: Final = re.compile(r"[\s\x00-\x1f\x7f<>\"\\^`{|}]")


def url_problem(url: str) -> str:
    """Return what keeps a webhook's address from being used, "" if nothing does.

    :return: ``malformed``, ``scheme`` (not HTTPS: whoever is on the way could read it) or ``login`` (a name or password in it would be in
        plain sight)
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "malformed"
    if parts.scheme.lower() != "https":
        return "scheme" if parts.scheme else "malformed"
    if not host or len(url) > _MAX_URL or _NO_URL.search(url) or not url.isascii() or parts.fragment:
        return "malformed"
    return "login" if "@" in parts.netloc else ""


def new_secret() -> str:
    """Return a new secret in the form that libraries for such webhooks take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def content(event: str, at: str, facts: Mapping[str, Any]) -> bytes:
    """Return the body of a message (JSON).

    :param event: such as ``alert.began``
    :param at: ISO 8601, UTC
    """
    return json.dumps({"type": event, "timestamp": at, "data": dict(facts)}, ensure_ascii=True, sort_keys=True).encode()


def signed(secret: str, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message.

    The time is signed along with it, so that somebody who got hold of it cannot send it again later.

    :param event_id: the same if it is sent again
    :param at: seconds since 1970, of this delivery
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "mail_office365",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def deliver(url: str, headers: Mapping[str, str], body: bytes, seconds: float = LONGEST) -> str:
    """Send a message; return "" if it was taken, else why not. Never raises for anything that the other side does.

    A redirect is an answer like any other: it is not followed, as nobody entered where it leads to. Of an answer nothing but the status is
    looked at, so that nothing can be read through this.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        status = within(seconds, _post, request)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _words(error)
    return "" if 200 <= status < 300 else f"HTTP {status}"


def _post(request: urllib.request.Request) -> int:
    opener = urllib.request.OpenerDirector()  # without what follows redirects, and without any other scheme
    opener.add_handler(urllib.request.ProxyHandler())
    opener.add_handler(urllib.request.HTTPSHandler(context=client_context()))
    answer = opener.open(request, timeout=_TIMEOUT)
    if answer is None:
        raise ValueError("not HTTPS")
    with answer:
        return int(answer.status)


def _words(error: Exception) -> str:
    """Return what went wrong. Texts of `http.client` may repeat an address, which may hold a token."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, OSError):
        return f"{type(reason).__name__}: {reason}"
    return type(error).__name__
