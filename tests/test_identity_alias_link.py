from odoo.tests import BaseCase, tagged

from ..tools.identity.alias_link import LIFETIME, LINKS_A_DAY, Claim, Link, digest, is_base_url, judge, seconds_to_wait, with_one_more

NOW = 1_800_000_000
DAY = 86400
ALIAS = "brant.wadsworth@contoso.example"
BEFORE, AFTER = "a@contoso.example", "other@contoso.example"  # in the order of letters, which decides nothing
SAME = "".join(ALIAS)  # another object, as one from the database is
LINK = Link("alias", 7, ALIAS, "nonce", NOW + LIFETIME)


@tagged("post_install", "-at_install")
class TestAliasLink(BaseCase):

    def test_what_opening_a_link_comes_to(self):
        newest, other = digest("nonce"), digest("another")
        table = [
            ("ready", LINK, Claim(True, ALIAS, "", newest), NOW),
            ("ready", LINK, Claim(True, ALIAS, "old@contoso.example", newest), NOW + LIFETIME - 1),
            ("ready", LINK, Claim(True, SAME, "", newest), NOW),
            ("expired", LINK, Claim(True, ALIAS, "", newest), NOW + LIFETIME),
            ("expired", LINK, Claim(True, ALIAS, "", newest), NOW + LIFETIME + 1),
            ("used", LINK, Claim(True, ALIAS, ALIAS, ""), NOW),
            ("used", LINK, Claim(True, SAME, "".join(ALIAS), ""), NOW),
            ("used", LINK, Claim(True, ALIAS, ALIAS, ""), NOW + 2 * LIFETIME),
            ("replaced", LINK, Claim(True, ALIAS, "", other), NOW),
            ("replaced", LINK, Claim(True, ALIAS, "", ""), NOW),
            ("replaced", LINK, Claim(True, BEFORE, "", newest), NOW),
            ("replaced", LINK, Claim(True, AFTER, "", newest), NOW),
            ("replaced", LINK, Claim(True, AFTER, ALIAS, other), NOW),
            ("replaced", LINK, Claim(True, BEFORE, ALIAS, other), NOW),
            ("replaced", LINK, Claim(True, AFTER, AFTER, other), NOW),
            ("replaced", LINK, Claim(True, BEFORE, BEFORE, other), NOW),
            ("replaced", LINK, Claim(True, "", "", ""), NOW),
            ("archived", LINK, Claim(False, ALIAS, "", newest), NOW),
            ("archived", LINK, Claim(False, ALIAS, ALIAS, ""), NOW),
            ("invalid", LINK, None, NOW),
            ("invalid", None, Claim(True, ALIAS, "", newest), NOW),
            ("invalid", None, None, NOW),
        ]
        for state, link, claim, at in table:
            with self.subTest(state=state, claim=claim, at=at - NOW):
                self.assertEqual(judge(link, claim, at), state)

    def test_a_link_survives_as_plain_values_and_nothing_else_becomes_one(self):
        for link in (LINK, Link("email", 7, ALIAS, "nonce", NOW)):
            self.assertEqual(Link.from_values(link.to_values()), link)
        for values in (None, [], "alias", {}, LINK.to_values()[:4], [*LINK.to_values(), 1], ["login", *LINK.to_values()[1:]],
                       ["alias", "7", ALIAS, "nonce", NOW], ["alias", 7, ALIAS, None, NOW], ["alias", True, ALIAS, "nonce", NOW]):
            with self.subTest(values=values):
                self.assertIsNone(Link.from_values(values))

    def test_each_link_has_a_nonce_of_its_own_and_is_valid_48_hours(self):
        one, two = (Link.new("alias", 7, ALIAS, NOW) for _ in range(2))
        self.assertNotEqual(one.nonce, two.nonce)
        self.assertEqual(one.expires - NOW, 48 * 3600)

    def test_a_link_a_minute_and_ten_a_day(self):
        ten = [NOW - 3600 * hour for hour in range(LINKS_A_DAY)]
        table = [
            ([], 0), ([NOW], 60), ([NOW - 59], 1), ([NOW - 60], 0), ([NOW - 60, NOW - 10], 50), ([NOW - 10, NOW - 60], 50),
            (ten, DAY - 9 * 3600), ([*ten, NOW - 10 * 3600], DAY - 9 * 3600), (ten[1:], 0), ([NOW - 2 * DAY] * 20, 0),
            ([NOW - DAY] * 20, 0), ([NOW - DAY + 1] * 20, 1), ([NOW + 60], 0),
        ]
        for sent, seconds in table:
            with self.subTest(sent=[at - NOW for at in sent]):
                self.assertEqual(seconds_to_wait(sent, NOW), seconds)
        self.assertEqual(with_one_more([NOW - DAY, NOW - 70], NOW), [NOW - 70, NOW])

    def test_a_mail_needs_an_absolute_address_to_link_to(self):
        for url in ("https://odoo.contoso.com", "http://localhost:8069", "https://odoo.contoso.com/erp", "http://[::1]:8069"):
            with self.subTest(url=url):
                self.assertTrue(is_base_url(url))
        for url in (None, "", "odoo.contoso.com", "/web", "https://", "ftp://odoo.contoso.com", "javascript:alert(1)", "http://[",
                    "https://odoo.contoso.com?x=1", "https://odoo.contoso.com#x", "https://me@odoo.contoso.com"):
            with self.subTest(url=url):
                self.assertFalse(is_base_url(url))
