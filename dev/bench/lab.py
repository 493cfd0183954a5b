"""The place where a bench works: databases, worker processes, local mail servers and the line between them."""
from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from faults.workers import Workers
from link import Link
from servers import ERP, MailServers

_JOBS = "jobs"
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
        self.addon = self._workers("MAIL_OFFICE365_CONFIG", "MAIL_OFFICE365_DATABASE")
        self.core = self._workers("MAIL_OFFICE365_CORE_CONFIG", "MAIL_OFFICE365_CORE_DATABASE")
        for workers in (self.addon, self.core):
            workers.run(
                _JOBS, "prepare", host="localhost", port=self.servers.submission.port, login=ERP,
                password=self.servers.password(ERP), users=self.users, timeout=_LONGEST)
        return self

    def _workers(self, config: str, database: str) -> Workers:
        return self.enter_context(Workers(
            os.environ[config], os.environ[database], Path(__file__).parent, {"SSL_CERT_FILE": self.servers.ca_file},
            os.environ["MAIL_OFFICE365_LOG"]))

    @contextlib.contextmanager
    def line(self, round_trip: float):
        """Put a line with a round trip of so many seconds before the submission server, or none at all for 0."""
        direct = self.servers.submission.port
        if not round_trip:
            yield
            return
        with Link(direct, round_trip) as link:
            self.addon.run(_JOBS, "move", port=link.port)
            yield
            self.addon.run(_JOBS, "move", port=direct)

    def sign_in(self, *, processes: int, times: int, minutes: float) -> list[dict[str, float]]:
        """Let processes sign in with a new app at the same time, each so often within so many minutes."""
        entra = self.servers.entra
        app = self.ask(
            self.addon, "make_app", directory=entra.directory.tenant_id, client_id=entra.app.client_id, secret=entra.app.secret,
            authority=entra.authority())
        running = [self.addon.start(_JOBS, "sign_in", app=app, times=times, minutes=minutes) for _process in range(processes)]
        return [job.result(_LONGEST) for job in running]

    def ask(self, workers: Workers, function: str, **arguments: Any) -> Any:
        """Run another job."""
        return workers.run(_JOBS, function, timeout=_LONGEST, **arguments)

    def send(self, workers: Workers, server: str, mails: int, users: int = 1) -> dict[str, float]:
        """Let a worker send mails; return what it measured and the number of ``connections`` the server saw.

        :raise Incomplete: not every mail was sent once
        """
        self.servers.submission.connections.clear()
        self.servers.submission.transactions.clear()
        self.servers.transactions.clear()
        self.servers.connections.clear()
        profile = str(Path(self.profile, f"{server}-{mails}-{users}.prof")) if self.profile else ""
        measured = workers.run(_JOBS, "send", timeout=_LONGEST, server=server, mails=mails, users=users, profile=profile)
        arrived = sum(transaction.accepted for transaction in self.servers.submission.transactions) - 1  # one to warm up
        if measured["sent"] != mails or arrived != mails:
            raise Incomplete(f"of {mails} mails, {measured['sent']:g} are sent and {arrived} arrived")
        connections = len(self.servers.submission.connections) - 1
        for name in ("brant.wadsworth@contoso.example", "customer@fabrikam.example", ERP):
            self.servers.mailbox(name).clear()
        return measured | {"connections": connections, "each": measured["seconds"] / mails}
