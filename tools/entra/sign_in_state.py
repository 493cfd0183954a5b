"""Sign-ins that were begun in a browser, until it comes back from Microsoft: kept in the session, on the server.

The state of an authorization request (RFC 6749 section 10.12) ties what comes back to the session that began it; each works once.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final

LIFETIME: Final = 600  # seconds; Microsoft's own page gives up about then
_MOST: Final = 5  # a session keeps the newest; somebody may have several forms open


def new_state() -> str:
    """Return a state that nobody guesses."""
    return secrets.token_urlsafe(32)


def begin(pending: Mapping[str, Any] | None, state: str, entry: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return the pending sign-ins with one more, those that are too old left out.

    :param entry: what is needed to finish it
    :param now: seconds since the epoch
    """
    fresh = {key: kept for key, kept in (pending or {}).items() if now - kept["at"] < LIFETIME}
    return dict([*fresh.items(), (state, {**entry, "at": now})][-_MOST:])


def take(pending: Mapping[str, Any] | None, state: str, now: float) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the sign-in that a state belongs to, None if there is none or it is too old, and what is left without it."""
    left = dict(pending or {})
    entry = left.pop(state, None)
    return (entry if entry and now - entry["at"] < LIFETIME else None), left
