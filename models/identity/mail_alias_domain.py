from odoo import api, models


class MailAliasDomain(models.Model):
    """The database's own domains and addresses, of which ``ir.mail_server`` keeps a copy."""

    _inherit = "mail.alias.domain"

    @api.model_create_multi
    def create(self, vals_list):
        domains = super().create(vals_list)
        self.env["ir.mail_server"]._office365_forget()
        self.env["office365.probe"]._ask_soon()
        return domains

    def write(self, vals):
        result = super().write(vals)
        self.env["ir.mail_server"]._office365_forget()
        if not {"name", "default_from"}.isdisjoint(vals):
            self.env["office365.probe"]._ask_soon()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["ir.mail_server"]._office365_forget()
        return result
