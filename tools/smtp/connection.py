"""SMTP connection: `smtplib.SMTP` that waits a bounded time, keeps secrets out of the log, and can be opened again."""

import contextlib
import math
import smtplib
import socket
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..errors import ConnectionLost
from ..tls import certificate_facts
from . import wire as smtp_wire

#: A line slower than 128 kbit/s: a large message takes longer than the timeout, but not for ever.
OCTETS_A_SECOND: Final = 16_384
#: Seconds for the reply to QUIT, and for the last words of a server that hung up.
FAREWELL: Final = 5
# Connecting, verifying and signing in together, in timeouts: 30 s. Each of the ten steps may be slow, not all of them. With a message
# (:data:`.smtp._MESSAGE`) that leaves some of the 120 s after which Odoo ends a worker (``limit_time_real``), to write down what
# became of it.
_OPENING: Final = 1 / 2
_ANY_LOGIN: Final = object()


class SmtpConnection(smtplib.SMTP):
    """`smtplib.SMTP` whose waits are bounded, whose trace shows no secret and no message, and that can be opened again.

    ``timeout`` covers a reply as a whole, not each of its octets; opening has a deadline for all of its steps, from the name
    to the token.

    :ivar sign_on: called with the session and a mailbox: secures a fresh connection and signs the mailbox in
    :ivar login_name: mailbox that is signed in, None for a relay
    :ivar on_stage: called with name, seconds and detail of each stage that succeeded: resolve, connect, tls, sign_in, sender,
        recipients, content
    :ivar slot: makes what is held while a mailbox is signed in, across connections
    :ivar is_ended: it was closed for good
    :ivar ends_at: when all waits end, by `time.monotonic`, as the worker has to be done
    :ivar pooled: :meth:`quit` leaves the connection open for the next mail; the pool closes it
    """

    sign_on: Callable[["SmtpConnection", str | None], None]
    login_name: str | None = None
    on_stage: Callable[[str, float, str], None] | None = None
    slot: Callable[[str | None], contextlib.AbstractContextManager] = contextlib.nullcontext
    pooled = False
    ends_at = math.inf
    _until = math.inf

    def __init__(self, host: str = "", port: int = 0, *, timeout: float = 60.0, local_hostname: str | None = None) -> None:
        """Make a session that is not connected yet: :meth:`open` does that."""
        super().__init__(local_hostname=local_hostname, timeout=timeout)
        self._host, self._port = host, port
        self.is_ended = False
        self._slot: tuple[str | None, Callable[[], object]] | None = None
        self._failures: dict[object, Exception] = {}
        self._code = self._owed = 0
        self._stage_began = self._last_reply_at = time.monotonic()

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def open(self, login: str | None) -> None:
        """Connect and sign in.

        What went wrong once goes wrong again, without a try: a run with a thousand mails waits for a dead server once, and
        does not sign in a thousand times with a wrong password.

        :raise OSError: no connection
        :raise smtplib.SMTPException: a refusal
        """
        for failure in map(self._failures.get, (_ANY_LOGIN, login)):
            if failure:
                raise failure.with_traceback(None)
        self._drop()
        self._take_slot(login)
        self._stage_began = time.monotonic()
        try:
            with self._within(self.timeout * _OPENING):
                code, words = self.connect(self._host, self._port)
                if code != 220:
                    raise smtplib.SMTPConnectError(code, words)
                self.stage("connect", words.decode("utf-8", "replace"))
                self.sign_on(self, login)
        except BaseException as error:
            self.rest()
            if isinstance(error, Exception):
                self.give_up(error, login if isinstance(error, smtplib.SMTPAuthenticationError) else _ANY_LOGIN)
            raise
        if login:
            self.stage("sign_in", login)
        self.login_name = login

    def switch_login(self, login: str | None) -> None:
        """Go on as another mailbox, which takes another connection (RFC 4954 section 4: one AUTH a session)."""
        self._say_goodbye()
        self.open(login)

    def starttls(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Switch to TLS as `smtplib.SMTP.starttls`."""
        answer = super().starttls(*args, **kwargs)
        self.stage("tls", f"{self.sock.version()}; {certificate_facts(self.sock.getpeercert() or {})}")
        return answer

    def quit(self) -> tuple[int, bytes]:
        """Say QUIT and close; of a pooled session, only give it back. Never raises: what matters was answered before."""
        if self.pooled:
            return 250, b"2.0.0 Kept for the next message"
        try:
            return self._say_goodbye()
        finally:
            self.close()

    def close(self) -> None:
        """Close for good."""
        self.rest()
        self.is_ended = True

    def rest(self) -> None:
        """Hold nothing: no connection, no slot. The next message gets both anew."""
        try:
            self._drop()
        finally:
            self._leave_slot()

    def stage(self, name: str, detail: str) -> None:
        """Tell :attr:`on_stage` that a stage was passed, and how long it took."""
        now = time.monotonic()
        if self.on_stage:
            self.on_stage(name, now - self._stage_began, detail)
        self._stage_began = now

    def trace(self, *what: object) -> None:
        """Log what is said, if debugging is on."""
        if self.debuglevel > 0:
            self._print_debug(*what)

    def give_up(self, error: Exception, login: object = _ANY_LOGIN) -> None:
        """Let every further attempt to connect fail with this error."""
        self._failures[login] = error

    def was_not_opened_by(self, error: BaseException) -> bool:
        """Tell whether it is this error that kept a connection from being opened."""
        return any(error is failure for failure in self._failures.values())

    @property
    def failure(self) -> Exception | None:
        """What kept a connection from being opened, and will keep the next one."""
        return self._failures.get(_ANY_LOGIN) or self._failures.get(self.login_name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.trace("connect: to", host, port)
        addresses = smtp_wire.resolve(host, port, self._left(timeout))
        self.stage("resolve", ", ".join(dict.fromkeys(address[4][0] for address in addresses)))
        return smtp_wire.connect(addresses, self._left(timeout), self.source_address)

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Let all waits of a block together take so many seconds, and no longer than the worker may."""
        self._until = min(time.monotonic() + seconds, self.ends_at)
        try:
            yield
        finally:
            self._until = math.inf

    def time_left(self) -> float:
        """Return the seconds that are left to open the connection, or what else is being done."""
        return self._left(self.timeout)

    def _left(self, seconds: float) -> float:
        """Return how long a wait may take that would like so many seconds; next to nothing if the time is over."""
        return max(min(seconds, self._until - time.monotonic()), 0.001)

    def _drop(self) -> None:
        """Close the connection; the session can have another one."""
        smtplib.SMTP.close(self)
        self._owed = self._code = 0
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def _take_slot(self, login: str | None) -> None:
        if self._slot and self._slot[0] == login:
            return
        self._leave_slot()
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.slot(login))
            held = stack.pop_all()
        # The net below those who lose a session without closing it, such as a traceback that somebody keeps: whoever frees the
        # session frees the slot, too. Until then it stays taken, so nothing here relies on it, and a session refers to nothing
        # that refers back to it.
        finalizer = weakref.finalize(self, held.close)
        finalizer.atexit = False  # the end of the process ends the database session, and with it the slot
        self._slot = login, finalizer

    def _leave_slot(self) -> None:
        slot, self._slot = self._slot, None
        if slot:
            slot[1]()

    def _wake(self) -> None:
        """See to it that there is a connection, before anything of a message is written."""
        if self.is_ended:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        if self.sock is not None and self.file is not None and self.file.is_over(expecting=bool(self._owed)):
            self._drop()
        if self.sock is None:
            self.open(self.login_name)

    def _say_goodbye(self) -> tuple[int, bytes]:
        reply = 221, b""
        with contextlib.suppress(smtplib.SMTPException, OSError):  # a server that is gone needs no farewell
            if self.sock is not None:
                self.putcmd("QUIT")
                self._read_owed(FAREWELL)
                reply = self._read(FAREWELL)
        self._drop()
        return reply

    # ------------------------------------------------------------
    # Commands and replies
    # ------------------------------------------------------------

    def send(self, s: bytes | str) -> None:
        """Write as `smtplib.SMTP.send`, within a deadline, and traced without secrets and messages."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        data = s.encode(self.command_encoding) if isinstance(s, str) else s
        self.trace("send:", self._shown(data))
        try:
            self._write(data)
        except OSError as error:
            self._drop()
            raise ConnectionLost(error) from error

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply as `smtplib.SMTP.getreply`, within a deadline.

        :raise ConnectionLost: there is none, or what came is none
        """
        self._read_owed(self.timeout)
        return self._read(self.timeout)

    def _write(self, data: bytes) -> None:
        smtp_wire.send_all(self.sock, data, smtp_wire.Deadline(self._left(self.timeout + len(data) / OCTETS_A_SECOND)))
        self.sock.settimeout(self._left(self.timeout))

    def _read_owed(self, seconds: float) -> None:
        while self._owed:
            self._owed -= 1
            code, words = self._read(seconds)
            if self.sock is None:
                raise ConnectionLost(f"{code} {words.decode('utf-8', 'replace')}")

    def _read(self, seconds: float) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        if self.file is None:
            self.file = smtp_wire.ReplyReader(self.sock)
        try:
            code, words = self.file.reply(smtp_wire.Deadline(self._left(seconds)))
            self.sock.settimeout(self._left(self.timeout))  # of what smtplib does by itself: the TLS handshake
        except (OSError, EOFError, smtp_wire.MalformedReply) as error:
            self._drop()
            raise ConnectionLost(error) from error
        self.trace("reply:", code, words)
        self._code, self._last_reply_at = code, time.monotonic()
        if code == 421:  # "closing transmission channel", whatever it answers (RFC 5321 section 3.8)
            self._drop()
            self._code = code
        return code, words

    def _shown(self, data: bytes) -> str:
        """Return what a trace may show: no secret (base64 hides none) and no message."""
        if self._code == 354:
            return f"({len(data)} octets)"
        if self._code == 334:
            return "***"
        if data[:5].upper() == b"AUTH ":
            return "AUTH ***"
        return repr(data)
