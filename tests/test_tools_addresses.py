from odoo.tests import BaseCase, tagged

from ..tools.addresses import (
    AddressError,
    Mailbox,
    decoded_words,
    domain_of,
    honest_mailboxes,
    honest_name,
    mailbox_of,
    octets_as_text,
    parse_address,
)


@tagged("post_install", "-at_install")
class TestAddresses(BaseCase):

    def test_one_stored_form_for_every_spelling(self):
        table = {
            "brant.wadsworth@contoso.example": "brant.wadsworth@contoso.example",
            "  Brant.Wadsworth@CONTOSO.example ": "brant.wadsworth@contoso.example",
            "brant+erp@contoso.example": "brant+erp@contoso.example",
            "o'neil@contoso.example": "o'neil@contoso.example",
            "info@bücher.example": "info@bücher.example",
            "info@BÜCHER.example": "info@bücher.example",
            "info@xn--bcher-kva.example": "info@bücher.example",
        }
        for text, expected in table.items():
            with self.subTest(text=text):
                self.assertEqual(parse_address(text), expected)

    def test_what_is_not_one_address_is_refused(self):
        table = {
            "": "malformed",
            "brant": "malformed",
            "@contoso.example": "malformed",
            "brant@": "malformed",
            "brant@localhost": "malformed",
            "jürgen@contoso.example": "malformed",
            "brant@contoso..example": "malformed",
            ".brant@contoso.example": "malformed",
            "brant wadsworth@contoso.example": "malformed",
            "a" * 65 + "@contoso.example": "malformed",
            "Brant <brant@contoso.example>": "malformed",
            '"ceo@contoso.example" <x@fabrikam.example>': "malformed",
            "brant@contoso.example\r\nBcc: all@contoso.example": "malformed",
            "brant@contoso.example\x00": "malformed",
            "brant@contoso.example>": "malformed",
            "brant@contoso.example, info@contoso.example": "several",
            "brant@contoso.example;info@contoso.example": "several",
        }
        for text, slug in table.items():
            with self.subTest(text=text), self.assertRaises(AddressError) as caught:
                parse_address(text)
            self.assertEqual(caught.exception.slug, slug)

    def test_domain_is_compared_in_one_form(self):
        table = {
            "info@BÜCHER.example": "bücher.example", "xn--bcher-kva.example": "bücher.example",
            "contoso.example": "contoso.example", "not a domain": "", "": "",
        }
        for text, expected in table.items():
            with self.subTest(text=text):
                self.assertEqual(domain_of(text), expected)

    def test_name_and_address_of_a_header(self):
        table = {
            '"Brant Wadsworth" <brant@contoso.example>': Mailbox("Brant Wadsworth", "brant@contoso.example"),
            "brant@contoso.example": Mailbox("", "brant@contoso.example"),
            '"ceo@contoso.example" <x@fabrikam.example>': Mailbox("ceo@contoso.example", "x@fabrikam.example"),
            "nobody": None,
            "": None,
        }
        for header, expected in table.items():
            with self.subTest(header=header):
                self.assertEqual(mailbox_of(header), expected)


@tagged("post_install", "-at_install")
class TestHonestNames(BaseCase):

    def test_a_name_that_is_another_address_is_dropped(self):
        names = [
            "ceo@contoso.example", "CEO@Contoso.Example", "Chief (ceo@contoso.example)", "Chief <ceo@contoso.example>",
            "mailto:ceo@contoso.example",
            '"ceo"@contoso.example', "ceo @ contoso.example", "ceo@contoso. example", "ceo @ contoso . example", "ceo@[contoso.example]",
            # inside encoded words, also one inside another, with a charset that there is none of, and without padding
            "=?utf-8?q?ceo=40contoso.example?=", "=?utf-8?b?Y2VvQGNvbnRvc28uZXhhbXBsZQ==?=", "=?x-none?q?ceo=40contoso.example?=",
            "=?utf-8?b?Y2VvQGNvbnRvc28uZXhhbXBsZQ?=", "=?utf-8?b?PT91dGYtOD9xP2Nlbz00MGNvbnRvc28uZXhhbXBsZT89?=",
            # other forms of @ and dot, and what shows nothing
            "ceo\uff20contoso.example", "ceo\ufe6bcontoso.example", "ceo@contoso\u3002example", "ceo@contoso\uff0eexample",
            "c\u200beo@contoso.example",
            "ceo@contoso.\u2800example", "ceo@contoso.\u3164example", "ceo@con\u00adtoso.example",
            # what is shown in another order
            "\u202eelpmaxe.osotnoc@oec",
            "\u202bexample\u200f.\u200fcontoso\u200f@\u200fceo", "=?utf-8?b?4oCuZWxwbWF4ZS5vc290bm9jQG9lYw==?=",
        ]
        for name in names:
            with self.subTest(name=name):
                self.assertEqual(honest_name(Mailbox(name, "erp@contoso.example")), Mailbox("", "erp@contoso.example"))

    def test_other_names_stay_whole(self):
        names = [
            "Brant Wadsworth", "Help@Work GmbH", "Ren\u00e9@Caf\u00e9", "Lunch @ 12.30", "Shop @ Home", "erp@contoso.example",
            "ERP@CONTOSO.example", "",
            "R&D (K\u00f6ln)", "\u05d3\u05e0\u05d9\u05d0\u05dc \u200f\u05db\u05d4\u05df", "=?utf-8?b?not base64!?=", "a=?b",
        ]
        for name in names:
            with self.subTest(name=name):
                self.assertEqual(honest_name(Mailbox(name, "erp@contoso.example")).name, name)

    def test_a_header_with_several(self):
        self.assertIsNone(honest_mailboxes("Brant <brant@contoso.example>, x@fabrikam.example"))
        self.assertEqual(honest_mailboxes('"ceo@contoso.example" <x@fabrikam.example>, Kim <kim@fabrikam.example>'), [
            Mailbox("", "x@fabrikam.example"), Mailbox("Kim", "kim@fabrikam.example")])
        self.assertIsNone(honest_mailboxes(""))

    def test_encoded_words_beside_each_other_are_one_text(self):
        table = [
            ("=?utf-8?Q?R=C3=A9?= =?utf-8?B?cG9uc2U=?=", "Réponse"), ("=?utf-8?Q?a?=\r\n\t=?utf-8?Q?b?=", "ab"),
            ("a =?utf-8?Q?b?= c", "a b c"),
            ("=?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=", "x"), ("plain", "plain"), ("=?utf-8?Q?open", "=?utf-8?Q?open"),
        ]
        for text, expected in table:
            with self.subTest(text):
                self.assertEqual(decoded_words(text), expected)

    def test_octets_are_read_whatever_the_label_of_their_charset_is(self):
        for label in ("", "none", "hex", "a\0b", "idna", "punycode", "undefined", "x" * 5000):
            with self.subTest(label):
                self.assertEqual(octets_as_text(b"Gr\xfc\xdfe", label), "Grüße")
        self.assertEqual(octets_as_text(b"Gr\xfc", "utf-8"), "Gr\ufffd")
