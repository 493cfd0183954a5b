import math
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused
from ...tools.identity.acting import Fetching

# What a server says that is asked too often. The second is what Exchange says to those whom it hangs up on.
_ASKED_TOO_OFTEN = {"imap_throttled", "server_busy"}
_BYE = ("Connection closed.", "Session invalidated")
_LONGEST = 15 * 60
#: Errors of ours, whose text holds the remedy already.
_EXPLAINED = (UserError, CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused)


class FetchmailServer(models.Model):
    """What an administrator reads when fetching from one of our servers fails."""

    _inherit = "fetchmail.server"

    office365_retry_at = fields.Datetime(
        "Fetches Again At", readonly=True, copy=False, help="Until then, Exchange wants this mailbox not to be asked.")
    office365_failures = fields.Integer(readonly=True, copy=False, help="Fetches in a row that failed.")

    def _office365_stay_confirmed(self) -> None:
        """Keep core from switching servers off for good because they have failed for five days: an outage ends, and mail waits."""
        recent = fields.Datetime.now() - timedelta(days=1)
        self.filtered(lambda server: server.error_date and server.error_date < recent).error_date = recent

    def _office365_throttled(self):
        """Return the servers that Exchange wants not to be asked for a while."""
        now = fields.Datetime.now()
        return self.filtered(lambda server: server.office365_preset and server.office365_retry_at and server.office365_retry_at > now)

    def _office365_check_throttled(self) -> None:
        """
        :raise UserError: Exchange wants the mailbox not to be asked for a while
        """
        for server in self._office365_throttled():
            raise UserError(self.env._(
                "%(server)s: Exchange limits how often this mailbox is asked. Minutes until Odoo fetches again: %(minutes)s.",
                server=server.display_name,
                minutes=math.ceil((server.office365_retry_at - fields.Datetime.now()) / timedelta(minutes=1))))

    def _office365_keep_remedy(self, fetching: Fetching) -> None:
        """Write what to do beside the failure that core has noted, and when to ask again if the server has named a time.

        Administrators are told, see :meth:`_office365_count_failure`.
        """
        for server in self.filtered(lambda server: server.id in fetching.asked):
            has_failed = bool(server.error_date)
            if not has_failed and (problems := fetching.problems.get(server.id)):
                server.write({"error_date": fields.Datetime.now(), "error_message": "\n".join(problems)})
            words = server.error_message or ""
            # What is refused for a folder or a flag is no reason to leave the mailbox alone, unless the server asks for a pause.
            seconds = server._office365_wait(words) if has_failed else server._office365_diagnosis(words).retry_after
            retry_at = seconds and fields.Datetime.now() + timedelta(seconds=seconds)
            if (retry_at or False) != server.office365_retry_at:
                server.office365_retry_at = retry_at
            if words and (remedy := server._office365_remedy(words)) not in words:
                server.error_message = f"{words}\n{remedy}"
            server._office365_count_failure(bool(words))

    def _office365_wait(self, words: str) -> int | None:
        """Return the seconds for which the mailbox is left alone: what the server names, else more each time that it is busy or hangs up.
        """
        diagnosis = self._office365_diagnosis(words)
        if diagnosis.retry_after or not (diagnosis.cause in _ASKED_TOO_OFTEN or any(bye in words for bye in _BYE)):
            return diagnosis.retry_after
        return min(60 * 2 ** self.office365_failures, _LONGEST)

    def _office365_count_failure(self, is_failed: bool) -> None:
        """Count failures in a row, and have it looked at who is to be told: of a refused sign-in at once, of the rest at the second."""
        if not is_failed and not self.office365_failures:
            return
        self.office365_failures = self.office365_failures + 1 if is_failed else 0
        if self.office365_failures <= 2:
            self.env["office365.alert"]._look()

    def _office365_failure_text(self, error: Exception) -> str:
        """Return the sentences for a failed fetch: the server's own words, and what to do about them."""
        self.ensure_one()
        if isinstance(error, _EXPLAINED):
            return str(error)
        return self.env._(
            "%(server)s: fetching stopped. %(words)s\n%(remedy)s",
            server=self.display_name, words=error, remedy=self._office365_remedy(error))

    def _office365_remedy(self, error: Exception | str) -> str:
        """Return what to do about a failure. A server that core has confirmed opened the mailbox before."""
        return self._office365_remedy_text(self._office365_diagnosis(error))

    def _office365_diagnosis(self, error: Exception | str):
        return diagnose(error, protocol=self._get_connection_type(), worked_before=self.state == "done")
