from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import TOPIC_OF
from ..tools.outgoing.retry import MAX_QUEUE_HOURS, holds_others, next_try, queue_hours

FAILED_AT = datetime(2026, 3, 29, 0, 30)


@tagged("post_install", "-at_install")
class TestRetry(BaseCase):

    def test_delays_double_from_one_minute_to_an_hour(self):
        for attempts, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60, 60), start=1):
            with self.subTest(attempts=attempts):
                self.assertEqual(next_try(attempts, FAILED_AT, FAILED_AT, None, 48), FAILED_AT + timedelta(minutes=minutes))

    def test_what_the_server_asks_for_wins_over_the_schedule(self):
        for seconds in (1, 90, 86400):
            with self.subTest(seconds=seconds):
                self.assertEqual(next_try(7, FAILED_AT, FAILED_AT, seconds, 48), FAILED_AT + timedelta(seconds=seconds))

    def test_a_mail_is_tried_until_its_hours_are_over(self):
        table = [  # hours since the first failure, hours allowed, tried again
            (0, 48, True), (47.99, 48, True), (48, 48, False), (200, 48, False),
            (0.5, 1, True), (1, 1, False), (0, 0, False), (0.2, 0.25, True), (0.25, 0.25, False),
        ]
        for passed, allowed, tried in table:
            with self.subTest(passed=passed, allowed=allowed):
                now = FAILED_AT + timedelta(hours=passed)
                self.assertEqual(next_try(3, now, FAILED_AT, None, allowed) is not None, tried)

    def test_a_mail_is_tried_for_two_days(self):
        self.assertEqual(MAX_QUEUE_HOURS, 48)

    def test_the_hours_that_somebody_entered_are_at_most_a_year(self):
        table = [
            ("48", 48), ("0.5", 0.5), (" 12 ", 12), (0, 0), (8784, 8784), (8784.5, 8784), ("1e300", 8784), ("inf", 8784),
            ("-1", None), (-0.1, None), ("nan", None), ("two days", None), ("", None), (None, None), ([], None),
        ]
        for entered, hours in table:
            with self.subTest(entered=entered):
                self.assertEqual(queue_hours(entered), hours)

    def test_the_last_hour_is_over_even_if_the_server_asks_for_another(self):
        self.assertIsNone(next_try(3, FAILED_AT + timedelta(hours=48), FAILED_AT, 60, 48))

    def test_hours_that_somebody_entered(self):
        table = [("48", 48), (0, 0), ("0.5", 0.5), (-0.1, None), ("two", None), (None, None), (99999999, 24 * 366), (24 * 365, 24 * 365)]
        for entered, hours in table:
            with self.subTest(entered=entered):
                found = queue_hours(entered)
                self.assertTrue(found == hours or (entered == 99999999 and 24 * 365 <= found <= 24 * 366), found)

    def test_no_number_of_attempts_is_too_large(self):
        for attempts in (0, -1, 10**9):
            with self.subTest(attempts=attempts):
                at = next_try(attempts, FAILED_AT, FAILED_AT, None, 48)
                self.assertEqual(at, FAILED_AT + timedelta(minutes=60 if attempts > 0 else 1))

    def test_only_what_strikes_every_mail_of_a_sender_holds_the_others_up(self):
        table = [  # cause, attempts, the connection failed, holds
            ("server_busy", 1, False, True), ("rate_limited", 3, False, True), ("rate_limited", 4, False, False),
            ("greylisted", 1, False, False), ("recipient_busy", 1, False, False), ("too_many_recipients", 1, False, False),
            ("connection_lost", 1, False, False), ("connection_lost", 1, True, True), ("timeout", 4, True, False),
            ("unknown", 1, False, False),
        ]
        for cause, attempts, unreachable, holds in table:
            with self.subTest(cause=cause, attempts=attempts, unreachable=unreachable):
                self.assertEqual(holds_others(cause, attempts, unreachable=unreachable), holds)
        self.assertFalse(holds_others("connection_lost", 1))

    def test_what_strikes_every_mail_holds_the_others_up_whoever_says_it(self):
        for cause in ("name_not_resolved", "connection_refused", "concurrent_connections", "daily_recipient_limit",
                      "tenant_recipient_limit", "onmicrosoft_limit", "token_expired", "entra_unavailable", "entra_throttled"):
            with self.subTest(cause=cause):
                self.assertIn(cause, TOPIC_OF)
                self.assertTrue(holds_others(cause, 1))
