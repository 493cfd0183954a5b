"""Client submission as smtp.office365.com offers it (SMTP AUTH, port 587).

Rules followed, with the page they come from:

* no AUTH before TLS, then LOGIN and XOAUTH2, never PLAIN (transcripts; Microsoft, *Authenticate an IMAP, POP or
  SMTP connection using OAuth*);
* MAIL and RCPT are accepted for any address of an authenticated client; Send As is judged after the final dot;
* at most three connections of a mailbox send at the same time: the fourth gets its 432 after the final dot, as
  clients report it (Microsoft, *Improvements in SMTP Authenticated submission client protocol*);
* more messages a minute than allowed: 421 at MAIL and the connection is closed, as clients report it (Microsoft's
  page speaks of delay instead);
* repeated SendAsDenied locks the mailbox out (Microsoft, *Continuous error throttling of SMTP AUTH submissions*).
"""

from __future__ import annotations

import base64
import binascii
import collections
import secrets
import time

from . import replies
from .directory import Directory
from .introspection import XOAUTH2
from .messages import FromError, read_addresses
from .replies import Reply
from .session import SmtpSession
from .transfer import OpenTransaction


class Usage:
    """What each mailbox has used of its limits.

    :ivar denials: SendAsDenied in a row, per mailbox.
    :ivar clock: seconds; a test that has no minute to wait lets it run faster.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: empty windows, nobody locked out, and time runs as it does."""
        self.clock = time.monotonic
        self._messages: dict[str, collections.deque[float]] = collections.defaultdict(collections.deque)
        self._recipients: dict[str, collections.deque[tuple[float, int]]] = collections.defaultdict(collections.deque)
        self.denials: collections.Counter[str] = collections.Counter()

    def messages_in_last_minute(self, mailbox: str) -> int:
        """Messages accepted in the last 60 s."""
        window = self._messages[mailbox]
        while window and window[0] < self.clock() - 60:
            window.popleft()
        return len(window)

    def recipients_in_last_day(self, mailbox: str) -> int:
        """Recipients accepted in the last 24 h."""
        window = self._recipients[mailbox]
        while window and window[0][0] < self.clock() - 86400:
            window.popleft()
        return sum(count for _when, count in window)

    def count(self, mailbox: str, recipients: int) -> None:
        """Note an accepted message."""
        self._messages[mailbox].append(self.clock())
        self._recipients[mailbox].append((self.clock(), recipients))


