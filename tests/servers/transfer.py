"""The part of the SMTP engine that moves messages: MAIL, RCPT, DATA, BDAT and what is recorded of them.

RFC 5321, 1870 (SIZE), 3030 (CHUNKING, BINARYMIME), 3461 (DSN), 6152 (8BITMIME), 6531 (SMTPUTF8).
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time

from . import replies
from .faults import Delay, Dribble
from .records import Transaction
from .replies import Reply

_PATH = re.compile(r'\s*<(?:@[^:>]*:)?((?:"(?:[^"\\]|\\.)*"|[^<>"\s@]+)@[^<>\s@]+|)>\s*(.*)$')
_MAIL_PARAMETERS = {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"}
_RCPT_PARAMETERS = {"NOTIFY", "ORCPT"}


@dataclasses.dataclass
class OpenTransaction:
    """A transaction between MAIL and its end."""

    envelope_from: str
    parameters: dict[str, str]
    started: float = dataclasses.field(default_factory=time.monotonic)
    recipients: list[str] = dataclasses.field(default_factory=list)
    notify: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    chunks: list[bytes] = dataclasses.field(default_factory=list)
    chunking: bool = False
    chunk_failed: bool = False
    bare_line_feed: bool = False
    size: int = 0


class Transfer:
    """Transaction commands of :class:`.session.SmtpSession`, which has everything they use."""

    # --- transaction commands ---

    @staticmethod
    def _path(arg: str | None, keyword: str) -> tuple[str | None, dict[str, str] | None]:
        """Parse ``FROM:<address> KEY=value``; return (address, parameters), the address None if the syntax is wrong."""
        head, colon, tail = (arg or "").partition(":")
        found = _PATH.match(tail) if colon and head.strip().upper() == keyword else None
        if not found:
            return None, None
        parameters = (parameter.partition("=") for parameter in found[2].split())
        return found[1], {key.upper(): value for key, _equals, value in parameters}

    async def command_MAIL(self, arg: str | None) -> None:
        address, parameters = self._path(arg, "FROM")
        if not self._greeted:
            reply = replies.S503_5_5_2_SEND_HELLO_FIRST
        elif self._open:
            reply = replies.S503_5_5_2_SENDER_ALREADY_SPECIFIED
        elif address is None:
            reply = replies.S501_5_1_7_INVALID_ADDRESS
        elif not self._valid_mail_parameters(parameters):
            reply = replies.S501_5_5_4_INVALID_ARGUMENTS
        elif not address.isascii() and "SMTPUTF8" not in parameters:
            reply = replies.S550_5_6_7_SMTPUTF8_NEEDED
        else:
            reply = self.check_mail(address)
            if reply is None and int(parameters.get("SIZE") or 0) > self.directory.limits.message_size:
                reply = replies.S552_5_3_4_MESSAGE_TOO_LARGE
            if reply is None:
                self._open = OpenTransaction(address, parameters)
                reply = replies.S250_2_1_0_SENDER_OK
        await self.answer(reply)

    @staticmethod
    def _valid_mail_parameters(parameters: dict[str, str]) -> bool:
        return (
            set(parameters) <= _MAIL_PARAMETERS
            and re.fullmatch(r"\d{0,15}", parameters.get("SIZE", "")) is not None
            and parameters.get("BODY", "7BIT").upper() in ("7BIT", "8BITMIME", "BINARYMIME")
            and parameters.get("RET", "FULL").upper() in ("FULL", "HDRS")
        )

    async def command_RCPT(self, arg: str | None) -> None:
        transaction = self._open
        address, parameters = self._path(arg, "TO")
        if not transaction:
            reply = replies.S503_5_5_2_NEED_MAIL
        elif not address:
            reply = replies.S501_5_1_3_INVALID_ADDRESS
        elif not set(parameters) <= _RCPT_PARAMETERS:
            reply = replies.S501_5_5_4_INVALID_ARGUMENTS
        elif not address.isascii() and "SMTPUTF8" not in transaction.parameters:
            reply = replies.S550_5_6_7_SMTPUTF8_NEEDED
        else:
            reply = self.check_recipient(address, transaction)
            if reply is None:
                reply = replies.S250_2_1_5_RECIPIENT_OK
                transaction.recipients.append(address)
                transaction.notify[address] = parameters.get("NOTIFY", "")
            else:
                transaction.refused[address] = str(reply)
        await self.answer(reply)

    async def command_DATA(self, arg: str | None) -> None:
        transaction = self._open
        if not transaction:
            await self.answer(replies.S503_5_5_2_NEED_MAIL)
        elif not transaction.recipients:
            await self.answer(replies.S503_5_5_2_NEED_RCPT)
        elif transaction.chunking or transaction.parameters.get("BODY", "").upper() == "BINARYMIME":
            await self.answer(replies.S503_5_5_2_DATA_AND_BDAT)
        else:
            await self.answer(replies.S354_START_INPUT)
            await self._read_lines(transaction)
            await self._complete(transaction, "DATA")

    async def _read_lines(self, transaction: OpenTransaction) -> None:
        """Read to the line with a lone dot; undo dot-stuffing (RFC 5321 section 4.5.2)."""
        at_start = True
        while True:
            self._reset_timeout()
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as overrun:
                line = await self._reader.readexactly(overrun.consumed)
            if at_start and line == b".\r\n":
                return
            if at_start and line.startswith(b"."):
                line = line[1:]
            at_start = line.endswith(b"\r\n")
            transaction.bare_line_feed |= b"\n" in (line[:-2] if at_start else line)
            self._store(transaction, line)
            await self._strike("BODY", received=transaction.size)

    async def command_BDAT(self, arg: str | None) -> None:
        """``BDAT octets [LAST]`` (RFC 3030 section 2): the octets follow the command at once, whatever the reply
        will be.
        """
        found = re.fullmatch(r"(\d{1,15})(?:\s+(LAST))?", (arg or "").strip(), re.IGNORECASE)
        if not found:
            await self.answer(replies.S501_5_5_4_INVALID_ARGUMENTS)
            self._hang_up()  # nobody knows how many octets follow
        transaction = self._open
        usable = bool(transaction and transaction.recipients and not transaction.chunk_failed)
        octets = remaining = int(found[1])
        while remaining:
            self._reset_timeout()
            piece = await self._reader.readexactly(min(remaining, 65536))
            remaining -= len(piece)
            if usable:
                self._store(transaction, piece)
                await self._strike("BODY", received=transaction.size)
        if not transaction:
            await self.answer(replies.S503_5_5_2_NEED_MAIL)
        elif not usable:
            transaction.chunk_failed = True
            await self.answer(replies.S503_5_5_2_NEED_RCPT)
        elif await self._strike("BDAT"):
            transaction.chunk_failed = True
        elif found[2]:
            await self._complete(transaction, "BDAT")
        else:
            transaction.chunking = True
            await self.answer(replies.S250_2_6_0_CHUNK.fill(octets=str(octets)))

    def _store(self, transaction: OpenTransaction, data: bytes) -> None:
        """Keep received octets, or only count them once the message is too large."""
        transaction.size += len(data)
        if transaction.size <= self.directory.limits.message_size:
            transaction.chunks.append(data)

    async def _complete(self, transaction: OpenTransaction, ended_by: str) -> None:
        """The message is there: judge it, reply, record, and let END_OF_DATA faults strike."""
        raw = b"".join(transaction.chunks)
        fault = self.server.faults.strike(
            "END_OF_DATA", login=self.record.login, sender=transaction.envelope_from, recipients=transaction.recipients
        )
        takes_over = fault and not isinstance(fault.action, (Delay, Dribble))
        reply = None
        if not takes_over or fault.delivered:
            reply = (
                replies.S552_5_3_4_MESSAGE_TOO_LARGE
                if transaction.size > self.directory.limits.message_size
                else self.accept(raw, transaction)
            )
        said = fault.action if takes_over and isinstance(fault.action, Reply) else None if takes_over else reply
        accepted = reply is not None and reply.positive
        if fault and not takes_over:
            await self._act(fault, "END_OF_DATA")
        self._end(ended_by, str(said or ""), accepted, raw)
        if self._is_mute:
            self._hang_up()
        if takes_over:
            await self._act(fault, "END_OF_DATA")
        else:
            await self.answer(reply)

    def _end(self, ended_by: str, reply: str, accepted: bool, raw: bytes) -> None:
        """Close the open transaction, if there is one, and record it."""
        transaction, self._open = self._open, None
        if transaction is None:
            return
        self.server.transactions.append(
            Transaction(
                connection_id=self.record.id,
                listener=self.record.listener,
                peer=self.record.peer,
                tls_version=self.record.tls_version,
                mechanism=self.record.mechanism,
                login=self.record.login,
                envelope_from=transaction.envelope_from,
                mail_parameters=transaction.parameters,
                recipients=transaction.recipients,
                refused_recipients=transaction.refused,
                raw=raw,
                reply=reply,
                accepted=accepted,
                ended_by=ended_by,
                time=time.time(),
                duration=time.monotonic() - transaction.started,
            )
        )
