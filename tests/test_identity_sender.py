from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools.addresses import Mailbox
from ..tools.identity.sender import (
    FOREIGN_DOMAIN,
    MODE,
    NOT_ALLOWED_YET,
    NOT_AUTHENTIC,
    OTHER_AUTHOR,
    UNVERIFIED,
    SenderIdentity,
    Service,
    alias_for,
    decide_sender,
)
from ..tools.identity.sender_book import BY_ADMINISTRATOR, BY_TEMPLATE, NOBODY, Act, Actor, Known, SenderBook

ERP = "erp@contoso.example"
ALIAS = "brant.wadsworth@contoso.example"
BRANT_ID, ANNA_ID, CARL_ID, MALLORY_ID = 7, 8, 9, 66
ACCOUNTING = 41

BRANT = Mailbox("Brant", "brant@private.example")  # has a confirmed alias
ANNA = Mailbox("Anna", "anna@contoso.example")  # no alias, her e-mail was set by an administrator
PAYROLL = Mailbox("Payroll", "payroll@contoso.example")  # of our domain, nobody vouched for it; Mallory says it is hers
CARL = Mailbox("Carl", "carl@private.example")  # no alias, of a foreign domain
DORA = Mailbox("Dora", "dora@private.example")  # she wrote that e-mail herself, and so did Mallory; she has an alias
NOREPLY = Mailbox("Contoso", "noreply@contoso.example")  # a shared sender
INVOICES = Mailbox("Contoso", "invoices@contoso.example")  # a shared sender of the accounting group
ORDERS = Mailbox("Contoso", "orders@contoso.example")  # listed in the From filter
INFO = Mailbox("Contoso", "info@contoso.example")  # of the company
TEAM = Mailbox("Team", "team@contoso.example")  # e-mail of both Anna and Brant, as an administrator set it
DORAS_ALIAS = "dora@contoso.example"
NOTIFICATIONS = "notifications@contoso.example"
CATCHALL = Mailbox("Contoso", "catchall@contoso.example")
CUSTOMER = Mailbox("Kim", "kim@fabrikam.example")

BOOK = SenderBook(
    {
        "brant@private.example": Known({BRANT_ID: ALIAS}),
        ALIAS: Known({BRANT_ID: ALIAS}, {MALLORY_ID: None}),
        "anna@contoso.example": Known({ANNA_ID: None}, {MALLORY_ID: None}),
        "payroll@contoso.example": Known({}, {MALLORY_ID: None}),
        "carl@private.example": Known({CARL_ID: None}),
        "dora@private.example": Known({}, {10: DORAS_ALIAS, MALLORY_ID: None}),
        "info@contoso.example": Known({ANNA_ID: None}, {MALLORY_ID: None}, True),
        "team@contoso.example": Known({ANNA_ID: None, BRANT_ID: ALIAS}),
        "noreply@contoso.example": Known(), "invoices@contoso.example": Known(), "orders@contoso.example": Known(),
    },
    domains={"contoso.example"},
    own={ERP, NOTIFICATIONS, CATCHALL.address, "bounce@contoso.example"},
)
SHARED = {"shared": {"noreply@contoso.example": None, "invoices@contoso.example": ACCOUNTING},
          "listed": frozenset({"orders@contoso.example", "anna@contoso.example"})}

BY_BRANT, BY_ANNA, BY_CARL, BY_MALLORY = (Act(Actor(uid)) for uid in (BRANT_ID, ANNA_ID, CARL_ID, MALLORY_ID))
BY_DORA = Act(Actor(10))
BY_ODOO = Act(Actor(is_odoo=True))
BY_VISITOR = Act(NOBODY)
FROM_OUTSIDE = Act(Actor(is_outside=True))
BY_DEPUTY = Act(Actor(MALLORY_ID, sends_as_others=True))
BY_ACCOUNTANT = Act(Actor(MALLORY_ID, groups=frozenset({ACCOUNTING})))
WITH_TEMPLATE = Act(Actor(MALLORY_ID), BY_TEMPLATE)
WITH_WRITTEN_TEMPLATE = Act(Actor(MALLORY_ID), BY_ADMINISTRATOR)
ODOO_WITH_TEMPLATE = Act(Actor(is_odoo=True), BY_TEMPLATE)
VISITOR_WITH_TEMPLATE = Act(NOBODY, BY_TEMPLATE)

