"""SMTP session of our servers."""

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How one SMTP transaction ended.

    :ivar reply: the server's last reply, or what kept it from coming
    :ivar taken: whether the server took the message
    :ivar duration: seconds from MAIL to the last reply
    """

    envelope_from: str
    recipients: list[str]
    reply: str
    taken: bool
    duration: float


class SmtpSession(smtplib.SMTP):
    """`smtplib.SMTP` that knows its server, keeps secrets out of the log, and tells what became of each message.

    :ivar mail_server_id: id of the ``ir.mail_server`` it belongs to
    :ivar from_filter: read by core when it prepares a message
    :ivar smtp_from: From for which the server was chosen, read by core as well
    :ivar login_name: mailbox that is signed in, None for a relay
    :ivar sign_on: secures a fresh connection and signs a mailbox in
    :ivar on_outcome: called after each transaction
    """

    mail_server_id: int
    from_filter: str | None
    smtp_from: str | None
    login_name: str | None
    sign_on: Callable[[str | None], None]
    on_outcome: Callable[[Any, Outcome], None] | None = None

    def auth(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Authenticate as `smtplib.SMTP.auth`, but never traced: base64 hides no password from a debug log."""
        debuglevel, self.debuglevel = self.debuglevel, 0
        try:
            return super().auth(*args, **kwargs)
        finally:
            self.debuglevel = debuglevel

    def switch_login(self, login: str | None) -> None:
        """Go on as another mailbox, which takes another connection (RFC 4954 section 4: one AUTH a session)."""
        self.quit()
        self.connect(self._host, self._port)
        self.sign_on(login)

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect as `smtplib.SMTP.connect`, and remember the port for another time."""
        self._port = port
        return super().connect(host, port, source_address)

    def data(self, msg: bytes | str) -> tuple[int, bytes]:
        """Send the content as `smtplib.SMTP.data`, and keep the reply, which `sendmail` drops."""
        self._last_reply = super().data(msg)
        return self._last_reply

    def send_message(self, msg: Any, from_addr: Any = None, to_addrs: Any = None, *args: Any, **kwargs: Any) -> dict:
        """Send as `smtplib.SMTP.send_message`, and tell :attr:`on_outcome` how it ended."""
        started, reply, taken = time.monotonic(), "", False
        try:
            refused = super().send_message(msg, from_addr, to_addrs, *args, **kwargs)
            code, words = self._last_reply
            reply, taken = f"{code} {words.decode('utf-8', 'replace')}", True
            return refused
        except Exception as error:
            reply = _reply_of(error)
            raise
        finally:
            if self.on_outcome:
                self.on_outcome(msg, Outcome(
                    from_addr, list(to_addrs or ()), " ".join(reply.split()), taken, time.monotonic() - started))


def _reply_of(error: Exception) -> str:
    """Return the server's words in an error of `smtplib`, or the error's own."""
    if isinstance(error, smtplib.SMTPResponseException):
        code, words = error.smtp_code, error.smtp_error
    elif isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        code, words = next(iter(error.recipients.values()))
    else:
        return f"{type(error).__name__}: {error}"
    return f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
