"""What has other names from here on keeps its content: models, tables, columns, and the values that name them."""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, rename_column, table_exists

MODELS = {
    "office365.tenant": "office365.app",
    "office365.budget": "office365.quota",
    "office365.sealed": "office365.encrypted",
    "office365.move": "office365.switch",
    "office365.connection.test": "office365.connection.check",
    "office365.connection.test.stage": "office365.connection.check.stage",
}
COLUMNS = [
    ("ir_mail_server", "office365_tenant_id", "office365_app_id"),
    ("ir_mail_server", "office365_move_back_until", "office365_switch_back_until"),
    ("fetchmail_server", "office365_tenant_id", "office365_app_id"),
    ("fetchmail_server", "office365_move_back_until", "office365_switch_back_until"),
    ("office365_token", "tenant_id", "app_id"),
    ("office365_device_sign_in", "tenant_id", "app_id"),
    ("office365_switch", "tenant_id", "app_id"),
    ("mail_mail", "office365_line", "office365_stream"),
    ("res_partner", "office365_trusted_email", "office365_verified_email"),
    ("mail_alias", "office365_trusted", "office365_verified"),
]
# Columns in which the name of a model stands.
_NAMED_IN = [
    ("ir_model", "model"), ("ir_model_fields", "model"), ("ir_model_fields", "relation"), ("ir_model_data", "model"),
    ("mail_message", "model"), ("mail_followers", "res_model"), ("mail_activity", "res_model"), ("ir_attachment", "res_model"),
    ("office365_secret", "res_model"),
]


def migrate(cr, _version):
    """Rename, where there is something to rename."""
    for old, new in MODELS.items():
        _rename_model(cr, old, new)
    for table, old, new in COLUMNS:
        if table_exists(cr, table) and column_exists(cr, table, old) and not column_exists(cr, table, new):
            rename_column(cr, table, old, new)
            cr.execute("UPDATE ir_model_fields SET name = %s WHERE name = %s AND model = %s", [new, old, table.replace("_", ".")])
            cr.execute(
                "UPDATE ir_model_data SET name = %s WHERE module = 'mail_office365' AND name = %s",
                [f"field_{table}__{new}", f"field_{table}__{old}"])
    if table_exists(cr, "office365_delivery"):
        cr.execute("UPDATE office365_delivery SET sender_reason = 'unverified' WHERE sender_reason = 'untrusted'")
    if table_exists(cr, "office365_quota"):
        cr.execute(
            "UPDATE office365_quota SET ledger = (ledger - 'holds') || jsonb_build_object('reservations', ledger -> 'holds')"
            " WHERE ledger ? 'holds'")


def _rename_model(cr, old: str, new: str) -> None:
    old_table, new_table = old.replace(".", "_"), new.replace(".", "_")
    if table_exists(cr, old_table) and not table_exists(cr, new_table):
        cr.execute(SQL("ALTER TABLE %s RENAME TO %s", SQL.identifier(old_table), SQL.identifier(new_table)))
    for table, column in _NAMED_IN:
        if table_exists(cr, table):
            cr.execute(SQL(
                "UPDATE %s SET %s = %s WHERE %s = %s",
                SQL.identifier(table), SQL.identifier(column), new, SQL.identifier(column), old))
    # Else the update would take the old identifiers for removed, and what they stand for with them.
    cr.execute(
        "UPDATE ir_model_data SET name = replace(name, %(old)s, %(new)s) WHERE module = 'mail_office365' AND name LIKE %(like)s",
        {"old": old_table, "new": new_table, "like": f"%{old_table}%".replace("_", r"\_")})