SEND_AS = Service("submission", "send_as", ERP, **SHARED)
STANDARD = Service("submission", "send_as", ERP, unproved=frozenset({NOTIFICATIONS}), **SHARED)
STANDARD_ON_BEHALF = Service("submission", "on_behalf", ERP, unproved=frozenset({NOTIFICATIONS}))
STRICT = Service("submission", "send_as", ERP, strict=True, **SHARED)
ON_BEHALF = Service("submission", "on_behalf", ERP)
MAILBOX = Service("submission", "mailbox", ERP)
AS_SENDER = Service("submission", "as_sender", ERP)
AS_SENDER_STRICT = Service("submission", "as_sender", ERP, strict=True)
HVE = Service("hve", "send_as", ERP)
RELAY = Service("relay", "send_as", NOTIFICATIONS)
RELAY_ALONE = Service("relay", "send_as", None)
RELAY_ALONE_STRICT = Service("relay", "send_as", None, strict=True)

ACTS = {
    BY_BRANT: "Brant", BY_ANNA: "Anna", BY_CARL: "Carl", BY_DORA: "Dora", BY_MALLORY: "another user", BY_ODOO: "Odoo itself",
    BY_VISITOR: "a visitor", FROM_OUTSIDE: "mail from outside", BY_DEPUTY: "another user, Send as others",
    BY_ACCOUNTANT: "another user, of the group", WITH_TEMPLATE: "another user, by a template",
    WITH_WRITTEN_TEMPLATE: "another user, by an administrator's template", VISITOR_WITH_TEMPLATE: "a visitor, by a template",
    ODOO_WITH_TEMPLATE: "Odoo itself, by a template",
}


def named(name, address):
    return Mailbox(name, address)


def as_mailbox(name, reason, reply_to=None):
    return SenderIdentity(named(name, ERP), ERP, None, reply_to, ERP, reason)


def held_back(name, reply_to=None):
    return SenderIdentity(named(name, ERP), ERP, None, reply_to, ERP, NOT_ALLOWED_YET, held_back=NOTIFICATIONS)


#: As core has it, through client submission.
AS_IT_IS = SenderIdentity(None, ERP, None, None, ERP)
AS_ALIAS = SenderIdentity(named("Brant", ALIAS), ERP, None, None, ERP)


