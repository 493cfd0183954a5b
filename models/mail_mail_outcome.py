import dataclasses
import logging
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import psycopg2

from odoo import fields, models
from odoo.tools import SQL
from odoo.tools.mail import email_normalize, email_normalize_all

from ..tools.queue_run import Attempt, Hold, Part, QueueRun, Refusal
from ..tools.retry import MAX_QUEUE_HOURS, holds_others, next_try

_logger = logging.getLogger(__name__)

# Seconds between tries to write down that a mail was taken while the database is away.
_PATIENCE = (0, 1, 2, 4, 8)


class MailMail(models.Model):
    """What becomes of a mail of our servers that was tried: sent, deferred, or failed for good."""

    _inherit = "mail.mail"

    office365_attempts = fields.Integer("Retries", readonly=True, copy=False, help="Tries that failed so far.")
    office365_cause = fields.Char(
        "Cause", readonly=True, copy=False, help="What kept the mail from being taken, as docs/troubleshooting.md names it.")
    office365_failed_since = fields.Datetime("Failed Since", readonly=True, copy=False)
    office365_line = fields.Char(
        readonly=True, copy=False, help="Server, sender and lane of which the later mails wait for this one.")
    office365_recipients = fields.Json(
        readonly=True, copy=False, help="Address by address: empty if the mail was taken for it, else why it was refused for good.")

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
    # Recipients that are left
    # ------------------------------------------------------------

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """In a run, leave out whom an earlier try has served; who was refused for good is not asked for again either."""
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        run = QueueRun.of(self.env.context)
        if run is None or (attempt := run.attempt_of(self._ids)) is None:
            return emails
        if settled := self.office365_recipients or {}:
            for email in emails:
                # The headers keep showing everybody; whom it goes to is what core takes from this list.
                email["email_to_normalized"] = [
                    address for address in email["email_to_normalized"] if address not in settled]
            emails = [email for email in emails if email["email_to_normalized"]]
        attempt.parts = [Part(email["email_to_normalized"]) for email in emails]
        return emails

    # ------------------------------------------------------------
    # Outcome of a try
    # ------------------------------------------------------------

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        """In a run, decide by what the server said. Core's own way is gone only at the end of a mail's life.

        What core or another module does about a failure (the red envelope, a mailing's failed recipients) is not due before.
        """
        run = QueueRun.of(self.env.context)
        attempt = run and run.attempt_of(self._ids)
        settled = dict(self.office365_recipients or {}) if attempt else {}
        if attempt and not settled and attempt.is_plain_success:
            if self.office365_attempts or self.office365_line:
                self.write({"state": "sent", "office365_line": False, "office365_failed_since": False})
                self._office365_update_chatter()
        elif attempt and (attempt.parts or settled):
            settled |= attempt.taken
            # Another error than a refusal has ended core's loop: that is for core to say, and nothing to wait for.
            of_core = failure_reason if attempt.untried and not attempt.stopped else ""
            if not of_core and self._office365_defer(run, attempt, settled):
                return True
            settled |= {address: self._office365_text(refusal) for address, refusal in attempt.refused.items()}
            settled |= dict.fromkeys(attempt.untried, of_core)
            success_pids, success_emails, failure_reason, failure_type = self._office365_finish(
                settled, attempt, failure_reason, failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type)

    def _office365_defer(self, run: QueueRun, attempt: Attempt, settled: dict[str, str]) -> bool:
        """Put the mail back for those who may get it later; return False if there is nobody, or no time left.

        :param settled: who needs no further try; completed
        """
        later = {address: refusal for address, refusal in attempt.refused.items() if refusal.diagnosis.retryable}
        if not later and not attempt.hold:
            return False
        if later:
            refusal = max(later.values(), key=lambda each: each.diagnosis.retry_after or 0)
            values = self._office365_retry_values(refusal, unreachable=attempt.unreachable)
            if not values:
                return False
            if values["office365_line"]:
                values["office365_line"] = run.line
                run.holds[run.line] = self._office365_behind(values["scheduled_date"], values["office365_cause"])
        else:
            values = self._office365_wait_values(attempt.hold)
        settled |= {
            address: self._office365_text(refusal) for address, refusal in attempt.refused.items() if address not in later}
        self.write({**values, "state": "outgoing", "failure_type": False, "office365_recipients": settled or False})
        _logger.info("mail.mail %s is deferred to %s: %s", self.id, values["scheduled_date"], values["office365_cause"])
        self._office365_notify_deferred(settled)
        return True

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

    def _office365_text(self, refusal: Refusal) -> str:
        """Return the server's words with what to do about them."""
        remedy = refusal.diagnosis.remedy
        return f"{refusal.words}\n{self.env._(remedy)}" if remedy else refusal.words  # noqa: E8502

    def _office365_finish(self, settled: Mapping[str, str], attempt: Attempt, failure_reason, failure_type) -> tuple:
        """Write down the end of a mail, and return what core's postprocessing is to be told of it."""
        lost = {address: reason for address, reason in settled.items() if reason}
        served = [address for address, reason in settled.items() if not reason]
        values = {"office365_line": False, "office365_failed_since": False}
        if lost:
            causes = [refusal.diagnosis.cause for refusal in attempt.refused.values()]
            failure_reason = self._office365_lost_text(lost, len(settled))
            failure_type = "mail_spam" if "OutboundSpamException" in failure_reason else "unknown"
            values |= {
                "state": "exception", "failure_reason": failure_reason, "failure_type": failure_type,
                "office365_cause": causes[0] if causes else self.office365_cause,
                "office365_recipients": dict(settled),
            }
            _logger.warning("mail.mail %s failed for %s of %s recipients: %s", self.id, len(lost), len(settled), values["office365_cause"])
        elif served:
            values |= {"state": "sent", "failure_reason": False, "failure_type": False}
        self.write(values)
        if lost:
            self._office365_notify_lost(lost)
        success_pids = [partner for partner in self.recipient_ids if self._office365_all_in(partner.email, served)]
        self._office365_update_chatter()
        return success_pids, served, failure_reason, failure_type

    @staticmethod
    def _office365_lost_text(lost: Mapping[str, str], recipients: int) -> str:
        """Return why a mail failed, naming those who did not get it if others did."""
        if recipients == 1:
            return next(iter(lost.values()))
        reasons: dict[str, list[str]] = {}
        for address, reason in lost.items():
            reasons.setdefault(reason, []).append(address)
        return "\n".join(f"{', '.join(addresses)}: {reason}" for reason, addresses in reasons.items())

    @staticmethod
    def _office365_all_in(email: str | None, addresses: Collection[str]) -> bool:
        own = email_normalize_all(email or "")
        return bool(own) and all(address in addresses for address in own)

    def _office365_write_down(self, run: QueueRun, attempt: Attempt) -> None:
        """Write down a success in a transaction of its own, as the one it belongs to is lost.

        The message is at the server: were this not written, it would be sent again. So this waits for the database a moment.
        """
        run.attempt = attempt
        for pause in _PATIENCE:
            time.sleep(pause)
            try:
                with self.env.registry.cursor() as cr:
                    mail = self.with_env(self.env(cr=cr))
                    mail.lock_for_update()
                    mail._postprocess_sent_message(success_pids=[], success_emails=[])
                return
            except psycopg2.Error as error:
                _logger.warning("mail.mail %s was sent, but that can not be written down yet: %s", self.id, type(error).__name__)
        _logger.error("mail.mail %s was sent, but that could not be written down. It will be sent again.", self.id)

    # ------------------------------------------------------------
    # Whole batches
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
        deferred._office365_update_chatter()

    def _office365_fail_unreached(self, refusal: Refusal) -> None:
        reason = self._office365_text(refusal)
        served = [address for address, lost in (self.office365_recipients or {}).items() if not lost]
        self.write({
            "state": "exception", "failure_reason": reason, "failure_type": "mail_smtp",
            "office365_cause": refusal.diagnosis.cause, "office365_line": False, "office365_failed_since": False})
        pids = [partner for partner in self.recipient_ids if self._office365_all_in(partner.email, served)]
        self._postprocess_sent_message(
            success_pids=pids, success_emails=served, failure_reason=reason, failure_type="mail_smtp")

    def _office365_wait(self, run: QueueRun, server) -> None:
        """Put the mails of a line off that waits."""
        if not self:
            return
        hold, governor = run.holds[run.line], server._office365_governor()
        free = self._office365_lock(run)
        for mail in free:
            if hold.spaced:
                admission = governor.admit(run.sender, 1, run.bulk)
                if admission.go:  # there is room since a moment ago, which the next run finds as well
                    governor.report(run.sender, None, None)
                hold = dataclasses.replace(hold, until=admission.retry_at or hold.until)
            mail.write(mail._office365_wait_values(hold))
        free._office365_update_chatter()

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
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)
        if not due or not cron:
            return
        # The full minute at or after it: triggers are no more precise.
        minute = (due + timedelta(seconds=59)).replace(second=0, microsecond=0)
        if not self.env["ir.cron.trigger"].sudo().search_count(
                [("cron_id", "=", cron.id), ("call_at", ">", now), ("call_at", "<=", minute)], limit=1):
            cron._trigger(minute)

    # ------------------------------------------------------------
    # Notifications
    # ------------------------------------------------------------

    def _office365_notifications(self):
        return self.env["mail.notification"].sudo().search([
            ("notification_type", "=", "email"), ("mail_mail_id", "in", self.ids),
            ("notification_status", "not in", ("sent", "canceled"))])

    def _office365_notify_deferred(self, settled: Mapping[str, str]) -> None:
        """Take back the failure that core noted before it tried, for those who got the mail and those who will."""
        notifications = self._office365_notifications()
        done = notifications.filtered(lambda each: self._office365_reason(each, settled) == "")
        lost = notifications.filtered(lambda each: self._office365_reason(each, settled))
        done.write({"notification_status": "sent", "failure_type": False, "failure_reason": False})
        (notifications - done - lost).write({"notification_status": "ready", "failure_type": False, "failure_reason": False})
        self._office365_notify_lost(settled)
        self._office365_update_chatter()

    def _office365_notify_lost(self, settled: Mapping[str, str]) -> None:
        """Tell each notification why its own recipient was refused."""
        for notification in self._office365_notifications():
            if reason := self._office365_reason(notification, settled):
                notification.write({"notification_status": "exception", "failure_type": "unknown", "failure_reason": reason})

    def _office365_reason(self, notification, settled: Mapping[str, str]) -> str | None:
        """Return why the recipient of a notification was refused, empty if he was served, None if neither."""
        email = notification.res_partner_id.email or notification.mail_email_address or ""
        reasons = [settled.get(address) for address in email_normalize_all(email) or [email_normalize(email, strict=False)]]
        if any(reasons):
            return next(filter(None, reasons))
        return None if None in reasons else ""

    def _office365_update_chatter(self) -> None:
        """Show open chatters what became of these mails."""
        messages = self.filtered("is_notification").mail_message_id
        messages.filtered(lambda message: message._is_thread_message())._notify_message_notification_update()
