from odoo import api, models
from odoo.tools import email_normalize

from ...tools.identity.acting import Fetching


class MailAliasDomain(models.Model):
    _inherit = "mail.alias.domain"

    @api.model
    def _find_aliases(self, email_list):
        """Ask the database about each address once while a message is read: core asks whenever it looks for people.

        It asks about the recipients first, and then about the sender.
        """
        fetching = Fetching.of(self.env.context)
        # With this parameter, core takes an address for an alias by the left part of another one that it is asked about.
        if not fetching or not fetching.item or self.env["ir.config_parameter"].sudo().get_param("mail.catchall.domain.allowed"):
            return super()._find_aliases(email_list)
        known, emails = fetching.item.aliases, [*email_list]
        if any(email not in known for email in emails):
            unknown = [email for email in dict.fromkeys([*emails, email_normalize(fetching.item.sender)]) if email not in known]
            found = {*super()._find_aliases(unknown)}
            known.update({email: email in found for email in unknown})
        return [email for email in emails if known[email]]
