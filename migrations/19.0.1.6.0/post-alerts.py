"""Activities about mail that is not fetched, not accounted for or on hold now belong to an alert; nothing would remove those of before."""

import psycopg2
from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.exceptions import UserError

# What named them, and in which column.
_TABLES = {
    "fetchmail_server_mail_activity_rel": "mail_activity_id", "office365_difference_alert_rel": "activity_id",
    "mail_activity_office365_round_trip_rel": "mail_activity_id"}
# Of files that are gone: their records are not updated, so Odoo leaves them where they are.
_TYPES = ("activity_type_fetch", "activity_type_heartbeat")
_CRON = "ir_cron_probe"


def migrate(cr, _version):
    for table, column in _TABLES.items():
        cr.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        if cr.fetchone()[0]:
            cr.execute(f"DELETE FROM mail_activity WHERE id IN (SELECT {column} FROM {table})")
            cr.execute(f"DROP TABLE {table}")
    cr.execute("DELETE FROM mail_activity WHERE res_model = 'office365.pause' AND automated")
    env = Environment(cr, SUPERUSER_ID, {})
    for name in _TYPES:
        if kind := env.ref(f"mail_office365.{name}", raise_if_not_found=False):
            env["mail.activity"].with_context(active_test=False).search([("activity_type_id", "=", kind.id)]).unlink()
            _remove(kind)
    if cron := env.ref(f"mail_office365.{_CRON}", raise_if_not_found=False):
        action = cron.ir_actions_server_id
        _remove(cron)
        if not cron.exists():
            _remove(action)


def _remove(record):
    """Remove what nobody uses; archive what somebody does, in an activity plan, say, or at this moment."""
    try:
        with record.env.cr.savepoint():
            record.unlink()
    except (psycopg2.IntegrityError, psycopg2.OperationalError, UserError):
        record.env.invalidate_all()
        if "active" in record:
            record.active = False
