import email.policy
import random
import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.answering import answer_to
from ..tools.incoming.author import from_address
from ..tools.incoming.filters import automatic, loop, meeting_answer, receipt, substitute
from ..tools.incoming.fingerprint import fingerprint
from ..tools.incoming.limits import MAX_HEADER
from ..tools.incoming.recipients import HEADERS, named
from .slow import slow

# What the readers look at.
NAMES = [
    *HEADERS, "From", "Subject", "Return-Path", "Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "In-Reply-To", "References",
    "X-Loop",
    "X-POST-MessageClass", "X-MS-Exchange-Message-Class", "Authentication-Results", "Content-Disposition",
]
SEED = b"""Received: from a by b\r
Authentication-Results: spf=pass (x) smtp.mailfrom=fabrikam.example; dmarc=pass header.from=fabrikam.example\r
Return-Path: <ana@fabrikam.example>\r
From: "Ana, B" <ana@fabrikam.example> (c)\r
To: Team: =?utf-8?Q?J=C3=B6?= <a@contoso.example>, b@contoso.example;\r
Subject: =?utf-8?B?UsOpcG9uc2U=?= automatique : x\r
Message-ID: <x@fabrikam.example>\r
References: <a@b> <c@d>\r
Auto-Submitted: auto-generated (x); a="b"\r
X-Auto-Response-Suppress: DR, OOF\r
X-MS-Exchange-Inbox-Rules-Loop: ana@fabrikam.example\r
Content-Type: multipart/report; report-type="disposition-notification"; boundary=b\r
\r
--b\r
Content-Type: text/calendar; charset=utf-8; method=REPLY\r
Content-Transfer-Encoding: quoted-printable\r
\r
METHOD:REPLY\r
UID:1=\r
\r
--b\r
Content-Type: message/disposition-notification\r
\r
Original-Message-ID: <m@erp>\r
Disposition: a/b; displayed\r
\r
--b\r
Content-Type: application/ms-tnef\r
Content-Transfer-Encoding: base64\r
\r
eJ8+IgEIgAcAIAAAAElQTS5NaWNyb3NvZnQgU2NoZWR1bGUuTXRnUmVzcFAA\r
--b--\r
"""
ODD = [
    b"\0", b"\r", b"\n", b"\r\n", b"\xff", b'"', b"(", b")", b"<", b">", b";", b":", b",", b"@", b"=?", b"?=", b"=", b"\\", b"--b",
    b"\xe2\x80\xae",
    b"=?a\0b?q?x?=", b"=?idna?q?" + b"x" * 2000 + b"?=", b"message/rfc822", b"multipart/mixed", b"charset=", b"base64", b"uuencode",
]


def read_all(source):
    """Read a message in every way; return the seconds that it took, without Python's parser."""
    message = email.message_from_bytes(source, policy=email.policy.SMTP)
    start = time.thread_time()
    for kind in (automatic, loop, meeting_answer, receipt, substitute):
        kind.read(message)
    loop.read(message, own_addresses=bool)
    for is_own in (bool, lambda _address: False):
        answer_to(message, is_genuine=True, own_addresses=is_own)
    from_address(message)
    named(message, ["contoso.example"])
    fingerprint(source)
    return time.thread_time() - start


@tagged("post_install", "-at_install")
class TestHostile(BaseCase):

    @slow
    def test_nothing_raises_whatever_the_message_is(self):
        chance = random.Random(13)  # noqa: S311  (the same messages each time)
        for number in range(600):
            source = bytearray(SEED)
            for _change in range(chance.randint(1, 12)):
                start = chance.randrange(len(source))
                source[start:start + chance.choice((0, 0, 1, 5, 60))] = chance.choice(ODD)
            with self.subTest(number=number):
                read_all(bytes(source))

    @slow
    def test_nothing_takes_long_over_a_header_that_may_be_parsed(self):
        units = [
            b'"', b'""', b'\\"', b"(", b")", b"()", b"<", b">", b"<>", b"<a@b>", b";", b",", b":", b"@", b"a@b ", b"a@", b" ", b"\r\n ",
            b"=?", b"?=", b"?= =?",
            b"=?utf-8?q?", b"=?utf-8?q?x?= ", b"=?punycode?q?a-b?=", b"no-reply", b"-request", b"1!", b"; a=\"b", b"a.", b"FW",
            b"IMAP4 1 ", b"spf=pass ", b"\xff",
        ]
        for unit in units:
            for names in (["From"], ["To"], ["Subject"], NAMES):
                value = unit * (MAX_HEADER // 2 // len(names) // len(unit))
                message = b"".join(b"%s: a@contoso.example%sx\r\n" % (name.encode(), value) for name in names)
                with self.subTest(unit=unit, names=names):
                    self.assertLess(read_all(message + b"\r\n"), 3)

    @slow
    def test_nothing_takes_long_over_many_headers_or_parts(self):
        part = b"--b\r\nContent-Type: text/calendar\r\nContent-Disposition: " + b'; x="\\' * 150 + b"\r\n\r\nx\r\n"
        sources = [
            b"".join(b"%s: a%d@contoso.example\r\n" % (name.encode(), number) for number in range(120) for name in NAMES) + b"\r\n",
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 900 + b"--b--\r\n",
            b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
            + b"Original-Message-ID: \r\n" * 100_000,
            b"Content-Type: text/calendar\r\n\r\n" + b"METHOD;\r\n UID;x\r\n" * 200_000,
        ]
        for number, source in enumerate(sources):
            with self.subTest(number=number):
                self.assertLess(read_all(source), 5)
