from odoo.tests import tagged

from .faults.received import AT_ONCE, MANY, MESSAGES, ReceivedCase
from .servers import Delay, Drop, Hidden, LeftOut, NoBody, Reordered, Reset, Substitute, UidLast, Unasked, replies

# Steps in the order in which a fetch takes them. Faults there strike in turn, each in a fetch of its own.
_STEPS = ("CONNECT", "GREETING", "LOGIN", "CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT")
_ANSWERED = _STEPS[1:]
_COMMANDS = _STEPS[2:]
_CARRIED_OUT = {"answered": True}


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrix(ReceivedCase):
    """Every fault that a server or the line to it can show: every message is in Odoo once, or in the list with its source."""

    # --- the connection ends ---

    def test_a_connection_that_ends_before_a_command(self):
        self.check("connection closed before each step, in turn", [(step, Drop()) for step in _STEPS], messages=MANY)

    def test_a_connection_that_ends_when_a_command_was_carried_out(self):
        self.check(
            "connection closed after each step was carried out, in turn; the mail was there before the first connection",
            [(step, Drop()) for step in _ANSWERED], messages=MANY, unread_history=True, answered=True)

    def test_a_connection_that_ends_within_an_answer(self):
        self.check("connection closed in each answer, in turn", [(step, Drop()) for step in _ANSWERED], in_answer=5)

    def test_a_connection_that_is_reset(self):
        after = [(step, Reset(), _CARRIED_OUT) for step in _ANSWERED]
        self.check("connection reset before and after each step, in turn", [*((step, Reset()) for step in _STEPS), *after])

    def test_a_sweep_over_the_answer_to_fetch(self):
        positions = [*range(0, 60, 9), *range(150, 4400, 317)]
        self.check(
            f"connection closed after {len(positions)} numbers of octets of the answer to FETCH",
            [("UID FETCH", Drop(), {"in_answer": position}) for position in positions])

    def test_a_sweep_over_the_connection(self):
        self.check(
            "connection closed after numbers of octets",
            [("DOWNLOAD", Drop(), {"after_bytes": octets}) for octets in (50, 700, 1500, 4000)])

    def test_a_server_that_falls_silent(self):
        steps = ("CONNECT", "GREETING", "UID SEARCH", "UID FETCH", "UID STORE")
        faults = [(step, Delay(30)) for step in steps]
        self.check("silence before handshake and greeting, at SEARCH, FETCH and STORE, in turn", faults, timeout=1)

    def test_a_message_that_comes_in_pieces(self):
        self.check(
            "connection closed in the answers to FETCH of messages of 1.2 MB",
            [("UID FETCH", Drop(), {"in_answer": 100_000, "times": 2}), ("UID FETCH", Drop(), {"in_answer": 300_000, "every": 3})],
            messages=6, text="x" * 1_200_000)
        self.check(
            "NO to the second piece of a message of 1.2 MB, always",
            lambda: [("UID FETCH", replies.IMAP_NOT_CONVERTED, {"uid": self.uid(1), "every": 2, "times": None})],
            messages=4, text="x" * 1_200_000, named=1, posted_at_once=3)

    # --- the server refuses ---

    def test_the_server_refuses_a_command(self):
        for name, text in (("NO", replies.IMAP_UNAVAILABLE), ("BAD", replies.IMAP_ARGUMENT_ERROR)):
            self.check(f"{name} to each command, in turn", [(step, text) for step in _COMMANDS])

    def test_one_message_of_a_batch_is_refused(self):
        for title, times, named in (("once", 1, 0), ("always", None, 1)):
            self.check(
                f"NO to the FETCH of one message, {title}", lambda times=times: [
                    ("UID FETCH", replies.IMAP_NOT_CONVERTED, {"uid": self.uid(MESSAGES // 2), "times": times})],
                posted_at_once=AT_ONCE - 1, named=named)

    def test_a_throttled_mailbox_is_left_alone(self):
        both = (replies.IMAP_THROTTLED, replies.IMAP_THROTTLED_BAD) * 2
        for step, words in zip(("SELECT", "UID SEARCH", "UID FETCH", "UID STORE"), both, strict=True):
            text = words.format(milliseconds=295431)
            self.check(f"throttled at {step}: {text.partition(' ')[0]}", [(step, text)], first=self.obey, named_at_once=0)

    def test_a_busy_server_is_left_alone(self):
        for step in ("SELECT", "UID FETCH"):
            self.check(f"“Server Busy” at {step}", [(step, replies.IMAP_SERVER_BUSY)], first=self.obey, named_at_once=0)

    def obey(self):
        """Fetch, and again at once: then nobody connects."""
        self.matrix.run()
        before = len(self.matrix.front_connections())
        self.matrix.run()
        self.assertEqual(len(self.matrix.front_connections()), before, "Exchange asked for a pause")

    def test_a_mailbox_that_is_not_connected(self):
        steps = ("SELECT", "UID SEARCH", "UID FETCH")
        self.check("authenticated but not connected", [(step, replies.IMAP_NOT_CONNECTED) for step in steps], named_at_once=0)

    def test_the_server_says_goodbye(self):
        faults = [
            ("GREETING", replies.IMAP_BYE_14), ("UID FETCH", replies.IMAP_BYE_14, {"after_responses": 7}),
            ("UID SEARCH", replies.IMAP_BYE_14), ("UID STORE", replies.IMAP_BYE_14, _CARRIED_OUT)]
        self.check("BYE before and in the middle of answers", faults)

    def test_a_token_that_expires_in_a_fetch(self):
        faults = [
            ("UID FETCH", replies.IMAP_BYE_TOKEN_EXPIRED, {"after_responses": 7}),
            ("AUTHENTICATE", replies.IMAP_AUTHENTICATE_FAILED, {"every": 2}), ("AUTHENTICATE", Drop(), {"every": 2, "answered": True})]
        self.check("token expires in a fetch, and the next sign-in is refused", faults, arrange=self.matrix.sign_in_by_token, connections=2)

    # --- what Exchange hands out ---

    def rude(self, times):
        edits = (NoBody(), NoBody('""'), NoBody("{0}\r\n"), NoBody(""), LeftOut(), Substitute())
        return [("UID FETCH", edit, {"uid": self.uid(3 * number), "times": times}) for number, edit in enumerate(edits)]

    def test_a_message_without_text_is_asked_for_again(self):
        self.check("NIL, nothing, or a substitute in place of 6 messages, once", lambda: self.rude(1),
                   posted_at_once=AT_ONCE - 6, named_at_once=6)

    def test_a_message_that_never_has_a_text_is_listed(self):
        self.check("NIL, nothing, or a substitute in place of 6 messages, always", lambda: self.rude(None),
                   posted_at_once=AT_ONCE - 6, named=6)

    def test_a_message_that_shows_late(self):
        def late():
            return [("UID SEARCH", Hidden(), {"uid": self.uid(number), "times": 2}) for number in (0, 7, MESSAGES - 1)]

        self.check("3 messages show late, after those that arrived later, and a person has read them", late,
                   arrange=lambda: self.person(reads=(0, 7, MESSAGES - 1))(), posted_at_once=AT_ONCE - 3)

    def test_what_waits_longest_comes_first(self):
        def a_few():
            self.matrix.job["limit"] = third = MESSAGES // 3 + 1
            self.matrix.run()
            self.assertEqual(self.matrix.posted(), set(self.matrix.subjects[:third]))

        self.check("fetches that end early, after a third of the messages each: the oldest come first", first=a_few)

    def test_news_within_answers(self):
        expunged = Unasked(("* 1 EXPUNGE", "* 4711 EXISTS"))
        news = [(step, Unasked()) for step in ("SELECT", "UID SEARCH", "UID FETCH", "UID STORE")]
        self.check("news within answers, order of answers and items", [
            *news, ("UID FETCH", expunged), ("UID STORE", expunged), ("UID FETCH", UidLast()), ("UID FETCH", Reordered())],
            posted_at_once=AT_ONCE)
