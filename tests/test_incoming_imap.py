from datetime import datetime, timezone

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from odoo.tests import BaseCase, tagged

from ..tools.incoming.imap import _FIRST, _PIECE, ImapFolder, folder_names
from ..tools.incoming.item import Source

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=timezone.utc)
MEGABYTES = 1024 * 1024


class Client:
    """Answers as `imapclient.IMAPClient` does, and keeps what was said."""

    normalise_times = False
    refusal = "Server Unavailable. 15"

    def __init__(self, *, found=(), sources=None, omitted=(), refused=(), capabilities=(), dates=None, folders=()):
        self.found, self.sources, self.omitted, self.refused = found, sources or {}, omitted, refused
        self.capabilities, self.dates, self.folders, self.said = capabilities, dates or {}, folders, []

    def select_folder(self, name, readonly=False):
        return {b"UIDVALIDITY": 14500000000001, b"UIDNEXT": 900, b"EXISTS": len(self.sources)}

    def search(self, criteria):
        self.said.append(f"SEARCH {criteria}")
        found = self.found(criteria) if callable(self.found) else self.found
        return [uid for uid in found if uid in self.sources] if criteria.startswith("UID") and "*" not in criteria else list(found)

    def fetch(self, uids, items):
        self.said.append(f"FETCH {','.join(map(str, uids))} {items[-1]}")
        if set(uids) & set(self.refused):
            raise IMAPClientError(f"fetch failed: {self.refusal}")
        answer = {}
        for uid in uids:
            if uid not in self.sources or uid in self.omitted:
                continue
            answer[uid] = {b"SEQ": 1, b"INTERNALDATE": self.dates.get(uid, NOON)}
            if "<" in items[-1]:
                start, size = map(int, items[-1].partition("<")[2].rstrip(">").split("."))
                source = self.sources[uid]
                answer[uid][b"BODY[]<%d>" % start] = None if source is None else source[start:start + size]
        return answer

    def has_capability(self, name):
        return name in self.capabilities

    def list_folders(self):
        return self.folders

    def __getattr__(self, name):
        return lambda *arguments, **_kwargs: self.said.append(" ".join([name, *map(str, arguments)]))


class Talkative(Client):
    """Tells of the flags of a message that nobody asked about."""

    def fetch(self, uids, items):
        return {**super().fetch(uids, items), 8: {b"SEQ": 8, b"FLAGS": (rb"\Seen",)}}


def read(client, uids, most=64 * MEGABYTES):
    return list(ImapFolder(client, "INBOX").sources(uids, most))


