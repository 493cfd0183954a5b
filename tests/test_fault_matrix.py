from odoo.tests import tagged

from .faults.case import FaultCase
from .servers import Delay, Dribble, Drop, Reset, replies

# Steps of which there is one in a session that serves all mails: a fault there strikes before the first of them.
_OPENING = ("CONNECT", "EHLO", "STARTTLS", "AUTH")
_NAMES = {
    "CONNECT": "before the banner", "EHLO": "in EHLO", "STARTTLS": "in STARTTLS", "AUTH": "at the sign-in", "MAIL": "at MAIL",
    "RCPT": "at RCPT", "DATA": "at DATA", "BDAT": "at BDAT", "BODY": "in the message", "END_OF_DATA": "after the message, before the reply",
    "QUIT": "at QUIT",
}
_EVERY = 10


@tagged("post_install", "-at_install")
class TestFaultMatrix(FaultCase):
    """Every fault that a server or the line to it can show: no mail is lost, none goes twice, none stops the others."""

    def fault(self, step, action, *, times=None, every=_EVERY, **options):
        """Return what scripts a fault, by default at each tenth occasion."""
        return lambda: self.matrix.servers.submission.faults.add(step, action, times=times, every=every, **options)

    # --- the connection ends ---

    def test_a_connection_that_ends_while_it_is_opened(self):
        for step in _OPENING:
            self.check(f"connection closed {_NAMES[step]}", self.fault(step, Drop(), times=1, every=1))

    def test_a_connection_that_ends_during_a_mail(self):
        for step in ("MAIL", "RCPT", "BDAT", "BODY"):
            self.check(f"connection closed {_NAMES[step]}, every {_EVERY}th time", self.fault(step, Drop()), sent_at_once=150)

    def test_a_connection_that_is_reset(self):
        for step in ("MAIL", "BODY"):
            self.check(f"connection reset {_NAMES[step]}, every {_EVERY}th time", self.fault(step, Reset()), sent_at_once=150)

    def test_a_connection_that_ends_before_the_last_reply(self):
        for action, name in ((Drop(), "closed"), (Reset(), "reset")):
            self.check(
                f"connection {name} {_NAMES['END_OF_DATA']}, every {_EVERY}th time, message not taken",
                self.fault("END_OF_DATA", action), sent_at_once=150)

    def test_a_mail_in_doubt_goes_again_with_the_same_message_id(self):
        self.check(
            f"connection closed {_NAMES['END_OF_DATA']}, 10 times, message taken",
            self.fault("END_OF_DATA", Drop(), delivered=True, times=10), sent_at_once=150, twice=10)

    def test_a_connection_that_ends_at_the_farewell(self):
        self.check("connection closed at QUIT", self.fault("QUIT", Drop(), every=1), sent_at_once=200)

    # --- the server says "later" ---

    def test_the_server_says_421_while_the_connection_is_opened(self):
        for step in _OPENING:
            self.check(
                f"421 {_NAMES[step]}", self.fault(step, replies.S421_4_3_2_SERVICE_NOT_AVAILABLE, times=1, every=1))

    def test_the_server_says_421_during_a_mail(self):
        for step in ("MAIL", "RCPT", "BDAT", "END_OF_DATA"):
            self.check(
                f"421 {_NAMES[step]}, every {_EVERY}th time", self.fault(step, replies.S421_4_3_2_SERVICE_NOT_ACTIVE), sent_at_once=100)

    def test_the_server_says_432(self):
        for step in ("MAIL", "END_OF_DATA"):
            self.check(
                f"432 {_NAMES[step]}, every {_EVERY}th time", self.fault(step, replies.S432_4_3_2_CONCURRENT_CONNECTIONS))

    def test_the_server_says_451(self):
        for step in ("MAIL", "RCPT", "BDAT", "END_OF_DATA"):
            self.check(
                f"451 {_NAMES[step]}, every {_EVERY}th time", self.fault(step, replies.S451_4_7_0_PROXY_ERROR), sent_at_once=150)

    def test_the_server_says_452(self):
        for step in ("RCPT", "END_OF_DATA"):
            self.check(
                f"452 {_NAMES[step]}, every {_EVERY}th time", self.fault(step, replies.S452_4_5_3_TOO_MANY_RECIPIENTS), sent_at_once=150)

    def test_the_server_says_454(self):
        for step in ("STARTTLS", "AUTH"):
            self.check(f"454 {_NAMES[step]}", self.fault(step, replies.S454_4_7_0_TEMPORARY_AUTH_FAILURE, times=1, every=1))

    # --- the server says "never" ---

    def test_a_permanent_refusal_ends_that_mail_alone(self):
        self.check(
            f"550 {_NAMES['RCPT']}, 20 times", self.fault("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN, times=20), sent_at_once=180, failed=20)

    def test_the_sign_in_is_refused_in_the_middle_of_a_run(self):
        def arrange():
            self.fault("MAIL", replies.S421_4_3_2_SERVICE_NOT_ACTIVE, times=1, every=50)()
            # The first sign-in of the run is fine, that of the second connection is not.
            self.fault("AUTH", replies.S535_5_7_139_BAD_CREDENTIALS, times=1, every=2)()

        self.check("535 at the sign-in, in the middle of the run", arrange, sent_at_once=49)

    # --- the server says nothing ---

    def test_a_server_that_falls_silent(self):
        for step in ("CONNECT", "EHLO", "MAIL", "BODY"):
            self.check(f"silence {_NAMES[step]}", self.fault(step, Delay(30), times=1, every=1 if step in _OPENING else 50), timeout=2)

    def test_a_server_that_falls_silent_after_the_message(self):
        self.check(
            f"silence {_NAMES['END_OF_DATA']}, message not taken", self.fault("END_OF_DATA", Delay(30), times=1, every=50),
            timeout=2)

    def test_a_server_that_gives_a_byte_a_second(self):
        # The minute that core waits is 3 seconds here, so a second is a 20th of one.
        self.check("a reply of one byte a second", self.fault("END_OF_DATA", Dribble(0.05), times=1, every=50), timeout=3, sent_at_once=200)