@tagged("post_install", "-at_install")
class TestDecideSender(BaseCase):
    """The table of design and docs: who a mail comes from."""

    # server; From as written; From as core would have it ("" = as written); Reply-To; who acts
    #   -> From, envelope sender, Sender, Reply-To, login, reason (None: as core has it)
    TABLE = [
        # Client submission, Send As
        ("alias replaces From", SEND_AS, BRANT, NOTIFICATIONS, CATCHALL, BY_BRANT, AS_ALIAS),
        ("Reply-To that core took from From follows it", SEND_AS, BRANT, NOTIFICATIONS, BRANT, BY_BRANT,
         SenderIdentity(named("Brant", ALIAS), ERP, None, named("Brant", ALIAS), ERP)),
        ("mail written as the alias itself", SEND_AS, named("B", ALIAS), "", CATCHALL, BY_BRANT, AS_IT_IS),
        ("an email that the user wrote leads to the user's own alias", SEND_AS, DORA, NOTIFICATIONS, CATCHALL, BY_DORA,
         SenderIdentity(named("Dora", DORAS_ALIAS), ERP, None, None, ERP)),
        ("but to nobody else's", SEND_AS, DORA, NOTIFICATIONS, CATCHALL, BY_MALLORY, AS_IT_IS),
        ("without alias, core's notification address", SEND_AS, CARL, NOTIFICATIONS, CATCHALL, BY_CARL, AS_IT_IS),
        ("that address is the database's own, not one that a client names", SEND_AS, CARL, "payroll@contoso.example", CATCHALL, BY_CARL,
         as_mailbox("Carl", FOREIGN_DOMAIN)),
        ("a verified email stays", SEND_AS, ANNA, "", CATCHALL, BY_ANNA, AS_IT_IS),
        ("also where core has the notification address", SEND_AS, ANNA, NOTIFICATIONS, CATCHALL, BY_ANNA,
         SenderIdentity(ANNA, ERP, None, None, ERP)),
        ("a foreign domain cannot be used", SEND_AS, CARL, "", CATCHALL, BY_CARL, as_mailbox("Carl", FOREIGN_DOMAIN)),
        ("answers still go to the foreign address", SEND_AS, CARL, "", CARL, BY_CARL, as_mailbox("Carl", FOREIGN_DOMAIN, CARL)),
        ("an email of two users, in mail of one", SEND_AS, TEAM, "", CATCHALL, BY_ANNA, AS_IT_IS),
        ("and of the one with an alias", SEND_AS, TEAM, "", CATCHALL, BY_BRANT, SenderIdentity(named("Team", ALIAS), ERP, None, None, ERP)),
        # Who says an address is theirs
        ("an unverified address cannot be used", SEND_AS, PAYROLL, "", CATCHALL, BY_MALLORY, as_mailbox("Payroll", UNVERIFIED)),
        ("nor behind the notification address", SEND_AS, PAYROLL, NOTIFICATIONS, CATCHALL, BY_MALLORY, as_mailbox("Payroll", UNVERIFIED)),
        ("nor as Reply-To", SEND_AS, PAYROLL, "", PAYROLL, BY_MALLORY, as_mailbox("Payroll", UNVERIFIED, named("Payroll", ERP))),
        ("nor by Odoo itself", SEND_AS, PAYROLL, "", CATCHALL, BY_ODOO, as_mailbox("Payroll", UNVERIFIED)),
        ("another's verified email", SEND_AS, ANNA, "", CATCHALL, BY_MALLORY, as_mailbox("Anna", OTHER_AUTHOR)),
        ("answers to it do not go to her", SEND_AS, ANNA, "", ANNA, BY_MALLORY, as_mailbox("Anna", OTHER_AUTHOR, named("Anna", ERP))),
        ("another's alias", SEND_AS, named("Brant", ALIAS), "", CATCHALL, BY_MALLORY, as_mailbox("Brant", OTHER_AUTHOR)),
        ("another's email that leads to an alias", SEND_AS, BRANT, NOTIFICATIONS, CATCHALL, BY_MALLORY,
         as_mailbox("Brant", OTHER_AUTHOR)),
        ("what others say of it does not harm its holder", SEND_AS, named("B", ALIAS), "", CATCHALL, BY_BRANT, AS_IT_IS),
        # Who may for others
        ("the group Send as others", SEND_AS, BRANT, "", CATCHALL, BY_DEPUTY, AS_ALIAS),
        ("not for an unverified address", SEND_AS, PAYROLL, "", CATCHALL, BY_DEPUTY, as_mailbox("Payroll", UNVERIFIED)),
        ("Odoo itself", SEND_AS, BRANT, "", CATCHALL, BY_ODOO, AS_ALIAS),
        ("Odoo itself, an email of two users", SEND_AS, TEAM, "", CATCHALL, BY_ODOO, AS_IT_IS),
        ("a template that stands for the record's responsible", SEND_AS, BRANT, "", CATCHALL, WITH_TEMPLATE, AS_ALIAS),
        ("also if a visitor brings it about", SEND_AS, BRANT, "", CATCHALL, VISITOR_WITH_TEMPLATE, AS_ALIAS),
        ("a template filled in with an unverified address", SEND_AS, PAYROLL, "", CATCHALL, WITH_TEMPLATE,
         as_mailbox("Payroll", UNVERIFIED)),
        ("an address that an administrator wrote into a template", SEND_AS, PAYROLL, "", CATCHALL, WITH_WRITTEN_TEMPLATE, AS_IT_IS),
        ("a visitor's form", SEND_AS, ANNA, "", CATCHALL, BY_VISITOR, as_mailbox("Anna", OTHER_AUTHOR)),
        # Shared addresses
        ("the company's", SEND_AS, INFO, "", CATCHALL, BY_MALLORY, AS_IT_IS),
        ("the company's, also by a visitor's request", SEND_AS, INFO, NOTIFICATIONS, CATCHALL, BY_VISITOR,
         SenderIdentity(INFO, ERP, None, None, ERP)),
        ("the database's own", SEND_AS, CATCHALL, "", CATCHALL, BY_MALLORY, AS_IT_IS),
        ("a shared sender", SEND_AS, NOREPLY, "", CATCHALL, BY_MALLORY, AS_IT_IS),
        ("a shared sender of a group", SEND_AS, INVOICES, "", CATCHALL, BY_ACCOUNTANT, AS_IT_IS),
        ("by somebody else", SEND_AS, INVOICES, "", CATCHALL, BY_MALLORY, as_mailbox("Contoso", UNVERIFIED)),
        ("by Odoo itself", SEND_AS, INVOICES, "", CATCHALL, BY_ODOO, AS_IT_IS),
        ("by Odoo itself, filled in from a record", SEND_AS, INVOICES, "", CATCHALL, ODOO_WITH_TEMPLATE, as_mailbox("Contoso", UNVERIFIED)),
        ("an address listed in the From filter", SEND_AS, ORDERS, "", CATCHALL, BY_MALLORY, AS_IT_IS),
        ("a user's address listed there is still the user's", SEND_AS, ANNA, "", CATCHALL, BY_MALLORY, as_mailbox("Anna", OTHER_AUTHOR)),
        # Until Exchange lets the mailbox send as the default From
        ("default From not allowed yet: Odoo's own mail", STANDARD, named("Contoso", NOTIFICATIONS), "", CATCHALL, BY_ODOO,
         held_back("Contoso")),
        ("default From not allowed yet: where core puts it in place of a foreign email", STANDARD, CARL, NOTIFICATIONS, CATCHALL, BY_CARL,
         held_back("Carl")),
        ("default From not allowed yet: answers to the author stay so", STANDARD, CARL, NOTIFICATIONS, CARL, BY_CARL, held_back("Carl")),
        ("default From not allowed yet: answers to it go to the mailbox", STANDARD, named("Contoso", NOTIFICATIONS), "",
         named("Contoso", NOTIFICATIONS), BY_ODOO, held_back("Contoso", named("Contoso", ERP))),
        ("default From not allowed yet, on behalf", STANDARD_ON_BEHALF, CARL, NOTIFICATIONS, CATCHALL, BY_CARL, held_back("Carl")),
        ("default From not allowed yet: an alias is another matter", STANDARD, BRANT, NOTIFICATIONS, CATCHALL, BY_BRANT, AS_ALIAS),
        ("default From not allowed yet: so is the company's", STANDARD, INFO, "", CATCHALL, BY_ODOO, AS_IT_IS),
        # From outside
        ("mail from outside that Exchange does not confirm", SEND_AS, BRANT, "", CATCHALL, FROM_OUTSIDE,
         as_mailbox("Brant", NOT_AUTHENTIC)),
        ("also as an address of the company", SEND_AS, INFO, "", CATCHALL, FROM_OUTSIDE, as_mailbox("Contoso", NOT_AUTHENTIC)),
        ("also as a user's foreign email", SEND_AS, CARL, NOTIFICATIONS, CATCHALL, FROM_OUTSIDE, as_mailbox("Carl", NOT_AUTHENTIC)),
        ("a customer's mail is passed on from core's notification address", SEND_AS, CUSTOMER, NOTIFICATIONS, CATCHALL, FROM_OUTSIDE,
         AS_IT_IS),
        # Names
        ("a name that is another address is dropped", SEND_AS, named("ceo@contoso.example", BRANT.address), "", CATCHALL, BY_BRANT,
         SenderIdentity(named("", ALIAS), ERP, None, None, ERP)),
        ("also where the mailbox stands in, for which it was none", SEND_AS, named(PAYROLL.address, PAYROLL.address), "",
         CATCHALL, BY_MALLORY, as_mailbox("payroll", UNVERIFIED)),
        ("a name with an @ is kept", SEND_AS, named("Help@Work GmbH", "info@contoso.example"), "", CATCHALL, BY_MALLORY, AS_IT_IS),
        # Only the author's own address
        ("strict: own alias", STRICT, BRANT, "", CATCHALL, BY_BRANT, AS_ALIAS),
        ("strict: another user's alias", STRICT, BRANT, "", CATCHALL, BY_DEPUTY, as_mailbox("Brant", OTHER_AUTHOR)),
        ("strict: by a template", STRICT, BRANT, "", CATCHALL, WITH_TEMPLATE, as_mailbox("Brant", OTHER_AUTHOR)),
        ("strict: by Odoo itself", STRICT, BRANT, "", CATCHALL, BY_ODOO, as_mailbox("Brant", OTHER_AUTHOR)),
        ("strict: an address of the database", STRICT, CATCHALL, "", CATCHALL, BY_BRANT, AS_IT_IS),
        ("strict: a shared sender", STRICT, NOREPLY, "", CATCHALL, BY_BRANT, AS_IT_IS),
        ("strict: written into a template", STRICT, PAYROLL, "", CATCHALL, WITH_WRITTEN_TEMPLATE, as_mailbox("Payroll", UNVERIFIED)),
        # Send on Behalf
        ("on behalf: Sender is the mailbox", ON_BEHALF, BRANT, "", CATCHALL, BY_BRANT,
         SenderIdentity(named("Brant", ALIAS), ERP, ERP, None, ERP)),
        ("on behalf of nobody but itself", ON_BEHALF, named("ERP", ERP), "", CATCHALL, BY_BRANT, AS_IT_IS),
        ("on behalf: unverified", ON_BEHALF, PAYROLL, "", CATCHALL, BY_MALLORY, as_mailbox("Payroll", UNVERIFIED)),
        # Mailbox
        ("mailbox: name kept, answers to the alias", MAILBOX, BRANT, "", BRANT, BY_BRANT, as_mailbox("Brant", MODE, named("Brant", ALIAS))),
        ("mailbox: no Reply-To yet", MAILBOX, BRANT, "", None, BY_BRANT, as_mailbox("Brant", MODE, named("Brant", ALIAS))),
        ("mailbox: a Reply-To that is set stays", MAILBOX, BRANT, "", CATCHALL, BY_BRANT, as_mailbox("Brant", MODE)),
        ("mailbox: without a name, the local part", MAILBOX, named("", "brant@private.example"), "", CATCHALL, BY_BRANT,
         as_mailbox("brant", MODE)),
        # As the sender
        ("as sender: signs in as the alias", AS_SENDER, BRANT, "", CATCHALL, BY_BRANT,
         SenderIdentity(named("Brant", ALIAS), ALIAS, None, None, ALIAS)),
        ("as sender: also if written as the alias", AS_SENDER, named("Brant", ALIAS), "", CATCHALL, BY_BRANT,
         SenderIdentity(None, ALIAS, None, None, ALIAS)),
        ("as sender: without alias as Send As", AS_SENDER, CARL, NOTIFICATIONS, CATCHALL, BY_CARL, AS_IT_IS),
        ("as sender: another user's alias", AS_SENDER, BRANT, "", CATCHALL, BY_MALLORY, as_mailbox("Brant", OTHER_AUTHOR)),
        ("as sender: another user's alias, strict", AS_SENDER_STRICT, BRANT, "", CATCHALL, BY_DEPUTY, as_mailbox("Brant", OTHER_AUTHOR)),
        # High Volume Email: From must be the account
        ("hve: always as the account", HVE, BRANT, "", CATCHALL, BY_BRANT, as_mailbox("Brant", MODE)),
        # Relay: no login, bounces come back to the record
        ("relay: alias", RELAY, BRANT, "", CATCHALL, BY_BRANT, SenderIdentity(named("Brant", ALIAS), None, None, None, None)),
        ("relay: unverified", RELAY, PAYROLL, "", CATCHALL, BY_MALLORY,
         SenderIdentity(named("Payroll", NOTIFICATIONS), None, None, None, None, UNVERIFIED)),
        ("relay without an address of its own", RELAY_ALONE, CARL, "", CATCHALL, BY_CARL, SenderIdentity(None, None, None, None, None)),
        ("relay without an address of its own: unverified", RELAY_ALONE, PAYROLL, "", CATCHALL, BY_MALLORY,
         SenderIdentity(reason=UNVERIFIED, refused=True)),
        ("relay without an address of its own, strict: another's alias", RELAY_ALONE_STRICT, BRANT, "", CATCHALL, BY_DEPUTY,
         SenderIdentity(reason=OTHER_AUTHOR, refused=True)),
        # No From at all: core's business
        ("no From", SEND_AS, None, "", None, BY_BRANT, AS_IT_IS),
    ]

    def test_who_a_mail_comes_from(self):
        for title, service, author, core_from, reply_to, act, expected in self.TABLE:
            core = Mailbox(author.name, core_from) if author and core_from else author
            with self.subTest(title):
                self.assertEqual(decide_sender(
                    service, BOOK, author=author, author_key=author.address if author else "", core_from=core,
                    reply_to=reply_to, act=act,
                ), expected)

    @classmethod
    def as_markdown(cls) -> str:
        """Return the table for people; `dev/o365 docs` writes it."""
        def shown(mailbox, otherwise="as core has it"):
            return f"`{mailbox.name} <{mailbox.address}>`" if mailbox else otherwise

        lines = [
            "| case | server, mode | written as | who acts | From | envelope sender | Sender | Reply-To | signs in as |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for title, service, author, core_from, _reply_to, act, identity in cls.TABLE:
            as_core = f"`{core_from}`, Odoo's notification address" if core_from else "as written"
            lines.append("| {} |".format(" | ".join((
                title,
                f"{service.preset}, {service.mode}{', strict' if service.strict else ''}",
                shown(author, "no From"),
                ACTS[act],
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

    def test_what_the_from_filter_does_not_let_pass_is_not_used(self):
        table = [
            (BRANT, ALIAS, Mailbox("Brant", NOTIFICATIONS), AS_IT_IS),
            (ANNA, ANNA.address, Mailbox("Anna", NOTIFICATIONS), AS_IT_IS),
            (ANNA, ANNA.address, ANNA, as_mailbox("Anna", FOREIGN_DOMAIN)),
            (NOREPLY, NOREPLY.address, Mailbox("Contoso", NOTIFICATIONS), AS_IT_IS),
        ]
        for author, filtered, core_from, expected in table:
            with self.subTest(author=author, core_from=core_from):
                self.assertEqual(decide_sender(
                    SEND_AS, BOOK, author=author, author_key=author.address, core_from=core_from, reply_to=CATCHALL,
                    act=BY_BRANT if author is BRANT else BY_ANNA, lets_pass=lambda address, none=filtered: address != none,
                ), expected)

    def test_an_alias_whose_domain_is_not_sent_for_any_more_is_not_used(self):
        book = SenderBook(
            {BRANT.address: Known({BRANT_ID: "brant@left.example"}), ANNA.address: Known({ANNA_ID: "anna@left.example"})},
            domains={"contoso.example"}, own={NOTIFICATIONS})
        for author, act, expected in ((BRANT, BY_BRANT, as_mailbox("Brant", FOREIGN_DOMAIN)), (ANNA, BY_ANNA, AS_IT_IS)):
            with self.subTest(author=author):
                self.assertEqual(decide_sender(
                    SEND_AS, book, author=author, author_key=author.address, core_from=author, reply_to=CATCHALL, act=act), expected)

    def test_who_signs_in_is_who_may_send(self):
        table = [
            (BRANT, BY_BRANT, ALIAS), (named("B", ALIAS), BY_BRANT, ALIAS), (BRANT, BY_ODOO, ALIAS), (BRANT, BY_DEPUTY, ALIAS),
            (BRANT, BY_MALLORY, None), (BRANT, FROM_OUTSIDE, None), (ANNA, BY_ANNA, None), (PAYROLL, BY_MALLORY, None),
            (DORA, BY_DORA, DORAS_ALIAS), (DORA, BY_ODOO, None),
        ]
        for author, act, expected in table:
            with self.subTest(author=author, act=ACTS[act]):
                self.assertEqual(alias_for(AS_SENDER, BOOK, author.address, act), expected)
        self.assertIsNone(alias_for(AS_SENDER_STRICT, BOOK, BRANT.address, BY_DEPUTY))
