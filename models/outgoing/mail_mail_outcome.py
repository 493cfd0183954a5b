import logging
from collections.abc import Collection, Mapping
from datetime import timedelta

import psycopg2
from odoo import fields, models
from odoo.tools.mail import email_normalize_all

from ...tools.diagnosis.names import NAMES
from ...tools.outgoing import log
from ...tools.outgoing.attempt import Attempt, Part
from ...tools.outgoing.queue_run import QueueRun, Unfinished
from ...tools.outgoing.refusal import Refusal
from ...tools.prefetch import PREFETCH
from ...tools.sending import Sending

_logger = logging.getLogger(__name__)

# Of a mail that is done with.
_NOT_WAITING = {"office365_stream": False, "office365_failed_since": False}


class MailMail(models.Model):
    """What becomes of an Office 365 mail after an attempt: sent, deferred, or failed for good."""

    _inherit = "mail.mail"

    office365_attempts = fields.Integer("Retries", readonly=True, copy=False, prefetch=PREFETCH, help="Attempts that failed so far.")
    office365_cause = fields.Selection(
        list(NAMES.items()), "Cause", readonly=True, copy=False, prefetch=PREFETCH, help="Why the email was not accepted.")
    office365_failed_since = fields.Datetime("Failed Since", readonly=True, copy=False, prefetch=PREFETCH)
    office365_recipients = fields.Json(
        readonly=True, copy=False, prefetch=PREFETCH,
        help="By address: empty if the server accepted the mail, otherwise why it refused it for good.")
    office365_doubts = fields.Json(
        readonly=True, copy=False, prefetch=PREFETCH,
        help="By address: how often the connection ended before the server said whether it accepted the mail.")

    # ------------------------------------------------------------
    # Recipients that are left
    # ------------------------------------------------------------

    def _office365_left(self, attempt: Attempt, emails: list[dict]) -> list[dict]:
        """Return what is left to be sent of a mail, and note the parts of the attempt.

        :param emails: of core's ``_prepare_outgoing_list``
        """
        if attempt.resumed:
            settled, before = self.office365_recipients, [email["email_to_normalized"] for email in emails]
            for email in emails:
                # The headers keep showing everybody; whom it goes to is what core takes from this list.
                email["email_to_normalized"] = [
                    address for address in email["email_to_normalized"] if address not in settled]
            emails = [email for email, had in zip(emails, before, strict=True) if email["email_to_normalized"] or not had]
        attempt.parts = [Part(email["email_to_normalized"]) for email in emails]
        return emails

    # ------------------------------------------------------------
    # Outcome of a try
    # ------------------------------------------------------------

    def _office365_settle(self, run: QueueRun, attempt: Attempt, trouble: Refusal | None = None, *, bare: bool = False) -> None:
        """Write down the result of an attempt that core is not to judge.

        Core and other modules act when a mail's life ends (the red envelope, a mailing's failed recipients, deletion), not while it is
        deferred.

        :param trouble: the error here that kept the rest from being tried
        :param bare: without the hooks of others, because one failed
        """
        refused, doubts = attempt.judged(self.office365_doubts or {})
        settled = {**(self.office365_recipients or {}), **attempt.taken}
        values = self._office365_later(run, attempt, refused, trouble)
        if values:
            refused = {address: refusal for address, refusal in refused.items() if not refusal.diagnosis.retryable}
        elif left := next(filter(None, (*refused.values(), attempt.refusal, trouble)), None) or (
                attempt.deferral and Refusal.final(attempt.deferral.cause, attempt.deferral.reason)):
            refused = {**dict.fromkeys(attempt.untried, left), **refused}
        settled |= {address: self._office365_text(refusal, address) for address, refusal in refused.items()}
        lost = {address: reason for address, reason in settled.items() if reason}
        if values:
            values["office365_recipients"] = settled or False
        else:
            cause = next((refusal.diagnosis.cause for refusal in refused.values()), self.office365_cause)
            values = self._office365_end_values(settled, lost, cause)
        if doubts:
            values["office365_doubts"] = doubts
        self._office365_log_outcome(run, attempt, refused, values)
        if bare:
            self._office365_settle_bare(values, settled)
        elif values["state"] == "outgoing":
            self.write(values)
            _logger.info("mail.mail %s is deferred to %s: %s", self.id, values["scheduled_date"], values["office365_cause"])
            self._office365_notify_deferred(settled)
        else:
            self._office365_end(values, settled.keys() - lost.keys(), lost, is_invalid=attempt.is_invalid)

    def _office365_later(self, run: QueueRun, attempt: Attempt, refused: Mapping[str, Refusal], trouble: Refusal | None) -> dict:
        """Return the values that defer the mail for recipients who may get it later; nothing if there are none, or no time is left.

        :param refused: who did not get it
        """
        later = [refusal for refusal in refused.values() if refusal.diagnosis.retryable]
        if later:
            refusal = max(later, key=lambda each: each.diagnosis.retry_after or 0)
            values = self._office365_retry_values(refusal, unreachable=attempt.unreachable)
        elif attempt.refusal:
            # It began the pause: that counts as a try of it, and the next trial is another mail's.
            values = self._office365_retry_values(attempt.refusal, not_before=attempt.deferral.until + timedelta(minutes=1))
        elif attempt.deferral:
            values = self._office365_wait_values(attempt.deferral)
        elif trouble and trouble.diagnosis.retryable and (attempt.untried or not attempt.parts):
            values = self._office365_retry_values(trouble)
        else:
            values = {}
        if values and values["office365_stream"]:
            values["office365_stream"] = run.stream
            run.deferrals.setdefault(run.stream, self._office365_behind(values["scheduled_date"], values["office365_cause"]))
        return values and {**values, "state": "outgoing", "failure_type": False}

    def _office365_end_values(self, settled: Mapping[str, str], lost: Mapping[str, str], cause: str) -> dict:
        """Return the values of a mail whose life has ended.

        :param lost: why, for those of the settled who will not get it
        """
        values = {"state": "sent", "failure_reason": False, "failure_type": False}
        if lost:
            reason = next(iter(lost.values())) if len(settled) == 1 else _name_lost(lost)
            kind = "mail_spam" if "OutboundSpamException" in reason else "unknown"
            values = {
                "state": "exception", "failure_reason": reason, "failure_type": kind, "office365_cause": cause,
                "office365_recipients": dict(settled)}
            _logger.warning("mail.mail %s failed for %s of %s recipients: %s", self.id, len(lost), len(settled), cause)
        return {**values, **_NOT_WAITING}

    def _office365_end(self, values: dict, served: Collection[str], lost: Mapping[str, str], *, is_invalid: bool) -> None:
        """End a mail, and call core's and other modules' hooks for that."""
        self.write(values)
        messages = self._office365_thread_messages()
        self._postprocess_sent_message(
            success_pids=self._office365_partners(served), success_emails=list(served),
            failure_reason=values["failure_reason"], failure_type=values["failure_type"] or (is_invalid and "mail_email_invalid") or None)
        if lost:
            self._office365_notify_lost(lost)
        messages._notify_message_notification_update()  # core does so after a failure only

    def _office365_settle_bare(self, values: dict, settled: Mapping[str, str]) -> None:
        """Write down the result of an attempt without hooks, because one of them failed. Update the chatter if that is possible."""
        self._office365_write_bare(values)
        try:
            with self.env.cr.savepoint():
                self._office365_notify_deferred(settled)
        except psycopg2.OperationalError:
            raise
        except Exception:
            _logger.exception("mail.mail %s: its notifications could not be told what became of it.", self.id)

    def _office365_follow_up(self, attempt: Attempt, messages) -> None:
        """Complete what core did about an attempt.

        :param messages: messages whose chatter shows the mail as deferred; None if it was not
        :raise Unfinished: core judged the attempt although it must not: another error or another module ended its loop
        """
        if attempt.refused or (attempt.taken and attempt.written.get("state") == "exception"):
            attempt.parts = [part for part in attempt.parts if part.begun]  # the others were left out by somebody
            raise Unfinished(attempt.written.get("failure_reason"))
        if messages is not None:
            self.exists().write(_NOT_WAITING)
            messages._notify_message_notification_update()

    def _office365_partners(self, served: Collection[str]) -> list:
        """Return the recipients all of whose addresses were served."""
        return [
            partner for partner in self.recipient_ids
            if (own := email_normalize_all(partner.email or "")) and all(address in served for address in own)]

    def _office365_text(self, refusal: Refusal, recipient: str = "") -> str:
        """Return the server's words with what to do about them."""
        if not refusal.diagnosis.remedy:
            return refusal.words
        run = Sending.of(self.env.context).run
        server = self.env["ir.mail_server"].browse(run and run.server_id or ())
        parts = run and run.attempt and run.attempt.parts or ()
        sender = next((part.sender for part in parts if part.sender), run.sender if run else "")
        return f"{refusal.words}\n{server._office365_remedy_text(refusal.diagnosis, sender, recipient)}"

    def _office365_fail_unreached(self, run: QueueRun, cause: str, reason: str, words: str) -> None:
        """End a mail that has waited for its server as long as it may.

        :param words: of the reason, without what to do
        """
        served = {address for address, lost in (self.office365_recipients or {}).items() if not lost}
        values = {"state": "exception", "failure_reason": reason, "failure_type": "mail_smtp", "office365_cause": cause}
        self.write({**values, **_NOT_WAITING})
        self._office365_log_all(run, log.FAILED, cause, words)
        self._postprocess_sent_message(
            success_pids=self._office365_partners(served), success_emails=list(served), failure_reason=reason, failure_type="mail_smtp")


def _name_lost(lost: Mapping[str, str]) -> str:
    """Return why a mail failed, naming those who did not get it."""
    reasons: dict[str, list[str]] = {}
    for address, reason in lost.items():
        reasons.setdefault(reason, []).append(address)
    return "\n".join(f"{', '.join(addresses)}: {reason}" for reason, addresses in reasons.items())
