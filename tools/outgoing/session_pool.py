"""Transports of one queue run: one a server, for the mail of all senders."""

import contextlib
import math
from collections.abc import Callable

from ..transport import Transport


class SessionPool:
    """Keep each server's transport open until the run is over."""

    def __init__(self, ends_at: float = math.inf) -> None:
        """
        :param ends_at: when all waits of its transports end, by `time.monotonic`
        """
        self._ends_at = ends_at
        self._transports: dict[int, Transport] = {}
        self.is_open = True

    def __enter__(self) -> "SessionPool":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def take(
        self, server_id: int, make: Callable[[float], Transport], open_transport: Callable[[Transport], None],
    ) -> Transport:
        """Return the transport of a server, opened. Its :meth:`~.Transport.quit` gives it back.

        One that could not be opened stays, and remembers why: the server is not asked again in the run.

        :param make: makes it, with when its waits end
        :param open_transport: opens it, if it was not opened before
        :raise Exception: what opening it raised, now or earlier in this run
        """
        transport = self._transports.get(server_id)
        if transport is None or transport.is_ended:
            transport = self._transports[server_id] = make(self._ends_at)
        if not transport.was_opened:
            open_transport(transport)
        return transport

    def has(self, server_id: int) -> bool:
        """Whether :meth:`take` returns a transport that is open already."""
        transport = self._transports.get(server_id)
        return bool(transport and transport.was_opened and not transport.is_ended)

    def close(self) -> None:
        """Close all. A pool that was closed is none: a context may outlive the run."""
        self.is_open = False
        transports, self._transports = self._transports, {}
        with contextlib.ExitStack() as stack:  # whatever one of them raises, the others are closed
            for transport in transports.values():
                stack.callback(transport.close)
