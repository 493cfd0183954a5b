"""What the MX host of a tenant says to this server: is it reached, which address does it see, does it relay."""

import re
import smtplib
import ssl
import time
from dataclasses import dataclass
from typing import Final

from ..smtp.session import SmtpSession
from ..transport import Observer, Transport

#: Seconds to open the session, for each of the three replies after that, and for all of it: a person waits. Exchange takes some seconds
#: for one reply to those whom it does not know.
OPENING: Final = 5.0
REPLY: Final = 6.0
TOGETHER: Final = 10.0
#: Nobody gets a message there (RFC 2606 section 3), and none is sent: the session ends before the message.
OUTSIDE: Final = "relay-test@example.com"
_HELLO: Final = re.compile(r"\bHello \[([^\]\s]+)\]")


@dataclass(frozen=True)
class Answer:
    """What the host said.

    :ivar reached: whether a session was opened and secured
    :ivar address: as which it sees this server, "" if it does not say
    :ivar error: why it was not reached, or its refusal to relay; None if it relays
    """

    reached: bool
    address: str = ""
    error: Exception | None = None


def ask(host: str, port: int, *, sender: str, context: ssl.SSLContext) -> Answer:
    """Ask a host for a relay from a sender to an address outside, and leave before any message."""
    session = SmtpSession(host, port, timeout=2 * OPENING, kept_until=time.monotonic() + TOGETHER)  # opening takes half of the first

    def sign_on(transport: Transport, _login: str | None) -> None:
        assert transport is session
        session.starttls(context=context)
        session.ehlo_or_helo_if_needed()

    try:
        session.open(None, Observer(sign_on=sign_on))
        session.timeout = REPLY
        address = seen_address((session.ehlo_resp or b"").decode("utf-8", "replace"))
        return Answer(True, address, _refusal(session, sender))
    except (OSError, UnicodeError) as error:
        return Answer(False, error=error)
    finally:
        session.close()


def seen_address(hello: str) -> str:
    """Return the address in the reply to EHLO, "" if there is none."""
    found = _HELLO.search(hello)
    return found[1] if found else ""


def _refusal(session: SmtpSession, sender: str) -> Exception | None:
    try:
        code, words = session.mail(sender)
        if code != 250:
            return smtplib.SMTPSenderRefused(code, words, sender)
        code, words = session.rcpt(OUTSIDE)
        if code not in (250, 251):
            return smtplib.SMTPRecipientsRefused({OUTSIDE: (code, words)})
        session.rset()
    except OSError as error:
        return error
    return None
