import ssl

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import mute_logger

from .common import ERP, Office365Case
from .servers import replies

LOGIN = {"user": ERP, "password": "secret"}


@tagged("post_install", "-at_install")
class TestIncomingPreset(TransactionCase):

    def test_create_fills_the_preset(self):
        for preset, port in (("imap", 993), ("pop", 995)):
            server = self.env["fetchmail.server"].create({"office365_preset": preset, **LOGIN})
            with self.subTest(preset=preset):
                self.assertRecordValues(server, [{
                    "name": "Office 365 Incoming Mail Server", "server": "outlook.office365.com", "port": port,
                    "server_type": preset, "is_ssl": True, "office365_cloud": "global", "state": "draft",
                }])

    def test_what_the_same_call_sets_wins(self):
        server = self.env["fetchmail.server"].create({
            "office365_preset": "imap", "name": "Mine", "server": "localhost", "port": 10993, **LOGIN})
        self.assertRecordValues(server, [{"name": "Mine", "server": "localhost", "port": 10993, "is_ssl": True}])

    def test_write_fills_the_preset(self):
        server = self.env["fetchmail.server"].create({"name": "Old", "server": "localhost", "port": 143, **LOGIN})
        server.write({"office365_preset": "pop"})
        self.assertRecordValues(server, [{"server_type": "pop", "port": 995, "is_ssl": True, "user": ERP}])
        server.write({"office365_cloud": "dod"})
        self.assertEqual(server.server, "outlook-dod.office365.us")

    def test_servers_that_are_not_ours_are_left_alone(self):
        values = {"name": "Plain", "server": "192.0.2.1", "port": 143, "is_ssl": False, "server_type": "imap"}
        server = self.env["fetchmail.server"].create(values)
        self.assertRecordValues(server, [{**values, "office365_preset": False}])
        server.office365_preset = "imap"
        server.office365_preset = False
        server.write({"is_ssl": False, "port": 143})

    def test_the_form_fills_the_preset_and_keeps_its_port(self):
        with Form(self.env["fetchmail.server"]) as form:
            form.office365_preset = "imap"
            self.assertEqual(form.name, "Office 365 Incoming Mail Server")
            self.assertEqual(form.server, "outlook.office365.com")
            self.assertEqual(form.port, 993)
            self.assertTrue(form.is_ssl)
            form.office365_sign_in_by = "login"
            form.user, form.password = ERP, "secret"
            form.object_id = self.env["ir.model"]._get("res.partner")  # core resets the port here
            self.assertEqual(form.port, 993)
        self.assertEqual(form.record.port, 993)

    def test_bad_input_names_field_and_remedy(self):
        table = [
            ({"is_ssl": False}, "SSL/TLS is off. Switch it on"),
            ({"port": 143}, "143 belongs to IMAP without TLS. Enter 993"),
            ({"server": "192.0.2.1"}, "IP address.*Enter the DNS name"),
            ({"server": False}, "choose another cloud"),
            ({"server_type": "local"}, "Server Type does not fit"),
        ]
        for values, message in table:
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, message):
                self.env["fetchmail.server"].create({"office365_preset": "imap", **LOGIN, **values})

    def test_a_password_at_microsoft_carries_a_note_of_its_end(self):
        ours = self.env["fetchmail.server"].create({"office365_preset": "imap", **LOGIN})
        self.assertIn("2022", ours.office365_password_notice)
        elsewhere = self.env["fetchmail.server"].create({"name": "x", "server": "imap.example.com"})
        self.assertFalse(elsewhere.office365_password_notice)


