import email.policy
import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.limits import MAX_HEADER, MAX_MULTIPARTS, MAX_PARTS, MAX_RECIPIENTS, MAX_SIZE, excess, is_tame
from .slow import slow

HEAD = b"From: a@fabrikam.example\r\nTo: b@contoso.example\r\n"


def parts(number):
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nHi\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part * number + b"--x--\r\n"


def bare(number, boundary="x", written="=x"):
    """Return a message of x whose parts have no header."""
    return HEAD + f"Content-Type: multipart/mixed; boundary{written}\r\n\r\n".encode() + b"--%s\r\n\r\nHi\r\n" % boundary.encode() * number


def report(number, text=b""):
    """Return a delivery report about so many recipients."""
    status = b"".join(b"Final-Recipient: rfc822;a%d@fabrikam.example\r\nAction: failed\r\n\r\n" % each for each in range(number))
    parts = (b"\r\n" + text, b"Content-Type: message/delivery-status\r\n\r\n" + status,
             b"Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n" + text)
    return HEAD + b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"".join(b"--x\r\n" + part for part in parts) + b"--x--\r\n"


def nested(depth):
    head = b"".join(b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (each, each) for each in range(depth))
    return HEAD + head + b"Content-Type: text/plain\r\n\r\nHi\r\n"


@tagged("post_install", "-at_install")
class TestLimits(BaseCase):

    @slow
    def test_what_a_message_has_too_much_of(self):
        many = b",\r\n ".join(b"a%d@fabrikam.example" % number for number in range(MAX_RECIPIENTS + 1))
        table = [
            (b"", ""), (HEAD, ""), (HEAD + b"\r\nHello\r\n", ""), (HEAD + b"\n\nHello\n", ""), (b"no header at all", ""),
            (parts(MAX_PARTS - 1), ""), (parts(MAX_PARTS), "parts"), (parts(20_000), "parts"),
            (HEAD + b"\r\n" + parts(MAX_PARTS).replace(b"\r\n", b"\r"), "parts"),
            (bare(MAX_PARTS), ""), (bare(MAX_PARTS + 1), "parts"), (bare(20_000, written='="x"; a=b'), "parts"),
            (bare(20_000, "ab", written='*0=a;\r\n boundary*1="b"'), "parts"), (bare(20_000, written="*=us-ascii''%78"), "parts"),
            (bare(20_000).replace(b"\r\n", b"\r"), "parts"), (bare(20_000).replace(b"mixed", b"digest"), "parts"),
            (bare(20_000, "-" * 60), ""), (HEAD + b"\r\n" + b"--x\r\n" * 20_000, ""),
            (report(900), ""), (report(2000), "parts"), (report(20, b"\r\n" * 5000), ""), (report(2000).replace(b"\r\n", b"\n"), "parts"),
            (nested(MAX_MULTIPARTS), ""), (nested(MAX_MULTIPARTS + 1), "multiparts"),
            (HEAD + b"X-Long: " + b"x" * MAX_HEADER + b"\r\n\r\nHello", "header"), (b"x" * (MAX_HEADER + 1), "header"),
            (b"Cc: " + many + b"\r\n\r\nHello", "recipients"), (b"To: a@fabrikam.example\r\n\r\nTo: " + many, ""),
            (HEAD + b"\r\n" + b"x" * MAX_SIZE, "size"),
        ]
        for number, (source, expected) in enumerate(table):
            with self.subTest(number=number):
                self.assertEqual(excess(source), expected)

    def test_what_may_be_parsed_can_be(self):
        message = email.message_from_bytes(nested(MAX_MULTIPARTS), policy=email.policy.SMTP)
        self.assertEqual(sum(1 for _part in message.walk()), MAX_MULTIPARTS + 1)

    @slow
    def test_a_large_message_takes_no_time(self):
        began = time.monotonic()
        self.assertEqual(excess(HEAD + b"\r\n" + b"content-type : \r\n" * 10 + b"\r\n" * 30_000_000), "")
        self.assertLess(time.monotonic() - began, 10)

    def test_what_takes_python_minutes_or_much_memory_is_not_given_to_its_parser(self):
        table = [
            (HEAD + b"\r\nHello", True), (parts(100), True), (HEAD + b"Content-Type: " + b'"' * 2000 + b"\r\n\r\nHello", False),
            (HEAD + b"Content-Type: a\r\n" + b" b\r\n" * 400 + b"\r\nHello", False), (HEAD + b"\r\n" + b"content-type " * 100, True),
            (HEAD + b"\r\n--x\r\nCONTENT-TRANSFER-ENCODING: " + b"(" * 2000, False), (HEAD + b"\r\n" + b"x" * 4 * 1024 * 1024, False),
        ]
        for number, (source, expected) in enumerate(table):
            with self.subTest(number=number):
                self.assertEqual(is_tame(source), expected)
