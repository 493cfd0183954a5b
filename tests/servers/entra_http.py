"""HTTP/1.1 over TLS (RFC 9112), as much as a token service needs, with records and faults."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import http
import json
import time
import urllib.parse
from collections.abc import Mapping

from .entra_errors import EntraError
from .faults import Delay, Dribble, Drop, Reset, Say
from .records import Connection, Records
from .session import reset
from .tls_listener import TlsListener

#: Steps for faults. CONNECT: before the handshake. The others: instead of the endpoint's answer.
ENTRA_STEPS = ("CONNECT", "CONFIGURATION", "KEYS", "AUTHORIZE", "TOKEN", "DEVICECODE", "ADMINCONSENT", "PAGE")
_LARGEST = 2**20  # octets of a form


@dataclasses.dataclass
class Request:
    """One request, without secrets.

    :ivar step: the endpoint, one of ENTRA_STEPS; empty: there is no such path.
    :ivar grant: ``grant_type`` of a token request.
    :ivar how: how the app signed in: "secret", "assertion" or empty.
    :ivar status: of the answer, 0 if none was sent; ``error``: OAuth's word in it; ``number``: of AADSTS.
    :ivar duration: seconds.
    """

    method: str
    path: str
    step: str = ""
    tenant: str = ""
    grant: str = ""
    client_id: str = ""
    scope: str = ""
    how: str = ""
    user_agent: str = ""
    status: int = 0
    error: str = ""
    number: int = 0
    time: float = dataclasses.field(default_factory=time.time)
    duration: float = 0.0


class Requests(Records[Request]):
    """The requests in the order they came."""

    def by_grant(self) -> collections.Counter[str]:
        """Return how often each grant asked for a token."""
        return collections.Counter(request.grant for request in self if request.step == "TOKEN")


@dataclasses.dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: str = ""
    kind: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    error: EntraError | None = None

    @classmethod
    def json(cls, content: dict, status: int = 200, headers: Mapping[str, str] | None = None, error: EntraError | None = None) -> Answer:
        """Answer a program."""
        return cls(status, json.dumps(content), headers=headers or {}, error=error)

    @classmethod
    def html(cls, page: str, status: int = 200) -> Answer:
        """Answer a person."""
        return cls(status, page, "text/html; charset=utf-8")

    @classmethod
    def redirect(cls, address: str) -> Answer:
        """Send the browser elsewhere."""
        return cls(302, headers={"Location": address})

    def octets(self, *, close: bool) -> bytes:
        """Return status line, header and body."""
        body = self.body.encode()
        lines = [
            f"HTTP/1.1 {self.status} {http.HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.kind}",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store, no-cache",
            "Pragma: no-cache",
            f"Connection: {'close' if close else 'keep-alive'}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclasses.dataclass(frozen=True)
class Call:
    """One request as it came.

    :ivar values: the query, or the form of a POST.
    """

    method: str
    path: str
    values: Mapping[str, str]
    headers: Mapping[str, str]


class HttpListener(TlsListener):
    """Serves calls; what they mean is for the subclass: :meth:`step` and :meth:`answer`."""

    requests: Requests

    def step(self, call: Call) -> str:
        """Return the endpoint that a call is for, one of ENTRA_STEPS, or nothing."""
        raise NotImplementedError

    def answer(self, call: Call) -> Answer:
        """Return what the endpoint answers."""
        raise NotImplementedError

    def refusal(self, call: Call, error: EntraError) -> Answer:
        """Return how the endpoint refuses."""
        raise NotImplementedError

    async def talk(self, record: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one call after the other."""
        while call := await _read(reader):
            record.commands.append(f"{call.method} {call.path}")
            close = call.headers.get("connection", "").lower() == "close"
            if not await self._serve_call(call, writer, close) or close:
                return

    async def _serve_call(self, call: Call, writer: asyncio.StreamWriter, close: bool) -> bool:
        """Answer a call; return whether the connection lives on."""
        request, begun = self._note(call), time.monotonic()
        fault = self.faults.strike(request.step, login=request.client_id)
        action = fault.action if fault else None
        if isinstance(action, Delay):
            await asyncio.sleep(action.seconds)
            action = None
        if action is None or isinstance(action, Dribble) or fault.delivered:
            answer = self.answer(call)
        if isinstance(action, EntraError):
            answer = self.refusal(call, action)
        request.duration = time.monotonic() - begun
        if isinstance(action, (Drop, Reset, Say)):
            self.requests.changed()
            if isinstance(action, Reset):
                reset(writer.transport)
            elif isinstance(action, Say):
                writer.write(action.data)
                await writer.drain()
            return isinstance(action, Say) and not action.close
        request.status = answer.status
        if answer.error:
            request.error, request.number = answer.error.error, answer.error.number
        self.requests.changed()
        octets = answer.octets(close=close)
        if isinstance(action, Dribble):
            for place in range(len(octets)):
                writer.write(octets[place : place + 1])
                await writer.drain()
                await asyncio.sleep(action.seconds)
            return True
        writer.write(octets)
        await writer.drain()
        return True

    def _note(self, call: Call) -> Request:
        values, step = call.values, self.step(call)
        how = "secret" if "client_secret" in values else "assertion" if "client_assertion" in values else ""
        request = Request(
            call.method, call.path, step, tenant=call.path.lstrip("/").partition("/")[0], grant=values.get("grant_type", ""),
            client_id=values.get("client_id", ""), scope=values.get("scope", ""), how=how, user_agent=call.headers.get("user-agent", ""))
        self.requests.append(request)
        return request


async def _read(reader: asyncio.StreamReader) -> Call | None:
    """Return the next call; None: the client is gone or does not speak HTTP."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _version = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines if line)}
        length = int(headers.get("content-length", 0))
        if not 0 <= length <= _LARGEST:
            return None
        body = (await reader.readexactly(length)).decode()
        parts = urllib.parse.urlsplit(target)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
        return None
    values = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    if method == "POST":
        values |= dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
    return Call(method, parts.path, values, headers)
