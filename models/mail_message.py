"""The door of messages: every hook of core that the addon extends, once."""

from odoo import api, models


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, **self._office365_noted(vals)} for vals in vals_list])

    def write(self, vals):
        result = super().write(self._office365_with_actor(vals))
        self._office365_forget_routes(vals)
        return result
