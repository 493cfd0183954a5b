from email.message import EmailMessage

from odoo import api, models

from ...tools.incoming.filters import automatic, delivery_report, meeting_answer, receipt
from ...tools.incoming.fingerprint import fingerprint
from ...tools.incoming.item import Item


class MailThread(models.AbstractModel):
    """A message that somebody files under a record, whatever aliases, replies and filters say."""

    _inherit = "mail.thread"

    @api.model
    def _office365_to_be_filed(self, item: Item, values: dict) -> dict:
        """Return what a message says, so that core takes it for the record that was chosen: neither for a copy nor for another record's answer.

        :param values: what core's parser made of it
        """
        item.reason = ""
        if self._office365_with_id(values["message_id"]):
            values["message_id"] = f"<{item.row_id}.{item.attempts}.{fingerprint(item.source)[:32]}@filed.invalid>"
        model, thread_id = item.destination
        parent = self.env["mail.message"].sudo().browse(values.get("parent_id") or [])
        if (parent.model, parent.res_id) != (model, thread_id):
            values.pop("parent_id", None)
        return values

    @api.model
    def _office365_destination_route(self, item: Item, message: EmailMessage, values: dict) -> tuple:
        """Return the route to the record that was chosen, as core checks it. What a program wrote is a note, and nobody is mailed for it.

        :raise ValueError: the record was deleted, or its model takes no mail
        """
        model, thread_id = item.destination
        if thread_id and not self.env[model].browse(thread_id).exists():
            raise ValueError(self.env._("The record under which the message was to be filed does not exist any more."))
        if any(kind.read(message) for kind in (delivery_report, receipt, meeting_answer, automatic)):
            item.is_quiet, values["is_internal"] = True, True
        user = self._mail_find_user_for_gateway(values["email_from"])
        return self._routing_check_route(message, values, (model, thread_id or None, {}, user.id or self.env.uid, None))
