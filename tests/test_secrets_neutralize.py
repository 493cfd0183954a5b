from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestNeutralize(TransactionCase):

    def test_a_copy_sends_nothing_fetches_nothing_and_knows_no_password(self):
        outgoing = self.env["ir.mail_server"].create({
            "office365_preset": "submission", "smtp_user": "erp@contoso.example", "smtp_pass": "secret"})
        relay = self.env["ir.mail_server"].create({
            "office365_preset": "relay", "smtp_host": "mx.contoso.example", "smtp_authentication": "certificate",
            "smtp_ssl_certificate": "eA==", "smtp_ssl_private_key": "eA=="})
        incoming = self.env["fetchmail.server"].create({
            "office365_preset": "imap", "user": "erp@contoso.example", "password": "secret", "state": "done"})
        foreign = self.env["ir.mail_server"].create({
            "name": "Not ours", "smtp_host": "localhost", "smtp_user": "x", "smtp_pass": "theirs"})
        tenant = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": "5c2f7a10-93b4-4d6e-8a1f-0e7d2b9c4f63",
            "client_secret": "secret"})
        self.env["office365.token"].create({
            "app_id": tenant.id, "account": "erp@contoso.example", "resource": "", "fingerprint": "x", "refresh_token": "x"})
        self.env.flush_all()
        queries = list(get_neutralization_queries(["mail_office365"]))
        self.assertTrue(queries)
        for query in queries:
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertRecordValues(outgoing, [{"active": False, "smtp_pass": False, "smtp_user": "erp@contoso.example"}])
        self.assertRecordValues(relay, [{"active": False, "smtp_ssl_certificate": False, "smtp_ssl_private_key": False}])
        self.assertRecordValues(incoming, [{"active": False, "password": False, "state": "draft"}])
        self.assertFalse(self.env["office365.secret"].search([]) or self.env["office365.token"].search([]))
        self.assertFalse(self.env["office365.secret"]._has__(tenant, "client_secret"))
        self.assertTrue(tenant.exists())
        self.assertRecordValues(foreign, [{"active": True, "smtp_pass": "theirs"}])
