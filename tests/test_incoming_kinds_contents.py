"""Who a message is from, and what is in it."""

import base64
import random
import string
import struct
import zlib

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BRANT, ERP
from .kinds_case import FAIL, PASS, KindsCase


def picture(width, height):
    """Return a PNG that claims this size and holds a few octets."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@tagged("post_install", "-at_install")
class TestAuthors(KindsCase):

    def test_the_address_in_the_brackets_and_never_one_in_the_name(self):
        self.set_alias(self.brant, BRANT)
        row, message = self.take(self.raw("Pay this", sender=f"{BRANT} <attacker@evil.example>"))
        self.assertEqual((row.state, message.author_id.email), ("done", "attacker@evil.example"))
        self.assertIn("attacker@evil.example", message.email_from)
        self.assertNotIn(BRANT, message.email_from)

    def test_two_addresses_are_nobodys(self):
        self.set_alias(self.brant, BRANT)
        _row, message = self.take(self.raw("Pay this", sender=f"Brant <{BRANT}>, Eve <attacker@evil.example>"))
        self.assertFalse(message.author_id)

    def test_an_alias_that_exchange_does_not_confirm(self):
        self.set_alias(self.brant, BRANT)
        for results in (FAIL.format("contoso.example"), ""):
            _row, message = self.take(self.raw(f"Pay this {bool(results)}", sender=f"Brant Wadsworth <{BRANT}>", results=results))
            self.assertFalse(message.author_id)
            self.assertEqual(message.create_uid, self.env.ref("base.user_root"))

    def test_an_alias_that_exchange_confirms(self):
        self.set_alias(self.brant, BRANT)
        _row, message = self.take(self.raw(
            "Mine", sender=f"Brant Wadsworth <{BRANT}>", results=PASS.replace("fabrikam.example", "contoso.example")))
        self.assertEqual(message.author_id, self.brant.partner_id)


@tagged("post_install", "-at_install")
class TestContents(KindsCase):

    def body(self, message):
        return str(message.body)

    def test_charsets_that_are_unknown_or_wrong(self):
        for charset in ("x-unknown-8", "utf-8", "us-ascii", ""):
            with self.subTest(charset=charset):
                row, message = self.take(self.raw(
                    f"Charset {charset}", "Grüße".encode("cp1252"), content=f"text/plain; charset={charset}",
                    head="Content-Transfer-Encoding: 8bit\r\n"))
                self.assertEqual(row.state, "done")
                self.assertIn("Grüße", self.body(message))

    def test_pictures_that_are_too_large_or_cut_off(self):
        whole = picture(60000, 60000)
        for number, image in enumerate((whole, whole[:40], picture(100, 100)[:60])):
            with self.subTest(number=number):
                body = (b"--=_i\r\nContent-Type: text/plain\r\n\r\nSee picture.\r\n--=_i\r\nContent-Type: image/png; name=big.png\r\n"
                        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=big.png\r\n\r\n"
                        + base64.encodebytes(image) + b"\r\n--=_i--\r\n")
                row, message = self.take(self.raw(f"Picture {number}", body, content='multipart/mixed; boundary="=_i"'))
                self.assertEqual((row.state, message.attachment_ids.raw), ("done", image))

    def test_a_group_in_to(self):
        row, message = self.take(self.raw("Group", to="unlisted-recipients:; (no To-header on input), lead@contoso.example"))
        self.assertEqual((row.state, message.subject), ("done", "Group"))

    def test_a_part_of_unknown_type(self):
        body = "--=_p\r\nContent-Type: text/plain\r\n\r\nx\r\n--=_p\r\nContent-Type: signature/plain\r\n\r\nodd\r\n--=_p--\r\n"
        row, message = self.take(self.raw("Odd part", body, content='multipart/mixed; boundary="=_p"'))
        self.assertEqual(row.state, "done")
        self.assertIn(b"odd", message.attachment_ids.raw)

    def test_a_message_that_is_an_attachment(self):
        row, message = self.take(self.raw("Report", "a;b\r\n1;2", content='text/csv; name="report.csv"',
                                          head='Content-Disposition: attachment; filename="report.csv"\r\n'))
        self.assertEqual((row.state, message.attachment_ids.name), ("done", "report.csv"))
        self.assertIn(b"1;2", message.attachment_ids.raw)

    def test_the_original_is_kept_as_it_was_received(self):
        self.server.original = True
        raw = self.raw("Kept", b"Gr\xfc\xdfe", content="text/plain; charset=x-unknown-8")
        _row, message = self.take(raw)
        self.assertEqual((message.attachment_ids.name, message.attachment_ids.raw), ("original_email.eml", raw))

    def test_a_message_that_outlook_encrypted(self):
        body = ("--=_r\r\nContent-Type: text/plain\r\n\r\nYou have received a protected message.\r\n--=_r\r\n"
                "Content-Type: application/x-microsoft-rpmsg-message; name=message_v2.rpmsg\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=message_v2.rpmsg\r\n\r\ncnBtc2c=\r\n--=_r--\r\n")
        row, message = self.take(self.raw("Protected", body, content='multipart/mixed; boundary="=_r"'))
        self.assertEqual((row.state, message.attachment_ids.name), ("done", "message_v2.rpmsg"))
        self.assertIn("encrypted this message for Outlook", self.body(message))

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_what_exchange_puts_in_place_of_a_message_is_asked_for_again(self):
        raw = ("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nFrom: Microsoft Exchange Server\r\n"
               "To: erp@contoso.example\r\nSubject: Retrieval using the IMAP4 protocol failed for the following\r\n message: 12\r\n\r\n"
               "The server couldn't retrieve the following message:\r\n\r\nSubject: \"Offer\"\r\nFrom: \"Carla\"\r\n")
        row, message = self.take(raw.encode())
        self.assertEqual((row.state, message, row.digest), ("failed", message.browse(), False))
        self.assertTrue(row.raw)
        self.assertTrue(row.retry_at)
        self.assertEqual(["S" in each.flags for each in self.servers.mailbox(ERP).messages()], [False])

    def test_a_message_id_that_no_index_takes(self):
        long = f"<{''.join(random.Random(1).choices(string.ascii_letters + string.digits, k=6000))}@fabrikam.example>"  # noqa: S311
        row, message = self.take(self.raw("Long id", message_id=long))
        self.assertEqual((row.state, message.message_id[-14:]), ("done", "@long.invalid>"))

    def test_an_answer_finds_its_record_by_an_odd_message_id(self):
        odd = "<odd id with spaces@fabrikam.example>"
        _row, first = self.take(self.raw("Odd", message_id=odd))
        self.assertEqual(first.message_id, "<oddidwithspaces@fabrikam.example>", "as core looks for it")
        _row, answer = self.take(self.raw("Re: Odd", to="somebody@fabrikam.example", head=f"In-Reply-To: {odd}\r\nReferences: {odd}\r\n"))
        self.assertEqual((answer.model, answer.res_id), (first.model, first.res_id))
