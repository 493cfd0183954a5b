from odoo import models
from odoo.exceptions import UserError


class IrMail_Server(models.Model):
    """Test Connection."""

    _inherit = "ir.mail_server"

    def test_smtp_connection(self, autodetect_max_email_size=False):
        for server in self:
            if server.office365_preset and not server.active:
                raise UserError(self.env._(
                    "The server “%s” is archived. Unarchive it (Actions > Unarchive) before you test it.",
                    server.display_name,
                ))
        return super().test_smtp_connection(autodetect_max_email_size=autodetect_max_email_size)

    def _get_test_email_from(self):
        """Test with the mailbox itself: the only sender that needs no permission."""
        self.ensure_one()
        return self._office365_mailbox() or super()._get_test_email_from()

    def _get_test_email_to(self):
        """Test with the mailbox itself: High Volume Email refuses recipients outside, and nothing is sent."""
        # Core calls it on a single server, but does not promise that.
        mailbox = self._office365_mailbox() if len(self) == 1 else None
        return mailbox or super()._get_test_email_to()
