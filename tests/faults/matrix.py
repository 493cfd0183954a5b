"""One case of the fault matrix: queued mails, something that goes wrong, and the count of what became of every mail."""
from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import time
from collections.abc import Callable

from ..servers import CUSTOMER, ERP, MailServers, Transaction
from ..workers import Processes, Worker
from . import jobs
from .store import Store

MAILS = 200
#: Queue runs until everything has to be settled. Every run delivers something, or waits for a later moment.
ROUNDS = 20
_LONGEST_RUN = 120.0


@dataclasses.dataclass
class Tally:
    """What became of the mails.

    :ivar sent: number of mails that Odoo calls sent
    :ivar queued: that it will try again
    :ivar failed: that it gave up
    :ivar doubted: that it gave up since nobody knows whether they arrived, and says so
    :ivar lost: sent, as Odoo says, but never arrived
    :ivar twice: arrivals beyond the first one of a mail
    :ivar false_alarms: arrived, but Odoo calls them failed
    :ivar speechless: failed without a reason, or for the reason "Error without exception" that core writes beforehand
    :ivar at_odds: notifications that say something else than their mail
    :ivar unplanned: queued without a time for the next try
    :ivar strangers: arrivals with a Message-Id that no mail has: copies that nobody can recognize
    """

    sent: int = 0
    queued: int = 0
    failed: int = 0
    doubted: int = 0
    lost: int = 0
    twice: int = 0
    false_alarms: int = 0
    speechless: int = 0
    at_odds: int = 0
    unplanned: int = 0
    strangers: int = 0


class Matrix:
    """Servers, database and workers of one test class.

    :ivar servers: the local mail servers
    :ivar store: the database from outside
    :ivar may_crash: PostgreSQL is ours alone and may be crashed
    :ivar on_transaction: called by the server when a transaction has ended, before the client is told
    :ivar runs: queue runs of the present case
    """

    senders = 20
    on_transaction: Callable[[Transaction], object] | None = None

    def __init__(self) -> None:
        self.may_crash = bool(os.environ.get("MAIL_OFFICE365_FAULTS_MAY_CRASH"))
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Matrix:
        with self._running as started:
            self.servers = started.enter_context(MailServers())
            self.servers.submission.transactions.listen(self._happened)
            self.store = self.another_session()
            started.callback(self.store.close)
            with self.servers.trusted():
                self._workers = started.enter_context(Processes(
                    os.environ["MAIL_OFFICE365_FAULTS_DATABASE"], os.environ["MAIL_OFFICE365_FAULTS_CONFIG"],
                    log=os.environ["MAIL_OFFICE365_FAULTS_LOG"]))
            self.sign_in_by_password()
            self.store.keep()
            started.callback(self.store.put_back)
            self._running = started.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.close()

    def sign_in_by_password(self) -> None:
        """Let Odoo's server sign in at the local one by password; make it and the mails if they are not there."""
        at = self.servers.submission
        self._workers.run(jobs.prepare, [at.host, at.port, ERP, self.servers.password(ERP), MAILS, self.senders])

    def sign_in_by_token(self) -> None:
        """Let Odoo's server sign in with a token of the local Entra."""
        entra = self.servers.entra
        self._workers.run(jobs.use_app, [entra.directory.tenant_id, entra.app.client_id, entra.app.secret, entra.authority()])

    @staticmethod
    def another_session() -> Store:
        """Return a further session of the database; whoever asks closes it."""
        return Store(os.environ["MAIL_OFFICE365_FAULTS_CONFIG"], os.environ["MAIL_OFFICE365_FAULTS_DATABASE"])

    def _happened(self, transaction: Transaction) -> None:
        if self.on_transaction:
            self.on_transaction(transaction)

    def reset(self, timeout: int) -> None:
        """Have all mails in the queue again, and servers that do everything right.

        :param timeout: seconds that workers wait for a server
        """
        self.runs, self._passed, self._timeout, self.on_transaction = 0, 0, timeout, None
        self.servers.reset()
        self.limit(0, 0)
        self.servers.directory.account(ERP).save_sent_items = False
        self.servers.directory.grant_send_as(ERP, *(f"user{number}@contoso.example" for number in range(self.senders)))
        self.store.put_back()

    def start(self) -> Worker:
        """Let a worker send what is queued and due."""
        self.runs += 1
        [worker] = self._workers.begin(jobs.queue, [self._timeout])
        return worker

    def run(self) -> None:
        """Let a worker send what is queued and due, and wait until it has."""
        self.start().result(_LONGEST_RUN)

    def let_time_pass(self) -> None:
        """Let an hour pass, here and at the server."""
        self.store.let_time_pass()
        self._passed += 3600
        self.servers.submission.usage.clock = lambda: time.monotonic() + self._passed

    def limit(self, messages: int, recipients: int) -> None:
        """Give the present case limits, which the server and Odoo know.

        :param messages: a minute
        :param recipients: in 24 hours
        """
        self.store.sql("UPDATE ir_mail_server SET office365_rate_limit = %s, office365_daily_limit = %s", messages, recipients)
        self.servers.directory.limits.messages_per_minute = messages or None

    def settle(self, first: Callable[[], object] | None = None) -> tuple[Tally, Tally]:
        """Run the queue, let time pass and run it again, until no mail is left in it.

        :param first: what happens in place of the first run
        :return: what was after the first run, and in the end
        """
        (first or self.run)()
        after_first = tally = self.count()
        for _round in range(ROUNDS):
            if not tally.queued:
                break
            self.let_time_pass()
            self.run()
            tally = self.count()
        return after_first, tally

    def arrivals(self) -> collections.Counter[str]:
        """Return how often each Message-Id is in the recipient's mailbox."""
        return collections.Counter(message["Message-ID"].strip() for message in self.servers.mailbox(CUSTOMER).messages())

    def count(self) -> Tally:
        """Compare what Odoo says of the mails with what arrived."""
        arrived, tally = self.arrivals(), Tally()
        for _id, message_id, state, planned, reason, notifications, in_doubt in self.store.mails():
            times = arrived.pop(message_id, 0)
            tally.sent += state == "sent"
            tally.queued += state == "outgoing"
            tally.failed += state not in ("sent", "outgoing") and not in_doubt
            tally.doubted += in_doubt and "Message trace" in reason
            tally.lost += state == "sent" and not times
            tally.twice += max(0, times - 1)
            tally.false_alarms += state == "exception" and bool(times) and not in_doubt
            tally.speechless += state == "exception" and (not reason or "Error without exception" in reason)
            tally.unplanned += state == "outgoing" and not planned
            tally.at_odds += sum(_said_by(notified) != state for notified in notifications)
        tally.strangers = sum(arrived.values())
        return tally


def _said_by(notification_status: str) -> str:
    """Return the state of a mail whose notification has this status."""
    return {"sent": "sent", "exception": "exception", "bounce": "exception", "canceled": "cancel"}.get(notification_status, "outgoing")
