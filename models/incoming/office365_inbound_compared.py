from collections.abc import Collection

from odoo import api, models

from ...tools.incoming.reconciliation import Row
from ...tools.transactions import run_apart


class Office365Inbound(models.Model):
    """What the list says when it is compared with a mailbox."""

    _inherit = "office365.inbound"

    @api.model
    def _rows_to_compare(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> dict[int | str, Row]:
        """Return what the committed list says of messages that are in a mailbox, and of others that need it or are being processed."""
        def read(cr):
            cr.execute(
                """
                SELECT uid, id, state, NOT is_working AND (digest IS NOT NULL OR state = 'set_aside'), is_settled, is_working,
                       digest IS NOT NULL,
                       greatest(write_date, date, CASE WHEN is_working THEN retry_at END) > now() AT TIME ZONE 'UTC' - interval '1 hour'
                  FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s
                       AND (uid = ANY(%s) OR is_working OR digest IS NULL AND state NOT IN ('done', 'ignored'))
                """, [server_id, folder, validity, list(by_name)])
            return {by_name.get(uid) or kind(uid): Row(*row) for uid, *row in cr.fetchall()}

        by_name = {str(uid): uid for uid in uids}
        kind = int if validity else str
        return run_apart(self.env.registry.cursor, read)
