"""The local mail servers take exactly the tokens that Exchange Online is documented to take, and refuse the others in its words."""

import base64
import imaplib
import poplib
import smtplib

import jwt
from odoo.tests import tagged

from .entra_case import IMAP, POP, SMTP, EntraCase, key_pair
from .servers import BRANT, CUSTOMER, ERP, INFO, replies

ALL = {"smtp", "imap", "pop"}


@tagged("post_install", "-at_install")
class TestEntraMailAccess(EntraCase):

    # --- the app itself ---

    def test_an_app_needs_the_permission_of_the_protocol(self):
        for role, protocols in (("SMTP.SendAsApp", {"smtp"}), ("IMAP.AccessAsApp", {"imap"}), ("POP.AccessAsApp", {"pop"})):
            with self.subTest(role=role):
                self.app.roles = {role}
                self.assertEqual(self.signs_in(ERP, self.app_token()), protocols)
        self.app.roles = set(self.app.app_permissions)
        self.assertEqual(self.signs_in(ERP, self.app_token()), ALL)

    def test_an_app_without_a_right_on_the_mailbox_signs_in_over_smtp_but_sends_nothing(self):
        token = self.app_token()
        self.assertEqual(self.signs_in(INFO, token), {"smtp"})
        client = self.smtp_session()
        client.auth("XOAUTH2", lambda challenge=None: self.sasl(INFO, token))
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            client.sendmail(INFO, [CUSTOMER], f"From: {INFO}\r\n\r\nHello")
        expected = replies.S430_4_2_0_MAILBOX_LOGON_FAILURE
        self.assertEqual((caught.exception.smtp_code, caught.exception.smtp_error.decode()), (expected.code, expected.text))
        self.app.full_access.add(INFO)
        client.sendmail(INFO, [CUSTOMER], f"From: {INFO}\r\n\r\nHello")
        self.assertEqual(len(self.servers.accepted), 1)
        self.assertEqual(self.signs_in(INFO, token), ALL)

    def test_app_rbac_is_for_smtp_and_for_apps_without_permission(self):
        self.app.full_access, self.app.in_scope = set(), {BRANT}
        self.app.roles = set()
        token = self.app_token()
        self.assertEqual(jwt.decode(token, options={"verify_signature": False})["roles"], [])
        self.assertEqual(self.signs_in(BRANT, token), {"smtp"})
        self.assertEqual(self.signs_in(ERP, token), set())
        client = self.smtp_session()
        client.auth("XOAUTH2", lambda challenge=None: self.sasl(BRANT, token))
        client.sendmail(BRANT, [CUSTOMER], f"From: {BRANT}\r\n\r\nHello")
        self.app.roles = {"SMTP.SendAsApp"}  # brings the check of the mailbox's own rights back
        client = self.smtp_session()
        token = self.app_token()
        client.auth("XOAUTH2", lambda challenge=None: self.sasl(BRANT, token))
        with self.assertRaises(smtplib.SMTPDataError):
            client.sendmail(BRANT, [CUSTOMER], f"From: {BRANT}\r\n\r\nHello")

    def test_the_service_principal_is_registered_by_the_object_id_of_the_enterprise_application(self):
        token = self.app_token()
        self.app.exchange_object_id = self.app.object_id
        self.assertEqual(self.signs_in(ERP, token), set())
        self.app.exchange_object_id = self.app.principal_id
        self.assertEqual(self.signs_in(ERP, token), ALL)
        self.app.in_exchange = False
        self.assertEqual(self.signs_in(ERP, token), set())

    def test_an_app_that_is_disabled_gets_no_further(self):
        token = self.app_token()
        self.app.disabled = True
        self.assertEqual(self.signs_in(ERP, token), set())

    def test_app_only_tokens_are_for_outlook_office365_com(self):
        for scope in ("https://outlook.office.com/.default", "https://graph.microsoft.com/.default"):
            with self.subTest(scope=scope):
                answer = self.client().acquire_token_for_client([scope])
                self.assertEqual(self.signs_in(ERP, answer["access_token"]), set())

    # --- users ---

    def test_a_user_needs_the_permission_of_the_protocol(self):
        for scope, protocols in ((SMTP, {"smtp"}), (IMAP, {"imap"}), (POP, {"pop"})):
            with self.subTest(scope=scope):
                self.assertEqual(self.signs_in(BRANT, self.sign_in([scope])["access_token"]), protocols)
        self.assertEqual(self.signs_in(BRANT, self.sign_in([SMTP, IMAP, POP])["access_token"]), ALL)

    def test_permissions_of_graph_are_none_of_exchange(self):
        answer = self.sign_in(["SMTP.Send", "IMAP.AccessAsUser.All"])
        self.assertEqual(answer["scope"], "https://graph.microsoft.com/IMAP.AccessAsUser.All https://graph.microsoft.com/SMTP.Send")
        self.assertEqual(self.signs_in(BRANT, answer["access_token"]), set())

    def test_a_delegate_opens_a_shared_mailbox_but_does_not_send_from_it(self):
        self.servers.directory.account(INFO).full_access.add(BRANT)
        token = self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.assertEqual(self.signs_in(INFO, token), {"imap", "pop"})
        self.servers.directory.grant_send_as(BRANT, INFO)
        client = self.smtp_session()
        client.auth("XOAUTH2", lambda challenge=None: self.sasl(BRANT, token))
        client.sendmail(INFO, [CUSTOMER], f"From: {INFO}\r\n\r\nHello")
        self.assertEqual(self.servers.accepted[-1].envelope_from, INFO)

    def test_a_mailbox_that_is_not_his_is_not_connected(self):
        token = self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.assertIn("535 5.7.3", self.smtp(INFO, token))
        self.assertEqual(self.pop(INFO, token), replies.POP_AUTHENTICATION_FAILURE)
        client = self.imap_session()
        self.assertEqual(client.authenticate("XOAUTH2", lambda _challenge: self.sasl(INFO, token).encode())[0], "OK")
        for command in (client.select, client.list, lambda: client.status("INBOX", "(MESSAGES)")):
            with self.assertRaisesRegex(imaplib.IMAP4.error, "User is authenticated but not connected"):
                command()
        self.assertEqual(client.noop()[0], "OK")

    def test_a_user_that_is_disabled_gets_no_further(self):
        token = self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.entra.directory.user(BRANT).disabled = True
        self.assertEqual(self.signs_in(BRANT, token), set())

    def test_an_alias_of_the_mailbox_names_it_over_no_protocol(self):
        """``user=`` is the mailbox's own address; aliases are for From."""
        self.servers.directory.account(BRANT).aliases.add("brant@contoso.example")
        token = self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.assertEqual(self.signs_in("brant@contoso.example", token), set())

    # --- the token ---

    def test_a_token_ends_by_the_clock_of_the_look_alike(self):
        self.entra.directory.token_lifetime = 600
        token = self.app_token()
        self.entra.clock.advance(599 - 60)
        self.assertEqual(self.signs_in(ERP, token), ALL)
        self.entra.clock.advance(61)
        self.assertEqual(self.signs_in(ERP, token), set())
        self.assertEqual(self.signs_in(ERP, self.app_token()), ALL)

    def test_a_session_outlives_its_token(self):
        token = self.app_token()
        client = self.smtp_session()
        client.auth("XOAUTH2", lambda challenge=None: self.sasl(ERP, token))
        self.entra.clock.advance(7200)
        client.sendmail(ERP, [CUSTOMER], f"From: {ERP}\r\n\r\nHello")
        self.assertEqual(len(self.servers.accepted), 1)
        self.assertEqual(self.signs_in(ERP, token), set())

    def test_a_token_that_was_revoked_is_refused_at_the_next_sign_in(self):
        first, other = self.app_token(), self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.entra.tokens.revoke(first)
        self.assertEqual(self.signs_in(ERP, first), set())
        self.assertEqual(self.signs_in(BRANT, other), ALL)
        self.entra.tokens.revoke()
        self.assertEqual(self.signs_in(BRANT, other), set())
        self.assertEqual(self.signs_in(ERP, self.app_token()), ALL)

    def test_forged_tokens_open_nothing(self):
        good = self.app_token()
        said = jwt.decode(good, options={"verify_signature": False})
        header, payload, _signature = good.split(".")
        stranger = key_pair()[0]
        forgeries = {
            "another key": jwt.encode(said, stranger, algorithm="RS256", headers=jwt.get_unverified_header(good)),
            "no signature": jwt.encode(said, None, algorithm="none"),
            "signature cut off": f"{header}.{payload}.",
            "no token at all": "t" * 1500,
        }
        for name, token in forgeries.items():
            with self.subTest(name):
                self.assertEqual(self.signs_in(ERP, token), set())

    def test_a_token_of_another_tenant_opens_nothing(self):
        directory = self.entra.directory
        ours, directory.tenant_id = directory.tenant_id, "11111111-2222-3333-4444-555555555555"
        try:
            token = self.app_token()
        finally:
            directory.tenant_id = ours
        self.assertEqual(self.signs_in(ERP, token), set())

    # --- switches of the mailbox and of the tenant ---

    def test_switches_refuse_tokens_too(self):
        token, directory = self.app_token(), self.servers.directory
        directory.policy.smtp_auth_disabled = True
        self.assertIn("SmtpClientAuthentication is disabled for the Tenant", self.smtp(ERP, token))
        directory.policy.smtp_auth_disabled = False
        account = directory.account(ERP)
        account.imap_enabled = account.pop_enabled = False
        directory.changed()
        self.assertEqual(self.signs_in(ERP, token), {"smtp"})

    def test_passwords_for_imap_and_pop_can_be_ended(self):
        self.assertEqual(self.imap_session().login(ERP, self.servers.password(ERP))[0], "OK")
        self.servers.directory.end_incoming_passwords()
        with self.assertRaises(imaplib.IMAP4.error):
            self.imap_session().login(ERP, self.servers.password(ERP))
        client = self.pop_session()
        client.user(ERP)
        with self.assertRaises(poplib.error_proto):
            client.pass_(self.servers.password(ERP))
        self.assertEqual(self.signs_in(ERP, self.app_token()), ALL)
        self.servers.reset()
        self.assertEqual(self.imap_session().login(ERP, self.servers.password(ERP))[0], "OK")

    def test_a_client_may_send_the_token_at_once_or_after_the_prompt(self):
        token = self.app_token()
        argument = base64.b64encode(self.sasl(ERP, token).encode())
        client = self.imap_session()
        client.send(b"x1 AUTHENTICATE XOAUTH2 " + argument + b"\r\n")
        self.assertTrue(next(line for line in iter(client.readline, b"") if line.startswith(b"x1 ")).startswith(b"x1 OK"))
        self.entra.tokens.revoke()
        client = self.imap_session()
        client.send(b"x1 AUTHENTICATE XOAUTH2 " + argument + b"\r\n")
        self.assertEqual(client.readline(), b"x1 NO AUTHENTICATE failed.\r\n")
        self.assertEqual(client.noop()[0], "OK")  # the connection lives on
