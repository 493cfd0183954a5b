import base64
import email
import email.policy
import html
import re
import time
import tracemalloc
from copy import deepcopy
from datetime import datetime
from email.headerregistry import Address
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools.incoming.limits import MAX_MULTIPARTS
from ..tools.incoming.mending import mend, parts, readable
from ..tools.incoming.mending.parsing import parsed
from ..tools.incoming.mending.written import Written
from .slow import slow

HEAD = b"From: Anna <anna@fabrikam.example>\r\nTo: lead@contoso.example\r\nSubject: Offer\r\nMessage-ID: <1@fabrikam.example>\r\n"
DATE = b"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n"
RECEIVED = datetime(2026, 11, 2, 10, 0, 5)
WINDOWS = "Grüße".encode("cp1252")
ORDINARY = HEAD + DATE + b"\r\n".join((
    b'Content-Type: multipart/mixed; boundary="=_a"', b"", b"--=_a", b'Content-Type: multipart/alternative; boundary="=_b"', b"", b"--=_b",
    b'Content-Type: text/plain; charset="utf-8"; format=flowed', b"Content-Transfer-Encoding: 8bit", b"", "Grüße".encode(), b"--=_b",
    b"Content-Type: text/html; charset=utf-8", b"Content-Transfer-Encoding: quoted-printable", b"", b"<p>Gr=C3=BC=C3=9Fe</p>", b"--=_b--",
    b"--=_a",
    b'Content-Type: application/pdf; name="Offer 7.pdf"', b"Content-Transfer-Encoding: base64",
    b'Content-Disposition: attachment; filename="Offer 7.pdf"', b"", b"UERG", b"--=_a--", b""))


def read(source):
    return email.message_from_bytes(source, policy=email.policy.SMTP)


def kinds(message):
    return [part.get_content_type() for part in message.walk()]


