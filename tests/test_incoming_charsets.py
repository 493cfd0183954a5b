import sys
import time
from unittest import mock

from odoo.tests import BaseCase, tagged

from ..tools.incoming.mending.charsets import codec_of, decoded, fits, survives
from .slow import slow

GREETING = "Grüße"
RUSSIAN = "Уважаемые господа, направляем вам предложение по вашему запросу."
JAPANESE = "お世話になっております。見積書をお送りください。よろしくお願いいたします。"
CHINESE = "尊敬的先生，我们想询问报价。谢谢您的帮助"


@tagged("post_install", "-at_install")
class TestCharsets(BaseCase):

    def test_the_label_counts_if_it_fits_in_all_its_spellings(self):
        table = [
            ("utf-8", GREETING, "utf-8"), ("UTF8", GREETING, "utf-8"), ('"utf-8"', GREETING, "utf-8"), ("utf-8;", GREETING, "utf-8"),
            ("utf8mb4", GREETING, "utf-8"), ("'utf-8'", GREETING, "utf-8"), ("utf-8; format=flowed", GREETING, "utf-8"),
            ("cp-850", GREETING, "cp850"),
            ("ansi", GREETING, "cp1252"), ("x-mac-roman", GREETING, "mac_roman"), ("macintosh", GREETING, "mac_roman"),
            ("windows-1250", "źle", "cp1250"),
            ("x-mac-ce", "źle", "mac_latin2"), ("x-mac-cyrillic", RUSSIAN, "mac_cyrillic"), ("koi8-r", RUSSIAN, "koi8-r"),
            ("cp20866", RUSSIAN, "koi8-r"),
            ("x-cp1251", RUSSIAN, "cp1251"), ("windows_1251", RUSSIAN, "cp1251"), ("iso-8859-8-i", "שלום", "iso8859-8"),
            ("iso-8859-9", "ığ", "cp1254"),
            ("ks_c_5601-1987", "안녕하세요", "cp949"), ("x-gbk", CHINESE, "gbk"), ("gb2312", "镕基", "gb18030"), ("big5", "報價", "cp950"),
            ("x-sjis", JAPANESE, "cp932"), ("shift_jis", "①髙", "cp932"), ("iso-2022-jp", JAPANESE, "iso2022_jp"),
            ("cp50221", JAPANESE, "iso2022_jp"),
            ("unicode-1-1-utf-7", GREETING, "utf-7"), ("utf-16", GREETING, "utf-16"), ("utf-16le", GREETING, "utf-16-le"),
            ("tis-620", "สวัสดี", "cp874"),
            ("iso-8859-1", "“a” – €", "cp1252"), ("latin1", GREETING, "latin-1"), ("cp28605", "€", "iso8859-15"),
            ("iso-8859-15", "€", "iso8859-15"),
            ("cp932", JAPANESE, "cp932"), ("windows-874", "สวัสดี", "cp874"), ("cp65001", GREETING, "utf-8"), ("ibm852", "źle", "cp852"),
        ]
        for label, text, codec in table:
            with self.subTest(label=label):
                self.assertEqual(decoded(text.encode(codec), label), text)

    def test_what_is_mislabelled_is_detected(self):
        table = [
            (GREETING.encode("cp1252"), "utf-8"), (GREETING.encode("cp1252"), "us-ascii"), (GREETING.encode(), "us-ascii"),
            (GREETING.encode(), "iso-8859-1"),
            (GREETING.encode(), "windows-1252"), (GREETING.encode(), "koi8-r"), (b"\xef\xbb\xbf" + GREETING.encode(), "iso-8859-1"),
            (GREETING.encode("utf-16"), "utf-8"), (GREETING.encode("cp1252"), "utf-16-be-odd"),
        ]
        table += [(octets, label) for octets in (GREETING.encode(), GREETING.encode("cp1252")) for label in (
            None, "", "x-unknown", "unknown-8bit", "8bit", "x-unknown-8", "hex", "zlib", "punycode", "idna", "undefined", "none", "\x00",
            "a" * 10_000,
            "=?x?", '"', ";;", "default", "_charset", "../x", "é")]
        for octets, label in table:
            with self.subTest(octets=octets, label=str(label)[:20]):
                self.assertEqual(decoded(octets, label), GREETING)

    def test_other_scripts_are_detected(self):
        table = [(RUSSIAN, ("koi8-r", "cp1251", "iso8859-5")), (JAPANESE, ("cp932", "euc_jp", "iso2022_jp")), (CHINESE, ("gb18030",)),
                 ("안녕하세요 견적을 문의드립니다 감사합니다", ("cp949",)), ("Αγαπητέ κύριε, σας στέλνουμε την προσφορά", ("cp1253",))]
        for text, codecs in table:
            for codec in codecs:
                for label in (None, "utf-8", "us-ascii", "x-unknown"):
                    with self.subTest(codec=codec, label=label):
                        self.assertEqual(decoded(text.encode(codec), label), text)

    def test_a_text_of_few_letters_beyond_ascii_is_of_western_europe(self):
        text = "100 € – „Grüße“ – 200 € – „schöne“ – §§ 3–5 ÄÖÜ € € € €, so viel für die bestellten Teile und den Versand"
        self.assertEqual(decoded(text.encode("cp1252"), None), text)

    def test_detection_needs_chardet_for_other_scripts_alone(self):
        with mock.patch.dict(sys.modules, {"chardet": None}):
            self.assertEqual(decoded(GREETING.encode("cp1252"), None), GREETING)
            self.assertNotEqual(decoded(RUSSIAN.encode("koi8-r"), None), RUSSIAN)

    def test_a_few_damaged_octets_do_not_change_the_charset(self):
        text = "Grüße aus München, schöne Äpfel, süße Öle, " * 3
        self.assertEqual(decoded(text.encode() + b"\xc3", "utf-8"), text + "\ufffd")
        self.assertEqual(decoded(CHINESE.encode("gb18030") + b"\xff", "gbk"), CHINESE + "\ufffd")

    def test_there_is_always_a_text_without_lone_surrogates(self):
        for label in ("utf-7", "utf-16", "utf-8", "unicode_escape", "raw_unicode_escape", "cp1252", "iso-2022-jp", "hz", None):
            for octets in (b"", b"\x81\x8d", b"+2AA-", b"\\ud800", b"\xed\xa0\x80", b"\x00", b"\xff\xfe\x00\xd8", b"\x1b$B\x00",
                b"~{\xff", bytes(range(256))):
                with self.subTest(label=label, octets=octets[:10]):
                    decoded(octets, label).encode()

    def test_what_fits_is_what_python_reads_rightly(self):
        table = [
            (b"Hello", "us-ascii", True), (b"Hello", "utf-8", True), (GREETING.encode(), "utf-8", True),
            (GREETING.encode("cp1252"), "iso-8859-1", True),
            (GREETING.encode("cp1252"), "windows-1252", True), (RUSSIAN.encode("koi8-r"), "koi8-r", True),
            (CHINESE.encode("gbk"), "gbk", True),
            (JAPANESE.encode("iso2022_jp"), "iso-2022-jp", True), (GREETING.encode("utf-16"), "utf-16", True), (b"Hello", "koi8-r", True),
            (GREETING.encode("cp1252"), "utf-8", False), (GREETING.encode(), "us-ascii", False), (b"\x93a\x94", "iso-8859-1", False),
            (GREETING.encode(), "iso-8859-1", False), (b"Hello", "", False), (b"Hello", "x-unknown", False), (b"Hello", "hex", False),
            (JAPANESE.encode("iso2022_jp"), "us-ascii", False), ("镕".encode("gb18030"), "gb2312", False),
            (b"\xef\xbb\xbfa", "utf-8", False),
            (b"Hello", '"utf-8"', False), (b"Hello", "utf-8;", False),
        ]
        for octets, label, expected in table:
            with self.subTest(octets=octets, label=label):
                self.assertEqual(fits(octets, label), expected)
                if expected:
                    self.assertEqual(octets.decode(label), decoded(octets, label))

    def test_what_survives_gives_the_same_octets(self):
        for octets, label, expected in (
                (b"Hello", "us-ascii", True), (b"\xff", "utf-8", False), (b"\xff", "cp1252", True), (b"\x81", "cp1252", False),
                (b"a", "x-odd", False),
                (GREETING.encode("utf-16-be"), "utf-16", False), (b"\xef\xbb\xbfa", "utf-8", True), (b"a", "hex", False),
                (b"", "utf-8", True)):
            with self.subTest(octets=octets, label=label):
                self.assertEqual(survives(octets, label), expected)

    @slow
    def test_it_takes_linear_time(self):
        for octets in (b"\xe4" * 2_000_000, JAPANESE.encode("euc_jp") * 30_000, b"\xff\n" * 1_000_000, b"\x1b$B" * 500_000,
            b"a" * 3_000_000 + b"\xe4"):
            began = time.thread_time()
            decoded(octets, None)
            decoded(octets, "punycode")
            self.assertLess(time.thread_time() - began, 5)

    def test_labels_become_codecs(self):
        for label, expected in ((None, ""), ("x" * 1000, ""), ("utf-8", "utf-8"), ("rot13", ""), ("bz2", ""), ("mbcs", ""),
            ("us-ascii", "ascii")):
            self.assertEqual(codec_of(label), expected)
