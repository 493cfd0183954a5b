"""IMAP and POP of the local servers: faults before a command, in its answer and after it."""

import base64
import imaplib
import poplib
import socket
import ssl
import time
from pathlib import Path

from odoo.tests import tagged

from .front_case import LOST, FrontCase
from .servers import BRANT, ERP, Call, Delay, Dribble, Drop, Reset, Say, replies
from .servers_client import TIMEOUT


@tagged("post_install", "-at_install")
class TestImapFaults(FrontCase):
    def test_each_step_can_be_lost_before_and_after_it_was_carried_out(self):
        self.mailbox.create_folder("Done")
        commands = {
            "GREETING": lambda: self.imap(),
            "LOGIN": lambda: self.imap(),
            "CAPABILITY": lambda: self.imap().capability(),
            "LIST": lambda: self.imap().list(),
            "SELECT": lambda: self.imap().select(),
            "EXAMINE": lambda: self.imap().select(readonly=True),
            "UID SEARCH": lambda: self.selected().uid("search", "ALL"),
            "UID FETCH": lambda: self.selected().uid("fetch", "1:*", "(BODY.PEEK[])"),
            "UID STORE": lambda: self.selected().uid("store", "1:*", "+FLAGS.SILENT", r"(\Seen)"),
            "UID COPY": lambda: self.selected().uid("copy", "1:*", "Done"),
            "UID MOVE": lambda: self.selected().uid("move", "1:*", "Done"),
            "UID EXPUNGE": lambda: self.selected().uid("expunge", "1:*"),
            "LOGOUT": lambda: self.selected().xatom("LOGOUT"),
        }
        for step, act in commands.items():
            for action in (Drop(), Reset()):
                for options in ({}, {"answered": True}, {"in_answer": 3}):
                    with self.subTest(step, action=action, **options):
                        self.deliver("One")
                        fault = self.faults.add(step, action, **options)
                        with self.assertRaises(LOST):
                            act()
                        self.assertEqual(fault.struck, 1)
                        act()
                        self.doCleanups()  # Dovecot takes 50 connections of one user

    def test_a_token_sign_in_can_be_lost_after_it_succeeded(self):
        self.directory.token_verifier = lambda _mailbox, _token: None
        self.faults.add("AUTHENTICATE", Drop(), answered=True)
        client = imaplib.IMAP4_SSL("localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        self.addCleanup(client.shutdown)
        with self.assertRaises(LOST):
            client.authenticate("XOAUTH2", lambda _challenge: f"user={ERP}\1auth=Bearer t\1\1")
        self.assertTrue(self.servers.login_attempts[-1].success)

    def test_a_command_that_is_lost_before_changes_nothing_and_one_lost_after_does(self):
        for options, flags, left in (({}, ["", ""], 2), ({"answered": True}, ["S", "S"], 0)):
            with self.subTest(**options):
                self.mailbox.clear()
                self.mailbox.create_folder("Done")
                self.deliver("One", "Two")
                self.faults.add("UID STORE", Drop(), **options)
                with self.assertRaises(LOST):
                    self.selected().uid("store", "1:*", "+FLAGS.SILENT", r"(\Seen)")
                self.assertEqual(self.flags(), flags)
                self.faults.add("UID MOVE", Drop(), **options)
                with self.assertRaises(LOST):
                    self.selected().uid("move", "1:*", "Done")
                self.assertEqual((len(self.subjects()), len(self.subjects("Done"))), (left, 2 - left))

    def test_a_sweep_gives_exactly_so_many_octets_until_the_answer_is_shorter(self):
        uid, _two = self.deliver("One", "Two")
        stored = f"{uid} +FLAGS (\\Flagged)"
        for step, words in (("UID FETCH", "1:* (BODY.PEEK[])"), ("UID SEARCH", "ALL"), ("UID STORE", stored), ("LOGOUT", "")):
            command = f"{step} {words}".strip().encode()
            self.answer(command)
            whole = self.answer(command)  # once more: STORE says less of flags that are set
            for octets in range(0, len(whole) + 2, 7):
                with self.subTest(command, octets=octets):
                    fault = self.faults.add(step, Drop(), in_answer=octets)
                    came = self.answer(command)
                    self.assertEqual(len(came) if fault.struck else len(whole), min(octets, len(whole)))
                    self.faults.remove(fault)
            longer = self.faults.add("UID SEARCH", Drop(), in_answer=10_000)
            self.assertTrue(self.answer(b"UID SEARCH ALL").endswith(b"\r\n"))
            self.assertEqual(longer.struck, 0)
            self.faults.clear()

    def test_a_move_is_complete_wherever_its_answer_ends(self):
        self.mailbox.create_folder("Done")
        octets, struck = 0, 1
        while struck:
            with self.subTest(octets=octets):
                self.mailbox.clear()
                self.mailbox.create_folder("Done")
                self.deliver("One", "Two")
                fault = self.faults.add("UID MOVE", Drop(), in_answer=octets)
                came, struck = self.answer(b"UID MOVE 1:* Done"), fault.struck
                self.assertEqual((self.subjects(), self.subjects("Done")), ([], ["One", "Two"]))
                self.assertEqual(b"\r\nt1 OK" in came and came.endswith(b"\r\n"), not struck)
                octets += 13
        self.assertGreater(octets, 100)
        self.faults.clear()

    def test_a_bye_or_a_refusal_can_come_in_the_middle_of_an_answer(self):
        self.deliver("One", "Two", "Three")
        for text, tag in ((replies.IMAP_BYE_14, b"*"), (replies.IMAP_BYE_TOKEN_EXPIRED, b"*"), (replies.IMAP_SERVER_BUSY, b"t1")):
            with self.subTest(text):
                self.faults.add("UID FETCH", text, after_responses=2)
                came = self.answer(b"UID FETCH 1:* (BODY.PEEK[])")
                self.assertEqual(came.count(b" FETCH ("), 2)
                self.assertTrue(came.endswith(b")\r\n%b %b\r\n" % (tag, text.encode())), came)

    def test_a_text_may_take_the_place_of_an_answer_though_the_command_was_carried_out(self):
        self.deliver("One")
        self.faults.add("UID STORE", replies.IMAP_UNAVAILABLE, answered=True)
        self.assertEqual(self.selected().uid("store", "1:*", "+FLAGS.SILENT", r"(\Seen)")[0], "NO")
        self.assertEqual(self.flags(), ["S"])

    def test_only_a_command_that_names_a_message_is_refused(self):
        first, second, third = self.deliver("One", "Two", "Three")
        fault = self.faults.add("UID FETCH", replies.IMAP_NOT_CONVERTED, uid=second, times=None)
        client = self.selected()
        for named in (f"{first}:{third}", "1:*", f"{third}:{second}"):
            self.assertEqual(client.uid("fetch", named, "(FLAGS)"), ("NO", [replies.IMAP_NOT_CONVERTED[3:].encode()]))
        for named in (f"{first},{third}", f"{third}:*"):
            self.assertEqual(client.uid("fetch", named, "(FLAGS)")[0], "OK")
        self.assertEqual(fault.struck, 3)

    def test_waiting_and_dribbling_slow_an_answer_down_and_give_all_of_it(self):
        self.deliver("One")
        whole = self.answer(b"UID SEARCH ALL")
        for action, options in ((Delay(0.2), {"in_answer": 3}), (Dribble(0.01), {"in_answer": 3}), (Dribble(0.01), {})):
            with self.subTest(action=action, **options):
                self.faults.add("UID SEARCH", action, **options)
                started = time.monotonic()
                self.assertEqual(self.answer(b"UID SEARCH ALL"), whole)
                self.assertGreaterEqual(time.monotonic() - started, 0.15)

    def test_the_greeting_may_be_another_one(self):
        self.faults.add("GREETING", replies.IMAP_BYE_14)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "Connection closed. 14"):
            self.imap()
        self.faults.add("GREETING", Say(b"* OK The Microsoft Exchange IMAP4 service is ready.\r\n"))
        self.assertEqual(self.imap().welcome, b"* OK The Microsoft Exchange IMAP4 service is ready.")
        self.pop_faults.add("GREETING", Say(b"+OK The Microsoft Exchange POP3 service is ready.\r\n"))
        client = self.pop()
        self.assertEqual((client.welcome, client.stat()), (b"+OK The Microsoft Exchange POP3 service is ready.", (0, 0)))

    def test_faults_strike_one_mailbox_only_and_those_in_answers_too(self):
        for options in ({}, {"answered": True}):
            with self.subTest(**options):
                self.faults.add("NOOP", replies.IMAP_SERVER_BUSY, login=BRANT, **options)
                self.assertEqual([self.imap(mailbox).noop()[0] for mailbox in (ERP, BRANT)], ["OK", "NO"])

    def test_answers_after_idle_belong_to_their_commands(self):
        client = self.selected()
        client.send(b"i1 IDLE\r\n")
        self.assertEqual(client.readline(), b"+ idling\r\n")
        client.send(b"DONE\r\n")
        self.assertTrue(client.readline().startswith(b"i1 OK"))
        self.faults.add("UID SEARCH", Drop(), answered=True)
        with self.assertRaises(LOST):
            client.uid("search", "ALL")

    def test_a_download_ends_after_exactly_so_many_octets_of_the_connection(self):
        self.mailbox.deliver(b"Subject: big\r\n\r\n" + b"x" * 70 * 3000)
        for octets in (1, 700, 100_000):
            with self.subTest(octets):
                self.faults.add("DOWNLOAD", Drop(), after_bytes=octets)
                context = ssl.create_default_context()
                with socket.create_connection(("localhost", self.servers.imap.port), timeout=TIMEOUT) as plain:
                    client = context.wrap_socket(plain, server_hostname="localhost")
                    password = self.servers.password(ERP).encode()
                    client.sendall(b"a LOGIN %b %b\r\nb SELECT INBOX\r\nc UID FETCH 1:* BODY[]\r\n" % (ERP.encode(), password))
                    came = 0
                    while piece := client.recv(2**16):
                        came += len(piece)
                self.assertEqual(came, octets)

    def test_a_step_that_does_not_exist_is_no_step(self):
        for step, options in (("UIDSEARCH", {}), ("RETR", {}), ("CONNECT", {"answered": True}), ("DOWNLOAD", {"in_answer": 1})):
            with self.subTest(step), self.assertRaises(ValueError):
                self.faults.add(step, Drop(), **options)

    def test_a_person_is_faster(self):
        def person(act):
            message = self.mailbox.messages()[0]
            self.faults.add("UID FETCH", Call(lambda: act(message)))
            client = self.selected()
            client.uid("search", "ALL")
            return client.uid("fetch", "1:*", "(FLAGS BODY.PEEK[])")[1]

        self.deliver("Read", "Moved", "Deleted", "Stays")
        self.assertIn(rb"FLAGS (\Seen", person(lambda message: self.mailbox.flag(message, "S"))[0][0])
        self.mailbox.flag(self.mailbox.messages()[0], "")
        self.assertEqual(self.flags(), ["", "", "", ""])
        person(lambda message: self.mailbox.move(message, "Archiv"))
        person(lambda message: self.mailbox.delete(message))
        self.assertEqual((self.subjects("Archiv"), self.subjects()), (["Read"], ["Deleted", "Stays"]))
        with self.assertRaises(FileNotFoundError):
            message = self.mailbox.messages()[0]
            self.mailbox.delete(message)
            self.mailbox.delete(message)

    def test_numbers_may_change_between_select_and_fetch(self):
        self.deliver("One", "Two")
        before = self.selected().untagged_responses["UIDVALIDITY"]
        self.faults.add("UID FETCH", Call(self.mailbox.renumber))
        with self.assertRaises(LOST):
            self.selected().uid("fetch", "1:*", "(BODY.PEEK[])")
        client = self.selected()
        self.assertNotEqual(client.untagged_responses["UIDVALIDITY"], before)
        self.assertEqual(client.uid("search", "ALL")[1], [b"1 2"])

    def test_an_error_of_a_called_function_is_seen(self):
        self.faults.add("NOOP", Call(Path("/nowhere/at/all").read_bytes))
        with self.assertLogs(f"{__package__}.servers.tls_listener", "ERROR"):
            with self.assertRaises(LOST):
                self.imap().noop()
            deadline = time.monotonic() + TIMEOUT
            while not self.servers.errors and time.monotonic() < deadline:
                time.sleep(0.01)
        (error,) = self.servers.errors
        self.assertIsInstance(error.__cause__, FileNotFoundError)
        self.servers.imap.errors.clear()


