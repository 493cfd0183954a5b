"""IMAP and POP of the local servers behave as those of Exchange Online are documented to behave."""

import imaplib
import poplib
import ssl

from odoo.tests import tagged

from .servers import BRANT, CUSTOMER, ERP, Drop, replies
from .servers_client import TIMEOUT, ClientCase


@tagged("post_install", "-at_install")
class TestMailboxes(ClientCase):
    def test_imap_serves_what_was_delivered(self):
        self.servers.receive(self.message(CUSTOMER, ERP), recipients=[ERP])
        client = self.imap()
        self.assertEqual(client.select()[1], [b"1"])
        _ok, data = client.uid("fetch", "1:*", "(UID BODY.PEEK[])")
        (stored,) = self.servers.mailbox(ERP).messages()
        self.assertEqual(data[0][1], stored.raw)
        self.assertNotIn("S", stored.flags)
        client.uid("store", "1:*", "+FLAGS.SILENT", r"(\Seen)")
        self.assertEqual(
            client.list()[1],
            [rb'(\HasNoChildren) "/" Junk', rb'(\HasNoChildren) "/" "Sent Items"', rb'(\HasNoChildren) "/" INBOX'],
        )
        client.close()
        self.assertIn("S", self.servers.mailbox(ERP).messages()[0].flags)

    def test_imap_advertises_no_more_than_exchange(self):
        capabilities = set(self.imap().capability()[1][0].decode().split())
        self.assertIn("MOVE", capabilities)
        self.assertFalse(capabilities & {"CONDSTORE", "QRESYNC", "SORT", "SPECIAL-USE", "ENABLE", "COMPRESS=DEFLATE"})

    def test_pop_serves_what_was_delivered(self):
        self.servers.mailbox(ERP).deliver(self.message())
        client = poplib.POP3_SSL(
            "localhost", self.servers.pop.port, context=ssl.create_default_context(), timeout=TIMEOUT
        )
        self.addCleanup(client.close)
        client.user(ERP)
        client.pass_(self.servers.password(ERP))
        self.assertEqual(client.stat()[0], 1)
        self.assertEqual([attempt.success for attempt in self.servers.login_attempts], [True])

    def test_a_client_that_refuses_the_certificate_sends_no_login(self):
        for certificate, protocol in (
            ("untrusted", "imap"),
            ("wrong_host", "imap"),
            ("expired", "pop"),
            ("untrusted", "pop"),
        ):
            with self.subTest(certificate=certificate, protocol=protocol):
                getattr(self.servers, protocol).tls.configure(certificate=certificate)
                with self.assertRaises(ssl.SSLCertVerificationError):
                    if protocol == "imap":
                        self.imap()
                    else:
                        poplib.POP3_SSL("localhost", self.servers.pop.port, context=ssl.create_default_context())
        seen = self.servers.connections.wait_for(lambda items: len(items) == 4 and all(item.closed for item in items))
        self.assertTrue(all("alert" in item.tls_error and not item.commands for item in seen))
        self.assertFalse(self.servers.login_attempts)
        self.servers.submission.tls.configure(certificate="untrusted")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.login()
        self.assertEqual(self.servers.connections[-1].verbs, ["EHLO", "STARTTLS"])

    def test_old_tls_is_not_offered_and_can_be_all_that_is_offered(self):
        self.assertIn(self.login().sock.version(), ("TLSv1.2", "TLSv1.3"))
        for listener in (self.servers.submission, self.servers.imap):
            listener.tls.configure(maximum=ssl.TLSVersion.TLSv1_1)
        with self.assertRaises(ssl.SSLError):
            self.login()
        with self.assertRaises(ssl.SSLError):
            self.imap()

    def test_tokens_open_a_mailbox_over_imap_and_pop(self):
        self.directory.token_verifier = lambda mailbox, token: (
            None if token == "good" else replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL
        )
        for token, mailbox in (("good", ERP), ("good", BRANT), ("bad", ERP)):
            client = imaplib.IMAP4_SSL(
                "localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
            )
            self.addCleanup(client.shutdown)
            argument = f"user={mailbox}\1auth=Bearer {token}\1\1"
            if token == "good":
                self.assertEqual(
                    client.authenticate("XOAUTH2", lambda _challenge, argument=argument: argument)[0], "OK"
                )
            else:
                with self.assertRaises(client.error):
                    client.authenticate("XOAUTH2", lambda _challenge, argument=argument: argument)
        self.assertEqual(
            [(a.mechanism, a.user, a.success) for a in self.servers.login_attempts],
            [("XOAUTH2", ERP, True), ("XOAUTH2", BRANT, True), ("XOAUTH2", ERP, False)],
        )

    def test_imap_faults_strike_by_command_and_in_the_middle_of_a_download(self):
        self.servers.mailbox(ERP).deliver(b"Subject: big\r\n\r\n" + b"x" * 70 * 3000)
        faults, client = self.servers.imap.faults, self.imap()
        faults.add("SELECT", replies.IMAP_NOT_CONNECTED)
        with self.assertRaisesRegex(client.error, "User is authenticated but not connected"):
            client.select()
        client.select()
        faults.add("DOWNLOAD", Drop(), after_bytes=20000)
        with self.assertRaises(client.abort):
            client.uid("fetch", "1:*", "(BODY.PEEK[])")
        faults.add("LOGIN", replies.IMAP_BYE_14)
        with self.assertRaises((client.abort, client.error)):
            self.imap()

    def test_uids_are_not_given_twice_and_uidvalidity_can_change(self):
        mailbox = self.servers.mailbox(ERP)

        def numbers():
            client = self.imap()
            client.select()
            return client.untagged_responses["UIDVALIDITY"][-1], client.uid("search", "ALL")[1][0]

        mailbox.deliver(self.message())
        validity, first = numbers()
        mailbox.clear()
        mailbox.deliver(self.message())
        again, second = numbers()
        self.assertEqual(again, validity)
        self.assertGreater(int(second), int(first))
        mailbox.renumber()
        self.assertNotEqual(numbers()[0], validity)

    def test_accounts_may_change_while_the_servers_run(self):
        new = "new@contoso.example"
        self.directory.add_account(new)
        self.servers.receive(self.message(CUSTOMER, new), recipients=[new])
        self.assertEqual(self.imap(new).select()[1], [b"1"])
        self.directory.account(new).imap_enabled = False
        self.directory.changed()
        with self.assertRaises(imaplib.IMAP4.error):
            self.imap(new)
        self.directory.set_password(ERP, "other")
        self.imap(ERP)
        self.directory.reset()
        self.imap(ERP)
        with self.assertRaises(KeyError):
            self.servers.mailbox(new)
