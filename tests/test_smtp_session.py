"""The SMTP session over sockets: what it writes, and what it makes of replies."""

import base64
import itertools
import smtplib
from unittest.mock import patch

from odoo.tests import tagged

from ..tools.diagnosis.reader import diagnose
from ..tools.errors import words_of
from ..tools.smtp.transaction import MAX_EAGER
from .servers import BRANT, CUSTOMER, ERP, Say, replies
from .smtp_case import OTHER, PLAIN, SERVERS, SmtpCase


@tagged("post_install", "-at_install")
class TestSession(SmtpCase):

    def test_every_kind_of_server_gets_the_same_message(self):
        text = ".\n..two\n.dot at the start\r\nno dot\n\n.\nÄöü €\nend"
        for name, hidden in SERVERS.items():
            self.restart(hidden)
            session = self.session()
            for _each in range(2):
                refused = self.send(session, text, [CUSTOMER, OTHER])
                self.assertEqual(refused, {})
            with self.subTest(server=name):
                self.assertEqual([sent.recipients for sent in self.sent()], [[CUSTOMER, OTHER]] * 2)
                for sent in self.sent():
                    self.assertEqual(self.content(sent), text.replace("\r\n", "\n") + "\n")
                    self.assertNotIn(b"\n", sent.raw.replace(b"\r\n", b""))
                self.assertEqual(self.connections, 1)
                self.assertTrue(all(outcome.taken and outcome.reply.startswith("250 2.0.0 OK") for outcome in session.outcomes))

    def test_the_extensions_are_used_as_offered(self):
        body = "DATA" if "CHUNKING" in PLAIN else "BDAT"
        for hidden, command, parameters in [
            (set(), "BDAT", {"SIZE"}),
            ({"CHUNKING"}, "DATA", {"SIZE"}),
            ({"8BITMIME"}, "BDAT", {"SIZE"}),
            (PLAIN, body, set()),
        ]:
            self.restart(hidden)
            self.send(self.session(), "Grüße\n")
            with self.subTest(hidden=hidden):
                sent = self.sent()[0]
                self.assertEqual(self.verbs(), ["MAIL", "RCPT", command])
                self.assertEqual(sent.mail_parameters.keys(), parameters)
                self.assertEqual(self.content(sent), "Grüße\n")
                self.assertTrue(sent.raw.isascii(), "8-bit parts, which Office 365 garbles")
                self.assertIn(sent.mail_parameters.get("SIZE"), (None, str(len(sent.raw))))

    def test_one_round_trip_a_message(self):
        """Every reply waits until the server has read all of the message: a client that waits for one of them never gets there."""
        session = self.session(timeout=5)
        with patch.object(session, "_write", wraps=session._write) as write:
            self.send(session, recipients=[CUSTOMER, OTHER])
            self.assertEqual(write.call_count, 1)

    def test_a_server_without_pipelining_would_not_have_it(self):
        self.restart({"PIPELINING"})
        session = self.session()
        session.send("NOOP\r\nNOOP\r\n")
        self.assertEqual(session.getreply()[0], 503)

    def test_a_large_message_waits_for_the_replies_to_mail_and_rcpt(self):
        session = self.session()
        large = ("x" * 70 + "\n") * (MAX_EAGER // 70)
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN)
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send(session, large)
        self.send(session, large)
        self.assertEqual(self.verbs(), ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "BDAT"])
        self.assertGreater(len(self.sent()[-1].raw), MAX_EAGER)

    def test_a_message_for_nobody_goes_to_nobody_whoever_its_headers_name(self):
        session = self.session()
        for recipients in ([], ()):
            with self.assertRaises(smtplib.SMTPException):
                session.send_message(self.text("Hello\n", ERP), ERP, recipients)
        self.assertFalse(self.servers.accepted)
        session.send_message(self.text("Hello\n", ERP))  # as `smtplib` has it: nobody has said whom it is for
        self.assertEqual(self.sent()[0].recipients, [CUSTOMER])

    def test_many_recipients(self):
        recipients = [f"customer{number}@fabrikam.example" for number in range(250)]
        for name, hidden in SERVERS.items():
            self.restart(hidden)
            self.send(self.session(), recipients=recipients)
            with self.subTest(server=name):
                self.assertEqual(self.sent()[0].recipients, recipients)

    def test_unicode_addresses_need_smtputf8(self):
        address = "käthe@fabrikam.example"
        self.send(self.session(), recipients=[address])
        self.assertEqual(self.sent()[0].recipients, [address])
        self.assertIn("SMTPUTF8", self.sent()[0].mail_parameters)
        self.restart({"SMTPUTF8"})
        session = self.session()
        with self.assertRaises(smtplib.SMTPNotSupportedError):
            self.send(session, recipients=[address])
        self.send(session)
        self.assertEqual(len(self.sent()), 1)

    def test_nothing_can_smuggle_in_a_command(self):
        session = self.session()
        message = f"From: {ERP}\r\n\r\nx".encode()
        for options in ({"mail_options": ["RET=HDRS\r\nRSET"]}, {"rcpt_options": ["NOTIFY=NEVER\nRSET"]}):
            with self.subTest(options=options), self.assertRaises(ValueError):
                session.sendmail(ERP, [CUSTOMER], message, **options)
        for sender, recipient in ((f"{ERP}>\r\nRSET\r\nMAIL FROM:<{BRANT}", CUSTOMER), (ERP, f"{CUSTOMER}>\r\nRCPT TO:<{OTHER}")):
            with self.subTest(sender=sender, recipient=recipient), self.assertRaises(ValueError):
                session.sendmail(sender, [recipient], message)
        self.assertEqual(self.verbs(), [])

    def test_a_bare_line_feed_ends_no_message(self):
        for hidden in SERVERS.values():
            self.restart(hidden)
            session = self.session()
            session.sendmail(ERP, [CUSTOMER], f"From: {ERP}\n\na\n.\nb\r.\r\nc\r\n.".encode())
            with self.subTest(hidden=hidden):
                self.assertEqual(self.sent()[0].raw.partition(b"\r\n\r\n")[2], b"a\r\n.\r\nb\r\n.\r\nc\r\n.\r\n")

    def test_commands_of_smtplib_still_work(self):
        """Third-party code speaks them one by one."""
        for hidden in SERVERS.values():
            self.restart(hidden)
            session = self.session()
            self.assertEqual(session.noop()[0], 250)
            self.assertEqual(session.mail(ERP)[0], 250)
            self.assertEqual(session.rcpt(CUSTOMER)[0], 250)
            self.assertEqual(session.data(f"From: {ERP}\n\n.x")[0], 250)
            self.assertEqual(session.rset()[0], 250)
            self.assertEqual(session.quit()[0], 221)
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                session.noop()
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                self.send(session)
            with self.subTest(hidden=hidden):
                self.assertEqual(self.sent()[0].raw[-4:], b".x\r\n")
                self.assertEqual(session.quit()[0], 221)


