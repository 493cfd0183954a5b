import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from imaplib import IMAP4
from poplib import error_proto

from imapclient import IMAPClient
from odoo import fields, models
from odoo.addons.mail.models.fetchmail import MAIL_SERVER_DOMAIN
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import answer_text
from ...tools.incoming.heads import imap_heads
from ...tools.incoming.imap import ImapFolder
from ...tools.incoming.pop import PopMailbox
from ...tools.incoming.reconciliation import MISSING, Comparison, Snapshot, compare
from ..one_by_one import one_by_one
from .connections import LedgerImap, LedgerPop
from .reconciled import Line, Reconciliation

_logger = logging.getLogger(__name__)

# Differences that are named by sender and subject; all are counted.
_NAMED = 50
# Messages of POP, which knows no time of arrival, whose headers are read for it: those that came last.
_RECENT = 50
_JUST_ARRIVED = timedelta(hours=1)
# How long a comparison is one of today, and when a mailbox is compared that is being fetched from.
_A_DAY = timedelta(hours=20)
_FETCH_ENDS = timedelta(minutes=10)
# States whose messages leave the mailbox, by protocol: over IMAP, what Odoo could not process stays where people find it.
_LEAVING = {"imap": ("done",), "pop": ("done", "failed", "unroutable", "ignored", "set_aside")}


