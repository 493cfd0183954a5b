import logging

from odoo import api, models

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Pass over our own probes: the incoming server may fetch from the mailbox that they were sent to."""
        if self.env["office365.probe"]._is_probe(message):
            _logger.info("Ignored mail %s: a probe of an address that this database sent itself", message_dict.get("message_id"))
            return []
        return super().message_route(message, message_dict, model, thread_id, custom_values)
