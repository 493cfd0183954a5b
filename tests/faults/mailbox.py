"""One case of the fault matrix of receiving: a mailbox, something that goes wrong, and the count of what became of every message."""
from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

import psycopg2

from ..servers import ERP, MailServers
from ..servers.front_faults import FrontFault
from ..servers.maildir import StoredMessage
from ..workers import Processes, Worker
from . import fetch_jobs
from .count import Count
from .store import Store

#: Runs until everything has to be settled, and those in a row that change nothing any more.
ROUNDS, _IDLE = 40, 3
_LONGEST_RUN = 120.0
_PATIENCE = 60.0  # seconds until something has to happen; only reached if it never does


class Receiving:
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
        for table in ("mail_activity", "fetchmail_server", "office365_app"):
            self.store.sql(f"DELETE FROM {table}")
        self.store.sql("DELETE FROM mail_mail WHERE mail_message_id > %s", self._last)
        self.store.sql("DELETE FROM mail_message WHERE id > %s", self._last)

    def _forget(self) -> None:
        for table in ("office365_inbound", "office365_folder", "mail_activity"):
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
        return self.start().result(_LONGEST_RUN)

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

    # --- what became of the messages ---

    def count(self) -> Count:
        """Compare what Odoo says of the messages with what is in the mailbox."""
        posted = dict(self.store.sql(
            "SELECT subject, count(*) FROM mail_message WHERE id > %s AND message_type = 'email' GROUP BY 1", self._last))
        kept, nameless = self._listed()
        there, count = self.there(), Count(named=nameless)
        for subject in self.subjects:
            times, is_kept = posted.get(subject, 0), subject in kept
            found = there.get(subject)
            count.posted += times > 0
            count.kept += is_kept and not times
            count.twice += max(0, times + is_kept - 1)
            if times or is_kept:
                count.unmarked += not self._shows(found, is_kept and not times, subject)
            elif subject in self.removed:
                count.removed += 1
            elif found and found[0] != "Done" and not self._is_touched(found, subject):
                count.waiting += 1
            else:
                count.lost += 1
        count.waiting -= nameless
        if count.waiting < 0:  # a person took away one that the server had not handed out
            count.named, count.waiting = count.named + count.waiting, 0
        count.strangers = sum(not str(subject).startswith(f"f{self._preset}") for subject in posted)
        return count

    def _listed(self) -> tuple[set[str], int]:
        """Return the subjects of messages that are kept, and how many are listed without a source of their own."""
        rows = self.store.sql("""
            SELECT subject, digest IS NOT NULL AND EXISTS(
                SELECT FROM ir_attachment WHERE res_model = 'office365.inbound' AND res_field = 'raw' AND res_id = office365_inbound.id)
              FROM office365_inbound WHERE state <> 'done' AND NOT (digest IS NULL AND (is_working OR state = 'ignored'))""")
        return {subject for subject, has_source in rows if has_source}, sum(not has_source for _subject, has_source in rows)

    def there(self) -> dict[str, tuple[str, StoredMessage]]:
        """Return folder and message of what is in the mailbox, by subject."""
        mailbox = self.mailbox
        return {str(message["Subject"]): (folder, message) for folder in mailbox.folders() for message in mailbox.messages(folder)}

    def _shows(self, found: tuple[str, StoredMessage] | None, is_kept: bool, subject: str) -> bool:
        """Tell whether the mailbox shows what became of a message: what is kept is never moved or deleted, but over POP."""
        if not found:
            return self.after == "delete" and (not is_kept or self._preset == "pop") or subject in self.removed
        folder, message = found
        if self.after == "leave" or self._preset == "pop":
            return self.after == "leave" and not self._is_touched(found, subject)
        if is_kept:
            return "S" in message.flags and "T" not in message.flags and folder != "Done"
        return {"seen": "S" in message.flags, "move": folder == "Done", "delete": "T" in message.flags}[self.after]

    def _is_touched(self, found: tuple[str, StoredMessage], subject: str) -> bool:
        if self._preset == "pop":
            return False  # Dovecot marks what it has handed out
        flags = set(found[1].flags)
        return bool(flags & set("ST")) if subject not in self.read else "T" in flags

    # --- moments ---

    def posted(self) -> set[str]:
        """Return the subjects of the messages of this case that are in Odoo."""
        like = f"f{self._preset}{self._case}-%"
        rows = self.store.sql("SELECT subject FROM mail_message WHERE id > %s AND subject LIKE %s", self._last, like)
        return {subject for subject, in rows}

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
