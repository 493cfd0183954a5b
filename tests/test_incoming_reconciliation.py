"""Mailbox against ledger: what is accounted for, and what is not."""

import time
from datetime import datetime, timezone
from poplib import error_proto

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from odoo.tests import BaseCase, tagged

from ..tools.incoming.heads import Head, imap_heads, read_head
from ..tools.incoming.pop import PopMailbox
from ..tools.incoming.reconciliation import Row, Snapshot, compare
from .slow import slow

DONE = Row(1, "done", True, True, False, True, False)
UNSETTLED = DONE._replace(is_settled=False)
NO_SOURCE = Row(2, "failed", False, False, False, False, False)
WORKING = Row(3, "failed", False, False, True, False, False)


def folder(rows=None, found=(7,), **values):
    return Snapshot(**{"found": set(found), "unread": set(), "wanted": {7}, "rows": rows or {}, **values})


@tagged("post_install", "-at_install")
class TestComparison(BaseCase):

    def test_one_message(self):
        table = [
            # what it is, snapshot, how it is counted, what is listed
            ("is processed", folder({7: DONE}), "processed", []),
            ("is ignored", folder({7: DONE._replace(state="ignored")}), "ignored", []),
            ("failed", folder({7: DONE._replace(state="failed")}), "attention", []),
            ("has no destination", folder({7: DONE._replace(state="unroutable")}), "attention", []),
            ("is set aside", folder({7: DONE._replace(state="set_aside")}), "attention", []),
            ("is not wanted", folder(wanted=set()), "history", []),
            ("is wanted and in no row", folder(), "missing", ["missing"]),
            ("has just arrived", folder(recent={7}), "waiting", []),
            ("is in a folder that the next fetch reads anew", folder(is_pending=True), "waiting", []),
            ("is processed and still unread", folder({7: UNSETTLED}, unread={7}), "processed", ["unmarked"]),
            ("was read by a person meanwhile", folder({7: UNSETTLED}), "processed", []),
            ("was marked as unread by a person", folder({7: DONE}, unread={7}), "processed", []),
            ("is left as it is", folder({7: UNSETTLED}, unread={7}, marks=False), "processed", []),
            ("has not been moved", folder({7: UNSETTLED}, leaving=("done",)), "processed", ["unmarked"]),
            ("came before another setting", folder({7: DONE}, leaving=("done",)), "processed", []),
            ("is kept, so that it is not moved", folder({7: UNSETTLED._replace(state="failed")}, leaving=("done",)), "attention", []),
            ("is kept and still unread", folder({7: UNSETTLED._replace(state="failed")}, unread={7}), "attention", ["unmarked"]),
            ("is marked by the fetch that is going on", folder({7: UNSETTLED._replace(is_recent=True)}, unread={7}), "processed", []),
            ("is to be asked for again", folder({7: NO_SOURCE}, unread={7}), "attention", []),
            ("is gone and has no source", folder({7: NO_SOURCE}, found=()), None, ["lost"]),
            ("is gone, as somebody decided", folder({7: NO_SOURCE._replace(state="ignored")}, found=()), None, []),
            ("is gone and has its source", folder({7: NO_SOURCE._replace(has_source=True)}, found=()), None, []),
            ("came after the mailbox was read", folder({7: NO_SOURCE._replace(is_recent=True)}, found=()), None, []),
            ("is processed and moved", folder({7: DONE}, found=()), None, []),
            ("was moved, though the answer was lost", folder({7: UNSETTLED}, found=(), leaving=("done",)), None, []),
            ("never ends", folder({7: WORKING}), "attention", ["stuck"]),
            ("is being processed", folder({7: WORKING._replace(is_recent=True)}), "attention", []),
            ("is gone while it was processed", folder({7: WORKING}, found=()), None, ["lost"]),
            ("never ends, and is gone with its source kept", folder({7: WORKING._replace(has_source=True)}, found=()), None, ["stuck"]),
        ]
        for what, snapshot, account, kinds in table:
            with self.subTest(f"a message that {what}"):
                comparison = compare(snapshot)
                self.assertEqual(dict(comparison.counts), {account: 1} if account else {})
                self.assertEqual([difference.kind for difference in comparison.differences], kinds)
                self.assertEqual(comparison.accounted, comparison.total - kinds.count("missing"))

    def test_the_worst_is_first(self):
        rows = {1: UNSETTLED, 2: WORKING, 4: NO_SOURCE, 3: NO_SOURCE, 9: WORKING}
        comparison = compare(folder(rows, found={1, 2, 5, 6, 8}, unread={1}, wanted={5, 6}))
        self.assertEqual([tuple(difference) for difference in comparison.differences], [
            ("lost", 3), ("lost", 4), ("lost", 9), ("missing", 5), ("missing", 6), ("stuck", 2), ("unmarked", 1)])
        self.assertEqual((comparison.total, comparison.accounted, dict(comparison.counts)), (
            5, 3, {"processed": 1, "attention": 1, "missing": 2, "history": 1}))

    def test_unique_ids_of_pop_are_texts(self):
        snapshot = Snapshot({"a", "b"}, set(), {"a", "b"}, rows={"a": UNSETTLED}, marks=False, leaving=("done", "ignored"))
        self.assertEqual([tuple(each) for each in compare(snapshot).differences], [("missing", "b"), ("unmarked", "a")])

    @slow
    def test_many_messages_take_no_time(self):
        began = time.process_time()
        found = set(range(1, 200_001))
        comparison = compare(Snapshot(found, found, found, rows=dict.fromkeys(range(1, 100_001), UNSETTLED)))
        self.assertEqual((comparison.total, len(comparison.differences)), (200_000, 200_000))
        self.assertLess(time.process_time() - began, 5)


