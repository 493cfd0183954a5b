"""Where the messages of one fetch pass: which are wanted, which one is being processed, and what becomes of them in the mailbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from imaplib import IMAP4
from poplib import error_proto
from typing import Any

from ...tools.addresses import canonical_address
from ...tools.incoming.filters import substitute
from ...tools.incoming.imap import ImapFolder
from ...tools.incoming.item import Item, Source
from ...tools.incoming.limits import MAX_SIZE
from ...tools.incoming.pop import PopMailbox
from ...tools.incoming.turns import turns

_logger = logging.getLogger(__name__)

# Octets: what Exchange puts in place of a message is a few lines.
_SHORT = 4096

Folder = ImapFolder | PopMailbox


class Desk:
    """The messages of one fetch from one server."""

    def __init__(self, server: Any, fetching: Any, open_folder: Callable[[str], Folder], opened: Folder | None = None) -> None:
        """
        :param server: ``fetchmail.server`` record
        :param fetching: :class:`.Fetching` in whose context messages are processed
        :param open_folder: returns a folder by its name
        :param opened: the folder that is open already
        """
        self._server, self._fetching, self._open = server, fetching, open_folder
        self._mailbox = canonical_address(server.user or "")
        self._inbound = server.env["office365.inbound"].sudo()
        self._folders = server.env["office365.folder"].sudo()
        self._folder = opened
        self._todo: dict[str, list] = {}
        self._validity: dict[str, str] = {}
        self._handled: dict[str, set] = {}
        self._renumbered: set[str] = set()
        self._pending: dict[str, set] = {}
        self._item: Item | None = None

    # ------------------------------------------------------------
    # What core asks for
    # ------------------------------------------------------------

    def look(self) -> int:
        """Find out which messages are wanted in each folder: those that the server has, less those in the list."""
        for name in self._server._office365_folder_names():
            if folder := self._opened(name):
                found = self._folders._wanted(self._server, folder)
                known = self._inbound._known(self._server.id, folder.name, folder.validity, found)
                # Whoever has read it meanwhile, a message that the server did not hand out is asked for again.
                self._pending[name] = self._inbound._pending(self._server.id, folder.name, folder.validity) - found
                wanted = folder.in_order(uid for uid in found if uid not in known or known[uid].is_due) + sorted(self._pending[name])
                if not wanted:
                    self._folders._caught_up(self._server, folder)
                if self._folders._is_being_renumbered(self._server.id, folder.name):
                    self._renumbered.add(name)
                self._todo[name], self._validity[name] = wanted, folder.validity
                # A worker ended before it could mark these. What a person has marked as unread since stays so.
                self._handled[name] = {uid for uid, row in known.items() if row.is_finished and not row.is_settled}
        self._fetching.wanted[self._server.id] = number = sum(map(len, self._todo.values()))
        return number

    def messages(self) -> Iterator[tuple[Any, bytes]]:
        """Yield UID and source of the wanted messages, each noted before it is processed."""
        for name, uids in turns(self._todo, self._fetching.limit):
            folder = self._opened(name)
            if not folder or folder.validity != self._validity[name]:
                continue  # numbered anew since it was looked at: the next fetch sees to that
            gone = self._pending[name] & set(uids)
            for source in folder.sources(uids, MAX_SIZE):
                gone.discard(source.uid)
                self._item = item = self._item_of(folder, source)
                if not self._is_processed(item, source):
                    continue
                self._fetching.item = item
                try:
                    yield source.uid, item.source
                finally:
                    self._fetching.item = None
            self._inbound._gone(self._server.id, folder.name, folder.validity, gone)

    def handled(self) -> None:
        """Note that core is done with the present message: it is written down, or its transaction was rolled back."""
        if self._item.is_rolled_back:
            self._inbound._postpone(self._item, self._item.reason or self._server.env._("The database could not save the message."))
        self._finish(self._item)

    def end(self) -> None:
        """Mark, move or delete in the mailbox what the committed list says is finished. What cannot be now, is with the next fetch."""
        for name, uids in self._handled.items():
            if uids and (folder := self._opened(name)) and folder.validity == self._validity[name]:
                self._settle(folder, uids)

    # ------------------------------------------------------------
    # One message
    # ------------------------------------------------------------

    def _item_of(self, folder: Folder, source: Source) -> Item:
        return Item(
            self._server.id, folder.name, folder.validity, str(source.uid), source.octets or b"", received=source.received,
            mailbox=self._mailbox)

    def _is_processed(self, item: Item, source: Source) -> bool:
        """Tell whether core is to process a message; note what becomes of any other one."""
        if source.octets is None:
            self._inbound._without_source(item, self._server.env._("The server did not hand out the message. Odoo asks for it again."))
            return False
        if len(source.octets) < _SHORT and substitute.read_source(source.octets):
            self._inbound._without_source(item, self._server.env._(
                "Exchange could not hand out the message, and described it instead. Odoo asks for it again. It can be read in Outlook."))
            return False
        if len(source.octets) > MAX_SIZE:
            self._inbound._too_large(item)
            return False
        if item.folder in self._renumbered and self._inbound._renumber(item):
            self._finish(item)
            return False
        if not self._inbound._begin(item):
            self._finish(item)
            return False
        return True

    def _finish(self, item: Item) -> None:
        uid = item.uid if item.validity == PopMailbox.validity else int(item.uid)
        self._handled[item.folder].add(uid)

    # ------------------------------------------------------------
    # The mailbox
    # ------------------------------------------------------------

    def _opened(self, name: str) -> Folder | None:
        """Return a folder, opened unless it is already; None if it is not there, which stops no other folder."""
        if not self._folder or self._folder.name != name:
            self._folder = None
            try:
                self._folder = self._open(name)
            except IMAP4.abort:
                raise
            except IMAP4.error as error:
                self._fetching.note(self._server.id, self._server.env._(
                    "The folder %(folder)s could not be opened. The server said: %(reply)s", folder=name, reply=error))
        return self._folder

    def _settle(self, folder: Folder, uids: set) -> None:
        known = self._inbound._known(self._server.id, folder.name, folder.validity, uids)
        finished = {uid for uid, row in known.items() if row.is_finished and not row.is_settled}
        done = {uid for uid in finished if known[uid].state == "done"}
        try:
            self._server._office365_settle(folder, finished, done)
        except (IMAP4.abort, OSError):
            raise
        except (IMAP4.error, error_proto) as error:
            _logger.warning("fetchmail.server %s: fetched messages could not be marked or moved: %s", self._server.id, error)
            self._fetching.note(self._server.id, self._server.env._(
                "Fetched messages could not be marked, moved or deleted in the folder %(folder)s. Odoo tries again with the next fetch. "
                "The server said: %(reply)s", folder=folder.name, reply=error))
        else:
            if not isinstance(folder, PopMailbox):
                self._inbound._settled(self._server.id, folder.name, folder.validity, finished)
