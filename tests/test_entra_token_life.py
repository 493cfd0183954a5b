from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import Diagnosis
from ..tools.entra import token_life

NOW = datetime(2026, 11, 24, 12, 0)


def minutes(number):
    return NOW + timedelta(minutes=number)


@tagged("post_install", "-at_install")
class TestTokenLife(BaseCase):

    def test_an_app_has_a_token_for_each_resource_and_a_user_one_sign_in(self):
        erp = "erp@contoso.example"
        for account, scopes, key in ((None, ["d", "c", "b", "a"], ("", "a b c d")), ("", ["c"], ("", "c")),
                                     (" ERP@Contoso.example", ["a"], (erp, "")),
                                     (erp, ["b"], (erp, ""))):
            with self.subTest(account=account, scopes=scopes):
                wanted = token_life.Wanted.of(7, account, scopes)
                self.assertEqual((wanted.account, wanted.resource), key)
                self.assertEqual(wanted, token_life.Wanted.of(7, account, scopes[::-1]))

    def test_how_long_a_token_may_take(self):
        self.assertEqual(token_life.LONGEST, 40)
        for seconds in (0.5, 40):
            left = token_life.Wanted.of(7, None, ["a"], seconds).seconds_left
            self.assertTrue(seconds - 0.4 < left <= seconds, left)
        self.assertEqual(token_life.Wanted.of(7, None, ["a"], -5).seconds_left, 0)

    def test_less_than_five_minutes_count_as_nothing(self):
        for expires, usable in ((minutes(60), True), (minutes(5), True), (NOW + timedelta(seconds=299), False), (NOW, False),
                                (minutes(-1), False), (None, False)):
            with self.subTest(expires=expires):
                self.assertEqual(token_life.is_usable(expires, NOW), usable)

    def test_a_token_is_good_for_a_part_of_what_it_was_asked_for(self):
        for scopes, wanted, covered in (("a b", ["a"], True), ("a b", {"a", "b"}, True), ("a", {"a", "b"}, False), (None, {"a"}, False),
                                        ("ab", {"a"}, False)):
            with self.subTest(scopes=scopes, wanted=wanted):
                self.assertEqual(token_life.covers(scopes, wanted), covered)

    def test_a_refusal_is_remembered_as_long_as_the_server_asks_and_an_hour_at_most(self):
        for retryable, retry_after, seconds in ((False, None, 60), (True, None, 30), (True, 300, 300), (True, 86400, 3600)):
            with self.subTest(retryable=retryable, retry_after=retry_after):
                self.assertEqual(token_life.pause(Diagnosis("x", retryable, retry_after, "", "")), timedelta(seconds=seconds))

    def test_a_refused_token_is_renewed_every_five_minutes_at_most(self):
        for renewed, may in ((None, True), (minutes(-6), True), (minutes(-5), True), (minutes(-4), False)):
            with self.subTest(renewed=renewed):
                self.assertEqual(token_life.may_renew(renewed, NOW), may)

    def test_a_sign_in_that_is_never_used_is_kept_alive_well_before_it_ends(self):
        self.assertEqual((token_life.KEEP_ALIVE_AFTER, token_life.REFRESH_LIFETIME), (timedelta(days=7), timedelta(days=90)))

    def test_times_have_neither_zone_nor_fraction(self):
        self.assertIsNone(token_life.now().tzinfo)
        self.assertEqual(token_life.now().microsecond, 0)
        self.assertEqual(token_life.from_epoch(1795521600.9), NOW)
        self.assertEqual(token_life.to_epoch(NOW), 1795521600)