class Client:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def fetch(self, uids, items):
        self.asked.append((uids, items))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Pop:
    """Two messages, of which the server shows the head of one."""

    def uidl(self):
        return b"+OK", [b"1 old", b"2 new"], 0

    def list(self):
        return b"+OK", [b"1 10", b"2 10"], 0

    def top(self, number, lines):
        if number == 1 or lines:
            raise error_proto(b"-ERR")
        return b"+OK", [b"Received: from a; Mon, 2 Nov 2026 12:00:00 +0100", b"Subject: New"], 0


@tagged("post_install", "-at_install")
class TestHeads(BaseCase):

    def test_what_a_header_says(self):
        table = [
            (b"", Head()),
            (b"From: Carla <c@fabrikam.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nDate: Mon, 2 Nov 2026 12:00:00 +0100\r\n",
             Head(datetime(2026, 11, 2, 11), "Carla <c@fabrikam.example>", "Caf\xe9")),
            (b"Received: by b; Mon, 2 Nov 2026 12:30:00 +0000\nReceived: by a; Mon, 2 Nov 2026 12:00:00 +0000\nDate: 1 Jan 2020 00:00\n",
             Head(datetime(2026, 11, 2, 12, 30))),
            (b"Date: Fri, 31 Dec 9999 23:00:00 -1400\n", Head()),
            (b"Date: never\nSubject: a\x00b\n", Head(None, "", "a b")),
            (b"Subject: " + b"x" * 10 ** 6 + b"\n", Head(None, "", "x" * 500)),
        ]
        for octets, head in table:
            with self.subTest(octets[:50]):
                self.assertEqual(read_head(octets), head)
        noon = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
        self.assertEqual(read_head(b"Date: 1 Jan 2020 00:00\n", noon).date, datetime(2026, 11, 2, 12))

    def test_nothing_raises(self):
        table = [b"\xff\xfe\0", b":" * 1000, b"From: " + b"=?utf-8?q?" * 10_000, b"Received: ;" * 5000 + b"\n\n", bytes(range(256)) * 20]
        for octets in table:
            with self.subTest(octets[:20]):
                self.assertIsInstance(read_head(octets), Head)

    def test_imap_is_asked_without_marking(self):
        client = Client({7: {b"INTERNALDATE": None, b"BODY[HEADER.FIELDS (DATE FROM SUBJECT)]<0>": b"Subject: Hi\r\n\r\n"}})
        self.assertEqual(imap_heads(client, {7, 8}), {7: Head(None, "", "Hi")})
        self.assertIn("BODY.PEEK[HEADER", client.asked[0][1][1])
        self.assertEqual((imap_heads(client, set()), len(client.asked)), ({}, 1))

    def test_a_refusal_leaves_messages_unnamed_and_a_lost_connection_is_no_refusal(self):
        self.assertEqual(imap_heads(Client(IMAPClientError("NO")), {7}), {})
        with self.assertRaises(IMAPClientAbortError):
            imap_heads(Client(IMAPClientAbortError("gone")), {7})

    def test_pop_is_asked_for_the_top_alone(self):
        mailbox = PopMailbox(Pop())
        self.assertEqual(mailbox.heads(["old", "new"]), {"new": Head(datetime(2026, 11, 2, 11), "", "New")})
        self.assertEqual(mailbox.newest({"new", "old"}, 1), ["new"])