@tagged("post_install", "-at_install")
class TestIncomingConnection(Office365Case):

    def logins(self, preset):
        """Return who was told a user name or a password, right or wrong."""
        return [attempt for attempt in self.servers.login_attempts if attempt.protocol == preset]

    def fetch(self, server):
        """Fetch as the button does, with cursors as the test framework wants them."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr)).fetch_mail()

    def test_test_and_confirm_succeeds(self):
        for preset in ("imap", "pop"):
            with self.subTest(preset=preset):
                server = self.incoming(preset)
                server.button_confirm_login()
                self.assertEqual(server.state, "done")

    def test_a_refused_sign_in_is_reported_in_the_servers_words(self):
        for preset, words in (("imap", "Authentication failed"), ("pop", "Authentication failed")):
            server = self.incoming(preset, password="wrong-password")
            with (
                self.subTest(preset=preset), self.assertNoSecretLogged("wrong-password"),
                self.assertRaisesRegex(UserError, f"refused to sign in {ERP}.*{words}"),
            ):
                server.button_confirm_login()
            self.assertEqual(server.state, "draft")

    def test_a_certificate_of_an_unknown_authority_is_refused_and_gets_no_login(self):
        for preset in ("imap", "pop"):
            server = self.incoming(preset)
            for certificate in ("untrusted", "wrong_host", "expired"):
                with self.subTest(preset=preset, certificate=certificate):
                    getattr(self.servers, preset).tls.configure(certificate=certificate)
                    with self.assertRaisesRegex(UserError, "cannot be verified"):
                        server.button_confirm_login()
                    self.assertFalse(self.logins(preset))

    def test_core_would_have_signed_in_there(self):
        """The counterpart of the test above: the same server without the preset hands out its password."""
        server = self.incoming("imap")
        server.office365_preset = False
        self.servers.imap.tls.configure(certificate="untrusted")
        server.button_confirm_login()
        self.assertTrue(self.logins("imap"))

    def test_tls_older_than_1_2_is_refused(self):
        server = self.incoming("imap")
        self.servers.imap.tls.configure(minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
        with self.assertRaisesRegex(UserError, "SSL"):
            server.button_confirm_login()
        self.assertFalse(self.logins("imap"))

    def test_an_archived_server_is_not_tested(self):
        server = self.incoming(active=False)
        with self.assertRaisesRegex(UserError, "archived. Unarchive it"):
            server.button_confirm_login()

    def test_fetch_now_brings_mail_in(self):
        for preset in ("imap", "pop"):
            with self.subTest(preset=preset):
                subject = f"Question by {preset}"
                server = self.incoming(preset, object_id=self.env["ir.model"]._get_id("res.partner"))
                server.button_confirm_login()
                self.servers.mailbox(ERP).deliver(self.message(subject=subject))
                self.fetch(server)
                message = self.env["mail.message"].search([("subject", "=", subject)])
                self.assertEqual(len(message), 1)
                self.assertEqual(message.author_id, self.customer)
                self.assertFalse(server.error_message)

    def test_the_cron_fetches_from_our_servers(self):
        server = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        server.button_confirm_login()
        cron = self.env.ref("mail.ir_cron_mail_gateway_action")
        self.assertTrue(cron.active)
        self.servers.mailbox(ERP).deliver(self.message(subject="By cron"))
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            servers = self.env["fetchmail.server"].with_env(self.env(cr=cr, context={"cron_id": cron.id}))
            servers._fetch_mails()
        self.assertEqual(self.env["mail.message"].search_count([("subject", "=", "By cron")]), 1)

    @mute_logger("odoo.addons.mail.models.fetchmail")
    def test_a_refusal_in_the_cron_is_kept_for_the_administrator(self):
        server = self.incoming()
        server.button_confirm_login()
        server.password = "wrong-password"
        with self.assertRaisesRegex(Exception, "refused to sign in"):
            self.fetch(server)
        self.assertIn("refused to sign in", server.error_message)
        self.assertTrue(server.error_date)

    def test_a_mailbox_that_never_opened_lacks_access(self):
        server = self.incoming()
        self.servers.imap.faults.add("SELECT", replies.IMAP_NOT_CONNECTED)
        with self.assertRaisesRegex(UserError, "(?s)authenticated but not connected.*FullAccess"):
            server.button_confirm_login()

    @mute_logger("odoo.addons.mail.models.fetchmail")
    def test_a_failure_while_fetching_says_what_to_do(self):
        table = [
            ("SELECT", replies.IMAP_THROTTLED.replace("{milliseconds}", "299961"), "Suggested Backoff Time: 299961.*waits as long as"),
            ("SELECT", replies.IMAP_NOT_CONNECTED, "authenticated but not connected.*does not open the mailbox for now"),
        ]
        for step, answer, words in table:
            with self.subTest(answer=answer):
                server = self.incoming()
                server.button_confirm_login()
                self.servers.imap.faults.add(step, answer)
                with self.assertRaisesRegex(UserError, f"(?s){words}"):
                    self.fetch(server)
                self.assertRegex(server.error_message, f"(?s){words}")
                server.office365_retry_at = False
                self.fetch(server)
                self.assertFalse(server.error_message, "forgotten once it works again")
                server.active = False
