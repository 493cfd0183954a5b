"""The local servers behave as Exchange Online is documented to behave: what the other tests rely on."""

import base64
import imaplib
import os
import poplib
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from odoo.tests import BaseCase, tagged

from .servers import BRANT, CUSTOMER, ERP, INFO, Delay, Dribble, Drop, MailServers, Reset, available, replies
from .servers_case import ServersCase

TIMEOUT = 5


class ClientCase(ServersCase):
    """Clients of the mail servers."""

    def setUp(self):
        super().setUp()
        self.directory = self.servers.directory

    @staticmethod
    def message(sender=ERP, to=CUSTOMER, body="Hello\n.\n..dots\n", **headers):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "Test"
        message["Message-ID"] = "<one@contoso.example>"
        for name, value in headers.items():
            message[name] = value
        message.set_content(body)
        return message

    def raw(self, *args, **values):
        return self.message(*args, **values).as_bytes(policy=SMTP)

    def connect(self, listener=None, tls=True, context=None):
        listener = listener or self.servers.submission
        client = smtplib.SMTP(listener.host, listener.port, timeout=TIMEOUT)
        self.addCleanup(client.close)
        client.ehlo()
        if tls:
            client.starttls(context=context or ssl.create_default_context())
            client.ehlo()
        return client

    def login(self, mailbox=ERP):
        client = self.connect()
        client.login(mailbox, self.servers.password(mailbox))
        return client

    def imap(self, mailbox=ERP):
        client = imaplib.IMAP4_SSL(
            "localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
        )
        self.addCleanup(client.shutdown)
        client.login(mailbox, self.servers.password(mailbox))
        return client

    def transfer(self, client, raw, sender=ERP, recipient=CUSTOMER):
        """MAIL, RCPT, DATA by hand; return the reply to the final dot."""
        self.assertEqual(client.mail(sender)[0], 250)
        self.assertEqual(client.rcpt(recipient)[0], 250)
        return client.data(raw)

    def assertReply(self, found, expected):  # noqa: N802
        code, text = found
        self.assertEqual(f"{code} {text.decode()}", str(expected))


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


@tagged("post_install", "-at_install")
class TestMx(ClientCase):
    def refused(self, client, sender, recipient):
        client.rset()
        self.assertEqual(client.docmd(f"MAIL FROM:<{sender}>")[0], 250)
        code, text = client.rcpt(recipient)
        return "" if code == 250 else f"{code} {text.decode()}"

    def test_auth_is_never_offered(self):
        client = self.connect(self.servers.mx)
        self.assertNotIn("auth", client.esmtp_features)
        self.assertEqual(client.docmd("AUTH LOGIN")[0], 504)

    def test_mail_to_the_tenant_is_taken_from_anybody_and_stamped(self):
        self.directory.policy.dmarc = "fail"
        client = self.connect(self.servers.mx, tls=False)
        client.send_message(self.message(CUSTOMER, BRANT))
        (received,) = self.servers.mailbox(BRANT).messages()
        self.assertIn("dmarc=fail", received["Authentication-Results"])
        self.assertEqual(received["Message-ID"], "<one@contoso.example>")
        self.assertEqual(received.return_path, CUSTOMER)

    def test_an_unknown_recipient_reaches_the_catch_all_or_is_refused(self):
        client = self.connect(self.servers.mx)
        client.send_message(self.message(CUSTOMER, "nobody@contoso.example"))
        (received,) = self.servers.mailbox(ERP).messages()
        self.assertEqual(received["To"], "nobody@contoso.example")
        self.directory.policy.catch_all = None
        self.assertIn(
            "550 5.4.1 Recipient address rejected: Access denied",
            self.refused(client, CUSTOMER, "nobody@contoso.example"),
        )
        self.assertEqual(self.refused(client, CUSTOMER, BRANT), "")

    def test_relay_by_address_is_for_senders_of_the_accepted_domain(self):
        client = self.connect(self.servers.mx)
        self.assertEqual(self.refused(client, ERP, CUSTOMER), str(replies.S550_5_7_64_RELAY_DENIED))
        self.directory.add_connector(ip_networks=("127.0.0.1", "::1"))
        self.assertEqual(self.refused(client, BRANT, CUSTOMER), "")
        for sender in ("someone@elsewhere.example", ""):
            self.assertEqual(self.refused(client, sender, CUSTOMER), str(replies.S550_5_7_64_RELAY_DENIED_ATTR36))

    def test_relay_by_certificate_is_for_any_sender(self):
        self.directory.add_connector(certificate_names=("*.contoso.example",))
        context = ssl.create_default_context()
        for names, expected in (((), ""), (("odoo.contoso.example",), ""), (("odoo.other.example",), "550 5.7.64")):
            with self.subTest(names=names):
                context.load_cert_chain(*self.servers.client_certificate(*names))
                client = self.connect(self.servers.mx, context=context)
                for sender in (ERP, "someone@elsewhere.example", ""):
                    self.assertEqual(self.refused(client, sender, CUSTOMER)[:10], expected)
        self.assertEqual(self.refused(self.connect(self.servers.mx), ERP, CUSTOMER)[:10], "550 5.7.64")

    def test_direct_send_can_be_rejected(self):
        client = self.connect(self.servers.mx)
        self.assertEqual(self.refused(client, ERP, BRANT), "")
        self.directory.policy.reject_direct_send = True
        self.assertEqual(self.refused(client, ERP, BRANT), str(replies.S550_5_7_68_DIRECT_SEND_REJECTED))
        self.assertEqual(self.refused(client, CUSTOMER, BRANT), "")
        self.directory.add_connector(ip_networks=("127.0.0.0/8", "::1"))
        self.assertEqual(self.refused(client, ERP, BRANT), "")


