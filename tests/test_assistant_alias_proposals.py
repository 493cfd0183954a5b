"""Which alias the assistant proposes for each user."""

from odoo.tests import BaseCase, tagged

from ..tools.assistant.alias_proposals import EMAIL, IN_FORCE, LOGIN, LOGIN_NAME, NAME, NONE, PENDING, Person, Proposal, local_part, propose

ALLOWED = frozenset({"contoso.example", "bücher.example", "one@single.example"})


@tagged("post_install", "-at_install")
class TestProposals(BaseCase):
    TABLE = [
        # title, people, proposals
        ("an email of the domain", [Person(1, "Anna", "anna", "anna@contoso.example")], [Proposal(1, "anna@contoso.example", EMAIL)]),
        ("in any case", [Person(1, "Anna", "anna", "Anna.Berg@Contoso.example")], [Proposal(1, "anna.berg@contoso.example", EMAIL)]),
        ("of a single address that is sent for", [Person(1, "One", "one", "one@single.example")],
         [Proposal(1, "one@single.example", EMAIL)]),
        ("of a domain beyond ASCII, in either form", [Person(1, "B", "b", "b@xn--bcher-kva.example")],
         [Proposal(1, "b@bücher.example", EMAIL)]),
        ("a foreign email, and a login of the domain", [Person(1, "Carl", "carl@contoso.example", "carl@private.example")],
         [Proposal(1, "carl@contoso.example", LOGIN, "private.example")]),
        ("a foreign email, and a login that is a name", [Person(1, "Carl Berg", "cberg", "carl@private.example")],
         [Proposal(1, "cberg@contoso.example", LOGIN_NAME, "private.example")]),
        ("a foreign email as login, too", [Person(1, "Carl Berg", "carl@private.example", "carl@private.example")],
         [Proposal(1, "carl.berg@contoso.example", NAME, "private.example")]),
        ("no email", [Person(1, "Dora Óðinsdóttir", "dora@private.example")], [Proposal(1, "dora.odinsdottir@contoso.example", NAME)]),
        ("umlauts", [Person(1, "Jürgen Weiß-Groß", "j@private.example")], [Proposal(1, "juergen.weiss-gross@contoso.example", NAME)]),
        ("a name that cannot be spelled", [Person(1, "王伟", "w@private.example")], [Proposal(1, "", NONE)]),
        ("a plus-address", [Person(1, "Anna", "anna", "anna+odoo@contoso.example")],
         [Proposal(1, "anna@contoso.example", EMAIL, untagged=True)]),
        ("two with one email", [Person(1, "Anna", "anna", "team@contoso.example"), Person(2, "Bert", "bert", "team@contoso.example")],
         [Proposal(1, "team@contoso.example", EMAIL, taken_by="Bert"), Proposal(2, "team@contoso.example", EMAIL, taken_by="Anna")]),
        ("two of one name", [Person(1, "Kim Lee", "k1@private.example"), Person(2, "Kim Lee", "k2@private.example")],
         [Proposal(number, "kim.lee@contoso.example", NAME, taken_by="Kim Lee") for number in (1, 2)]),
        ("an email that is another's alias",
         [Person(1, "Anna", "anna", "boss@contoso.example"), Person(2, "Bert", "bert", "b@private.example", *["boss@contoso.example"] * 2)],
         [Proposal(1, "boss@contoso.example", EMAIL, taken_by="Bert"), Proposal(2, "boss@contoso.example", IN_FORCE)]),
        ("what a customer signs in with is the customer's",
         [Person(1, "Anna", "anna"), Person(2, "Kim", "anna@contoso.example", is_internal=False)],
         [Proposal(1, "anna@contoso.example", LOGIN_NAME, taken_by="Kim")]),
        ("a mail alias", [Person(1, "Info", "info", "info@contoso.example")],
         [Proposal(1, "info@contoso.example", EMAIL, taken_by="a mail alias")]),
        ("has one", [Person(1, "Anna", "anna", "anna@contoso.example", *["a@contoso.example"] * 2)],
         [Proposal(1, "a@contoso.example", IN_FORCE)]),
        ("asked for another one", [Person(1, "Anna", "anna", "anna@contoso.example", "b@contoso.example", "a@contoso.example")],
         [Proposal(1, "b@contoso.example", PENDING)]),
        ("portal users have none", [Person(1, "Kim", "kim", "kim@contoso.example", is_internal=False)], []),
    ]

    def test_what_is_proposed_and_why(self):
        for title, people, expected in self.TABLE:
            with self.subTest(title):
                self.assertEqual(propose(
                    people, allowed=ALLOWED, domain="contoso.example", taken={"info@contoso.example": "a mail alias"}), expected)

    def test_without_a_domain_nothing_is_made_up(self):
        [found] = propose([Person(1, "Anna", "anna", "anna@private.example")], allowed=(), domain="")
        self.assertEqual(found, Proposal(1, "", NONE, "private.example"))

    def test_only_what_can_be_set_as_it_is_is_ready(self):
        ready = [Proposal(1, "a@contoso.example", EMAIL), Proposal(1, "a@contoso.example", NAME), Proposal(1, "a@contoso.example", PENDING)]
        others = [Proposal(1, "", NONE), Proposal(1, "a@contoso.example", EMAIL, taken_by="B"), Proposal(1, "a@contoso.example", IN_FORCE)]
        self.assertEqual([each.is_ready for each in (*ready, *others)], [True] * 3 + [False] * 3)

    def test_what_of_a_name_stands_before_the_at(self):
        table = [
            ("Brant Wadsworth", "brant.wadsworth"), ("Siobhán O'Brien", "siobhan.obrien"), ("Łukasz Żak", "lukasz.zak"),
            ("Søren Ærø", "soeren.aeroe"), ("  Dr. Ann  Lee ", "dr.ann.lee"), ("Anna-Maria", "anna-maria"), ("Ivan (Иван)", ""),
            ("x" * 80, "x" * 64), ("...", ""), ("", ""), ("o'neil\r\nbcc: x@evil.example", "oneil.bcc.x.evil.example"),
        ]
        for name, expected in table:
            with self.subTest(name=name):
                self.assertEqual(local_part(name), expected)

    def test_five_thousand_users_take_no_time(self):
        people = [Person(number, f"User {number}", f"user{number}", f"user{number}@contoso.example") for number in range(5000)]
        found = propose(people, allowed=ALLOWED, domain="contoso.example")
        self.assertEqual(len([each for each in found if each.is_ready]), 5000)
