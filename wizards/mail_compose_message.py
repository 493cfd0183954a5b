from odoo import SUPERUSER_ID, models

from ..models.identity.office365_actor import acting_uid
from ..tools.identity.acting import Behind


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _prepare_mail_values(self, res_ids):
        """Render the From of the template once more, by the server: in the composer it is a value that a client sends."""
        values = super()._prepare_mail_values(res_ids)
        if self.template_id.email_from and self.env["ir.mail_server"]._office365_in_use():
            self.template_id._render_field("email_from", res_ids)
        return values

    def _action_send_mail(self, auto_commit=False):
        """Of a mailing that a cron sends, its creator is behind the From."""
        if "mass_mailing_id" in self._fields and acting_uid(self.env) == SUPERUSER_ID and len(self.mass_mailing_id) == 1:
            behind = Behind(self.mass_mailing_id.sudo().create_uid.id)
            self = self.with_context(**{Behind.CONTEXT_KEY: behind})
        return super()._action_send_mail(auto_commit=auto_commit)
