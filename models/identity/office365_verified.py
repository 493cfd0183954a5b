"""Which addresses may be used as From because an administrator vouched for them.

Ordinary users may write many of the fields that hold an address: their own e-mail, the contact of a company, the alias of a
project. So each such field has a companion that only the code here writes: the value as an administrator set it, or as it stood
when the addon was installed. A value that differs from it is not verified.
"""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import email_normalize, escape_psql

from ...tools.addresses import canonical_address
from ...tools.prefetch import PREFETCH
from .office365_actor import by_administrator


class ResPartner(models.Model):
    _inherit = "res.partner"

    office365_verified_email = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)

    def write(self, vals):
        if "email" not in vals:
            return super().write(vals)
        if not by_administrator(self.env):
            self._office365_check_email(vals["email"])
            return super().write(vals)
        result = super().write(vals)
        self._office365_vouchable()._office365_verify_email()
        return result

    def _office365_check_email(self, email: str | bool) -> None:
        """Refuse another user's address as a user's own: core would take mail from there for theirs.

        :raise ValidationError: it is an internal user's e-mail, login or alias, or a shared sender
        """
        address = email_normalize(email, strict=False)  # as core makes email_normalized of it
        users = self.sudo().with_context(active_test=False).user_ids
        if not address or not users or set(self.sudo().mapped("email_normalized")) == {address}:
            return
        taken = (
            Domain("partner_id.email_normalized", "=", address) | Domain("login", "=ilike", escape_psql(address))
            | Domain("office365_alias_confirmed", "=", canonical_address(address)))
        shared = self.env["ir.mail_server"]._office365_own().shared.values()
        if any(canonical_address(address) in addresses for addresses in shared) or self.env["res.users"].sudo().search_count(
                taken & Domain("id", "not in", users.ids) & Domain("share", "=", False), limit=1):
            raise ValidationError(self.env._(
                "%s cannot be your email address: it belongs to somebody else in this database. Enter another one, or ask an "
                "administrator.", email))

    def _office365_vouchable(self):
        """Return the partners whose e-mail somebody may send as: users' and companies'."""
        companies = self.env["res.company"].sudo().search([("partner_id", "in", self.ids)])
        return self.sudo().with_context(active_test=False).filtered("user_ids") | companies.partner_id

    def _office365_verify_email(self) -> None:
        """Trust the present e-mail of users' and companies' partners."""
        for partner in self.sudo():
            partner.office365_verified_email = partner.email_normalized


class ResUsers(models.Model):
    _inherit = "res.users"

    def unlink(self):
        """The address of a user who is gone is nobody's, also if the contact becomes another user's."""
        partners = self.partner_id
        partners -= self.env["res.company"].sudo().search([("partner_id", "in", partners.ids)]).partner_id
        result = super().unlink()
        partners.exists().sudo().office365_verified_email = False
        return result


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        if by_administrator(self.env):
            companies.partner_id._office365_verify_email()
        return companies


class MailAlias(models.Model):
    _inherit = "mail.alias"

    office365_verified = fields.Boolean(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)

    @api.model_create_multi
    def create(self, vals_list):
        aliases = super().create(vals_list)
        aliases.sudo().office365_verified = by_administrator(self.env)
        return aliases

    def write(self, vals):
        result = super().write(vals)
        if "alias_name" in vals:
            self.sudo().office365_verified = by_administrator(self.env)
        elif "alias_domain_id" in vals and not by_administrator(self.env):
            self.sudo().office365_verified = False
        # A domain alone gives no trust: the first one that an administrator makes is given to all aliases, whoever named them.
        return result
