import base64
import smtplib
import socket
import ssl
from pathlib import Path

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools import mute_logger

from .common import ERP, Office365Case
from .servers import Drop, replies

HOST = {"smtp_host": "contoso-com.mail.protection.outlook.com"}
LOGIN = {"smtp_user": ERP, "smtp_pass": "secret"}


@tagged("post_install", "-at_install")
class TestOutgoingPreset(TransactionCase):

    def test_create_fills_the_preset(self):
        server = self.env["ir.mail_server"].create({"office365_preset": "submission", **LOGIN})
        self.assertRecordValues(server, [{
            "name": "Office 365 Outgoing Mail Server", "smtp_host": "smtp.office365.com", "smtp_port": 587,
            "smtp_encryption": "starttls_strict", "smtp_authentication": "login", "office365_cloud": "global",
        }])

    def test_what_the_same_call_sets_wins(self):
        server = self.env["ir.mail_server"].create({
            "office365_preset": "submission", "name": "Mine", "smtp_host": "localhost", "smtp_port": 2587, **LOGIN})
        self.assertRecordValues(server, [{
            "name": "Mine", "smtp_host": "localhost", "smtp_port": 2587, "smtp_encryption": "starttls_strict"}])

    def test_write_fills_the_preset_and_relay_drops_the_login(self):
        server = self.env["ir.mail_server"].create({"name": "Old", "smtp_host": "localhost", **LOGIN})
        server.write({"office365_preset": "submission"})
        self.assertRecordValues(server, [{"smtp_host": "smtp.office365.com", "smtp_port": 587, "smtp_user": ERP}])
        server.write({"office365_preset": "relay", **HOST})
        self.assertRecordValues(server, [{
            **HOST, "smtp_port": 25, "smtp_encryption": "starttls_strict", "smtp_user": False, "smtp_pass": False}])

    def test_another_cloud_brings_its_host(self):
        server = self.env["ir.mail_server"].create({"office365_preset": "submission", **LOGIN})
        server.write({"office365_cloud": "china"})
        self.assertEqual(server.smtp_host, "smtp.partner.outlook.cn")

    def test_clearing_the_preset_keeps_the_values_and_frees_them(self):
        server = self.env["ir.mail_server"].create({"office365_preset": "submission", **LOGIN})
        server.write({"office365_preset": False})
        self.assertRecordValues(server, [{"smtp_host": "smtp.office365.com", "smtp_port": 587}])
        server.write({"smtp_encryption": "none", "smtp_port": 25})  # core's own rules again

    def test_servers_that_are_not_ours_are_left_alone(self):
        values = {"name": "Plain", "smtp_host": "192.0.2.1", "smtp_port": 465, "smtp_encryption": "ssl"}
        server = self.env["ir.mail_server"].create(values)
        self.assertRecordValues(server, [{**values, "office365_preset": False}])

    def test_the_form_fills_the_preset_and_keeps_its_port(self):
        with Form(self.env["ir.mail_server"]) as form:
            form.office365_preset = "submission"
            self.assertEqual(form.name, "Office 365 Outgoing Mail Server")
            self.assertEqual(form.smtp_host, "smtp.office365.com")
            self.assertEqual(form.smtp_port, 587)
            self.assertEqual(form.smtp_encryption, "starttls_strict")
            form.office365_sign_in_by = "login"
            form.smtp_user = ERP
            form.smtp_pass = "secret"
        self.assertEqual(form.record.smtp_port, 587)

    def test_the_form_of_a_relay_asks_for_the_host_and_takes_no_login(self):
        with Form(self.env["ir.mail_server"]) as form:
            form.office365_preset = "submission"
            form.smtp_user = ERP
            form.office365_preset = "relay"
            self.assertFalse(form.smtp_host)
            self.assertEqual(form.smtp_port, 25)
            form.smtp_host = HOST["smtp_host"]
        self.assertRecordValues(form.record, [{"smtp_user": False, "office365_relay_trust": "login"}])

    def test_trusted_by_certificate_is_cores_certificate_authentication(self):
        server = self.env["ir.mail_server"].create({
            "office365_preset": "relay", **HOST, "smtp_authentication": "certificate",
            "smtp_ssl_certificate": "eA==", "smtp_ssl_private_key": "eA=="})
        self.assertEqual(server.office365_relay_trust, "certificate")
        server.office365_relay_trust = "login"
        self.assertEqual(server.smtp_authentication, "login")

    def test_bad_input_names_field_and_remedy(self):
        table = [
            ({"office365_preset": "submission", **LOGIN, "smtp_encryption": "none"}, "Connection Encryption must be"),
            ({"office365_preset": "submission", **LOGIN, "smtp_port": 993}, "993 belongs to IMAP.*Enter 587"),
            ({"office365_preset": "submission", **LOGIN, "smtp_host": "52.97.1.2"}, "IP address.*Enter the DNS name"),
            ({"office365_preset": "submission", **LOGIN, **HOST}, "MX host.*Choose the preset Relay"),
            ({"office365_preset": "relay"}, "SMTP Server is empty.*Settings > Domains"),
            ({"office365_preset": "relay", **HOST, **LOGIN}, "does not sign in.*Empty both"),
            ({"office365_preset": "relay", **HOST, "smtp_authentication": "cli"}, "Trusted By"),
            ({"office365_preset": "hve", **LOGIN, "office365_cloud": "dod"}, "choose another cloud"),
            ({"office365_preset": "submission", **LOGIN, "owner_user_id": self.env.uid}, "clear the Owner"),
        ]
        for values, message in table:
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, message):
                self.env["ir.mail_server"].create(values)

    def test_a_password_at_microsoft_carries_a_note_of_its_end(self):
        table = [
            ({"office365_preset": "submission", **LOGIN}, True),
            ({"name": "Typed by hand", "smtp_host": "smtp.office365.com", **LOGIN}, True),
            ({"office365_preset": "relay", **HOST}, False),
            ({"name": "Elsewhere", "smtp_host": "smtp.example.com", **LOGIN}, False),
        ]
        for values, noted in table:
            server = self.env["ir.mail_server"].create(values)
            with self.subTest(values=values):
                self.assertEqual("December 2026" in (server.office365_password_notice or ""), noted)


