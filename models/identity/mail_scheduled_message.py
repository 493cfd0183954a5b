"""A message that is posted later keeps who vouched for its From when it was written."""

import json

from odoo import api, fields, models

from ...tools.identity.sender_book import BY_ADMINISTRATOR, BY_TEMPLATE
from ...tools.prefetch import PREFETCH
from .office365_actor import forget_rendered, note_rendered, rendered_vouch


class MailScheduledMessage(models.Model):
    _inherit = "mail.scheduled.message"

    # As on mail.message: nobody but the code here writes it.
    office365_vouch = fields.Selection(
        [(BY_TEMPLATE, "Template"), (BY_ADMINISTRATOR, "Address in an administrator's template")],
        copy=False, readonly=True, prefetch=PREFETCH)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, "office365_vouch": self._office365_vouched(vals)} for vals in vals_list])

    def write(self, vals):
        vals = {name: value for name, value in vals.items() if name != "office365_vouch"}
        if not vals.keys().isdisjoint(("model", "res_id", "notification_parameters")):
            vals["office365_vouch"] = False
        return super().write(vals)

    @api.model
    def _office365_vouched(self, vals: dict) -> str | bool:
        written = _email_from(vals.get("notification_parameters"))
        return rendered_vouch(self.env, vals.get("model"), vals.get("res_id"), written)[1] or False

    def _post_message(self, raise_exception=True):
        """Post one after the other: they are of several users, and what is noted for one is nothing to the next."""
        for message in self:
            forget_rendered(self.env)
            if message.office365_vouch:
                note_rendered(
                    self.env, message.model, {message.res_id: _email_from(message.notification_parameters)}, message.office365_vouch)
            super(MailScheduledMessage, message)._post_message(raise_exception=raise_exception)
        forget_rendered(self.env)
        return None


def _email_from(parameters: str | None) -> str:
    """Return the From in what a message is posted with; core keeps that as JSON, which a client may have written."""
    try:
        values = json.loads(parameters or "{}")
    except ValueError:
        return ""
    written = values.get("email_from") if isinstance(values, dict) else None
    return written if isinstance(written, str) else ""
