from odoo.tests import tagged

from .faults.received import FEW, MESSAGES, ReceivedCase
from .servers import Call, Delay, Drop, Hidden, LeftOut, NoBody, Reordered, Reset, Substitute, UidLast, Unasked, replies

# Steps in the order in which a fetch takes them. Faults there strike in turn, each in a fetch of its own.
_STEPS = ("CONNECT", "GREETING", "LOGIN", "CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT")
_ANSWERED = _STEPS[1:]
_COMMANDS = _STEPS[2:]
_CARRIED_OUT = {"answered": True}


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrix(ReceivedCase):
    """Every fault that a server or the line to it can show: every message is in Odoo once, or in the list with its source."""

    def uid(self, number):
        """Return the UID of a message by the order of arrival."""
        subject = self.matrix.subjects[number]
        return next(uid for uid, message in self.matrix.mailbox.uids().items() if message["Subject"] == subject)

    def person(self, *, deletes=(), moves=(), reads=()):
        """Return what a person does with messages, by the order of arrival."""
        def act():
            messages = self.matrix.mailbox.messages()
            by_subject = {str(message["Subject"]): message for message in messages}
            subjects, mailbox = self.matrix.subjects, self.matrix.mailbox
            for number in deletes:
                mailbox.delete(by_subject[subjects[number]])
            for number in moves:
                mailbox.move(by_subject[subjects[number]], "Archiv")
            for number in reads:
                mailbox.flag(by_subject[subjects[number]], "S")
            self.matrix.removed.update(subjects[number] for number in (*deletes, *moves))
            self.matrix.read.update(subjects[number] for number in reads)

        return act

    def with_folder(self):
        self.matrix.mailbox.create_folder("Done")

    # --- the connection ends ---

    def test_a_connection_that_ends_before_a_command(self):
        self.check("connection closed before each step, in turn", [(step, Drop()) for step in _STEPS], messages=MESSAGES)

    def test_a_connection_that_ends_when_a_command_was_carried_out(self):
        self.check(
            "connection closed after each step was carried out, in turn; the mail was there before the first connection",
            [(step, Drop()) for step in _ANSWERED], messages=MESSAGES, unread_history=True, answered=True)

    def test_a_connection_that_ends_within_an_answer(self):
        self.check("connection closed in each answer, in turn", [(step, Drop()) for step in _ANSWERED], in_answer=5)

    def test_a_connection_that_is_reset(self):
        after = [(step, Reset(), _CARRIED_OUT) for step in _ANSWERED]
        self.check("connection reset before and after each step, in turn", [*((step, Reset()) for step in _STEPS), *after])

    def test_a_sweep_over_the_answer_to_fetch(self):
        positions = [*range(0, 60, 9), *range(150, 20 * 300, 317)]
        self.check(
            f"connection closed after {len(positions)} numbers of octets of the answer to FETCH",
            [("UID FETCH", Drop(), {"in_answer": position}) for position in positions], messages=20)

    def test_a_sweep_over_the_connection(self):
        self.check(
            "connection closed after numbers of octets", [("DOWNLOAD", Drop(), {"after_bytes": octets}) for octets in (50, 700, 1500, 9000)])

    def test_a_server_that_falls_silent(self):
        steps = ("CONNECT", "GREETING", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT")
        self.check("silence at each step, in turn", [(step, Delay(30)) for step in steps], timeout=1)

    def test_a_message_that_comes_in_pieces(self):
        self.check(
            "connection closed in the answers to FETCH of messages of 600 kB",
            [("UID FETCH", Drop(), {"in_answer": 100_000, "times": 2}), ("UID FETCH", Drop(), {"in_answer": 300_000, "every": 3})],
            messages=6, size=600_000)

    # --- the server refuses ---

    def test_the_server_refuses_a_command(self):
        for name, text in (("NO", replies.IMAP_UNAVAILABLE), ("BAD", replies.IMAP_ARGUMENT_ERROR)):
            self.check(f"{name} to each command, in turn", [(step, text) for step in _COMMANDS])

    def test_one_message_of_a_batch_is_refused(self):
        for title, times, named in (("once", 1, 0), ("always", None, 1)):
            self.check(
                f"NO to the FETCH of one message, {title}", lambda times=times: [
                    ("UID FETCH", replies.IMAP_NOT_CONVERTED, {"uid": self.uid(FEW // 2), "times": times})],
                posted_at_once=FEW - 1, named=named)

    def test_a_throttled_mailbox_is_left_alone(self):
        for words in (replies.IMAP_THROTTLED, replies.IMAP_THROTTLED_BAD):
            text = words.format(milliseconds=295431)
            for step in ("SELECT", "UID SEARCH", "UID FETCH", "UID STORE"):
                self.check(f"throttled at {step}: {text.partition(' ')[0]}", [(step, text)], first=self.obey, messages=10, named_at_once=0)

    def test_a_busy_server_is_left_alone(self):
        for step in ("SELECT", "UID FETCH"):
            self.check(f"“Server Busy” at {step}", [(step, replies.IMAP_SERVER_BUSY)], first=self.obey, messages=10, named_at_once=0)

    def obey(self):
        """Fetch, and again at once: then nobody connects."""
        self.matrix.run()
        before = len(self.matrix.front_connections())
        self.matrix.run()
        self.assertEqual(len(self.matrix.front_connections()), before, "Exchange asked for a pause")

    def test_a_mailbox_that_is_not_connected(self):
        self.check("authenticated but not connected", [(step, replies.IMAP_NOT_CONNECTED) for step in ("SELECT", "UID SEARCH", "UID FETCH")])

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
        self.check("NIL, nothing, or a substitute in place of 6 messages, once", lambda: self.rude(1), posted_at_once=FEW - 6, named_at_once=6)

    def test_a_message_that_never_has_a_text_is_listed(self):
        self.check("NIL, nothing, or a substitute in place of 6 messages, always", lambda: self.rude(None), posted_at_once=FEW - 6, named=6)

    def test_a_message_that_shows_late(self):
        def late():
            return [("UID SEARCH", Hidden(), {"uid": self.uid(number), "times": 2}) for number in (0, 7, FEW - 1)]

        self.check("3 messages show late, after those that arrived later", late, posted_at_once=FEW - 3)

    def test_news_within_answers(self):
        expunged = Unasked(("* 1 EXPUNGE", "* 4711 EXISTS"))
        news = [(step, Unasked()) for step in ("SELECT", "UID SEARCH", "UID FETCH", "UID STORE")]
        self.check("news within answers, order of answers and items", [
            *news, ("UID FETCH", expunged), ("UID STORE", expunged), ("UID FETCH", UidLast()), ("UID FETCH", Reordered())],
            posted_at_once=FEW)

    # --- numbers ---

    def half(self):
        """Fetch half of the messages, of which one is kept; a person reads three of the others."""
        self.matrix.job |= {"limit": FEW // 2, "failing": [self.matrix.subjects[5]]}
        self.matrix.run()
        self.person(reads=(FEW - 2, FEW - 3, FEW - 4))()

    def test_the_folder_is_numbered_anew_between_two_fetches(self):
        def anew():
            self.half()
            self.matrix.mailbox.renumber()

        self.check("new UIDVALIDITY and UIDs between two fetches", first=anew, kept=1)

    def test_the_folder_gets_another_validity_with_the_same_numbers(self):
        def anew():
            self.half()
            self.matrix.servers.imap.uidvalidity = lambda validity: validity + 10**13

        self.check("new UIDVALIDITY of 14 digits with the same UIDs between two fetches", first=anew, kept=1)

    def test_the_folder_is_numbered_anew_within_a_fetch(self):
        for step in ("UID SEARCH", "UID FETCH", "UID STORE"):
            def anew(step=step):
                self.half()
                self.fault(step, Call(self.matrix.mailbox.renumber))
                self.matrix.run()

            self.check(f"new UIDVALIDITY and UIDs at {step}, in the middle of a fetch", first=anew, kept=1)

    # --- a person is faster ---

    def test_a_person_deletes_moves_and_reads(self):
        act = self.person(deletes=(0, 3), moves=(4, FEW - 1), reads=(5, 6))
        for history in (False, True):
            self.check(
                f"a person deletes 2, moves 2, and reads 2 messages between SEARCH and FETCH, {'unread history' if history else 'new mail'}",
                [("UID FETCH", Call(act))], removed=4, unread_history=history)

    def test_a_person_has_read_everything_before(self):
        self.check("a person reads every message before it is fetched", first=lambda: (self.person(reads=range(FEW))(), self.matrix.run()),
                   posted_at_once=FEW)

    # --- what becomes of the messages in the mailbox ---

    def test_messages_are_moved(self):
        faults = [(step, Drop(), options) for step in ("UID STORE", "UID MOVE") for options in ({}, {"in_answer": 4}, _CARRIED_OUT)]
        self.check("moved: connection closed before, in and after STORE and MOVE", faults, after="move", arrange=self.with_folder)

    def test_messages_are_copied_and_deleted(self):
        faults = [(step, Drop(), options) for step in ("UID COPY", "UID STORE", "UID EXPUNGE") for options in ({}, _CARRIED_OUT)]
        self.check(
            "moved without MOVE: connection closed before and after COPY, STORE and EXPUNGE", faults, after="move", hidden=("MOVE",),
            arrange=self.with_folder)
        self.check(
            "moved without MOVE and UIDPLUS: connection closed before and after COPY and STORE", faults[:4], after="move",
            hidden=("MOVE", "UIDPLUS"), arrange=self.with_folder)

    def test_messages_are_deleted(self):
        faults = [(step, Drop(), options) for step in ("UID STORE", "UID EXPUNGE") for options in ({}, {"in_answer": 4}, _CARRIED_OUT)]
        self.check("deleted: connection closed before, in and after STORE and EXPUNGE", faults, after="delete")
        self.check("deleted without UIDPLUS: connection closed before and after STORE", faults[:3], after="delete", hidden=("UIDPLUS",))

    def test_messages_are_left(self):
        faults = [("UID FETCH", Drop(), _CARRIED_OUT), ("LOGOUT", Drop())]
        self.check("left as they are: connection closed at FETCH and LOGOUT", faults, after="leave")

    def test_what_cannot_be_processed_stays_in_the_mailbox(self):
        for after in ("move", "delete"):
            self.check(
                f"{after}d: core stumbles over 2 messages".replace("deleted", "deleted"), after=after, kept=2, posted_at_once=FEW - 2,
                arrange=lambda: (self.with_folder(), self.matrix.job.update(failing=[self.matrix.subjects[each] for each in (3, 9)])))

    def test_the_folder_to_move_to_is_missing(self):
        self.check(
            "the folder to move to is missing at first", after="move", posted_at_once=FEW,
            first=lambda: (self.matrix.run(), self.matrix.run(), self.with_folder()))

    def test_the_mailbox_is_full(self):
        faults = [("UID MOVE", replies.IMAP_OVERQUOTA, {"times": 3})]
        self.check("the mailbox is full at MOVE, 3 times", faults, after="move", arrange=self.with_folder, posted_at_once=FEW)
        self.check("the mailbox is full at COPY, 3 times", [("UID COPY", *faults[0][1:])], after="move", arrange=self.with_folder,
                   hidden=("MOVE",), posted_at_once=FEW)

    def test_a_folder_is_gone(self):
        def fetched_folders():
            for name in ("INBOX", "Orders"):
                self.matrix.store.sql(
                    "INSERT INTO office365_folder (server_id, name, is_fetched) VALUES (%s, %s, TRUE) "
                    "ON CONFLICT (server_id, name) DO UPDATE SET is_fetched = TRUE", self.matrix.server_id, name)

        self.check(
            "a folder is gone at first, and comes back with mail", arrange=fetched_folders, posted_at_once=FEW,
            first=lambda: (self.matrix.run(), self.matrix.deliver(10, "Orders")))
