"""The local submission server behaves as that of Exchange Online is documented to behave."""

import base64
import smtplib
import ssl

from odoo.tests import tagged

from .servers import BRANT, CUSTOMER, ERP, INFO, replies
from .servers_client import ClientCase


@tagged("post_install", "-at_install")
class TestSubmission(ClientCase):
    def test_auth_is_offered_only_inside_tls(self):
        client = self.connect(tls=False)
        common = {"size", "pipelining", "dsn", "enhancedstatuscodes", "8bitmime", "binarymime", "chunking", "smtputf8"}
        self.assertEqual(set(client.esmtp_features), common | {"starttls"})
        self.assertEqual(client.esmtp_features["size"], "157286400")
        self.assertReply(client.docmd("AUTH LOGIN"), replies.S504_5_7_4_UNRECOGNIZED_AUTH)
        client.starttls(context=ssl.create_default_context())
        client.ehlo()
        self.assertEqual(set(client.esmtp_features), common | {"auth"})
        self.assertEqual(client.esmtp_features["auth"].split(), ["LOGIN", "XOAUTH2"])
        self.assertReply(client.docmd("AUTH PLAIN"), replies.S504_5_7_4_UNRECOGNIZED_AUTH)

    def test_mail_without_login_is_refused(self):
        self.assertReply(self.connect().mail(ERP), replies.S530_5_7_57_NOT_AUTHENTICATED)

    def test_login_prompts_are_those_of_exchange(self):
        client = self.connect()
        self.assertEqual(client.docmd("AUTH LOGIN"), (334, b"VXNlcm5hbWU6"))
        self.assertEqual(client.docmd(base64.b64encode(ERP.encode()).decode()), (334, b"UGFzc3dvcmQ6"))
        self.assertReply(client.docmd(base64.b64encode(b"wrong").decode()), replies.S535_5_7_139_BAD_CREDENTIALS)

    def test_each_switch_has_its_own_refusal(self):
        policy, account = self.directory.policy, self.directory.account(ERP)
        cases = [
            (policy, "smtp_auth_disabled", replies.S535_5_7_139_SMTP_AUTH_DISABLED_TENANT),
            (account, "smtp_auth_disabled", replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX),
            (policy, "security_defaults", replies.S535_5_7_139_SECURITY_DEFAULTS),
            (policy, "basic_auth_disabled", replies.S535_5_7_139_BASIC_AUTH_DISABLED),
            (policy, "basic_auth_retired", replies.S550_5_7_30_BASIC_AUTH_RETIRED),
            (policy, "conditional_access", replies.S535_5_7_139_CONDITIONAL_ACCESS),
        ]
        for holder, switch, expected in cases:
            with self.subTest(expected=expected):
                before = getattr(holder, switch)
                setattr(holder, switch, True)
                with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                    self.login()
                self.assertReply((caught.exception.smtp_code, caught.exception.smtp_error), expected)
                setattr(holder, switch, before)
        policy.smtp_auth_disabled, account.smtp_auth_disabled = True, False
        self.login()  # the mailbox's own value wins

    def test_a_token_needs_a_verifier(self):
        argument = base64.b64encode(f"user={ERP}\1auth=Bearer {'t' * 2500}\1\1".encode()).decode()
        client = self.connect()
        self.assertReply(client.docmd("AUTH XOAUTH2 " + argument), replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL)
        asked = []
        self.directory.token_verifier = lambda mailbox, token: asked.append((mailbox, len(token)))
        self.assertEqual(client.docmd("AUTH XOAUTH2"), (334, b""))
        self.assertReply(client.docmd(argument), replies.S235_2_7_0_AUTHENTICATED)
        self.assertEqual(asked, [(ERP, 2500)])
        self.assertEqual(self.servers.connections[-1].mechanism, "XOAUTH2")

    def test_a_message_arrives_unchanged_and_is_recorded(self):
        message = self.message(sender=f"Brant Wadsworth <{BRANT}>")
        self.login().send_message(message, from_addr=ERP)
        transaction = self.servers.transactions[-1]
        self.assertTrue(transaction.accepted)
        self.assertEqual((transaction.login, transaction.envelope_from, transaction.from_address), (ERP, ERP, BRANT))
        self.assertRegex(transaction.reply, r"^250 2\.0\.0 OK <\S+> \[Hostname=\S+\]$")
        self.assertTrue(transaction.raw.endswith(b"Hello\r\n.\r\n..dots\r\n"))
        (received,) = self.servers.mailbox(CUSTOMER).messages()
        self.assertTrue(received.raw.endswith(transaction.raw))
        self.assertEqual(received.return_path, ERP)
        self.assertEqual(self.servers.mailbox(ERP).messages("Sent Items")[0].raw, transaction.raw)

    def test_send_as_is_judged_after_the_message_on_envelope_and_from(self):
        stranger = "stranger@contoso.example"
        for envelope, author, denied in ((stranger, ERP, stranger), (ERP, stranger, stranger), (BRANT, INFO, None)):
            with self.subTest(envelope=envelope, author=author):
                reply = self.transfer(self.login(), self.raw(author), envelope)
                if denied:
                    self.assertReply(reply, replies.S554_5_2_252_SEND_AS_DENIED.fill(mailbox=ERP, sender=denied))
                else:
                    self.assertEqual(reply[0], 250)
        self.assertEqual([t.accepted for t in self.servers.transactions], [False, False, True])

    def test_send_on_behalf_needs_the_sender_header(self):
        self.directory.revoke_send_as(ERP, BRANT)
        self.directory.account(ERP).send_on_behalf.add(BRANT)
        client = self.login()
        self.assertEqual(self.transfer(client, self.raw(BRANT))[0], 554)
        self.assertEqual(self.transfer(client, self.raw(BRANT, Sender=ERP))[0], 250)

    def test_repeated_denials_lock_the_mailbox_out(self):
        client, limit = self.login(), self.directory.limits.send_as_denials
        for _attempt in range(limit):
            self.assertEqual(self.transfer(client, self.raw("stranger@contoso.example"))[0], 554)
        self.assertReply(self.transfer(client, self.raw()), replies.S550_5_2_252_PENALTY_SEND_AS)
        self.servers.submission.usage.reset()
        self.assertEqual(self.transfer(client, self.raw())[0], 250)

    def test_one_valid_from_is_needed(self):
        cases = [
            (b"", replies.S550_5_7_512_INVALID_FROM),
            (b"From: nobody\r\n", replies.S550_5_7_512_INVALID_FROM),
            (f"From: Brant @ Contoso <{BRANT}>\r\n".encode(), replies.S550_5_7_512_INVALID_FROM),
            (f"From: A <{BRANT}>, B <{ERP}>\r\n".encode(), replies.S550_5_1_20_MULTIPLE_FROM),
            (f"From: {BRANT}\r\nFrom: {ERP}\r\n".encode(), replies.S550_5_1_20_MULTIPLE_FROM),
        ]
        client = self.login()
        for header, expected in cases:
            with self.subTest(header=header):
                self.assertReply(self.transfer(client, header + b"Subject: x\r\n\r\nHello\r\n"), expected)
        quoted = f'From: "Brant @ Contoso" <{BRANT}>\r\n\r\nHello\r\n'.encode()
        self.assertEqual(self.transfer(client, quoted)[0], 250)

    def test_the_fourth_connection_of_a_mailbox_can_not_send(self):
        clients = [self.login() for _number in range(4)]
        others = self.login(BRANT)
        self.assertReply(self.transfer(clients[3], self.raw()), replies.S432_4_3_2_CONCURRENT_CONNECTIONS)
        self.assertEqual(self.transfer(clients[2], self.raw())[0], 250)
        self.assertEqual(self.transfer(others, self.raw(BRANT), BRANT)[0], 250)
        clients[0].quit()
        self.servers.connections.wait_for(lambda items: items[0].closed)
        self.assertEqual(self.transfer(clients[3], self.raw())[0], 250)

    def test_too_many_messages_a_minute_end_the_connection(self):
        self.directory.limits.messages_per_minute = 2
        client = self.login()
        for _message in range(2):
            self.assertEqual(self.transfer(client, self.raw())[0], 250)
        self.assertReply(client.mail(ERP), replies.S421_4_4_2_RATE_LIMITED)
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            client.noop()

    def test_limits_of_recipients_and_size(self):
        limits, client = self.directory.limits, self.login()
        limits.recipients_per_message, limits.recipients_per_day, limits.message_size = 2, 3, 1000
        client.mail(ERP)
        self.assertEqual([client.rcpt(f"{n}@fabrikam.example")[0] for n in range(3)], [250, 250, 452])
        self.assertEqual(client.data(self.raw())[0], 250)
        client.mail(ERP)
        client.rcpt("3@fabrikam.example")
        client.rcpt("4@fabrikam.example")
        self.assertReply(client.data(self.raw()), replies.S554_5_2_0_DAILY_QUOTA)
        self.assertReply(client.mail(ERP, ["SIZE=1001"]), replies.S552_5_3_4_MESSAGE_TOO_LARGE)
        self.assertReply(self.transfer(client, b"x" * 1001), replies.S552_5_3_4_MESSAGE_TOO_LARGE)
        self.assertEqual(len(self.servers.mailbox(CUSTOMER).messages()), 1)

    def test_a_bare_line_feed_is_refused_in_data(self):
        client = self.login()
        client.mail(ERP)
        client.rcpt(CUSTOMER)
        client.docmd("DATA")
        client.sock.sendall(f"From: {ERP}\r\n\r\nbare\nfeed\r\n.\r\n".encode())
        self.assertReply(client.getreply(), replies.S550_5_6_11_INVALID_CHARACTERS)

    def test_commands_may_be_pipelined(self):
        client, raw = self.login(), self.raw()
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        burst = f"MAIL FROM:<{ERP}>\r\nRCPT TO:<{CUSTOMER}>\r\nDATA\r\n".encode()
        client.sock.sendall(burst)
        self.assertEqual([client.getreply()[0] for _command in range(3)], [250, 250, 354])
        client.sock.sendall(stuffed + b".\r\n" + burst)  # the next transaction right behind the final dot
        self.assertEqual([client.getreply()[0] for _command in range(4)], [250, 250, 250, 354])
        client.sock.sendall(stuffed + b".\r\nQUIT\r\n")
        self.assertEqual([client.getreply()[0] for _command in range(2)], [250, 221])
        self.assertEqual([t.raw for t in self.servers.accepted], [raw, raw])

    def test_chunks_carry_any_octet(self):
        client, head = self.login(), f"From: {ERP}\r\n\r\n".encode()
        body = bytes(range(256)) * 300 + b"\r\n.\r\n"
        client.sock.sendall(
            f"MAIL FROM:<{ERP}> BODY=BINARYMIME\r\nRCPT TO:<{CUSTOMER}>\r\nBDAT {len(head)}\r\n".encode()
            + head
            + f"BDAT {len(body)} LAST\r\n".encode()
            + body
            + b"NOOP\r\n"
        )
        self.assertEqual([client.getreply()[0] for _command in range(5)], [250] * 5)
        self.assertEqual(self.servers.transactions[-1].raw, head + body)
        client.sock.sendall(b"BDAT 5 LAST\r\nabcde")  # octets are read even where they are not wanted
        self.assertEqual(client.getreply()[0], 503)
        self.assertEqual(client.noop()[0], 250)

    def test_delivery_reports_come_when_asked_for(self):
        self.directory.policy.catch_all = None
        client = self.login()
        client.mail(ERP)
        client.rcpt(CUSTOMER, ["NOTIFY=SUCCESS,FAILURE"])
        client.rcpt("nobody@contoso.example")
        self.assertEqual(client.data(self.raw())[0], 250)
        reports = self.servers.mailbox(ERP).messages()
        self.assertEqual([report.get_content_type() for report in reports], ["multipart/report"] * 2)
        self.assertEqual([report.return_path for report in reports], ["", ""])
        self.assertIn(b"Action: delivered", reports[0].raw)
        self.assertIn(b"Status: 5.1.10", reports[1].raw)

    def test_plaintext_behind_starttls_is_discarded(self):
        client = self.connect(tls=False)
        client.sock.sendall(b"STARTTLS\r\nNOOP\r\n")
        self.assertEqual(client.getreply()[0], 220)
        client.file = None
        client.sock = ssl.create_default_context().wrap_socket(client.sock, server_hostname="localhost")
        self.assertEqual(client.ehlo()[0], 250)
        self.assertNotIn("NOOP", self.servers.connections[-1].verbs)

    def test_passwords_do_not_get_into_records(self):
        self.login()
        text = repr(list(self.servers.connections)) + repr(self.directory.accounts) + self.servers.imap_log()
        for secret in (self.servers.password(ERP), base64.b64encode(self.servers.password(ERP).encode()).decode()):
            self.assertNotIn(secret, text)

    def test_mail_of_the_tenants_own_senders_is_stamped_as_internal(self):
        self.login().send_message(self.message(sender=BRANT), from_addr=ERP, to_addrs=[INFO, CUSTOMER])
        (inside,), (outside,) = self.servers.mailbox(INFO).messages(), self.servers.mailbox(CUSTOMER).messages()
        self.assertRegex(inside["Authentication-Results"], r"^dkim=none .*dmarc=none action=none\s+header\.from=contoso\.example;$")
        self.assertEqual((inside["X-MS-Exchange-Organization-AuthAs"], outside["Authentication-Results"]), ("Internal", None))

    def test_what_keeps_mail_from_the_mailbox_it_is_for(self):
        unknown, policy = "nobody@contoso.example", self.directory.policy
        policy.catch_all_from_outside = True
        self.login().send_message(self.message(), from_addr=ERP, to_addrs=[unknown])
        self.assertIn("Undeliverable", self.servers.mailbox(ERP).messages()[0]["Subject"])
        self.servers.receive(self.message(), recipients=[unknown])
        self.assertEqual(len(self.servers.mailbox(ERP).messages()), 2)
        policy.catch_all_from_outside, policy.transport_rule = False, lambda _raw: None
        self.login().send_message(self.message(), from_addr=ERP, to_addrs=[unknown])
        self.assertEqual(len(self.servers.mailbox(ERP).messages()), 2)
        policy.transport_rule, policy.delivered_to = lambda raw: b"X-Rule: yes\r\n" + raw, "Junk"
        self.login().send_message(self.message(), from_addr=ERP, to_addrs=[unknown, CUSTOMER])
        (junk,), (outside,) = self.servers.mailbox(ERP).messages("Junk"), self.servers.mailbox(CUSTOMER).messages()
        self.assertEqual((junk["X-Rule"], outside["X-Rule"]), ("yes", None))
