"""Work ahead: while one mail is at the server, the next one is made ready.

A message of ours takes one round trip, and making it takes half as long. Done in turn, the line is idle a third of the time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final

_logger = logging.getLogger(__name__)

#: One mail at the server and one that is made ready. Making a third one ready takes the processor that the first two need.
AT_A_TIME: Final = 2

# Seconds that a mail which is ready keeps its transaction open for the one before. That one may wait for a row which this one
# has locked, and PostgreSQL cannot see such a deadlock: one of the two waits here.
_PATIENCE: Final = 5.0


class NotNow(BaseException):
    """Ends the work on a mail that was made ready and is not to be sent now, as something came up with the one before it.

    Like `queue_run.EndWithoutVerdict` it is no `Exception`: nobody on the way is meant to handle it.
    """


class Turn:
    """When a job may do what must not happen at the same time as in another: after all jobs before it have ended.

    :ivar is_over: the job before has failed, and so will the owner of the jobs when it learns that
    """

    def __init__(self, before: Future | None) -> None:
        """
        :param before: the job before; it ends after those before it
        """
        self._before = before
        self._at_server = threading.Event()
        self.is_over = False

    def take(self) -> None:
        """Wait for the turn a few seconds.

        :raise NotNow: it has not come, or :attr:`is_over`. Who gave up all locks can :meth:`wait` for it
        """
        if not self._comes(_PATIENCE) or self.is_over:
            raise NotNow

    def wait(self) -> None:
        """Wait until the jobs before have ended, however they did."""
        self._comes(None)

    def _comes(self, seconds: float | None) -> bool:
        if self._before:
            if not wait([self._before], seconds).done:
                return False
            self.is_over = self._before.exception() is not None
            self._before = None
        return True

    def pass_on(self) -> None:
        """Let the next job start: this one needs no processor for a while."""
        self._at_server.set()

    def wait_until_passed_on(self) -> None:
        """Wait for :meth:`pass_on`, called by the job or at its end."""
        self._at_server.wait()


class Lookahead:
    """Jobs in threads, two at a time, each with a database cursor of its own, whose turns come in the order of their start.

    One thread owns it, and only that one calls its methods.
    """

    def __init__(self, open_cursor: Callable[[], Any], name: str) -> None:
        """
        :param name: of the database, for the log
        """
        self._open_cursor, self._name = open_cursor, name
        self._threads: ThreadPoolExecutor
        self._apart: Any = None
        self._cursors: deque[Any] = deque()
        self._running: deque[tuple[Future, Turn, Callable[[Any], None]]] = deque()

    def __enter__(self) -> Lookahead:
        """Open the cursors.

        :raise psycopg2.Error: there are none left
        """
        try:
            for _number in range(AT_A_TIME):
                self._cursors.append(self._open_cursor())
        except BaseException:
            self._close_cursors()
            raise
        self._threads = ThreadPoolExecutor(AT_A_TIME, "office365.lookahead", initializer=self._begin_thread)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        try:
            if kind is None:
                self.drain()
        finally:
            self._threads.shutdown()
            for future, _turn, _done in self._running:
                if error := future.exception():
                    _logger.error("Another mail could not be dealt with, either.", exc_info=error)
            self._running.clear()
            self._close_cursors()

    @property
    def is_busy(self) -> bool:
        """Whether a job may be running."""
        return bool(self._running)

    def start(self, job: Callable[[Turn, Any], Any], done: Callable[[Any], None], apart: Any = None) -> None:
        """Start a job as soon as there is a thread for it, and the last one is at the server: until then, that one goes first.

        :param apart: jobs with the same one do not overlap
        :param job: called in a thread with its turn and its cursor
        :param done: called in the owner's thread with what the job returned, at the owner's next call after its end
        :raise Exception: what an earlier job raised
        """
        while len(self._running) >= AT_A_TIME:
            self._end_first()
        if apart is not None and apart == self._apart:
            self.drain()
        self._apart = apart
        before = None
        if self._running:
            before, turn, _done = self._running[-1]
            turn.wait_until_passed_on()
        turn, cursor = Turn(before), self._cursors[0]
        self._cursors.rotate()
        self._running.append((self._threads.submit(self._run, job, turn, cursor), turn, done))

    def drain(self) -> None:
        """Wait until all jobs have ended.

        :raise Exception: what one of them raised
        """
        while self._running:
            self._end_first()

    def _end_first(self) -> None:
        future, _turn, done = self._running.popleft()
        done(future.result())

    @staticmethod
    def _run(job: Callable[[Turn, Any], Any], turn: Turn, cursor: Any) -> Any:
        try:
            return job(turn, cursor)
        finally:
            turn.pass_on()
            turn.wait()  # whoever waits for this job means those before it, too

    def _begin_thread(self) -> None:
        threading.current_thread().dbname = self._name  # type: ignore[attr-defined]  # where Odoo's log looks for it

    def _close_cursors(self) -> None:
        for cursor in self._cursors:
            cursor.close()
        self._cursors.clear()
