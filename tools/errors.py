"""Refusals that people read about.

Each is a subclass of the error that core already handles at that place, so core's own handling (a message in the form,
the failure reason of a mail, the last error of a server) shows the sentence given here.
"""

import re
import smtplib
import ssl
from imaplib import IMAP4
from poplib import error_proto
from typing import Final

# Characters of an answer that are kept: some lines of 512 octets (RFC 5321 section 4.5.3.1.5) say all that people need.
_LONGEST: Final = 4000
# What `imapclient` puts before the server's words.
_COMMAND: Final = re.compile(r"^[a-z]+ failed: ")


class SmtpSignInRefused(smtplib.SMTPAuthenticationError):
    """The SMTP server refused the sign-in."""

    def __init__(self, code: int, reply: bytes | str, text: str) -> None:
        """
        :param code: SMTP reply code
        :param reply: the server's own words
        :param text: sentence for the administrator, with those words in it
        """
        super().__init__(code, reply)
        self.args = (text,)  # type: ignore[assignment]  # what core shows

    def __str__(self) -> str:
        return str(self.args[0])


#: The connection ended; core lets it through as it is.
Disconnected = smtplib.SMTPServerDisconnected


class ConnectionLost(smtplib.SMTPServerDisconnected):
    """The connection to the SMTP server ended, or went silent, before its reply.

    :ivar reason: what ended it
    :ivar in_doubt: the whole message had been sent by then, so the server may have taken it
    """

    def __init__(self, reason: object, *, in_doubt: bool = False) -> None:
        super().__init__(f"Connection unexpectedly closed: {reason}")  # as smtplib words it
        self.reason = reason
        self.in_doubt = in_doubt


class ImapSignInRefused(IMAP4.error):
    """The IMAP server refused the sign-in."""


class MailboxRefused(IMAP4.error):
    """The IMAP server signed in, but did not open the mailbox."""


class PopSignInRefused(error_proto):
    """The POP server refused the sign-in."""


class CertificateRefused(ssl.SSLError):
    """We refused the server, as its certificate cannot be verified."""

    def __str__(self) -> str:
        return self.args[0]


class NoConnectionFree(smtplib.SMTPConnectError):
    """We did not connect, as the mailbox has as many connections open as it may."""

    def __init__(self, text: str) -> None:
        """
        :param text: sentence for the administrator
        """
        # What Exchange says to one connection too many, so that it is read and retried as that.
        super().__init__(432, "4.3.2 Concurrent connections limit exceeded")
        self.args = (text,)  # type: ignore[assignment]  # what core shows

    def __str__(self) -> str:
        return str(self.args[0])


#: Those whose text is a sentence for the administrator.
SENTENCES: Final = (
    CertificateRefused, SmtpSignInRefused, NoConnectionFree, ImapSignInRefused, MailboxRefused, PopSignInRefused)


def smtp_reply_text(code: int, reply: bytes | str) -> str:
    """Return an SMTP reply as one line: ``535 5.7.3 Authentication unsuccessful``."""
    return f"{code} {_one_line(reply)}"


def words_of(error: Exception) -> str:
    """Return what the SMTP server said in an error of `smtplib`, in one line, or else what kept it from saying anything."""
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        return smtp_reply_text(*next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return smtp_reply_text(error.smtp_code, error.smtp_error)
    return _one_line(f"{type(error).__name__}: {error}")


def answer_text(error: Exception) -> str:
    """Return what an IMAP or POP server answered, from what `imapclient` or `poplib` made of it."""
    return _COMMAND.sub("", _one_line(error.args[0] if error.args else b""))


def storable(text: str) -> str:
    """Return what somebody said as PostgreSQL takes it, whatever it was: bounded, without NUL and lone surrogates."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} …"
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _one_line(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return storable(" ".join(text.split()))
