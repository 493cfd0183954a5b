import collections
import contextlib
import dataclasses
import functools
import itertools
import logging
from collections.abc import Callable, Iterator
from operator import methodcaller
from time import monotonic
from typing import Any

import psycopg2
from odoo import api, fields, models, modules
from odoo.http import request
from odoo.tools import SQL, config, email_normalize

from ...tools.outgoing.attempt import Attempt
from ...tools.outgoing.breaker import PAUSING
from ...tools.outgoing.lifetime import Lifetime, real_limit
from ...tools.outgoing.lookahead import Lookahead, NotNow, Turn
from ...tools.outgoing.queue_run import EndWithoutVerdict, Known, QueueRun, stream_name
from ...tools.outgoing.refusal import Refusal
from ...tools.outgoing.session_pool import SessionPool
from ...tools.prefetch import PREFETCH
from ...tools.sending import Sending

_logger = logging.getLogger(__name__)

# How often a row may change between reading and locking it before a run leaves it to the other transaction.
_SNAPSHOTS = 3


class MailMail(models.Model):
    """How Office 365 mails go through the queue: one by one, each locked, sent and committed before the next."""

    _inherit = "mail.mail"

    office365_bulk = fields.Boolean(
        "Mass Mail", readonly=True, copy=False, prefetch=PREFETCH, help="Created together with other emails. Single emails are sent first.")

    _office365_next = models.Index("(COALESCE(office365_bulk, FALSE), id) WHERE state = 'outgoing'")

    @api.model
    def _office365_mark_bulk(self, vals_list: list[dict]) -> None:
        """Mark mails that are created together with others."""
        if len(vals_list) > 1:
            for vals in vals_list:
                if not vals.get("mail_message_id"):  # not there to notify of a message that exists
                    vals.setdefault("office365_bulk", True)

    def _office365_without_own_message_id(self, vals: dict) -> dict:
        """Drop core's write of the Message-Id after a mail was sent.

        Other mails and people share the row of the message. If two transactions touched it, the second could not commit that its mail
        was sent.
        """
        run = Sending.of(self.env.context).run
        if run and (attempt := run.attempt_of(self._ids)):
            attempt.written |= vals
            if "message_id" in vals and vals["message_id"] == self.message_id:
                return {name: value for name, value in vals.items() if name != "message_id"}
        return vals

    # ------------------------------------------------------------
    # A run
    # ------------------------------------------------------------

    def _office365_send_in_run(self, send: Callable[[Any], Any], *, auto_commit: bool) -> Any:
        """Send in a run of our own.

        :param send: has core send mails
        """
        own_cursor = Sending.of(self.env.context).is_after_commit and not modules.module.current_test
        limit = real_limit(config["limit_time_real"], config["limit_time_real_cron"], is_request=bool(request))
        run = QueueRun(commits=auto_commit or own_cursor, lifetime=Lifetime.of(limit, monotonic()))
        with SessionPool(run.lifetime.end) as pool:
            mails = self.with_context(**Sending.noted(
                self.env.context, run=run, pool=pool, is_queue=False, is_after_commit=False))
            try:
                with mails._office365_lookahead(run):
                    result = send(mails)
            finally:
                for server in mails.env["ir.mail_server"].browse(list(run.governors)):
                    server._office365_governor().close()
        if run.known:
            self._office365_wake(at_once=run.is_late)
        return result

    @contextlib.contextmanager
    def _office365_lookahead(self, run: QueueRun) -> Iterator[None]:
        """Let the run prepare each mail while the previous one is at the server, if it commits each mail and there are several."""
        # A thread has no request, which somebody's extension of a mail may look at. In tests all cursors share a connection, and a
        # thread would wait for the one that waits for it.
        can = run.commits and len(self) > 1 and not request and not modules.module.current_test
        with contextlib.ExitStack() as stack:
            if can:
                try:
                    run.lookahead = stack.enter_context(Lookahead(self.env.registry.cursor, self.env.cr.dbname))
                except psycopg2.Error as error:
                    _logger.info("No connection to the database is left to make mails ready ahead: %s", error)
            yield

    def _office365_in_lanes(self, run: QueueRun, groups: list[tuple]) -> Iterator[tuple]:
        """Yield core's groups of mails in sending order, Office 365 mails in two lanes, and note in the run what is known about each."""
        ours = self.env["ir.mail_server"]._office365_own().servers
        mine = [group for group in groups if group[0] in ours]
        yield from (group for group in groups if group[0] not in ours)
        self._office365_look_up(run, mine)
        for suspect, bulk in itertools.product((False, True), repeat=2):
            for server_id, alias_domain_id, smtp_from, ids in mine:
                lane = [
                    mail_id for mail_id in ids
                    if (known := run.known.get(mail_id)) and (known.is_suspect, known.bulk) == (suspect, bulk)]
                # While others were sent, the server may have been removed, not only mails.
                if run.is_late:
                    return
                if lane and self.env["ir.mail_server"].browse(server_id).exists():
                    run.begin_stream(server_id, smtp_from, email_normalize(smtp_from) or "", bulk=bulk)
                    yield server_id, alias_domain_id, smtp_from, lane

    def _office365_look_up(self, run: QueueRun, groups: list[tuple]) -> None:
        """Read what the run has to know about its mails, in two queries. Deleted mails stay unknown."""
        ids = [mail_id for group in groups for mail_id in group[-1]]
        if not ids:
            return
        mails = self.browse(ids).with_context(prefetch_fields=False)
        names = ["office365_attempts", "office365_bulk", "office365_cause", "is_notification", "mail_message_id"]
        for row in mails.read(names, load=""):
            run.known[row["id"]] = Known(
                row["office365_attempts"], row["office365_bulk"], row["mail_message_id"], not row["is_notification"],
                is_suspect=bool(row["office365_attempts"]) and row["office365_cause"] in PAUSING)
        streams = {
            stream_name(server_id, email_normalize(smtp_from) or "", bulk=bulk)
            for server_id, _alias_domain, smtp_from, _ids in groups for bulk in (False, True)
        }
        run.deferrals |= self._office365_holds(streams, without=ids)

    def _office365_send_batch_in_run(self, run: QueueRun, send: Callable[[Any], None], server, session, callback) -> None:
        """Send what core has put together for one session.

        :param send: has core send one mail, in its transaction
        :param callback: core's, called with the ids of the mails that are done with; perhaps None
        """
        run.commit(self.env.cr)  # earlier changes of others must not be rolled back
        self._office365_forked(run)._office365_send_batch(send, server, session, callback or (lambda _ids: None))

    def _office365_forked(self, run: QueueRun):
        """Return these mails in a fork of a run."""
        return self.with_context(**Sending.noted(self.env.context, run=run.fork()))

    def _office365_send_batch(self, send: Callable[[Any], None], server, session, callback: Callable) -> None:
        """Send one mail after the other, and defer those that cannot be sent now.

        The last ones may still be on their way when this returns.

        :param send: has core send a mail
        :param session: :class:`.Transport`
        :param callback: core's, called with the ids of the mails that are done with
        """
        run, todo, left = Sending.of(self.env.context).run, collections.deque(self._ids), []
        # With a limit a minute, the line is idle anyway: mails wait for their turn, not for each other.
        ahead = None if server.office365_rate_limit else run.lookahead
        if run.lookahead and not ahead:
            run.lookahead.drain()

        def end(mail_id: int, is_done: bool) -> None:
            if is_done:
                callback([mail_id])
            else:
                left.append(mail_id)
            if mail_id == self._ids[-1]:
                self._office365_end_batch(run, left, server, session, callback)

        while todo and run.may_send(session) and not run.is_late:
            mail = self.browse(todo.popleft())
            if ahead:
                ahead.start(
                    functools.partial(mail._office365_forked(run)._office365_send_ahead, send, server, session),
                    functools.partial(end, mail.id), apart=run.known[mail.id].message_id)
            else:
                mail._office365_send_one(run, send)
                end(mail.id, is_done=True)
        if todo:
            left += todo
            self._office365_end_batch(run, left, server, session, callback)

    def _office365_end_batch(self, run: QueueRun, left: list[int], server, session, callback: Callable) -> None:
        """Defer the mails left of a batch, and tell core that the batch is done."""
        if left and run.lookahead:
            run.lookahead.drain()  # may add to them; and the governor is asked by one at a time
        run.release(server)
        if left and not (run.is_late and run.may_send(session)):  # else the next run takes them as they are
            self.browse(sorted(left))._office365_put_off(run, server, session)
        run.commit(self.env.cr)
        callback(self.ids)

    def _office365_put_off(self, run: QueueRun, server, session) -> None:
        """Defer mails that cannot be sent now: all together or, if that fails, each by itself."""
        deferral = run.deferrals.get(run.stream)
        if session.failure and not (deferral and deferral.is_failure):
            put_off = self._office365_unreached(run, server, Refusal.of(session.failure, opening=True))
        else:
            put_off = methodcaller("_office365_wait", run, server)
        if not self._office365_apart(run, functools.partial(put_off, self), alone=False):
            for mail in self:
                mail._office365_apart(run, functools.partial(put_off, mail))

    def _office365_send_ahead(self, send: Callable[[Any], None], server, session, turn: Turn, cursor) -> bool:
        """Prepare a mail and send it at its turn, in a thread and in a transaction of its own.

        :return: whether the mail is done with, False if it is untouched
        """
        mail, run = self.with_env(self.env(cr=cursor)), Sending.of(self.env.context).run
        run.turn = turn
        try:
            mail._office365_send_one(run, send)
        except NotNow:
            turn.wait()
            if turn.is_over or not run.may_send(session):
                return False
            run.turn = turn
            mail._office365_send_one(run, send)
        finally:
            turn.wait()
            run.release(server.with_env(mail.env))
            mail.env.registry.signal_changes()  # each thread has its own note of what it changed for others
        return True

    def _office365_send_one(self, run: QueueRun, send: Callable[[Any], None]) -> None:
        """Send a mail unless another transaction is handling it, and make sure that the result is written down.

        :param send: has core send it
        """
        self._office365_apart(run, lambda: self._office365_lock(run) and self._office365_try(run, send))

    def _office365_try(self, run: QueueRun, send: Callable[[Any], None]) -> None:
        """Let core send the mail, and judge the result where core cannot."""
        known = run.known[self.id]
        run.attempt = attempt = Attempt(self.id, resumed=known.resumed)
        # Of a mail that waited, open chatters are to be told. It may be gone by then.
        messages = self._office365_thread_messages() if known.waited else None
        try:
            send(self)
            if attempt.is_served:
                raise EndWithoutVerdict
        except EndWithoutVerdict:
            self._office365_settle(run, attempt)
        else:
            self._office365_follow_up(attempt, messages)

    def _office365_lock(self, run: QueueRun):
        """Lock and return the mails that no other transaction is handling, and note in the run what they have been through.

        Another transaction is handling a mail if it holds its row or has changed it since the run read it. A message is locked, too, if it
        goes when its mail
        does: once the server took a mail, nothing may be left that another transaction can refuse. Core does the same with the
        notifications.
        """
        if not self:
            return self
        self.flush_recordset(["state", "office365_attempts", "office365_cause", "office365_recipients", "office365_doubts"])
        owner = any(run.known[mail_id].owns_message for mail_id in self._ids)
        query = SQL(
            """
            SELECT mail.id, mail.office365_cause IS NOT NULL, mail.office365_recipients IS NOT NULL, mail.office365_doubts IS NOT NULL
              FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
             WHERE mail.id IN %s AND mail.state = 'outgoing'
               AND (mail.id, COALESCE(mail.office365_attempts, 0)) IN %s
               FOR UPDATE OF %s SKIP LOCKED
            """, self._ids, tuple((mail_id, run.known[mail_id].attempts) for mail_id in self._ids),
            SQL("mail, message") if owner else SQL("mail"))
        free = {}
        for _snapshot in range(_SNAPSHOTS if run.commits else 1):
            try:
                with contextlib.nullcontext() if run.commits else self.env.cr.savepoint(flush=False):
                    self.env.cr.execute(query, log_exceptions=False)
                    free = {mail_id: noted for mail_id, *noted in self.env.cr.fetchall()}
                break
            except psycopg2.errors.SerializationFailure:  # changed since the snapshot: a new one shows how
                run.rollback(self.env.cr)
        for mail_id, (waited, resumed, doubted) in free.items():
            run.known[mail_id] = dataclasses.replace(run.known[mail_id], waited=waited, resumed=resumed, doubted=doubted)
        return self.browse(mail_id for mail_id in self._ids if mail_id in free)

