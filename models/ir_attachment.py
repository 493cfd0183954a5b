"""The door of attachments: the hook of core that the addon extends. See :mod:`.ir_mail_server`."""

import logging

from odoo import models

from ..tools.identity.acting import Fetching
from ..tools.incoming.pictures import is_too_large
from ..tools.transactions import TRANSIENT

_logger = logging.getLogger(__name__)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _postprocess_contents(self, values):
        """Leave a picture in a received message as it is if it cannot be made smaller: it is no reason not to take the message."""
        fetching = Fetching.of(self.env.context)
        if not fetching or not fetching.item:
            return super()._postprocess_contents(values)
        mimetype = self._compute_mimetype(values)
        if mimetype.startswith("image/") and values.get("raw") and is_too_large(values["raw"]):
            return {**values, "mimetype": mimetype}
        try:
            return super()._postprocess_contents(values)
        except TRANSIENT:
            raise
        except Exception as error:  # noqa: BLE001  (whatever Pillow raises over a broken picture)
            _logger.info("office365.inbound %s: a picture stays as it is: %s", fetching.item.row_id, type(error).__name__)
            return {**values, "mimetype": mimetype}
