from odoo import models

from ...tools.diagnosis.reader import Diagnosis
from ...tools.servers import remedies

# What the one who signs in may not do to others: the mailbox, or a user who signs in for it.
_OF_TRUSTEE = ("send_as_denied", "penalty_box")


class Office365ServerMixin(models.AbstractModel):
    """What to do about a refusal, in the words and with the values of this database. Of no server: with what is known without one."""

    _inherit = "office365.server.mixin"

    def _office365_remedy_text(self, diagnosis: Diagnosis, sender: str = "", recipient: str = "") -> str:
        """Return the remedy for people: translated, with mailbox, address and client id filled in.

        :param sender: address that the mail leaves as, if one is known; ``recipient`` likewise
        """
        return remedies.told(diagnosis, self.env._, self._office365_remedy_values(diagnosis, sender, recipient))

    def _office365_commands(self, diagnosis: Diagnosis, sender: str = "", recipient: str = "") -> str:
        """Return the lines of PowerShell that the remedy names, for the clipboard."""
        return "\n".join(remedies.commands(diagnosis, self._office365_remedy_values(diagnosis, sender, recipient)))

    def _office365_remedy_values(self, diagnosis: Diagnosis, sender: str, recipient: str) -> dict[str, str]:
        server = self.sudo()[:1]
        if not server:
            return remedies.values_for(diagnosis.about, mailbox="", sender=sender, recipient=recipient)
        return remedies.values_for(
            diagnosis.about,
            mailbox=(server._office365_trustee() if diagnosis.cause in _OF_TRUSTEE else server._office365_user()),
            sender=sender, recipient=recipient, host=server._office365_host_name() or "", client_id=server.office365_app_id.client_id or "")

    def _office365_host_name(self) -> str:
        return self.smtp_host if self._name == "ir.mail_server" else self.server