@tagged("post_install", "-at_install")
class TestImapFolder(BaseCase):

    def test_a_server_that_asks_for_a_pause_is_not_asked_message_by_message(self):
        for refusal in ("Request is throttled. Suggested Backoff Time: 295431 milliseconds", "Server Busy.",
                        "User is authenticated but not connected."):
            with self.subTest(refusal):
                client = Client(sources={uid: b"x" for uid in range(1, 9)}, refused={3})
                client.refusal = refusal
                with self.assertRaisesRegex(IMAPClientError, refusal):
                    read(client, range(1, 9))
                self.assertEqual(len(client.said), 1)


    def test_the_numbers_of_a_folder(self):
        folder = ImapFolder(Client(), "INBOX")
        self.assertEqual((folder.validity, folder.uid_next), ("14500000000001", 900))

    def test_a_range_to_the_end_always_names_the_last_message(self):
        for found, expected in (([7], set()), ([7, 900, 901], {900, 901}), ([], set())):
            folder = ImapFolder(Client(found=found), "INBOX")
            self.assertEqual(folder.arrived_from(900, or_unread=False), expected)

    def test_the_last_message_is_no_unread_one_for_being_the_last(self):
        for unread, expected in (([], set()), ([3], {3}), ([3, 7], {3, 7})):
            folder = ImapFolder(Client(found=lambda criteria, unread=unread: unread if criteria == "UNSEEN" else [*unread, 7]), "INBOX")
            self.assertEqual(folder.arrived_from(900, or_unread=True), expected)
        client = Client(found=[3, 901])
        self.assertEqual(ImapFolder(client, "INBOX").arrived_from(900, or_unread=True), {3, 901})
        self.assertEqual(client.said, ["SEARCH OR UNSEEN UID 900:*"], "one question")

    def test_a_date_is_compared_to_the_second(self):
        sources = dict.fromkeys((1, 2, 3), b"x")
        client = Client(found=[1, 2, 3], sources=sources, dates={1: NOON.replace(hour=11), 2: NOON, 3: NOON.replace(hour=13)})
        folder = ImapFolder(client, "INBOX")
        self.assertEqual(folder.received_since(datetime(2026, 11, 2, 12), or_unread=False), {2, 3})
        self.assertEqual(client.said[0], "SEARCH SINCE 01-Nov-2026", "the server compares days, of whatever time zone")

    def test_messages_come_in_their_order_with_their_dates(self):
        client = Client(sources={7: b"first", 8: b"second"})
        noon = datetime(2026, 11, 2, 12)
        self.assertEqual(read(client, [8, 7]), [Source(7, b"first", noon), Source(8, b"second", noon)])
        self.assertEqual(client.said, [f"FETCH 7,8 BODY.PEEK[]<0.{_FIRST}>"])

    def test_a_message_without_a_body_is_told_from_one_that_is_gone(self):
        for body in (None, b""):
            client = Client(found=[7], sources={7: body})
            self.assertEqual([(source.uid, source.octets) for source in read(client, [7, 8])], [(7, None)])
            self.assertEqual(client.said[-1], "SEARCH UID 7,8")
        self.assertEqual(read(Client(sources={7: None}), [7]), [], "NIL is what some servers say of a message that is gone")

    def test_a_message_left_out_of_the_answer_is_told_from_one_that_is_gone(self):
        client = Client(found=[7], sources={7: b"x"}, omitted=[7])
        self.assertEqual([(source.uid, source.octets) for source in read(client, [7, 8])], [(7, None)])
        self.assertEqual(client.said[-1], "SEARCH UID 7,8")

    def test_news_about_a_flag_are_no_answer(self):
        self.assertEqual([source.uid for source in read(Talkative(sources={7: b"x"}), [7, 8])], [7])

    def test_what_is_refused_together_is_asked_for_in_halves(self):
        client = Client(sources=dict.fromkeys(range(1, 9), b"x"), refused=[6])
        self.assertEqual([(source.uid, source.octets) for source in read(client, range(1, 9))], [
            (uid, None if uid == 6 else b"x") for uid in range(1, 9)])
        self.assertEqual(len(client.said), 7, "8, 4, 4, 2, 1, 1, 2")

    def test_a_lost_connection_is_no_refusal(self):
        class Lost(Client):
            def fetch(self, uids, items):
                raise IMAPClientAbortError("EOF")

        with self.assertRaises(IMAPClientAbortError):
            read(Lost(sources={1: b"x"}), [1])

    def test_large_messages_come_piece_by_piece_and_no_more_than_wanted(self):
        long = bytes(range(256)) * (21 * MEGABYTES // 256)
        client = Client(sources={1: b"x", 2: long, 3: b"x" * _FIRST})
        self.assertEqual([source.octets for source in read(client, [1, 2, 3])], [b"x", long, b"x" * _FIRST])
        self.assertEqual(client.said[1:], [f"FETCH 2 BODY.PEEK[]<{_FIRST + number * _PIECE}.{_PIECE}>" for number in range(3)] + [
            f"FETCH 3 BODY.PEEK[]<{_FIRST}.{_PIECE}>"])
        [source] = read(Client(sources={2: long}), [2], most=MEGABYTES)
        self.assertEqual(len(source.octets), _FIRST + _PIECE, "enough to know that it is too long")

    def test_what_is_moved_is_copied_and_deleted_where_the_server_cannot_move(self):
        for capabilities, expected in (
            (["MOVE", "UIDPLUS"], ["move [1, 2] Odoo"]),
            (["UIDPLUS"], ["copy [1, 2] Odoo", "add_flags [1, 2] [b'\\\\Deleted']", "uid_expunge [1, 2]"]),
            ([], ["copy [1, 2] Odoo", "add_flags [1, 2] [b'\\\\Deleted']"]),
        ):
            client = Client(capabilities=capabilities)
            ImapFolder(client, "INBOX").move({2, 1}, "Odoo")
            self.assertEqual(client.said, expected)

    def test_only_folders_that_can_be_opened_are_listed(self):
        folders = [((rb"\HasNoChildren",), b"/", "INBOX"), ((rb"\Noselect",), b"/", "Public"), ((), b"/", "Archiv/Übersicht & mehr")]
        self.assertEqual(folder_names(Client(folders=folders)), ["INBOX", "Archiv/Übersicht & mehr"])
