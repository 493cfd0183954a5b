"""Activities about mail that is not fetched, not accounted for or on hold now belong to an alert; nothing would remove those of before."""

# What named them, and in which column.
_TABLES = {"fetchmail_server_mail_activity_rel": "mail_activity_id", "office365_difference_alert_rel": "activity_id"}


def migrate(cr, _version):
    for table, column in _TABLES.items():
        cr.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        if cr.fetchone()[0]:
            cr.execute(f"DELETE FROM mail_activity WHERE id IN (SELECT {column} FROM {table})")
            cr.execute(f"DROP TABLE {table}")
    cr.execute("DELETE FROM mail_activity WHERE res_model = 'office365.pause' AND automated")
