from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused

#: Errors of ours, whose text holds the remedy already.
_EXPLAINED = (UserError, CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused)


class FetchmailServer(models.Model):
    """What an administrator reads when fetching from one of our servers fails."""

    _inherit = "fetchmail.server"

    office365_retry_at = fields.Datetime(
        "Fetches Again At", readonly=True, copy=False, help="Until then, Exchange wants this mailbox not to be asked.")

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
                "%(server)s: Exchange limits how often this mailbox is asked. Odoo fetches again at %(time)s.",
                server=server.display_name, time=format_datetime(self.env, server.office365_retry_at)))

    def _office365_keep_remedy(self) -> None:
        """Write what to do beside the failure that core has noted, and when to ask again if the server has named a time."""
        for server in self:
            words = server.error_message or ""
            seconds = diagnose(words, protocol=server._get_connection_type()).retry_after if words else None
            retry_at = seconds and fields.Datetime.now() + timedelta(seconds=seconds)
            if (retry_at or False) != server.office365_retry_at:
                server.office365_retry_at = retry_at
            if words and (remedy := server._office365_remedy(words)) not in words:
                server.error_message = f"{words}\n{remedy}"

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
        return diagnose(
            error, protocol=self._get_connection_type(), worked_before=self.state == "done").translated(self.env._)
