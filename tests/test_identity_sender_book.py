from odoo.tests import BaseCase, tagged

from ..tools.identity.sender_book import Known, SenderBook

BOOK = SenderBook({"payroll@contoso.example": Known()}, own=["bounce@contoso.example"])


@tagged("post_install", "-at_install")
class TestSenderBook(BaseCase):

    def test_unknown_is_not_the_same_as_known_without_alias(self):
        self.assertTrue(BOOK.knows("payroll@contoso.example"))
        self.assertFalse(BOOK.knows("stranger@contoso.example"))
        self.assertEqual(BOOK.known("stranger@contoso.example"), Known())

    def test_own_addresses_in_any_spelling(self):
        self.assertTrue(BOOK.is_own("Bounce@Contoso.example"))
        self.assertFalse(BOOK.is_own("anna@contoso.example"))

    def test_single_addresses_of_a_from_filter_are_sent_for(self):
        book = SenderBook({}, domains={"one@single.example", "bücher.example"})
        self.assertTrue(book.sends_for("One@single.example"))
        self.assertFalse(book.sends_for("two@single.example"))
        self.assertTrue(book.sends_for("x@xn--bcher-kva.example"))

    def test_one_finding_takes_nothing_away_from_another(self):
        holder = Known().with_user(1, "a@contoso.example", proved=True)
        claimed = holder.with_user(2, None, proved=False)
        self.assertEqual(claimed, Known({1: "a@contoso.example"}, {2: None}, False))
        self.assertEqual((claimed.alias_for(1), claimed.alias_for(2), claimed.alias_for(None)),
                         ("a@contoso.example", "a@contoso.example", "a@contoso.example"))
        self.assertEqual(claimed.with_user(3, "c@contoso.example", proved=False).alias_for(3), "c@contoso.example")
        company = Known().with_shared(True)
        self.assertTrue(company.with_shared(False).shared)
        self.assertFalse(Known().with_shared(False).shared)

    def test_an_address_with_two_holders_leads_to_no_alias_but_that_of_who_acts(self):
        both = Known({1: "a@contoso.example", 2: "b@contoso.example"})
        self.assertEqual((both.alias_for(1), both.alias_for(2), both.alias_for(3)), ("a@contoso.example", "b@contoso.example", None))

    def test_a_server_is_chosen_by_the_alias_of_a_holder_rather_than_of_a_claim(self):
        self.assertEqual(Known({1: "a@contoso.example"}, {2: "b@contoso.example"}).likely_alias, "a@contoso.example")
        self.assertEqual(Known({1: None}, {2: "b@contoso.example"}).likely_alias, "b@contoso.example")
        self.assertIsNone(Known({1: None}).likely_alias)
