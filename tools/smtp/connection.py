"""SMTP connection: `smtplib.SMTP` that waits a bounded time, keeps secrets out of the log, and can be opened again."""

import contextlib
import math
import smtplib
import socket
import ssl
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from ..errors import ConnectionLost, NoConnectionFree
from ..tls import certificate_facts
from ..transport import Transport
from . import wire as smtp_wire

#: A line slower than 128 kbit/s: a large message takes longer than the timeout, but not for ever.
OCTETS_A_SECOND: Final = 16_384
#: Seconds for the reply to QUIT, and for the last words of a server that hung up.
FAREWELL: Final = 5
# Connecting, verifying and signing in together, in timeouts: 30 s. Each of the ten steps may be slow, not all of them. With a message
# (:data:`.smtp._MESSAGE`) that leaves some of the 120 s after which Odoo ends a worker (``limit_time_real``), to write down what
# became of it.
_OPENING: Final = 1 / 2


class SmtpConnection(Transport, smtplib.SMTP):
    """`smtplib.SMTP` whose waits are bounded, whose trace shows no secret and no message, and that can be opened again.

    ``timeout`` covers a reply as a whole, not each of its octets; opening has a deadline for all of its steps, from the name
    to the token.
    """

    _until = math.inf

    def __init__(
        self, host: str = "", port: int = 0, *, timeout: float = 60.0, local_hostname: str | None = None, debug: bool = False,
        mail_server_id: int | None = None, from_filter: str | None = None, kept_until: float | None = None,
    ) -> None:
        """Make a session that is not connected yet: :meth:`open` does that.

        :param timeout: seconds for a reply
        :param debug: trace the session to the log, without sign-in and messages
        """
        Transport.__init__(self, mail_server_id, from_filter, kept_until=kept_until)
        smtplib.SMTP.__init__(self, local_hostname=local_hostname, timeout=timeout)
        self.set_debuglevel(debug)
        self._host, self._port = host, port
        self._slot: tuple[str | None, Callable[[], object]] | None = None
        self._code = self._owed = 0
        self._stage_began = self._last_reply_at = time.monotonic()

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def _open(self, login: str | None) -> None:
        """Connect and sign in.

        :raise OSError: no connection
        :raise smtplib.SMTPException: a refusal
        """
        self._drop()
        self._take_slot(login)
        self._stage_began = time.monotonic()
        with self._within(min(self.timeout * _OPENING, self.patience)):
            code, words = self.connect(self._host, self._port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            self.stage("connect", words.decode("utf-8", "replace"))
            self.observer.sign_on(self, login)
        if login:
            self.stage("sign_in", login)

    def _is_about_login(self, error: Exception) -> bool:
        return isinstance(error, (smtplib.SMTPAuthenticationError, NoConnectionFree))

    def switch_login(self, login: str | None) -> None:
        """Go on as another mailbox, which takes another connection (RFC 4954 section 4: one AUTH a session)."""
        self._say_goodbye()
        self.open(login, self.observer)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self.sock is not None

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """Greet as `smtplib.SMTP.ehlo`.

        :raise smtplib.SMTPHeloError: the server hangs up; HELO would only find out that there is no connection
        """
        code, words = super().ehlo(name)
        if code == 421:
            raise smtplib.SMTPHeloError(code, words)
        return code, words

    def starttls(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Switch to TLS as `smtplib.SMTP.starttls`."""
        answer = super().starttls(*args, **kwargs)
        tls = cast(ssl.SSLSocket, self.sock)
        self.stage("tls", f"{tls.version()}; {certificate_facts(tls.getpeercert() or {})}")
        return answer

    def close(self) -> None:
        """Say QUIT, and close for good."""
        try:
            self._say_goodbye()
        finally:
            self.rest()
            self.is_ended = True

    def rest(self) -> None:
        """Hold nothing: no connection, no slot. The next message gets both anew."""
        try:
            self._drop()
        finally:
            self._leave_slot()

    def stage(self, name: str, detail: str) -> None:
        """Tell :attr:`.Observer.on_stage` that a stage was passed, and how long it took."""
        now = time.monotonic()
        if self.observer.on_stage:
            self.observer.on_stage(name, now - self._stage_began, detail)
        self._stage_began = now

    def trace(self, *what: object) -> None:
        """Log what is said, if debugging is on."""
        if self.debuglevel > 0:
            self._print_debug(*what)  # type: ignore[attr-defined]

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.trace("connect: to", host, port)
        addresses = smtp_wire.resolve(host, port, self._left(timeout))
        self.stage("resolve", ", ".join(dict.fromkeys(address[4][0] for address in addresses)))
        return smtp_wire.connect(addresses, self._left(timeout), self.source_address)

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Let all waits of a block together take so many seconds."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = math.inf

    def time_left(self) -> float:
        """Return the seconds that are left to open the connection, or what else is being done."""
        return self._left(self.timeout)

    def _left(self, seconds: float) -> float:
        """Return how long a wait may take that would like so many seconds; next to nothing if the time is over."""
        return max(min(seconds, self.patience, min(self._until, self.ends_at) - time.monotonic()), 0.001)

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
            stack.enter_context(self.observer.slot(login))
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
            self.open(self.login_name, self.observer)

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

    def send(self, s: Any) -> None:
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
        sock = cast(socket.socket, self.sock)
        smtp_wire.send_all(sock, data, smtp_wire.Deadline(self._left(self.timeout + len(data) / OCTETS_A_SECOND)))
        sock.settimeout(self._left(self.timeout))

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
