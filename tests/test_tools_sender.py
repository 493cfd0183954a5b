from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools.addresses import Mailbox
from ..tools.sender import (
    FOREIGN_DOMAIN,
    MODE,
    OTHER_AUTHOR,
    UNTRUSTED,
    Known,
    SenderBook,
    SenderIdentity,
    Service,
    decide_sender,
)

ERP = "erp@contoso.example"
ALIAS = "brant.wadsworth@contoso.example"
BRANT_ID, OTHER_ID = 7, 8

BRANT = Mailbox("Brant", "brant@private.example")  # has a confirmed alias
ANNA = Mailbox("Anna", "anna@contoso.example")  # no alias, her e-mail was set by an administrator
PAYROLL = Mailbox("Payroll", "payroll@contoso.example")  # of our domain, nobody vouched for it
CARL = Mailbox("Carl", "carl@private.example")  # no alias, of a foreign domain
NOTIFICATIONS = "notifications@contoso.example"
CATCHALL = Mailbox("Contoso", "catchall@contoso.example")

BOOK = SenderBook(
    {
        "brant@private.example": Known(BRANT_ID, ALIAS, False),
        ALIAS: Known(BRANT_ID, ALIAS, True),
        "anna@contoso.example": Known(OTHER_ID, None, True),
        "payroll@contoso.example": Known(),
        "carl@private.example": Known(OTHER_ID, None, False),
    },
    domains={"contoso.example"},
    own={ERP, NOTIFICATIONS, CATCHALL.address, "bounce@contoso.example"},
)


def named(name, address):
    return Mailbox(name, address)


