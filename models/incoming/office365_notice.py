from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models


class Office365Notice(models.Model):
    """When a sender was last told that Odoo could not take a message of theirs."""

    _name = "office365.notice"
    _description = "Office 365 Notice to a Sender"
    _order = "date desc"
    _rec_name = "address"

    address = fields.Char(required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True)

    _address_unique = models.UniqueIndex("(address)", "Each sender has one notice.")

    @api.model
    def _claim(self, address: str) -> bool:
        """Tell whether a sender may be told now: not more than once a day, whichever worker asks. Then this is when they were told."""
        self.env.cr.execute(
            """
            INSERT INTO office365_notice AS told (address, date, create_uid, create_date)
            VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC', %s, clock_timestamp() AT TIME ZONE 'UTC')
            ON CONFLICT (address) DO UPDATE SET date = EXCLUDED.date WHERE told.date <= EXCLUDED.date - interval '1 day'
            RETURNING id
            """, [address, SUPERUSER_ID])
        return bool(self.env.cr.fetchone())

    @api.autovacuum
    def _gc_notices(self):
        self.search([("date", "<", fields.Datetime.now() - timedelta(days=1))]).unlink()
