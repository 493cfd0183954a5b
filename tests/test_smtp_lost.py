"""The SMTP session when the server goes, goes silent, or is none."""

import contextlib
import itertools
import random
import smtplib
import socket
import threading
import time
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import diagnose
from ..tools.errors import ConnectionLost
from ..tools.smtp import wire as smtp_wire
from ..tools.smtp.session import SmtpSession
from ..tools.transport import Observer
from .servers import BRANT, ERP, Delay, Dribble, Drop, Reset, Say, Vanish, replies
from .smtp_case import SERVERS, SmtpCase


@tagged("post_install", "-at_install")
class TestLostConnections(SmtpCase):

    def test_idle_connections_are_replaced_before_anything_is_written(self):
        for reply in (None, replies.S421_4_3_2_SERVICE_NOT_AVAILABLE):
            self.restart()
            session = self.session()
            self.send(session)
            self.servers.submission.hang_up(reply)
            self.send(session)
            with self.subTest(reply=reply):
                self.assertEqual((self.connections, len(self.sent())), (2, 2))
                self.assertEqual(self.servers.transactions[1].login, ERP)

    def test_after_a_pause_the_message_waits_for_the_first_replies(self):
        session = self.session()
        self.servers.submission.faults.add("MAIL", Drop())
        session._last_reply_at -= 3600
        self.send(session)
        self.assertEqual((self.connections, len(self.sent())), (2, 1))
        self.assertFalse(session.outcomes[0].in_doubt)

    def test_a_message_whose_end_was_sent_is_in_doubt_and_not_sent_again(self):
        for action, delivered, hidden in itertools.product((Drop(), Reset()), (False, True), SERVERS.values()):
            self.restart(hidden)
            session = self.session()
            self.servers.submission.faults.add("END_OF_DATA", action, delivered=delivered)
            with self.subTest(action=action, delivered=delivered, hidden=hidden):
                with self.assertRaises(ConnectionLost) as raised:
                    self.send(session)
                self.assertTrue(raised.exception.in_doubt)
                self.assertTrue(session.outcomes[0].in_doubt)
                self.assertEqual(diagnose(raised.exception, protocol="smtp").cause, "connection_lost")
                self.assertIsInstance(raised.exception, smtplib.SMTPServerDisconnected)
                self.assertEqual((len(session.outcomes), len(self.servers.accepted)), (1, int(delivered)))
                self.send(session)
                self.assertEqual((self.connections, len(self.servers.accepted)), (2, 1 + delivered))

    def test_a_server_gone_without_any_reply_may_have_taken_the_message(self):
        """It had all of it, and kept the replies to MAIL and RCPT back until it had worked on it (RFC 2920 section 3.2)."""
        session = self.session()
        self.servers.submission.faults.add("MAIL", Vanish())
        with self.assertRaises(ConnectionLost) as raised:
            self.send(session)
        self.assertTrue(raised.exception.in_doubt)
        self.assertEqual((self.connections, len(self.sent())), (1, 1), "and it is not sent again")
        self.send(session)
        self.assertEqual((self.connections, len(self.sent())), (2, 2))

    def test_a_server_gone_without_any_reply_took_nothing_that_was_not_sent(self):
        for hidden in ({"CHUNKING"}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}):
            self.restart(hidden)
            session = self.session()
            self.servers.submission.faults.add("MAIL", Drop())
            with self.subTest(hidden=hidden):
                self.send(session)
                self.assertEqual((self.connections, len(self.sent())), (2, 1))
                self.assertFalse(session.outcomes[0].in_doubt)

    def test_a_connection_lost_earlier_leaves_no_doubt(self):
        for step, action in itertools.product(("RCPT", "DATA"), (Drop(), Reset())):
            self.restart({"PIPELINING", "CHUNKING"})
            session = self.session()
            self.servers.submission.faults.add(step, action)
            with self.subTest(step=step, action=action):
                with self.assertRaises(ConnectionLost) as raised:
                    self.send(session)
                self.assertFalse(raised.exception.in_doubt)
                self.send(session)
                self.assertEqual(len(self.sent()), 1)

    def test_a_dead_connection_found_at_mail_is_replaced(self):
        self.restart({"CHUNKING"})
        for action in (Drop(), Reset()):
            session = self.session()
            self.servers.submission.faults.add("MAIL", action)
            self.send(session)
        self.assertEqual((self.connections, len(self.sent())), (4, 2))

    def test_silence_ends_within_the_timeout_of_a_reply(self):
        """Each octet comes in time; the reply does not."""
        for step, action in itertools.product(("MAIL", "END_OF_DATA"), (Dribble(0.2), Delay(30))):
            self.restart({"CHUNKING"})
            session = self.session(timeout=1)
            self.servers.submission.faults.add(step, action)
            with self.subTest(step=step, action=action):
                with self.assertRaises(ConnectionLost) as raised:
                    self.send(session)
                self.assertEqual(diagnose(raised.exception, protocol="smtp").cause, "timeout")
                self.assertEqual(raised.exception.in_doubt, step == "END_OF_DATA")
                self.send(session)

    def test_a_server_that_stays_silent_is_not_asked_a_third_time(self):
        session = self.session(timeout=1)
        self.servers.submission.faults.add("MAIL", Delay(30), times=None)
        for _each in range(5):
            with self.assertRaises(ConnectionLost):
                self.send(session)
        self.assertEqual(self.connections, 2)
        self.assertEqual([outcome.in_doubt for outcome in session.outcomes], [True, True, False, False, False])

    def test_a_server_that_is_gone_is_tried_once(self):
        session = self.session()
        self.servers.submission.faults.add("CONNECT", Drop(), times=None)
        self.servers.submission.hang_up()
        for _each in range(3):
            with self.assertRaises(ConnectionLost):
                self.send(session)
        self.assertEqual(self.connections, 2)
        self.assertEqual(len(session.outcomes), 3)

    def test_a_refused_sign_in_is_tried_once_and_others_may_sign_in(self):
        session = self.session()
        self.servers.submission.faults.add("AUTH", replies.S535_5_7_139_BAD_CREDENTIALS, times=None)
        for _each in range(3):
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                session.switch_login(BRANT)
        self.assertEqual(self.connections, 2)
        self.servers.submission.faults.clear()
        session.switch_login(ERP)
        self.send(session)

    def test_quit_never_raises_and_nothing_stays_open(self):
        for action in (Drop(), Reset(), Delay(30), Say(b"garbage\r\n"), replies.S421_4_3_2_SERVICE_NOT_ACTIVE):
            self.restart()
            session = self.session(timeout=10)
            self.servers.submission.faults.add("QUIT", action)
            with self.subTest(action=action), patch("odoo.addons.mail_office365.tools.smtp.connection.FAREWELL", 0.5):
                session.quit()
                self.assertIsNone(session.sock)
                self.assertTrue(session.is_ended)

    def test_the_slot_of_a_mailbox_is_held_across_connections_and_left_at_the_end(self):
        held, taken = [], []

        @contextlib.contextmanager
        def slot(login):
            held.append(login)
            taken.append(login)
            yield
            held.remove(login)

        session = self.session()
        self.observe(session, slot=slot)
        session.switch_login(BRANT)
        self.servers.submission.hang_up()
        self.send(session, sender=BRANT)
        self.assertEqual((held, taken), ([BRANT], [BRANT]))
        session.switch_login(ERP)
        self.assertEqual(held, [ERP])
        session.close()
        session.close()
        self.assertEqual(held, [])