@tagged("post_install", "-at_install")
class TestPopFaults(FrontCase):
    def test_each_step_can_be_lost_before_and_after_it_was_carried_out(self):
        commands = {
            "GREETING": lambda: self.pop(),
            "USER": lambda: self.pop(),
            "PASS": lambda: self.pop(),
            "CAPA": lambda: self.pop().capa(),
            "STAT": lambda: self.pop().stat(),
            "LIST": lambda: self.pop().list(),
            "UIDL": lambda: self.pop().uidl(),
            "RETR": lambda: self.pop().retr(1),
            "TOP": lambda: self.pop().top(1, 0),
            "DELE": lambda: self.pop().dele(1),
            "QUIT": lambda: self.pop().quit(),
        }
        self.deliver("One")
        for step, act in commands.items():
            for options in ({}, {"answered": True}):
                with self.subTest(step, **options):
                    fault = self.pop_faults.add(step, Drop(), **options)
                    with self.assertRaises((poplib.error_proto, *LOST)):
                        act()
                    self.assertEqual(fault.struck, 1)
                    act()

    def test_a_token_sign_in_can_be_lost_before_and_after_it_succeeded(self):
        self.directory.token_verifier = lambda _mailbox, _token: None
        token = base64.b64encode(f"user={ERP}\1auth=Bearer t\1\1".encode()).decode()
        for options, success in (({}, None), ({"answered": True}, True)):
            with self.subTest(**options):
                self.pop_faults.add("AUTH", Drop(), **options)
                client = poplib.POP3_SSL("localhost", self.servers.pop.port, context=ssl.create_default_context(), timeout=TIMEOUT)
                self.addCleanup(client.close)
                with self.assertRaises((poplib.error_proto, *LOST)):
                    client._shortcmd(f"AUTH XOAUTH2 {token}")
                self.assertIs(self.servers.login_attempts[-1].success, success)

    def test_a_deletion_counts_only_after_quit_was_carried_out(self):
        for options, left in (({}, 2), ({"answered": True}, 1)):
            with self.subTest(**options):
                self.mailbox.clear()
                self.deliver("One", "Two")
                client = self.pop()
                client.dele(1)
                self.pop_faults.add("QUIT", Drop(), **options)
                with self.assertRaises((poplib.error_proto, *LOST)):
                    client.quit()
                self.servers.connections.wait_for(lambda items: all(item.closed for item in items))
                self.assertEqual(len(self.subjects()), left)

    def test_a_message_can_end_in_its_middle(self):
        self.mailbox.deliver(b"Subject: big\r\n\r\n" + b"a line of text\r\n" * 20_000)
        self.pop_faults.add("RETR", Reset(), in_answer=100_000)
        with self.assertRaises((poplib.error_proto, *LOST)):
            self.pop().retr(1)
        self.assertEqual(self.pop().retr(1)[1][-1], b"a line of text")

    def test_one_message_is_refused_and_the_next_one_is_not(self):
        self.deliver("One", "Two", "Three")
        self.pop_faults.add("RETR", replies.POP_UNAVAILABLE, uid=2)
        client = self.pop()
        client.retr(1)
        with self.assertRaisesRegex(poplib.error_proto, "SYS/TEMP"):
            client.retr(2)
        client.retr(3)
        client.retr(2)

    def test_a_mailbox_that_is_in_use(self):
        self.pop_faults.add("PASS", replies.POP_IN_USE)
        with self.assertRaisesRegex(poplib.error_proto, "IN-USE"):
            self.pop()
        self.assertIs(self.servers.login_attempts[-1].success, False)

    def test_numbers_shift_from_one_session_to_the_next_and_uidls_stay(self):
        self.deliver("One", "Two", "Three")
        first = [line.split() for line in self.pop().uidl()[1]]
        self.mailbox.delete(self.mailbox.messages()[0])
        second = [line.split() for line in self.pop().uidl()[1]]
        self.assertEqual([number for number, _uidl in second], [b"1", b"2"])
        self.assertEqual([uidl for _number, uidl in second], [uidl for _number, uidl in first[1:]])
