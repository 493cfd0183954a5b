from odoo import api, models
from odoo.tools import ormcache


class MailAliasDomain(models.Model):
    """The database's own domains and addresses, which every batch of mail is compared with."""

    _inherit = "mail.alias.domain"

    @api.model
    @ormcache()
    def _office365_addresses(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return each domain's name, which several may share, and its bounce, catch-all and default From address, if it has them.

        Kept: they change hardly ever, and a batch through a server of others is to cost two queries more than in core, not three.
        """
        return tuple(
            (domain.name, tuple(filter(None, (domain.bounce_email, domain.catchall_email, domain.default_from_email))))
            for domain in self.sudo().search([]))

    @api.model_create_multi
    def create(self, vals_list):
        domains = super().create(vals_list)
        self._office365_forget_addresses()
        return domains

    def write(self, vals):
        result = super().write(vals)
        self._office365_forget_addresses()
        return result

    def unlink(self):
        result = super().unlink()
        self._office365_forget_addresses()
        return result

    def _office365_forget_addresses(self) -> None:
        """Forget them, now and after the commit: until then another thread still finds the old ones, and would keep them."""
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)
