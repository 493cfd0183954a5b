"""What a person reads of a message that was kept."""

import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.preview import MAX_READ, MAX_SHOWN, preview
from .slow import slow

HEAD = b"From: a@fabrikam.example\r\nTo: erp@contoso.example\r\nMIME-Version: 1.0\r\n"


def part(kind, body, *lines):
    return "\r\n".join([f"Content-Type: {kind}", *lines, "", body, ""])


def multipart(subtype, *parts, boundary="b"):
    inside = "".join(f"--{boundary}\r\n{each}" for each in parts)
    return part(f"multipart/{subtype}; boundary={boundary}", f"{inside}--{boundary}--")


@tagged("post_install", "-at_install")
class TestPreview(BaseCase):

    def shown(self, text):
        return preview(HEAD + text.encode())

    def test_recipients_and_date_are_shown_as_people_read_them(self):
        found = preview(b"To: =?utf-8?q?J=C3=B6rg?= <j@contoso.example>, b@contoso.example\r\nCc: c@contoso.example\r\n"
                        b"Date: Mon, 02 Mar 2026 10:00:00 +0100\r\n\r\nHello")
        self.assertIn("Jörg", found.to)
        self.assertIn("b@contoso.example", found.to)
        self.assertEqual((found.cc, found.date), ("c@contoso.example", "Mon, 02 Mar 2026 10:00:00 +0100"))
        self.assertEqual(found.texts, [("Hello", False)])

    def test_of_alternatives_the_page_is_shown_and_no_text_beside_them_is_lost(self):
        choice = multipart("alternative", part("text/plain", "As text"), part("text/html", "<p>As page</p>"), boundary="inner")
        found = self.shown(multipart("mixed", choice, part("text/plain", "Footer"), boundary="outer"))
        self.assertEqual([(text.text.strip(), text.is_page) for text in found.texts], [("<p>As page</p>", True), ("Footer", False)])

    def test_the_page_beside_its_pictures_is_one_of_the_alternatives(self):
        related = multipart("related", part("text/html", "<p>Page</p>"), part("image/png", "x"), boundary="inner")
        found = self.shown(multipart("alternative", part("text/plain", "As text"), related, boundary="outer"))
        self.assertEqual([text.text.strip() for text in found.texts], ["<p>Page</p>"])
        self.assertEqual(len(found.files), 1)

    def test_files_are_named_with_their_octets_and_not_shown(self):
        found = self.shown(multipart(
            "mixed", part("text/plain", "See file"),
            part("application/pdf", "AAAA", "Content-Transfer-Encoding: base64", 'Content-Disposition: attachment; filename="offer.pdf"'),
            part("text/html", "<p>secret</p>", 'Content-Disposition: attachment; filename="page.html"'),
            part("message/rfc822", "Subject: inner\r\n\r\ninner text")))
        self.assertEqual([text.text.strip() for text in found.texts], ["See file"])
        self.assertEqual([name for name, _size in found.files], ["offer.pdf", "page.html", ""])
        self.assertEqual(found.files[0][1], 3)

    def test_a_message_that_is_not_parsed_says_so_and_shows_its_text(self):
        found = self.shown("Content-Type: text/plain\r\n" * 1500 + "\r\nStill readable")
        self.assertTrue(found.is_plain)
        self.assertIn("Still readable", found.texts[0].text)

    @slow
    def test_what_is_shown_is_bounded_and_says_that_there_is_more(self):
        table = [
            ("a long text", part("text/plain", "x" * (MAX_SHOWN + 1))),
            ("many texts", multipart("mixed", *[part("text/plain", "x" * 1000)] * 200)),
            ("a large message", part("text/plain", "x\r\n" * (MAX_READ // 3 + 10))),
            ("many files", multipart("mixed", *[part("image/png", "x", "Content-Disposition: attachment; filename=a")] * 150)),
        ]
        for name, text in table:
            with self.subTest(name):
                found = self.shown(text)
                self.assertTrue(found.is_cut)
                self.assertLessEqual(sum(len(each.text) for each in found.texts), MAX_SHOWN)
                self.assertLessEqual(len(found.files), 100)
        self.assertFalse(self.shown(part("text/plain", "short")).is_cut)

    @slow
    def test_hostile_octets_raise_nothing_and_take_no_time(self):
        nested = "".join(f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n" for number in range(190))
        table = [b"", b"\0" * 1000, b"\xff" * 100_000, HEAD + b"Content-Type: text/html; charset=\xff\r\n\r\n\xff",
                 b"To: " + b"(" * 200_000, b"To: " + b"a@b.example," * 4000 + b"\r\n\r\nx", HEAD + nested.encode(),
                 b"Date: " + b"9" * 200_000,
                 HEAD + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b--",
                 HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+" * 500_000]
        for source in table:
            with self.subTest(source[:60]):
                began = time.process_time()
                preview(source)
                self.assertLess(time.process_time() - began, 3)
