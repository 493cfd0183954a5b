"""One case of the fault matrix: queued mails, something that goes wrong, and the count of what became of every mail."""
from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from ..servers import ERP, MailServers
from .store import Store
from .workers import Job, Workers

MAILS = 200
SENDERS = 20
#: Queue runs until everything has to be settled. Every run delivers something, or waits for a later moment.
ROUNDS = 60
_LONGEST_RUN = 120.0


@dataclasses.dataclass
class Tally:
    """What became of the mails.

    :ivar sent: number of mails that Odoo calls sent
    :ivar queued: that it will try again
    :ivar failed: that it gave up
    :ivar lost: sent, as Odoo says, but never arrived
    :ivar twice: arrivals beyond the first one of a mail
    :ivar false_alarms: arrived, but Odoo calls them failed
    :ivar speechless: failed without a reason, or for the reason "Error without exception" that core writes beforehand
    :ivar at_odds: mails whose notifications say something else than the mail
    """

    sent: int = 0
    queued: int = 0
    failed: int = 0
    lost: int = 0
    twice: int = 0
    false_alarms: int = 0
    speechless: int = 0
    at_odds: int = 0


class Matrix:
    """Servers, database and workers of one test class.

    :ivar servers: the local mail servers
    :ivar store: the database from outside
    :ivar may_crash: PostgreSQL is ours alone and may be crashed
    """

    def __init__(self) -> None:
        self.servers = MailServers()
        self.may_crash = bool(os.environ.get("MAIL_OFFICE365_FAULTS_MAY_CRASH"))
        config, database = os.environ["MAIL_OFFICE365_FAULTS_CONFIG"], os.environ["MAIL_OFFICE365_FAULTS_DATABASE"]
        self.servers.start()
        self.store = Store(config, database)
        self._workers = Workers(
            config, database, Path(__file__).parent, {"SSL_CERT_FILE": self.servers.ca_file}, os.environ["MAIL_OFFICE365_FAULTS_LOG"])
        submission = self.servers.submission
        if not self.store.sql("SELECT to_regclass('faults_copy_of_mail_mail')")[0][0]:
            self._workers.run(
                "jobs", "prepare", host="localhost", port=submission.port, login=ERP, password=self.servers.password(ERP),
                mails=MAILS, senders=SENDERS)
            self.store.keep()

    def close(self) -> None:
        """End the workers and the servers."""
        self._workers.close()
        self.store.close()
        self.servers.stop()

    def reset(self) -> None:
        """Have all mails in the queue again, and servers that do everything right."""
        self.servers.reset()
        self.servers.directory.account(ERP).save_sent_items = False
        self.servers.directory.grant_send_as(ERP, *(f"user{number}@contoso.example" for number in range(SENDERS)))
        self.store.put_back()

    def start(self) -> Job:
        """Let a worker send what is queued and due."""
        return self._workers.start("jobs", "queue")

    def run(self) -> None:
        """Let a worker send what is queued and due, and wait until it has."""
        self.start().result(_LONGEST_RUN)

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
            self.store.let_time_pass()
            self.run()
            tally = self.count()
        return after_first, tally

    def arrivals(self) -> collections.Counter[str]:
        """Return how often each Message-Id arrived."""
        return collections.Counter(
            transaction.message_id for transaction in self.servers.submission.transactions if transaction.accepted)

    def count(self) -> Tally:
        """Compare what Odoo says of the mails with what arrived."""
        arrived, tally = self.arrivals(), Tally()
        for _id, message_id, state, _planned, reason, notifications in self.store.mails():
            times = arrived.pop(message_id, 0)
            tally.sent += state == "sent"
            tally.queued += state == "outgoing"
            tally.failed += state not in ("sent", "outgoing")
            tally.lost += state == "sent" and not times
            tally.twice += max(0, times - 1)
            tally.false_alarms += state == "exception" and bool(times)
            tally.speechless += state == "exception" and (not reason or "Error without exception" in reason)
            tally.at_odds += any((notified == "sent") != (state == "sent") for notified in notifications)
            tally.at_odds += any((notified == "exception") != (state == "exception") for notified in notifications)
        tally.twice += sum(arrived.values())  # with a Message-Id that no mail has: a second copy that nobody can recognize
        return tally
