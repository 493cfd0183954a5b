"""The relay through a connector: what is looked up, what is refused beside its field, and what the host says of this server."""

import base64
import time
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools.assistant import relay_probe
from ..tools.assistant.resolver import Resolver
from ..tools.diagnosis.reader import diagnose
from ..tools.errors import words_of
from ..tools.tls import client_context
from .common import Office365Case
from .servers import Delay, Drop, replies
from .servers.name_server import NameServer
from .servers_case import ServersCase

DOMAIN = "contoso.example"
MX = "contoso-example.mail.protection.outlook.com"
OUR_ADDRESS = "20.30.40.50"


@tagged("post_install", "-at_install")
class TestRelayProbe(ServersCase):

    def ask(self, sender="erp@contoso.example"):
        return relay_probe.ask("localhost", self.servers.mx.port, sender=sender, context=client_context())

    def test_a_host_that_relays_gets_no_message(self):
        self.servers.directory.add_connector(ip_networks=("127.0.0.1", "::1"))
        answer = self.ask()
        self.assertTrue(answer.reached)
        self.assertIsNone(answer.error)
        self.assertIn(answer.address, ("127.0.0.1", "::1"))
        connection = self.servers.mx.connections[-1]
        self.assertIsNotNone(connection.tls_version)
        self.assertEqual(connection.verbs[-4:], ["MAIL", "RCPT", "RSET", "QUIT"])

    def test_each_refusal_is_the_servers_own(self):
        self.assertIn(b"5.7.64", self.ask().error.recipients[relay_probe.OUTSIDE][1])
        self.servers.mx.faults.add("MAIL", replies.S451_4_7_500_GREYLISTED)
        answer = self.ask()
        self.assertTrue(answer.reached)
        self.assertIn(b"4.7.500", answer.error.smtp_error)

    def test_a_host_that_is_not_reached_says_why(self):
        self.servers.mx.tls.configure(certificate="untrusted")
        answer = self.ask()
        self.assertFalse(answer.reached)
        self.assertIn("certificate", str(answer.error).lower())
        self.servers.reset()
        self.servers.mx.faults.add("EHLO", Drop())
        self.assertFalse(self.ask().reached)
        self.assertFalse(relay_probe.ask("localhost", 1, sender="x@y.example", context=client_context()).reached)

    def test_all_waits_together_have_one_bound(self):
        for verb in ("MAIL", "RCPT", "RSET"):
            self.servers.mx.faults.add(verb, Delay(0.5))
        self.servers.directory.add_connector(ip_networks=("127.0.0.1", "::1"))
        began = time.monotonic()
        with patch.object(relay_probe, "TOGETHER", 0.9):
            answer = self.ask()
        self.assertLess(time.monotonic() - began, 1.4)
        self.assertTrue(answer.reached)
        self.assertEqual(diagnose(answer.error, protocol="smtp").cause, "timeout")

    def test_a_host_that_hangs_up_at_the_greeting_is_quoted(self):
        self.servers.mx.faults.add("EHLO", replies.S421_4_3_2_SERVICE_NOT_AVAILABLE)
        answer = self.ask()
        self.assertEqual((answer.reached, words_of(answer.error)), (False, "421 4.3.2 Service not available"))

    def test_the_address_is_read_from_the_reply_to_ehlo(self):
        table = {
            "AM0.mail.protection.outlook.com Hello [20.30.40.50]\nSIZE 157286400": "20.30.40.50", "x Hello [2a01::1]": "2a01::1",
            "x Hello there": "", "": "",
        }
        for text, address in table.items():
            with self.subTest(text=text):
                self.assertEqual(relay_probe.seen_address(text), address)


