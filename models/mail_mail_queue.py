import contextlib
import logging
from collections.abc import Iterator

import psycopg2

from odoo import api, fields, models, modules
from odoo.tools import SQL, email_normalize

from ..tools.queue_run import Attempt, Known, QueueRun, Refusal, Unreachable, line_name
from ..tools.sender import SenderBook
from ..tools.session_pool import CONTEXT_KEY as POOL_KEY
from ..tools.session_pool import SessionPool

_logger = logging.getLogger(__name__)

# Handed on in the context and compared by identity, so that nobody outside can ask for a commit.
_AFTER_COMMIT = object()
_QUEUE = object()


class MailMail(models.Model):
    """How the mails of our servers go through the queue: one by one, each locked, sent and committed before the next."""

    _inherit = "mail.mail"

    office365_bulk = fields.Boolean(
        "Mass Mail", readonly=True, copy=False, help="Made together with others; single messages go first.")

    _office365_next = models.Index("(COALESCE(office365_bulk, FALSE), id) WHERE state = 'outgoing'")

    @api.model_create_multi
    def create(self, vals_list):
        if len(vals_list) > 1:
            for vals in vals_list:
                if not vals.get("is_notification") and not vals.get("mail_message_id"):
                    vals.setdefault("office365_bulk", True)
        return super().create(vals_list)

    def send_after_commit(self):
        """Commit after each mail of ours: core commits once at the end, and a killed worker would send all of them again."""
        return super(MailMail, self.with_context(office365_after_commit=_AFTER_COMMIT)).send_after_commit()

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Take the oldest mails of ours first, and see to it that the next run comes when the next mail is due."""
        if not self.env["ir.mail_server"]._office365_in_use():
            return super().process_email_queue(email_ids=email_ids, batch_size=batch_size)
        mails = self if email_ids else self.with_context(office365_queue=_QUEUE)
        result = super(MailMail, mails).process_email_queue(email_ids=email_ids, batch_size=batch_size)
        self._office365_wake()
        return result

    @api.model
    def search(self, domain, offset=0, limit=None, order=None):
        found = super().search(domain, offset=offset, limit=limit, order=order)
        if self.env.context.get("office365_queue") is not _QUEUE:
            return found
        mails = self.with_context(office365_queue=None)
        return found.with_env(mails.env) if len(found) < (limit or 0) else mails._office365_oldest(domain, found, limit)

    def _office365_oldest(self, domain, found, limit: int):
        """Replace our mails among the newest that core found by as many of the oldest; those of other servers stay.

        With more mails in the queue than core takes at a time, its newest first means that the oldest never go.
        """
        order = "office365_bulk, id"
        servers = self.env["ir.mail_server"].sudo().search([])
        if all(servers.mapped("office365_preset")):
            return self.search(domain, limit=limit, order=order)
        newest = found.with_env(self.env)._office365_of_ours()
        oldest = self.browse()
        offset = 0
        while len(oldest) < len(newest):
            due = self.search(domain, limit=limit, order=order, offset=offset)
            oldest += due._office365_of_ours()
            offset += limit
        return found.with_env(self.env) - newest + oldest[:len(newest)]

    def _office365_of_ours(self):
        """Return those of these mails that a server of ours is chosen for."""
        ours = set(self.env["ir.mail_server"]._office365_servers().ids)
        groups = self._office365_with_sender_book()._split_by_mail_configuration()
        return self.browse(sorted(mail_id for server_id, *_rest, ids in groups if server_id in ours for mail_id in ids))

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Send in a run of our own if a server is ours, and nobody waits for the exception."""
        if raise_exception or not isinstance(self.env.context.get("office365_sender_book"), SenderBook):
            return super().send(
                auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback)
        own_cursor = self.env.context.get("office365_after_commit") is _AFTER_COMMIT and not modules.module.current_test
        run = QueueRun(commits=auto_commit or own_cursor)
        try:
            with SessionPool() as pool:
                mails = self.with_context(**{
                    QueueRun.CONTEXT_KEY: run, POOL_KEY: pool, "office365_governors": run.governors, "office365_queue": None})
                result = super(MailMail, mails).send(auto_commit=auto_commit, post_send_callback=post_send_callback)
        finally:
            for governor in run.governors.values():
                governor.close()
        if run.known:
            self._office365_wake()
        return result

    def _split_by_mail_configuration(self):
        """In a run, batches of ours come in two lanes: single messages of all senders first."""
        groups = super()._split_by_mail_configuration()
        run = QueueRun.of(self.env.context)
        if run is None:
            yield from groups
            return
        groups = list(groups)
        ours = set(self.env["ir.mail_server"]._office365_servers().ids)
        mine = [group for group in groups if group[0] in ours]
        yield from (group for group in groups if group[0] not in ours)
        self._office365_look_up(run, mine)
        for bulk in (False, True):
            for server_id, alias_domain_id, smtp_from, ids in mine:
                if lane := [mail_id for mail_id in ids if run.known[mail_id].bulk == bulk]:
                    run.sender = email_normalize(smtp_from) or ""
                    yield server_id, alias_domain_id, smtp_from, lane

    def _office365_look_up(self, run: QueueRun, groups: list[tuple]) -> None:
        """Read what the run has to know of its mails, in two queries."""
        ids = [mail_id for group in groups for mail_id in group[-1]]
        if not ids:
            return
        mails = self.browse(ids).with_context(prefetch_fields=False)
        for row in mails.read(["office365_attempts", "office365_bulk", "is_notification"]):
            run.known[row["id"]] = Known(row["office365_attempts"], row["office365_bulk"], not row["is_notification"])
        lines = {
            line_name(server_id, email_normalize(smtp_from) or "", bulk=bulk)
            for server_id, _alias_domain, smtp_from, _ids in groups for bulk in (False, True)
        }
        run.holds |= self._office365_holds(lines, without=ids)

    def _send(self, auto_commit=False, raise_exception=False, smtp_session=None, alias_domain_id=False,
              mail_server=False, post_send_callback=None):
        run = QueueRun.of(self.env.context)
        arguments = {"smtp_session": smtp_session, "alias_domain_id": alias_domain_id, "mail_server": mail_server}
        if run is None or not mail_server or not mail_server.office365_preset:
            return super()._send(
                auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback, **arguments)
        if run.commits:
            self.env.cr.commit()  # what others did before is not ours to roll back
        failure = smtp_session.error if isinstance(smtp_session, Unreachable) else None
        unreached, waiting = [], []
        for mail_id in self._ids:
            line = run.line(mail_server.id, mail_id)
            if failure:
                unreached.append(mail_id)
            elif line in run.holds:
                waiting.append(mail_id)
            else:
                mail = self.browse(mail_id)
                with mail._office365_attempt(run, line) as locked:
                    if locked:
                        super(MailMail, mail)._send(**arguments)
                if run.commits:
                    if post_send_callback:
                        post_send_callback([mail_id])
                    self.env.cr.commit()
                failure = smtp_session.failure
        if failure:
            self.browse(unreached)._office365_defer_unreached(run, mail_server, Refusal.of(failure))
        self.browse(waiting)._office365_wait(run, mail_server)
        if run.commits:
            self.env.cr.commit()
        if post_send_callback:
            post_send_callback(self.ids)
        return True

    @contextlib.contextmanager
    def _office365_attempt(self, run: QueueRun, line: str) -> Iterator[bool]:
        """Lock a mail of which nobody else takes care, and see to it that what happened to it is written down.

        Yield whether it is to be sent.
        """
        try:
            if locked := self._office365_lock(run):
                run.attempt = Attempt(self.id, line)
            yield locked
        except psycopg2.Error as error:
            if not run.commits:
                raise
            self._office365_after_database_error(run, error)
        except BaseException:
            # Core wrote down a failure before it tried; it must not last.
            if run.commits:
                self.env.cr.rollback()
            raise
        finally:
            run.attempt = None

    def _office365_lock(self, run: QueueRun) -> bool:
        """Lock this mail unless somebody else takes care of it: holds its row, or changed it since the run looked it up.

        Its message is locked, too, if that goes when the mail does: after the server took the mail nothing may be left that another
        transaction can refuse. Core does the same with the notifications.
        """
        known = run.known[self.id]
        self.flush_recordset(["state", "office365_attempts"])
        locks = SQL("mail, message") if known.owns_message else SQL("mail")
        query = SQL(
            """
            SELECT 1 FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
             WHERE mail.id = %s AND mail.state = 'outgoing' AND COALESCE(mail.office365_attempts, 0) = %s
               FOR UPDATE OF %s SKIP LOCKED
            """, self.id, known.attempts, locks)
        try:
            with contextlib.nullcontext() if run.commits else self.env.cr.savepoint(flush=False):
                self.env.cr.execute(query, log_exceptions=False)
                return bool(self.env.cr.rowcount)
        except psycopg2.errors.SerializationFailure:
            if run.commits:
                self.env.cr.rollback()
            return False

    def _office365_after_database_error(self, run: QueueRun, error: psycopg2.Error) -> None:
        """Write down in another transaction what became of the mail, if anything did; go on if the cursor still can."""
        attempt, mail_id = run.attempt, self.id
        _logger.warning("The database refused what became of mail.mail %s: %s", mail_id, type(error).__name__)
        with contextlib.suppress(psycopg2.Error):  # if the connection is gone, so is the transaction
            self.env.cr.rollback()
        if attempt and attempt.taken:
            self._office365_write_down(run, attempt)
        if self.env.cr.closed:
            raise error
