"""Activities about mail that is not fetched or is on hold now belong to an alert; nothing would remove those of before."""


def migrate(cr, _version):
    cr.execute("SELECT to_regclass('fetchmail_server_mail_activity_rel') IS NOT NULL")
    if cr.fetchone()[0]:
        cr.execute("DELETE FROM mail_activity WHERE id IN (SELECT mail_activity_id FROM fetchmail_server_mail_activity_rel)")
        cr.execute("DROP TABLE fetchmail_server_mail_activity_rel")
    cr.execute("DELETE FROM mail_activity WHERE res_model = 'office365.pause' AND automated")
