from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.addresses import AddressError, parse_address


class Office365SharedSender(models.Model):
    """An address of nobody in particular that an administrator lets mail be sent as through a server."""

    _name = "office365.shared.sender"
    _description = "Shared Sender"
    _order = "address"
    _rec_name = "address"

    mail_server_id = fields.Many2one("ir.mail_server", "Server", required=True, ondelete="cascade", index=True)
    address = fields.Char("Email Address", required=True, help="The bare address, such as noreply@contoso.com.")
    group_id = fields.Many2one(
        "res.groups", "Only Group", ondelete="cascade", help="Only its members send as this address. Empty: everyone does.")

    _address_unique = models.UniqueIndex("(mail_server_id, address)", "This address is a shared sender of the server already.")

    @api.model_create_multi
    def create(self, vals_list):
        senders = super().create([self._normalized(vals) for vals in vals_list])
        self.env["ir.mail_server"]._office365_forget()
        return senders

    def write(self, vals):
        result = super().write(self._normalized(vals))
        self.env["ir.mail_server"]._office365_forget()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["ir.mail_server"]._office365_forget()
        return result

    @api.constrains("address")
    def _check_is_nobodys(self):
        """A user's address is that user's: the group *Send as others* is there for those who may use it."""
        for sender in self:
            known = self.env["ir.mail_server"]._office365_known([sender.address])[sender.address]
            if known.holders:
                user = self.env["res.users"].sudo().browse(next(iter(known.holders)))
                raise ValidationError(self.env._(
                    "%(address)s is the address of %(user)s, so it cannot be shared. Add those who may send as other users to the group "
                    "“Send as others” instead.", address=sender.address, user=user.name))

    @api.model
    def _normalized(self, vals: dict) -> dict:
        """Return the values with the address in the form in which it is compared.

        :raise ValidationError: it is not one plain address
        """
        if "address" not in vals:
            return vals
        try:
            return {**vals, "address": parse_address(vals["address"] or "")}
        except AddressError as error:
            raise ValidationError(self.env._(
                "Shared sender: “%s” is not one bare email address, such as noreply@contoso.com.", vals["address"] or "")) from error
