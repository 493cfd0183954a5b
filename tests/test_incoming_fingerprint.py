import base64
import quopri
import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.fingerprint import fingerprint
from .slow import slow

HEAD = ("From: Ana <ana@fabrikam.example>\r\nTo: erp@contoso.example\r\nSubject: Tour\r\n"
        "Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMessage-ID: <t1@fabrikam.example>\r\n")
TEXT = "Grüße aus Fürth\r\n\r\n= Ana\r\n"
FILE = bytes(range(256)) * 20


def plain(text=TEXT, *, head=HEAD, label="text/plain; charset=utf-8", encoding="8bit", charset="utf-8"):
    octets = text.encode(charset)
    octets = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(octets)
    return f"{head}MIME-Version: 1.0\r\nContent-Type: {label}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + octets


def mixed(text=TEXT, data=FILE, *, head=HEAD, outer="o", inner="i", preamble="", epilogue="", encoding="quoted-printable"):
    html = plain(f"<p>{text}</p>", head="", label="text/html; charset=utf-8")
    return "\r\n".join([
        f"{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"{outer}\"\r\n\r\n{preamble}--{outer}",
        f"Content-Type: multipart/alternative; boundary=\"{inner}\"\r\n\r\n{preamble}--{inner}", "",
    ]).encode() + f"\r\n--{inner}\r\n".encode().join([plain(text, head="", encoding=encoding), html]) + "\r\n".join([
        "", f"--{inner}--", epilogue, f"--{outer}", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "",
        base64.encodebytes(data).decode(), f"--{outer}--", epilogue]).encode()


@tagged("post_install", "-at_install")
class TestFingerprint(BaseCase):

    def test_what_servers_do_on_the_way_changes_nothing(self):
        received = "Received: from a by b\r\n for <erp@contoso.example>; Mon, 2 Nov 2026 10:00:01 +0000\r\n"
        added = (f"{received}Return-Path: <>\r\nAuthentication-Results: spf=pass\r\nARC-Seal: i=1\r\nDKIM-Signature: v=1\r\n"
                 "X-MS-Has-Attach: yes\r\n")
        umlauts = HEAD.replace("Tour", "Größe")
        table = {
            "headers": (plain(), plain(head=added + HEAD)),
            "headers of a large message": (mixed(), mixed(head=added + HEAD)),
            "recipients, as one was redirected": (plain(), plain(head=HEAD + "Resent-From: sales@contoso.example\r\n")),
            "order and case of headers": (
                plain(), plain(head="".join(reversed(HEAD.replace("Subject", "SUBJECT").splitlines(keepends=True))))),
            "folding and white space": (
                plain(), plain(head=HEAD.replace("Ana <", "Ana\r\n\t <").replace("Message-ID: ", "Message-ID:\r\n "))),
            "encoded words": (
                plain(head=umlauts.replace("Größe", "=?utf-8?B?R3LDtsOfZQ==?=")),
                plain(head=umlauts.replace("Größe", "=?iso-8859-1?Q?Gr=F6=DFe?="))),
            "encoded words, as raw text": (plain(head=umlauts.replace("Größe", "=?utf-8?B?R3LDtsOfZQ==?=")), plain(head=umlauts)),
            "ends of lines": (plain(), plain().replace(b"\r\n", b"\n")),
            "ends of lines of a large message": (mixed(), mixed().replace(b"\r\n", b"\n")),
            "trailing blank lines": (plain(), plain() + b"\r\n \r\n\r\n"),
            "quoted-printable": (plain(), plain(encoding="quoted-printable")),
            "base64": (plain(), plain(encoding="base64")),
            "charset": (plain(), plain(label="text/plain; charset=iso-8859-1", charset="iso-8859-1")),
            "boundaries": (mixed(), mixed(outer="_004_AM0PR01MB0001_", inner="_000_AM0PR01MB0001_")),
            "a boundary that looks like the last one": (mixed(), mixed(outer="o--", inner="i--")),
            "a boundary with a space behind": (mixed(), mixed().replace(b'boundary="o"', b'boundary="o "')),
            "preamble and epilogue": (mixed(), mixed(preamble="This is a multi-part message.\r\n\r\n", epilogue="\r\n\r\n")),
            "transfer encoding of a part": (mixed(), mixed(encoding="base64")),
        }
        for name, (one, other) in table.items():
            with self.subTest(name):
                self.assertNotEqual(one, other)
                self.assertEqual(fingerprint(one), fingerprint(other))

    def test_what_the_sender_changes_makes_another_message(self):
        mislabelled = plain("x").replace(b"\r\n\r\nx", b"\r\n\r\nGr\xfc\xdfe"), plain("x").replace(b"\r\n\r\nx", b"\r\n\r\nGr\xf6\xdfe")
        table = {
            "text": (plain(), plain(TEXT.replace("Fürth", "Köln"))),
            "a blank line in the text": (plain(), plain(TEXT.replace("\r\n\r\n", "\r\n"))),
            "letters that the label has not": mislabelled,
            "subject": (plain(), plain(head=HEAD.replace("Tour", "Tour 2"))),
            "date": (plain(), plain(head=HEAD.replace("10:00:00", "10:00:01"))),
            "author": (plain(), plain(head=HEAD.replace("ana@", "bea@"))),
            "name of the author": (plain(), plain(head=HEAD.replace("Ana <", "Bea <"))),
            "id": (plain(), plain(head=HEAD.replace("t1@", "t2@"))),
            "what is in which header": (plain(head="Subject: a\r\nDate: b\r\n"), plain(head="Subject: b\r\nDate: a\r\n")),
            "text of a part": (mixed(), mixed(TEXT + "PS: Bea")),
            "file": (mixed(), mixed(data=FILE + b"x")),
            "first octet of a file": (mixed(), mixed(data=b"x" + FILE[1:])),
            "no file": (mixed(), mixed(data=b"")),
            "a line that looks like a boundary": (plain("a\r\n--o\r\nb"), plain("a\r\n--o\r\nc")),
            "an attached message": tuple(
                plain(f"Subject: inner\r\nContent-Type: multipart/mixed; boundary=n\r\n\r\n--n\r\n\r\n{word}\r\n--n--",
                    label="message/rfc822")
                for word in "ab"),
        }
        for name, (one, other) in table.items():
            with self.subTest(name):
                self.assertNotEqual(fingerprint(one), fingerprint(other))

    def test_whatever_the_source_is_it_has_a_fingerprint(self):
        sources = [
            b"", b"\r\n", b"\0", b"no header", b"Subject:", b"--o\r\n--o--", b"Content-Type: multipart/mixed; boundary=", b"\xff" * 100,
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o",
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o--\r\n--o\r\n\r\nx",
            b"Content-Transfer-Encoding: base64\r\n\r\n=A=\r\n", b"Content-Type: text/plain; charset=\0\r\n\r\nx",
            b"Content-Type: text/plain; charset=hex\r\n\r\nx",
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\n\r\n--o\r\nSubject",
            b"Subject: =?punycode?q?" + b"a" * 90_000 + b"?=\r\n\r\n",
        ]
        for source in sources:
            with self.subTest(source[:40]):
                self.assertRegex(fingerprint(source), "^[0-9a-f]{64}$")

    @slow
    def test_a_large_message_takes_no_time(self):
        began = time.thread_time()
        fingerprint(mixed(data=b"x" * 5_000_000))
        fingerprint(HEAD.encode() + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n" + b"--o\r\n\r\n" * 50_000)
        fingerprint(HEAD.encode() + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n" + b"--x\r\n" * 500_000)
        self.assertLess(time.thread_time() - began, 20)
