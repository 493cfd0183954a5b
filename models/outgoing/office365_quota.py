import logging
from collections.abc import Iterable

import psycopg2
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.outgoing import clock
from ...tools.outgoing.quota import Grant, Ledger, Limits, Use
from ...tools.transactions import run_apart

_logger = logging.getLogger(__name__)


class Office365Quota(models.Model):
    """What each mailbox has used of its limits; `tools.outgoing.quota` decides, here it is stored.

    One row a mailbox, locked while it is changed, in transactions of a few milliseconds: exact over all workers and hosts.
    """

    _name = "office365.quota"
    _description = "Office 365 Quota of a Mailbox"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, help="The mailbox. Exchange counts what each mailbox sends.")
    ledger = fields.Json(required=True)

    _key_unique = models.UniqueIndex("(key)")

    @api.model
    def _ask(
        self, key: str, holder: str, limits: Limits, uses: Iterable[Use], held: Iterable[Use], *,
        bulk: bool, recipients: int, block: int, waits: bool = False,
    ) -> tuple[Grant, float]:
        """Settle what a worker has used and ask for more, in a transaction of its own.

        :return: what came of it, and the time of the database's clock
        :raise psycopg2.Error: the database cannot say; nothing was reserved
        """
        def ask(ledger: Ledger, now: float, cr) -> tuple[Grant, float]:
            ledger.settle(holder, now, uses, held)
            if ledger.is_to_be_counted(now):
                *waiting, for_days = self._count_waiting(cr)
                ledger.shorten(now, limits, waiting, for_days=for_days)
            return ledger.ask(holder, now, limits, bulk=bulk, recipients=recipients, block=block, waits=waits), now

        return self._change(key, ask)

    @api.model
    def _count_waiting(self, cr) -> tuple[int, int, bool]:
        """Return how many mails wait for a rate, single ones and bulk, and whether any waits for the limit of a day.

        Of all mailboxes, as a mail does not know its own: with several, a line may stay longer than it is.
        """
        cr.execute(
            """
            SELECT count(*) FILTER (WHERE office365_cause = 'rate_limited' AND office365_bulk IS NOT TRUE),
                   count(*) FILTER (WHERE office365_cause = 'rate_limited' AND office365_bulk),
                   count(*) FILTER (WHERE office365_cause = 'daily_recipient_limit') > 0
              FROM mail_mail
             WHERE state = 'outgoing' AND office365_cause IS NOT NULL AND scheduled_date > now() AT TIME ZONE 'UTC'
            """, log_exceptions=False)
        return cr.fetchone()

    @api.model
    def _count_anew(self) -> None:
        """Have those who wait counted when the next one comes: somebody has just left the line."""
        def forget(cr):
            cr.execute("UPDATE office365_quota SET ledger = jsonb_set(ledger, '{joined}', '0')", log_exceptions=False)

        try:
            run_apart(self.env.registry.cursor, forget)
        except psycopg2.Error as error:  # then it is done a minute after the last one came
            _logger.info("Those who wait for a quota are not counted at once: %s", error)

    @api.model
    def _settle(self, key: str, holder: str, uses: Iterable[Use]) -> None:
        """Note what a worker has used, and give back the rest of what it held.

        :raise psycopg2.Error: the database is not there; what was held ages out
        """
        self._change(key, lambda ledger, now, _cr: ledger.settle(holder, now, uses))

    @api.model
    def _count(self, key: str, recipients: int) -> None:
        """Note a message that was sent without asking.

        :raise psycopg2.Error: the database is not there
        """
        self._change(key, lambda ledger, now, _cr: ledger.settle("", now, [Use(now, bulk=False, recipients=recipients)]))

    @api.model
    def _usage(self, key: str) -> tuple[int, int]:
        """Return the messages of the last minute and the recipients of the last 24 hours."""
        rows = self.env.execute_query(SQL("SELECT ledger FROM office365_quota WHERE key = %s", key))
        return Ledger(rows[0][0]).usage(clock.database_time(self.env.cr)) if rows else (0, 0)

    @api.model
    def _change(self, key: str, work):
        """Call a function with a mailbox's ledger, the time and the cursor; store the ledger, and return what the function returned."""
        def change(cr):
            # Whoever comes second waits here, and then reads anew what the first one wrote.
            cr.execute("SELECT ledger FROM office365_quota WHERE key = %s FOR UPDATE", [key], log_exceptions=False)
            row = cr.fetchone()
            ledger = Ledger(row and row[0])
            result = work(ledger, clock.database_time(cr), cr)
            cr.execute(
                "UPDATE office365_quota SET ledger = %s WHERE key = %s" if row else
                "INSERT INTO office365_quota (ledger, key) VALUES (%s, %s)",
                [fields.Json().convert_to_column(ledger.stored(), self), key], log_exceptions=False)
            return result

        return run_apart(self.env.registry.cursor, change)