@tagged("post_install", "-at_install")
class TestRefusals(SmtpCase):

    def test_a_refusal_at_any_step_is_smtplibs_and_the_next_message_goes(self):
        refusals = {
            "MAIL": (smtplib.SMTPSenderRefused, replies.S432_4_3_2_SENDER_THREADS),
            "RCPT": (smtplib.SMTPRecipientsRefused, replies.S550_5_1_1_RECIPIENT_UNKNOWN),
            "DATA": (smtplib.SMTPDataError, replies.S451_4_7_0_PROXY_ERROR),
            "BDAT": (smtplib.SMTPDataError, replies.S451_4_7_0_PROXY_ERROR),
            "END_OF_DATA": (smtplib.SMTPDataError, replies.S554_5_2_0_OUTBOUND_SPAM),
        }
        for (name, hidden), (step, (error, reply)) in itertools.product(SERVERS.items(), refusals.items()):
            if step == ("DATA" if "CHUNKING" not in hidden else "BDAT"):
                continue
            self.restart(hidden)
            session = self.session()
            self.servers.submission.faults.add(step, reply)
            with self.subTest(server=name, step=step):
                with self.assertRaises(error):
                    self.send(session)
                self.assertEqual(self.send(session), {})
                self.assertEqual([outcome.taken for outcome in session.outcomes], [False, True])
                self.assertEqual(session.outcomes[0].reply.split()[:2], str(reply).split()[:2])
                self.assertFalse(session.outcomes[0].in_doubt)
                self.assertEqual(len(self.sent()), 1)
                self.assertEqual(self.connections, 1)
                self.assertIn("RSET", self.verbs())

    def test_the_accepted_recipients_get_the_mail_and_the_refused_ones_are_named(self):
        for name, hidden in SERVERS.items():
            self.restart(hidden)
            session = self.session()
            self.servers.submission.faults.add("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN, recipient=OTHER)
            refused = self.send(session, recipients=[CUSTOMER, OTHER, BRANT])
            with self.subTest(server=name):
                code, words = refused.pop(OTHER)
                self.assertEqual((code, words[:5], refused), (550, b"5.1.1", {}))
                self.assertEqual(session.outcomes[0].refused.keys(), {OTHER})
                self.assertTrue(session.outcomes[0].taken)
                self.assertEqual(self.sent()[0].recipients, [CUSTOMER, BRANT])

    def test_all_recipients_refused(self):
        for name, hidden in SERVERS.items():
            self.restart(hidden)
            session = self.session()
            self.servers.submission.faults.add("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN, times=2)
            with self.subTest(server=name):
                with self.assertRaises(smtplib.SMTPRecipientsRefused) as raised:
                    self.send(session, recipients=[CUSTOMER, OTHER])
                self.assertEqual(raised.exception.recipients.keys(), {CUSTOMER, OTHER})
                self.send(session)
                self.assertEqual(len(self.sent()), 1)

    def test_354_for_nobody_is_ended_by_a_lone_dot(self):
        self.restart({"CHUNKING"})
        session = self.session()
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN)
        self.servers.submission.faults.add("DATA", Say(b"354 go on\r\n"))
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send(session)
        self.send(session)
        # What the dot is for a server that did not mean 354.
        self.assertIn(str(replies.S500_5_3_3_UNRECOGNIZED_COMMAND), self.servers.submission.connections[0].replies)

    def test_too_large_for_the_server_is_not_sent_at_all(self):
        self.servers.directory.limits.message_size = 100_000
        session = self.session()
        with self.assertRaises(smtplib.SMTPSenderRefused) as raised:
            self.send(session, ("x" * 70 + "\n") * 3000)
        self.assertEqual(diagnose(raised.exception, protocol="smtp").cause, "message_too_large")
        self.assertIn("0.2 MB", session.outcomes[0].reply)
        self.assertIn("0.1 MB", session.outcomes[0].reply)
        self.assertEqual(self.verbs(), [])
        self.send(session)

    def test_421_ends_the_session_and_the_next_message_opens_another_one(self):
        steps = {
            "MAIL": smtplib.SMTPSenderRefused, "RCPT": smtplib.SMTPRecipientsRefused,
            "BDAT": smtplib.SMTPDataError, "END_OF_DATA": smtplib.SMTPDataError,
        }
        for step, error in steps.items():
            self.restart()
            session = self.session()
            self.servers.submission.faults.add(step, replies.S421_4_4_2_RATE_LIMITED)
            with self.subTest(step=step):
                with self.assertRaises(error):
                    self.send(session, recipients=[CUSTOMER, OTHER])
                self.assertEqual(diagnose(session.outcomes[0].reply, protocol="smtp").cause, "rate_limited")
                self.assertFalse(session.outcomes[0].in_doubt)
                self.send(session)
                self.assertEqual((self.connections, len(self.sent())), (2, 1))

    def test_421_to_the_greeting_is_what_the_server_said(self):
        for number in (1, 2):  # the second greeting comes after STARTTLS
            self.restart()
            self.servers.submission.faults.add("EHLO", replies.S421_4_3_2_SERVICE_NOT_AVAILABLE, every=number)
            with self.subTest(number=number), self.assertRaises(smtplib.SMTPHeloError) as caught:
                self.session()
            self.assertEqual(words_of(caught.exception), "421 4.3.2 Service not available")


@tagged("post_install", "-at_install")
class TestStagesAndTrace(SmtpCase):

    def test_stages_are_told_as_they_are_passed(self):
        session = self.session()
        self.assertEqual(session.stages, ["resolve", "connect", "tls", "sign_in"])
        session.stages.clear()
        self.send(session, recipients=[CUSTOMER, OTHER])
        self.assertEqual(session.stages, ["sender", "recipients", "content"])
        session.stages.clear()
        self.servers.submission.faults.add("END_OF_DATA", replies.S554_5_2_0_OUTBOUND_SPAM)
        with self.assertRaises(smtplib.SMTPDataError):
            self.send(session)
        self.assertEqual(session.stages, ["sender", "recipients"])

    def test_a_trace_shows_no_secret_and_no_message(self):
        secret = "Top-Secret-Body"
        for hidden in SERVERS.values():
            self.restart(hidden)
            lines = []
            with patch.object(smtplib.SMTP, "_print_debug", lambda self, *args, lines=lines: lines.append(" ".join(map(str, args)))):
                session = self.session(debug=True)
                self.send(session, f"{secret}\n")
                session.mail(ERP)
                session.rcpt(CUSTOMER)
                session.data(f"{secret}\n")
                session.docmd("AUTH", "XOAUTH2 c2VjcmV0")
            trace = "\n".join(lines)
            with self.subTest(hidden=hidden):
                self.assertIn("RCPT TO", trace)
                self.assertIn("235", trace)
                for word in (secret, "c2VjcmV0", self.servers.password(ERP)):
                    self.assertNotIn(word, trace)
                    self.assertNotIn(base64.b64encode(word.encode()).decode(), trace)
