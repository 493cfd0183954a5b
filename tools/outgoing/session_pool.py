"""Sessions of one queue run: one a server, for the mail of all senders."""

import contextlib
import math
import smtplib
from collections.abc import Callable

from ..smtp.session import SmtpSession

#: Context key that holds the pool. A client can set any key to any JSON value, so only an instance of the class counts.
CONTEXT_KEY = "office365_sessions"


class SessionPool:
    """Keep each server's session open until the run is over.

    A server that could not be reached is not tried again in the run, and a refused mailbox does not sign in again: a thousand mails
    would wait for a thousand timeouts, or lock the mailbox out.
    """

    def __init__(self, ends_at: float = math.inf) -> None:
        """
        :param ends_at: when all waits of its sessions end, by `time.monotonic`
        """
        self._ends_at = ends_at
        self._sessions: dict[int, SmtpSession] = {}
        self._failures: dict[tuple[int, str | None], Exception] = {}
        self.is_open = True

    def __enter__(self) -> "SessionPool":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def take(self, server_id: int, login: str | None, open_session: Callable[[], SmtpSession]) -> SmtpSession:
        """Return the session of a server, opened if there is none. Its :meth:`~SmtpSession.quit` gives it back.

        :param login: mailbox that signs in if it is opened
        :raise Exception: what opening it raised, now or earlier in this run
        """
        session = self._sessions.get(server_id)
        if not self.has(server_id):
            for failure in map(self._failures.get, ((server_id, None), (server_id, login))):
                if failure:
                    raise failure.with_traceback(None)
            try:
                session = open_session()
            except Exception as error:
                self._failures[server_id, login if isinstance(error, smtplib.SMTPAuthenticationError) else None] = error
                raise
            session.pooled, session.ends_at = True, self._ends_at
            self._sessions[server_id] = session
        return session

    def has(self, server_id: int) -> bool:
        """Whether :meth:`take` returns a session that is there already."""
        return server_id in self._sessions and not self._sessions[server_id].is_ended

    def close(self) -> None:
        """Say QUIT to all. A pool that was closed is none: a context may outlive the run."""
        self.is_open = False
        with contextlib.ExitStack() as stack:  # whatever one of them raises, the others are closed
            for session in self._sessions.values():
                session.pooled = False
                stack.callback(session.quit)
        self._sessions.clear()