@tagged("post_install", "-at_install")
class TestDecideSender(BaseCase):
    """The table of design and docs: who a mail comes from."""

    # server; From as written; From as core would have it ("" = as written); Reply-To; who acts
    #   -> From, envelope sender, Sender, Reply-To, login, reason (None: as core has it)
    TABLE = [
        # Client submission, Send As
        ("alias replaces From", Service("submission", "send_as", ERP), BRANT, NOTIFICATIONS, CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), ERP, None, None, ERP)),
        ("Reply-To that core took from From follows it", Service("submission", "send_as", ERP), BRANT, NOTIFICATIONS, BRANT, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), ERP, None, named("Brant", ALIAS), ERP)),
        ("mail written as the alias itself", Service("submission", "send_as", ERP), named("B", ALIAS), "", CATCHALL, BRANT_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        ("without alias, core's notification address", Service("submission", "send_as", ERP), CARL, NOTIFICATIONS, CATCHALL, OTHER_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        ("a trusted e-mail stays", Service("submission", "send_as", ERP), ANNA, "", CATCHALL, OTHER_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        ("a foreign domain can't be used", Service("submission", "send_as", ERP), CARL, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Carl", ERP), ERP, None, None, ERP, FOREIGN_DOMAIN)),
        ("answers still go to the foreign address", Service("submission", "send_as", ERP), CARL, "", CARL, OTHER_ID,
         SenderIdentity(named("Carl", ERP), ERP, None, CARL, ERP, FOREIGN_DOMAIN)),
        ("an untrusted address of our domain can't be used", Service("submission", "send_as", ERP), PAYROLL, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Payroll", ERP), ERP, None, None, ERP, UNTRUSTED)),
        ("nor behind the notification address", Service("submission", "send_as", ERP), PAYROLL, NOTIFICATIONS, CATCHALL, OTHER_ID,
         SenderIdentity(named("Payroll", ERP), ERP, None, None, ERP, UNTRUSTED)),
        ("nor as Reply-To", Service("submission", "send_as", ERP), PAYROLL, "", PAYROLL, OTHER_ID,
         SenderIdentity(named("Payroll", ERP), ERP, None, named("Payroll", ERP), ERP, UNTRUSTED)),
        ("somebody else may send as the record's responsible", Service("submission", "send_as", ERP), BRANT, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Brant", ALIAS), ERP, None, None, ERP)),
        ("a name that pretends to be an address is dropped", Service("submission", "send_as", ERP),
         named("ceo@contoso.example", "brant@private.example"), "", CATCHALL, BRANT_ID,
         SenderIdentity(named("", ALIAS), ERP, None, None, ERP)),
        # Only the author's own address
        ("strict: own alias", Service("submission", "send_as", ERP, True), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), ERP, None, None, ERP)),
        ("strict: another user's alias", Service("submission", "send_as", ERP, True), BRANT, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, None, ERP, OTHER_AUTHOR)),
        ("strict: another user's e-mail", Service("submission", "send_as", ERP, True), ANNA, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Anna", ERP), ERP, None, None, ERP, OTHER_AUTHOR)),
        ("strict: an address of the database", Service("submission", "send_as", ERP, True), CATCHALL, "", CATCHALL, BRANT_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        # Send on Behalf
        ("on behalf: Sender is the mailbox", Service("submission", "on_behalf", ERP), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), ERP, ERP, None, ERP)),
        ("on behalf of nobody but itself", Service("submission", "on_behalf", ERP), named("ERP", ERP), "", CATCHALL, BRANT_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        ("on behalf: untrusted", Service("submission", "on_behalf", ERP), PAYROLL, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Payroll", ERP), ERP, None, None, ERP, UNTRUSTED)),
        # Mailbox
        ("mailbox: name kept, answers to the alias", Service("submission", "mailbox", ERP), BRANT, "", BRANT, BRANT_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, named("Brant", ALIAS), ERP, MODE)),
        ("mailbox: no Reply-To yet", Service("submission", "mailbox", ERP), BRANT, "", None, BRANT_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, named("Brant", ALIAS), ERP, MODE)),
        ("mailbox: a Reply-To that is set stays", Service("submission", "mailbox", ERP), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, None, ERP, MODE)),
        ("mailbox: without a name, the local part", Service("submission", "mailbox", ERP), named("", "brant@private.example"), "", CATCHALL,
         BRANT_ID, SenderIdentity(named("brant", ERP), ERP, None, None, ERP, MODE)),
        # As the sender
        ("as sender: signs in as the alias", Service("submission", "as_sender", ERP), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), ALIAS, None, None, ALIAS)),
        ("as sender: without alias as Send As", Service("submission", "as_sender", ERP), CARL, NOTIFICATIONS, CATCHALL, OTHER_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
        ("as sender: another user's alias, strict", Service("submission", "as_sender", ERP, True), BRANT, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, None, ERP, OTHER_AUTHOR)),
        # High Volume Email: From must be the account
        ("hve: always as the account", Service("hve", "send_as", ERP), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ERP), ERP, None, None, ERP, MODE)),
        # Relay: no login, bounces come back to the record
        ("relay: alias", Service("relay", "send_as", NOTIFICATIONS), BRANT, "", CATCHALL, BRANT_ID,
         SenderIdentity(named("Brant", ALIAS), None, None, None, None)),
        ("relay: untrusted", Service("relay", "send_as", NOTIFICATIONS), PAYROLL, "", CATCHALL, OTHER_ID,
         SenderIdentity(named("Payroll", NOTIFICATIONS), None, None, None, None, UNTRUSTED)),
        ("relay without an address of its own", Service("relay", "send_as", None), CARL, "", CATCHALL, OTHER_ID,
         SenderIdentity(None, None, None, None, None)),
        ("relay without an address of its own: untrusted", Service("relay", "send_as", None), PAYROLL, "", CATCHALL, OTHER_ID,
         SenderIdentity(reason=UNTRUSTED, refused=True)),
        ("relay without an address of its own, strict: another's alias", Service("relay", "send_as", None, True), BRANT, "", CATCHALL,
         OTHER_ID, SenderIdentity(reason=OTHER_AUTHOR, refused=True)),
        # No From at all: core's business
        ("no From", Service("submission", "send_as", ERP), None, "", None, BRANT_ID,
         SenderIdentity(None, ERP, None, None, ERP)),
    ]

    def test_who_a_mail_comes_from(self):
        for title, service, author, core_from, reply_to, actor, expected in self.TABLE:
            core = Mailbox(author.name, core_from) if author and core_from else author
            with self.subTest(title):
                self.assertEqual(decide_sender(
                    service, BOOK, author=author, author_key=author.address if author else "", core_from=core,
                    reply_to=reply_to, actor=actor,
                ), expected)

    @classmethod
    def as_markdown(cls) -> str:
        """Return the table for people; `dev/o365 docs` writes it."""
        def shown(mailbox, otherwise="as core has it"):
            return f"`{mailbox.name} <{mailbox.address}>`" if mailbox else otherwise

        actors = {BRANT_ID: "Brant", OTHER_ID: "somebody else"}
        lines = [
            "| case | server, mode | written as | who acts | From | envelope sender | Sender | Reply-To | signs in as |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for title, service, author, core_from, _reply_to, actor, identity in cls.TABLE:
            as_core = f"`{core_from}`, Odoo's notification address" if core_from else "as written"
            lines.append("| {} |".format(" | ".join((
                title,
                f"{service.preset}, {service.mode}{', strict' if service.strict else ''}",
                shown(author, "no From"),
                actors[actor],
                "**does not leave**" if identity.refused else shown(identity.header_from, as_core),
                f"`{identity.envelope_from}`" if identity.envelope_from else "the record's bounce address",
                f"`{identity.sender}`" if identity.sender else "–",
                shown(identity.reply_to, "unchanged"),
                f"`{identity.login}`" if identity.login else "nobody",
            ))))
        return "\n".join(lines)

    def test_the_page_for_people_shows_this_table(self):
        page = Path(__file__).parents[1] / "docs" / "sender-identity.md"
        if not page.exists():
            self.skipTest("an installed addon has no docs folder")
        self.assertIn(self.as_markdown(), page.read_text(), "run dev/o365 docs")

    def test_an_alias_that_the_from_filter_does_not_let_pass_is_not_used(self):
        identity = decide_sender(
            Service("submission", "send_as", ERP), BOOK, author=BRANT, author_key=BRANT.address,
            core_from=Mailbox("Brant", NOTIFICATIONS), reply_to=CATCHALL, actor=BRANT_ID, alias_allowed=False)
        self.assertEqual(identity, SenderIdentity(None, ERP, None, None, ERP))


@tagged("post_install", "-at_install")
class TestSenderBook(BaseCase):

    def test_unknown_is_not_the_same_as_known_without_alias(self):
        self.assertTrue(BOOK.knows("payroll@contoso.example"))
        self.assertFalse(BOOK.knows("stranger@contoso.example"))
        self.assertEqual(BOOK.known("stranger@contoso.example"), Known())

    def test_trusted_are_known_addresses_of_our_domains_and_our_own(self):
        table = {
            "anna@contoso.example": True, ALIAS: True, NOTIFICATIONS: True, "Bounce@Contoso.example": True,
            "payroll@contoso.example": False, "carl@private.example": False, "stranger@contoso.example": False,
        }
        for address, expected in table.items():
            with self.subTest(address):
                self.assertIs(BOOK.trusts(address), expected)

    def test_a_trusted_address_of_a_foreign_domain_is_not_used(self):
        book = SenderBook({"a@elsewhere.example": Known(1, None, True)}, domains={"contoso.example"})
        self.assertFalse(book.trusts("a@elsewhere.example"))

    def test_single_addresses_of_a_from_filter_are_sent_for(self):
        book = SenderBook({}, domains={"one@single.example", "bücher.example"})
        self.assertTrue(book.sends_for("One@single.example"))
        self.assertFalse(book.sends_for("two@single.example"))
        self.assertTrue(book.sends_for("x@xn--bcher-kva.example"))

    def test_an_address_of_several_users_belongs_to_none(self):
        shared = Known().and_also(1, "a@contoso.example", False).and_also(2, None, False)
        self.assertEqual(shared, Known(0, None, False))
        company = Known().and_also(None, None, True)
        self.assertEqual(company.and_also(1, "a@contoso.example", False), Known(1, "a@contoso.example", True))
