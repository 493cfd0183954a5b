from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.addresses import canonical_address
from ...tools.incoming.imap import ImapFolder, folder_names
from ...tools.incoming.pop import PopMailbox
from ...tools.servers.presets import is_microsoft_host

INBOX = "INBOX"
# Messages of a server in a run, and those that core passes if nobody says otherwise.
_MESSAGES = 200
_CORES_LIMIT = 50
# What needs somebody's attention.
ATTENTION = ("failed", "unroutable", "set_aside")


class FetchmailServer(models.Model):
    """The list of what was received from a server."""

    _inherit = "fetchmail.server"

    office365_folder_ids = fields.One2many("office365.folder", "server_id", "Folders", copy=False)
    office365_first_fetch = fields.Selection(
        [
            ("unread", "Unread mail, and whatever arrives later"),
            ("new", "Only what arrives later"),
            ("date", "Everything since a date, and whatever arrives later"),
        ],
        "First Fetch", default="unread", required=True,
        help="What Odoo reads of a folder that it opens for the first time. What arrives later is fetched whether or not somebody has read "
             "it in Outlook. POP cannot tell what is unread: there, everything in the mailbox is fetched.")
    office365_fetch_since = fields.Date("Since")
    office365_after_fetch = fields.Selection(
        [("seen", "Mark as read"), ("leave", "Leave as it is"), ("move", "Move to a folder"), ("delete", "Delete")],
        "Fetched Messages", default="seen", required=True,
        help="What happens in the mailbox to a message once Odoo has processed it. A message that Odoo could not process is kept in the "
             "list of received mail; over IMAP it stays in the mailbox, marked as read. Over POP, messages are left or deleted, those that "
             "are kept in the list as well.")
    office365_move_folder = fields.Char(
        "Folder for Fetched Messages", help="Name of the folder as the mailbox shows it, such as Odoo. It has to exist.")
    office365_notify_unroutable = fields.Boolean(
        "Tell Senders", default=True,
        help="The sender of a message that no alias, reply or model takes is told so, once a day, if Exchange says that the sender is "
             "genuine. Automatic mail, newsletters and mailing lists are never answered.")
    office365_inbound_count = fields.Integer("Needs Attention", compute="_compute_office365_inbound_count")

    @api.constrains("office365_after_fetch", "office365_move_folder", "office365_first_fetch", "office365_fetch_since", "office365_preset")
    def _check_office365_after_fetch(self):
        for server in self.filtered("office365_preset"):
            if server.office365_after_fetch == "move" and not server.office365_move_folder:
                raise ValidationError(self.env._(
                    "%s: enter the folder that fetched messages are moved to, or choose something else in the field Fetched Messages.",
                    server.display_name))
            # Whatever its case: INBOX has none (RFC 9051 section 5.1), and Exchange's folders have none.
            fetched = {name.lower() for name in server._office365_folder_names()}
            if server.office365_after_fetch == "move" and server.office365_move_folder.strip().lower() in fetched:
                raise ValidationError(self.env._(
                    "%(server)s: messages are fetched from the folder %(folder)s. Choose another one for those that were fetched.",
                    server=server.display_name, folder=server.office365_move_folder))
            if server.office365_first_fetch == "date" and not server.office365_fetch_since:
                raise ValidationError(self.env._(
                    "%s: enter the date from which mail is fetched, or choose something else in the field First Fetch.",
                    server.display_name))
            if server.office365_preset == "pop" and (server.office365_after_fetch == "move" or server.office365_first_fetch != "unread"):
                raise ValidationError(self.env._(
                    "%s: POP knows no folders, and not when a message arrived. Choose IMAP, or leave First Fetch as it is and choose that "
                    "fetched messages are left or deleted.", server.display_name))

    def _compute_office365_inbound_count(self):
        counts = dict(self.env["office365.inbound"]._read_group(
            [("server_id", "in", self.ids), ("state", "in", ATTENTION)], ["server_id"], ["__count"]))
        for server in self:
            server.office365_inbound_count = counts.get(server._origin, 0)

    def _office365_read_anew(self, vals: dict, mailboxes: dict[int, tuple]) -> None:
        """Read the mailbox as for the first time if it is another one now, or once more from a date that was chosen.

        :param vals: that were written
        :param mailboxes: what :meth:`_office365_mailboxes` said before
        """
        folders, inbound = self.env["office365.folder"].sudo(), self.env["office365.inbound"].sudo()
        now = self._office365_mailboxes()
        others = self.filtered(lambda server: server.id in mailboxes and mailboxes[server.id] != now.get(server.id))
        if others:
            folders._begin_anew(others)
            inbound._of_another_mailbox(others)
        if vals.keys() & {"office365_first_fetch", "office365_fetch_since"}:
            for server in self.filtered(lambda server: server.office365_first_fetch == "date" and server.office365_fetch_since):
                folders._begin_anew(server, fields.Datetime.to_datetime(server.office365_fetch_since))

    def _office365_mailboxes(self) -> dict[int, tuple]:
        """Return what tells a mailbox from another one, by id of the server."""
        def host(server) -> str:
            return "" if is_microsoft_host(server.server or "") else (server.server or "").lower()

        return {server.id: (host(server), canonical_address(server.user or "")) for server in self if server.office365_preset}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        """
        :raise UserError: messages that need attention would be lost with the server
        """
        kept = self.env["office365.inbound"].sudo().search_count([("server_id", "in", self.ids), ("state", "!=", "done")])
        if kept:
            raise UserError(self.env._(
                "%s received messages are kept that became no record; they would be deleted with the server. Archive the server instead, "
                "or retry or file them first.", kept))

    # ------------------------------------------------------------
    # What a fetch asks
    # ------------------------------------------------------------

    def _office365_folder_names(self) -> list[str]:
        """Return the folders that are fetched; the INBOX unless others were chosen."""
        chosen = self.office365_folder_ids.filtered("is_fetched").mapped("name")
        return chosen if chosen and self._get_connection_type() == "imap" else [INBOX]

    def _office365_settle(self, folder: ImapFolder | PopMailbox, finished: set, done: set) -> None:
        """Do in the mailbox what is to be done with fetched messages.

        :param finished: messages that are in the list with what became of them
        :param done: those of them that became a record
        """
        what = self.office365_after_fetch
        if isinstance(folder, PopMailbox):
            folder.delete(finished if what == "delete" else ())
            return
        if what != "leave":
            folder.mark_seen(finished)
        if what == "move" and folder.name != self.office365_move_folder:
            folder.move(done, self.office365_move_folder)
        elif what == "delete":
            folder.delete(done)

    def _office365_limit(self, batch_limit: int) -> int:
        """Return how many messages of a server are processed in one run.

        Core's default suits core, which asks for each message anew. Its cron ends a run when its time is over, whatever is left.
        """
        return _MESSAGES if batch_limit == _CORES_LIMIT else batch_limit

    def _office365_in_turn(self):
        """Return the servers in the order in which they are asked.

        Those that fail come last, as they may take a minute; else the one comes first whose turn is longest ago, so that a mailbox with a
        backlog does not hold up the others.
        """
        never = fields.Datetime.to_datetime("1970-01-01")
        return self.sorted(lambda server: (bool(server.error_date), server.date or never))

    def _office365_begin_turn(self) -> None:
        """Note the turn of a server before it is asked; core notes it afterwards, and commits this one.

        If the worker ends meanwhile, the next run begins with another server: one mailbox that ends it each time holds up no other.
        """
        if self.try_lock_for_update(allow_referencing=True):
            self.date = fields.Datetime.now()

    def _office365_work_off(self) -> None:
        """Process messages that were kept because of a technical failure, and whose time has come."""
        self.env["office365.inbound"].sudo()._work_off()

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_office365_read_folders(self):
        """List the folders that the mailbox has, for somebody to choose from."""
        self.ensure_one().check_access("write")
        self._office365_check_throttled()
        try:
            connection = self._office365_connect()
            try:
                names = folder_names(connection)
            finally:
                connection.shutdown()
        except UserError:
            raise
        except Exception as error:
            raise UserError(self._office365_failure_text(error)) from error
        known = set(self.office365_folder_ids.mapped("name"))
        is_first = not self.office365_folder_ids.filtered("is_fetched")
        self.env["office365.folder"].sudo().create([
            {"server_id": self.id, "name": name, "is_fetched": is_first and name.upper() == INBOX} for name in names if name not in known])
        self.office365_folder_ids.sudo().filtered(lambda folder: folder.name not in names and not folder.is_fetched).unlink()

    def action_office365_inbound(self):
        """Open what was received from this server."""
        self.ensure_one().check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_inbound_action")
        return {**action, "domain": [("server_id", "=", self.id)]}
