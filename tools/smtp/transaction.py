"""One SMTP transaction as values: which commands go together, what their replies come to. No socket here.

RFC 5321 (MAIL, RCPT, DATA), 1870 (SIZE), 2920 (PIPELINING), 3030 (CHUNKING).
"""

import re
import smtplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

#: Content up to here goes out together with MAIL and RCPT, before their replies are known. That saves a round trip, some 40 ms;
#: if the server refuses sender or recipients, the content was sent in vain, which takes a second for this much on a slow line.
#: Below it, refusals have to be frequent before the bet is lost; an attachment of many MB is not worth it.
MAX_EAGER: Final = 1_000_000
# Commands in one write. Their replies, 512 octets each at most, have to fit into the socket's buffer, or both sides wait for
# each other (RFC 2920 section 3.1).
_MAX_GROUP: Final = 100

MAIL, RCPT, DATA, BDAT, CONTENT = "MAIL", "RCPT", "DATA", "BDAT", "CONTENT"
_END_OF_DATA: Final = b".\r\n"

_LONE_CR_OR_LF: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_NEWLINE: Final = re.compile(r"[\r\n]")


@dataclass(frozen=True)
class Command:
    """What gets a reply: a command, or the content after DATA.

    :ivar verb: a constant of this module
    :ivar line: the command line with its end
    :ivar content: octets of the message that follow it at once
    :ivar recipient: whom an RCPT is about
    """

    verb: str
    line: bytes
    content: bytes = b""
    recipient: str | None = None


def octets(group: Iterable[Command]) -> bytes:
    """Return commands as they go over the wire."""
    return b"".join(part for command in group for part in (command.line, command.content))


def after_data(content: bytes) -> Command:
    """Return canonical content as it follows DATA, dots stuffed (RFC 5321 section 4.5.2). Without any, it is the lone dot that
    ends a transaction whose recipients were refused (RFC 2920 section 3.1).
    """
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return Command(CONTENT, b"", (b"." if stuffed.startswith(b".") else b"") + stuffed + _END_OF_DATA)


def canonical(message: bytes | str) -> bytes:
    """Return a message with CRLF at the end of every line, the last included.

    A bare line feed is what Exchange refuses as 5.6.11, and what SMTP smuggling is made of.
    """
    content = message.encode("ascii") if isinstance(message, str) else bytes(message)
    if not content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n"):
        content = _LONE_CR_OR_LF.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


@dataclass(frozen=True)
class Transaction:
    """A message and its envelope.

    :ivar content: canonical
    :ivar mail_options: parameters of MAIL beside SIZE
    :ivar features: keywords of the server's EHLO in lower case, with their values
    """

    sender: str
    recipients: Sequence[str]
    content: bytes
    features: dict[str, str]
    mail_options: Iterable[str] = ()
    rcpt_options: Iterable[str] = ()

    def groups(self, *, eager: bool) -> list[list[Command]]:
        """Return the commands, those in one list to be written together.

        :param eager: the content may go before MAIL and RCPT are answered
        :raise ValueError: an address would break a command line
        :raise smtplib.SMTPNotSupportedError: an address needs SMTPUTF8, which the server does not have
        """
        opening = [self._mail(), *(self._rcpt(recipient) for recipient in self.recipients)]
        last = self._content()
        if "pipelining" not in self.features:
            return [[command] for command in (*opening, last)]
        groups = [opening[start:start + _MAX_GROUP] for start in range(0, len(opening), _MAX_GROUP)]
        if last.verb == BDAT and (not eager or len(last.content) > MAX_EAGER or len(groups) > 1):
            return [*groups, [last]]
        return [*groups[:-1], [*groups[-1], last]]

    def check_size(self) -> None:
        """Refuse what the server would refuse after all of it was sent (RFC 1870 section 6.1).

        :raise smtplib.SMTPSenderRefused: as if the server had done it at MAIL
        """
        value, size = self.features.get("size", ""), len(self.content)
        limit = int(value) if value.isdecimal() else 0
        if limit and size > limit:
            words = f"5.3.4 Message too large, not sent: it has {size / 1e6:.1f} MB, this server takes {limit / 1e6:.1f} MB"
            raise smtplib.SMTPSenderRefused(552, words.encode(), self.sender)

    def _mail(self) -> Command:
        if names(self.mail_options, "SMTPUTF8") and "smtputf8" not in self.features:
            raise smtplib.SMTPNotSupportedError("SMTPUTF8 not supported by server")
        options = list(self.mail_options) if self.features else []
        if "size" in self.features:
            options.append(f"SIZE={len(self.content)}")
        return self._command(MAIL, f"MAIL FROM:{_quoted(self.sender)}", options)

    def _rcpt(self, recipient: str) -> Command:
        options = self.rcpt_options if self.features else []
        return self._command(RCPT, f"RCPT TO:{_quoted(recipient)}", options, recipient)

    def _content(self) -> Command:
        if "chunking" in self.features:
            return Command(BDAT, b"BDAT %d LAST\r\n" % len(self.content), self.content)
        return Command(DATA, b"DATA\r\n")

    def _command(self, verb: str, start: str, options: Iterable[str], recipient: str | None = None) -> Command:
        line = " ".join([start, *options])
        if _NEWLINE.search(line):
            raise ValueError(f"a line break in a command: {line!r}")
        encoding = "utf-8" if names(self.mail_options, "SMTPUTF8") else "ascii"
        return Command(verb, f"{line}\r\n".encode(encoding), recipient=recipient)


