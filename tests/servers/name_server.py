"""A name server on loopback, over UDP and TCP, with the faults of real ones.

    with NameServer() as names:
        names.add("contoso.example", "MX", "0 contoso-example.mail.protection.outlook.com.")
        names.silent.add("_dmarc.contoso.example")
        Resolver(["127.0.0.1"], names.port).mail_hosts("contoso.example")

It knows the names that were added and no others: NXDOMAIN is the answer for those. An alias (CNAME) is followed as far as the records
lead, in one answer, as a recursive server does; a loop of aliases is answered with the loop.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

# Octets of an answer over UDP without EDNS (RFC 1035 section 2.3.4); a longer one is asked for over TCP.
_UDP = 512


class NameServer:
    """The server and its records.

    :ivar silent: names that get no answer; ``"*"``: none gets one
    :ivar broken: names that are answered with SERVFAIL; ``"*"``: all
    :ivar asked: names that were asked for, with their types, in order
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> NameServer:
        answer = self.answer

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                if wire := answer(data, _UDP):
                    sock.sendto(wire, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                [length] = struct.unpack("!H", self.request.recv(2, socket.MSG_WAITALL))
                if wire := answer(self.request.recv(length, socket.MSG_WAITALL), 65535):
                    self.request.sendall(struct.pack("!H", len(wire)) + wire)

        servers = self._listening(Datagram, Stream)
        self.port = servers[0].server_address[1]
        for server in servers:
            self._stack.enter_context(server)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            self._stack.callback(server.shutdown)
        return self

    @staticmethod
    def _listening(datagram: type, stream: type) -> tuple[socketserver.ThreadingUDPServer, socketserver.ThreadingTCPServer]:
        """Return servers on one port that is free for both protocols; what the kernel hands out for one may be taken for the other."""
        for last in reversed(range(20)):
            udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), datagram)
            try:
                return udp, socketserver.ThreadingTCPServer(udp.server_address, stream)
            except OSError:
                udp.server_close()
                if not last:
                    raise
        raise AssertionError("not reached")

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def add(self, name: str, kind: str, *values: str) -> None:
        """Add records, as a zone file has them; a TXT without its quotes."""
        texts = [_quoted(value) for value in values] if kind == "TXT" else list(values)
        self._records.setdefault((name, kind), []).extend(texts)

    def clear(self) -> None:
        """Forget records and faults."""
        self._records.clear()
        for kept in (self.silent, self.broken, self.asked):
            kept.clear()

    def answer(self, wire: bytes, size: int) -> bytes:
        """Return the answer to a question, empty if there is none."""
        query = dns.message.from_wire(wire)
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if self.silent & {name, "*"}:
            return b""
        response = dns.message.make_response(query, recursion_available=True)
        if self.broken & {name, "*"}:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(response, name, kind)
        return _as_wire(response, size)

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            if values := self._records.get((name, kind)):
                response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *values))
                return
            if not (aliases := self._records.get((name, "CNAME"))):
                break
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *aliases))
            name = aliases[0].rstrip(".").lower()
        if not any(known == name for known, _kind in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)


def _quoted(text: str) -> str:
    """Return a text as the character strings of a record, 255 octets each at most (RFC 1035 section 3.3)."""
    return " ".join(f'"{text[start:start + 255]}"' for start in range(0, len(text), 255)) or '""'


def _as_wire(response: dns.message.Message, size: int) -> bytes:
    wire = response.to_wire(max_size=65535)
    if len(wire) <= size:
        return wire
    response.answer.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()