@tagged("post_install", "-at_install")
class TestOutgoingConnection(Office365Case):

    def test_the_test_succeeds_and_nothing_leaves_the_mailbox(self):
        server = self.outgoing()
        action = server.test_smtp_connection()
        self.assertEqual(action["params"]["type"], "success")
        connection = self.servers.submission.connections[-1]
        self.assertEqual(connection.login, ERP)
        self.assertIn(connection.tls_version, ("TLSv1.2", "TLSv1.3"))
        self.sent(0)

    def test_the_test_succeeds_for_a_relay_without_signing_in(self):
        self.trust_this_host()
        self.outgoing("relay", from_filter="contoso.example").test_smtp_connection()
        self.assertNotIn("AUTH", self.servers.mx.connections[-1].verbs)

    def test_a_refused_sign_in_is_reported_in_the_servers_words(self):
        server = self.outgoing()
        self.servers.directory.account(ERP).smtp_auth_disabled = True
        with self.assertRaises(UserError) as caught:
            server.test_smtp_connection()
        self.assertIn(f"refused to sign in {ERP}", str(caught.exception))
        words = replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX.text.split(". ")[0]
        self.assertIn(f"535 {words}", str(caught.exception))
        self.assertIn("Set-CASMailbox", str(caught.exception))  # and what to do about it

    def test_a_wrong_password_is_reported_and_logged_nowhere(self):
        server = self.outgoing(smtp_pass="wrong-password", smtp_debug=True)
        with self.assertNoSecretLogged("wrong-password") as capture, self.assertRaisesRegex(UserError, "535 5.7"):
            server.test_smtp_connection()
        self.assertIn("EHLO", capture.text.upper())  # the trace itself works

    def test_the_password_is_in_no_debug_trace(self):
        server = self.outgoing(smtp_debug=True)
        with self.assertNoSecretLogged(self.servers.password(ERP)) as capture:
            server.test_smtp_connection()
        self.assertIn("EHLO", capture.text.upper())

    def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(self):
        server = self.outgoing()
        for certificate in ("untrusted", "wrong_host", "expired"):
            self.servers.reset()
            self.servers.submission.tls.configure(certificate=certificate)
            with self.subTest(certificate=certificate), self.assertRaisesRegex(UserError, "cannot be verified"):
                server.test_smtp_connection()
            self.assertNotIn("AUTH", self.servers.submission.connections[-1].verbs)

    def test_tls_older_than_1_2_is_refused(self):
        self.servers.submission.tls.configure(minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
        with self.assertRaisesRegex(UserError, "SSL"):
            self.outgoing().test_smtp_connection()
        self.assertNotIn("AUTH", self.servers.submission.connections[-1].verbs)

    def test_a_connector_trusts_the_client_certificate(self):
        self.servers.directory.add_connector(certificate_names=("*.contoso.example",))
        certificate, key = (base64.b64encode(Path(file).read_bytes()) for file in self.servers.client_certificate())
        server = self.outgoing(
            "relay", from_filter="contoso.example", smtp_authentication="certificate",
            smtp_ssl_certificate=certificate, smtp_ssl_private_key=key)
        server.test_smtp_connection()

    def test_an_unusable_client_certificate_is_named(self):
        server = self.outgoing(
            "relay", smtp_authentication="certificate", smtp_ssl_certificate="eA==", smtp_ssl_private_key="eA==")
        with self.assertRaisesRegex(UserError, "SSL Certificate or the SSL Private Key"):
            server.test_smtp_connection()

    def test_an_archived_server_is_not_tested(self):
        server = self.outgoing(active=False)
        with self.assertRaisesRegex(UserError, "archived. Unarchive it"):
            server.test_smtp_connection()

    def test_a_closed_port_and_a_dropped_connection_are_told_apart(self):
        server = self.outgoing()
        self.servers.submission.faults.add("EHLO", Drop())
        with self.assertRaisesRegex(UserError, "hung up"):
            server.test_smtp_connection()
        with socket.socket() as taken:
            taken.bind(("localhost", 0))  # bound, so nobody else gets it, but nobody listens
            server.smtp_port = taken.getsockname()[1]
            with self.assertRaisesRegex(UserError, "(?i)refused"), mute_logger("odoo.addons.base.models.ir_mail_server"):
                server.test_smtp_connection()

    def test_a_failed_sign_in_leaves_no_connection_open(self):
        server = self.outgoing(smtp_pass="wrong")
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            server._connect__(mail_server_id=server.id)
        self.servers.submission.connections.wait_for(lambda seen: seen[-1].closed)

    def test_the_detected_size_is_the_advertised_one(self):
        server = self.outgoing()
        server.action_retrieve_max_email_size()
        self.assertEqual(server.max_email_size, 150)
