"""The seam between the mail queue and what carries its messages: SMTP today, Microsoft Graph perhaps (docs/adding-a-transport.md).

A transport takes messages to one server. Core gets it in place of an SMTP session: it reads ``from_filter`` and ``smtp_from``, and calls
``send_message`` and ``quit``. Everybody else uses :meth:`Transport.open`, :meth:`Transport.deliver` and :meth:`Transport.close`.
"""

from __future__ import annotations

import abc
import contextlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .errors import words_of

_ANY_LOGIN: Final = object()


@dataclass(frozen=True)
class Envelope:
    """Who sends a message and who gets it, whatever its headers say (RFC 5321 section 2.3.1).

    :ivar recipients: None if nobody has named them: then those of the headers, as `smtplib` has it
    :ivar mail_options: parameters of MAIL, as `smtplib` takes them; ``rcpt_options`` those of RCPT
    """

    sender: str | None
    recipients: tuple[str, ...] | None
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How the transaction of one message ended, for each recipient.

    :ivar reply: the server's last reply, or the error that kept it from coming
    :ivar taken: whether the server took the message for at least one recipient
    :ivar duration: seconds until the last reply, a new connection included
    :ivar refused: reply by recipient, of those refused while others were taken
    :ivar in_doubt: the connection ended after the message was sent and before the reply: it may have been taken
    """

    envelope_from: str
    recipients: list[str]
    reply: str
    taken: bool
    duration: float
    refused: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    in_doubt: bool = False


def _nobody_signs_on(_transport: Transport, _login: str | None) -> None:
    pass


@dataclass(frozen=True)
class Observer:
    """Who has a message sent: what the transport may use for that, and whom it tells.

    There is one for each message, since each may be sent in a transaction of its own. It does not refer to the transport, which would
    then outlive its last user.

    :ivar chosen_for: From for which core chose the server
    :ivar smtp_from: From that core prepares the message with
    :ivar cautious: write no message before the server has accepted its sender and recipients. A connection that ends before that leaves no
        doubt; the price is a round trip
    :ivar slot: returns what is held while a mailbox is signed in, across connections
    :ivar sign_on: called with the transport and a mailbox: secures a fresh connection and signs the mailbox in
    :ivar on_stage: called with name, seconds and detail of each stage that succeeded: resolve, connect, tls, sign_in, sender, recipients,
        content
    :ivar on_start: called when the message is handed over
    :ivar on_sent: called when the message has been written and its reply is waited for
    :ivar on_outcome: called with the message and its :class:`Outcome`, in any case
    """

    chosen_for: str | None = None
    smtp_from: str | None = None
    cautious: bool = False
    slot: Callable[[str | None], contextlib.AbstractContextManager] = contextlib.nullcontext
    sign_on: Callable[[Transport, str | None], None] = _nobody_signs_on
    on_stage: Callable[[str, float, str], None] | None = None
    on_start: Callable[[], None] | None = None
    on_sent: Callable[[], None] | None = None
    on_outcome: Callable[[Any, Outcome], None] | None = None


class Transport(abc.ABC):
    """Carries messages to one server.

    A subclass writes :meth:`_open`, :meth:`_carry` and :meth:`close`. What it raises becomes the failure of a mail, or of the server if it
    comes while the transport is opened; ``diagnose()`` says what it means.

    :ivar mail_server_id: id of the ``ir.mail_server``
    :ivar from_filter: FROM Filtering of that server, read by core
    :ivar kept_until: when whoever keeps the transport for further messages ends all its waits, by `time.monotonic`; None if nobody keeps
        it, so that :meth:`quit` closes it
    :ivar login_name: mailbox that is signed in, None if nobody has to
    :ivar is_ended: it was closed for good
    :ivar patience: seconds for opening it, and for each reply, if whoever waits has less of it than the queue
    """

    patience: float = math.inf

    def __init__(
        self, mail_server_id: int | None = None, from_filter: str | None = None, *, kept_until: float | None = None,
    ) -> None:
        self.mail_server_id, self.from_filter, self.kept_until = mail_server_id, from_filter, kept_until
        self.login_name: str | None = None
        self.was_opened = self.is_ended = False
        self.observer = Observer()
        self._failures: dict[object, Exception] = {}

    @staticmethod
    def of(session: object) -> Transport | None:
        """Return the session that core holds if it is a transport of ours."""
        return session if isinstance(session, Transport) else None

    # ------------------------------------------------------------
    # Open
    # ------------------------------------------------------------

    def open(self, login: str | None, observer: Observer) -> None:
        """Get ready to send as a mailbox.

        What failed once fails again without a try: a run with a thousand mails waits for a dead server once, and does not sign in a
        thousand times with a wrong password.

        :param login: mailbox to sign in, None if nobody has to
        :raise OSError: no connection, or a refusal
        """
        for failure in map(self._failures.get, (_ANY_LOGIN, login)):
            if failure:
                raise failure.with_traceback(None)
        self.observer = observer
        try:
            self._open(login)
        except BaseException as error:
            self.rest()
            if isinstance(error, Exception):
                self.give_up(error, login if self._is_about_login(error) else _ANY_LOGIN)
            raise
        self.login_name, self.was_opened = login, True

    @abc.abstractmethod
    def _open(self, login: str | None) -> None:
        """Connect, and sign in."""

    def _is_about_login(self, _error: Exception) -> bool:
        """Whether what kept it from being opened says nothing about other mailboxes."""
        return False

    def switch_login(self, login: str | None) -> None:
        """Go on as another mailbox."""
        self.open(login, self.observer)

    def give_up(self, error: Exception, login: object = _ANY_LOGIN) -> None:
        """Let every further attempt to open fail with this error."""
        self._failures[login] = error

    @property
    def failure(self) -> Exception | None:
        """What kept the transport from being opened, and will keep it again."""
        return self._failures.get(_ANY_LOGIN) or self._failures.get(self.login_name)

    def was_not_opened_by(self, error: BaseException) -> bool:
        """Tell whether it is this error that kept it from being opened."""
        return any(error is failure for failure in self._failures.values())

    @property
    def is_connected(self) -> bool:
        """Whether the next message needs no new connection, as far as is known."""
        return self.was_opened and not self.is_ended

    # ------------------------------------------------------------
    # Deliver
    # ------------------------------------------------------------

    @property
    def smtp_from(self) -> str | None:
        """From that core prepares the next message with."""
        return self.observer.smtp_from

    def begin(self, observer: Observer) -> None:
        """Let a message be prepared, and sent next. The transport is used by one at a time."""
        self.observer = observer

    def deliver(self, message: Any, envelope: Envelope, observer: Observer) -> Outcome:
        """Send one message, once; return how that ended for each recipient.

        :raise Exception: only what the observer raises
        """
        return self._deliver(message, envelope, observer)[0]

    def send_message(
        self, msg: Any, from_addr: str | None = None, to_addrs: Any = None, mail_options: Any = (), rcpt_options: Any = (),
    ) -> dict[str, tuple[int, bytes]]:
        """Send as `smtplib.SMTP.send_message`: return the refused recipients if others were taken.

        :raise Exception: nobody was
        """
        recipients = (to_addrs,) if isinstance(to_addrs, str) else None if to_addrs is None else tuple(to_addrs)
        envelope = Envelope(from_addr, recipients, tuple(mail_options), tuple(rcpt_options))
        outcome, error = self._deliver(msg, envelope, self.observer)
        try:
            if error:
                raise error
            return dict(outcome.refused)
        finally:
            del error  # its traceback has this frame, and would keep the connection

    def _deliver(self, message: Any, envelope: Envelope, observer: Observer) -> tuple[Outcome, Exception | None]:
        self.observer = observer
        if observer.on_start:
            observer.on_start()
        started, reply, taken, in_doubt = time.monotonic(), "", False, False
        refused: Mapping[str, tuple[int, bytes]] = {}
        failure: Exception | None = None
        try:
            reply, refused = self._carry(message, envelope)
            taken = True
        except Exception as error:  # noqa: BLE001  (whatever it is, the message was not taken)
            failure, reply, in_doubt = error, words_of(error), getattr(error, "in_doubt", False)
        finally:
            outcome = Outcome(
                envelope.sender or "", list(envelope.recipients or ()), reply, taken, time.monotonic() - started, dict(refused), in_doubt)
            if observer.on_outcome:
                observer.on_outcome(message, outcome)
        return outcome, failure

    @abc.abstractmethod
    def _carry(self, message: Any, envelope: Envelope) -> tuple[str, Mapping[str, tuple[int, bytes]]]:
        """Send one message; return the last reply, and the replies to the recipients who were refused while others were taken.

        :raise Exception: nobody was taken; with a true ``in_doubt`` if that is not certain
        """

    # ------------------------------------------------------------
    # Close
    # ------------------------------------------------------------

    @property
    def ends_at(self) -> float:
        """When all waits end, by `time.monotonic`: the worker has to be done by then."""
        return math.inf if self.kept_until is None else self.kept_until

    def quit(self) -> tuple[int, bytes]:
        """End as core ends a session: close it, unless somebody keeps it for the next message. Never raises."""
        if self.kept_until is None:
            self.close()
            return 221, b"2.0.0 Closed"
        return 250, b"2.0.0 Kept for the next message"

    def rest(self) -> None:  # noqa: B027  (one that holds nothing has nothing to do)
        """Hold nothing: no connection, no slot. The next message gets both anew."""

    @abc.abstractmethod
    def close(self) -> None:
        """End for good. Never raises: what matters was answered before."""


class NotOpened(Transport):
    """Stands for the transport that was not opened, so that its mails take the same way as all others."""

    def __init__(self, failure: Exception | None = None, mail_server_id: int | None = None) -> None:
        """
        :param failure: why it could not be; None if it was not tried, as its mails wait
        """
        super().__init__(mail_server_id)
        if failure:
            self.give_up(failure)

    def _open(self, login: str | None) -> None:
        raise ConnectionError("There is no connection.")

    def _carry(self, message: Any, envelope: Envelope) -> tuple[str, Mapping[str, tuple[int, bytes]]]:
        raise self.failure or ConnectionError("There is no connection.")

    def close(self) -> None:
        """There is nothing to close."""
        self.is_ended = True
