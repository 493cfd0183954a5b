from odoo.tests import BaseCase, tagged

from ..tools.addresses import AddressError, Mailbox, domain_of, mailbox_of, parse_address


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
