import contextlib
import hashlib
import logging
from collections.abc import Iterator

import psycopg2
from odoo import api, fields, models, sql_db
from odoo.tools import SQL

from ...const import MAX_CONNECTIONS
from ...tools.addresses import canonical_address
from ...tools.errors import NoConnectionFree
from ...tools.outgoing.quota import Limits
from ...tools.transport import Outcome

_logger = logging.getLogger(__name__)


class IrMail_Server(models.Model):
    """How much may be sent through an Office 365 server, and over how many connections."""

    _inherit = "ir.mail_server"

    office365_rate_limit = fields.Integer(
        "Messages a Minute",
        help="Further mail waits in the queue. Exchange lets a mailbox send 30 messages a minute. 0: no limit.",
    )
    office365_daily_limit = fields.Integer(
        "Recipients a Day",
        help="Recipients in any 24 hours; further mail waits in the queue. Exchange lets a mailbox send to 10,000. 0: no limit.",
    )
    office365_max_connections = fields.Integer(
        "Connections", default=MAX_CONNECTIONS,
        help="Open at the same time, counting all workers. Exchange allows three for each mailbox.",
    )

    office365_minute_used = fields.Integer("Sent in the Last Minute", compute="_compute_office365_used")
    office365_day_used = fields.Integer("Recipients in 24 Hours", compute="_compute_office365_used")
    office365_connections_open = fields.Integer("Connections Open", compute="_compute_office365_used")
    office365_deliveries_today = fields.Integer(compute="_compute_office365_deliveries_today", groups="base.group_system")

    _office365_limits_not_negative = models.Constraint(
        "CHECK(office365_rate_limit >= 0 AND office365_daily_limit >= 0)", "A limit cannot be negative. Enter 0 for none.")
    _office365_connections_positive = models.Constraint(
        "CHECK(office365_max_connections > 0)", "Without a connection nothing can be sent: enter 1 or more in the field Connections.")

    @api.depends("office365_preset", "smtp_user")
    def _compute_office365_used(self):
        ours = self.filtered(lambda server: server.office365_preset and server._origin)
        (self - ours).update({"office365_minute_used": 0, "office365_day_used": 0, "office365_connections_open": 0})
        for server in ours:
            key = server._origin._office365_quota_key()
            server.office365_minute_used, server.office365_day_used = self.env["office365.quota"].sudo()._usage(key)
            server.office365_connections_open = server._office365_connections(key)

    @api.depends("office365_preset")
    def _compute_office365_deliveries_today(self):
        for server in self:
            server.office365_deliveries_today = server.office365_preset and self.env["office365.delivery"].search_count(
                [("mail_server_id", "in", server._origin.ids), ("date", ">=", "today")])

    def action_office365_deliveries(self):
        """Open what this server sent today."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_delivery_action")
        return {**action, "domain": [("mail_server_id", "=", self.id)], "context": {"search_default_today": 1}}

    # ------------------------------------------------------------
    # Whose quota
    # ------------------------------------------------------------

    def _office365_quota_key(self, sender: str | None = None) -> str:
        """Return what Exchange counts by: the mailbox that signs in, or for a relay the server.

        :param sender: address that the mail leaves as, or mailbox that is to sign in for it
        """
        self.ensure_one()
        mailbox = self._office365_mailbox()
        if not mailbox:
            return f"server:{self.id}"
        if sender and self.office365_sender_mode == "as_sender":
            mailbox = sender
        return canonical_address(self._office365_account(mailbox) or mailbox)

    def _office365_sharing(self, key: str):
        """Return the Office 365 servers that send as a mailbox: Exchange counts them together."""
        return self | self._office365_servers().filtered(
            lambda server: server.office365_sender_mode == "as_sender" or server._office365_quota_key() == key)

    def _office365_limits(self, key: str) -> Limits:
        """Return the limits of a mailbox: the lowest ones of the servers that share it."""
        servers = self._office365_sharing(key)
        return Limits(
            rate=min(filter(None, servers.mapped("office365_rate_limit")), default=0),
            daily=min(filter(None, servers.mapped("office365_daily_limit")), default=0),
        )

    # ------------------------------------------------------------
    # Mail that is sent outside the queue
    # ------------------------------------------------------------

    def _office365_count(self, login: str | None, outcome: Outcome) -> None:
        """Count a message against the quota of a mailbox. Never raises, because the fate of the message matters more."""
        if not (outcome.taken or outcome.in_doubt or outcome.reply[:1].isdigit()):
            return  # the server did not get to see it
        try:
            server = self.sudo()
            key = server._office365_quota_key(login)
            if server._office365_limits(key):
                server.env["office365.quota"]._count(key, len(outcome.recipients))
        except psycopg2.Error as error:
            _logger.warning("%s: a message could not be counted: %s", self.display_name, error)

    # ------------------------------------------------------------
    # Connections
    # ------------------------------------------------------------

    @contextlib.contextmanager
    def _office365_connection_slot(self, login: str | None = None) -> Iterator[None]:
        """Hold one of a mailbox's connections, over all workers and hosts, from before it is opened until it is closed for good.

        A slot is a lock of a PostgreSQL session: the session's end releases it, so a killed worker leaves none behind.

        :param login: mailbox that is to sign in, None for a relay
        :raise NoConnectionFree: all are in use
        """
        self.ensure_one()
        key = self._office365_quota_key(login)
        limit = min(self._office365_sharing(key).mapped("office365_max_connections"))
        try:
            # Not of the registry: in tests its cursors share a session, which may take the same lock twice.
            cursor = sql_db.db_connect(self.env.cr.dbname).cursor()
        except psycopg2.Error as error:  # the pool of this process or the database server has none left
            raise NoConnectionFree(self._office365_no_connection_text(limit)) from error
        connection = cursor.connection
        try:
            connection.autocommit = True  # a transaction that is open for minutes keeps VACUUM from cleaning up
            slot = next((slot for slot in range(limit) if _locked(cursor, "pg_try_advisory_lock", key, slot)), None)
            if slot is None:
                raise NoConnectionFree(self._office365_no_connection_text(limit))
            try:
                yield
            finally:
                # The pool hands the session on to others, and never unlocks.
                if not _unlocked(cursor, key, slot):
                    connection.close()
        finally:
            if not connection.closed:
                connection.autocommit = False
            cursor.close()

    def _office365_no_connection_text(self, limit: int) -> str:
        return self.env._(
            "%(server)s: all %(limit)s connections that may be open at a time are in use.", server=self.display_name, limit=limit)

    @api.model
    def _office365_connections(self, key: str) -> int:
        """Return how many connections of a mailbox are open, over all workers."""
        rows = self.env.execute_query(SQL(
            """
            SELECT count(*) FROM pg_locks
             WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """, _lock_class(key) % 2**32))
        return rows[0][0]


def _lock_class(key: str) -> int:
    """Return a number for a mailbox as PostgreSQL takes it as the first half of a lock: 32 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"mail_office365 {key}".encode()).digest()[:4], signed=True)


def _locked(cursor, function: str, key: str, slot: int) -> bool:
    cursor.execute(f"SELECT {function}(%s, %s)", [_lock_class(key), slot])
    return cursor.fetchone()[0]


def _unlocked(cursor, key: str, slot: int) -> bool:
    try:
        return _locked(cursor, "pg_advisory_unlock", key, slot)
    except psycopg2.Error:  # the session is gone, and the lock with it
        return False
