import dataclasses
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from operator import methodcaller

from odoo import fields, models
from odoo.tools import SQL

from ...tools.outgoing import log
from ...tools.outgoing.attempt import Deferral
from ...tools.outgoing.queue_run import QueueRun
from ...tools.outgoing.refusal import Refusal
from ...tools.outgoing.retry import MAX_QUEUE_HOURS, holds_others, is_over, next_try, queue_hours
from ...tools.prefetch import PREFETCH
from ..reading import parameter

_logger = logging.getLogger(__name__)

# What makes another place in the line worth it. Runs take places in blocks, so that one's are behind some of another's.
_GAIN = timedelta(minutes=2)


class MailMail(models.Model):
    """Mails of our servers that wait: until when, what for, and who calls the queue then."""

    _inherit = "mail.mail"

    office365_stream = fields.Char(
        readonly=True, copy=False, prefetch=PREFETCH, help="Server, sender and lane whose later emails wait for this one.")

    _office365_holding = models.Index("(office365_stream) WHERE state = 'outgoing' AND office365_stream IS NOT NULL")
    _office365_waiting = models.Index("(scheduled_date) WHERE state = 'outgoing' AND office365_cause IS NOT NULL")

    def _office365_max_queue_hours(self) -> float:
        """Return how long a mail is tried, in hours after its first failure."""
        value = parameter(self.env, "mail_office365.max_queue_hours", MAX_QUEUE_HOURS)
        hours = queue_hours(value)
        if hours is None:
            _logger.warning("The system parameter mail_office365.max_queue_hours is no number of hours: %r", value)
        return MAX_QUEUE_HOURS if hours is None else hours

    # ------------------------------------------------------------
    # What a mail that waits looks like
    # ------------------------------------------------------------

    def _office365_retry_values(
        self, refusal: Refusal, *, unreachable: bool = False, at: datetime | None = None, not_before: datetime = datetime.min,
    ) -> dict:
        """Return what a temporary failure makes of a mail, nothing if it is given up.

        :param at: when to try again, instead of the mail's own time
        :param not_before: when to try again, if the mail's own time is earlier
        """
        now = fields.Datetime.now()
        attempts, since, cause = self.office365_attempts + 1, self.office365_failed_since or now, refusal.diagnosis.cause
        own = next_try(attempts, now, since, refusal.diagnosis.retry_after, self._office365_max_queue_hours())
        if own is None:
            return {}
        at = at or max(own, not_before)
        return {
            "scheduled_date": at,
            "office365_attempts": attempts,
            "office365_cause": cause,
            "office365_failed_since": since,
            "office365_stream": holds_others(cause, attempts, unreachable=unreachable),
            "failure_reason": self.env._(
                "%(reason)s\nOdoo will try again at %(time)s (UTC).",
                reason=self._office365_text(refusal), time=fields.Datetime.to_string(at)),
        }

    def _office365_wait_values(self, deferral: Deferral) -> dict:
        """Return what waiting makes of a mail, nothing if it is given up.

        Waiting for its turn is no failure, and the clock of failures starts anew. Waiting for a server or an address that is refused counts
        no try, but the clock runs.
        """
        now = fields.Datetime.now()
        since = deferral.is_failure and (self.office365_failed_since or now)
        if since and is_over(now, since, self._office365_max_queue_hours()):
            return {}
        return {
            "scheduled_date": self.scheduled_date if self._office365_has_place(deferral) else deferral.until,
            "office365_cause": deferral.cause,
            "office365_failed_since": since,
            "office365_stream": False,
            "failure_reason": deferral.reason,
        }

    def _office365_has_place(self, deferral: Deferral) -> bool:
        """Tell whether a mail stands in line already for what it is to wait for, and has little to gain from another place.

        It keeps its place however often somebody presses Send Now, and whoever runs the queue at the same time. Were each of them given
        another one, behind its own first one, the line would get longer than those who wait in it need, and nobody would go meanwhile.
        """
        place, now = self.scheduled_date, fields.Datetime.now()
        is_same = deferral.spaced and self.office365_cause == deferral.cause
        return bool(is_same and place and now < place <= deferral.until + _GAIN)

    def _office365_behind(self, until: datetime, cause: str) -> Deferral:
        """Return what the mails behind a deferred one wait for."""
        return Deferral(until, cause, self.env._("An earlier email from the same sender is waiting to be tried again. This one waits "
            "behind it."))

    # ------------------------------------------------------------
    # Mails that are put off untried
    # ------------------------------------------------------------

    def _office365_unreached(self, run: QueueRun, server, refusal: Refusal) -> Callable:
        """Return what is done about mails whose server could not be reached, or let nobody in: that is about none of them.

        What passes by itself defers them, all to the same time. Anything else pauses the server; then they wait.
        """
        governor = server._office365_governor()
        if pause := governor.report(run.sender, None, refusal.diagnosis, reply=refusal.words, stage=refusal.stage):
            run.defer(Deferral(pause.retry_at, pause.cause, pause.reason, is_failure=True))
            return methodcaller("_office365_wait", run, server)
        return methodcaller("_office365_defer", run, refusal)

    def _office365_defer(self, run: QueueRun, refusal: Refusal) -> None:
        """Defer the mails of a stream whose server could not be reached."""
        at, deferred = None, self.browse()
        for mail in self._office365_lock(run):
            values = mail._office365_retry_values(refusal, unreachable=True, at=at)
            if not values:
                mail._office365_fail_unreached(run, refusal.diagnosis.cause, mail._office365_text(refusal), refusal.words)
                continue
            at = values["scheduled_date"]
            mail.write({**values, "office365_stream": values["office365_stream"] and run.stream})
            deferred += mail
        deferred._office365_log_all(run, log.DEFERRED, refusal.diagnosis.cause, refusal.words)
        if deferred:
            _logger.info("%s mails are deferred to %s: %s", len(deferred), at, refusal.diagnosis.cause)
        deferred._office365_thread_messages()._notify_message_notification_update()

    def _office365_wait(self, run: QueueRun, server) -> None:
        """Put off the mails of a stream that waits."""
        deferral, governor = run.deferrals[run.stream], server._office365_governor()
        waiting = self.browse()
        for mail in self._office365_lock(run):
            if deferral.spaced and not mail._office365_has_place(deferral):
                admission = governor.admit(run.sender, 1, run.bulk)
                if admission.go:  # there is room since a moment ago, which the next run finds as well
                    governor.report(run.sender, None, None)
                deferral = dataclasses.replace(deferral, until=admission.retry_at or deferral.until)
            if values := mail._office365_wait_values(deferral):
                # That it still waits for the same is no news.
                if deferral.is_failure and mail.office365_cause != deferral.cause:
                    mail._office365_log_all(run, log.DEFERRED, deferral.cause, deferral.reason)
                mail.write(values)
                waiting += mail
            else:
                mail._office365_fail_unreached(run, deferral.cause, deferral.reason, deferral.reason)
        waiting._office365_thread_messages()._notify_message_notification_update()

    def _office365_holds(self, streams: Collection[str], without: Collection[int]) -> dict[str, Deferral]:
        """Return the streams of which a deferred mail holds the others up.

        :param without: mails that do not hold themselves up
        """
        self.flush_model(["state", "scheduled_date", "office365_stream", "office365_cause"])
        rows = self.env.execute_query(SQL(
            """
            SELECT office365_stream, MAX(scheduled_date), MAX(office365_cause) FROM mail_mail
             WHERE state = 'outgoing' AND office365_stream IN %s AND scheduled_date > %s AND id NOT IN %s
             GROUP BY office365_stream
            """, tuple(streams), fields.Datetime.now(), tuple(without)))
        return {stream: self._office365_behind(until, cause) for stream, until, cause in rows}

    def _office365_wake(self, *, at_once: bool = False) -> None:
        """Have the queue called when the next of the waiting mails is due.

        Each run does so at its end: one trigger, however many mails wait.

        :param at_once: the run had to end, and may have left mails that do not wait
        """
        if at_once and (cron := self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)):
            cron._trigger()
            return
        self.flush_model(["state", "scheduled_date", "office365_cause"])
        now = fields.Datetime.now()
        [[due]] = self.env.execute_query(SQL(
            "SELECT MIN(scheduled_date) FROM mail_mail WHERE state = 'outgoing' AND office365_cause IS NOT NULL AND scheduled_date > %s",
            now))
        cron = due and self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)
        if not cron:
            return
        # The full minute at or after it: triggers are no more precise.
        minute = (due + timedelta(seconds=59)).replace(second=0, microsecond=0)
        if not self.env["ir.cron.trigger"].sudo().search_count(
                [("cron_id", "=", cron.id), ("call_at", ">", now), ("call_at", "<=", minute)], limit=1):
            cron._trigger(minute)
