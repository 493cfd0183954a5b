from imaplib import IMAP4

from odoo.tests import BaseCase, tagged

from ..tools.incoming.imap import Folder


class Connection:
    """Answers as `imaplib.IMAP4.uid` does, and keeps what was said."""

    def __init__(self, *answers, capabilities=b"IMAP4rev1"):
        self.answers, self.said, self._capabilities = list(answers), [], capabilities

    def response(self, name):
        return name, [{"UIDVALIDITY": b"14500000000001", "UIDNEXT": b"900"}[name]]

    def capability(self):
        return "OK", [self._capabilities]

    def uid(self, *arguments):
        self.said.append(" ".join(map(str, filter(None, arguments))))
        return self.answers.pop(0) if self.answers else ("OK", [None])


@tagged("post_install", "-at_install")
class TestFolder(BaseCase):

    def test_the_numbers_of_a_folder(self):
        folder = Folder(Connection())
        self.assertEqual((folder.validity, folder.uid_next), (14500000000001, 900))

    def test_a_search_without_an_answer_finds_nothing(self):
        for answer in ([None], [b""], []):
            self.assertEqual(Folder(Connection(("OK", answer))).search("UNSEEN"), set())

    def test_a_range_to_the_end_always_names_the_last_message(self):
        self.assertEqual(Folder(Connection(("OK", [b"7"]))).since(900), set())
        self.assertEqual(Folder(Connection(("OK", [b"7 900 901"]))).since(900), {900, 901})

    def test_the_uid_may_stand_before_or_after_the_source(self):
        answer = [(b"1 (UID 7 BODY[] {5}", b"first"), b")", (b"2 (BODY[] {6}", b"second"), b" UID 8)", b"3 (FLAGS (\\Seen) UID 9)"]
        connection = Connection(("OK", [b"1 (UID 7 RFC822.SIZE 5)", b"2 (UID 8 RFC822.SIZE 6)"]), ("OK", answer))
        self.assertEqual(list(Folder(connection).sources([8, 7])), [(7, b"first"), (8, b"second")])
        self.assertEqual(connection.said, ["FETCH 7,8 (UID RFC822.SIZE)", "FETCH 7,8 (UID BODY.PEEK[])"])

    def test_a_message_without_a_body_is_told_from_one_that_is_gone(self):
        connection = Connection(("OK", [None]), ("OK", [b"1 (UID 7 BODY[] NIL)"]))
        self.assertEqual(list(Folder(connection).sources([7, 8])), [(7, None)])

    def test_what_is_refused_together_is_asked_for_one_by_one(self):
        connection = Connection(
            ("OK", [None]), ("NO", [b"Server Unavailable. 15"]), ("OK", [(b"1 (UID 7 BODY[] {1}", b"x"), b")"]), ("NO", [b"bad item"]))
        self.assertEqual(list(Folder(connection).sources([7, 8])), [(7, b"x"), (8, None)])

    def test_large_messages_come_alone(self):
        megabytes = 1024 * 1024
        sizes = [b"1 (UID %d RFC822.SIZE %d)" % (uid, size * megabytes) for uid, size in ((1, 1), (2, 30), (3, 1), (4, 1))]
        connection = Connection(("OK", sizes))
        list(Folder(connection).sources([1, 2, 3, 4]))
        self.assertEqual(connection.said[1:], ["FETCH 1 (UID BODY.PEEK[])", "FETCH 2 (UID BODY.PEEK[])", "FETCH 3,4 (UID BODY.PEEK[])"])

    def test_what_is_deleted_is_no_more_than_what_was_meant(self):
        for capabilities, said in (
                (b"IMAP4rev1 UIDPLUS MOVE", ["MOVE 7 \"Done\""]),
                (b"IMAP4rev1 UIDPLUS", ["COPY 7 \"Done\"", "STORE 7 +FLAGS.SILENT (\\Deleted)", "EXPUNGE 7"]),
                (b"IMAP4rev1", ["COPY 7 \"Done\"", "STORE 7 +FLAGS.SILENT (\\Deleted)"])):
            connection = Connection(capabilities=capabilities)
            Folder(connection).move([7], "Done")
            self.assertEqual(connection.said, said)

    def test_names_of_folders_as_the_protocol_writes_them(self):
        for name, written in (("Odoo", '"Odoo"'), ("Gelöscht", '"Gel&APY-scht"'), ("R&D", '"R&-D"'), ('a"b\\c', '"a\\"b\\\\c"')):
            connection = Connection(capabilities=b"MOVE")
            Folder(connection).move([1], name)
            self.assertEqual(connection.said, [f"MOVE 1 {written}"])

    def test_a_refusal_is_an_error(self):
        with self.assertRaisesRegex(IMAP4.error, "throttled"):
            Folder(Connection(("NO", [b"Request is throttled"]))).mark_seen([1])