class SubmissionSession(SmtpSession):
    """A client of the submission listener."""

    service = "submission"
    _token: str | None = None

    def capabilities(self) -> list[str]:
        return ["AUTH LOGIN XOAUTH2"] if self.tls else []

    def left(self) -> None:
        if self.record.login and self in self.server.authenticated[self.record.login]:
            self.server.authenticated[self.record.login].remove(self)

    # --- AUTH (RFC 4954) ---

    async def command_AUTH(self, arg: str | None) -> None:
        words = (arg or "").split()
        mechanism = words[0].upper() if words else ""
        if self._greeted != "EHLO":
            await self.answer(replies.S503_5_5_2_SEND_HELLO_FIRST)
        elif not self.tls or mechanism not in ("LOGIN", "XOAUTH2"):
            await self.answer(replies.S504_5_7_4_UNRECOGNIZED_AUTH)
        elif self.record.login or self._open:
            await self.answer(replies.S503_5_5_2_ALREADY_AUTHENTICATED)
        else:
            reply = await (self._login if mechanism == "LOGIN" else self._xoauth2)(words[1] if len(words) > 1 else None)
            await self.answer(reply)

    async def _login(self, initial: str | None) -> Reply:
        name = await self._response(replies.S334_USERNAME) if initial is None else self._decode(initial)
        if isinstance(name, Reply):
            return name
        password = await self._response(replies.S334_PASSWORD)
        if isinstance(password, Reply):
            return password
        return self._signed_in("LOGIN", name.decode("utf-8", "replace"), password.decode("utf-8", "replace"))

    async def _xoauth2(self, initial: str | None) -> Reply:
        argument = await self._response(replies.S334_EMPTY) if initial is None else self._decode(initial)
        if isinstance(argument, Reply):
            return argument
        found = XOAUTH2.fullmatch(argument)
        if not found:
            return replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL
        return self._signed_in("XOAUTH2", found[1].decode("utf-8", "replace"), found[2].decode("utf-8", "replace"))

    async def _response(self, challenge: Reply) -> bytes | Reply:
        """Send a challenge; return the decoded response, or the reply that ends the exchange. The response is not
        recorded.
        """
        await self.push(f"{challenge.code} {challenge.text}")
        line = (await self._reader.readuntil(b"\n")).strip()
        self.record.commands.append("***")
        return replies.S501_5_7_0_AUTH_ABORTED if line == b"*" else self._decode(line)

    @staticmethod
    def _decode(text: str | bytes) -> bytes | Reply:
        try:
            return b"" if text in ("=", b"=") else base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return replies.S501_5_5_2_CANNOT_DECODE

    def _signed_in(self, mechanism: str, mailbox: str, secret: str) -> Reply:
        refusal = judge_sign_in(self.directory, mechanism, mailbox, secret, self.service)
        if refusal:
            return refusal
        self.record.login, self.record.mechanism = mailbox.lower(), mechanism
        self._token = secret if mechanism == "XOAUTH2" else None
        self.server.authenticated[self.record.login].append(self)
        return replies.S235_2_7_0_AUTHENTICATED

    # --- MAIL, RCPT, message ---

    def check_mail(self, address: str) -> Reply | None:
        if not self.record.login:
            return replies.S530_5_7_57_NOT_AUTHENTICATED
        rate = self.directory.limits.messages_per_minute
        if rate is not None and self.server.usage.messages_in_last_minute(self.record.login) >= rate:
            return replies.S421_4_4_2_RATE_LIMITED
        return None

    def check_recipient(self, address: str, transaction: OpenTransaction) -> Reply | None:
        limit = self.directory.limits.recipients_per_message
        # The exact reply of Exchange Online is not documented; this one is what its transport says elsewhere.
        return (
            replies.S452_4_5_3_TOO_MANY_RECIPIENTS
            if limit is not None and len(transaction.recipients) >= limit
            else None
        )

    def accept(self, raw: bytes, transaction: OpenTransaction) -> Reply:
        mailbox, limits, usage = self.record.login, self.directory.limits, self.server.usage
        if transaction.bare_line_feed and not transaction.chunking:
            return replies.S550_5_6_11_INVALID_CHARACTERS
        if limits.send_as_denials is not None and usage.denials[mailbox] >= limits.send_as_denials:
            return replies.S550_5_2_252_PENALTY_SEND_AS
        if self._token and self.directory.may_open and not self.directory.may_open(mailbox, self._token):
            return replies.S430_4_2_0_MAILBOX_LOGON_FAILURE
        place = self.server.authenticated[mailbox].index(self)
        if limits.concurrent_connections is not None and place >= limits.concurrent_connections:
            return replies.S432_4_3_2_CONCURRENT_CONNECTIONS
        try:
            author, sender = read_addresses(raw)
        except FromError as error:
            return error.reply
        for address in (transaction.envelope_from, author):
            if not self._may_send(mailbox, address, sender):
                usage.denials[mailbox] += 1
                return replies.S554_5_2_252_SEND_AS_DENIED.fill(mailbox=mailbox, sender=address)
        count = len(transaction.recipients)
        if (
            limits.recipients_per_day is not None
            and usage.recipients_in_last_day(mailbox) + count > limits.recipients_per_day
        ):
            return replies.S554_5_2_0_DAILY_QUOTA
        usage.denials[mailbox] = 0
        usage.count(mailbox, count)
        self.server.delivery.deliver(
            raw,
            transaction.envelope_from,
            transaction.recipients,
            notify=transaction.notify,
            received=f"from [{self.peer}] by {replies.HOSTNAME} with ESMTPSA",
            inside=True,
        )
        if self.directory.account(mailbox).save_sent_items:
            self.server.delivery.save_sent(mailbox, raw)
        return replies.S250_2_0_0_QUEUED.fill(message_id=f"<{secrets.token_hex(8)}@{replies.HOSTNAME}>")

    def _may_send(self, mailbox: str, address: str, sender_header: str) -> bool:
        directory = self.directory
        return directory.may_send_as(mailbox, address) or directory.may_send_on_behalf(mailbox, address, sender_header)


def judge_sign_in(directory: Directory, mechanism: str, mailbox: str, secret: str, service: str = "submission") -> Reply | None:
    """Return the refusal Exchange gives this sign-in, or None.

    :param mechanism: "LOGIN" (``secret`` is a password) or "XOAUTH2" (a token).
    :param service: "submission" or "hve", which the switches of SMTP AUTH are not about
    """
    policy, account = directory.policy, directory.accounts.get(mailbox.lower())
    basic = mechanism == "LOGIN"
    if basic and policy.basic_auth_retired:
        return replies.S550_5_7_30_BASIC_AUTH_RETIRED
    if basic and policy.security_defaults:
        return replies.S535_5_7_139_SECURITY_DEFAULTS
    if basic and policy.basic_auth_disabled:
        return replies.S535_5_7_139_BASIC_AUTH_DISABLED
    is_submission = service == "submission"
    if is_submission and account and account.smtp_auth_disabled:
        return replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX
    if is_submission and account and account.smtp_auth_disabled is None and policy.smtp_auth_disabled:
        return replies.S535_5_7_139_SMTP_AUTH_DISABLED_TENANT
    if policy.conditional_access:
        return replies.S535_5_7_139_CONDITIONAL_ACCESS
    if basic:
        right = account and secrets.compare_digest(account.password.encode(), secret.encode())
        return None if right else replies.S535_5_7_139_BAD_CREDENTIALS
    if account is None:
        return replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL
    return directory.judge_token(service, account.address, secret)
