"""What the dialog of Test Connection asks for, part by part, over real sockets."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import BRANT, CUSTOMER, ERP, Office365Case
from .servers import replies


@tagged("post_install", "-at_install")
class TestParts(Office365Case):

    def run_parts(self, server, email_to=None):
        """Do the parts as the dialog does; return the stages passed, the failure and the summary."""
        passed = []
        for part in [part["name"] for part in server.action_office365_test()["params"]["parts"]]:
            result = server.office365_test_part(part, email_to)
            passed += [stage["name"] for stage in result["stages"] if stage["name"] not in passed]
            if result["failure"]:
                break
        return passed, result["failure"], result["summary"]

    def test_every_kind_of_server_passes_its_stages(self):
        self.trust_this_host()
        ends = ["sender", "recipients", "content"]
        table = [
            (self.outgoing(), ["resolve", "connect", "tls", "sign_in", *ends], ERP),
            (self.outgoing("hve"), ["resolve", "connect", "tls", "sign_in", *ends], ERP),
            (self.outgoing("relay"), ["resolve", "connect", "tls", *ends], "catchall@contoso.example"),
            (self.incoming("imap"), ["resolve", "connect", "tls", "sign_in", "mailbox"], ERP),
            (self.incoming("pop"), ["resolve", "connect", "tls", "sign_in", "mailbox"], ERP),
        ]
        for server, stages, told in table:
            with self.subTest(server=server, preset=server.office365_preset):
                passed, failure, summary = self.run_parts(server)
                self.assertEqual((passed, failure), (stages, None))
                self.assertIn(told, summary)
        self.assertEqual([server.state for server, *_rest in table[3:]], ["done", "done"])

    def test_the_stage_that_failed_with_words_remedy_and_commands(self):
        outgoing, imap = self.servers.submission.faults, self.servers.imap.faults
        table = [
            (self.outgoing(smtp_host="nobody.invalid"), None, "resolve", "gaierror", "", []),
            (self.outgoing(), (outgoing, "CONNECT", replies.S421_4_3_2_SERVICE_NOT_ACTIVE), "connect", "421 4.3.2", "", []),
            (self.outgoing(), (outgoing, "AUTH", replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX), "sign_in", "5.7.139",
             "SMTP AUTH is switched off", [f"Set-CASMailbox -Identity {ERP} -SmtpClientAuthenticationDisabled $false"]),
            (self.outgoing(), (outgoing, "RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND), "recipients", "550 5.1.10", "address", []),
            (self.incoming(password="wrong"), None, "sign_in", "refused to sign in", "password", []),
            (self.incoming(), (imap, "SELECT", replies.IMAP_NOT_CONNECTED), "mailbox", "authenticated but not connected",
             "The sign-in works", [f"Add-MailboxPermission -Identity {ERP} -User <service principal> -AccessRights FullAccess"]),
        ]
        for server, fault, stage, words, remedy, commands in table:
            self.servers.reset()
            if fault:
                fault[0].add(*fault[1:])
            with self.subTest(server=server, stage=stage):
                _passed, failure, summary = self.run_parts(server)
                self.assertEqual((failure["stage"], summary), (stage, ""))
                self.assertIn(words, failure["words"])
                self.assertIn(remedy, failure["remedy"])
                self.assertEqual([line for line in failure["commands"] if line.startswith(("Set-", "Add-"))], commands)

    def test_nobody_signs_in_where_the_certificate_cannot_be_verified(self):
        for server, listener in (
                (self.outgoing(), self.servers.submission), (self.incoming(), self.servers.imap), (self.incoming("pop"), self.servers.pop)):
            listener.tls.configure(certificate="untrusted")
            with self.subTest(server=server):
                passed, failure, _summary = self.run_parts(server)
                self.assertEqual((passed, failure["stage"]), (["resolve", "connect"], "tls"))
                self.assertIn("cannot be verified", failure["words"])
        self.assertFalse(self.servers.login_attempts)

    def administrator(self, alias):
        user = new_test_user(self.env, "o365.tester", email="tester@private.example", groups="base.group_system")
        self.set_alias(user, alias)
        return user

    def test_a_test_mail_goes_the_way_of_the_users_mail(self):
        server = self.outgoing().with_user(self.administrator(BRANT))
        passed, failure, summary = self.run_parts(server, CUSTOMER)
        self.assertEqual((passed[-1], failure), ("content", None))
        sent = self.sent()
        self.assertEqual((sent.envelope_from, sent.recipients, sent.from_address), (ERP, [CUSTOMER], BRANT))
        self.assertIn(CUSTOMER, summary)
        self.assertIn(BRANT, summary)
        self.assertFalse(self.env["office365.probe"]._is_probe(sent.message))
        for nobody in ("nobody", "", f"{CUSTOMER}, {BRANT}"):
            with self.assertRaisesRegex(UserError, "not one email address"):
                server.office365_test_part("resolve", nobody)

    def test_a_refused_test_mail_names_the_address_to_be_allowed(self):
        server = self.outgoing().with_user(self.administrator("refused@contoso.example"))
        self.assertEqual(self.run_parts(server, CUSTOMER)[1]["commands"], [
            f"Add-RecipientPermission refused@contoso.example -Trustee {ERP} -AccessRights SendAs -Confirm:$false"])

    def test_archived_servers_and_other_parts_are_refused(self):
        server = self.outgoing()
        with self.assertRaisesRegex(UserError, "no part"):
            server.office365_test_part("unlink")
        self.env.user.email = False
        with self.assertRaisesRegex(UserError, "no email address"):
            server.action_office365_test_mail()
        self.env.user.email = CUSTOMER
        server.active = False
        for work in (server.action_office365_test, server.action_office365_test_mail, lambda: server.office365_test_part("send")):
            with self.assertRaisesRegex(UserError, "archived"):
                work()
