from odoo.tests import BaseCase, tagged

from ..tools.addresses import Mailbox
from ..tools.sender import AliasBook, decide_sender

BRANT = Mailbox("Brant Wadsworth", "brant@private.example")
ALIAS = "brant.wadsworth@contoso.example"
AS_ALIAS = Mailbox("Brant Wadsworth", ALIAS)
CATCHALL = Mailbox("Contoso", "catchall@contoso.example")
ERP = "erp@contoso.example"


@tagged("post_install", "-at_install")
class TestSender(BaseCase):

    def test_who_a_mail_comes_from(self):
        # preset, mailbox, From, alias, Reply-To -> From, Reply-To, envelope sender (None: as core has it)
        table = [
            ("submission", ERP, BRANT, ALIAS, CATCHALL, (AS_ALIAS, None, ERP)),
            ("submission", ERP, BRANT, ALIAS, BRANT, (AS_ALIAS, AS_ALIAS, ERP)),
            ("submission", ERP, BRANT, ALIAS, None, (AS_ALIAS, None, ERP)),
            ("submission", ERP, BRANT, None, CATCHALL, (None, None, ERP)),
            ("submission", ERP, BRANT, None, BRANT, (None, None, ERP)),
            ("submission", ERP, None, None, None, (None, None, ERP)),
            ("hve", ERP, BRANT, ALIAS, CATCHALL, (AS_ALIAS, None, ERP)),
            ("relay", None, BRANT, ALIAS, CATCHALL, (AS_ALIAS, None, None)),
            ("relay", None, BRANT, None, CATCHALL, (None, None, None)),
        ]
        for preset, mailbox, author, alias, reply_to, expected in table:
            with self.subTest(preset=preset, author=author, alias=alias, reply_to=reply_to):
                identity = decide_sender(
                    preset=preset, mailbox=mailbox, author=author, alias=alias, reply_to=reply_to)
                self.assertEqual((identity.header_from, identity.reply_to, identity.envelope_from), expected)

    def test_the_alias_book_tells_unknown_from_without_alias(self):
        book = AliasBook(["a@x.example", "b@x.example"], {"a@x.example": ALIAS})
        self.assertEqual(book.alias_of("a@x.example"), ALIAS)
        self.assertIsNone(book.alias_of("b@x.example"))
        self.assertTrue(book.knows("b@x.example"))
        self.assertFalse(book.knows("c@x.example"))
