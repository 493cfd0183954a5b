"""SMTP octets on a socket: connecting, reading and writing within a deadline, whatever the other side does.

`smtplib` bounds each ``recv`` alone, and waits for as many as the server likes to give: a byte a minute holds a worker for
hours. Here a deadline covers a connection, a reply or a piece of writing as a whole.
"""

import re
import socket
import ssl
import time
from typing import Any, Final

from ..bounded import within

# The longest line of SMTP is one of an AUTH exchange (RFC 4954 section 4); a reply line has 512 octets (RFC 5321 section 4.5.3.1.5).
_MAX_LINE: Final = 12_288
_MAX_REPLY: Final = 65_536
_BLOCK: Final = 65_536
_REPLY_LINE: Final = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)  # RFC 5321 section 4.2


class MalformedReply(Exception):
    """What came is no SMTP reply."""


class Deadline:
    """A moment until which a socket may take its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def bound(self, sock: socket.socket) -> None:
        """Let the socket's next operation end by then.

        :raise TimeoutError: it is later already
        """
        if (left := self._at - time.monotonic()) <= 0:
            raise TimeoutError(f"timed out after {self.seconds:g} s")
        sock.settimeout(left)


def resolve(host: str, port: int, seconds: float) -> list[tuple]:
    """Return the addresses of a host, as `socket.getaddrinfo`.

    :raise OSError: there is none (`socket.gaierror`), or none was told in time (`TimeoutError`)
    """
    try:
        return within(seconds, socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise socket.gaierror(socket.EAI_AGAIN, f"{host}: no answer of the name server in {seconds:.3g} s") from error


def connect(addresses: list[tuple], seconds: float, source_address: Any = None) -> socket.socket:
    """Connect to the first address that answers.

    They share the time, so that a dead one (an IPv6 route that leads nowhere) leaves some for the others, and all of them
    together take no longer than one.

    :param addresses: as `socket.getaddrinfo` returns them
    :raise OSError: none answered; the last one's error
    """
    until, error = time.monotonic() + seconds, OSError("the name has no address")
    for place, (family, kind, protocol, _name, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(until - time.monotonic(), 0.01) / (len(addresses) - place))
            if source_address:
                sock.bind(source_address)
            sock.connect(address)
            # The last, small segment of a message must not wait for the acknowledgement of those before (RFC 896).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as refusal:
            sock.close()
            error = refusal
    raise error


def send_all(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Write everything.

    :raise OSError: the connection broke, or the deadline passed: the other side has not got all of it
    """
    left = memoryview(data)
    while left:
        deadline.bound(sock)
        left = left[sock.send(left[:_BLOCK]):]


class ReplyReader:
    """Replies of one connection. It stands where `smtplib` keeps its file, and goes when that does: with STARTTLS, so that
    nothing said in plain text counts inside TLS (RFC 3207 section 4.2), and with the connection.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()

    def close(self) -> None:
        """Nothing: the socket belongs to the session."""

    def reply(self, deadline: Deadline) -> tuple[int, bytes]:
        """Return code and words of the next reply; the lines of a long one joined by line feeds.

        :raise EOFError: the connection was closed
        :raise OSError: it broke, or the deadline passed
        :raise MalformedReply: what came is no reply
        """
        words, size = [], 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if not found or size > _MAX_REPLY:
                raise MalformedReply(f"this is no SMTP: {bytes(line[:80])!r}")
            words.append((found[3] or b"").strip())
            if found[2] != b"-":
                return int(found[1]), b"\n".join(words)

    def is_over(self, *, expecting: bool) -> bool:
        """Tell, without waiting, whether the server has ended the connection, or says that it does.

        :param expecting: replies may be on their way; otherwise it can only be the 421 of a server that leaves
        """
        try:
            self._sock.settimeout(0)
            while received := self._sock.recv(_BLOCK):
                self._buffer += received
                if len(self._buffer) > _MAX_REPLY:
                    return True
            return True
        except (BlockingIOError, ssl.SSLWantReadError):
            return bool(self._buffer) and not expecting
        except OSError:
            return True

    def _line(self, deadline: Deadline) -> bytes:
        while (end := self._buffer.find(b"\n") + 1) == 0:
            if len(self._buffer) > _MAX_LINE:
                raise MalformedReply(f"a line without end: {bytes(self._buffer[:80])!r}")
            deadline.bound(self._sock)
            if not (received := self._sock.recv(_BLOCK)):
                raise EOFError("the server hung up")
            self._buffer += received
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line
