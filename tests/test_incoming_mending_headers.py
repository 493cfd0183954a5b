import email
import email.policy
from datetime import datetime, timedelta, timezone

from odoo.tests import BaseCase, tagged

from ..tools.incoming.headers import header
from ..tools.incoming.mending import mend
from ..tools.incoming.mending.addresses import is_plain, mailbox_list
from ..tools.incoming.mending.parameters import parameters, safe_name
from ..tools.incoming.mending.transfer_encodings import encoding_of

DATE = b"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n"
RECEIVED = datetime(2026, 11, 2, 10, 0, 5)
WINDOWS = "Grüße".encode("cp1252")


def read(source):
    return email.message_from_bytes(source, policy=email.policy.SMTP)


@tagged("post_install", "-at_install")
class TestMendedHeaders(BaseCase):

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
            ("P.<a@b.example>", '"P." <a@b.example>'), ("a @ b.example", ""), ("<a@b.example> <c@d.example>", "a@b.example"),
            ("<a @ b.example>", "a@b.example"),
            ("x" * 400 + "@b.example", ""), ("a@b@c", ""), ("@b.example", ""),
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

    def test_long_parameters_are_not_left_to_python(self):
        found = parameters("text/plain; " + "a=b; " * 5000 + "x=y")
        self.assertEqual((found.is_plain, found.items), (False, {"a": "b"}))

    def test_subjects_as_they_are_meant(self):
        table = [
            (b"=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3=9Fe?= x", "Grüße x"), (b"=?utf-8?B?R3LD?=\r\n =?utf-8?B?vMOfZQ==?=", "Grüße"),
            (b"=?utf-8?Q?Gr=C3=BC?==?utf-8?Q?=C3=9Fe?=", "Grüße"), (b"=?iso-8859-1?Q?Gr=FC?= =?utf-8?Q?=C3=9Fe?=", "Grüße"),
            (b"=?utf-8?Q?Gr=C3=BC =?utf-8?Q?=C3=9Fe?=", "Grü ße"), (b"Re:=?utf-8?Q?Gr=C3=BC=C3=9Fe?=!", "Re:Grüße!"),
            (b"=?a?x?b?=", "=?a?x?b?="),
            (b"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"), (b"=??Q?Gr=FC=DFe?=", "Grüße"), (b"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
            (b"=?utf-8?B?R?=", ""),
            (WINDOWS, "Grüße"), (b"=?utf-8?Q?a=00=0Ab?=", "a b"), (b"\x1b$B8+@Q=q\x1b(B", "見積書"),
        ]
        for source, expected in table:
            with self.subTest(source=source):
                message = read(b"Subject: " + source + b"\r\n\r\nx")
                mend(message)
                self.assertEqual(message["Subject"], expected)

    def test_raw_headers_are_in_the_charset_of_the_text(self):
        text = "Привет"
        raw = text.encode("koi8-r")
        message = read(b"Subject: " + raw + b"\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n" + raw)
        mend(message)
        self.assertEqual((message["Subject"], message.get_content()), (text, text))

    def test_what_an_encoding_is_called(self):
        for values, expected in (
                (["base64"], "base64"), (["BASE64 (x)"], "base64"), (["(quoted-printable) base64"], "base64"),
                (["base64, base64"], "base64"), ([], "8bit"),
                (["7bit", "base64"], "base64"), (["8bit; quoted_printable"], "quoted-printable"), (["uuencode"], "x-uuencode"),
                (["x-odd"], "8bit"), ([""], "8bit")):
            with self.subTest(values=values):
                self.assertEqual(encoding_of(values), expected)

    def test_a_disposition_stays(self):
        for value in (b"inline", b"attachment"):
            message = read(b"Content-Type: image/png\r\nContent-Disposition: " + value + b'; filename="../a.png"\r\n\r\nx')
            mend(message)
            self.assertEqual((message["Content-Disposition"], message.get_filename()), (value.decode() + '; filename="a.png"', "a.png"))

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
        for text in ("<a b@c.example>", "<a@b.example>", "a@b.example", "<a@b.example> (x)", "<", "<a@[b]>", "<=?utf-8?Q?a?=@b>"):
            message = read(f"Message-ID: {text}\r\n\r\nx".encode())
            mend(message, RECEIVED)
            self.assertEqual((message["Message-Id"], header(message, "Message-ID")), (text, text))
