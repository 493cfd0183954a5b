"""A TCP proxy that adds a round trip: what comes in on one side goes out on the other a while later, nothing else changes.

It models latency, not bandwidth: each piece has its own due time, so pieces that follow each other closely arrive as closely,
and a pipelining client gains what it gains on a real line. Opening a connection costs a round trip as well: TCP's handshake.
"""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from servers.sockets import listen_local

_PIECE = 1 << 16


class Link:
    """The line to one server.

    :param port: port of the server on this machine
    :param round_trip: seconds
    :ivar port: port of this end of the line
    :ivar connections: number of connections made so far
    """

    host = "localhost"

    def __init__(self, port: int, round_trip: float) -> None:
        self._target = port
        self._one_way = round_trip / 2
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bench link", daemon=True)
        self._tasks: set[asyncio.Task] = set()
        self._servers: list[asyncio.AbstractServer] = []

    def __enter__(self) -> Link:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_error: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self.port, sockets = listen_local()
        for sock in sockets:
            self._servers.append(await asyncio.start_server(self._connected, sock=sock))

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        # SYN, SYN-ACK and ACK: the server hears of the connection one and a half round trips after the client asked for it.
        await asyncio.sleep(3 * self._one_way)
        their_reader, their_writer = await asyncio.open_connection("localhost", self._target)
        try:
            await asyncio.gather(self._carry(reader, their_writer), self._carry(their_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # one side is gone, or the line is taken down: the other hears of it below
        finally:
            for end in (writer, their_writer):
                end.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Read as fast as data comes; write each piece when it is due."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.ensure_future(self._arrive(under_way, target))
        try:
            while piece := await source.read(_PIECE):
                under_way.put_nowait((self._loop.time() + self._one_way, piece))
            under_way.put_nowait((self._loop.time() + self._one_way, b""))
            await arriving
        finally:
            arriving.cancel()

    async def _arrive(self, under_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not piece:
                if target.can_write_eof():
                    target.write_eof()
                return
            target.write(piece)
            await target.drain()
