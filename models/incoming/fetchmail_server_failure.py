from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused

#: Errors of ours, whose text holds the remedy already.
_EXPLAINED = (UserError, CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused)


class FetchmailServer(models.Model):
    """What an administrator reads when fetching from one of our servers fails."""

    _inherit = "fetchmail.server"

    def _office365_stay_confirmed(self) -> None:
        """Keep core from switching servers off for good because they have failed for five days: an outage ends, and mail waits."""
        recent = fields.Datetime.now() - timedelta(days=1)
        self.filtered(lambda server: server.error_date and server.error_date < recent).error_date = recent

    def _office365_keep_remedy(self) -> None:
        """Write what to do beside the failure that core has noted."""
        for server in self.filtered("error_message"):
            remedy = server._office365_remedy(server.error_message)
            if remedy not in server.error_message:
                server.error_message = f"{server.error_message}\n{remedy}"

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
