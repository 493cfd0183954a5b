import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
from odoo import models
from odoo.tools import SQL

from ...tools.outgoing.attempt import Attempt
from ...tools.outgoing.lookahead import NotNow
from ...tools.outgoing.queue_run import QueueRun, Unfinished
from ...tools.outgoing.refusal import Refusal
from ...tools.transactions import TRANSIENT, lock_timeout

_logger = logging.getLogger(__name__)

# Seconds between tries to write down what became of a mail while the database is away.
_PATIENCE = (0, 1, 2, 4, 8)


class MailMail(models.Model):
    """An error while an Office 365 mail is handled is the failure of that mail and ends nothing else.

    Whatever kind of exception it is: a hook of another module, a reply that cannot be stored, a row that another transaction changed. The
    mail's transaction is undone, and the server's answer is written down in another one, without hooks if necessary: recipients who were
    served must not get the mail again.
    """

    _inherit = "mail.mail"

    def _office365_apart(self, run: QueueRun, work: Callable[[], Any], *, alone: bool = True) -> bool:
        """Handle these mails in a transaction of their own, or in a savepoint of the caller's; undo it if it fails.

        :param alone: it is one mail, whose error is written down
        :return: whether it was done
        :raise psycopg2.Error: the transaction is lost, and there is no other
        """
        savepoint = contextlib.nullcontext() if run.commits else self.env.cr.savepoint()
        try:
            with savepoint:
                work()
            run.commit(self.env.cr)
            if run.attempt:
                run.attempt.end()
        except NotNow:
            run.rollback(self.env.cr)
            raise
        except BaseException as error:
            with contextlib.suppress(psycopg2.Error):  # if the connection is gone, so is the transaction
                run.rollback(self.env.cr)
            if alone:
                self._office365_recover(run, error)
            # The process is to end, or the transaction has ended.
            if not isinstance(error, Exception) or isinstance(error, MemoryError) or self.env.cr.closed or (
                    not run.commits and isinstance(error, TRANSIENT)):
                raise
            return False
        finally:
            run.attempt = None
        return True

    def _office365_recover(self, run: QueueRun, error: BaseException) -> None:
        """Write down the result of a mail although an error undid it, and count an attempt.

        Temporary errors of the database count as well: this mail may be the one that it can never handle.
        """
        attempt, known = run.attempt or Attempt(self.id), isinstance(error, TRANSIENT)
        _logger.log(
            logging.WARNING if known else logging.ERROR, "What became of mail.mail %s could not be written down: %s", self.id,
            type(error).__name__, exc_info=None if known else error)
        is_failure = isinstance(error, Exception) and not isinstance(error, MemoryError) and (run.commits or not known)
        if attempt.taken or attempt.is_in_doubt or is_failure:
            trouble = Refusal.final("unknown", str(error)) if isinstance(error, Unfinished) else Refusal.of_ours(error)
            self._office365_write_down(run, attempt, trouble)

    def _office365_write_down(self, run: QueueRun, attempt: Attempt, trouble: Refusal) -> None:
        """Write down the result of an attempt in a transaction of its own, because its own is lost.

        If the server has the message, it would be sent again if this were not written, so this waits for the database a moment. If writing
        fails for any other reason, it is tried without the hooks of others, then with nothing but the end of the mail.

        :param trouble: the error here that kept the rest from being tried
        """
        def with_hooks(mail) -> None:
            mail._office365_settle(run, attempt, trouble)

        ways = iter((
            with_hooks,
            lambda mail: mail._office365_settle(run, attempt, trouble, bare=True),
            lambda mail: mail._office365_write_bare({
                "state": "exception", "failure_type": "unknown", "failure_reason": trouble.words, "office365_cause": "unknown",
                "office365_stream": False, "office365_recipients": attempt.taken or False}),
        ))
        # Nobody waits for what may as well be found out by the next run.
        pauses, write = iter(_PATIENCE if attempt.taken or attempt.is_in_doubt else ()), next(ways)
        while write:
            try:
                with self._office365_fresh(run) as mail:
                    if mail:  # else the commit came through, only its answer did not
                        write(mail)
                attempt.end()
                return
            except TRANSIENT as error:
                pause = next(pauses, None)
                if not run.commits:
                    raise
                _logger.warning("mail.mail %s: its outcome cannot be written down yet: %s", self.id, type(error).__name__)
                if pause is not None:
                    time.sleep(pause)
                else:  # it may be others' hooks that another database is away for
                    write = next(ways) if write is with_hooks else None
            except Exception:
                _logger.exception("mail.mail %s: its outcome cannot be written down like this.", self.id)
                write = next(ways, None)
        _logger.error("mail.mail %s: its outcome could not be written down. If it was sent, it will be sent again.", self.id)

    @contextlib.contextmanager
    def _office365_fresh(self, run: QueueRun) -> Iterator[models.BaseModel]:
        """Give this mail, locked, in a transaction of its own, or in a savepoint of the caller's; nothing if it is not to be sent."""
        if not run.commits:
            with self.env.cr.savepoint():
                yield self
            return
        with self.env.registry.cursor() as cr:
            cr.execute(lock_timeout())
            cr.execute(
                "SELECT id FROM mail_mail WHERE id = %s AND state = 'outgoing' AND COALESCE(office365_attempts, 0) = %s FOR UPDATE",
                [self.id, run.known[self.id].attempts], log_exceptions=False)
            yield self.with_env(self.env(cr=cr)).browse(mail_id for mail_id, in cr.fetchall())

    def _office365_write_bare(self, values: dict) -> None:
        """Write the mail's own row and nothing else: what is computed of it, or others do about it, may be what fails."""
        columns = [
            SQL("%s = %s", SQL.identifier(name), self._fields[name].convert_to_column(value, self)) for name, value in values.items()]
        self.env.cr.execute(SQL("UPDATE mail_mail SET %s WHERE id = %s", SQL(", ").join(columns), self.id))
        self.invalidate_recordset(list(values), flush=False)
