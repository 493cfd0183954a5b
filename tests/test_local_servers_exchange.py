"""IMAP and POP of the local servers answer as Exchange Online is known to, where Dovecot would not."""

import imaplib
import re

from odoo.tests import tagged

from .front_case import FrontCase
from .servers import Hidden, LeftOut, NoBody, Reordered, Sizes, Substitute, UidLast, Unasked, replies

ITEMS = "(UID FLAGS RFC822.SIZE BODY.PEEK[])"


@tagged("post_install", "-at_install")
class TestExchangeAnswers(FrontCase):
    def setUp(self):
        super().setUp()
        self.uids = self.deliver("One", "Two", "Three")
        self.selected()  # from now on they are not \Recent

    def fetch(self):
        """Return the octets of the answer."""
        return self.answer(b"UID FETCH 1:* " + ITEMS.encode())

    def named(self, answer):
        return [int(uid) for uid in re.findall(rb"[( ]UID (\d+)", answer)]

    def test_uids_are_known_before_dovecot_has_seen_the_messages(self):
        client = self.selected()
        self.assertEqual(client.uid("search", "ALL")[1][0].split(), [str(uid).encode() for uid in self.uids])
        (fourth,) = self.deliver("Four")
        client.noop()
        self.assertEqual(client.uid("search", "ALL")[1][0].split()[-1], str(fourth).encode())
        self.assertEqual([str(message["Subject"]) for message in self.mailbox.uids().values()], ["One", "Two", "Three", "Four"])

    def test_a_message_without_its_text(self):
        _one, two, _three = self.uids
        for value, shown in (("NIL", b"BODY[] NIL)"), ('""', b'BODY[] "")'), ("{0}\r\n", b"BODY[] {0}\r\n)"), ("", b"RFC822.SIZE 33)")):
            with self.subTest(value):
                fault = self.faults.add("UID FETCH", NoBody(value), uid=two, times=2)
                for turn in (1, 2, 3):
                    came = self.fetch()
                    self.assertEqual(self.named(came), self.uids)
                    self.assertEqual(came.count(shown), int(turn < 3))
                    self.assertEqual(came.count(b"The text of"), 3 - int(turn < 3))
                    self.assertIn(b"t1 OK", came)
                self.assertEqual(fault.struck, 2)

    def test_a_message_that_fetch_says_nothing_about(self):
        one, two, three = self.uids
        self.faults.add("UID FETCH", LeftOut(), uid=two, times=None)
        self.assertEqual(self.named(self.fetch()), [one, three])
        self.assertIn(str(two).encode(), self.selected().uid("search", "ALL")[1][0].split())

    def test_a_substitute_for_a_message(self):
        _one, two, _three = self.uids
        self.faults.add("UID FETCH", Substitute(), uid=two)
        _ok, data = self.selected().uid("fetch", str(two), ITEMS)
        text = replies.SUBSTITUTE.format(number=two, protocol="IMAP4").replace("\n", "\r\n").encode()
        self.assertEqual(data[0][1], text)
        self.pop_faults.add("RETR", Substitute(), uid=2)
        client = self.pop()
        self.assertIn(b"Subject: One", client.retr(1)[1])
        self.assertIn(b"Subject: Retrieval using the POP3 protocol failed for the following", client.retr(2)[1])
        self.assertIn(b"Subject: Two", client.retr(2)[1])

    def test_sizes_that_are_wrong(self):
        true = [int(size) for size in re.findall(rb"RFC822.SIZE (\d+)", self.fetch())]
        for factor in (0, 0.9, 1.1):
            with self.subTest(factor):
                self.faults.add("UID FETCH", Sizes(factor))
                came = self.fetch()
                self.assertEqual([int(size) for size in re.findall(rb"RFC822.SIZE (\d+)", came)], [int(size * factor) for size in true])
                self.assertEqual(came.count(b"The text of"), 3)

    def test_a_message_that_shows_late(self):
        one, two, three = self.uids
        hidden = self.faults.add("UID SEARCH", Hidden(), uid=two, times=None)
        client = self.selected()
        for criterion in ("ALL", f"UID {one}:*"):
            self.assertEqual(client.uid("search", criterion)[1], [b"%d %d" % (one, three)])
        self.faults.remove(hidden)
        self.assertEqual(client.uid("search", "ALL")[1], [b"%d %d %d" % (one, two, three)])

    def test_uid_after_the_text_and_another_order(self):
        plain = self.fetch()
        self.faults.add("UID FETCH", UidLast())
        self.faults.add("UID FETCH", Reordered())
        came = self.fetch()
        self.assertEqual(self.named(came), self.uids[::-1])
        self.assertRegex(came, rb"The text of Three\r\n UID %d\)\r\n" % self.uids[-1])
        self.assertEqual(len(came), len(plain))
        self.assertEqual(self.fetch(), plain)

    def test_responses_that_nobody_asked_for(self):
        self.faults.add("UID FETCH", Unasked(("* 4 EXISTS", "* 1 EXPUNGE")))
        came = self.fetch()
        self.assertRegex(came, rb"(?s)One.*\r\n\* 4 EXISTS\r\n\* 1 EXPUNGE\r\n\* \d FETCH .*Three")
        self.assertEqual(self.named(came), self.uids)

    def test_edits_know_a_fetch_response_from_what_looks_like_one_in_a_message(self):
        trap = (
            b"Subject: trap\r\n\r\n* 9 FETCH (UID 1 RFC822.SIZE 5 BODY[] NIL)\r\n* SEARCH 1\r\n* CAPABILITY MOVE\r\n"
            b"[UIDVALIDITY 5]\r\nt1 OK {3}\r\n"
        )
        self.mailbox.deliver(trap)
        self.servers.imap.hidden.add("MOVE")
        self.servers.imap.uidvalidity = lambda _number: 14
        for edit in (NoBody(), Sizes(2), UidLast(), LeftOut()):
            self.faults.add("UID FETCH", edit, uid=self.uids[0])
        client = self.selected()
        _ok, data = client.uid("fetch", str(max(self.mailbox.uids())), '(FLAGS ENVELOPE BODY.PEEK[HEADER.FIELDS ("Subject")] BODY.PEEK[])')
        self.assertIn(trap, [part[1] for part in data if isinstance(part, tuple)])

    def test_without_move_and_uidplus(self):
        self.mailbox.create_folder("Done")
        uid = str(self.uids[0])
        self.assertIn("COPYUID", self.copied(self.selected(), uid))
        self.servers.imap.hidden |= {"MOVE", "UIDPLUS"}
        client = self.selected()
        self.assertNotIn("UIDPLUS", client.capabilities)
        offered = client.capability()[1][0].split()
        self.assertIn(b"IDLE", offered)
        self.assertFalse({b"MOVE", b"UIDPLUS"} & set(offered))
        for command in (("move", uid, "Done"), ("expunge", uid)):
            with self.subTest(command), self.assertRaisesRegex(imaplib.IMAP4.error, "Command Argument Error"):
                client.uid(*command)
        self.assertNotIn("COPYUID", self.copied(client, uid))
        self.assertEqual(len(self.subjects()), 3)
        self.servers.pop.hidden.add("UIDL")
        client = self.pop()
        self.assertNotIn("UIDL", client.capa())
        self.assertIn("TOP", client.capa())
        with self.assertRaisesRegex(Exception, "Protocol error"):
            client.uidl()

    @staticmethod
    def copied(client, uid):
        client.untagged_responses.clear()
        client.uid("copy", uid, "Done")
        return client.untagged_responses

    def test_uidvalidity_may_be_of_14_digits_or_the_same_everywhere(self):
        self.mailbox.create_folder("Done")
        for value, shown in ((lambda number: number * 10_000, rb"\d{14}"), (lambda _number: 14, b"14")):
            self.servers.imap.uidvalidity = value
            client = self.selected()
            (number,) = client.untagged_responses["UIDVALIDITY"]
            self.assertRegex(number, b"^" + shown + b"$")
            self.assertEqual(client.status("INBOX", "(UIDVALIDITY)")[1], [b"INBOX (UIDVALIDITY %b)" % number])
            self.assertRegex(self.copied(client, str(self.uids[0]))["COPYUID"][0], b"^" + shown + b" ")

    def test_a_full_mailbox(self):
        self.faults.add("UID COPY", replies.IMAP_OVERQUOTA, times=None)
        self.faults.add("UID MOVE", replies.IMAP_OVERQUOTA, times=None)
        client = self.selected()
        for verb in ("copy", "move"):
            self.assertEqual(client.uid(verb, "1:*", "Junk"), ("NO", [b"[OVERQUOTA] The mailbox is full."]))
        self.assertEqual((len(self.subjects()), self.subjects("Junk")), (3, []))

    def test_folders_in_another_language(self):
        names = ["Gelöschte Elemente", "Gesendete Elemente", "Archiv/Übersicht & mehr", "日本語", "& - &-"]
        for name in names:
            self.mailbox.create_folder(name)
        self.assertEqual(self.mailbox.folders(), ["INBOX", *sorted([*names, "Junk", "Sent Items"])])
        listed = b"\n".join(self.imap().list()[1])
        for name in (b'"Gel&APY-schte Elemente"', b'"Archiv/&ANw-bersicht &- mehr"', b'&ZeVnLIqe-', b'"&- - &--"'):
            self.assertIn(name, listed)
        self.deliver("Elsewhere", folder="Archiv/Übersicht & mehr")
        self.assertEqual(self.imap().select('"Archiv/&ANw-bersicht &- mehr"')[1], [b"1"])
        self.mailbox.remove_folder("Archiv/Übersicht & mehr")
        self.assertEqual(self.imap().select('"Archiv/&ANw-bersicht &- mehr"')[0], "NO")
        with self.assertRaises(ValueError):
            self.mailbox.create_folder("v1.2")