@tagged("post_install", "-at_install")
class TestFaults(ClientCase):
    def test_a_reply_strikes_at_each_step_and_then_no_more(self):
        steps = {
            "EHLO": lambda client: client.ehlo(),
            "STARTTLS": lambda client: client.docmd("STARTTLS"),
            "AUTH": lambda client: client.docmd("AUTH LOGIN"),
            "MAIL": lambda client: client.mail(ERP),
            "RCPT": lambda client: client.mail(ERP) and client.rcpt(CUSTOMER),
            "DATA": lambda client: client.mail(ERP) and client.rcpt(CUSTOMER) and client.docmd("DATA"),
            "END_OF_DATA": lambda client: self.transfer(client, self.raw()),
            "QUIT": lambda client: client.docmd("QUIT"),
        }
        for step, act in steps.items():
            with self.subTest(step=step):
                client = (
                    self.login()
                    if step in ("MAIL", "RCPT", "DATA", "END_OF_DATA")
                    else self.connect(tls=step != "STARTTLS")
                )
                self.servers.submission.faults.add(step, replies.S454_4_7_0_TEMPORARY_AUTH_FAILURE)
                self.assertReply(act(client), replies.S454_4_7_0_TEMPORARY_AUTH_FAILURE)
                client.rset()
                self.assertNotEqual(act(client)[0], 454)
                client.close()
        self.assertEqual(len(self.servers.mailbox(CUSTOMER).messages()), 1)

    def test_a_refusal_before_the_banner(self):
        self.servers.submission.faults.add("CONNECT", replies.S421_4_3_2_SERVICE_NOT_ACTIVE)
        with self.assertRaises(smtplib.SMTPConnectError) as caught:
            self.connect()
        self.assertEqual(caught.exception.smtp_code, 421)
        self.connect()

    def test_drop_and_reset_at_each_step(self):
        for action, error in (
            (Drop(), smtplib.SMTPServerDisconnected),
            (Reset(), (smtplib.SMTPServerDisconnected, OSError)),
        ):
            for step in ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "END_OF_DATA", "QUIT"):
                with self.subTest(action=action, step=step):
                    self.servers.submission.faults.add(step, action)
                    with self.assertRaises(error):
                        client = self.login()
                        client.send_message(self.message())
                        client.quit()
        self.assertEqual(len(self.servers.accepted), 2)  # those that ended at QUIT

    def test_the_final_reply_may_be_lost_with_the_message_delivered_or_not(self):
        for delivered in (False, True):
            with self.subTest(delivered=delivered):
                self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=delivered)
                with self.assertRaises(smtplib.SMTPServerDisconnected):
                    self.login().send_message(self.message())
                self.assertEqual(self.servers.transactions[-1].accepted, delivered)
                self.assertEqual(self.servers.transactions[-1].reply, "")
                self.assertEqual(len(self.servers.mailbox(CUSTOMER).messages()), int(delivered))

    def test_a_connection_may_die_in_the_middle_of_the_body(self):
        self.servers.submission.faults.add("BODY", Drop(), after_bytes=5000)
        with self.assertRaises((smtplib.SMTPServerDisconnected, OSError)):
            self.login().send_message(self.message(body="line of text\n" * 20000))
        (ended,) = self.servers.transactions.wait_for(len)
        self.assertEqual((ended.ended_by, ended.accepted, ended.raw), ("connection lost", False, b""))

    def test_delay_and_dribble_slow_the_step_only(self):
        client = self.login()
        for action, least in ((Delay(0.2), 0.2), (Dribble(0.01), 0.2)):
            self.servers.submission.faults.add("MAIL", action)
            started = time.monotonic()
            self.assertReply(client.mail(ERP), replies.S250_2_1_0_SENDER_OK)
            self.assertGreaterEqual(time.monotonic() - started, least)
            client.rset()

    def test_matchers_and_intervals(self):
        faults = self.servers.submission.faults
        faults.add("MAIL", replies.S451_4_7_0_TIMEOUT, sender=INFO, times=None)
        faults.add("RCPT", replies.S452_4_5_3_TOO_MANY_RECIPIENTS, every=3, times=None)
        faults.add("NOOP", replies.S451_4_7_0_TIMEOUT, login=BRANT)
        client = self.login()
        self.assertEqual([client.mail(INFO)[0], client.mail(INFO)[0], client.mail(ERP)[0]], [451, 451, 250])
        self.assertEqual([client.rcpt(f"{n}@fabrikam.example")[0] for n in range(6)], [250, 250, 452, 250, 250, 452])
        self.assertEqual([client.noop()[0], self.login(BRANT).noop()[0]], [250, 451])


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


