"""Probing what Exchange lets the mailbox send as, over real sockets."""

import email.message
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..tools.identity import probe
from .common import BRANT, ERP
from .senders_case import NOTIFICATIONS, SendersCase
from .servers import Drop, replies


@tagged("post_install", "-at_install")
class TestProbe(SendersCase):

    def test_each_address_goes_through_data_to_the_mailbox_itself_in_one_session(self):
        server = self.outgoing()
        self.grant_send_as(NOTIFICATIONS)
        action = server.action_office365_probe()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual(self.states(server), {BRANT: "allowed", NOTIFICATIONS: "allowed"})
        probes = list(self.servers.accepted)
        self.assertEqual({sent.from_address for sent in probes}, {BRANT, NOTIFICATIONS})
        self.assertEqual({(sent.login, sent.envelope_from, *sent.recipients) for sent in probes}, {(ERP, ERP, ERP)})
        self.assertEqual(len(self.servers.submission.connections), 1)
        message = probes[0].message
        self.assertEqual(message["Subject"], f"Probe of {probes[0].from_address}")
        self.assertEqual((message["Auto-Submitted"], message["X-Auto-Response-Suppress"]), ("auto-generated", "All"))
        self.assertEqual(len(self.env["office365.delivery"].search([("mail_server_id", "=", server.id)])), 2)

    def test_a_refusal_with_what_to_do(self):
        server = self.outgoing()
        line = self.lines()["contoso.example"]
        action = server.action_office365_probe()
        self.assertEqual(self.states(server), {BRANT: "allowed", NOTIFICATIONS: "refused"})
        self.assertEqual(action["params"]["type"], "danger")
        self.assertIn(f"Refused: {NOTIFICATIONS}", self.message_of(action))
        remedy = f"Add-RecipientPermission '{NOTIFICATIONS}' -Trustee '{ERP}' -AccessRights SendAs -Confirm:$false"
        self.assertEqual((server.office365_default_from_state, server.office365_default_from_remedy), ("refused", remedy))
        self.assertFalse(server.office365_refused, "one notice is enough")
        for shown in (line, self.lines()["contoso.example"]):  # on the screen that was open, and on a new one
            shown.invalidate_recordset()
            self.assertEqual((shown.probe_state, shown.remedy), ("refused", remedy))
            self.assertIn("up to an hour", shown.probe_explanation)
            self.assertIn("554 5.2.252 SendAsDenied", shown.probe_explanation)
        self.grant_send_as(NOTIFICATIONS)
        server.action_office365_probe()
        self.assertFalse(server.office365_default_from_notice)
        self.assertFalse(self.lines()["contoso.example"].remedy)

    def test_on_behalf(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.user("Anna", "anna@contoso.example")
        server = self.outgoing(office365_sender_mode="on_behalf", from_filter="contoso.example")
        server.action_office365_probe()
        self.assertEqual(
            server.office365_remedy,
            f"'anna@contoso.example','{BRANT}' | ForEach-Object {{ Set-Mailbox $_ -GrantSendOnBehalfTo @{{Add='{ERP}'}} }}")
        self.assertEqual(
            server.office365_default_from_remedy, f"Set-Mailbox '{NOTIFICATIONS}' -GrantSendOnBehalfTo @{{Add='{ERP}'}}")
        self.servers.directory.account(ERP).send_on_behalf.update({BRANT, NOTIFICATIONS, "anna@contoso.example"})
        server.action_office365_probe()
        self.assertEqual(set(self.states(server).values()), {"allowed"})

    def test_it_stops_after_five_refusals_and_names_the_rest(self):
        for number in range(8):
            self.user(f"User{number}", f"user{number}@contoso.example")
        server = self.outgoing(from_filter="contoso.example")
        self.servers.directory.revoke_send_as(ERP, BRANT)
        message = self.message_of(server.action_office365_probe())
        self.assertEqual(list(self.states(server).values()), ["refused"] * 5)
        self.assertEqual(len(self.servers.transactions), 5)
        self.assertIn("Stopped after 5 refusals", message)
        everybody = {BRANT, NOTIFICATIONS, *(f"user{number}@contoso.example" for number in range(8))}
        for address in everybody - self.states(server).keys():
            self.assertIn(address, message.partition("Not checked:")[2])

    def test_refused_addresses_are_probed_last(self):
        self.user("Anna", "anna@contoso.example")
        server = self.outgoing(from_filter="contoso.example")
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.grant_send_as("anna@contoso.example", NOTIFICATIONS)
        server.action_office365_probe()
        self.servers.transactions.clear()
        server.action_office365_probe()
        self.assertEqual(self.servers.transactions[-1].from_address, BRANT)

    def test_it_stops_at_once_when_exchange_locks_the_mailbox_out(self):
        self.user("Anna", "anna@contoso.example")
        server = self.outgoing(from_filter="contoso.example")
        self.servers.directory.limits.send_as_denials = 0
        message = self.message_of(server.action_office365_probe())
        self.assertEqual(len(self.servers.transactions), 1)
        self.assertEqual(list(self.states(server).values()), ["unknown"])
        self.assertIn("locked the mailbox out", message)
        self.assertIn("Not checked: ", message)
        self.assertIn("throttled", self.env["office365.probe"].search([("mail_server_id", "=", server.id)]).reply)

    def test_a_failure_of_the_moment_leaves_unknown_and_goes_on(self):
        self.user("Anna", "anna@contoso.example")
        self.grant_send_as(NOTIFICATIONS, "anna@contoso.example")
        table = [
            ("MAIL", replies.S421_4_4_2_RATE_LIMITED, "421 4.4.2"),
            ("END_OF_DATA", replies.S451_4_7_850_IP_EVALUATION, "451 4.7.850"),
            ("END_OF_DATA", Drop(), "unexpectedly closed"),
        ]
        for step, fault, words in table:
            server = self.outgoing(from_filter="contoso.example")
            self.servers.submission.faults.add(step, fault)
            message = self.message_of(server.action_office365_probe())
            with self.subTest(step=step, fault=fault):
                self.assertEqual(sorted(self.states(server).values()), ["allowed", "allowed", "unknown"])
                unknown = self.env["office365.probe"].search([("mail_server_id", "=", server.id), ("state", "=", "unknown")])
                self.assertIn(words, unknown.reply)
                self.assertIn(f"Not known: {unknown.address}", message)
            server.active = False

    def test_no_session_is_an_error_with_the_servers_words(self):
        server = self.outgoing(smtp_pass="wrong")
        with self.assertRaisesRegex(UserError, "nothing was checked.*5.7.139"):
            server.action_office365_probe()

    def test_many_addresses_are_probed_in_parts_of_a_minute_each_until_none_is_left(self):
        everybody = self.many(30)
        server = self.outgoing(from_filter="contoso.example")
        action = server.action_office365_probe()
        self.assertEqual((action["tag"], action["params"]["server_ids"]), ("mail_office365.probe", server.ids))
        self.assertFalse(self.servers.transactions, "nobody waits for them")
        numbers = []
        for _minute in range(3):
            for _call in range(2):
                self.cron()
            numbers.append(len(self.servers.transactions))
            self.pass_time(server)
        self.assertEqual(numbers, [25, 32, 32])
        self.assertEqual(self.states(server), dict.fromkeys({BRANT, NOTIFICATIONS, *everybody}, "allowed"))
        self.assertFalse(server.office365_probe_notice)

    def test_refusals_of_all_parts_end_a_round(self):
        self.many(30, granted=False)
        server = self.outgoing(from_filter="contoso.example")
        server.action_office365_probe()
        progress = server.office365_probe_some()
        self.assertGreater(progress["wait"], 5)
        for _part in range(2):
            self.pass_time(server)
            progress = server.office365_probe_some()
        self.assertEqual((progress["is_over"], len(progress["refused"])), (True, 5))
        self.assertIn("Stopped after 5 refusals", progress["status"])
        self.assertIn("Stopped after 5 refusals", server.office365_probe_notice)
        self.assertIn("Add-RecipientPermission", progress["commands"][0])
        number = len(self.servers.transactions)
        self.cron()
        self.assertEqual(len(self.servers.transactions), number)
        server.action_office365_probe_cancel()
        self.assertFalse(server.office365_probe_notice)

    def test_a_round_is_cancelled(self):
        self.many(12)
        server = self.outgoing(from_filter="contoso.example")
        server.action_office365_probe()
        server.office365_probe_some()
        server.action_office365_probe_cancel()
        self.pass_time(server)
        self.cron()
        self.assertEqual(len(self.servers.transactions), 5)
        self.assertEqual(len(self.states(server)), 5, "what was found out is kept")

    def test_a_server_that_does_not_answer_ends_a_round(self):
        self.many(12)
        server = self.outgoing(from_filter="contoso.example", smtp_pass="wrong")
        server.action_office365_probe()
        progress = server.office365_probe_some()
        self.assertTrue(progress["is_over"])
        self.assertIn("5.7.139", progress["status"])

    def test_the_job_asks_no_more_within_a_minute_than_exchange_takes(self):
        self.many(12)
        server = self.outgoing(from_filter="contoso.example")
        server.action_office365_probe()
        self.pass_time(server)
        before = len(self.servers.transactions)
        with patch.object(probe, "MAX_ADDRESSES", 5):
            for minute in (1, 2, 3):
                self.cron("office365.probe", "_cron_ask")
                self.assertLessEqual(len(self.servers.transactions) - before, 5 * minute)
                self.pass_time(server)

    def cron(self, model="ir.mail_server", method="_office365_continue_rounds"):
        self.env.flush_all()
        with self.registry.cursor() as cr:
            getattr(self.env(cr=cr)[model], method)()
        self.env.invalidate_all()

    def pass_time(self, server):
        """Let the next part of a round begin."""
        if server.office365_probe_round:
            server.office365_probe_round = {**server.office365_probe_round, "next": "2000-01-01 00:00:00"}

    def many(self, number, granted=True):
        addresses = [f"user{each}@contoso.example" for each in range(number)]
        for each, address in enumerate(addresses):
            self.user(f"User{each}", address)
        if granted:
            self.grant_send_as(NOTIFICATIONS, *addresses)
        return addresses

    def test_selected_lines_only(self):
        self.outgoing()
        lines = self.lines()
        lines["Brant Wadsworth"].action_probe()
        self.assertEqual([sent.from_address for sent in self.servers.accepted], [BRANT])
        self.assertEqual((lines["Brant Wadsworth"].probe_state, lines["contoso.example"].probe_state), ("allowed", False))

    def test_a_header_that_somebody_else_wrote_is_no_probe(self):
        name = list(self.env["office365.probe"]._headers())[-1]
        for value in ("ümlaut-ümlaut", "-", "nonce-", "nonce-signature", "=?utf-8?q?n=C3=BC-=C3=BC?=", "\udcff-\udcff"):
            message = email.message.EmailMessage()
            message[name] = value
            with self.subTest(value=value):
                self.assertFalse(self.env["office365.probe"]._is_probe(message))

    def test_only_client_submission_is_probed(self):
        self.trust_this_host()
        relay = self.outgoing("relay")
        with self.assertRaisesRegex(UserError, "only client submission"):
            relay.action_office365_probe()
        with self.assertRaisesRegex(UserError, "Nothing to check"):
            self.lines()["Brant Wadsworth"].action_probe()

    def test_results_do_not_outlive_what_they_are_about(self):
        server = self.outgoing()
        server.action_office365_probe()
        self.brant.active = False
        server.action_office365_probe()
        self.assertEqual(set(self.states(server)), {NOTIFICATIONS})
        server.office365_sender_mode = "on_behalf"
        self.assertFalse(self.states(server))

    def test_a_fetched_probe_makes_nothing(self):
        self.outgoing().action_office365_probe()
        raw = self.servers.mailbox(ERP).messages("INBOX")[-1].raw
        partner_model = self.env["ir.model"]._get_id("res.partner")
        self.env["mail.alias"].create({"alias_name": "erp", "alias_domain_id": self.alias_domain.id, "alias_model_id": partner_model})
        counted = ("res.partner", "mail.message", "mail.mail", "mail.notification")
        before = {model: self.env[model].search_count([]) for model in counted}
        self.servers.transactions.clear()
        process = self.env["mail.thread"].message_process
        self.assertFalse(process("res.partner", raw))
        self.assertFalse(process(None, raw))  # core bounces, or raises, what no alias takes
        self.assertEqual({model: self.env[model].search_count([]) for model in counted}, before)
        self.assertFalse(self.servers.transactions)

    def test_a_header_that_somebody_else_wrote_hides_no_mail(self):
        for value in ("1", "-", "abc-def", f"abc-{'0' * 32}"):
            message = self.message(subject=f"Order {value}", X_Office365_Probe=value)
            with self.subTest(value=value):
                self.assertTrue(self.env["mail.thread"].message_process("res.partner", message))
