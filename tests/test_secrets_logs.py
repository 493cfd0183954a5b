"""What gets into a log, at any level: no password, no link."""

from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import ERP
from .links import LinkMixin

SECRET = "pa55-of-the-mailbox"


@tagged("post_install", "-at_install")
class TestLogs(LinkMixin, HttpCase):

    def call(self, model, method, *args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": list(args), "kwargs": {}})

    def test_passwords_that_are_entered(self):
        self.env.ref("base.user_admin").write({"password": "admin"})
        self.authenticate("admin", "admin")
        with self.assertNoSecretLogged(SECRET) as log:
            [server] = self.call("ir.mail_server", "create", [{
                "name": "x", "office365_preset": "submission", "smtp_authentication": "login", "smtp_user": ERP, "smtp_pass": SECRET}])
            self.call("ir.mail_server", "write", [server], {"smtp_pass": f"{SECRET}-2"})
            [incoming] = self.call("fetchmail.server", "create", [{
                "name": "x", "office365_preset": "imap", "user": ERP, "password": SECRET}])
            self.call("fetchmail.server", "write", [incoming], {"password": f"{SECRET}-2"})
            with self.assertRaises(JsonRpcException):  # the statement fails, and is logged as an error
                self.call("ir.mail_server", "write", [server], {"smtp_pass": f"{SECRET}-3", "office365_rate_limit": -1})
            self.env.flush_all()
        self.assertIn("smtp_pass", log.text, "the statements themselves are logged")
        self.assertEqual(self.env["ir.mail_server"].browse(server).smtp_pass, f"{SECRET}-2")

    def test_the_link_that_is_mailed(self):
        with self.assertNoSecretLogged() as log, mute_logger("urllib3.connectionpool"):  # the test's own client
            token = self.ask()
            self.env.flush_all()
            self.url_open(f"/mail_office365/confirm?token={token}")
        self.assertIn("mail_office365/confirm?…", log.text)
        self.assertNotIn(token, log.text)