@tagged("post_install", "-at_install")
class TestMending(BaseCase):

    def test_what_is_right_stays_untouched(self):
        sources = [
            ORDINARY, ORDINARY.replace(b"\r\n", b"\n"), HEAD + DATE + b"\r\nHello",
            HEAD + DATE + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + WINDOWS,
            DATE + b'To: "Muster, Anna" <a@b.example>,\r\n c@d.example\r\n\r\nHello',
            DATE + b"Content-Type: text/html\r\n\r\n<p>Hello</p>", DATE + b"Content-Type: application/pdf\r\n\r\nPDF",
            DATE + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + "見積書".encode("iso2022_jp"),
        ]
        for source in sources:
            with self.subTest(source=source[:200]):
                message = read(source)
                before = list(message.raw_items()), message.as_bytes()
                self.assertEqual(mend(message, RECEIVED), [])
                self.assertEqual((list(message.raw_items()), message.as_bytes()), before)

    def test_slugs_tell_what_was_repaired(self):
        part = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        table = [
            (b"Subject: " + WINDOWS + b"\r\n\r\n", "header"), (b"Subject: =?utf-8?Q?a b?=\r\n\r\n", "header"),
            (b"To: a@b.example, =?x?q?\xff?= <c\r\n\r\n", "address"),
            (b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + WINDOWS, "charset"), (b"\r\nHe\x00llo", "control"),
            (b'Content-Type: text/plain; charset="utf-8\r\n\r\nx', "parameters"),
            (b"Content-Transfer-Encoding: base64 (x)\r\n\r\nSGVsbG8=", "encoding"),
            (b'Content-Type: text/plain; charset=""\r\n\r\nx', "charset"), (b"Content-Type: x/y\r\n\r\nx", "type"),
            (b"Content-Type: multipart/mixed\r\n\r\nx", "boundary"),
            (b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==", "message"),
            (b"Content-Type: message/rfc822\r\n\r\n" * 9 + b"A: b\r\n\r\n", "nesting"),
            (b"Content-Type: text/csv\r\n\r\na;b", "attachment"),
            (part + b"Content-Type: application/x-microsoft-rpmsg-message\r\n\r\nx\r\n--x--", "encrypted"),
            (b'Content-Type: image/png; name="../a.png"\r\n\r\nx', "name"),
        ]
        for source, slug in table:
            with self.subTest(source=source):
                self.assertEqual(mend(read(DATE + source), RECEIVED), [slug])
        self.assertEqual(mend(read(b"\r\nx"), RECEIVED), ["date"])

    def test_the_same_is_mended_once(self):
        for source in (HEAD + b"Subject: " + WINDOWS + b"\r\n\r\n" + WINDOWS, HEAD + b"Content-Type: text/csv; name=../a.csv\r\n\r\na;b"):
            message = read(source)
            self.assertTrue(mend(message, RECEIVED))
            self.assertEqual(mend(message, RECEIVED), [])

    def test_what_stands_first_is_the_text(self):
        part = b"--x\r\nContent-Type: text\r\n\r\nHello\r\n"
        message = read(DATE + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part + part + b"--x--")
        self.assertEqual(mend(message, RECEIVED), ["type"])
        self.assertEqual(kinds(message), ["multipart/mixed", "text/plain", "application/octet-stream"])

    def test_text_that_is_no_base64_stays_text(self):
        message = read(b"Content-Transfer-Encoding: base64\r\n\r\nHello, this is no base64. At all!")
        self.assertEqual((mend(message), message.get_content()), (["encoding"], "Hello, this is no base64. At all!"))
        self.assertIn(b"Hello, this", message.as_bytes())

    def test_headers_of_a_report_stay_headers(self):
        message = read(b"Content-Type: text/rfc822-headers; charset=x-odd\r\n\r\nSubject: " + WINDOWS)
        message = read(b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n" + message.as_bytes() + b"\r\n--x--")
        self.assertEqual(mend(message), ["charset"])
        self.assertEqual((kinds(message)[1], message.get_payload(0).get_content()), ("text/rfc822-headers", "Subject: Grüße"))

    def test_a_page_closes_what_it_opens(self):
        page = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
        for body in (b"<body " * 9000, b"<" * 9000 + b">" * 9000, b"<!--" * 9000, b"<p>" * 90 + b"<" * 900 + b"x" * 90_000):
            message = read(page + body)
            self.assertEqual(mend(message), ["markup"])
            self.assertLessEqual(message.get_content().count("<"), 91)
        for body in (b"<p>Hello</p>" * 9000, b"<!-- a <b> c -->" * 400, b"a < b"):
            self.assertEqual(mend(read(page + body)), [])

    @slow
    def test_quotes_are_few_enough_for_core(self):
        """It copies what follows for each of them."""
        table = [("plain", b"> a\r\n"), ("plain", b"> a\n\n"), ("html", b"&gt; a\r\n\r\n"), ("html", b"&#10;&#62;"), ("html", b"\n>")]
        for kind, line in table:
            message = read(b"Content-Type: text/%s; charset=utf-8\r\n\r\n" % kind.encode() + b"Hello\r\n" + line * 50_000)
            self.assertEqual(mend(message), ["markup"])
            text = html.unescape(message.get_content())
            self.assertLess(len(re.findall(r"(?:\n>+[^\n\r]*)+", text)), 2, "as core counts them")
            self.assertEqual(text.count(">"), 50_000)
        message = read(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + b"\n&#100;&#x0Ab;&gt;" * 50_000)
        self.assertEqual(mend(message), ["markup"])
        self.assertEqual(html.unescape(message.get_content())[-3:], "d\xab>", "numbers that begin as the one of a line's end")
        message = read(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"\n\n&#10;> a" * 50_000)
        self.assertEqual(mend(message), ["markup"])
        self.assertEqual(message.get_content().count("&#10;> a"), 50_000, "in a plain text, that is text")
        for line in (b"> a\r\n", b"a\r\n"):
            self.assertEqual(mend(read(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + line * 2000)), [])

    def test_an_encoded_status_with_too_many_blocks_is_a_file(self):
        for number, expected in ((20, 21), (20_000, 1)):
            status = base64.encodebytes(b"Action: failed\n\n" * number)
            message = read(b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n" + status)
            mend(message)
            self.assertEqual(len(list(message.walk())), expected)

    def test_a_returned_header_that_core_cannot_parse_is_text(self):
        for header in (b"Message-ID: <a@b.example>", b"Message-ID: <", b"Message-ID: <a@[", b"Message-ID: <" + b"a" * 5000):
            message = read(b"Content-Type: text/rfc822-headers; charset=utf-8\r\n\r\n" + header)
            message = read(b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n" + message.as_bytes() + b"\r\n--x--")
            mend(message)
            part = message.get_payload(0)
            if part.get_content_type() == "text/rfc822-headers":  # some versions of Python raise over some of them
                returned = email.message_from_string(part.get_content(), policy=email.policy.SMTP)
                self.assertLess(len(str(returned["Message-ID"])), 1000)
            else:
                self.assertNotIn(b"@b.example>", header)

    def test_not_every_lost_boundary_is_looked_for(self):
        lost = b"--x\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--y\r\nContent-Type: text/plain\r\n\r\nHello\r\n--y--\r\n"
        message = read(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + lost * 30 + b"--x--")
        mend(message)
        self.assertEqual(sum("--y" in part.get_payload() for part in message.walk() if not part.is_multipart()), 22)

    def test_a_message_in_the_message_can_be_written(self):
        inner = b"Subject: =?x?Q?\xff\r\n\tb?=\r\nX-A: \x0bb\r\nTo: <,\r\nX-B: =?x?q?\xff?=" + b" y" * 60 + b"\r\n\r\nInner"
        for kind in (b"message/rfc822", b"message/global", b"message/news"):
            message = read(HEAD + DATE + b"Content-Type: " + kind + b"\r\n\r\n" + inner)
            mend(message, RECEIVED)
            self.assertEqual(message.get_payload(0).as_bytes(), inner.replace(b"\x0b", b" "))

    def test_core_need_not_decode_a_large_file(self):
        data = bytes(range(256)) * 4096
        encoded = email.base64mime.body_encode(data, 76, "\r\n").encode()
        source = DATE + b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
        message = read(source)
        self.assertEqual(mend(message, RECEIVED), [])
        self.assertEqual(message.get_content(), data)
        self.assertIs(message.get_content(), message.get_content())

    def test_files_of_a_winmail_dat_in_a_message_of_the_message_stay_in_it(self):
        message = read(DATE + b"Content-Type: message/rfc822\r\n\r\nContent-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22")
        self.assertEqual(mend(message, RECEIVED), [])

    def test_the_parser_reads_as_python_does(self):
        for source in (ORDINARY, HEAD + b"Cc: Team <x@y.example>\r\nReferences: <a@b>\r\n <c@d>\r\n\r\nHello", b"", b"\r\n\r\nx"):
            mine, theirs = parsed(source), read(source)
            self.assertEqual(kinds(mine), kinds(theirs))
            self.assertEqual(list(mine.raw_items()), list(theirs.raw_items()))
            for name in ("Subject", "References", "Message-ID"):
                self.assertEqual(mine[name], theirs[name])
            self.assertEqual([part.get_filename() for part in mine.walk()], [part.get_filename() for part in theirs.walk()])
        self.assertEqual(kinds(parsed(b"Content-Type: text/p\x00\r\n\r\nx")), ["text/p"])

    def test_a_plain_header_reads_as_python_reads_it_without_its_parser(self):
        source = (
            b"From: Joe <j@fabrikam.example>\r\nSubject: Offer\r\nTo: a@contoso.example\r\nTo: b@contoso.example\r\n"
            b"Date: Mon, 02 Nov 2026 10:00:00 +0100 (UTC)\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
            b"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nHello\r\n--x--\r\n")
        message, untouched = read(source), read(source)
        mend(message)
        for part, other in zip(message.walk(), untouched.walk(), strict=True):
            self.assertEqual(part.items(), other.items())
            self.assertEqual(part.is_attachment(), other.is_attachment())
            self.assertEqual(part.get_params(), other.get_params())
        self.assertEqual(message["From"].addresses, untouched["From"].addresses)
        self.assertFalse(hasattr(message["From"], "datetime"))
        self.assertEqual(Written("Content-Disposition", f"attachment; filename=a.pdf; x={'a' * 2000}").content_disposition, "attachment")
        copied = deepcopy(Written("To", "Anna", "=?utf-8?q?Anna?="))
        self.assertEqual((copied, copied.name, copied.source), ("Anna", "To", "=?utf-8?q?Anna?="))
        with patch("email.headerregistry.HeaderRegistry.__call__", side_effect=AssertionError("parsed")):
            self.assertEqual(message["to"], "a@contoso.example")
            self.assertEqual([part.get_content_type() for part in message.walk()], ["multipart/mixed", "text/plain"])
        message.replace_header("Date", "Tue, 3 Nov 2026 10:00:00 +0100")
        self.assertEqual(message["Date"].datetime.day, 3)

    @slow
    def test_what_is_remembered_of_a_hostile_message_is_bounded(self):
        long = b"".join(b"; a%d=b" % number for number in range(130))
        parts_ = b"".join(b"--x\r\nContent-Type: application/pdf%s; x=%d\r\n\r\nA\r\n" % (long, number) for number in range(200))
        message = read(HEAD + DATE + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + parts_ + b"--x--\r\n")
        mend(message)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for part in message.walk():
            part.get_content_type()
            part.get_filename()
        self.assertLess(tracemalloc.get_traced_memory()[0], 10 * 2 ** 20)

    def test_a_header_may_be_set_to_what_python_takes(self):
        message = read(ORDINARY)
        mend(message)
        del message["To"]
        message["To"] = [Address("A", "a", "fabrikam.example")]
        self.assertEqual(message["To"].addresses[0].addr_spec, "a@fabrikam.example")

    def test_what_cannot_be_read_has_its_head_and_text(self):
        source = HEAD + b"Authentication-Results: a\r\nAuthentication-Results: b\r\nSubject: " + WINDOWS
        source += b"\r\nContent-ID: <x>\r\nContent-Type: "
        for rest, expected in (
                (b"text/plain; charset=utf-8\r\n\r\n" + WINDOWS, "Grüße"),
                (b"text/html\r\n\r\n<style>x</style><p>Gr&uuml;&szlig;e</p>", "Grüße"),
                (b"multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nGr\xfc\xdfe\r\n--x--", "Grüße"),
                (b"\r\n\r\nA\x00B", "AB"),
                (b"multipart/mixed\r\n\r\nA", "A"), (b"x", ""), (b"text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ", "A")):
            with self.subTest(rest=rest):
                message = readable(source + rest)
                self.assertEqual(message.get_content().strip(), expected)
                self.assertEqual(message["From"], "Anna <anna@fabrikam.example>")
                self.assertEqual(message.get_all("Subject"), ["Offer", "Grüße"])
                self.assertEqual((message.get_all("Authentication-Results"), message["Content-ID"]), (["a", "b"], None))
                self.assertEqual((message["Message-ID"], kinds(message)), ("<1@fabrikam.example>", ["text/plain"]))
        for source in (b"", b"\r\n", b"\xff" * 1000, b":\r\n:\r\n\r\nx", b"\r\n\r\n" + b"<" * 1000):
            self.assertEqual(kinds(readable(source)), ["text/plain"])

    def test_what_fails_is_shown_and_stops_nothing(self):
        def fail(*_args):
            raise RecursionError
        self.patch(parts.PartMender, "mend", fail)
        self.assertEqual(mend(read(b"Date: x\r\n\r\nx"), RECEIVED), ["date", "unmended"])

    @slow
    def test_it_takes_linear_time(self):
        size = 60_000
        heads = [b"From: " + token * (size // len(token)) for token in (
            b'"', b"(", b"<", b'"\\', b"a@", b"=?a?q?", b"a ", b":", b",", b"\\", b"a@b,", b"=?utf-8?q?a?= ", b"\xff", b"(a)", b"<a@b> ")]
        heads += [b"Subject: " + token * (size // len(token)) for token in (b"=?", b"=?a?b?", b"?=", b"=?utf-8?b?w?=", b"=?a?q?=ZZ")]
        heads += [b"Content-Type: text/plain; " + token * (size // len(token)) for token in (b"a=b;", b'"', b'a="', b"a*0=b;", b"x ",
            b";", b"=")]
        heads += [b"Content-Transfer-Encoding: " + b"(" * size, b"Date: " + b"1" * size, b"Date: " + b"Mon, " * (size // 5),
            b"Content-ID: " + b"<" * size]
        bodies = [
            b"Content-Type: multipart/mixed; boundary=y\r\n\r\n" + b"--x\r\n" * (size // 5),
            b"Content-Type: multipart/mixed\r\n\r\n" + b"--x" * size,
            b"Content-Type: text/html\r\n\r\n" + b"<meta " * size + b"\xff", b"Content-Type: text/html\r\n\r\n" + b"<style " * size,
            b"Content-Type: text/plain\r\n\r\n" + b"\x00" * size, b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * size,
            b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 a\r\n" + b"M\xff\r\n" * (size // 4),
            b"".join(b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (each,
                each) for each in range(MAX_MULTIPARTS)) + b"\r\n" + b"a" * size,
            b"Content-Type: message/rfc822\r\n\r\n" * MAX_MULTIPARTS + b"\r\n" + b"a" * size,
        ]
        for source in [head + b"\r\n\r\nHello" for head in heads] + bodies:
            with self.subTest(source=source[:60]):
                began = time.process_time()
                message = parsed(source)
                self.assertNotIn("unmended", mend(message, RECEIVED))
                readable(source)
                self.assertLess(time.process_time() - began, 2)
