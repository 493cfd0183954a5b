"""Faults strike where and as often as they are asked to."""

import smtplib
import time

from odoo.tests import tagged

from .servers import BRANT, CUSTOMER, ERP, INFO, Delay, Dribble, Drop, Reset, Vanish, replies
from .servers_client import ClientCase


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

    def test_gone_without_any_reply_but_with_the_message(self):
        client = self.login()
        self.servers.submission.faults.add("MAIL", Vanish())
        raw = self.raw()
        client.send(f"MAIL FROM:<{ERP}>\r\nRCPT TO:<{CUSTOMER}>\r\nBDAT {len(raw)} LAST\r\n".encode() + raw)
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            client.getreply()
        self.assertEqual(len(self.servers.mailbox(CUSTOMER).messages()), 1)

    def test_gone_without_any_reply_before_the_message(self):
        client = self.login()
        self.servers.submission.faults.add("MAIL", Vanish())
        client.send(f"MAIL FROM:<{ERP}>\r\nRCPT TO:<{CUSTOMER}>\r\nDATA\r\n".encode())
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            client.getreply()

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
