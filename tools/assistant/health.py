"""What a monitor is told of a database's mail, and who may ask."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from .overview import Line, Mailbox, Queue

_BYTES: Final = 32
#: Characters that a token may have; what is longer is not even hashed.
_LONGEST: Final = 200
#: Servers that are listed.
MOST: Final = 100
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")


def new_token() -> str:
    """Return a new token."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> str:
    """Return what is stored of a token. It is as long as a key and random, so that no salt and no slow digest are needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(given: str, digest: str) -> bool:
    """Tell whether this is the token, in a time that does not depend on how much of it is right."""
    given = given if len(given) <= _LONGEST else ""
    return hmac.compare_digest(digest_of(given), digest or "-" * 64) and bool(given)


def bearer(header: str) -> str:
    """Return the token in an ``Authorization`` header (RFC 6750 section 2.1), "" if there is none."""
    scheme, _space, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def answer(
    alerts: Sequence[Line], outgoing: Iterable[tuple[int, str]], incoming: Iterable[Mailbox], waiting: Queue,
    heartbeats: Iterable[Mapping[str, Any]], now: datetime,
) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the content of the answer.

    Neither holds what a server said, nor an address: whoever has the token needs to know that something is wrong, and where.

    :param alerts: what is wrong
    :param outgoing: id and name of each server
    :param now: UTC
    """
    wrong: dict[tuple[str, int], str] = {}
    for line in alerts:
        wrong.setdefault(line.record, line.kind)
    is_sick = any(line.is_sick for line in alerts)
    content = {
        "status": "failing" if is_sick else "ok",
        "time": _iso(now),
        "alerts": [{"kind": line.kind, "record": line.record[1] or None, "since": _iso(line.since)} for line in alerts[:MOST]],
        "outgoing": [
            {"id": server_id, "name": without_addresses(name), "state": wrong.get(("ir.mail_server", server_id), "ok")}
            for server_id, name in outgoing],
        "incoming": [
            {
                "id": box.server_id, "name": without_addresses(box.name),
                "state": wrong.get(("fetchmail.server", box.server_id), "ok" if box.is_confirmed else "unconfirmed"),
                "last_fetch": _iso(box.asked), "failures": box.failures,
            } for box in incoming],
        "waiting": waiting.count,
        "oldest_waiting_seconds": _seconds(waiting.since, now),
        "heartbeats": [
            {
                "id": beat["setup_id"], "name": without_addresses(beat["name"]), "state": beat["state"],
                "last_success": _iso(beat["last_success"]),
            } for beat in heartbeats],
    }
    return (503 if is_sick else 200), content


def _iso(moment: datetime | None) -> str | None:
    return f"{moment.isoformat(timespec='seconds')}Z" if moment else None


def _seconds(since: datetime | None, now: datetime) -> int:
    return max(int((now - since).total_seconds()), 0) if since else 0


def without_addresses(name: str) -> str:
    """Return a name that people have given, for outside: many name a server after its mailbox."""
    return _ADDRESS.sub("…", name)
