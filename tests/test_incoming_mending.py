import email
import email.policy
import time
from datetime import datetime, timedelta, timezone

from odoo.tests import BaseCase, tagged

from ..tools.incoming.headers import header
from ..tools.incoming.limits import MAX_MULTIPARTS
from ..tools.incoming.mending import mend, parts, readable
from ..tools.incoming.mending.addresses import is_plain, mailbox_list
from ..tools.incoming.mending.parameters import parameters, safe_name
from ..tools.incoming.mending.parsing import parsed

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


def read(source, parse=None):
    return parse(source) if parse else email.message_from_bytes(source, policy=email.policy.SMTP)


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
            (b"Content-Type: x/y\r\n\r\nx", "type"), (b"Content-Type: multipart/mixed\r\n\r\nx", "boundary"),
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

    def test_a_date_that_is_none_is_when_the_message_was_received(self):
        table = [
            ("Mon, 02 Nov 2026 10:00:00 +0000", None), ("2 Nov 2026 11:00:00 +0100 (CET)", None), ("Wed, 4 Nov 2026 10:00:00 +0000", None),
            ("Wed, 4 Nov 2026 10:01:00 +0000", RECEIVED), ("Thu, 1 Jan 1970 00:00:00 +0000", RECEIVED),
            ("Mon, 1 Jan 0001 00:00:00 +0000", RECEIVED),
            ("Fri, 31 Dec 9999 23:59:59 +0000", RECEIVED), ("tomorrow", RECEIVED), ("", RECEIVED),
            ("Mon, 2 Nov 2026 10:00:00 +9999", RECEIVED),
            ("2026-11-01 10:00:00", datetime(2026, 11, 1, 10)), ("Sun, 1 Nov 26 10:00:00 GMT", datetime(2026, 11, 1, 10)),
        ]
        for text, expected in table:
            for zone in (None, timezone.utc, timezone(timedelta(hours=0))):
                with self.subTest(text=text, zone=zone):
                    message = read(f"Date: {text}\r\n\r\nx".encode())
                    self.assertEqual(mend(message, RECEIVED.replace(tzinfo=zone)), ["date"] if expected else [])
                    if expected:
                        self.assertEqual(email.utils.parsedate_to_datetime(message["Date"]), expected.replace(tzinfo=timezone.utc))
        message = read(b"Date: tomorrow\r\n\r\nx")
        self.assertEqual((mend(message), message["Date"]), (["date"], None))  # the database's own time is better than a wrong one
        self.assertEqual(mend(read(b"\r\nx")), [])

    def test_address_lists_as_they_are_meant(self):
        table = [
            ("a@b.example", "a@b.example"), ("unlisted-recipients:; (no To-header on input), a@b.example", "a@b.example"),
            ("undisclosed-recipients:;", ""),
            ("Team: a@b.example, c@d.example;", "a@b.example, c@d.example"),
            ("chief@x.example <a@b.example>", '"chief@x.example" <a@b.example>'),
            ('"chief@x.example" <a@b.example>', '"chief@x.example" <a@b.example>'), ("a@b.example (Anna)", '"Anna" <a@b.example>'),
            ('"Muster, Anna" <a@b.example>', '"Muster, Anna" <a@b.example>'), ('"An\\"na" <a@b.example>', '"An\\"na" <a@b.example>'),
            ("=?utf-8?Q?Muster=2C_=C3=84?= <a@b.example>", '"Muster, Ä" <a@b.example>'),
            ('"=?utf-8?Q?=C3=84?=" <a@b.example>', '"Ä" <a@b.example>'),
            ("=?utf-8?Q?=22=3Ex=40y=2Ez?= <a@b.example>", '"\\">x@y.z" <a@b.example>'),
            ("a@b.example;c@d.example", "a@b.example, c@d.example"),
            ("Anna <a@b.example", '"Anna" <a@b.example>'), ('"Anna <a@b.example>', '"Anna" <a@b.example>'),
            ("<<a@b.example>>", "a@b.example"),
            ("Anna a@b.example", '"Anna" <a@b.example>'), ("mailto:a@b.example", "a@b.example"), ("<@x,@y:a@b.example>", "a@b.example"),
            ("a @ b.example", ""), ("<a @ b.example>", "a@b.example"), ("x" * 400 + "@b.example", ""), ("a@b@c", ""), ("@b.example", ""),
            ("<>", ""), ("", ""),
            ("Anna (x <a@b.example>, c@d.example", '"Anna x" <a@b.example>, c@d.example'), ("((a) b) a@b.example", '"a b" <a@b.example>'),
        ]
        for source, expected in table:
            with self.subTest(source=source):
                self.assertEqual(mailbox_list(source)[0], expected)
                if is_plain(source):
                    found = read(f"To: {source}\r\n\r\n".encode())["To"]
                    self.assertEqual([(each.addr_spec, each.display_name) for each in found.addresses], [
                        (each.addr_spec, each.display_name) for each in read(f"To: {expected}\r\n\r\n".encode())["To"].addresses])

    def test_parameters_as_they_are_meant(self):
        table = [
            ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
            ('text/plain; charset="utf-8', "text/plain", {"charset": "utf-8"}),
            ("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}), ("TEXT/Plain", "text/plain", {}), ("", "", {}),
            ("x", "x", {}),
            ("a/b; filename*=utf-8''%C3%84.txt; filename=A.txt", "a/b", {"filename": "Ä.txt"}),
            ("a/b; name*0=a; name*1*=%2E; name*2=c", "a/b", {"name": "a.c"}),
            ("a/b; name*=Ä.txt", "a/b", {"name": "Ä.txt"}), ("a/b; name==?utf-8?Q?=C3=84?=", "a/b", {"name": "Ä"}),
            ("a/b; x=1; x=2", "a/b", {"x": "1"}),
            ('a/b; name="C:\\temp\\new.txt"', "a/b", {"name": "C:\\temp\\new.txt"}), ('a/b; name="a\\"b"', "a/b", {"name": 'a"b'}),
            ("a/b; name=my file.txt; x=1", "a/b", {"name": "my file.txt", "x": "1"}), ('a/b; name="a;b"', "a/b", {"name": "a;b"}),
        ]
        for source, value, items in table:
            with self.subTest(source=source):
                found = parameters(source)
                self.assertEqual((found.value, found.items), (value, items))
                if found.is_plain:
                    message = read(f"Content-Type: {source}\r\n\r\n".encode())
                    self.assertEqual(dict(message.get_params()[1:]), items)

    def test_names_of_files_are_names_only(self):
        for name, expected in (
                ("a.txt", "a.txt"), ("Grüße 日本.pdf", "Grüße 日本.pdf"), ("../../etc/passwd", "passwd"), ("C:\\temp\\a.txt", "a.txt"),
                ("..\\a.txt", "a.txt"),
                ("/a/b.txt", "b.txt"), ("Offer 1/2026.pdf", "Offer 1_2026.pdf"), ("a\u202etxt.exe", "atxt.exe"), ("..", ""), ("", ""),
                ("a.", "a"),
                ("x" * 300 + ".pdf", "x" * 180 + ".pdf")):
            with self.subTest(name=name):
                self.assertEqual(safe_name(name), expected)

    def test_a_message_id_stays_as_it_was_written(self):
        for text in ("<a b@c.example>", "<a@b.example>", "a@b.example", "<a@b.example> (x)", "<", "<a@[b]>"):
            message = read(f"Message-ID: {text}\r\n\r\nx".encode())
            mend(message, RECEIVED)
            self.assertEqual((message["Message-Id"], header(message, "Message-ID")), (text, text))

    def test_a_message_in_the_message_can_be_written(self):
        inner = b"Subject: =?x?Q?\xff\r\n\tb?=\r\nX-A: \x0bb\r\nTo: <,\r\n\r\nInner"
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

    def test_what_cannot_be_read_has_its_head_and_text(self):
        source = HEAD + b"Authentication-Results: a\r\nAuthentication-Results: b\r\nSubject: " + WINDOWS + b"\r\nContent-Type: "
        for rest, expected in (
                (b"text/plain; charset=utf-8\r\n\r\n" + WINDOWS, "Grüße"),
                (b"text/html\r\n\r\n<style>x</style><p>Gr&uuml;&szlig;e</p>", "Grüße"),
                (b"multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nGr\xfc\xdfe\r\n--x--", "Grüße"),
                (b"\r\n\r\nA\x00B", "AB"),
                (b"multipart/mixed\r\n\r\nA", "A"), (b"x", ""), (b"text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ", "A")):
            with self.subTest(rest=rest):
                message = readable(source + rest)
                self.assertEqual(message.get_content().strip(), expected)
                self.assertEqual(message["From"], '"Anna" <anna@fabrikam.example>')
                self.assertEqual(message.get_all("Subject"), ["Offer", "Grüße"])
                self.assertEqual(message.get_all("Authentication-Results"), ["a", "b"])
                self.assertEqual((message["Message-ID"], kinds(message)), ("<1@fabrikam.example>", ["text/plain"]))
        for source in (b"", b"\r\n", b"\xff" * 1000, b":\r\n:\r\n\r\nx", b"\r\n\r\n" + b"<" * 1000):
            self.assertEqual(kinds(readable(source)), ["text/plain"])

    def test_what_fails_is_shown_and_stops_nothing(self):
        def fail(*_args):
            raise RecursionError
        self.patch(parts.PartMender, "mend", fail)
        self.assertEqual(mend(read(b"Date: x\r\n\r\nx"), RECEIVED), ["date", "unmended"])

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
