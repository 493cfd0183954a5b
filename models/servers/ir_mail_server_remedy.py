from odoo import models

from ...tools.diagnosis.reader import Diagnosis
from ...tools.servers import remedies


class IrMail_Server(models.Model):
    """What to do about a refusal, in the words and with the values of this database."""

    _inherit = "ir.mail_server"

    def _office365_told(self, diagnosis: Diagnosis, sender: str = "", recipient: str = "") -> str:
        """Return the remedy for people: translated, with mailbox, address and client id filled in.

        :param sender: address that the mail leaves as, if one is known; ``recipient`` likewise
        """
        return remedies.told(diagnosis, self.env._, self._office365_remedy_values(diagnosis, sender, recipient))

    def _office365_commands(self, diagnosis: Diagnosis, sender: str = "", recipient: str = "") -> str:
        """Return the lines of PowerShell that the remedy names, for the clipboard."""
        return "\n".join(remedies.commands(diagnosis, self._office365_remedy_values(diagnosis, sender, recipient)))

    def _office365_remedy_values(self, diagnosis: Diagnosis, sender: str, recipient: str) -> dict[str, str]:
        server = self.sudo()[:1]
        return remedies.values_for(
            diagnosis.about, mailbox=(server and server._office365_mailbox()) or "", sender=sender, recipient=recipient,
            host=server.smtp_host or "", client_id=server.office365_app_id.client_id or "")
