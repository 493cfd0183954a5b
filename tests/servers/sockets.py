"""Listening on this machine only, on the same port for IPv4 and IPv6."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable

BACKLOG = 128
_ATTEMPTS = 20


def listen_local(port: int = 0, *, listen: bool = True) -> tuple[int, list[socket.socket]]:
    """Return (port, listening sockets) on 127.0.0.1 and, where the machine has it, ::1; port 0 chooses a free one.

    :param listen: False: only keep the port from others; clients are refused
    :raise OSError: if the port asked for is busy.
    """
    for attempt in range(_ATTEMPTS):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(_listener(socket.AF_INET, "127.0.0.1", port, listen))
            chosen = first.getsockname()[1]
            sockets = [first]
            try:
                if socket.has_ipv6:
                    sockets.append(stack.enter_context(_listener(socket.AF_INET6, "::1", chosen, listen)))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    if port or attempt == _ATTEMPTS - 1:
                        raise
                    continue
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
            stack.pop_all()
            return chosen, sockets
    raise AssertionError("not reached")


def _listener(family: socket.AddressFamily, address: str, port: int, listen: bool) -> socket.socket:
    # With the protocol named, asyncio sets TCP_NODELAY on what is accepted. Else the second of two pipelined replies would wait for
    # the client's acknowledgement of the first, which takes 40 ms on Linux.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        if listen:
            sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    port, sockets = listen_local()
    for sock in sockets:
        sock.close()
    return port


def next_free_port(start: int, taken: Iterable[int] = ()) -> int:
    """Return the first port from ``start`` on that nobody listens on and that is not in ``taken``.

    :raise OSError: if there is none among the next hundred.
    """
    for port in range(start, start + 100):
        if port in taken:
            continue
        try:
            sockets = listen_local(port)[1]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        for sock in sockets:
            sock.close()
        return port
    raise OSError(errno.EADDRINUSE, f"no free port from {start} on")
