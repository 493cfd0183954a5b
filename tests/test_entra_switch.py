from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BRANT, ERP
from .servers import entra_errors
from .sign_in import SignInCase


@tagged("post_install", "-at_install")
class TestMove(SignInCase):

    def move(self, server, app):
        action = server.action_office365_switch()
        move = self.env["office365.switch"].with_context(**action["context"]).create({"app_id": app.id})
        return move.action_switch()

    def both(self):
        """Return an outgoing and an incoming server with passwords, mail waiting at both."""
        outgoing = self.outgoing(from_filter="contoso.example")
        incoming = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        incoming.button_confirm_login()
        self.set_alias(self.brant, BRANT)
        self.waiting = self.mail(subject="Waiting")
        self.servers.mailbox(ERP).deliver(self.message(subject="Arrived"))
        return outgoing, incoming

    def work(self, incoming):
        """Let the queue and the fetching run."""
        self.waiting.send()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            incoming.with_env(incoming.env(cr=cr)).fetch_mail()

    def assertNothingLost(self):  # noqa: N802
        self.assertEqual(self.waiting.state, "sent")
        self.assertEqual(self.sent().login, ERP)
        self.assertEqual(self.env["mail.message"].search_count([("subject", "=", "Arrived")]), 1)

    def test_nothing_is_lost_when_servers_move(self):
        outgoing, incoming = self.both()
        app = self.app()
        for server in (outgoing, incoming):
            self.assertEqual(self.move(server, app)["params"]["type"], "success")
        self.assertRecordValues(outgoing, [{"smtp_authentication": "office365", "smtp_pass": False, "smtp_user": ERP}])
        self.assertRecordValues(incoming, [{"office365_app_id": app.id, "password": False, "state": "done"}])
        self.work(incoming)
        self.assertNothingLost()
        self.assertEqual(self.servers.submission.connections[-1].mechanism, "XOAUTH2")

    def test_nothing_is_lost_when_they_move_back(self):
        outgoing, incoming = self.both()
        app = self.app()
        for server in (outgoing, incoming):
            self.move(server, app)
            self.assertTrue(server.office365_switch_back_until)
            server.action_office365_switch_back()
            self.assertFalse(server.office365_switch_back_until)
            with self.assertRaisesRegex(UserError, "no longer stored"):
                server.action_office365_switch_back()
        self.assertRecordValues(outgoing, [{"smtp_authentication": "login", "smtp_pass": self.servers.password(ERP)}])
        self.assertRecordValues(incoming, [{"office365_app_id": False, "password": self.servers.password(ERP)}])
        self.work(incoming)
        self.assertNothingLost()
        self.assertEqual(self.servers.submission.connections[-1].mechanism, "LOGIN")

    def test_a_sign_in_that_fails_changes_nothing_and_says_why(self):
        outgoing, incoming = self.both()
        app = self.app()
        self.entra.faults.add("TOKEN", entra_errors.SECRET_EXPIRED, times=None)
        for server in (outgoing, incoming):
            with self.assertRaisesRegex(UserError, "(?s)keeps its present sign-in.*AADSTS7000222.*Create a new one"):
                self.move(server, app)
            self.assertEqual(server.office365_sign_in_by, "login")
            self.assertFalse(server.office365_switch_back_until)
        self.work(incoming)
        self.assertNothingLost()

    def test_the_old_login_is_kept_encrypted_for_a_week(self):
        outgoing, _incoming = self.both()
        self.move(outgoing, self.app())
        self.env.flush_all()
        self.env.cr.execute("SELECT string_agg(secret::text, '') FROM office365_secret secret")
        self.assertNotIn(self.servers.password(ERP), self.env.cr.fetchone()[0])
        outgoing.office365_switch_back_until = fields.Datetime.now() - timedelta(seconds=1)
        self.env["ir.mail_server"]._gc_office365_old_logins()
        self.assertFalse(outgoing.office365_switch_back_until)
        self.assertFalse(self.env["office365.secret"]._has__(outgoing, "old_login"))

    def test_a_deleted_server_leaves_no_secret(self):
        outgoing, _incoming = self.both()
        self.move(outgoing, self.app())
        found = [("res_model", "=", "ir.mail_server"), ("res_id", "=", outgoing.id)]
        self.assertTrue(self.env["office365.secret"].sudo().search(found))
        outgoing.unlink()
        self.assertFalse(self.env["office365.secret"].sudo().search(found))

    def test_a_user_signs_in_before_the_move(self):
        outgoing, _incoming = self.both()
        app = self.app("delegated")
        with self.assertRaisesRegex(UserError, "has not signed in"):
            self.move(outgoing, app)
        self.sign_in_by_code(app)
        self.move(outgoing, app)
        self.assertEqual(outgoing.office365_sign_in_by, "office365")

    def test_servers_of_cores_outlook_are_taken_over_and_given_back(self):
        if "microsoft_outlook_refresh_token" not in self.env["ir.mail_server"]._fields:
            self.skipTest("The addon microsoft_outlook is not installed")
        tokens = {"microsoft_outlook_refresh_token": "Outlook~refresh", "microsoft_outlook_access_token": "Outlook~access",
                  "microsoft_outlook_access_token_expiration": 2_000_000_000}
        app = self.app()
        outgoing = self.env["ir.mail_server"].create({
            "name": "Mine", "smtp_authentication": "outlook", "smtp_host": "smtp.outlook.com", "smtp_port": 587,
            "smtp_encryption": "starttls", "smtp_user": ERP, "from_filter": ERP, **tokens})
        incoming = self.env["fetchmail.server"].create({
            "name": "Mine", "server_type": "outlook", "server": "imap.outlook.com", "port": 993, "is_ssl": True, "user": ERP, **tokens})
        hosts = {"ir.mail_server": ("smtp_host", "smtp_port", self.servers.submission),
                 "fetchmail.server": ("server", "port", self.servers.imap)}
        for server in (outgoing, incoming):
            host, port, at = hosts[server._name]
            before = server.read()[0]
            self.assertTrue(server.office365_can_switch)
            moved_values = self._at(type(server)._office365_switch_values, {host: at.host, port: at.port})
            self.patch(type(server), "_office365_switch_values", moved_values)
            self.move(server, app)
            self.assertEqual((server.name, server.office365_sign_in_by, server[host]), ("Mine", "office365", at.host))
            self.assertFalse(server.microsoft_outlook_refresh_token)
            server.action_office365_switch_back()
            kept = [name for name in server._office365_switch_fields() if name in before]
            self.assertEqual({name: server.read()[0][name] for name in kept}, {name: before[name] for name in kept})

    @staticmethod
    def _at(moved_values, address):
        """Let a server move to the local one, where it would move to Microsoft's."""
        return lambda server, app: {**moved_values(server, app), **address}
