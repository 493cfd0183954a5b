"""Connections that answer what core asks by UID or unique id, and change nothing in the mailbox before it is committed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from imaplib import IMAP4
from poplib import error_proto

import psycopg2
from imapclient import IMAPClient
from odoo.addons.mail.models import fetchmail as core

from ...tools.incoming.limits import MAX_SIZE
from .desk import Desk


@contextlib.contextmanager
def _farewell(close: Callable[[], object]) -> Iterator[None]:
    """Close a connection whose end does not go well, and say so in the only way that lets core go on with the next server.

    :raise OSError: whatever the server did
    """
    try:
        yield
    except (IMAP4.error, error_proto, OSError, psycopg2.Error) as error:
        with contextlib.suppress(OSError):
            close()
        raise ConnectionError(str(error)) from error


class _Ledger:
    """Answers what core asks a connection.

    :ivar desk: of the fetch that this connection is for, None if it is for a test
    """

    desk: Desk | None = None

    def check_unread_messages(self) -> int:
        """Return how many messages are wanted."""
        return self.desk.look()

    def retrieve_unread_messages(self) -> Iterator[tuple[int | str, bytes]]:
        """Yield id and source of the wanted messages."""
        yield from self.desk.messages()

    def handled_message(self, num: int | str) -> None:
        """Note that core is done with a message."""
        self.desk.handled()


class LedgerImap(_Ledger, IMAPClient):
    """Mail by UID; nothing is marked before it is committed."""

    def disconnect(self) -> None:
        """Mark what is finished, and say goodbye.

        :raise OSError: the server did not let us
        """
        with _farewell(self.shutdown):
            if self.desk:
                self.desk.end()
            self.logout()


class LedgerPop(_Ledger, core.OdooPOP3_SSL):
    """Mail by unique id; nothing is deleted before it is committed."""

    def _getline(self) -> tuple[bytes, int]:
        """Return a line and its octets, however long it is: core's bound ends a message in its middle, and the rest is taken for answers.

        :raise error_proto: the connection ended, or the line alone is too long for a message
        """
        line = self.file.readline(MAX_SIZE + 1)
        if not line:
            raise error_proto("-ERR EOF")
        if len(line) > MAX_SIZE:
            raise error_proto("line too long")
        return line.rstrip(b"\n").rstrip(b"\r"), len(line)

    def disconnect(self) -> None:
        """Delete what is finished; that counts once the server has answered QUIT.

        :raise OSError: the server did not let us
        """
        with _farewell(self.close):
            if self.desk:
                self.desk.end()
            self.quit()
