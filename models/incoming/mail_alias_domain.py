from odoo import api, models

from ...tools.identity.acting import Fetching


class MailAliasDomain(models.Model):
    _inherit = "mail.alias.domain"

    @api.model
    def _find_aliases(self, email_list):
        """Ask the database once about the same addresses while a message is read: core asks whenever it looks for people."""
        fetching = Fetching.of(self.env.context)
        if not fetching or not fetching.item:
            return super()._find_aliases(email_list)
        known, asked = fetching.item.aliases, tuple(email_list)
        if asked not in known:
            known[asked] = super()._find_aliases(asked)
        return [*known[asked]]
