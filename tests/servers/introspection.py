"""Where Dovecot asks about XOAUTH2 tokens: a tiny token introspection endpoint (RFC 7662, asked by GET) on 127.0.0.1.

The verifier of the directory judges a token *for a mailbox*, but Dovecot asks about the token alone. So the front
hands Dovecot a single-use ticket in the token's place, and the endpoint finds mailbox and token again by the
ticket. No token reaches Dovecot or its log.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
import urllib.parse

from . import replies
from .directory import Directory
from .sockets import listen_local

#: Microsoft's SASL string: ``user=<mailbox>^Aauth=Bearer <token>^A^A``.
XOAUTH2 = re.compile(rb"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01", re.IGNORECASE)


class Introspection:
    """The endpoint.

    :ivar url: what goes into Dovecot's ``introspection_url``; Dovecot appends the token.
    """

    def __init__(self, directory: Directory):
        self._directory = directory
        self._path = f"/{secrets.token_urlsafe(12)}"
        self._tickets: dict[str, tuple[str, str, str]] = {}
        self._unconnected: set[str] = set()
        self._servers: list[asyncio.AbstractServer] = []
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        port, sockets = listen_local()
        self.url = f"http://127.0.0.1:{port}{self._path}?token="
        for sock in sockets:
            self._servers.append(await asyncio.start_server(self._serve, sock=sock))

    async def stop(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()

    def with_ticket(self, blob: bytes, protocol: str) -> tuple[bytes, str]:
        """Return the base64 SASL response with a ticket in place of its token, and the ticket; as it was if it is not
        an XOAUTH2 response.

        :param protocol: "imap" or "pop"
        """
        try:
            found = XOAUTH2.fullmatch(base64.b64decode(blob, validate=True))
        except (binascii.Error, ValueError):
            found = None
        if not found:
            return blob, ""
        ticket = secrets.token_urlsafe(18)
        self._tickets[ticket] = protocol, found[1].decode("utf-8", "replace"), found[2].decode("utf-8", "replace")
        return base64.b64encode(b"user=%b\x01auth=Bearer %b\x01\x01" % (found[1], ticket.encode())), ticket

    def is_unconnected(self, ticket: str) -> bool:
        """Whether the sign-in with this ticket did not open the mailbox (IMAP: "authenticated but not connected")."""
        return ticket in self._unconnected

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        target = urllib.parse.urlsplit(head.split(b" ", 2)[1].decode("ascii", "replace"))
        ticket = urllib.parse.parse_qs(target.query).get("token", [""])[0]
        protocol, mailbox, token = self._tickets.pop(ticket, ("", "", ""))
        account = self._directory.accounts.get(mailbox.lower())
        valid = bool(target.path == self._path and account and getattr(account, f"{protocol}_enabled"))
        if valid:
            refusal = self._directory.judge_token(protocol, account.address, token)
            if refusal == replies.IMAP_NOT_CONNECTED:
                self._unconnected.add(ticket)
            valid = refusal in (None, replies.IMAP_NOT_CONNECTED)
        body = json.dumps({"active": valid, "username": mailbox.lower()} if valid else {"active": False}).encode()
        writer.write(
            b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
            % (b"200 OK" if valid else b"401 Unauthorized", len(body), body)
        )
        await writer.drain()
        writer.close()
