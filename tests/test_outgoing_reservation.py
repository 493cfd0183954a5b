from odoo.tests import BaseCase, tagged

from ..models.outgoing.reservation import Reservations
from ..tools.outgoing import clock
from ..tools.outgoing.quota import Grant, Limits, Use

RATE = Limits(rate=30)


class _Quotas:
    """The model ``office365.quota``, which answers what it is told to; its clock is a thousand seconds ahead."""

    def __init__(self, clock, *grants):
        self.clock, self.grants, self.asked, self.settled = clock, list(grants), [], []

    def _ask(self, key, holder, limits, uses, sending, *, bulk, recipients, block, waits):
        self.asked.append((list(uses), list(sending), bulk, recipients, block, waits))
        return self.grants.pop(0), self.clock() + 1000

    def _settle(self, key, holder, uses):
        self.settled.append(list(uses))


@tagged("post_install", "-at_install")
class TestReservations(BaseCase):

    def setUp(self):
        super().setUp()
        self.now = 5.0
        self.patch(clock, "monotonic", lambda: self.now)

    def reservations(self, *grants, limits=RATE):
        self.quotas = _Quotas(lambda: self.now, *grants)
        return Reservations(self.quotas, "erp@contoso.example", limits)

    def test_without_limits_nothing_is_asked_or_given_back(self):
        unlimited = self.reservations(limits=Limits())
        self.assertIsNone(unlimited.take(1, bulk=False))
        unlimited.done(reached=True)
        unlimited.close()
        self.assertEqual((self.quotas.asked, self.quotas.settled), ([], []))

    def test_a_tenth_of_the_rate_is_asked_for_at_a_time(self):
        for limits, block in ((Limits(rate=30), 3), (Limits(rate=39), 3), (Limits(rate=3), 1), (Limits(rate=1), 1), (Limits(daily=9), 50)):
            with self.subTest(limits=limits):
                self.reservations(Grant(1, 1), limits=limits).take(1, bulk=False)
                self.assertEqual([asked[-2] for asked in self.quotas.asked], [block])

    def test_a_block_is_used_up_before_more_is_asked_for(self):
        mailbox = self.reservations(Grant(2, 4), Grant(1, 1))
        for recipients, asked in ((3, 1), (1, 1), (1, 2)):
            self.assertIsNone(mailbox.take(recipients, bulk=False))
            self.assertEqual(len(self.quotas.asked), asked)
        self.assertEqual(self.quotas.asked[1][1], [Use(0, False, 3), Use(0, False, 1)], "they are on their way")

    def test_a_block_that_lacks_recipients_is_of_no_use(self):
        for recipients, asked in ((2, 1), (3, 2)):
            with self.subTest(recipients=recipients):
                mailbox = self.reservations(Grant(2, 3), Grant(1, 3))
                mailbox.take(1, bulk=False)
                mailbox.take(recipients, bulk=False)
                self.assertEqual(len(self.quotas.asked), asked)

    def test_a_block_is_used_for_a_minute(self):
        for later, asked in ((59, 1), (60, 2), (61, 2)):
            with self.subTest(later=later):
                mailbox = self.reservations(Grant(9, 9), Grant(9, 9))
                mailbox.take(1, bulk=False)
                self.now += later
                mailbox.take(1, bulk=False)
                self.assertEqual(len(self.quotas.asked), asked)

    def test_each_lane_has_its_block_and_asking_gives_back_the_rest_of_both(self):
        mailbox = self.reservations(Grant(9, 9), Grant(9, 9), Grant(9, 9))
        for bulk in (False, True, True, False):
            mailbox.take(1, bulk=bulk)
        self.assertEqual([asked[2] for asked in self.quotas.asked], [False, True, False])

    def test_what_the_server_took_is_used_and_what_it_never_saw_is_free_again(self):
        mailbox = self.reservations(Grant(2, 4), Grant(1, 1))
        mailbox.take(3, bulk=True)
        mailbox.take(1, bulk=True)
        self.now += 7
        mailbox.done(reached=True)
        mailbox.done(reached=False)
        mailbox.done(reached=True)  # of none
        mailbox.take(1, bulk=True)
        self.assertEqual(len(self.quotas.asked), 1)
        mailbox.done(reached=False)
        mailbox.close()
        self.assertEqual(self.quotas.settled, [[Use(1012.0, True, 3)]], "by the database's clock")
        mailbox.close()
        self.assertEqual(len(self.quotas.settled), 1)

    def test_what_nobody_told_the_end_of_may_have_been_sent(self):
        mailbox = self.reservations(Grant(1, 1))
        mailbox.take(1, bulk=False)
        mailbox.close()
        self.assertEqual(self.quotas.settled, [[Use(1005.0, False, 1)]])

    def test_a_rest_is_given_back_though_nothing_was_used(self):
        mailbox = self.reservations(Grant(2, 2))
        mailbox.take(1, bulk=False)
        mailbox.done(reached=False)
        mailbox.close()
        self.assertEqual(self.quotas.settled, [[]])

    def test_who_comes_later_stands_behind_and_a_full_line_is_asked_for_more_places(self):
        mailbox = self.reservations(
            Grant(retry_at=100.0, places=3, spacing=2, cause="rate_limited"),
            Grant(retry_at=200.0, places=50, spacing=2, cause="rate_limited"))
        waits = [mailbox.take(1, bulk=False) for _mail in range(5)]
        self.assertEqual([wait.retry_at for wait in waits], [100.0, 102.0, 104.0, 200.0, 202.0])
        self.assertEqual({wait.cause for wait in waits}, {"rate_limited"})
        self.assertEqual([asked[-2:] for asked in self.quotas.asked], [(3, False), (50, True)])

    def test_a_wait_for_the_day_is_no_line(self):
        day = Grant(retry_at=100.0, cause="daily_recipient_limit")
        mailbox = self.reservations(day, Grant(1, 1))
        self.assertEqual(mailbox.take(50, bulk=False), day)
        self.assertIsNone(mailbox.take(1, bulk=False), "a smaller one may fit")
