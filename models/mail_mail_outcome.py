import logging
import time
from collections.abc import Collection, Mapping

import psycopg2
from odoo import fields, models
from odoo.tools.mail import email_normalize_all

from ..tools.prefetch import PREFETCH
from ..tools.queue_run import Attempt, Part, QueueRun, Refusal

_logger = logging.getLogger(__name__)

# Seconds between tries to write down that a mail was taken while the database is away.
_PATIENCE = (0, 1, 2, 4, 8)


class MailMail(models.Model):
    """What becomes of a mail of our servers that was tried: sent, deferred, or failed for good."""

    _inherit = "mail.mail"

    office365_attempts = fields.Integer("Retries", readonly=True, copy=False, prefetch=PREFETCH, help="Tries that failed so far.")
    office365_cause = fields.Char(
        "Cause", readonly=True, copy=False, prefetch=PREFETCH,
        help="What kept the mail from being taken, as docs/troubleshooting.md names it.")
    office365_failed_since = fields.Datetime("Failed Since", readonly=True, copy=False, prefetch=PREFETCH)
    office365_recipients = fields.Json(
        readonly=True, copy=False, prefetch=PREFETCH,
        help="Address by address: empty if the mail was taken for it, else why it was refused for good.")

    # ------------------------------------------------------------
    # Recipients that are left
    # ------------------------------------------------------------

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """In a run, leave out whom an earlier try has served; who was refused for good is not asked for again either."""
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        run = QueueRun.of(self.env.context)
        if run is None or (attempt := run.attempt_of(self._ids)) is None:
            return emails
        if attempt.resumed:
            settled = self.office365_recipients
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

    def _office365_settle(self, run: QueueRun, attempt: Attempt) -> None:
        """Write down what became of a try that core is not to judge.

        What core and other modules do about the end of a mail (the red envelope, a mailing's failed recipients, deletion) is due at the
        end, not while it is deferred.
        """
        settled = {**(self.office365_recipients or {}), **attempt.taken}
        if self._office365_defer(run, attempt, settled):
            return
        settled |= {address: self._office365_text(refusal) for address, refusal in attempt.refused.items()}
        lost = {address: reason for address, reason in settled.items() if reason}
        served = settled.keys() - lost.keys()
        failure_reason, failure_type = False, None
        if lost:
            failure_reason, failure_type = self._office365_lose(attempt, settled, lost)
        else:
            self._office365_end({"state": "sent", "failure_reason": False, "failure_type": False})
        messages = self._office365_thread_messages()
        self._postprocess_sent_message(
            success_pids=self._office365_partners(served), success_emails=list(served),
            failure_reason=failure_reason, failure_type=failure_type)
        if lost:
            self._office365_notify_lost(lost)
        messages._notify_message_notification_update()  # core does so after a failure only

    def _office365_follow_up(self, attempt: Attempt, messages) -> None:
        """Add to what core did about a try.

        :param messages: those whose chatters show the mail as deferred; None if it was not
        """
        if messages is not None:
            self.exists()._office365_end({})
            messages._notify_message_notification_update()
        if attempt.taken and attempt.untried:
            # Another error than a refusal has ended core's loop. Who got the mail does not get it again when somebody retries it.
            self.exists().office365_recipients = {**(self.office365_recipients or {}), **attempt.taken}

    def _office365_defer(self, run: QueueRun, attempt: Attempt, settled: dict[str, str]) -> bool:
        """Put the mail back for those who may get it later; return False if there is nobody, or no time left.

        :param settled: who needs no further try; completed
        """
        later = {address: refusal for address, refusal in attempt.refused.items() if refusal.diagnosis.retryable}
        if later:
            refusal = max(later.values(), key=lambda each: each.diagnosis.retry_after or 0)
            values = self._office365_retry_values(refusal, unreachable=attempt.unreachable)
        else:
            values = attempt.hold and self._office365_wait_values(attempt.hold)
        if not values:
            return False
        if values["office365_line"]:
            values["office365_line"] = run.line
            run.holds.setdefault(run.line, self._office365_behind(values["scheduled_date"], values["office365_cause"]))
        settled |= {
            address: self._office365_text(refusal) for address, refusal in attempt.refused.items() if address not in later}
        self.write({**values, "state": "outgoing", "failure_type": False, "office365_recipients": settled or False})
        _logger.info("mail.mail %s is deferred to %s: %s", self.id, values["scheduled_date"], values["office365_cause"])
        self._office365_notify_deferred(settled)
        return True

    def _office365_lose(self, attempt: Attempt, settled: dict[str, str], lost: Mapping[str, str]) -> tuple[str, str]:
        """Write down that some or all did not get the mail for good; return core's failure reason and type."""
        causes = [refusal.diagnosis.cause for refusal in attempt.refused.values()]
        cause = causes[0] if causes else self.office365_cause
        reason = next(iter(lost.values())) if len(settled) == 1 else _name_lost(lost)
        kind = "mail_spam" if "OutboundSpamException" in reason else "unknown"
        self._office365_end({
            "state": "exception", "failure_reason": reason, "failure_type": kind, "office365_cause": cause,
            "office365_recipients": settled})
        _logger.warning("mail.mail %s failed for %s of %s recipients: %s", self.id, len(lost), len(settled), cause)
        return reason, kind

    def _office365_end(self, values: dict) -> None:
        self.write({**values, "office365_line": False, "office365_failed_since": False})

    def _office365_partners(self, served: Collection[str]) -> list:
        """Return the recipients all of whose addresses were served."""
        return [
            partner for partner in self.recipient_ids
            if (own := email_normalize_all(partner.email or "")) and all(address in served for address in own)]

    def _office365_text(self, refusal: Refusal) -> str:
        """Return the server's words with what to do about them."""
        remedy = refusal.diagnosis.remedy
        return f"{refusal.words}\n{self.env._(remedy)}" if remedy else refusal.words  # noqa: E8502

    def _office365_fail_unreached(self, refusal: Refusal) -> None:
        """End a mail whose server could not be reached, or let nobody in."""
        reason = self._office365_text(refusal)
        served = {address for address, lost in (self.office365_recipients or {}).items() if not lost}
        self._office365_end({
            "state": "exception", "failure_reason": reason, "failure_type": "mail_smtp", "office365_cause": refusal.diagnosis.cause})
        self._postprocess_sent_message(
            success_pids=self._office365_partners(served), success_emails=list(served), failure_reason=reason, failure_type="mail_smtp")

    def _office365_write_down(self, run: QueueRun, attempt: Attempt) -> None:
        """Write down a success in a transaction of its own, as the one it belongs to is lost.

        The message is at the server: were this not written, it would be sent again. So this waits for the database a moment.
        """
        for pause in _PATIENCE:
            time.sleep(pause)
            try:
                with self.env.registry.cursor() as cr:
                    mail = self.with_env(self.env(cr=cr)).exists()
                    if mail.try_lock_for_update().state == "outgoing":  # else the commit came through, only its answer did not
                        mail._office365_settle(run, attempt)
                return
            except psycopg2.Error as error:
                _logger.warning("mail.mail %s was sent, but that can not be written down yet: %s", self.id, type(error).__name__)
        _logger.error("mail.mail %s was sent, but that could not be written down. It will be sent again.", self.id)


def _name_lost(lost: Mapping[str, str]) -> str:
    """Return why a mail failed, naming those who did not get it."""
    reasons: dict[str, list[str]] = {}
    for address, reason in lost.items():
        reasons.setdefault(reason, []).append(address)
    return "\n".join(f"{', '.join(addresses)}: {reason}" for reason, addresses in reasons.items())
