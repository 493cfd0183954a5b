"""One case of the fault matrix of receiving: a mailbox, something that goes wrong, and the count of what became of every message."""
from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

import psycopg2

from ..servers import ERP, MailServers
from ..servers.front_faults import FrontFault
from ..workers import Processes, Worker
from . import fetch_jobs
from .count import Count, Counting
from .store import Store

#: Runs until everything has to be settled, and those in a row that change nothing any more.
ROUNDS, _IDLE = 40, 3
_PATIENCE = 600.0  # seconds until something has to happen; only reached if it never does


class Receiving(Counting):
    """Servers, database and workers of one test class.

    :ivar servers: the local mail servers
    :ivar store: the database from outside
    :ivar subjects: of the messages of the present case, by the order of their arrival
    :ivar removed: those that a person took away
    :ivar read: those that a person has read
    :ivar after: what the server's field "Fetched Messages" says
    :ivar runs: fetches of the present case
    :ivar job: further arguments of each fetch
    """

    def __init__(self, preset: str) -> None:
        self.may_crash = bool(os.environ.get("MAIL_OFFICE365_FAULTS_MAY_CRASH"))
        self._preset, self._case, self._running = preset, 0, contextlib.ExitStack()
        self._is_numbered_anew = False

    def __enter__(self) -> Receiving:
        database, options = os.environ["MAIL_OFFICE365_FAULTS_DATABASE"], os.environ["MAIL_OFFICE365_FAULTS_CONFIG"]
        with self._running as started:
            self.servers = started.enter_context(MailServers())
            self.store = Store(options, database)
            started.callback(self.store.close)
            with self.servers.trusted():
                self._workers = started.enter_context(Processes(database, options, log=os.environ["MAIL_OFFICE365_FAULTS_LOG"]))
            self._last = self.store.sql("SELECT coalesce(max(id), 0) FROM mail_message")[0][0]
            started.callback(self._put_back)
            [self.server_id] = self._workers.run(fetch_jobs.make_server, [
                self._preset, self.front.host, self.front.port, ERP, self.servers.password(ERP)])
            self._server = self.store.sql("SELECT password, office365_app_id FROM fetchmail_server WHERE id = %s", self.server_id)[0]
            self._running = started.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.close()

    def _put_back(self) -> None:
        """Leave the database as it was: the matrix of sending uses it as well."""
        self._forget()
        for table in ("office365_folder", "mail_activity", "fetchmail_server", "office365_app"):
            self.store.sql(f"DELETE FROM {table}")
        self.store.sql("DELETE FROM mail_mail WHERE mail_message_id > %s", self._last)
        self.store.sql("DELETE FROM mail_message WHERE id > %s", self._last)

    def _forget(self) -> None:
        for table in ("office365_inbound", "mail_activity"):
            self.store.sql(f"DELETE FROM {table}")
        self.store.sql("DELETE FROM ir_attachment WHERE res_model = 'office365.inbound'")

    @property
    def front(self):
        """The IMAP or POP server."""
        return getattr(self.servers, self._preset)

    def front_connections(self) -> list:
        """Return the connections that reached the server."""
        return [each for each in self.servers.connections if each.listener == self._preset]

    @property
    def mailbox(self):
        """The mailbox that is fetched."""
        return self.servers.mailbox(ERP)

    # --- a case ---

    def reset(self, timeout: int, after: str) -> None:
        """Have an empty mailbox, an empty list, and servers that do everything right.

        :param timeout: seconds that workers wait for a server
        :param after: "seen", "leave", "move" or "delete"
        """
        self._case += 1
        self.runs, self.after, self.job = 0, after, {"timeout": timeout}
        self.subjects, self.removed, self.read = [], set(), set()
        self.servers.reset()
        self._forget()
        usual = {
            "error_date": None, "error_message": None, "office365_retry_at": None, "office365_failures": 0, "office365_after_fetch": after,
            "office365_move_folder": "Done", "office365_first_fetch": "unread", "password": self._server[0], "office365_app_id": None,
        }
        self.store.sql(
            f"UPDATE fetchmail_server SET {', '.join(f'{name} = %s' for name in usual)} WHERE id = %s", *usual.values(), self.server_id)

    def connect_first(self) -> str:
        """Fetch from the empty mailbox: what arrives from now on is no history. Once, as long as the folder keeps its numbers."""
        known = self.store.sql("SELECT 1 FROM office365_folder WHERE name = 'INBOX' AND start IS NOT NULL AND NOT is_renumbered")
        if known and not self._is_numbered_anew:
            return ""
        self.never_connected()
        self._is_numbered_anew = False
        return self.run()

    def never_connected(self) -> None:
        """Have a server that was never fetched from."""
        self.store.sql("DELETE FROM office365_folder")

    def renumber(self) -> None:
        """Give the folder another UIDVALIDITY, and its messages other UIDs."""
        self._is_numbered_anew = True
        self.mailbox.renumber()

    def revalidate(self) -> None:
        """Give the folder another UIDVALIDITY of 14 digits; the UIDs stay."""
        self._is_numbered_anew = True
        self.front.uidvalidity = lambda validity: validity + 10**13

    def sign_in_by_token(self) -> None:
        """Let the server sign in with a token of the local Entra."""
        entra = self.servers.entra
        [app_id] = self._workers.run(fetch_jobs.make_app, [
            entra.directory.tenant_id, entra.app.client_id, entra.app.secret, entra.authority()])
        self.store.sql("UPDATE fetchmail_server SET password = NULL, office365_app_id = %s WHERE id = %s", app_id, self.server_id)

    def deliver(self, number: int, folder: str = "INBOX", received: float | None = None, text: str = "") -> None:
        """Let messages arrive, every tenth without a Message-Id."""
        for _each in range(number):
            subject = f"f{self._preset}{self._case}-{len(self.subjects)}"
            head = f"From: Carla <customer{len(self.subjects) % 30}@fabrikam.example>\r\nTo: {ERP}\r\nSubject: {subject}\r\n"
            if len(self.subjects) % 10:
                head += f"Message-Id: <{subject}@fabrikam.example>\r\n"
            self.subjects.append(subject)
            self.mailbox.deliver(
                f"{head}\r\nHello {subject}\r\n{text}\r\n".encode(), folder, time_received=received)

    def start(self) -> Worker:
        """Let a worker fetch once."""
        self.runs += 1
        [worker] = self._workers.begin(fetch_jobs.fetch, [self.server_id, *self.job_values()])
        return worker

    def job_values(self) -> list:
        """Return the arguments of a fetch after the first one."""
        return list(({"timeout": 10, "limit": 50, "clock": 0, "failing": (), "deadly": (), "dies_in": ""} | self.job).values())

    def run(self) -> str:
        """Let a worker fetch once, and wait until it has; return the failure that is shown to people."""
        return self.start().result()

    def let_time_pass(self) -> None:
        """Make everything due that waits for a later moment."""
        for table, column in (("fetchmail_server", "office365_retry_at"), ("office365_inbound", "retry_at"),
                              ("office365_token", "failure_until"), ("office365_pause", "until")):
            # Beyond a day: the clock of Odoo's host may be wrong by one.
            self.store.sql(f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC' - interval '2 days' WHERE {column} IS NOT NULL")

    def settle(self, faults: Sequence[FrontFault], first: Callable[[], object] | None = None) -> tuple[Count, Count]:
        """Fetch, let time pass and fetch again, until nothing changes any more.

        :param faults: those that are scripted a number of times have to strike so often
        :param first: what happens in place of the first run
        :return: what was after the first run, and in the end
        """
        (first or self.run)()
        after_first, idle = self.count(), 0
        count = after_first
        for _round in range(ROUNDS):
            is_over = not any(fault.times and fault.struck < fault.times for fault in faults)
            if is_over and not (count.waiting or count.unmarked or self._is_planned()) or idle >= _IDLE + len(faults):
                break
            self.let_time_pass()
            self.run()
            before, count = count, self.count()
            idle = idle + 1 if count == before else 0
        return after_first, count

    def _is_planned(self) -> bool:
        """Tell whether Odoo tries a message again by itself."""
        return bool(self.store.sql("SELECT 1 FROM office365_inbound WHERE retry_at IS NOT NULL LIMIT 1"))

    # --- moments ---

    def until_posted(self, number: int) -> None:
        """Wait until so many messages of this case are in Odoo."""
        deadline = time.monotonic() + _PATIENCE
        while len(self.posted()) < number:
            if time.monotonic() > deadline:
                raise TimeoutError("nothing is fetched")
            time.sleep(0.005)

    def reconnect(self) -> None:
        """Connect again when PostgreSQL is there again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.store.reconnect()
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
