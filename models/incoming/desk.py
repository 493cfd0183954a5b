"""Where the messages of one fetch pass: which are wanted, which one is being processed, and which may be marked as read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from imaplib import IMAP4
from typing import Any

from odoo.addons.mail.models import fetchmail as core

from ...tools.incoming.imap import Folder
from ...tools.incoming.item import Item

_logger = logging.getLogger(__name__)

INBOX = "INBOX"


class Desk:
    """The messages of one fetch from the INBOX of one server."""

    def __init__(self, server: Any, fetching: Any) -> None:
        """
        :param server: ``fetchmail.server`` record
        :param fetching: :class:`.Fetching` in whose context messages are processed
        """
        self._server, self._fetching = server, fetching
        self._inbound = server.env["office365.inbound"].sudo()
        self._todo: list[int] = []
        self._handled: set[int] = set()

    def look(self, folder: Folder) -> int:
        """Find out which messages are wanted: unread ones and those that arrived since the first connection, less those in the list."""
        unread = folder.search("UNSEEN")
        found = unread | folder.since(self._server._office365_start(folder.validity, folder.uid_next))
        finished = self._inbound._finished(self._server.id, INBOX, folder.validity, sorted(found))
        self._handled = unread & finished  # a worker ended before it could mark them
        self._todo = sorted(found - finished)
        return len(self._todo)

    def messages(self, folder: Folder) -> Iterator[tuple[int, bytes]]:
        """Yield UID and source of the wanted messages, each noted before it is processed."""
        for uid, source in folder.sources(self._todo):
            item = Item(self._server.id, INBOX, folder.validity, uid, source or b"")
            if source is None:
                self._inbound._no_source(item, self._server.env._("The server did not hand out the message. Odoo asks for it again."))
            elif self._inbound._begin(item):
                self._fetching.item = item
                try:
                    yield uid, source
                finally:
                    self._fetching.item = None
            else:
                self._handled.add(uid)

    def handled(self, uid: int) -> None:
        """Note that core is done with a message."""
        self._handled.add(uid)

    def settle(self, folder: Folder) -> None:
        """Mark as read what the committed list says is finished; move or delete what became a record, if that is wanted.

        What cannot be marked is marked with the next fetch.
        """
        try:
            finished = self._inbound._finished(self._server.id, INBOX, folder.validity, sorted(self._handled))
            folder.mark_seen(finished)
            if self._server.office365_after_fetch != "seen":
                done = self._inbound._finished(self._server.id, INBOX, folder.validity, sorted(finished), only_done=True)
                if self._server.office365_after_fetch == "move":
                    folder.move(done, self._server.office365_move_folder)
                else:
                    folder.delete(done)
        except (IMAP4.abort, OSError):
            raise
        except Exception as error:  # noqa: BLE001  (core would end the fetch of all servers)
            _logger.warning("fetchmail.server %s: fetched messages could not be marked or moved: %s", self._server.id, error)


class LedgerImap(core.OdooIMAP4_SSL):
    """Answers what core asks a connection by UID, and marks nothing before it is committed.

    :ivar desk: of the fetch that this connection is for, None if it is for a test
    """

    desk: Desk | None = None
    _folder: Folder | None = None

    def check_unread_messages(self) -> int:
        """Return how many messages are wanted."""
        self.select()
        self._folder = Folder(self)
        return self.desk.look(self._folder)

    def retrieve_unread_messages(self) -> Iterator[tuple[int, bytes]]:
        """Yield UID and source of the wanted messages."""
        yield from self.desk.messages(self._folder)

    def handled_message(self, num: int) -> None:
        """Note that core is done with a message."""
        self.desk.handled(num)

    def disconnect(self) -> None:
        """Mark what is finished, and say goodbye."""
        try:
            if self._folder and self.state == "SELECTED":
                self.desk.settle(self._folder)
        finally:
            self.logout()
