import dataclasses
import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..tools.prefetch import PREFETCH
from ..tools.queue_run import Hold, QueueRun, Refusal
from ..tools.retry import MAX_QUEUE_HOURS, holds_others, next_try

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    """Mails of our servers that wait: until when, what for, and who calls the queue then."""

    _inherit = "mail.mail"

    office365_line = fields.Char(
        readonly=True, copy=False, prefetch=PREFETCH, help="Server, sender and lane of which the later mails wait for this one.")

    _office365_holding = models.Index("(office365_line) WHERE state = 'outgoing' AND office365_line IS NOT NULL")
    _office365_waiting = models.Index("(scheduled_date) WHERE state = 'outgoing' AND office365_cause IS NOT NULL")

    def _office365_max_queue_hours(self) -> float:
        """Return how long a mail is tried, in hours after its first failure."""
        value = self.env["ir.config_parameter"].sudo().get_param("mail_office365.max_queue_hours", MAX_QUEUE_HOURS)
        try:
            return float(value)
        except ValueError:
            _logger.warning("The system parameter mail_office365.max_queue_hours is no number of hours: %r", value)
            return MAX_QUEUE_HOURS

    # ------------------------------------------------------------
    # What a mail that waits looks like
    # ------------------------------------------------------------

    def _office365_retry_values(self, refusal: Refusal, *, unreachable: bool = False, at: datetime | None = None) -> dict:
        """Return what a temporary failure makes of a mail, nothing if it is given up.

        :param at: when to try again, instead of the mail's own time
        """
        now = fields.Datetime.now()
        attempts, since, cause = self.office365_attempts + 1, self.office365_failed_since or now, refusal.diagnosis.cause
        own = next_try(attempts, now, since, refusal.diagnosis.retry_after, self._office365_max_queue_hours())
        if own is None:
            return {}
        return {
            "scheduled_date": at or own,
            "office365_attempts": attempts,
            "office365_cause": cause,
            "office365_failed_since": since,
            "office365_line": holds_others(cause, attempts, unreachable=unreachable),
            "failure_reason": self.env._(
                "%(reason)s\nIt will be tried again at %(time)s (UTC).",
                reason=self._office365_text(refusal), time=fields.Datetime.to_string(at or own)),
        }

    def _office365_wait_values(self, hold: Hold) -> dict:
        """Return what waiting makes of a mail: it is no failure, and the clock of failures starts anew."""
        return {
            "scheduled_date": hold.until,
            "office365_cause": hold.cause,
            "office365_failed_since": False,
            "office365_line": False,
            "failure_reason": hold.reason,
        }

    def _office365_behind(self, until: datetime, cause: str) -> Hold:
        """Return what the mails behind a deferred one wait for."""
        return Hold(until, cause, self.env._("An earlier mail of the same sender has to be tried again. This one waits behind it."))

    # ------------------------------------------------------------
    # Mails that are put off untried
    # ------------------------------------------------------------

    def _office365_defer_unreached(self, run: QueueRun, server, refusal: Refusal) -> None:
        """Defer or fail the mails of a line whose server could not be reached, or let nobody in; the deferred to the same time."""
        pause = server._office365_governor().report(run.sender, None, refusal.diagnosis, reply=refusal.words)
        if pause:
            run.hold(Hold(pause.retry_at, pause.cause, pause.reason))
            self._office365_wait(run, server)
            return
        at, deferred = None, self.browse()
        for mail in self._office365_lock(run):
            values = refusal.diagnosis.retryable and mail._office365_retry_values(refusal, unreachable=True, at=at)
            if not values:
                mail._office365_fail_unreached(refusal)
                continue
            at = values["scheduled_date"]
            mail.write({**values, "office365_line": values["office365_line"] and run.line})
            deferred += mail
        if deferred:
            _logger.info("%s mails are deferred to %s: %s", len(deferred), at, refusal.diagnosis.cause)
        deferred._office365_thread_messages()._notify_message_notification_update()

    def _office365_wait(self, run: QueueRun, server) -> None:
        """Put off the mails of a line that waits."""
        if not self:
            return
        hold, governor = run.holds[run.line], server._office365_governor()
        waiting = self._office365_lock(run)
        for mail in waiting:
            if hold.spaced:
                admission = governor.admit(run.sender, 1, run.bulk)
                if admission.go:  # there is room since a moment ago, which the next run finds as well
                    governor.report(run.sender, None, None)
                hold = dataclasses.replace(hold, until=admission.retry_at or hold.until)
            mail.write(mail._office365_wait_values(hold))
        waiting._office365_thread_messages()._notify_message_notification_update()

    def _office365_holds(self, lines: Collection[str], without: Collection[int]) -> dict[str, Hold]:
        """Return the lines of which a deferred mail holds the others up.

        :param without: mails that do not hold themselves up
        """
        self.flush_model(["state", "scheduled_date", "office365_line", "office365_cause"])
        rows = self.env.execute_query(SQL(
            """
            SELECT office365_line, MAX(scheduled_date), MAX(office365_cause) FROM mail_mail
             WHERE state = 'outgoing' AND office365_line IN %s AND scheduled_date > %s AND id NOT IN %s
             GROUP BY office365_line
            """, tuple(lines), fields.Datetime.now(), tuple(without)))
        return {line: self._office365_behind(until, cause) for line, until, cause in rows}

    def _office365_wake(self) -> None:
        """Have the queue called when the next of the waiting mails is due.

        Each run does so at its end: one trigger, however many mails wait.
        """
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
