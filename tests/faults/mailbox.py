"""One case of the fault matrix of receiving: a mailbox, something that goes wrong, and the count of what became of every message."""
from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterable

import psycopg2

from ..servers import ERP, MailServers
from ..servers.maildir import StoredMessage
from ..workers import Processes, Worker
from . import fetch_jobs
from .store import Store

#: Runs until everything has to be settled, and those in a row that change nothing any more.
ROUNDS, _IDLE = 40, 3
_LONGEST_RUN = 120.0
_PATIENCE = 60.0  # seconds until something has to happen; only reached if it never does


@dataclasses.dataclass
class Count:
    """What became of the messages.

    :ivar posted: number of messages that are in Odoo
    :ivar kept: that are in the list of received mail with their source, to be seen to
    :ivar named: that are in the list without a source, as the server hands none out
    :ivar waiting: that are in the mailbox as they arrived
    :ivar removed: that a person took away before Odoo had them
    :ivar lost: that are nowhere, or look fetched in the mailbox and are not
    :ivar twice: in Odoo more than once, or in Odoo and to be seen to
    :ivar unmarked: accounted for, but the mailbox does not show it
    :ivar strangers: messages in Odoo that nobody wrote
    """

    posted: int = 0
    kept: int = 0
    named: int = 0
    waiting: int = 0
    removed: int = 0
    lost: int = 0
    twice: int = 0
    unmarked: int = 0
    strangers: int = 0


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

    def reset(self, timeout: int, after: str, **values: object) -> None:
        """Have an empty mailbox, an empty list, and servers that do everything right.

        :param timeout: seconds that workers wait for a server
        :param after: "seen", "leave", "move" or "delete"
        :param values: columns of the ``fetchmail_server``
        """
        self._case += 1
        self.runs, self.after, self.job = 0, after, {"timeout": timeout}
        self.subjects, self.removed, self.read = [], set(), set()
        self.servers.reset()
        self._forget()
        usual = {
            "error_date": None, "error_message": None, "office365_retry_at": None, "office365_failures": 0, "office365_after_fetch": after,
            "office365_move_folder": "Done", "office365_first_fetch": "unread", "password": self._server[0], "office365_app_id": None,
        } | values
        columns = ", ".join(f"{name} = %s" for name in usual)
        self.store.sql(f"UPDATE fetchmail_server SET {columns} WHERE id = %s", *usual.values(), self.server_id)

    def sign_in_by_token(self) -> None:
        """Let the server sign in with a token of the local Entra."""
        entra = self.servers.entra
        [app_id] = self._workers.run(fetch_jobs.make_app, [
            entra.directory.tenant_id, entra.app.client_id, entra.app.secret, entra.authority()])
        self.store.sql("UPDATE fetchmail_server SET password = NULL, office365_app_id = %s WHERE id = %s", app_id, self.server_id)

    def deliver(self, number: int, folder: str = "INBOX", flags: str = "", received: float | None = None, size: int = 0) -> None:
        """Let messages arrive, every tenth without a Message-Id."""
        for _each in range(number):
            subject = f"f{self._preset}{self._case}-{len(self.subjects)}"
            head = f"From: Carla <customer{len(self.subjects) % 30}@fabrikam.example>\r\nTo: {ERP}\r\nSubject: {subject}\r\n"
            if len(self.subjects) % 10:
                head += f"Message-Id: <{subject}@fabrikam.example>\r\n"
            self.subjects.append(subject)
            self.mailbox.deliver(
                f"{head}\r\nHello {subject}\r\n{'x' * 70 * (size // 70)}".encode(), folder, flags=flags, time_received=received)
            if "S" in flags:
                self.read.add(subject)

    def start(self) -> Worker:
        """Let a worker fetch once."""
        self.runs += 1
        [worker] = self._workers.begin(fetch_jobs.fetch, [self.server_id, *self.job_values()])
        return worker

    def job_values(self) -> list:
        """Return the arguments of a fetch after the first one."""
        usual = {"timeout": 10, "limit": 50, "clock": 0, "failing": (), "deadly": ()}
        return list((usual | self.job).values())

    def run(self) -> str:
        """Let a worker fetch once, and wait until it has; return the failure that is shown to people."""
        return self.start().result(_LONGEST_RUN)

    def let_time_pass(self) -> None:
        """Make everything due that waits for a later moment."""
        for table, column in (("fetchmail_server", "office365_retry_at"), ("office365_inbound", "retry_at"),
                              ("office365_token", "failure_until"), ("office365_pause", "until")):
            # Beyond a day: the clock of Odoo's host may be wrong by one.
            self.store.sql(f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC' - interval '2 days' WHERE {column} IS NOT NULL")

    def settle(self, first: Callable[[], object] | None = None) -> tuple[Count, Count]:
        """Fetch, let time pass and fetch again, until nothing changes any more.

        :param first: what happens in place of the first run
        :return: what was after the first run, and in the end
        """
        (first or self.run)()
        after_first = count = self.count()
        idle = 0
        for _round in range(ROUNDS):
            if idle == _IDLE or not (count.waiting or count.named or count.kept or count.unmarked):
                break
            self.let_time_pass()
            failure = self.run()
            before, count = count, self.count()
            idle = idle + 1 if count == before and not failure else 0
        return after_first, count

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
                count.unmarked += bool(found) and not self._shows(found, is_kept, subject)
            elif subject in self.removed:
                count.removed += 1
            elif found and found[0] != "Done" and not self._is_touched(found, subject):
                count.waiting += 1
            else:
                count.lost += 1
        count.waiting -= nameless
        count.strangers = sum(not str(subject).startswith(f"f{self._preset}") for subject in posted)
        return count

    def _listed(self) -> tuple[set[str], int]:
        """Return the subjects of messages that are kept, and how many are listed without a source of their own."""
        rows = self.store.sql("""
            SELECT subject, digest IS NOT NULL AND EXISTS(
                SELECT FROM ir_attachment WHERE res_model = 'office365.inbound' AND res_field = 'raw' AND res_id = office365_inbound.id)
              FROM office365_inbound WHERE state <> 'done' AND NOT (is_working AND digest IS NULL)""")
        return {subject for subject, has_source in rows if has_source}, sum(not has_source for _subject, has_source in rows)

    def there(self) -> dict[str, tuple[str, StoredMessage]]:
        """Return folder and message of what is in the mailbox, by subject."""
        return {str(message["Subject"]): (folder, message) for folder in self.mailbox.folders() for message in self.mailbox.messages(folder)}

    def _shows(self, found: tuple[str, StoredMessage], is_kept: bool, subject: str) -> bool:
        """Tell whether the mailbox shows that a message was fetched."""
        folder, message = found
        if self._preset == "pop":
            return self.after != "delete"
        if self.after == "leave":
            return not self._is_touched(found, subject)
        if self.after == "seen" or is_kept:
            return "S" in message.flags
        return folder == "Done" if self.after == "move" else "T" in message.flags

    def _is_touched(self, found: tuple[str, StoredMessage], subject: str) -> bool:
        flags = set(found[1].flags)
        return bool(flags & set("ST")) if subject not in self.read else "T" in flags

    # --- moments ---

    def until_posted(self, number: int) -> None:
        """Wait until so many messages of this case are in Odoo."""
        like, deadline = f"f{self._preset}{self._case}-%", time.monotonic() + _PATIENCE
        while self.store.sql("SELECT count(*) FROM mail_message WHERE subject LIKE %s", like)[0][0] < number:
            if time.monotonic() > deadline:
                raise TimeoutError("nothing is fetched")

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

    def messages(self, numbers: Iterable[int], folder: str = "INBOX") -> list[StoredMessage]:
        """Return messages by the order of their arrival."""
        all_of_them = self.mailbox.messages(folder)
        return [all_of_them[number] for number in numbers]
