"""What leaves is 7-bit: a table of messages, and what the recipient reads of them."""

import email
import random
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser
from email.policy import SMTP, compat32

from odoo.tests import BaseCase, tagged

from ..tools.smtp.seven_bit import seven_bit, seven_bit_octets
from .slow import slow

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

    def test_however_an_encoding_is_written_it_is_none_or_one(self):
        for encoding in (b"8BIT", b" 8bit ", b"Binary"):
            raw = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\nHello\r\n"
            with self.subTest(encoding):
                safe = seven_bit(email.message_from_bytes(raw))
                self.assertEqual(safe["Content-Transfer-Encoding"], "base64")
                self.assertEqual(safe.get_payload(decode=True), b"Hello\r\n")

    def test_of_a_multipart_each_place_counts_and_safe_parts_stay_as_they_are(self):
        head, tail = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n', b"\r\nHello\r\n--b--\r\n"
        for place, raw in {
            "before the parts": head + b"vor\xc3\xa4b\r\n--b\r\n" + tail, "after them": head + b"--b\r\n" + tail + b"nachh\xc3\xa4r\r\n",
            "the encoding": b"Content-Transfer-Encoding: 8bit\r\n" + head + b"--b\r\n" + tail,
        }.items():
            with self.subTest(place):
                safe = seven_bit(email.message_from_bytes(raw)).as_bytes()
                self.assertTrue(safe.isascii())
                read = email.message_from_bytes(safe)
                self.assertEqual(read.get("Content-Transfer-Encoding", "7bit"), "7bit")
                [part] = read.get_payload()
                self.assertEqual((part.get_payload(), part["Content-Transfer-Encoding"]), ("Hello", None))

    def test_an_odd_boundary_is_replaced_and_the_parts_stay_apart(self):
        message = MIMEMultipart(boundary="bä")
        for text in ("Hello\n", "World\n"):
            message.attach(MIMEText(text, "plain", "us-ascii"))
        raw = seven_bit(message).as_bytes()
        self.assertTrue(raw.isascii())
        self.assertEqual([part.get_payload() for part in email.message_from_bytes(raw).get_payload()], ["Hello\n", "World\n"])

    def test_what_says_that_it_has_parts_and_has_none_is_a_file(self):
        for kind in (b"multipart/mixed", b"message/rfc822"):
            message = Message()
            message["Content-Type"], message["Content-Transfer-Encoding"] = kind.decode(), "8bit"
            message.set_payload("Grüße".encode().decode("ascii", "surrogateescape"))
            read = email.message_from_bytes(seven_bit(message).as_bytes())
            with self.subTest(kind):
                self.assertEqual(read.get_content_type(), "application/octet-stream")
                self.assertEqual(read.get_payload(decode=True), "Grüße".encode())

    def test_the_lines_of_a_text_end_as_they_have_to_and_those_of_a_file_as_they_did(self):
        for kind, lines in ((b"text/csv", b"\xe4\r\nb\r\nc\r\nd"), (b"application/csv", b"\xe4\r\nb\nc\rd")):
            raw = b"Content-Type: " + kind + b"; charset=iso-8859-1\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            message = email.message_from_bytes(raw)
            message._payload = b"\xe4\r\nb\nc\rd".decode("ascii", "surrogateescape")
            with self.subTest(kind):
                self.assertEqual(email.message_from_bytes(seven_bit(message).as_bytes()).get_payload(decode=True), lines)

    def test_letters_that_somebody_set_without_a_charset_can_be_read(self):
        message = Message()
        message.set_payload("Grüße €")
        read = email.message_from_bytes(seven_bit(message).as_bytes(), policy=SMTP)
        self.assertEqual((read.get_content_type(), read.get_content()), ("text/plain", "Grüße €"))

    def test_an_empty_part_stays_empty(self):
        empty = Message()
        empty["Content-Transfer-Encoding"] = "8bit"
        self.assertEqual(email.message_from_bytes(seven_bit(empty).as_bytes()).get_payload(decode=True), b"")

    def test_octets_of_others_are_encoded_as_well(self):
        for raw in (RAW_TEXT, NO_CHARSET, BINARY, MULTIPART, ODD_BOUNDARY, DAMAGED, WITHIN):
            safe = seven_bit_octets(raw)
            with self.subTest(raw=raw):
                self.assertTrue(safe.isascii())
                self.assertEqual(str(email.message_from_bytes(safe, policy=SMTP)["From"]), "x@fabrikam.example")

    @slow
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
