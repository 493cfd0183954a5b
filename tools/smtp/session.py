"""SMTP session of our servers: one round trip a message, a new connection when the old one is gone, and an outcome."""

import contextlib
import smtplib
import time
from typing import Any, Final, cast

from ..errors import ConnectionLost, smtp_reply_text
from ..transport import Envelope
from .connection import FAREWELL, OCTETS_A_SECOND, SmtpConnection
from .seven_bit import seven_bit, seven_bit_octets
from .transaction import BDAT, CONTENT, DATA, MAIL, RCPT, Command, Progress, Transaction, after_data, canonical, names, octets

# RFC 5321 section 4.5.3.2 would wait minutes for a reply, and ten for the last one. Core waits one minute, as a worker waits with
# us, and a command without reply costs another try, no more. Only the last reply is worth more, since a message given up there
# may arrive twice (RFC 1047): as long as Odoo lets a worker live (``limit_time_real``, 120 s), less some to write down the result.
_LAST_REPLY: Final = 1.5
# All replies of a message together, in timeouts: 80 s, and the time that its octets take on a slow line.
_MESSAGE: Final = 4 / 3
# Seconds of silence after which nobody knows whether a connection lives: a firewall may have forgotten it. What is written then
# must not hold a message, which would be in doubt if nothing comes back.
_IDLE: Final = 10
# A server that went silent that often in a row is not asked again in this session: the next ones would wait as long.
_MAX_SILENCES: Final = 2


class SmtpSession(SmtpConnection):
    """SMTP as a :class:`.Transport`, which is a `smtplib.SMTP` as well: core and other modules may use it as one.

    A message takes one round trip if the server offers PIPELINING and CHUNKING. If the server ended the connection since the last message,
    the next one goes through a new connection.
    """

    _silences = 0
    _last_reply: tuple[int, bytes]

    def _carry(self, message: Any, envelope: Envelope) -> tuple[str, dict[str, tuple[int, bytes]]]:
        self._wake()
        # Also where the server offers 8BITMIME: Office 365 garbles 8-bit parts of a multipart that is none itself (MailKit issue 1999).
        recipients = None if envelope.recipients is None else list(envelope.recipients)
        refused = smtplib.SMTP.send_message(
            self, seven_bit(message), envelope.sender, recipients, envelope.mail_options, envelope.rcpt_options)
        code, words = self._last_reply
        return smtp_reply_text(code, words), refused

    def sendmail(
        self, from_addr: str, to_addrs: Any, msg: Any, mail_options: Any = (), rcpt_options: Any = (),
    ) -> dict[str, tuple[int, bytes]]:
        """Send as `smtplib.SMTP.sendmail`: return the refused recipients if others were taken, raise its errors otherwise.

        Nothing is sent twice. Only if a connection turns out to be dead, with no reply yet and the message not written, it goes
        through another one.

        :raise smtplib.SMTPSenderRefused: also for a message that is larger than the server takes; it is not sent
        :raise ConnectionLost: the connection ended before the reply
        """
        content = canonical(msg)
        if not names(mail_options, "SMTPUTF8"):
            content = seven_bit_octets(content)
        recipients = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        for is_last_try in (False, True):
            self._wake()
            transaction = Transaction(from_addr, recipients, content, self.esmtp_features, mail_options, rcpt_options)
            transaction.check_size()
            progress = Progress(from_addr, recipients)
            try:
                self._transact(transaction, progress)
                self._silences = 0
                break
            except ConnectionLost as error:
                is_silence = isinstance(error.__cause__, TimeoutError)
                if is_silence:
                    self._note_silence(error)
                if is_last_try or is_silence or progress.reply or error.in_doubt:
                    raise
        if progress.is_refused:
            self._reset()
        progress.raise_refusal()
        self._last_reply = cast(tuple[int, bytes], progress.reply)  # what was taken was answered
        return progress.refused

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the content as `smtplib.SMTP.data`."""
        code, words = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, words)
        self.send(after_data(canonical(msg)).content)
        return self._read(self.timeout * _LAST_REPLY)

    def _transact(self, transaction: Transaction, progress: Progress) -> None:
        """Carry a transaction out; whether it was refused, ``progress`` knows.

        :raise ConnectionLost: the connection ended before
        """
        self._stage_began = time.monotonic()
        is_alive = self._stage_began - self._last_reply_at < _IDLE
        with self._within(self.timeout * _MESSAGE + len(transaction.content) / OCTETS_A_SECOND):
            for group in transaction.groups(eager=is_alive and not self.observer.cautious):
                self._exchange(group, progress)
                if progress.is_refused or self.sock is None:
                    break
            if self.sock is not None and group[-1].verb == DATA and self._code == 354:
                self._exchange([after_data(b"" if progress.is_refused else transaction.content)], progress)

    def _exchange(self, group: list[Command], progress: Progress) -> None:
        """Write commands together, then take down their replies."""
        holds_message, broken = group[-1].verb in (BDAT, CONTENT), False
        for command in group:
            self.trace("send:", command.line, f"({len(command.content)} octets)" if command.content else "")
        try:
            self._write(octets(group))
        except OSError:
            broken = True  # a server that hung up may have said why: its last words are still to be read
        if holds_message and self.observer.on_sent:
            self.observer.on_sent()
        # A server may keep all replies back until it has worked on the last command (RFC 2920 section 3.2).
        patience = FAREWELL if broken else self.timeout * (_LAST_REPLY if holds_message else 1)
        for command in group:
            try:
                self._read_owed(patience)
                code, words = self._read(patience)
            except ConnectionLost as error:
                if progress.is_refused:
                    return
                error.in_doubt = holds_message and not broken and self._code != 421
                raise
            progress.note(command, code, words)
            if self.sock is None:
                return
            self._tell_stage(command, progress, words)

    def _tell_stage(self, command: Command, progress: Progress, words: bytes) -> None:
        if progress.is_refused:
            return
        if command.verb == MAIL:
            self.stage("sender", words.decode("utf-8", "replace"))
        elif command.verb == RCPT and progress.has_all_recipients:
            self.stage("recipients", words.decode("utf-8", "replace"))
        elif command.verb in (BDAT, CONTENT):
            self.stage("content", words.decode("utf-8", "replace"))

    def _note_silence(self, error: ConnectionLost) -> None:
        self._silences += 1
        if self._silences >= _MAX_SILENCES:
            self.give_up(ConnectionLost(error.reason))

    def _reset(self) -> None:
        """Forget a refused transaction; where commands may be pipelined, the reply is read when the next one is."""
        with contextlib.suppress(smtplib.SMTPServerDisconnected):  # the next message finds out
            if self.sock is None:
                return
            if self.has_extn("pipelining"):
                self.putcmd("RSET")
                self._owed += 1
            else:
                self.rset()
