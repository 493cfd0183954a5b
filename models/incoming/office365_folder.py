from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ...tools.incoming.imap import ImapFolder
from ...tools.incoming.pop import PopMailbox
from ...tools.transactions import run_apart

#: Days that the list remembers what was processed: no renumbered folder is read further back.
KEPT_DAYS = 90
# How long after others, which arrived later, a server may show a message.
_SHOWN_LATE = timedelta(days=1)


class Office365Folder(models.Model):
    """A folder of a mailbox, and up to where it was read."""

    _name = "office365.folder"
    _description = "Office 365 Mailbox Folder"
    _order = "name"

    server_id = fields.Many2one("fetchmail.server", required=True, readonly=True, ondelete="cascade")
    name = fields.Char("Folder", required=True, readonly=True, help="As the mailbox shows it; subfolders with their parents' names.")
    is_fetched = fields.Boolean("Fetch", help="Odoo reads the mail of this folder.")
    validity = fields.Char("UIDVALIDITY", readonly=True, help="Another one means that the server has numbered the folder anew.")
    # A UID may be larger than an integer of PostgreSQL.
    start = fields.Char(
        readonly=True, help="The first UID that is fetched whether or not it is unread. Empty: messages received since a date.")
    since = fields.Datetime(readonly=True, help="Messages received earlier are history.")
    is_renumbered = fields.Boolean(readonly=True, help="The server has numbered the folder anew, and not all of it was read since.")

    _name_unique = models.UniqueIndex("(server_id, name)", "A folder of a mailbox is listed once.")

    @api.constrains("is_fetched")
    def _check_is_fetched(self):
        self.server_id._check_office365_after_fetch()

    @api.model
    def _wanted(self, server, folder: ImapFolder | PopMailbox) -> set:
        """Return the messages of a folder that are fetched unless they are in the list.

        That is what arrived since the first connection, and what the server's field "First Fetch" adds to that.
        """
        if isinstance(folder, PopMailbox):
            return folder.uids()  # POP knows neither what is unread nor when it came
        or_unread = server.office365_first_fetch == "unread"
        start, since, _is_renumbered = self._state(server, folder)
        return folder.arrived_from(int(start), or_unread=or_unread) if start else folder.received_since(since, or_unread=or_unread)

    @api.model
    def _wanted_as_noted(self, server, folder: ImapFolder | PopMailbox, found: set, unread: set) -> tuple[set, bool]:
        """Return what :meth:`_wanted` returns, without noting anything, and whether only the next fetch can tell it.

        :param found: all messages of the folder
        :param unread: those of them that are unread
        """
        if isinstance(folder, PopMailbox):
            return found, False
        noted = self.search([("server_id", "=", server.id), ("name", "=", folder.name)])
        if noted.validity != folder.validity:
            return found, True
        if noted.start:
            arrived = {uid for uid in found if uid >= int(noted.start)}
        else:
            arrived = folder.received_since(noted.since, or_unread=False) if noted.since else set()
        return (arrived | unread if server.office365_first_fetch == "unread" else arrived) & found, noted.is_renumbered

    @api.model
    def _state(self, server, folder: ImapFolder) -> tuple[str | None, datetime, bool]:
        """Return from which UID or else since when a folder is read, and whether it was numbered anew.

        Committed at once: whatever becomes of this fetch, what arrives from now on is no history.
        """
        now = fields.Datetime.now()
        oldest = now - timedelta(days=KEPT_DAYS)
        is_dated = server.office365_first_fetch == "date" and server.office365_fetch_since
        first = fields.Datetime.to_datetime(server.office365_fetch_since) if is_dated else now

        def settle(cr):
            cr.execute(
                "SELECT validity, start, since, is_renumbered FROM office365_folder WHERE server_id = %s AND name = %s FOR NO KEY UPDATE",
                [server.id, folder.name])
            validity, *state = cr.fetchone() or (None, None, None, False)
            if validity == folder.validity:
                return tuple(state)
            if validity:  # the server never gives the old numbers again
                state = (None, max(state[1] or oldest, oldest), True)
            elif is_dated:
                state = (None, first, False)
            else:
                state = (str(folder.uid_next or max(folder.uids(), default=0) + 1), first, False)
            cr.execute(
                """
                INSERT INTO office365_folder (server_id, name, is_fetched, validity, start, since, is_renumbered, create_uid, create_date)
                VALUES (%s, %s, TRUE, %s, %s, %s, %s, %s, clock_timestamp() AT TIME ZONE 'UTC')
                ON CONFLICT (server_id, name) DO UPDATE SET validity = EXCLUDED.validity, start = EXCLUDED.start, since = EXCLUDED.since,
                    is_renumbered = EXCLUDED.is_renumbered
                """, [server.id, folder.name, folder.validity, *state, SUPERUSER_ID])
            return state

        return run_apart(self.env.registry.cursor, settle)

    @api.model
    def _caught_up(self, server, folder: ImapFolder | PopMailbox) -> None:
        """Note that all that is wanted of a folder was read: from now on, what arrives is told by its UID.

        From the first of the last day on: the UID of a message that the server shows late is lower than those of others that it has shown.
        """
        if not isinstance(folder, ImapFolder):
            return
        start, since, _is_renumbered = self._state(server, folder)
        if start:
            return
        recent = folder.received_since(max(since, fields.Datetime.now() - _SHOWN_LATE), or_unread=False)
        start = max(folder.uids() - recent, default=0) + 1
        run_apart(self.env.registry.cursor, lambda cr: cr.execute(
            """
            UPDATE office365_folder SET start = %s, is_renumbered = FALSE
             WHERE server_id = %s AND name = %s AND validity = %s AND start IS NULL
            """, [str(start), server.id, folder.name, folder.validity]))

    @api.model
    def _is_being_renumbered(self, server_id: int, name: str) -> bool:
        """Tell whether a message of this folder may be in the list under an older number.

        Read apart: what :meth:`_state` has just committed, the transaction of the fetch does not see.
        """
        def read(cr):
            cr.execute("SELECT FROM office365_folder WHERE server_id = %s AND name = %s AND is_renumbered", [server_id, name])
            return bool(cr.rowcount)

        return run_apart(self.env.registry.cursor, read)

    def _forget_before(self, uid: int, since: datetime) -> None:
        """Fetch messages up to this UID only if they are unread, as what became of them is forgotten."""
        for folder in self:
            if folder.start and int(folder.start) <= uid:
                folder.start = str(uid + 1)
            folder.since = max(folder.since or since, since)

    @api.model
    def _begin_anew(self, servers, since: datetime | None = None) -> None:
        """Read folders as if for the first time, or once more from a date on; what is in the list stays what it is.

        :param since: UTC
        """
        folders = self.search([("server_id", "in", servers.ids)])
        folders.write({"start": False, "since": since} if since else {"validity": False})
