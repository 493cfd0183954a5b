"""The octets on a socket, with no server: what it does with a deadline, and with whoever has hung up."""

import socket
import threading

from odoo.tests import BaseCase, tagged

from ..tools.smtp import wire as smtp_wire
from ..tools.smtp.wire import Deadline, MalformedReply, ReplyReader

NOWHERE = ("192.0.2.1", 25)  # RFC 5737: nobody is there


class Socket:
    """Stands for a socket whose other side answers nothing; it notes how long it was to wait."""

    made: list["Socket"] = []

    def __init__(self, *kind):
        self.kind, self.timeout, self.bound_to, self.is_closed, self.options = kind, None, None, False, []
        self.made.append(self)

    def settimeout(self, seconds):
        self.timeout = seconds

    def bind(self, address):
        self.bound_to = address

    def connect(self, address):
        self.clock.seconds += self.timeout
        if address == NOWHERE:
            raise TimeoutError("timed out")

    def setsockopt(self, *option):
        self.options.append(option)

    def close(self):
        self.is_closed = True


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def monotonic(self):
        return self.seconds


@tagged("post_install", "-at_install")
class TestDeadline(BaseCase):

    def setUp(self):
        super().setUp()
        self.clock = Socket.clock = Clock()
        self.patch(smtp_wire, "time", self.clock)
        self.patch(Socket, "made", [])

    def connect(self, addresses, seconds, source_address=None):
        self.patch(smtp_wire.socket, "socket", Socket)
        return smtp_wire.connect(
            [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses], seconds, source_address)

    def test_a_wait_ends_when_the_time_is_over(self):
        deadline, sock = Deadline(3), Socket()
        for passed, left in ((0, 3), (1, 2), (2.5, 0.5)):
            self.clock.seconds = 100 + passed
            deadline.bound(sock)
            self.assertEqual(sock.timeout, left)
        for passed in (3, 4):
            self.clock.seconds = 100 + passed
            with self.assertRaisesRegex(TimeoutError, "timed out after 3 s"):
                deadline.bound(sock)

    def test_addresses_share_the_time_and_all_together_take_no_more(self):
        reached = self.connect([NOWHERE, NOWHERE, ("192.0.2.2", 25)], 6)
        self.assertEqual([sock.timeout for sock in Socket.made], [2, 2, 2])
        self.assertEqual([sock.is_closed for sock in Socket.made], [True, True, False])
        self.assertIs(reached, Socket.made[2])
        self.assertEqual(reached.options, [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)])
        self.assertEqual(reached.kind, (socket.AF_INET, socket.SOCK_STREAM, 6))

    def test_who_is_not_reached_is_told_by_the_last_error(self):
        with self.assertRaisesRegex(TimeoutError, "timed out"):
            self.connect([NOWHERE], 6)
        with self.assertRaisesRegex(OSError, "the name has no address"):
            self.connect([], 6)

    def test_a_connection_is_tried_for_a_moment_when_the_time_is_over(self):
        self.connect([("192.0.2.2", 25)], -1)
        self.assertEqual(Socket.made[0].timeout, 0.01)

    def test_a_connection_leaves_from_the_address_that_it_is_to(self):
        for source in (None, ("192.0.2.9", 0)):
            self.assertEqual(self.connect([("192.0.2.2", 25)], 6, source).bound_to, source)


@tagged("post_install", "-at_install")
class TestReader(BaseCase):

    def setUp(self):
        super().setUp()
        self.ours, self.theirs = socket.socketpair()
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)
        self.reader = ReplyReader(self.ours)

    def test_everything_is_written_piece_by_piece(self):
        data, read = bytes(range(256)) * 4000, bytearray()

        def take():
            while len(read) < len(data):
                read.extend(self.theirs.recv(5000))

        thread = threading.Thread(target=take)
        thread.start()
        smtp_wire.send_all(self.ours, data, Deadline(10))
        thread.join()
        self.assertEqual(read, data)

    def test_replies_that_came_together_are_read_one_by_one(self):
        self.theirs.sendall(b"250-a\r\n250 b\r\n354 go\r\n421 by")
        for reply in ((250, b"a\nb"), (354, b"go")):
            self.assertEqual(self.reader.reply(Deadline(10)), reply)
        self.theirs.sendall(b"e\r\n")
        self.assertEqual(self.reader.reply(Deadline(10)), (421, b"bye"))
        self.theirs.close()
        with self.assertRaises(EOFError):
            self.reader.reply(Deadline(10))

    def test_a_line_and_a_reply_have_their_longest(self):
        self.theirs.sendall(b"250 " + b"x" * 12_000 + b"\r\n")
        self.assertEqual(self.reader.reply(Deadline(10))[1], b"x" * 12_000)
        for endless in (b"x" * 13_000, b"250-" + b"x" * 996 + b"\r\n"):
            with self.subTest(endless=endless[:9]), self.assertRaises(MalformedReply):
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    for _piece in range(70 if endless.endswith(b"\n") else 1):
                        theirs.sendall(endless)
                    ReplyReader(ours).reply(Deadline(0.5))

    def test_whether_a_connection_is_over_is_known_without_a_wait(self):
        farewell, flood = b"421 4.4.2 timeout\r\n", b"x" * 70_000
        table = [  # what came, hung up, replies are expected → over
            (b"", False, False, False), (b"", False, True, False),
            (farewell, False, False, True), (b"250 OK\r\n", False, True, False),
            (b"", True, False, True), (b"", True, True, True), (farewell, True, True, True),
            (flood, False, True, True),
        ]
        for came, hung_up, expecting, over in table:
            with self.subTest(came=came[:9], hung_up=hung_up, expecting=expecting):
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    theirs.sendall(came)
                    if hung_up:
                        theirs.close()
                    self.assertIs(ReplyReader(ours).is_over(expecting=expecting), over)
        self.ours.close()
        self.assertIs(self.reader.is_over(expecting=True), True)

    def test_what_was_looked_at_is_still_read(self):
        self.theirs.sendall(b"250 OK\r\n")
        self.assertFalse(self.reader.is_over(expecting=True))
        self.assertTrue(self.reader.is_over(expecting=False), "nobody asked for it")
        self.assertEqual(self.reader.reply(Deadline(10)), (250, b"OK"))
