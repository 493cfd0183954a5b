"""Up to where each mailbox was read is kept by folder; POP servers go on deleting what they have fetched."""


def migrate(cr, _version):
    cr.execute("UPDATE fetchmail_server SET office365_after_fetch = 'delete' WHERE office365_preset = 'pop'")
    cr.execute("SELECT 1 FROM information_schema.columns WHERE table_name = 'fetchmail_server' AND column_name = 'office365_start'")
    if not cr.fetchone():
        return
    cr.execute("""
        INSERT INTO office365_folder (server_id, name, is_fetched, validity, start, since, is_renumbered, create_uid, create_date)
        SELECT server.id, 'INBOX', TRUE, known.key, known.value, now() AT TIME ZONE 'UTC', FALSE, 1, now() AT TIME ZONE 'UTC'
          FROM fetchmail_server server, jsonb_each_text(server.office365_start) known
         WHERE jsonb_typeof(server.office365_start) = 'object'
        ON CONFLICT (server_id, name) DO NOTHING
    """)
    cr.execute("ALTER TABLE fetchmail_server DROP COLUMN office365_start")
    cr.execute("UPDATE office365_inbound SET is_working = FALSE, is_settled = digest IS NOT NULL")
