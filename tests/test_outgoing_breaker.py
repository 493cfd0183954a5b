from datetime import datetime, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import RETRYABLE, TOPIC_OF
from ..tools.outgoing.breaker import FIRST_PAUSE, LONGEST_PAUSE, MEMORY, TRIAL, Breaker, Scope, Verdict, failed, scope_of

NOW = datetime(2026, 1, 1, 12)
SECOND = timedelta(seconds=1)


def open_since(when, pause=FIRST_PAUSE, trial=None, cause="penalty_box"):
    return Breaker(cause, 1, when, when, when + pause, pause, trial)


@tagged("post_install", "-at_install")
class TestBreaker(BaseCase):

    def test_what_a_cause_stops(self):
        address, server = Scope.ADDRESS, Scope.SERVER
        table = {
            # cause: one mailbox for all, each sender his own
            "send_as_denied": (address, address),
            "penalty_box": (server, address),
            "sender_restricted": (server, address),
            "sender_banned": (server, address),
            "mailbox_full": (server, address),
            "smtp_auth_disabled_mailbox": (server, address),
            "bad_credentials": (server, address),
            "tenant_blocked": (server, server),
            "entra_secret_expired": (server, server),
            "recipient_unknown": (None, None),
            "spam_rejected": (None, None),
            "rate_limited": (None, None),
            "token_expired": (None, None),
            "entra_unavailable": (None, None),
            "unknown": (None, None),
        }
        for cause, expected in table.items():
            with self.subTest(cause=cause):
                self.assertIn(cause, TOPIC_OF)
                self.assertEqual(tuple(scope_of(cause, own_mailbox=own) for own in (False, True)), expected)

    def test_where_in_a_session_it_comes_up_decides_what_stops(self):
        address, server = Scope.ADDRESS, Scope.SERVER
        table = [  # stage, cause → one mailbox for all, each sender his own
            ("rcpt", "mailbox_full", None, None),
            ("rcpt", "tenant_blocked", None, None),
            ("connect", "unknown", server, server),
            ("connect", "send_as_denied", server, server),
            ("auth", "unknown", server, address),
            ("auth", "tenant_blocked", server, server),
            ("mail", "send_as_denied", address, address),
            ("content", "unknown", None, None),
        ]
        for stage, cause, one_for_all, own in table:
            with self.subTest(stage=stage, cause=cause):
                self.assertEqual(scope_of(cause, own_mailbox=False, stage=stage), one_for_all)
                self.assertEqual(scope_of(cause, own_mailbox=True, stage=stage), own)

    def test_what_passes_by_itself_stops_nothing(self):
        for cause in RETRYABLE:
            self.assertIsNone(scope_of(cause, own_mailbox=False))

    def test_the_third_refusal_of_an_address_in_a_row_pauses_it(self):
        state = None
        for number in (1, 2, 3):
            state = failed(state, "send_as_denied", NOW)
            self.assertEqual((state.failures, state.until), (number, NOW + FIRST_PAUSE if number == 3 else None))

    def test_refusals_far_apart_are_not_in_a_row(self):
        state = failed(failed(None, "send_as_denied", NOW), "send_as_denied", NOW)
        self.assertEqual(failed(state, "send_as_denied", NOW + MEMORY).failures, 3)
        self.assertEqual(failed(state, "send_as_denied", NOW + MEMORY + SECOND).failures, 1)
        self.assertEqual((MEMORY, TRIAL), (timedelta(days=1), timedelta(minutes=5)))

    def test_more_refusals_in_a_row_than_it_takes_pause_an_address(self):
        self.assertEqual(failed(Breaker("send_as_denied", 3, NOW, NOW), "send_as_denied", NOW).until, NOW + FIRST_PAUSE)

    def test_other_causes_pause_at_once(self):
        for cause in ("penalty_box", "bad_credentials", "mailbox_full", "entra_secret_expired", "tenant_blocked"):
            self.assertEqual(failed(None, cause, NOW).until, NOW + FIRST_PAUSE)

    def test_before_a_mail_is_known_the_first_refusal_pauses(self):
        for cause, minutes in (("send_as_denied", 15), ("unknown", 1), ("name_not_resolved", 1)):
            with self.subTest(cause=cause):
                self.assertEqual(failed(None, cause, NOW, stage="connect").until, NOW + timedelta(minutes=minutes))

    def test_what_was_said_last_is_known(self):
        state = failed(open_since(NOW - FIRST_PAUSE, trial=NOW), "mailbox_full", NOW + SECOND, reply="554 5.2.2 mailbox full")
        self.assertEqual((state.cause, state.reply), ("mailbox_full", "554 5.2.2 mailbox full"))
        self.assertEqual((state.last, state.trial), (NOW + SECOND, None))

    def test_a_trial_that_fails_lengthens_the_pause_whenever_and_by_whatever_it_does(self):
        long_ago = open_since(NOW - FIRST_PAUSE - 2 * MEMORY)
        self.assertEqual(failed(long_ago, "penalty_box", NOW).pause, 2 * FIRST_PAUSE)
        self.assertEqual(failed(open_since(NOW - FIRST_PAUSE), "send_as_denied", NOW).pause, 2 * FIRST_PAUSE)

    def test_each_failed_trial_doubles_the_pause_up_to_a_bound(self):
        state, now, pauses = None, NOW, []
        for _trial in range(7):
            state = failed(state, "penalty_box", now)
            pauses.append(state.pause // timedelta(minutes=1))
            now = state.until + SECOND
        self.assertEqual(pauses, [15, 30, 60, 120, 240, 240, 240])
        self.assertEqual(state.pause, LONGEST_PAUSE)
        self.assertEqual(state.since, NOW)

    def test_a_refusal_of_mail_that_was_on_its_way_does_not_lengthen_the_pause(self):
        state = open_since(NOW)
        after = failed(state, "penalty_box", NOW + SECOND)
        self.assertEqual((after.until, after.pause, after.failures), (state.until, state.pause, 2))

    def test_what_becomes_of_a_mail(self):
        over = NOW - FIRST_PAUSE
        table = [
            (Breaker("send_as_denied", 2, NOW, NOW), Verdict.GO),
            (open_since(NOW), Verdict.WAIT),
            (open_since(over + SECOND), Verdict.WAIT),
            (open_since(over), Verdict.TRIAL),
            (open_since(over - SECOND), Verdict.TRIAL),
            (open_since(over, trial=NOW), Verdict.WAIT),
            (open_since(over, trial=NOW - TRIAL + SECOND), Verdict.WAIT),
            (open_since(over, trial=NOW - TRIAL), Verdict.TRIAL),
            (open_since(over, trial=NOW - TRIAL - SECOND), Verdict.TRIAL),
        ]
        for state, expected in table:
            with self.subTest(state=state):
                self.assertEqual(state.judge(NOW), expected)

    def test_when_a_mail_asks_again(self):
        self.assertEqual(open_since(NOW).retry_at(NOW), NOW + FIRST_PAUSE)
        self.assertEqual(open_since(NOW - FIRST_PAUSE, trial=NOW).retry_at(NOW), NOW + timedelta(minutes=1))

    def test_a_pause_that_began_while_the_clock_was_ahead_does_not_last(self):
        for ahead, lasts in ((TRIAL - SECOND, True), (TRIAL, False), (timedelta(days=365), False)):
            with self.subTest(ahead=ahead):
                state = open_since(NOW + ahead)
                self.assertEqual(state.judge(NOW), Verdict.WAIT if lasts else Verdict.TRIAL)
                self.assertEqual(state.retry_at(NOW), state.until if lasts else NOW + timedelta(minutes=1))
