"""What leaves is 7-bit: a table of messages, and what the recipient reads of them."""

import email
import random
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.policy import SMTP, compat32

from odoo.tests import BaseCase, tagged

from ..tools.smtp.seven_bit import seven_bit, seven_bit_octets

UMLAUTS = "Grüße\nund €\n"
LATIN = "Grüße\r\n".encode("iso-8859-1")
OCTETS = bytes(range(256))


def new(**headers):
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = "erp@contoso.example", "Angebot für Käthe"
    for name, value in headers.items():
        message[name] = value
    return message


def attached(raw):
    """As core attaches a message: read without a policy."""
    message = new()
    message.set_content("See attachment\n")
    message.add_attachment(BytesParser().parsebytes(raw), filename="käthe.eml")
    return message


def alternative():
    message = new()
    message.add_alternative(UMLAUTS, subtype="plain", charset="utf-8")
    message.add_alternative(f"<p>{UMLAUTS}</p>", subtype="html", charset="utf-8")
    return message


def plain():
    message = new()
    message.set_content(UMLAUTS)
    return message


EML = b"From: x@fabrikam.example\r\nSubject: \xc3\xa4\r\n"
RAW_TEXT = EML + b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + LATIN
NO_CHARSET = EML + b"\r\n" + LATIN
BINARY = EML + b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" + OCTETS
MULTIPART = (
    EML + b'Content-Type: multipart/mixed; boundary="b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nvor\xc3\xa4b\r\n--b\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--b--\r\nnachh\xc3\xa4r\r\n")
ODD_BOUNDARY = (
    EML + b'Content-Type: multipart/mixed; boundary="b\xc3\xa4"\r\n\r\n--b\xc3\xa4\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--b\xc3\xa4--\r\n')
DAMAGED = EML + b"Content-Type: multipart/mixed\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
WITHIN = EML + b"Content-Type: message/rfc822\r\n\r\n" + RAW_TEXT


@tagged("post_install", "-at_install")
class TestSevenBit(BaseCase):

    def test_every_message_leaves_as_7_bit(self):
        letters = Message()
        letters.set_payload("Grüße €")
        empty = Message()
        empty["Content-Transfer-Encoding"] = "8bit"
        for name, message in {
            "text": plain(), "alternative": alternative(), "8-bit text attached": attached(RAW_TEXT),
            "text of no charset attached": attached(NO_CHARSET), "octets attached": attached(BINARY),
            "a multipart attached": attached(MULTIPART), "an odd boundary": attached(ODD_BOUNDARY), "damaged": attached(DAMAGED),
            "a message in a message": attached(WITHIN), "the old classes": MIMEText(UMLAUTS, "plain", "utf-8"),
            "letters": letters, "empty": empty,
            "ASCII attached": attached(EML.replace(b"\xc3\xa4", b"a") + b"\r\nHello\r\n"),
        }.items():
            with self.subTest(name):
                before = str(message)
                raw = seven_bit(message).as_bytes()
                self.assertTrue(raw.isascii(), raw)
                encodings = {str(part.get("Content-Transfer-Encoding", "7bit")).lower() for part in email.message_from_bytes(raw).walk()}
                self.assertFalse(encodings & {"8bit", "binary"})
                self.assertEqual(str(message), before, "the given one is left alone")

    def test_it_reads_the_same(self):
        for message in (plain(), alternative()):
            parts = [part for part in email.message_from_bytes(seven_bit(message).as_bytes(), policy=SMTP).walk()
                     if not part.is_multipart()]
            for part in parts:
                self.assertIn(part.get_content().replace("\r\n", "\n"), (UMLAUTS, f"<p>{UMLAUTS}</p>\n"))
            self.assertEqual(str(email.message_from_bytes(seven_bit(message).as_bytes(), policy=SMTP)["Subject"]), "Angebot für Käthe")
        for raw, content in [(RAW_TEXT, LATIN), (NO_CHARSET, LATIN), (BINARY, OCTETS), (MULTIPART, "Grüße".encode())]:
            inner = email.message_from_bytes(seven_bit(attached(raw)).as_bytes()).get_payload()[1].get_payload()[0]
            leaf = [part for part in inner.walk() if not part.is_multipart()][0]
            with self.subTest(raw=raw):
                self.assertEqual(leaf.get_payload(decode=True), content)
                self.assertEqual(leaf.get_content_type(), {BINARY: "image/png"}.get(raw, "text/plain"))
        read = email.message_from_bytes(seven_bit(attached(RAW_TEXT)).as_bytes(), policy=SMTP)
        self.assertEqual([*read.walk()][-1].get_content(), "Grüße\r\n")

    def test_what_is_7_bit_is_not_touched(self):
        content = b"From: x\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n"
        self.assertIs(seven_bit_octets(content), content)
        message = new()
        message.set_content("Hello\n")
        message.add_attachment(OCTETS, "application", "octet-stream", filename="x")
        self.assertIs(seven_bit(message).get_payload()[1], message.get_payload()[1], "a large attachment is not copied")

    def test_octets_of_others_are_encoded_as_well(self):
        for raw in (RAW_TEXT, NO_CHARSET, BINARY, MULTIPART, ODD_BOUNDARY, DAMAGED, WITHIN):
            safe = seven_bit_octets(raw)
            with self.subTest(raw=raw):
                self.assertTrue(safe.isascii())
                self.assertEqual(str(email.message_from_bytes(safe, policy=SMTP)["From"]), "x@fabrikam.example")

    def test_whatever_comes(self):
        dice = random.Random(11)
        pieces = [EML, RAW_TEXT, MULTIPART, b"\r\n\r\n", b"Content-Type: ", b"text/plain; charset=x-nope", b"\xff\xfe", b"\xc3\xa4",
                  b"Content-Transfer-Encoding: ", b"8bit\r\n", b"base64\r\n", b"quoted-printable\r\n", b"message/rfc822\r\n",
                  b"message/delivery-status\r\n", b"multipart/mixed; boundary=\xe4\r\n", b"--\xe4\r\n", b"--b\r\n", b"\r\n"]
        for number in range(400):
            raw = b"".join(dice.choices(pieces, k=dice.randint(1, 12)))
            with self.subTest(number=number, raw=raw):
                self.assertTrue(seven_bit_octets(raw).isascii())
                for policy in (SMTP, compat32):
                    self.assertTrue(seven_bit(email.message_from_bytes(raw, policy=policy)).as_bytes().isascii())
