from odoo.tests import tagged

from .faults.received import AT_ONCE, MANY, MESSAGES, ReceivedCase
from .servers import Call, Drop, Reset, Substitute, replies

# Steps in the order in which a fetch takes them. Faults there strike in turn, each in a fetch of its own.
_STEPS = ("CONNECT", "GREETING", "USER", "PASS", "UIDL", "LIST", "RETR", "QUIT")


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrixPop(ReceivedCase):
    """Faults of POP, where a deletion counts only once the server has answered QUIT."""

    preset = "pop"

    def delete(self, *numbers):
        """Delete messages as a person does, by the order of arrival."""
        subjects = {self.matrix.subjects[number] for number in numbers}
        for message in self.matrix.mailbox.messages():
            if message["Subject"] in subjects:
                self.matrix.mailbox.delete(message)
        self.matrix.removed.update(subjects)

    def test_a_connection_that_ends_before_a_command(self):
        self.check("POP, left: connection closed before each step, in turn", [(step, Drop()) for step in _STEPS], after="leave")
        self.check("POP, deleted: connection closed before each step, in turn",
                   [(step, Drop()) for step in (*_STEPS[:-1], "DELE", "QUIT")], messages=MANY, after="delete")

    def test_a_connection_that_ends_when_a_command_was_carried_out(self):
        self.check("POP, left: connection closed after each step was carried out, in turn",
                   [(step, Drop()) for step in _STEPS[1:]], answered=True, after="leave")
        self.check("POP, deleted: connection reset after each step was carried out, in turn",
                   [(step, Reset()) for step in (*_STEPS[1:-1], "DELE", "QUIT")], answered=True, after="delete")

    def test_a_connection_that_ends_within_an_answer(self):
        faults = [(step, Drop(), {"in_answer": 4}) for step in ("UIDL", "LIST", "RETR", "QUIT")]
        middle = [("RETR", Drop(), {"in_answer": octets}) for octets in range(20, 140, 30)]
        self.check("POP, deleted: connection closed within answers", [*faults, *middle], after="delete")

    def test_a_lost_farewell_doubles_nothing(self):
        faults = [("QUIT", Drop()), ("QUIT", Drop(), {"answered": True})]
        for after in ("leave", "delete"):
            self.check(f"POP, QUIT lost before it was carried out, then after ({after})", faults, after=after, posted_at_once=AT_ONCE)

    def test_a_refused_message_stops_nobody(self):
        for title, times, named in (("once", 1, 0), ("always", None, 1)):
            self.check(f"POP: -ERR to the RETR of one message, {title}", [
                ("RETR", "-ERR Message could not be retrieved.", {"uid": 6, "times": times})],
                after="leave", posted_at_once=AT_ONCE - 1, named_at_once=1, named=named)

    def test_the_mailbox_is_in_use_or_out_of_reach(self):
        faults = [("PASS", replies.POP_IN_USE), ("PASS", replies.POP_UNAVAILABLE), ("UIDL", replies.POP_UNAVAILABLE),
                  ("LIST", replies.POP_UNAVAILABLE), ("DELE", replies.POP_UNAVAILABLE), ("QUIT", replies.POP_UNAVAILABLE)]
        self.check("POP, deleted: [IN-USE], and “Server Unavailable” to each command, in turn", faults, after="delete")

    def test_a_token_is_refused(self):
        for title, times, at_once in (("once", 1, AT_ONCE), ("twice", 2, 0)):
            self.check(f"POP, signed in by token: the token is refused {title}",
                       [("AUTH", replies.POP_AUTHENTICATION_FAILURE, {"times": times})],
                       arrange=self.matrix.sign_in_by_token, connections=2, after="delete", posted_at_once=at_once, named_at_once=0)

    def test_a_token_that_expires_in_a_fetch(self):
        faults = [("RETR", Drop(), {"every": 7}), ("AUTH", replies.POP_AUTHENTICATION_FAILURE, {"every": 2}),
                  ("AUTH", Drop(), {"every": 3, "answered": True})]
        self.check("POP, signed in by token: it expires in a fetch, and the next sign-in is refused", faults,
                   arrange=self.matrix.sign_in_by_token, connections=2, after="delete", named_at_once=0)

    def test_the_mailbox_has_to_wait(self):
        throttled = replies.IMAP_THROTTLED.replace("NO", "-ERR").format(milliseconds=295431)
        self.check("POP: throttled at RETR", [("RETR", throttled)], after="leave", named_at_once=0)

    def test_a_line_that_is_very_long(self):
        """Core's bound would end it in the middle, and the rest of the message would be taken for answers about other messages."""
        forged = "+OK\r\nSubject: forged\r\nMessage-Id: <forged@fabrikam.example>\r\n\r\nforged\r\n" * 30

        def arrive():
            self.matrix.deliver(1, text=f"{'x' * 70_000}\r\n{forged}")
            self.matrix.deliver(5)

        self.check("POP: a line of 70 kB, with forged answers after it", arrange=arrive, after="leave", posted_at_once=AT_ONCE)

    def test_a_substitute_is_no_mail(self):
        self.check("POP: a substitute in place of a message, once", [("RETR", Substitute(), {"uid": 3})], after="leave",
                   posted_at_once=AT_ONCE - 1, named_at_once=1)

    def test_a_person_deletes_between_two_sessions(self):
        def half():
            self.matrix.job["limit"] = MESSAGES // 2
            self.matrix.run()
            self.assertEqual(self.matrix.posted(), set(self.matrix.subjects[:MESSAGES // 2]), "the oldest come first")
            self.delete(0, 1, MESSAGES - 2)

        self.check("POP: a person deletes 3 messages between two sessions, and numbers shift", first=half, after="leave", removed=1)

    def test_a_person_deletes_within_a_session(self):
        faults = [("RETR", Call(lambda: self.delete(AT_ONCE - 1)))]
        self.check("POP: a person deletes a message within the session", faults, after="delete", removed=1)
