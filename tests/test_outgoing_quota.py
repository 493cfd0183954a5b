import random

from odoo.tests import BaseCase, tagged

from ..tools.outgoing.quota import DAY, MINUTE, RESERVED_FOR, SLOT, Grant, Ledger, Limits, Use, lane_limit
from ..tools.outgoing.sliding_window import Window
from .slow import slow

NOW = 1_800_000_000.25
RATE = Limits(rate=30)
DAILY = Limits(daily=100)


def ledger_with(*uses):
    """Return a ledger in which this was used."""
    ledger = Ledger()
    ledger.settle("others", NOW, [Use(*use) for use in uses])
    return ledger


@tagged("post_install", "-at_install")
class TestQuota(BaseCase):

    def test_what_fits_is_granted(self):
        table = [
            # limits, used (at, bulk, recipients, messages), bulk, recipients, block -> messages, recipients
            (RATE, [], False, 1, 1, (1, 1)),
            (RATE, [], False, 7, 3, (3, 9)),
            (RATE, [(NOW, False, 1, 28)], False, 1, 5, (2, 2)),
            (RATE, [(NOW, False, 1, 30)], False, 1, 5, (0, 0)),
            (RATE, [(NOW - MINUTE - 2, False, 1, 30)], False, 1, 1, (1, 1)),
            (RATE, [(NOW - MINUTE, False, 1, 30)], False, 1, 1, (0, 0)),  # rounded up to the next second
            (RATE, [(NOW, True, 1, 20)], True, 1, 5, (0, 0)),
            (RATE, [(NOW, True, 1, 20)], False, 1, 50, (10, 10)),
            (RATE, [(NOW, False, 1, 25)], True, 1, 50, (5, 5)),
            (Limits(rate=1), [], True, 1, 5, (1, 1)),
            (DAILY, [], False, 100, 5, (1, 100)),
            (DAILY, [], False, 98, 5, (3, 100)),
            (DAILY, [(NOW, False, 60, 1)], False, 40, 1, (1, 40)),
            (DAILY, [(NOW, False, 60, 1)], False, 41, 1, (0, 0)),
            (DAILY, [(NOW - DAY, False, 60, 1)], False, 41, 1, (0, 0)),  # rounded up to the next ten minutes
            (DAILY, [(NOW - DAY - SLOT, False, 60, 1)], False, 41, 1, (1, 41)),
            (DAILY, [(NOW, True, 60, 1)], True, 6, 1, (1, 6)),
            (DAILY, [(NOW, True, 60, 1)], True, 7, 1, (0, 0)),
            (DAILY, [], True, 90, 1, (1, 90)),  # more than the share of the lane: it would wait for ever
            (Limits(30, 100), [(NOW, False, 99, 1)], False, 1, 5, (1, 1)),
        ]
        for limits, used, bulk, recipients, block, expected in table:
            with self.subTest(limits=limits, used=used, bulk=bulk, recipients=recipients):
                grant = ledger_with(*used).ask("me", NOW, limits, bulk=bulk, recipients=recipients, block=block)
                self.assertEqual((grant.messages, grant.recipients), expected)
                self.assertEqual(grant.retry_at is None, bool(grant.messages))

    def test_a_clock_that_was_ahead_blocks_a_mailbox_no_longer_than_what_it_sent(self):
        for limits, ahead, free_after in ((RATE, 7 * DAY, 2 * MINUTE), (DAILY, 30 * DAY, DAY + 2 * SLOT)):
            ledger = Ledger()
            ledger.settle("others", NOW + ahead, [Use(NOW + ahead, False, 100 if limits is DAILY else 1)] * (1 if limits is DAILY else 30))
            with self.subTest(limits=limits):
                self.assertFalse(ledger.ask("me", NOW, limits, bulk=False, recipients=1, block=1).messages, "it was sent, just now")
                self.assertTrue(ledger.ask("me", NOW + free_after, limits, bulk=False, recipients=1, block=1).messages)

    def test_a_line_is_as_long_as_those_who_wait_in_it(self):
        ledger = ledger_with((NOW, False, 1, 30))
        for _mail in range(200):
            ledger.ask("mailing", NOW, RATE, bulk=True, recipients=1, block=50, waits=True)
        self.assertGreater(max(ledger.tails) - NOW, 60 * MINUTE)
        self.assertFalse(ledger.is_to_be_counted(NOW + 1), "who was told to wait a moment ago may not be seen yet")
        self.assertTrue(ledger.is_to_be_counted(NOW + 2 * MINUTE))
        ledger.shorten(NOW + 2 * MINUTE, RATE, (0, 0), for_days=False)
        self.assertLessEqual(max(ledger.tails), NOW + 3 * MINUTE)

    def test_what_is_held_counts_until_it_is_settled(self):
        ledger = Ledger()
        ledger.ask("a", NOW, RATE, bulk=False, recipients=1, block=20)
        self.assertEqual(ledger.ask("b", NOW + 100, RATE, bulk=False, recipients=1, block=20).messages, 10)
        ledger.settle("a", NOW + 100, [Use(NOW + 90, False, 1)])
        self.assertEqual(ledger.usage(NOW + 100), (11, 11))
        ledger.settle("a", NOW + 101, [], held=[Use(0, False, 1)])
        self.assertEqual(ledger.usage(NOW + 101), (12, 12))

    def test_what_a_killed_worker_held_ages_out(self):
        ledger = Ledger()
        ledger.ask("killed", NOW, RATE, bulk=False, recipients=1, block=30)
        for later, messages in [(0, 0), (RESERVED_FOR - 1, 0), (RESERVED_FOR + MINUTE, 0), (RESERVED_FOR + MINUTE + 1, 1)]:
            with self.subTest(later=later):
                self.assertEqual(Ledger(ledger.stored()).ask("b", NOW + later, RATE, bulk=False, recipients=1).messages, messages)

    def test_a_message_with_more_recipients_than_a_day_has_is_told_so(self):
        for bulk in (False, True):
            self.assertEqual(
                Ledger().ask("me", NOW, DAILY, bulk=bulk, recipients=101), Grant(cause="daily_recipient_limit"))

    def test_those_who_wait_for_the_minute_stand_in_line(self):
        ledger = ledger_with((NOW, False, 1, 30))
        first = int(NOW) + 1 + MINUTE
        grants = [ledger.ask("me", NOW, RATE, bulk=False, recipients=1) for _ in range(60)]
        self.assertEqual([grant.retry_at for grant in grants], [first + 2 * place for place in range(60)])
        self.assertEqual({grant.cause for grant in grants}, {"rate_limited"})
        bulk = [ledger.ask("me", NOW, RATE, bulk=True, recipients=1, block=2) for _ in range(3)]
        self.assertEqual([(each.retry_at, each.spacing) for each in bulk], [(first + 6 * place, 3) for place in range(3)])

    def test_a_line_that_nobody_stands_in_any_more_is_forgotten(self):
        ledger = ledger_with((NOW, False, 1, 30))
        ledger.ask("me", NOW, RATE, bulk=False, recipients=1, block=500)
        later = NOW + 2 * MINUTE
        self.assertEqual(ledger.ask("me", later, RATE, bulk=False, recipients=1, block=30).messages, 30)
        ledger.settle("me", later, [Use(later, False, 1, 30)])
        self.assertLess(ledger.ask("me", later, RATE, bulk=False, recipients=1).retry_at, later + MINUTE + 2)

    def test_who_waits_lines_up_though_there_is_room(self):
        grant = Ledger().ask("me", NOW, RATE, bulk=False, recipients=1, block=4, waits=True)
        self.assertEqual((grant.messages, grant.places, grant.cause), (0, 4, "rate_limited"))

    def test_those_who_wait_for_the_day_come_back_one_after_the_other(self):
        ledger = ledger_with((NOW - 7200, False, 50, 1), (NOW - 3600, False, 50, 1))
        first, second = (int((NOW - ago) // SLOT * SLOT) + SLOT + DAY for ago in (7200, 3600))
        table = [(30, first), (20, first), (1, second), (49, second), (100, second + DAY), (1, first + 2 * DAY)]
        for recipients, expected in table:
            with self.subTest(recipients=recipients):
                self.assertEqual(ledger.ask("me", NOW, DAILY, bulk=False, recipients=recipients).retry_at, expected)

    def test_single_messages_come_back_before_a_mass_mailing(self):
        ledger = ledger_with((NOW - 7200, False, 50, 1), (NOW - 3600, False, 50, 1))
        waits = [ledger.ask("me", NOW, DAILY, bulk=bulk, recipients=40).retry_at for bulk in (True, True, False)]
        self.assertLess(waits[0], waits[1])
        self.assertEqual(waits[2], waits[0])

    def test_a_window_never_counts_too_little(self):
        window = Window(MINUTE, 1)
        window.add(NOW, 1, bulk=False)
        window.forget(NOW + MINUTE)
        self.assertTrue(window.steps)
        window.forget(NOW + MINUTE + 1)
        self.assertFalse(window.steps)

    def test_a_mass_mailing_leaves_a_third(self):
        table = [(30, 1, 20), (1, 1, 1), (2, 1, 1), (10_000, 1, 6666), (10_000, 9000, 9000)]
        for limit, amount, expected in table:
            self.assertEqual(lane_limit(limit, amount, bulk=True), expected)
            self.assertEqual(lane_limit(limit, amount, bulk=False), limit)

    @slow
    def test_little_is_stored(self):
        ledger = Ledger()
        for second in range(2 * DAY // 10):
            ledger.settle("me", NOW + 10 * second, [Use(NOW + 10 * second, False, 1)])
        self.assertLessEqual(len(ledger.stored()["minute"]), 8)
        self.assertLessEqual(len(ledger.stored()["day"]), DAY // SLOT + 2)

    @slow
    def test_no_sliding_window_holds_more_than_the_limit_whatever_the_workers_do(self):
        for seed in range(5):
            with self.subTest(seed=seed):
                counted = _simulate(random.Random(seed), Limits(rate=10, daily=200), workers=4, seconds=3 * MINUTE * MINUTE)
                self._assert_within([at for at, _recipients in counted], MINUTE, 10)
                self._assert_within([at for at, recipients in counted for _ in range(recipients)], DAY, 200)
                self.assertGreater(len(counted), 50)

    def _assert_within(self, times, span, limit):
        """Fail if a half-open window of this span, beginning at any of the times, holds more than the limit."""
        times.sort()
        for first, last in zip(times, times[limit:], strict=False):
            self.assertGreaterEqual(last - first, span)


def _simulate(chance, limits, workers, seconds):
    """Let workers ask, send with delays, settle late or be killed; return when the server counted what."""
    ledger, counted = Ledger(), []
    state = {worker: {"at": chance.random(), "holder": str(worker), "left": 0, "uses": []} for worker in range(workers)}
    while (me := min(state.values(), key=lambda each: each["at"]))["at"] < seconds:
        now, bulk = NOW + me["at"], chance.random() < 0.3
        if not me["left"] or chance.random() < 0.1:
            ledger = Ledger(ledger.stored())
            ledger.settle(me["holder"], now, me["uses"])
            grant = ledger.ask(me["holder"], now, limits, bulk=bulk, recipients=1, block=chance.randint(1, 5))
            me.update(left=grant.messages, uses=[], bulk=bulk, at=me["at"] + (0.01 if grant.messages else chance.random() * 9))
            continue
        duration = chance.choice([0.05, 1, 7, 25])
        counted.append((now + duration * chance.random(), 1))
        me["uses"].append(Use(now + duration, me["bulk"], 1))
        me.update(left=me["left"] - 1, at=me["at"] + duration)
        if chance.random() < 0.02:  # kill -9: nothing is settled
            me.update(left=0, uses=[], holder=f"{me['holder']}'")
    return counted
