"""The database of the fault matrix, seen from outside Odoo: put back before each case, read after it."""
from __future__ import annotations

import configparser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg2

# In the order in which rows can be removed; the other way round they can be put back.
_PUT_BACK = ("mail_notification", "mail_mail_res_partner_rel", "mail_mail")
# Where the moments are written down that something waits for.
_LATER = (("mail_mail", "scheduled_date"), ("office365_pause", "until"), ("office365_token", "failure_until"))
_CONFIGURATION = ("office365_app", "office365_secret")
_COPY = "faults_copy_of_"


class Store:
    """A connection to the database that is used by nobody but the workers of one test class.

    Every statement is a transaction of its own.

    :param config: Odoo's configuration file
    :param database: name of the database
    """

    def __init__(self, config: str | Path, database: str) -> None:
        options = configparser.ConfigParser(interpolation=None)
        options.read(config)
        wanted = {"host": "db_host", "port": "db_port", "user": "db_user", "password": "db_password"}
        given = {name: options["options"].get(option) for name, option in wanted.items()}
        self._at = {"dbname": database, **{name: value for name, value in given.items() if value}}
        self._connect()

    def _connect(self) -> None:
        self._connection = psycopg2.connect(**self._at)
        self._connection.autocommit = True

    def sql(self, statement: str, *values: Any) -> list[tuple]:
        """Run one statement and return its rows, if it has any."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def change(self, statement: str, *values: Any) -> bool:
        """Run a statement as an impatient user would; tell whether it could, as nobody else had locked what it changes."""
        try:
            self.sql("SET lock_timeout = '50ms'")
            self.sql(statement, *values)
        except psycopg2.errors.LockNotAvailable:
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # --- state ---

    def keep(self) -> None:
        """Remember the state that :meth:`put_back` returns to."""
        for table in _PUT_BACK:
            self.sql(f"CREATE TABLE IF NOT EXISTS {_COPY}{table} AS TABLE {table}")
        # What the addon writes while it sends; what it has from its configuration stays.
        self._written = [
            table for table, in self.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'office365\\_%'")
            if table not in _CONFIGURATION and not self.sql(f"SELECT FROM {table} LIMIT 1")
        ]
        self._last_message = self.sql("SELECT max(id) FROM mail_message")[0][0]

    def put_back(self) -> None:
        """Return to the state that was kept."""
        for table in (*self._written, "ir_cron_trigger", "mail_activity", *_PUT_BACK):
            self.sql(f"DELETE FROM {table}")
        self.sql("DELETE FROM mail_message WHERE id > %s", self._last_message)
        for table in reversed(_PUT_BACK):
            self.sql(f"INSERT INTO {table} TABLE {_COPY}{table}")

    def let_time_pass(self) -> None:
        """Make everything that waits for a later moment due, as if an hour had passed."""
        for table, column in _LATER:
            self.sql(f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC' - interval '1 second' WHERE {column} IS NOT NULL")
        # Of an hour ago: nothing counts in the minute any more, nobody holds anything. What counts in the day still does.
        self.sql("""UPDATE office365_quota SET ledger = ledger || '{"minute": [], "reservations": [], "tails": [0, 0]}'""")

    def mails(self) -> Sequence[tuple]:
        """Return all mails: id, Message-Id, state, whether a next try is planned, cause or reason, states of its notifications, and
        whether it was given up because it may have arrived twice.
        """
        return self.sql("""
            SELECT mail.id, message.message_id, mail.state, mail.scheduled_date IS NOT NULL, mail.failure_reason,
                   ARRAY(SELECT DISTINCT notification_status FROM mail_notification WHERE mail_mail_id = mail.id),
                   mail.state = 'exception' AND EXISTS(
                       SELECT FROM jsonb_each_text(mail.office365_doubts) AS doubts WHERE doubts.value::int >= 2)
              FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
        """)

    # --- faults of the database ---

    def end_other_sessions(self) -> int:
        """Let PostgreSQL end the sessions of all others, as it does at a fast shutdown; return their number."""
        return len(self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"))

    def checkpointer(self) -> int:
        """Return the process id of PostgreSQL's checkpointer, whose death makes all of PostgreSQL start anew."""
        return self.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")[0][0]

    def reconnect(self) -> None:
        """Connect again after PostgreSQL started anew.

        :raise psycopg2.OperationalError: it is not there yet
        """
        self.close()
        self._connect()
