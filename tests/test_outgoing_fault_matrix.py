from odoo.tests import tagged

from .faults.case import FaultCase
from .faults.matrix import MAILS
from .servers import Delay, Dribble, Drop, Reset, replies

# Steps of which there is one in a session that serves all mails. Faults there strike in turn, each in a queue run of its own.
_OPENING = ("CONNECT", "EHLO", "STARTTLS", "AUTH")
# Steps of each mail.
_MAIL = ("MAIL", "RCPT", "BDAT", "END_OF_DATA")
_BUSY = replies.S421_4_3_2_SERVICE_NOT_AVAILABLE


@tagged("post_install", "-at_install")
class TestFaultMatrix(FaultCase):
    """Every fault that a server or the line to it can show: no mail is lost, none goes twice, none stops the others."""

    # --- the connection ends ---

    def test_a_connection_that_ends_while_it_is_opened(self):
        self.check("connection closed", [(step, Drop()) for step in _OPENING], times=1)

    def test_a_connection_that_ends_during_a_mail(self):
        steps = ("MAIL", "RCPT", "BDAT", "BODY", "END_OF_DATA")
        self.check(
            "connection closed, messages not taken,", [(step, Drop()) for step in steps], every=25, times=8, sent_at_once=150, doubted=8)

    def test_a_connection_that_ends_during_a_mail_to_a_server_without_extensions(self):
        steps = ("MAIL", "RCPT", "DATA", "BODY", "END_OF_DATA")
        self.check(
            "without PIPELINING and CHUNKING: connection closed, messages not taken,", [(step, Drop()) for step in steps],
            hidden=("PIPELINING", "CHUNKING"), every=25, times=8, sent_at_once=150, doubted=8)

    def test_a_connection_that_is_reset(self):
        steps = ("MAIL", "RCPT", "BODY", "END_OF_DATA")
        self.check(
            "connection reset, messages not taken,", [(step, Reset()) for step in steps], every=25, times=8, sent_at_once=150, doubted=8)

    def test_a_mail_in_doubt_goes_again_with_the_same_message_id(self):
        self.check(
            "connection closed, messages taken,", [("END_OF_DATA", Drop())], delivered=True, every=10, times=10, sent_at_once=150, twice=10)

    def test_a_connection_that_ends_at_the_farewell(self):
        self.check("connection closed", [("QUIT", Drop())], sent_at_once=MAILS)

    # --- the server says "later" ---
    # What is said to every mail of a sender lets his later mails wait behind the first, so that they keep their order.

    def test_the_server_says_421_while_the_connection_is_opened(self):
        self.check("421", [(step, _BUSY) for step in _OPENING], times=1)

    def test_the_server_says_421_during_a_mail(self):
        self.check("421", [(step, replies.S421_4_3_2_SERVICE_NOT_ACTIVE) for step in _MAIL], every=25, times=8, sent_at_once=40)

    def test_the_server_says_432(self):
        steps = ("MAIL", "END_OF_DATA")
        self.check(
            "432", [(step, replies.S432_4_3_2_CONCURRENT_CONNECTIONS) for step in steps], every=25, times=8, sent_at_once=40)

    def test_the_server_says_451(self):
        self.check("451", [(step, replies.S451_4_7_0_PROXY_ERROR) for step in _MAIL], every=25, times=8, sent_at_once=40)

    def test_the_server_says_452(self):
        steps = ("MAIL", "RCPT", "END_OF_DATA")
        self.check("452", [(step, replies.S452_4_5_3_TOO_MANY_RECIPIENTS) for step in steps], every=25, times=8, sent_at_once=150)

    def test_the_server_says_454(self):
        self.check("454", [(step, replies.S454_4_7_0_TEMPORARY_AUTH_FAILURE) for step in ("STARTTLS", "AUTH")], times=1)

    # --- the server says "never" ---

    def test_a_permanent_refusal_ends_that_mail_alone(self):
        self.check("550", [("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN)], every=5, times=20, sent_at_once=MAILS - 20, failed=20)

    def test_the_sign_in_is_refused_in_the_middle_of_a_run(self):
        # The first sign-in of the run is fine, that of the second connection is not.
        self.check("421, then 535,", [("RCPT", _BUSY), ("AUTH", replies.S535_5_7_139_BAD_CREDENTIALS)], every=2, times=1)

    # --- the server says nothing ---

    def test_a_server_that_falls_silent_while_the_connection_is_opened(self):
        self.check("silence", [(step, Delay(30)) for step in _OPENING], times=1, timeout=2)

    def test_a_server_that_falls_silent_during_a_mail(self):
        steps = ("MAIL", "BODY", "END_OF_DATA")
        self.check("silence", [(step, Delay(30)) for step in steps], every=60, times=1, timeout=2, twice=1, doubted=2)

    def test_a_server_that_gives_a_byte_a_second(self):
        # The minute that core waits is 3 seconds here, so that a second is a 20th of one.
        self.check("a byte a second", [("MAIL", Dribble(0.05))], times=1, every=50, timeout=3, sent_at_once=MAILS)
