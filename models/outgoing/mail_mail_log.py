from collections.abc import Mapping

from odoo import fields, models
from odoo.tools.mail import email_normalize_all

from ...tools.outgoing import log
from ...tools.outgoing.attempt import Attempt
from ...tools.outgoing.queue_run import QueueRun
from ...tools.outgoing.refusal import Refusal


class MailMail(models.Model):
    """What the email log is told beside SMTP transactions: that a mail waits or is given up, and why its server was not even reached.

    Attempts that reach no server have no row of their own: a thousand mails that wait for a dead server would make a thousand each time.
    """

    _inherit = "mail.mail"

    def _office365_log_outcome(self, run: QueueRun, attempt: Attempt, refused: Mapping[str, Refusal], values: Mapping) -> None:
        """Tell what became of an attempt where the transaction alone does not say it.

        :param refused: for good; of a mail whose life has ended, those who were not tried as well
        :param values: written to the mail
        """
        told = {
            log.written(address): log.Told(log.FAILED, refusal.diagnosis.cause, refusal.words) for address, refusal in refused.items()}
        is_turn = attempt.deferral and not (attempt.deferral.is_failure or attempt.refused)
        if values["state"] == "outgoing" and not is_turn:
            # Waiting for its turn only, it was not tried.
            for address in (address for part in attempt.parts or () for address in part.addresses if address not in attempt.taken):
                refusal = attempt.refused.get(address) or attempt.refusal
                words = refusal.words if refusal else attempt.deferral.reason if attempt.deferral else values["failure_reason"]
                told.setdefault(log.written(address), log.Told(log.DEFERRED, values["office365_cause"], words))
        self._office365_log(run, told)

    def _office365_log_all(self, run: QueueRun, state: str, cause: str, words: str) -> None:
        """Tell what became of mails as a whole: of those of their recipients who have not been served."""
        for mail in self:
            mail._office365_log(run, dict.fromkeys(mail._office365_unserved(), log.Told(state, cause, words)), run.smtp_from)

    def _office365_log(self, run: QueueRun, told: Mapping[str, log.Told], email_from: str = "") -> None:
        """Have the log told with other rows of the run."""
        if row := self._office365_log_row(told, email_from):
            server = self.env["ir.mail_server"].sudo().browse(run.server_id)
            server._office365_note({**row, "mail_server_id": server.id})

    def _office365_log_now(self, state: str) -> None:
        """Tell what somebody decided about these mails, in a transaction of its own: a run may be writing the same lines."""
        rows = [mail._office365_log_row(dict.fromkeys(mail._office365_unserved(), log.Told(state))) for mail in self]
        if rows := list(filter(None, rows)):
            self.env["office365.delivery"].sudo()._keep(rows)

    def _office365_log_row(self, told: Mapping[str, log.Told], email_from: str = "") -> dict | None:
        """Return a row for :meth:`office365.delivery._keep` that has no transaction.

        :param email_from: that the mail leaves with, "" if that is not known or has been told
        """
        if not told or not self.message_id:
            return None
        mail = self.sudo()
        return {
            "user_id": mail.create_uid.id, "company_id": mail.record_company_id.id,
            "note": log.Note(mail.message_id, fields.Datetime.now(), told, {
                "email_from": email_from, "subject": mail.subject, "kind": log.MASS if mail.office365_bulk else log.MAIL}),
        }

    def _office365_unserved(self) -> list[str]:
        """Return who is to get the mail and has not got it, as the log writes addresses."""
        mail = self.sudo()
        emails = [mail.email_to, mail.email_cc, *mail.recipient_ids.mapped("email")]
        served = {address for address, reason in (mail.office365_recipients or {}).items() if not reason}
        addresses = (address for email in emails if email for address in email_normalize_all(email))
        return [log.written(address) for address in addresses if address not in served]