class FetchmailServer(models.Model):
    """Whether the list of what was received says the same as the mailbox. Nothing in the mailbox is changed for that."""

    _inherit = "fetchmail.server"

    office365_reconciled = fields.Datetime(
        "Compared with Mailbox", readonly=True, copy=False, help="When Odoo last compared the mailbox with the list of received mail.")
    office365_difference_count = fields.Integer(
        "Differences", readonly=True, copy=False, help="Messages that were not accounted for at the last comparison.")

    def action_office365_reconcile(self):
        """Compare the mailbox with the list, and show what came of it."""
        self.ensure_one().check_access("write")
        self._office365_check_confirmed()
        self._office365_check_throttled()
        # Who fetches holds this lock, and writes to the server at the end.
        if not self.sudo().try_lock_for_update(allow_referencing=True):
            raise UserError(self._office365_busy_text())
        try:
            found = self._office365_reconcile()
        except UserError:
            raise
        except Exception as error:
            # Until when nobody is to ask holds for all workers, and this failure rolls back.
            self.env.cr.rollback()
            self._office365_note_unreached(error)
            self.env.cr.commit()  # pylint: disable=invalid-commit
            raise UserError(self._office365_failure_text(error)) from error
        return self.env["office365.reconciliation"]._of(self, found)._action()

    def _office365_check_confirmed(self) -> None:
        """
        :raise UserError: the server is archived or not confirmed, as all are in a copy of the database
        """
        if not self.filtered_domain([*MAIL_SERVER_DOMAIN, ("office365_preset", "!=", False)]):
            raise UserError(self.env._("%s: confirm the server first. Odoo asks only mailboxes of confirmed servers.", self.display_name))

    # ------------------------------------------------------------
    # Every day
    # ------------------------------------------------------------

    def _cron_office365_reconcile(self) -> None:
        """Compare the mailboxes of ours that were not compared today; one that fails stops no other."""
        due = self.search([
            *MAIL_SERVER_DOMAIN, ("office365_preset", "!=", False),
            "|", ("office365_reconciled", "=", False), ("office365_reconciled", "<", fields.Datetime.now() - _A_DAY)])
        one_by_one(self.env, due, type(self)._office365_reconcile_in_turn, "%s could not be compared")

    def _office365_reconcile_in_turn(self) -> None:
        """Compare a mailbox; if it is not to be asked now, have the job run when it can be."""
        if not self.exists().filtered_domain(MAIL_SERVER_DOMAIN):
            return
        again = self.office365_retry_at if self._office365_throttled() else None
        if not again and not self.try_lock_for_update(allow_referencing=True):
            again = fields.Datetime.now() + _FETCH_ENDS
        if again:
            self.env.ref("mail_office365.ir_cron_reconcile")._trigger(again)
            return
        try:
            self._office365_reconcile()
        except Exception as error:  # noqa: BLE001  (whatever it is, what the server asks for is noted)
            self.env.cr.rollback()
            self._office365_note_unreached(error)

    def _office365_note_unreached(self, error: Exception) -> None:
        """Note until when the mailbox is not to be asked. People are told by the next fetch, which fails as well."""
        _logger.warning("fetchmail.server %s: the mailbox could not be compared: %s: %s", self.id, type(error).__name__, error)
        seconds = diagnose(error, protocol=self._get_connection_type()).retry_after
        if seconds and self.sudo().try_lock_for_update(allow_referencing=True):
            self.office365_retry_at = fields.Datetime.now() + timedelta(seconds=seconds)

    # ------------------------------------------------------------
    # The comparison
    # ------------------------------------------------------------

    def _office365_reconcile(self) -> Reconciliation:
        """Compare the mailbox with the list; keep the result, and tell administrators of differences.

        :raise CertificateRefused | UserError | OSError | IMAP4.error | error_proto: see :meth:`_office365_connect`
        """
        found = Reconciliation()
        with self._office365_reading() as connection:
            for name in self._office365_folder_names():
                self._office365_compare(connection, name, found)
        self._office365_note_differences(found.difference_count)
        return found

    @contextlib.contextmanager
    def _office365_reading(self) -> Iterator[LedgerImap | LedgerPop]:
        """Give a connection to look into the mailbox with; nothing is opened."""
        connection = self._office365_connect(is_opened=False)
        try:
            yield connection
        except BaseException:
            connection.shutdown() if isinstance(connection, IMAPClient) else connection.close()
            raise
        with contextlib.suppress(OSError, IMAP4.error, error_proto):  # all that mattered was read
            connection.disconnect()

    def _office365_compare(self, connection: LedgerImap | LedgerPop, name: str, found: Reconciliation) -> None:
        """Compare one folder; one that cannot be opened is a difference, and stops no other."""
        if not isinstance(connection, IMAPClient):
            folder = PopMailbox(connection)
        else:
            try:
                folder = ImapFolder(connection, name, readonly=True)
            except IMAP4.abort:
                raise
            except IMAP4.error as error:
                if diagnose(error, protocol="imap").retry_after:
                    raise
                found.lines.append(Line("folder", name, subject=answer_text(error)))
                found.closed += 1
                return
        snapshot = self._office365_snapshot(folder)
        comparison = compare(snapshot)
        found.counts.update(comparison.counts)
        found.differences.update(difference.kind for difference in comparison.differences)
        found.lines += self._office365_named(connection, folder, snapshot, comparison, _NAMED - len(found.lines))

    def _office365_snapshot(self, folder: ImapFolder | PopMailbox) -> Snapshot:
        found, what = folder.uids(), self.office365_after_fetch
        is_pop = isinstance(folder, PopMailbox)
        unread = set() if is_pop else folder.unread()
        wanted, is_pending = self.env["office365.folder"].sudo()._wanted_as_noted(self, folder, found, unread)
        # After the mailbox: what a fetch takes up in between is in the list.
        rows = self.env["office365.inbound"].sudo()._rows_to_compare(self.id, folder.name, folder.validity, found)
        missing = wanted - rows.keys()
        return Snapshot(
            found, unread & found, wanted, self._office365_recent(folder, missing) if missing else set(), rows,
            marks=what != "leave" and not is_pop, is_pending=is_pending,
            leaving=_LEAVING["pop" if is_pop else "imap"] if what == "delete" or what == "move" and not is_pop else ())

    def _office365_recent(self, folder: ImapFolder | PopMailbox, uids: set) -> set:
        """Return which of these messages have just arrived."""
        since = fields.Datetime.now() - _JUST_ARRIVED
        if isinstance(folder, ImapFolder):
            return folder.received_since(since, or_unread=False) & uids
        heads = folder.heads(folder.newest(uids, _RECENT))
        return {uid for uid, head in heads.items() if head.date and head.date >= since}

    def _office365_named(
        self, connection: LedgerImap | LedgerPop, folder: ImapFolder | PopMailbox, snapshot: Snapshot, comparison: Comparison, most: int,
    ) -> Iterator[Line]:
        """Yield the first differences, with what the list or else the mailbox says they are."""
        listed = comparison.differences[:max(most, 0)]
        uids = {uid for kind, uid in listed if kind == MISSING}
        heads = imap_heads(connection, uids) if isinstance(folder, ImapFolder) else folder.heads(uids)
        for kind, uid in listed:
            if row := snapshot.rows.get(uid):
                inbound = self.env["office365.inbound"].sudo().browse(row.row_id)
                yield Line(kind, folder.name, str(uid), inbound.received or inbound.date, inbound.email_from or "", inbound.subject or "",
                           row.row_id)
            else:
                yield Line(kind, folder.name, str(uid), *heads.get(uid, ()))

    def _office365_note_differences(self, count: int) -> None:
        """Keep the result, and have it looked at who is to be told."""
        if bool(count) != bool(self.office365_difference_count):
            self.env["office365.alert"]._look()
        self.write({"office365_reconciled": fields.Datetime.now(), "office365_difference_count": count})