@tagged("post_install", "-at_install")
class TestRelay(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.names = NameServer()
        cls.names.__enter__()
        cls.addClassCleanup(cls.names.__exit__)
        cls.setup = cls.env["office365.setup"].create({"domain": DOMAIN, "mailbox": f"erp@{DOMAIN}", "preset": "relay"})

    def setUp(self):
        super().setUp()
        self.names.clear()
        self.names.add(DOMAIN, "MX", f"0 {MX}.")
        self.names.add(MX, "A", "52.101.1.2")
        model = type(self.setup)
        self.enterContext(patch.object(model, "_resolver", lambda _self: Resolver(["127.0.0.1"], self.names.port, each=0.5, together=2)))
        self.enterContext(patch.object(model, "_relay_port", lambda _self: self.servers.mx.port))
        ask = relay_probe.ask
        # The host of the domain is the local one, which sees this server as its public address.
        self.seen = OUR_ADDRESS
        self.enterContext(patch.object(relay_probe, "ask", lambda _host, port, **options: ask("localhost", port, **options)))
        self.enterContext(patch.object(relay_probe, "seen_address", lambda _hello: self.seen))

    def checks(self):
        return {check.name: check for check in self.setup._checks_relay()}

    def check(self, words):
        [found] = [check for name, check in self.checks().items() if words in name]
        return found

    def test_the_host_is_filled_in_as_it_is_published(self):
        action = self.setup.action_look_up_relay()
        self.assertRecordValues(self.setup, [{"mx_host": MX, "public_addresses": OUR_ADDRESS}])
        self.assertEqual(action["params"]["type"], "success")
        self.setup.public_addresses = "20.30.40.0/28"
        self.setup.action_look_up_relay()
        self.assertEqual(self.setup.public_addresses, "20.30.40.0/28", "what was entered stays")

    def test_a_domain_that_tells_no_host_says_why_and_nothing_is_lost(self):
        self.setup.mx_host = "typed.mail.protection.outlook.com"
        table = [
            (lambda: self.names.add(DOMAIN, "MX", "0 gateway.example."), "not Exchange Online.*Copy the MX host"),
            (lambda: self.names.add("other.example", "MX", "0 x."), "does not exist"),
            (lambda: self.names.broken.add(DOMAIN), "SERVFAIL"),
            (lambda: self.names.silent.add(DOMAIN), "No name server answered"),
        ]
        for prepare, words in table:
            self.names.clear()
            prepare()
            with self.subTest(words=words), self.assertRaisesRegex(UserError, f"(?s){words}"):
                self.setup.action_look_up_relay()
        self.assertEqual(self.setup.mx_host, "typed.mail.protection.outlook.com")
        self.setup.domain = False
        with self.assertRaisesRegex(UserError, "Enter the email domain first"):
            self.setup.action_look_up_relay()

    def test_addresses_are_refused_beside_their_field(self):
        table = {
            "10.1.2.3": "inside your network", "100.64.0.1": "inside your provider's network", "2a01::1": "IPv6",
            "20.0.0.0/8": "more than 256", "mail.contoso.example": "not an IPv4 address", "127.0.0.1": "this server itself",
        }
        for text, words in table.items():
            with self.subTest(text=text), self.assertRaisesRegex(ValidationError, f"Public Addresses of This Server.*{words}"):
                self.setup.public_addresses = text
        self.setup.write({"public_addresses": " 20.30.40.50;20.30.40.50 20.30.41.7/24", "mx_host": f" https://{MX}/ "})
        self.assertRecordValues(self.setup, [{"public_addresses": "20.30.40.50, 20.30.41.0/24", "mx_host": MX}])

    def test_one_click_creates_the_relay(self):
        with self.assertRaisesRegex(UserError, "MX Host is empty"):
            self.setup.action_create_relay()
        self.setup.mx_host = MX
        self.setup.action_create_relay()
        server = self.setup.mail_server_id
        self.assertRecordValues(server, [{
            "office365_preset": "relay", "smtp_host": MX, "smtp_port": 25, "smtp_encryption": "starttls_strict", "smtp_user": False,
            "from_filter": DOMAIN}])
        self.assertTrue(self.setup.relay_is_ready)
        self.setup.mx_host = "contoso-example.a1.mx.microsoft"
        self.assertFalse(self.setup.relay_is_ready)
        self.setup.action_create_relay()
        self.assertEqual(self.setup.mail_server_id, server)
        self.assertEqual(server.smtp_host, "contoso-example.a1.mx.microsoft")

    def test_what_the_host_says_of_this_server(self):
        self.setup.mx_host = MX
        self.assertEqual(self.check("connector").state, "failed")
        self.assertIn("5.7.64", self.check("connector").cause)
        self.assertIn(f"-SenderIPAddresses {OUR_ADDRESS}", self.check("connector").remedy)
        self.assertEqual(self.check("Public address").state, "todo")
        self.assertIn(f"Enter {OUR_ADDRESS}", self.check("Public address").remedy)
        self.trust_this_host()
        self.setup.public_addresses = "20.30.40.0/24"
        self.setup.action_create_relay()
        states = {name: check.state for name, check in self.checks().items() if DOMAIN not in name}
        self.assertEqual(set(states.values()), {"done"}, states)
        table = {"20.1.1.1": "Add 20.1.1.1", "2a01::1": "IPv4 addresses only", "192.168.1.9": "inside your network"}
        for self.seen, words in table.items():
            with self.subTest(seen=self.seen):
                self.assertEqual(self.check("Public address").state, "failed")
                self.assertIn(words, self.check("Public address").remedy)

    def test_each_refusal_to_relay_is_explained(self):
        self.setup.write({"mx_host": MX, "public_addresses": OUR_ADDRESS})
        table = [
            (replies.S550_5_7_64_RELAY_DENIED, "No inbound connector matches"),
            (replies.S550_5_7_64_RELAY_DENIED_ATTR36, "is registered in your organization"),
            (replies.S550_5_7_51_PARTNER_CONNECTOR, f"Add='{OUR_ADDRESS}'"),
            (replies.S550_5_7_54_UNABLE_TO_RELAY, "create an inbound connector"),
            (replies.S550_5_4_1_RELAY_ACCESS_DENIED, "Connectors|MX"),
            (replies.S550_4_4_62_WRONG_REGION, "another organization or region"),
            (replies.S550_5_7_68_DIRECT_SEND_REJECTED, f"-SenderIPAddresses {OUR_ADDRESS}"),
            (replies.S451_4_7_500_GREYLISTED, "inbound connector"),
            (replies.S550_5_7_511_BANNED_SENDER, "delist"),
        ]
        for reply, words in table:
            self.servers.mx.faults.add("RCPT", reply)
            check = self.check("connector")
            with self.subTest(reply=reply):
                self.assertEqual(check.state, "failed")
                self.assertIn(reply.text.split()[0], check.cause)
                self.assertRegex(check.remedy, f"(?i){words}")

    def test_a_host_that_is_not_reached_says_what_to_do(self):
        self.setup.mx_host = MX
        with patch.object(type(self.setup), "_relay_port", lambda _self: 1):
            check = self.check("is reached on port")
            self.assertEqual(check.state, "failed")
            self.assertIn("block port 25", check.remedy)
            self.assertEqual(self.setup.action_look_up_relay()["params"]["type"], "warning")
        self.assertEqual(self.setup.mx_host, MX)

    def test_a_certificate_is_trusted_by_a_name_of_the_domain(self):
        self.setup.write({"mx_host": MX, "relay_trust": "certificate"})
        self.assertEqual(self.check("certificate").state, "todo")
        self.setup.action_create_relay()
        server = self.setup.mail_server_id
        for names, state in ((("*.contoso.example",), "done"), (("mail.fabrikam.example",), "failed")):
            parts = [base64.b64encode(Path(file).read_bytes()) for file in self.servers.client_certificate(*names)]
            self.setup.write(dict(zip(("relay_certificate", "relay_private_key"), parts, strict=True)))
            with self.subTest(names=names):
                self.assertEqual(server.smtp_authentication, "certificate")
                self.assertEqual(self.check("certificate").state, state)
        self.servers.directory.add_connector(certificate_names=("mail.fabrikam.example",))
        self.assertEqual(self.check("connector").state, "done")
        self.setup.relay_trust = "login"
        self.assertEqual(server.smtp_authentication, "login")

    def test_every_fact_of_the_records_has_its_sentences(self):
        self.setup.write({"mx_host": MX, "public_addresses": OUR_ADDRESS})
        self.names.add(DOMAIN, "TXT", "v=spf1 -all")
        spf = [check for check in self.setup._checks_records() if "SPF" in check.name]
        self.assertIn(f"v=spf1 ip4:{OUR_ADDRESS} include:spf.protection.outlook.com -all", spf[1].remedy)
        texts = {**self.setup._lookup_sentences(), **self.setup._mail_host_sentences(), **self.setup._spf_sentences(),
                 **self.setup._signature_sentences()}
        values = dict.fromkeys(
            ("name", "host", "hosts", "domain", "address", "addresses", "record", "what", "include", "line", "policy"), "x")
        for slug, sentences in texts.items():
            with self.subTest(slug=slug):
                self.assertTrue(all("%" not in sentence % values for sentence in sentences))

    def test_the_form_recommends_a_preset_and_shows_the_table(self):
        self.setup.step = "outgoing"
        with Form(self.setup) as form:
            form.planned_recipients, form.planned_volume = "inside", "high"
            self.assertEqual(form.recommended_preset, "hve")
            self.assertIn("inside your own organization", form.recommendation_reason)
        self.setup.action_use_recommended_preset()
        self.assertEqual(self.setup.preset, "hve")
        self.assertIn("Send As", self.setup.preset_table)
