from odoo.modules.module import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, file_path
from odoo.tools.sql import column_exists, rename_column, table_exists


@tagged("post_install", "-at_install")
class TestMigrations(TransactionCase):

    def test_what_is_renamed_keeps_its_content(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.2.0/pre-renamed.py"), "pre_renamed")
        app = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": "00000000-0000-4000-8000-000000000001"})
        server = self.env["ir.mail_server"].create({
            "name": "Ours", "smtp_host": "smtp.office365.com", "office365_preset": "submission", "office365_app_id": app.id,
            "smtp_user": "erp@contoso.example"})
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("""INSERT INTO office365_quota (key, ledger) VALUES ('erp@contoso.example', '{"holds": [["w", 1, false, 3, 3]]}')""")
        fields_before = self.fields(cr)
        self.undo(cr, script)
        self.assertFalse(table_exists(cr, "office365_app"))
        self.assertFalse(column_exists(cr, "ir_mail_server", "office365_app_id"))
        for _time in range(2):  # a second time finds nothing to rename
            script.migrate(cr, "19.0.1.1.0")
            cr.execute("SELECT office365_app_id FROM ir_mail_server WHERE id = %s", [server.id])
            self.assertEqual(cr.fetchall(), [(app.id,)])
            cr.execute("SELECT name FROM office365_app WHERE id = %s", [app.id])
            self.assertEqual(cr.fetchall(), [("Contoso",)])
            cr.execute("SELECT ledger FROM office365_quota WHERE key = 'erp@contoso.example'")
            self.assertEqual(cr.fetchall(), [({"reservations": [["w", 1, False, 3, 3]]},)])
            self.assertEqual(self.fields(cr), fields_before)
            cr.execute("SELECT count(*) FROM ir_model_data WHERE module = 'mail_office365' AND name = 'model_office365_app'")
            self.assertEqual(cr.fetchall(), [(1,)])

    def test_how_far_a_mailbox_was_read_is_kept_by_folder(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.4.0/post-folders.py"), "post_folders")
        imap, pop = self.env["fetchmail.server"].create([
            {"office365_preset": preset, "user": "erp@contoso.example", "password": "x"} for preset in ("imap", "pop")])
        pop.office365_after_fetch = "seen"
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("ALTER TABLE fetchmail_server ADD COLUMN office365_start jsonb")
        cr.execute("UPDATE fetchmail_server SET office365_start = '{\"14500000000001\": 812}' WHERE id = %s", [imap.id])
        cr.execute(
            "INSERT INTO office365_inbound (server_id, folder, validity, uid, state, digest) VALUES (%s, 'INBOX', '1', '5', 'done', 'x')",
            [imap.id])
        for _time in range(2):
            script.migrate(cr, "19.0.1.3.0")
        self.env.invalidate_all()
        [folder] = imap.office365_folder_ids
        self.assertEqual((folder.name, folder.is_fetched, folder.validity, folder.start), ("INBOX", True, "14500000000001", "812"))
        self.assertEqual((imap.office365_after_fetch, pop.office365_after_fetch), ("seen", "delete"))
        self.assertTrue(self.env["office365.inbound"].search([("server_id", "=", imap.id)]).is_settled)
        self.assertFalse(column_exists(cr, "fetchmail_server", "office365_start"))

    def test_deliveries_of_before_have_lines_in_the_log(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.5.0/post-email_log.py"), "post_email_log")
        Emails, Deliveries = self.env["office365.email"], self.env["office365.delivery"]
        Emails.search([]).unlink()
        Deliveries.search([]).unlink()
        customer = self.env["res.partner"].create({"name": "Carla", "email": "Carla@Fabrikam.example"})
        message = self.env["mail.message"].create({
            "subject": "Offer", "message_id": "<1@x>", "notification_ids": [(0, 0, {
                "res_partner_id": customer.id, "notification_type": "email", "notification_status": "sent"})]})
        rows = Deliveries.create([
            {"message_id": message.message_id, "state": "deferred", "cause": "timeout", "date": "2026-01-01 10:00:00"},
            {"message_id": message.message_id, "state": "sent", "date": "2026-01-01 10:05:00", "reply": "250"},
            {"message_id": "<2@x>", "state": "deferred", "cause": "timeout"},
            {"message_id": "<3@x>", "state": "sent", "bounced": "c@x: 550"},
            {"state": "sent"}])
        self.env.flush_all()
        for _time in range(2):
            script.migrate(self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertRecordValues(Emails.search([], order="message_id"), [
            {"message_id": "<1@x>", "subject": "Offer", "state": "sent", "cause": False, "recipients": "carla@fabrikam.example"},
            {"message_id": "<2@x>", "subject": False, "state": "failed", "cause": "timeout", "recipients": ""},
            {"message_id": "<3@x>", "subject": False, "state": "bounced", "cause": False, "recipients": ""}])
        first = rows[0].email_id
        self.assertEqual((first.delivery_ids, str(first.since)), (rows[:2].sorted("id", reverse=True), "2026-01-01 10:00:00"))
        self.assertFalse(rows[-1].email_id)

    def fields(self, cr):
        cr.execute(
            "SELECT model, name, relation FROM ir_model_fields WHERE model LIKE 'office365.%' OR name LIKE 'office365%' ORDER BY 1, 2")
        return cr.fetchall()

    def undo(self, cr, script):
        """Give everything the names it had before."""
        for table, old, new in script.COLUMNS:
            rename_column(cr, table, new, old)
            cr.execute("UPDATE ir_model_fields SET name = %s WHERE name = %s AND model = %s", [old, new, table.replace("_", ".")])
        for old, new in reversed(script.MODELS.items()):
            if table_exists(cr, new.replace(".", "_")):
                cr.execute(SQL(
                    "ALTER TABLE %s RENAME TO %s", SQL.identifier(new.replace(".", "_")), SQL.identifier(old.replace(".", "_"))))
            for table, column in (("ir_model", "model"), ("ir_model_fields", "model"), ("ir_model_fields", "relation")):
                cr.execute(SQL(
                    "UPDATE %s SET %s = %s WHERE %s = %s",
                    SQL.identifier(table), SQL.identifier(column), old, SQL.identifier(column), new))
            cr.execute(
                "UPDATE ir_model_data SET name = replace(name, %s, %s) WHERE module = 'mail_office365'",
                [new.replace(".", "_"), old.replace(".", "_")])

    def test_what_exchange_took_lately_is_proof(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.5.0/post-proofs.py"), "post_proofs")
        server = self.env["ir.mail_server"].create({
            "name": "Ours", "smtp_host": "smtp.office365.com", "office365_preset": "submission", "smtp_authentication": "login",
            "smtp_user": "erp@contoso.example", "smtp_pass": "x"})
        common = {"mail_server_id": server.id, "login": "erp@contoso.example", "reply": "x"}
        self.env["office365.delivery"].create([
            {**common, "email_from": '"Odoo" <notifications@contoso.example>', "state": "failed", "cause": "send_as_denied"},
            {**common, "email_from": '"Odoo" <notifications@contoso.example>', "state": "sent"},
            {**common, "email_from": "brant@contoso.example", "state": "sent"},
            {**common, "email_from": "brant@contoso.example", "state": "failed", "cause": "send_as_denied"},
            {**common, "email_from": "anna@contoso.example", "state": "deferred", "cause": "timeout"},
            {**common, "email_from": "erp@contoso.example", "state": "sent"},
        ])
        self.env.flush_all()
        for _time in range(2):
            script.migrate(self.env.cr, "19.0.1.4.0")
        results = self.env["office365.probe"].search([("mail_server_id", "=", server.id)])
        self.assertEqual({result.address: result.state for result in results}, {
            "notifications@contoso.example": "allowed", "brant@contoso.example": "refused"})
