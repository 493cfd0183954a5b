import base64
import contextlib
import email
import email.policy
import random
import time
from datetime import datetime
from unittest import mock

from odoo.tests import TransactionCase, tagged
from odoo.tools.mail import email_normalize_all

from ..tools.incoming.mending import mend, readable
from ..tools.incoming.mending.parsing import parsed
from .test_incoming_tnef import container, file_of

HEAD = b"From: Anna <anna@fabrikam.example>\r\nTo: lead@contoso.example\r\nSubject: Offer\r\nMessage-ID: <1@fabrikam.example>\r\n"
RECEIVED = datetime(2026, 11, 2, 10)
GREETING = "Grüße"
ATTACHMENT = b"Content-Disposition: attachment\r\n"


def part(head, body=b"Hi"):
    return b"--x\r\n" + head + b"\r\n\r\n" + body + b"\r\n"


def mixed(*parts, kind=b"mixed"):
    return HEAD + b"Content-Type: multipart/" + kind + b"; boundary=x\r\n\r\n" + b"".join(parts) + b"--x--\r\n"


def text(head, body):
    return HEAD + head + b"\r\n\r\n" + body + b"\r\n"


TEXT = part(b"Content-Type: text/plain", b"Hello there")
FILE = part(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"', b"PDF")
DSN = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; gone@fabrikam.example\r\nAction: failed"
WINDOWS = GREETING.encode("cp1252")
QP = b"Content-Transfer-Encoding: quoted-printable\r\n"
INNER = b"Subject: y\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nInner\r\n"
B64 = b"Content-Transfer-Encoding: base64"

# name, source, what its body has, its attachments (a content of None: any)
BODIES = [
    ("charset: windows-1252 as utf-8", text(b"Content-Type: text/plain; charset=utf-8", WINDOWS), GREETING, []),
    ("charset: us-ascii with 8 bit", text(b"Content-Type: text/plain; charset=us-ascii", GREETING.encode()), GREETING, []),
    ("charset: iso-8859-1 with quotes of windows-1252", text(b"Content-Type: text/plain; charset=iso-8859-1", b"\x93a\x94"), "“a”", []),
    ("charset: utf-8 as iso-8859-1", text(b"Content-Type: text/plain; charset=iso-8859-1", GREETING.encode()), GREETING, []),
    ("charset: unknown", text(b"Content-Type: text/plain; charset=x-unknown-8", WINDOWS), GREETING, []),
    ("charset: empty", text(b"Content-Type: text/plain; charset=", WINDOWS), GREETING, []),
    ("charset: empty in quotes", text(b'Content-Type: text/plain; charset=""', WINDOWS), GREETING, []),
    ("charset: no end of quotes", text(b'Content-Type: text/plain; charset="utf-8', GREETING.encode()), GREETING, []),
    ("charset: none", text(b"Content-Type: text/plain", WINDOWS), GREETING, []),
    ("charset: no type", text(b"X-Mailer: x", WINDOWS), GREETING, []),
    ("charset: none in a part", mixed(part(b"Content-Type: text/plain", WINDOWS)), GREETING, []),
    ("charset: no codec of text", text(b"Content-Type: text/plain; charset=hex", b"Hello"), "Hello", []),
    ("charset: punycode", text(b"Content-Type: text/plain; charset=punycode", b"Hello"), "Hello", []),
    ("charset: unicode_escape", text(b"Content-Type: text/plain; charset=unicode_escape", b"Hello \\ud800"), "Hello", []),
    ("charset: lone surrogate", text(b"Content-Type: text/plain; charset=utf-7", b"Hello +2AA-"), "Hello", []),
    ("charset: extended", text(b"Content-Type: text/plain; charset*=us-ascii'en'utf-8", GREETING.encode()), GREETING, []),
    ("charset: gb2312", text(b"Content-Type: text/plain; charset=gb2312", "镕基".encode("gb18030")), "镕基", []),
    ("charset: of the page", mixed(part(b"Content-Type: text/html", b'<meta charset="koi8-r"><p>' + "Привет".encode("koi8-r") + b"</p>")),
     "Привет", []),
    ("charset: quoted-printable", text(QP + b"Content-Type: text/plain; charset=utf-8", b"Gr=FC=DFe"), GREETING, []),
    ("page", text(b"Content-Type: text/html; charset=x", b"<p>" + WINDOWS + b"</p>"), GREETING, []),
    ("XHTML", text(b"Content-Type: text/html; charset=utf-8", b'<?xml version="1.0" encoding="utf-8"?><html><body>Hi</body></html>'),
        "Hi", []),
    ("a page that is a comment", text(b"Content-Type: text/html", b"<!-- x -->"), "", []),
    ("NUL", text(b"Content-Type: text/plain", b"He\x00llo"), "Hello", []),
    ("NUL in a page", text(b"Content-Type: text/html; charset=utf-8", b"<p>He\x00llo&#0;&#xD800;</p>"), "Hello", []),
    ("form feed", mixed(part(b"Content-Type: text/html", b"<p>Hel\x0clo\x0b</p>" + b"x" * 100)), "Hello", []),
    ("encoding: unknown", text(b"Content-Transfer-Encoding: x-odd", b"Hello"), "Hello", []),
    ("encoding: twice", text(B64 + b"\r\n" + B64, base64.b64encode(b"Hello")), "Hello", []),
    ("encoding: doubled", text(B64 + b", base64", base64.b64encode(b"Hello")), "Hello", []),
    ("encoding: comment", text(B64 + b" (as usual)", base64.b64encode(b"Hello")), "Hello", []),
    ("encoding: no base64", text(B64, b"Hello, this is no base64. At all!"), "Hello, this is no base64. At all!", []),
    ("encoding: base64 cut off", mixed(TEXT, part(b"Content-Type: application/pdf; name=a.pdf\r\n" + B64, b"SGVsbG8gd")),
     "Hello there", [("a.pdf", b"Hello ")]),
    ("encoding: quoted-printable broken", text(QP, b"Hello =ZZ ="), "Hello =ZZ", []),
    ("encoding: uuencode broken", mixed(TEXT, part(b"Content-Type: application/x; name=a.bin\r\nContent-Transfer-Encoding: uuencode",
                                                   b"begin 644 a\r\n%2&5L;&\\~~~~\r\nend")), "Hello there", [("a.bin", b"Hello")]),
    ("type: signature/plain", mixed(TEXT, part(b"Content-Type: signature/plain", b"odd")), "Hello there", [("attachment", b"odd")]),
    ("type: */*", mixed(TEXT, part(b"Content-Type: */*; name=a.bin", b"odd")), "Hello there", [("a.bin", b"odd")]),
    ("type: binary/octet-stream", mixed(TEXT, part(b"Content-Type: binary/octet-stream; name=a.bin", b"odd")), "", [("a.bin", b"odd")]),
    ("type: x", mixed(TEXT, part(b"Content-Type: x", b"odd")), "Hello there", [("attachment", b"odd")]),
    ("type: empty", mixed(TEXT, part(b"Content-Type:", b"odd")), "Hello there", [("attachment", b"odd")]),
    ("type: text, later", mixed(TEXT, part(b"Content-Type: text", b"odd")), "Hello there", [("attachment", b"odd")]),
    ("type: text, first", mixed(part(b"Content-Type: text", b"Hello there"), FILE), "Hello there", [("a.pdf", b"PDF")]),
    ("type: the whole message is text", text(b"Content-Type: text", b"Hello there"), "Hello there", []),
    ("type: text/", mixed(TEXT, part(b"Content-Type: text/", b"odd")), "Hello there", [("attachment", b"odd")]),
    ("type: text of which nobody heard", mixed(TEXT, part(b"Content-Type: text/x-odd", b"\x00\xff\xfe\x01")), "Hello there",
     [("attachment", b"\x00\xff\xfe\x01")]),
    ("type: binary as text", mixed(TEXT, part(b"Content-Type: text/plain", bytes(range(256)))), "Hello there", [("attachment", None)]),
    ("type: message/odd", mixed(TEXT, part(b"Content-Type: message/odd", b"A: b\r\n\r\nodd")), "Hello there", [("attachment", None)]),
    ("type: message/partial", mixed(TEXT, part(b"Content-Type: message/partial", b"A: b\r\n\r\nodd")), "Hello there",
        [("attachment", None)]),
    ("type: message/external-body", mixed(TEXT, part(b"Content-Type: message/external-body", b"A: b\r\n\r\nodd")), "Hello there",
     [("attachment", None)]),
    ("type: image/", mixed(TEXT, part(b"Content-Type: image/; name=a.png", b"odd")), "Hello there", [("a.png", b"odd")]),
    ("type: two", mixed(TEXT, part(b"Content-Type: application/pdf; name=a.pdf\r\nContent-Type: image/png", b"odd")), "",
        [("a.pdf", b"odd")]),
    ("message: without content", mixed(TEXT, part(b"Content-Type: message/rfc822", b"")), "Hello there", [("attachment", None)]),
    ("message: in base64", mixed(TEXT, part(b"Content-Type: message/rfc822\r\n" + B64, base64.b64encode(INNER))),
     "Inner", [("attachment", INNER)]),
    ("message: headers that cannot be written", mixed(TEXT, part(b"Content-Type: message/rfc822", (
        b"Subject: a\x0bb\r\nTo: =?x?q?\xff?=,;<\r\nX-A: \x1c" + b"y " * 600 + b"\r\n\r\nInner"))), "Inner", [("attachment", None)]),
    ("report: without parts", HEAD + b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nNot delivered", "Not delivered",
        []),
    ("report: empty", HEAD + b"Content-Type: multipart/report; boundary=x\r\n\r\n", "", []),
    ("report: status in base64", mixed(TEXT, part(b"Content-Type: message/delivery-status\r\n" + B64, base64.b64encode(DSN)),
        kind=b"report"),
     "Hello there", []),
    ("report: status as text", mixed(TEXT, part(b"Content-Type: text/plain", DSN), kind=b"report"), "Hello there", []),
    ("report: empty status", mixed(TEXT, part(b"Content-Type: message/delivery-status", b""), kind=b"report"), "Hello there", []),
    ("report: empty original", mixed(TEXT, part(b"Content-Type: message/rfc822", b""), kind=b"report"), "Hello there", []),
    ("report: odd id in its header", mixed(TEXT, part(b"Content-Type: text/rfc822-headers; charset=x-odd", b"Message-ID: <\xff <"),
        kind=b"report"),
     "Hello there", []),
    ("boundary: missing", HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + TEXT + FILE + b"--x--\r\n", "Hello there", [("a.pdf", b"PDF")]),
    ("boundary: wrong", HEAD + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n" + TEXT + FILE + b"--x--\r\n", "Hello there",
     [("a.pdf", b"PDF")]),
    ("boundary: none in the text", HEAD + b"Content-Type: multipart/mixed; boundary=y\r\n\r\nHello there", "Hello there", []),
    ("whole: csv", text(b'Content-Type: text/csv; name="r.csv"\r\nContent-Disposition: attachment; filename="r.csv"', b"a;b"), "",
     [("r.csv", b"a;b\r\n")]),
    ("whole: text with a name", text(b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename=r.txt", b"a;b"), "",
     [("r.txt", b"a;b\r\n")]),
    ("whole: calendar", text(b"Content-Type: text/calendar; method=REQUEST", b"BEGIN:VCALENDAR"), "",
        [("attachment", b"BEGIN:VCALENDAR\r\n")]),
    ("whole: pdf", text(b"Content-Type: application/pdf; name=a.pdf", b"PDF"), "", [("a.pdf", b"PDF\r\n")]),
    ("whole: picture", text(b"Content-Type: image/png\r\n" + B64, base64.b64encode(b"PNG")), "", [("attachment", b"PNG")]),
    ("whole: unknown text", text(b"Content-Type: text/enriched", b"a <b> c"), "a &lt;b&gt; c", []),
    ("whole: winmail.dat", text(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n" + B64, base64.b64encode(
        container(file_of("offer.txt", b"Offer"), body=b"Hello there"))), "Hello there", [("winmail.dat", None), ("offer.txt", b"Offer")]),
    ("winmail.dat", mixed(TEXT, part(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n" + B64, base64.b64encode(
        container(file_of("offer.txt", b"Offer"))))), "Hello there", [("winmail.dat", None), ("offer.txt", b"Offer")]),
    ("rpmsg", mixed(TEXT, part(b"Content-Type: application/x-microsoft-rpmsg-message; name=message_v2.rpmsg", b"x")), "Hello there",
     [("message_v2.rpmsg", b"x")]),
    ("calendar part", mixed(TEXT, part(b"Content-Type: text/calendar; charset=utf-8", GREETING.encode()), kind=b"alternative"),
        "Hello there",
     [("attachment", GREETING.encode())]),
    ("text with a name", mixed(TEXT, part(b"Content-Type: text/plain\r\nContent-Disposition: inline; filename=r.txt", b"a;b")),
        "Hello there",
     [("r.txt", b"a;b")]),
    ("file of text in a wrong charset", mixed(TEXT, part(b"Content-Type: text/csv; name=r.csv; charset=utf-8", WINDOWS)), "Hello there",
     [("r.csv", WINDOWS)]),
    ("file of text in an unknown charset", mixed(TEXT, part(b"Content-Type: text/csv; name=r.csv; charset=x-y", WINDOWS)), "Hello there",
     [("r.csv", WINDOWS)]),
    ("name: raw", mixed(part(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="' + WINDOWS + b'.pdf"')), "",
     [("Grüße.pdf", b"Hi")]),
    ("name: encoded word", mixed(part(b'Content-Type: application/pdf; name="=?iso-8859-1?Q?Gr=FC=DFe.pdf?="')), "",
        [("Grüße.pdf", b"Hi")]),
    ("name: extended", mixed(part(b"Content-Type: a/b\r\nContent-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf")), "",
     [("Grüße.pdf", b"Hi")]),
    ("name: continued", mixed(part(b'Content-Type: image/png; name*0="a"; name*1=b; name*2*=%2Epng')), "", [("ab.png", b"Hi")]),
    ("name: extended in an unknown charset", mixed(part(b"Content-Type: image/png; name*=x-odd''Gr%FC%DFe.png")), "",
        [("Grüße.png", b"Hi")]),
    ("name: path", mixed(part(b'Content-Type: image/png; name="..\\..\\a.png"'), part(b'Content-Type: image/png; name="/etc/b.png"')), "",
     [("a.png", b"Hi"), ("b.png", b"Hi")]),
    ("name: NUL, CR and LF", mixed(part(b'Content-Type: image/png; name="=?utf-8?Q?a=00=0D=0Ab.png?="')), "", [("a b.png", b"Hi")]),
    ("name: no end of quotes", mixed(part(b'Content-Type: image/png; name="a.png; x=y')), "", [("a.png", b"Hi")]),
    ("name: very long", mixed(part(b'Content-Type: image/png; name="' + b"a;" * 100_000 + b'.png"')), "", [(None, b"Hi")]),
    ("empty", b"", "", []), ("headers only", HEAD, "", []), ("no header", b"\r\n\r\nHello", "Hello", []),
    ("a header of spaces", b"From:  \t \r\nSubject: \r\nTo:\r\nDate:  \r\n\r\nHello", "Hello", []),
    ("very long lines", text(b"X-A: " + b"y" * 100_000, b"Hello " * 50_000), "Hello", []),
]



@tagged("post_install", "-at_install")
class TestMendingCore(TransactionCase):

    def mended_and_parsed(self, source):
        message = email.message_from_bytes(source, policy=email.policy.SMTP)
        slugs = mend(message, RECEIVED)
        self.assertNotIn("unmended", slugs)
        found = self.env["mail.thread"].message_parse(message)
        return found, [(each.fname, self.content(each)) for each in found["attachments"]]

    def content(self, attachment):
        """What core makes of it in `_process_attachments_for_post`."""
        content = attachment.content
        if isinstance(content, str):
            return content.encode(attachment.info.get("encoding") or "utf-8")
        return content.as_bytes() if isinstance(content, email.message.EmailMessage) else content

    def test_text_and_files_of_what_core_trips_over(self):
        for name, source, body, attachments in BODIES:
            with self.subTest(name=name):
                found, files = self.mended_and_parsed(source)
                self.assertIn(body, found["body"])
                self.assertNotIn("\x00", found["body"])
                self.assertEqual(str(found["body"]).encode().decode(), found["body"])
                if name.startswith("report"):
                    continue
                self.assertEqual(len(files), len(attachments), files)
                for (fname, content), (expected_name, expected) in zip(files, attachments, strict=True):
                    self.assertTrue(expected_name is None or fname == expected_name, fname)
                    self.assertTrue(expected is None or content == expected, content)

    def test_headers_that_core_trips_over(self):
        long = b" ".join(b"<%d@fabrikam.example>" % number for number in range(5000))
        table = [
            ("subject", b"Subject: " + WINDOWS, GREETING), ("subject", b"Subject: " + GREETING.encode(), GREETING),
            ("subject", b"Subject: =?x-unknown?Q?Gr=FC=DFe?=", GREETING),
            ("subject", b"Subject: =?utf-8?Q?Gr=C3=BC?==?utf-8?Q?=C3=9Fe?=", GREETING),
            ("subject", b"Subject: =?utf-8?B?R3LD?=\r\n =?utf-8?B?vMOfZQ==?=", GREETING),
            ("subject", b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe", GREETING),
            ("subject", b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe aus Wien?=", "Grüße aus Wien"),
            ("subject", b"Subject: =?utf-8?B?R3LDvMOfZQ?=", GREETING),
            ("subject", b"Subject: a\x00b\rc", "a b"), ("subject", b"Subject: =?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
            ("subject", b"Subject: =?utf-7?Q?+2AA-?=", "+2AA-"),
            ("email_from", b"From: " + WINDOWS + b" <a@b.example>", '"Grüße" <a@b.example>'),
            ("email_from", b"From: =?x-odd?Q?Gr=FC=DFe?= <a@b.example>", '"Grüße" <a@b.example>'),
            ("email_from", b"From: chief@contoso.example <a@b.example>", '"chief@contoso.example" <a@b.example>'),
            ("email_from", b"From: =?utf-8?Q?chief=40contoso.example=3E=2C?= <a@b.example>", '"chief@contoso.example>," <a@b.example>'),
            ("email_from", b"From: " + b"(" * 5000 + b"a@b.example", "a@b.example"), ("email_from", b"From: <>", ""),
                ("email_from", b"X: y", ""),
            ("email_from", b"From: a@b.example, c@d.example", "a@b.example"), ("email_from", b"From: MAILER-DAEMON", "MAILER-DAEMON"),
            ("email_from", b"From: a@b@c.example", "a b c.example"), ("email_from", b"From: @, " + b"a" * 50_000, "a" * 50_000),
            ("to", b"To: unlisted-recipients:; (no To-header on input), lead@contoso.example", "lead@contoso.example"),
            ("recipients", b"To: undisclosed-recipients:;", ""), ("to", b"To: Team: a@b.example;", "a@b.example"),
            ("to", b"To: =?utf-8?Q?a=40b.example?=", "a@b.example"), ("to", b"To: a@\xff.example", "a@ÿ.example"),
            ("to", b"To: <a@b.example", "a@b.example"),
            ("cc", b"Cc: a@b.example;c@d.example", "a@b.example,c@d.example"),
            ("message_id", b"Message-ID: <a b@c.example>", "<a b@c.example>"), ("message_id", b"Message-ID: <", "<"),
            ("message_id", b"Message-ID: <[@]>", "<[@]>"), ("message_id", b"Message-ID: " + WINDOWS, GREETING),
            ("references", b"References: " + long, long.decode()), ("in_reply_to", b"In-Reply-To: =?a?q?<\xff", "=?a?q?<ÿ"),
        ]
        table += [("date", b"Date: " + text, "2026-11-02 10:00:00") for text in (
            b"yesterday", b"Thu, 1 Jan 1970 00:00:00 +0000", b"Mon, 1 Jan 0001 00:00:00 +0000", b"Fri, 31 Dec 9999 23:59:59 -1200",
            b"9" * 5000,
            b"Mon, 2 Nov 2026 10:00:00 +9900", b"Mon, 2 Nov 2026 25:00:00 +0000", b"Fri, 6 Nov 2026 10:00:00 +0000", b"", b"\xff",
            b"Mon, 2 Nov 2026 10:00:00 +0000\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000", b"Mon, 2 Nov 2026 11:00:00 +0100 (=?x?q?y?=)")]
        table += [("date", b"X: y", "2026-11-02 10:00:00"), ("date", b"Date: 2026-11-01T09:00:00Z", "2026-11-01 09:00:00"),
                  ("date", b"Date: Sun, 01 Nov 2026 09:00:00 +0000", "2026-11-01 09:00:00")]
        for key, header, expected in table:
            with self.subTest(header=header[:60]):
                found, _files = self.mended_and_parsed(header + b"\r\n\r\nHello\r\n")
                self.assertEqual(found.get(key), expected)

    def test_what_is_deep_is_read(self):
        for depth in (20, 199):
            head = b"".join(b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (each, each) for each in range(depth))
            found, _files = self.mended_and_parsed(HEAD + head + b"Content-Type: text/plain\r\n\r\nHello")
            self.assertIn("Hello", found["body"])
            found, files = self.mended_and_parsed(HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: y\r\n\r\nHello")
            self.assertEqual(len(files), 4)  # each holds all that is within it

    def test_a_mended_message_is_routed_and_posted(self):
        group = self.env["discuss.channel"].create({"name": "Leads", "channel_type": "channel"})
        posted = self.env["mail.message"]
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", 1000)
        sources = [source for _name, source, _body, _files in BODIES]
        sources += [b"To: unlisted-recipients:; (no To-header on input), lead@contoso.example\r\n\r\nHello", b"Subject: \x00\r\n\r\nHello"]
        for number, source in enumerate(sources):
            with self.subTest(source=source[-100:]):
                source = b"Message-ID: <m%d@fabrikam.example>\r\n" % number + source
                with self.mended():
                    self.env["mail.thread"].message_process("discuss.channel", source, thread_id=group.id)
                found = posted.search([("message_id", "=", f"<m{number}@fabrikam.example>")])
                self.assertEqual(len(found), b"multipart/report" not in source)

    def mended(self):
        parse = type(self.env["mail.thread"]).message_parse

        def message_parse(threads, message, save_original=False):
            mend(message, RECEIVED)
            return parse(threads, message, save_original=save_original)
        return mock.patch.object(type(self.env["mail.thread"]), "message_parse", message_parse)

    def test_undisclosed_recipients_alone_route_to_nobody(self):
        for source, expected in (
                (b"To: undisclosed-recipients:;\r\n\r\nx", []),
                (b"To: unlisted-recipients:; (no To-header on input), lead@contoso.example\r\n\r\nx", ["lead@contoso.example"])):
            found, _files = self.mended_and_parsed(source)
            self.assertEqual(list(email_normalize_all(found["recipients"])), expected)

    def test_whatever_comes_is_read(self):
        chance = random.Random(13)
        good = [source for _name, source, _body, _files in BODIES if 0 < len(source) < 4000]
        tokens = [b"=?", b"?=", b"\x00", b"\r", b"\n", b"\r\n", b'"', b";", b"<", b">", b"(", b":", b"*0*=", b"''", b"\xff",
            b"\xed\xa0\x80", b"--x",
                  b"Content-Type: ", b"multipart/", b"message/rfc822", b"charset=", b"=?utf-8?b?", b"@", b",", b"%", b"\\", b"9999",
                  b"\x1b$B", b"[", b"]"]
        until, count = time.monotonic() + 8, 0
        while count < 400 and time.monotonic() < until:
            source = bytearray(chance.choice(good))
            for _change in range(chance.randint(1, 12)):
                place = chance.randrange(len(source) + 1)
                source[place:place + chance.choice((0, 0, 1, 5))] = chance.choice(tokens) if chance.random() < 0.7 else chance.randbytes(2)
            count += 1
            with self.subTest(source=bytes(source)):
                self.take(bytes(source))
        self.assertGreater(count, 100)

    def take(self, source):
        found = self.env["mail.thread"].message_parse(readable(source))
        self.assertNotIn("\x00", found["body"])
        messages = [parsed(source)]
        with contextlib.suppress(Exception):  # Python's parser may fail before there is anything to mend
            messages.append(email.message_from_bytes(source, policy=email.policy.SMTP))
        for message in messages:
            self.assertNotIn("unmended", mend(message, RECEIVED))
            found = self.env["mail.thread"].message_parse(message)
            self.assertNotIn("\x00", found["body"])
            for attachment in found["attachments"]:
                self.content(attachment)
