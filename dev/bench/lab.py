"""The place where a bench works: databases, worker processes, local mail servers and the line between them."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jobs
from link import Link
from servers import ERP, MailServers
from workers import Processes

_LONGEST = 3600.0


class Incomplete(Exception):
    """A bench could not measure what it should: mails were not sent, or the servers saw something else."""


class Lab(contextlib.ExitStack):
    """Everything a bench needs, prepared.

    :ivar servers: the local mail servers; they and the line run in this process, Odoo in others
    :ivar addon: workers on the database with the addon
    :ivar core: workers on the database without it
    :ivar profile: folder for profiles, if there are to be some
    """

    users = 100
    profile: str | None = None

    def __enter__(self) -> Lab:
        super().__enter__()
        self.servers = self.enter_context(MailServers())
        self.servers.directory.limits.recipients_per_day = None
        self.servers.directory.account(ERP).save_sent_items = False
        self.servers.directory.grant_send_as(ERP, *(f"bench{number}@contoso.example" for number in range(self.users)))
        self.servers.directory.grant_send_as(ERP, "bounce@contoso.example", "notifications@contoso.example")
        # Workers import the jobs by their name.
        os.environ["PYTHONPATH"] = f"{Path(__file__).parent}:{os.environ.get('PYTHONPATH', '')}"
        at = self.servers.submission
        for name, prefix in (("addon", ""), ("core", "CORE_")):
            with self.servers.trusted():
                workers = self.enter_context(Processes(
                    os.environ[f"MAIL_OFFICE365_{prefix}DATABASE"], os.environ[f"MAIL_OFFICE365_{prefix}CONFIG"],
                    log=os.environ["MAIL_OFFICE365_LOG"]))
            setattr(self, name, workers)
            self.ask(workers, jobs.prepare, at.host, at.port, ERP, self.servers.password(ERP), self.users)
        return self

    @contextlib.contextmanager
    def line(self, round_trip: float):
        """Put a line with a round trip of so many seconds before the submission server, or none at all for 0."""
        direct = self.servers.submission.port
        if not round_trip:
            yield
            return
        with Link(direct, round_trip) as link:
            self.ask(self.addon, jobs.move, link.port)
            yield
            self.ask(self.addon, jobs.move, direct)

    def sign_in(self, *, processes: int, times: int, minutes: float) -> list[dict[str, float]]:
        """Let processes sign in with a new app at the same time, each so often within so many minutes."""
        entra = self.servers.entra
        app = self.ask(
            self.addon, jobs.make_app, entra.directory.tenant_id, entra.app.client_id, entra.app.secret, entra.authority())
        return self.addon.run(jobs.sign_in, *[[app, times, minutes]] * processes, timeout=_LONGEST)

    def ask(self, workers: Processes, job: Callable, *arguments: Any) -> Any:
        """Run a job in one process and return what it returns."""
        [result] = workers.run(job, arguments, timeout=_LONGEST)
        return result

    def send(
        self, workers: Processes, server: str, mails: int, users: int = 1, *, beside: bool = False, limits: bool = False,
    ) -> dict[str, float]:
        """Let a worker send mails; return what it measured and the number of ``connections`` the server saw.

        :param beside: the other server is in use, too
        :param limits: the server has the limits of its preset
        :raise Incomplete: not every mail was sent once
        """
        self.servers.submission.connections.clear()
        self.servers.submission.transactions.clear()
        self.servers.transactions.clear()
        self.servers.connections.clear()
        where = "core" if workers is self.core else "addon"
        profile = str(Path(self.profile, f"{where}-{server}-{mails}-{users}.prof")) if self.profile else ""
        measured = self.ask(workers, jobs.send, server, mails, users, profile, beside, limits)
        arrived = sum(transaction.accepted for transaction in self.servers.submission.transactions) - 1  # one to warm up
        if measured["sent"] != mails or arrived != mails:
            raise Incomplete(f"of {mails} mails, {measured['sent']:g} are sent and {arrived} arrived")
        connections = len(self.servers.submission.connections) - 1
        for name in ("brant.wadsworth@contoso.example", "customer@fabrikam.example", ERP):
            self.servers.mailbox(name).clear()
        return measured | {"connections": connections, "each": measured["seconds"] / mails}