@tagged("post_install", "-at_install")
class TestLife(BaseCase):
    def setUp(self):
        super().setUp()
        if reason := available():
            self.skipTest(f"The local mail servers can not run: {reason}")

    def test_stop_leaves_nothing_behind(self):
        threads = set(threading.enumerate())
        with MailServers() as servers:
            folder = servers.state_dir
            idle = socket.create_connection(("localhost", servers.submission.port))
            self.addCleanup(idle.close)
            port, dovecot = servers.imap.port, _processes_of(folder)
            self.assertTrue(dovecot)
        self.assertFalse(folder.exists())
        self.assertEqual(set(threading.enumerate()) - threads, set())
        self.assertEqual(_processes_of(folder), [])
        with self.assertRaises(OSError):
            socket.create_connection(("localhost", port))
        servers.start()
        servers.stop()

    def test_dovecot_ends_when_its_parent_is_killed(self):
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from servers import MailServers; import time\n"
            "servers = MailServers(sys.argv[2]).start(); print('up', flush=True); time.sleep(60)"
        )
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mo365-")))
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(folder)],
            stdout=subprocess.PIPE,
            env=os.environ,
        )
        self.assertEqual(child.stdout.readline(), b"up\n")
        child.stdout.close()
        self.assertTrue(_processes_of(folder))
        child.kill()
        child.wait()
        deadline = time.monotonic() + 5
        while _processes_of(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(_processes_of(folder), [])

    def test_fixed_ports_are_kept(self):
        with MailServers() as servers:
            ports = {name: getattr(servers, name).port for name in ("submission", "mx", "imap", "pop")}
        with MailServers(ports=ports) as servers:
            self.assertEqual({name: getattr(servers, name).port for name in ports}, ports)
            with self.assertRaises(OSError):
                MailServers(ports=ports).start()

    def test_every_reply_name_says_its_codes(self):
        for name, reply in replies.ALL.items():
            with self.subTest(name=name):
                code, *words = name.removeprefix("S").split("_")
                self.assertEqual(int(code), reply.code)
                if reply.enhanced:
                    self.assertEqual(".".join(words[:3]), reply.enhanced)


def _processes_of(folder):
    """Process ids of the Dovecot that runs in a state folder: its processes have their working folder there."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):
                found.append(int(entry.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