@tagged("post_install", "-at_install")
class TestReplies(BaseCase):
    """What comes need not be SMTP."""

    def parse(self, data):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
            return smtp_wire.ReplyReader(ours).reply(smtp_wire.Deadline(10))

    def test_replies(self):
        for data, reply in [
            (b"250 OK\r\n", (250, b"OK")),
            (b"250\r\n", (250, b"")),
            (b"250 \r\n", (250, b"")),
            (b"250-a\r\n250-b c\r\n250 d\r\n", (250, b"a\nb c\nd")),
            (b"550-5.1.1 No\n550 5.1.1 such user\n", (550, b"5.1.1 No\n5.1.1 such user")),
            ("250 Grüße\r\n".encode("latin-1"), (250, "Grüße".encode("latin-1"))),
        ]:
            with self.subTest(data=data):
                self.assertEqual(self.parse(data), reply)

    def test_what_is_no_reply(self):
        for data in (
            b"\r\n", b"OK\r\n", b"-25 minus\r\n", b"+250 plus\r\n", b" 25 blank\r\n", b"2 5\r\n", b"25\r\n", b"2500 long\r\n",
            b"000 zero\r\n", b"999 nine\r\n", b"250_under\r\n", b"250-a\r\nb\r\n", "２５０ wide\r\n".encode(),
            b"\x16\x03\x01\x00\n", b"* OK IMAP4 ready\r\n", b"HTTP/1.1 400 Bad Request\r\n",
            b"250 " + b"x" * 100_000, b"250-" + b"x" * 100_000 + b"\r\n", b"250-more\r\n" * 20_000,
        ):
            with self.subTest(data=data[:30]), self.assertRaises(smtp_wire.MalformedReply):
                self.parse(data)

    def test_any_octets_are_a_reply_or_an_error_of_ours(self):
        dice = random.Random(5321)  # noqa: S311
        parts = [b"250", b"-", b" ", b"\r\n", b"\n", b"\r", b"421 bye", b"5.7.1", b"\x00", b"\xff\xfe", b"-1", b"x" * 600]
        for _each in range(2000):
            data = b"".join(dice.choices(parts, k=dice.randrange(1, 9)))
            try:
                code, words = self.parse(data)
            except (EOFError, smtp_wire.MalformedReply):
                continue
            self.assertTrue(200 <= code <= 599, data)
            self.assertNotIn(b"\r\n", words)

    def test_a_reply_that_never_ends_is_given_up(self):
        """Each line comes in time, none is the last."""
        ours, theirs = socket.socketpair()
        stop = threading.Event()

        def drip():
            with contextlib.suppress(OSError):
                while not stop.wait(0.02):
                    theirs.sendall(b"250-more\r\n")

        thread = threading.Thread(target=drip)
        with ours, theirs:
            thread.start()
            self.addCleanup(thread.join)
            self.addCleanup(stop.set)
            with self.assertRaises(TimeoutError):
                smtp_wire.ReplyReader(ours).reply(smtp_wire.Deadline(0.5))

    def test_octets_that_nobody_takes_are_given_up(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, self.assertRaises(TimeoutError):
            smtp_wire.send_all(ours, b"x" * 50_000_000, smtp_wire.Deadline(0.5))

    def test_a_server_that_is_none(self):
        for greeting in (b"SSH-2.0-OpenSSH_9.2\r\n", b"* OK IMAP4 ready\r\n", b"", b"554 no\r\n", b"421 4.3.2 later\r\n"):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                def serve(listener=listener, greeting=greeting):
                    with listener.accept()[0] as client:
                        client.sendall(greeting)

                thread = threading.Thread(target=serve)
                thread.start()
                self.addCleanup(thread.join)
                session = SmtpSession("127.0.0.1", listener.getsockname()[1], timeout=5, local_hostname="localhost")
                error = smtplib.SMTPConnectError if greeting[:1] in b"45" and greeting else ConnectionLost
                with self.subTest(greeting=greeting), self.assertRaises(error):
                    session.open(None, Observer())
                self.assertIsNone(session.sock)

    def test_an_address_that_is_dead_leaves_time_for_the_next(self):
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            addresses = [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", sock.getsockname()) for sock in (nobody, listener)]
            with smtp_wire.connect(addresses, 5) as sock:
                self.assertEqual(sock.getpeername(), listener.getsockname())
            with self.assertRaises(ConnectionRefusedError):
                smtp_wire.connect(addresses[:1], 5)


@tagged("post_install", "-at_install")
class TestDeadlines(SmtpCase):
    """Each wait is bounded, and so is their sum: Odoo ends a worker after 120 s, which a test takes for 4."""

    def test_opening_takes_half_a_timeout_however_many_steps_are_slow(self):
        for step in ("CONNECT", "EHLO", "STARTTLS", "AUTH"):
            self.servers.submission.faults.add(step, Delay(0.7), times=None)
        began = time.monotonic()
        with self.assertRaises(OSError):  # five waits of 0.7 s, each within the 2 s of a reply
            self.session(timeout=2)
        self.assertLess(time.monotonic() - began, 1.5)

    def test_a_resolver_that_waits_for_a_dead_name_server_does_not_hold_the_worker(self):
        released = threading.Event()
        self.addCleanup(released.set)
        began = time.monotonic()
        with patch("socket.getaddrinfo", lambda *_args, **_kwargs: released.wait(30)), self.assertRaises(socket.gaierror) as caught:
            self.session(timeout=2)
        self.assertLess(time.monotonic() - began, 1.9)
        diagnosis = diagnose(caught.exception)
        self.assertEqual((diagnosis.cause, diagnosis.retryable), ("name_not_resolved", True))

    def test_the_token_has_what_is_left_of_the_opening(self):
        """Whoever signs in is told how long it may take: the rest, which no step gives back."""
        left = []

        def sign_on(session, login):
            time.sleep(0.3)
            left.append(session.time_left())
            raise OSError("no token")

        with self.assertRaises(OSError):
            self.session(timeout=2, sign_on=sign_on)
        self.assertLess(left[0], 0.71)
        self.assertGreater(left[0], 0.3)

    def test_a_message_takes_one_timeout_and_a_third(self):
        self.restart({"PIPELINING", "CHUNKING"})
        session = self.session(timeout=1.5)
        for step in ("MAIL", "RCPT", "DATA", "END_OF_DATA"):
            self.servers.submission.faults.add(step, Delay(0.8), times=None)
        began = time.monotonic()
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            self.send(session)
        self.assertLess(time.monotonic() - began, 2.5)

    def test_no_wait_outlasts_the_worker(self):
        session = self.session(timeout=30)
        self.servers.submission.faults.add("MAIL", Delay(30))
        session.kept_until, began = time.monotonic() + 0.5, time.monotonic()
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            self.send(session)
        self.assertLess(time.monotonic() - began, 2)

    def test_slow_steps_that_fit_are_waited_for(self):
        for step in ("CONNECT", "AUTH", "MAIL", "END_OF_DATA"):
            self.servers.submission.faults.add(step, Delay(0.3))
        self.send(self.session(timeout=4))
        self.assertEqual(len(self.sent()), 1)
