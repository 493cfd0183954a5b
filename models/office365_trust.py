"""Which addresses may be used as From because an administrator vouched for them.

Ordinary users may write many of the fields that hold an address: their own e-mail, the contact of a company, the alias of a
project. So each such field has a companion that only the code here writes: the value as an administrator set it, or as it stood
when the addon was installed. A value that differs from it is not trusted.
"""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import NO_ACCESS

from ..tools.prefetch import PREFETCH


def by_administrator(env: api.Environment) -> bool:
    """Tell whether an administrator acts, or Odoo itself.

    Not ``env.su``: core raises that for users, too, for instance when they write on their own record.
    """
    return env.uid == SUPERUSER_ID or env.user.has_group("base.group_erp_manager")


class ResPartner(models.Model):
    _inherit = "res.partner"

    office365_trusted_email = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)

    def write(self, vals):
        result = super().write(vals)
        if "email" in vals and by_administrator(self.env):
            self._office365_vouchable()._office365_trust_email()
        return result

    def _office365_vouchable(self):
        """Return the partners whose e-mail somebody may send as: users' and companies'."""
        companies = self.env["res.company"].sudo().search([("partner_id", "in", self.ids)])
        return self.sudo().with_context(active_test=False).filtered("user_ids") | companies.partner_id

    def _office365_trust_email(self) -> None:
        """Trust the present e-mail of users' and companies' partners."""
        for partner in self.sudo():
            partner.office365_trusted_email = partner.email_normalized


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        if by_administrator(self.env):
            users.partner_id._office365_trust_email()
        return users

    def write(self, vals):
        result = super().write(vals)
        if "partner_id" in vals and by_administrator(self.env):
            self.partner_id._office365_trust_email()
        return result


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        if by_administrator(self.env):
            companies.partner_id._office365_trust_email()
        return companies


class MailAlias(models.Model):
    _inherit = "mail.alias"

    office365_trusted = fields.Boolean(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)

    @api.model_create_multi
    def create(self, vals_list):
        aliases = super().create(vals_list)
        aliases.sudo().office365_trusted = by_administrator(self.env)
        return aliases

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("alias_name", "alias_domain_id")):
            self.sudo().office365_trusted = by_administrator(self.env)
        return result
