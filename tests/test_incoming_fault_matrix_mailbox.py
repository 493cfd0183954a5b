from odoo.tests import tagged

from .faults.received import AT_ONCE, MESSAGES, ReceivedCase
from .servers import Call, Drop, replies

_CARRIED_OUT = {"answered": True}


@tagged("post_install", "-at_install")
class TestIncomingFaultMatrixMailbox(ReceivedCase):
    """The mailbox changes while it is read, by a person, by Exchange and by us: every message is in Odoo once, or in the list."""

    def with_folder(self):
        self.matrix.mailbox.create_folder("Done")

    # --- numbers ---

    def half(self):
        """Fetch half of the messages, of which one is kept; a person reads three of the others."""
        self.matrix.job |= {"limit": MESSAGES // 2, "failing": [self.matrix.subjects[5]]}
        self.matrix.run()
        self.person(reads=(MESSAGES - 2, MESSAGES - 3, MESSAGES - 4))()

    def test_the_folder_is_numbered_anew_between_two_fetches(self):
        def anew():
            self.matrix.renumber()
            self.half()
            self.person(deletes=(0, 1))()  # then the other ones get numbers that were theirs
            self.matrix.renumber()

        self.check("new UIDVALIDITY and UIDs between two fetches", first=anew, kept=1)

    def test_the_folder_gets_another_validity_with_the_same_numbers(self):
        def anew():
            self.half()
            self.matrix.revalidate()

        self.check("new UIDVALIDITY of 14 digits with the same UIDs between two fetches", first=anew, kept=1)

    def test_the_folder_is_numbered_anew_within_a_fetch(self):
        for step in ("UID SEARCH", "UID FETCH", "UID STORE"):
            def anew(step=step):
                self.half()
                self.fault(step, Call(self.matrix.renumber))
                self.matrix.run()

            self.check(f"new UIDVALIDITY and UIDs at {step}, in the middle of a fetch", first=anew, kept=1)

    # --- a person is faster ---

    def test_a_person_deletes_moves_and_reads(self):
        act = self.person(deletes=(0, 3), moves=(4, MESSAGES - 1), reads=(5, 6))
        for history in (False, True):
            self.check(
                f"a person deletes 2, moves 2, and reads 2 messages between SEARCH and FETCH, {'history' if history else 'new mail'}",
                [("UID FETCH", Call(act))], removed=4, named_at_once=0, unread_history=history)

    def test_a_person_has_read_everything_before(self):
        self.check("a person reads every message before it is fetched", posted_at_once=AT_ONCE,
                   first=lambda: (self.person(reads=range(MESSAGES))(), self.matrix.run()))

    # --- what becomes of the messages in the mailbox ---

    def test_messages_are_moved(self):
        faults = [(step, Drop(), options) for step in ("UID STORE", "UID MOVE") for options in ({}, {"in_answer": 4})]
        self.check("moved: connection closed before and after STORE and MOVE", faults, after="move", arrange=self.with_folder)

    def test_messages_are_copied_and_deleted(self):
        faults = [(step, Drop(), options) for step in ("UID COPY", "UID STORE", "UID EXPUNGE") for options in ({}, _CARRIED_OUT)]
        self.check(
            "moved without MOVE: connection closed before and after COPY, STORE and EXPUNGE", faults, after="move", hidden=("MOVE",),
            arrange=self.with_folder)
        self.check(
            "moved without MOVE and UIDPLUS: connection closed before and after COPY and STORE", faults[:4], after="move",
            hidden=("MOVE", "UIDPLUS"), arrange=self.with_folder)

    def test_messages_are_deleted(self):
        faults = [(step, Drop(), options) for step in ("UID STORE", "UID EXPUNGE") for options in ({}, {"in_answer": 4})]
        self.check("deleted: connection closed before and after STORE and EXPUNGE", faults, after="delete")
        self.check("deleted without UIDPLUS: connection closed before and after STORE", faults[:2], after="delete", hidden=("UIDPLUS",))

    def test_messages_are_left(self):
        faults = [("UID FETCH", Drop(), _CARRIED_OUT), ("LOGOUT", Drop())]
        self.check("left as they are: connection closed at FETCH and LOGOUT", faults, after="leave")

    def test_what_cannot_be_processed_stays_in_the_mailbox(self):
        for title, after in (("moved", "move"), ("deleted", "delete")):
            self.check(
                f"{title}: core stumbles over 2 messages", after=after, kept=2, posted_at_once=AT_ONCE - 2,
                arrange=lambda: (self.with_folder(), self.matrix.job.update(failing=[self.matrix.subjects[each] for each in (3, 9)])))

    def test_the_folder_to_move_to_is_missing(self):
        self.check(
            "the folder to move to is missing at first", after="move", posted_at_once=AT_ONCE,
            first=lambda: (self.matrix.run(), self.matrix.run(), self.with_folder()))

    def test_the_mailbox_is_full(self):
        faults = [("UID MOVE", replies.IMAP_OVERQUOTA, {"times": 3})]
        self.check("the mailbox is full at MOVE, 3 times", faults, after="move", arrange=self.with_folder, posted_at_once=AT_ONCE)
        self.check("the mailbox is full at COPY, 3 times", [("UID COPY", *faults[0][1:])], after="move", arrange=self.with_folder,
                   hidden=("MOVE",), posted_at_once=AT_ONCE)

    def test_a_folder_is_gone(self):
        def fetched_folders():
            for name in ("INBOX", "Orders"):
                self.matrix.store.sql(
                    "INSERT INTO office365_folder (server_id, name, is_fetched) VALUES (%s, %s, TRUE) "
                    "ON CONFLICT (server_id, name) DO UPDATE SET is_fetched = TRUE", self.matrix.server_id, name)

        self.check(
            "a folder is gone at first, and comes back with mail", arrange=fetched_folders, posted_at_once=AT_ONCE,
            first=lambda: (self.matrix.run(), self.matrix.deliver(10, "Orders")))
