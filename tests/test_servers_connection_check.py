"""Test Connection: a mail through every stage, over real sockets."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import BRANT, ERP, Office365Case
from .servers import Drop, replies

STAGES = ["resolve", "connect", "tls", "sign_in", "sender", "recipients", "content"]


@tagged("post_install", "-at_install")
class TestConnectionTest(Office365Case):

    def stages(self, action):
        opened = action["params"]["next"]
        self.assertEqual((opened["res_model"], opened["target"]), ("office365.connection.check", "new"))
        return self.env[opened["res_model"]].browse(opened["res_id"]).stage_ids

    def failure(self, server):
        with self.assertRaises(UserError) as caught:
            server.test_smtp_connection()
        return str(caught.exception)

    def test_a_mail_to_the_mailbox_itself_passes_every_stage(self):
        for preset in ("submission", "hve"):
            server = self.outgoing(preset)
            self.servers.transactions.clear()
            action = server.test_smtp_connection()
            stages = self.stages(action)
            with self.subTest(preset=preset):
                self.assertEqual((action["tag"], action["params"]["type"]), ("display_notification", "success"))
                self.assertEqual(stages.mapped("stage"), STAGES)
                self.assertTrue(all(seconds >= 0 for seconds in stages.mapped("seconds")))
                details = dict(zip(STAGES, stages.mapped("detail"), strict=True))
                self.assertRegex(details["tls"], r"TLSv1\.[23]; subject .*; issuer .*; valid until \d{4}-\d\d-\d\d")
                self.assertEqual(details["sign_in"], ERP)
                self.assertIn("2.0.0 OK", details["content"])
                sent = self.servers.accepted[0]
                self.assertEqual((sent.envelope_from, sent.recipients, sent.from_address), (ERP, [ERP], ERP))
                self.assertEqual(sent.message["Auto-Submitted"], "auto-generated")

    def test_a_relay_is_tested_with_the_databases_own_address_and_signs_nobody_in(self):
        self.trust_this_host()
        stages = self.stages(self.outgoing("relay").test_smtp_connection())
        self.assertEqual(stages.mapped("stage"), [stage for stage in STAGES if stage != "sign_in"])
        self.assertEqual(self.servers.accepted[0].recipients, ["catchall@contoso.example"])

    def test_the_mail_does_not_come_back_as_a_message(self):
        self.outgoing().test_smtp_connection()
        before = self.env["mail.message"].search_count([])
        self.assertEqual(len(self.servers.mailbox(ERP).messages()), 1)
        incoming = self.incoming(object_id=self.env["ir.model"]._get_id("discuss.channel"))
        incoming.button_confirm_login()
        with self.assertLogs("odoo.addons", "DEBUG") as logs, \
                self.enter_registry_test_mode(), self.registry.cursor() as cr:
            incoming.with_env(incoming.env(cr=cr)).fetch_mail()
        self.assertIn("a probe of an address that this database sent itself", "\n".join(logs.output))
        self.env.invalidate_all()
        self.assertEqual(self.env["mail.message"].search_count([]), before)
        self.assertEqual(self.env["mail.mail"].search_count([("email_to", "=", ERP)]), 0)

    def test_a_failure_tells_the_stages_passed_the_servers_words_cause_and_remedy(self):
        table = [
            ("CONNECT", replies.S421_4_3_2_SERVICE_NOT_ACTIVE, "Connected", 1, "421 4.3.2 Service not active", "server_busy"),
            ("EHLO", Drop(), "TLS, certificate verified", 2, "the server hung up", "connection_lost"),
            ("AUTH", replies.S535_5_7_139_SMTP_AUTH_DISABLED_TENANT, "Signed in", 3, "535 5.7.139", "smtp_auth_disabled_tenant"),
            ("MAIL", replies.S432_4_3_2_SENDER_THREADS, "Sender accepted", 4, "432 4.3.2", "concurrent_connections"),
            ("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND, "Recipient accepted", 5, "550 5.1.10", "recipient_unknown"),
            ("END_OF_DATA", replies.S550_5_1_8_BAD_OUTBOUND_SENDER, "Message accepted", 6, "550 5.1.8", "sender_restricted"),
        ]
        server = self.outgoing()
        for step, fault, stage, passed, words, cause in table:
            self.servers.reset()
            self.servers.submission.faults.add(step, fault)
            text = self.failure(server)
            with self.subTest(step=step):
                self.assertIn(f"failed at “{stage}”", text)
                self.assertEqual((text.count("✓"), text.count("✗")), (passed, 1))
                self.assertIn(words, text.partition("✗")[2])
                self.assertIn(f"Cause: {cause}", text)
                self.assertEqual(self.servers.mailbox(ERP).messages(), [])

    def test_what_exchange_decides_at_the_end_is_found_out(self):
        """Core's test stops before: it calls this server good."""
        server = self.outgoing(smtp_user=BRANT, smtp_pass=self.servers.password(BRANT))
        server.test_smtp_connection()
        self.servers.submission.faults.add("END_OF_DATA", replies.S550_5_2_252_PENALTY_SEND_AS)
        self.assertIn("Cause: penalty_box", self.failure(server))

    def test_a_name_that_does_not_resolve(self):
        text = self.failure(self.outgoing(smtp_host="nobody.invalid"))
        self.assertIn("failed at “Name resolved”", text)
        self.assertIn("Cause: name_not_resolved", text)

    def test_every_connection_is_closed(self):
        server = self.outgoing()
        server.test_smtp_connection()
        self.servers.submission.faults.add("END_OF_DATA", replies.S550_5_1_8_BAD_OUTBOUND_SENDER)
        self.failure(server)
        self.servers.submission.connections.wait_for(lambda seen: len(seen) == 2 and all(each.closed for each in seen))

    def test_several_servers_and_those_that_are_not_ours(self):
        server = self.outgoing()
        others = server.copy({"name": "Not ours", "office365_preset": False, "smtp_pass": self.servers.password(ERP)})
        action = (server + others).test_smtp_connection()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual(len(self.servers.transactions.wait_for(lambda seen: len(seen) == 2)), 2)
        self.assertEqual([sent.ended_by for sent in self.servers.transactions if not sent.accepted], ["connection lost"])
        self.assertEqual(others.test_smtp_connection()["params"]["next"], {"type": "ir.actions.act_window_close"})

    def test_only_administrators_send_a_test(self):
        user = new_test_user(self.env, "o365.nobody")
        server = self.outgoing()
        with self.assertRaises(AccessError):
            server.with_user(user).test_smtp_connection()
        self.assertEqual(len(self.servers.submission.connections), 0)
