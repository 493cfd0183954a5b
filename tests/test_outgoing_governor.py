import contextlib
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..tools.outgoing import clock
from ..tools.outgoing.queue_run import QueueRun
from ..tools.sending import Sending
from ..tools.transport import Outcome
from .common import BRANT, ERP, INFO
from .sign_in import SignInCase

TAKEN = Outcome(ERP, ["carla@fabrikam.example"], "250 2.0.0 OK", True, 0.1)


class _Time:
    """The clocks of the database and of the workers, moved by hand."""

    def __init__(self):
        self.passed = 0.0
        self.start = fields.Datetime.now().timestamp()

    def database(self, *_args):
        return self.start + self.passed

    def monotonic(self):
        return self.passed


class GovernorCase(SignInCase):

    def setUp(self):
        super().setUp()
        self.time = _Time()
        self.enterContext(patch.object(clock, "database_time", self.time.database))
        self.enterContext(patch.object(clock, "monotonic", self.time.monotonic))

    def admitted(self, governor, number, sender=BRANT, recipients=1, bulk=False):
        """Ask for a number of messages; report those that go as taken, and return what was answered."""
        answers = []
        for _index in range(number):
            answers.append(governor.admit(sender, recipients, bulk))
            if answers[-1].go:
                governor.report(sender, TAKEN, None)
        return answers

    def number(self, *args, **kwargs):
        return sum(answer.go for answer in self.admitted(*args, **kwargs))

    @contextlib.contextmanager
    def run_of(self, server):
        governor = server._office365_governor()
        try:
            yield governor
        finally:
            governor.close()


@tagged("post_install", "-at_install")
class TestGovernor(GovernorCase):

    def test_no_more_goes_than_the_rate_over_all_runs_and_a_minute_later_the_rest(self):
        server = self.outgoing()
        with self.run_of(server) as one, self.run_of(server) as two:
            self.assertEqual(self.number(one, 21), 21)
            self.assertEqual(self.number(two, 20), 9)
            self.assertEqual(self.number(one, 5), 0)
        self.time.passed += 62
        with self.run_of(server) as three:
            self.assertEqual(self.number(three, 31), 30)

    def test_what_a_run_reserved_and_did_not_use_is_given_back(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            self.assertEqual(self.number(one, 1), 1)
        self.assertEqual(self.env["office365.quota"]._usage(ERP), (1, 1))

    def test_a_message_that_never_reached_the_server_does_not_count(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            for _index in range(40):
                self.assertTrue(one.admit(BRANT, 1, False).go)
                one.report(BRANT, None, None)
        self.assertEqual(self.env["office365.quota"]._usage(ERP), (0, 0))

    def test_a_message_whose_end_nobody_told_counts(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            one.admit(BRANT, 5, False)
        self.assertEqual(self.env["office365.quota"]._usage(ERP), (1, 5))

    def test_a_message_counts_from_the_reply(self):
        server = self.outgoing(office365_rate_limit=1)
        with self.run_of(server) as one:
            self.assertTrue(one.admit(BRANT, 1, False).go)
            self.time.passed += 50
            one.report(BRANT, TAKEN, None)
        self.time.passed += 20
        with self.run_of(server) as two:
            self.assertFalse(two.admit(BRANT, 1, False).go)
        self.time.passed += 42
        with self.run_of(server) as three:
            self.assertTrue(three.admit(BRANT, 1, False).go)

    def test_those_who_wait_come_back_one_after_the_other_and_in_their_order(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            answers = self.admitted(one, 200)
        waiting = [answer for answer in answers if not answer.go]
        self.assertEqual([answer.go for answer in answers], [True] * 30 + [False] * 170)
        self.assertEqual({answer.cause for answer in waiting}, {"rate_limited"})
        times = [answer.retry_at for answer in waiting]
        self.assertEqual(times, sorted(times))
        minutes = (times[-1] - times[0]) / timedelta(minutes=1)
        self.assertAlmostEqual(minutes, 170 / 30, delta=0.5)

    def test_a_run_lets_nobody_overtake_those_who_wait(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            self.assertEqual(self.number(one, 31), 30)
            self.time.passed += 120
            self.assertEqual(self.number(one, 1), 0)

    def test_a_mass_mailing_leaves_room_for_single_messages(self):
        server = self.outgoing()
        with self.run_of(server) as one:
            self.assertEqual(self.number(one, 40, bulk=True), 20)
            self.assertEqual(self.number(one, 40), 10)

    def test_recipients_of_a_day(self):
        server = self.outgoing(office365_rate_limit=0, office365_daily_limit=100)
        with self.run_of(server) as one:
            self.assertEqual(self.number(one, 3, recipients=40), 2)
            self.assertEqual(self.number(one, 1, recipients=20), 1)
            refused = one.admit(BRANT, 1, False)
        self.assertEqual((refused.go, refused.cause), (False, "daily_recipient_limit"))
        self.assertAlmostEqual(refused.retry_at.timestamp(), self.time.database() + 86400, delta=700)

    def test_a_message_that_is_too_large_for_any_day_does_not_wait(self):
        server = self.outgoing(office365_daily_limit=100)
        with self.run_of(server) as one:
            refused = one.admit(BRANT, 101, False)
        self.assertEqual((refused.go, refused.retry_at, refused.cause), (False, None, "daily_recipient_limit"))
        self.assertIn("101 recipients", refused.reason)

    def test_servers_of_the_same_mailbox_share_its_quota_and_the_smaller_limit(self):
        one = self.outgoing(office365_rate_limit=10)
        two = self.outgoing(office365_rate_limit=0, smtp_user=ERP.upper())
        other = self.outgoing(smtp_user=INFO, smtp_pass="x")
        with self.run_of(one) as first, self.run_of(two) as second, self.run_of(other) as third:
            self.assertEqual(self.number(first, 6), 6)
            self.assertEqual(self.number(second, 6), 4)
            self.assertEqual(self.number(third, 40), 30)

    def test_each_sender_is_a_mailbox_of_his_own_where_each_signs_in_himself(self):
        server = self.outgoing(app=self.app(), office365_sender_mode="as_sender")
        with self.run_of(server) as one:
            self.assertEqual(self.number(one, 40, sender=BRANT), 30)
            self.assertEqual(self.number(one, 40, sender=INFO), 30)

    def test_relays_count_each_for_itself(self):
        one, two = self.outgoing("relay", office365_rate_limit=5), self.outgoing("relay", office365_rate_limit=7)
        with self.run_of(one) as first, self.run_of(two) as second:
            self.assertEqual((self.number(first, 9), self.number(second, 9)), (5, 7))

    def test_without_limits_nothing_is_asked(self):
        server = self.outgoing("relay")
        with self.run_of(server) as one:
            one.admit(BRANT, 1, False)
            with self.assertQueryCount(0):
                self.assertEqual(self.number(one, 100), 100)

    def test_one_governor_a_server_and_run(self):
        server = self.outgoing().with_context(**Sending.noted({}, run=QueueRun(commits=False)))
        self.assertIs(server._office365_governor(), server._office365_governor())
        self.assertIsNot(self.outgoing()._office365_governor(), server._office365_governor())

    def test_an_explicit_limit_wins_over_the_preset(self):
        server = self.outgoing(office365_rate_limit=12)
        self.assertRecordValues(server, [{
            "office365_rate_limit": 12, "office365_daily_limit": 10000, "office365_max_connections": 3}])
        server.office365_preset = "hve"
        self.assertRecordValues(server, [{"office365_rate_limit": 0, "office365_daily_limit": 0, "office365_max_connections": 3}])