def _quoted(address: str) -> str:
    """Return an address as a command writes it.

    :raise ValueError: it has a line break, of which Python's versions make different things: one of them a second command
    """
    if _NEWLINE.search(address):
        raise ValueError(f"a line break in an address: {address!r}")
    return smtplib.quoteaddr(address)


@dataclass
class Progress:
    """What the replies of a transaction have come to.

    :ivar refused: reply by refused recipient
    :ivar reply: the last reply that matters: to the content, or what kept it from being taken
    """

    sender: str
    recipients: Sequence[str]
    refused: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    reply: tuple[int, bytes] | None = None
    _refusal: smtplib.SMTPException | None = None
    _answered: int = 0

    def note(self, command: Command, code: int, words: bytes) -> None:
        """Take down the reply to a command."""
        if self._refusal:
            return  # to what was written together with it: 503
        self.reply = code, words
        if command.verb == MAIL and not _taken(code):
            self._refusal = smtplib.SMTPSenderRefused(code, words, self.sender)
        elif command.verb == RCPT:
            self._note_recipient(command.recipient or "", code, words)
        elif command.verb == DATA and code != 354 or command.verb in (BDAT, CONTENT) and not _taken(code):
            self._refusal = smtplib.SMTPDataError(code, words)

    def _note_recipient(self, recipient: str, code: int, words: bytes) -> None:
        self._answered += 1
        if not _taken(code):
            self.refused[recipient] = code, words
        if code == 421:  # the session is over, for the recipients taken before as well
            self.refused = {each: self.refused.get(each, (code, words)) for each in self.recipients}
            self._answered = len(self.recipients)
        if self._answered == len(self.recipients) and self.refused.keys() >= set(self.recipients):
            self._refusal = smtplib.SMTPRecipientsRefused(self.refused)

    @property
    def is_refused(self) -> bool:
        """Whether the message cannot be taken any more."""
        return self._refusal is not None

    @property
    def has_all_recipients(self) -> bool:
        """Whether every recipient is answered."""
        return self._answered == len(self.recipients)

    def raise_refusal(self) -> None:
        """Raise what `smtplib` raises for it, if the message was refused."""
        if self._refusal:
            raise self._refusal


def _taken(code: int) -> bool:
    return 200 <= code < 300


def names(options: Iterable[str], keyword: str) -> bool:
    """Whether a parameter of MAIL or RCPT is among others."""
    return any(option.upper().partition("=")[0] == keyword for option in options)
