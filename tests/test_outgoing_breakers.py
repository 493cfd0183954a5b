from datetime import datetime, timedelta, timezone

from odoo.tests import BaseCase, tagged

from ..models.outgoing.breakers import Breakers
from ..tools.outgoing import clock
from ..tools.outgoing.breaker import Breaker, Verdict, failed

NOW = datetime(2026, 1, 1, 12)
MINUTE = timedelta(minutes=1)
BRANT = "brant@contoso.example"
SERVER = "the server"


def paused(cause="penalty_box", until=NOW + MINUTE):
    return Breaker(cause, 1, NOW - MINUTE, NOW - MINUTE, until, MINUTE, reply="no")


class Pauses:
    """The model ``office365.pause``, whose clock is the database's."""

    def __init__(self, clock):
        self.clock, self.states, self.free, self.log, self.read = clock, {}, True, [], 0

    def now(self):
        return NOW + timedelta(seconds=self.clock())

    def _states(self, server):
        self.read += 1
        return dict(self.states), self.now().replace(tzinfo=timezone.utc).timestamp()

    def _claim_trial(self, server, target):
        self.log.append(("claim", server, target))
        return self.free

    def _release_trial(self, server, target):
        self.log.append(("release", server, target))

    def _succeeded(self, server, target):
        self.log.append(("succeeded", server, target))
        self.states.pop(target, None)

    def _failed(self, server, target, cause, reply, stage):
        self.log.append(("failed", server, target))
        self.states[target] = failed(self.states.get(target), cause, self.now(), stage=stage, reply=reply)
        return self.states[target], self.now().replace(tzinfo=timezone.utc).timestamp()


@tagged("post_install", "-at_install")
class TestSwitches(BaseCase):

    def setUp(self):
        super().setUp()
        self.seconds = 0.0
        self.patch(clock, "monotonic", lambda: 5000 + self.seconds)
        self.pauses = Pauses(lambda: self.seconds)
        self.switches = self.new()

    def new(self, *, own_mailbox=False):
        return Breakers(self.pauses, SERVER, own_mailbox=own_mailbox)

    def test_a_pause_of_the_server_or_of_the_address_stops_a_mail(self):
        over = paused(until=NOW)
        table = [
            ({}, (Verdict.GO, "")),
            ({"": paused()}, (Verdict.WAIT, "")),
            ({BRANT: paused()}, (Verdict.WAIT, BRANT)),
            ({"other@contoso.example": paused()}, (Verdict.GO, "")),
            ({"": paused(), BRANT: over}, (Verdict.WAIT, "")),
            ({"": paused(until=None), BRANT: over}, (Verdict.TRIAL, BRANT)),
            ({"": over}, (Verdict.TRIAL, "")),
        ]
        for states, verdict in table:
            with self.subTest(states=states):
                self.pauses.states = states
                self.assertEqual(self.new().verdict(BRANT), verdict)

    def test_what_others_began_is_known_after_five_seconds(self):
        self.assertEqual(self.switches.verdict(BRANT)[0], Verdict.GO)
        self.pauses.states = {"": paused()}
        for self.seconds, verdict in ((5, Verdict.GO), (5.1, Verdict.WAIT), (10, Verdict.WAIT)):
            self.assertEqual(self.switches.verdict(BRANT)[0], verdict)
        self.assertEqual(self.pauses.read, 2)

    def test_time_goes_on_between_two_looks_at_the_database(self):
        self.pauses.states = {BRANT: paused(until=NOW + timedelta(seconds=3))}
        for self.seconds, verdict in ((2, Verdict.WAIT), (3, Verdict.TRIAL)):
            self.assertEqual(self.switches.verdict(BRANT), (verdict, BRANT))
        self.assertEqual(self.pauses.read, 1)

    def test_mail_that_goes_with_a_trial_of_this_run_is_not_stopped(self):
        self.pauses.states = {BRANT: paused(until=NOW)}
        self.switches.verdict(BRANT)
        self.assertTrue(self.switches.claim(BRANT))
        self.assertEqual(self.switches.verdict(BRANT), (Verdict.GO, ""))
        self.assertEqual(self.pauses.read, 2, "what came of it is news")
        self.pauses.states[""] = paused()
        self.seconds = 6
        self.assertEqual(self.switches.verdict(BRANT), (Verdict.WAIT, ""))

    def test_a_trial_that_somebody_else_makes_is_not_ours(self):
        self.pauses.states, self.pauses.free = {BRANT: paused(until=NOW)}, False
        self.switches.verdict(BRANT)
        self.assertFalse(self.switches.claim(BRANT))
        self.assertEqual(self.switches.verdict(BRANT), (Verdict.TRIAL, BRANT))
        self.assertEqual(self.pauses.read, 2)
        self.switches.release()
        self.assertEqual(self.pauses.log, [("claim", SERVER, BRANT)])

    def test_success_ends_a_trial_and_a_row_of_refusals_and_no_newer_pause(self):
        table = [  # states, claimed, forgotten
            ({"": paused(until=NOW)}, "", [""]),
            ({BRANT: paused(until=NOW)}, BRANT, [BRANT]),
            ({BRANT: paused(until=None)}, None, [BRANT]),
            ({BRANT: paused()}, None, []),
            ({"other@contoso.example": paused(until=None)}, None, []),
            ({"": paused(until=None), BRANT: paused(until=None)}, None, ["", BRANT]),
        ]
        for states, claimed, forgotten in table:
            with self.subTest(states=states, claimed=claimed):
                self.pauses.states, self.pauses.log, tried = states, [], self.new()
                tried.verdict(BRANT)
                if claimed is not None:
                    tried.claim(claimed)
                for _mail in range(2):
                    tried.succeeded(BRANT)
                tried.release()
                self.assertEqual(
                    [entry for entry in self.pauses.log if entry[0] != "claim"], [("succeeded", SERVER, target) for target in forgotten])

    def test_a_refusal_counts_for_whom_it_is_about(self):
        table = [  # cause, stage, each sender signs in as himself → whose refusals, whose pause
            ("penalty_box", "mail", False, "", ""),
            ("penalty_box", "mail", True, BRANT, BRANT),
            ("send_as_denied", "mail", False, BRANT, None),
            ("unknown", "connect", True, "", ""),
            ("recipient_unknown", "rcpt", False, None, None),
        ]
        for cause, stage, own_mailbox, counted, pause in table:
            with self.subTest(cause=cause, stage=stage, own_mailbox=own_mailbox):
                self.pauses.states, self.pauses.log, tried = {}, [], self.new(own_mailbox=own_mailbox)
                self.assertEqual(tried.failed(BRANT, cause, "said", stage), pause)
                self.assertEqual(self.pauses.log, [] if counted is None else [("failed", SERVER, counted)])
                if pause is not None:
                    retry_at, state = tried.refusal(pause)
                    self.assertEqual((retry_at, state.cause, state.reply), (state.until, cause, "said"))
        self.assertIsNone(self.switches.failed(BRANT, "unknown", "said"), "that stops nothing")

    def test_a_failed_trial_is_over_and_others_are_let_go(self):
        self.pauses.states = {"": paused(until=NOW), BRANT: paused(until=NOW)}
        self.switches.verdict(BRANT)
        for target in ("", BRANT):
            self.switches.claim(target)
        self.switches.failed(BRANT, "send_as_denied", "no", "mail")
        self.assertEqual(self.pauses.log[2:], [("release", SERVER, ""), ("failed", SERVER, BRANT)])
        self.assertEqual(self.switches.verdict(BRANT)[0], Verdict.TRIAL, "the server's is another's now")
        self.pauses.log.clear()
        self.switches.release()
        self.assertEqual(self.pauses.log, [])

    def test_a_refusal_that_stops_nothing_leaves_the_trial_to_others(self):
        self.pauses.states = {BRANT: paused(until=NOW)}
        self.switches.verdict(BRANT)
        self.switches.claim(BRANT)
        self.assertIsNone(self.switches.failed(BRANT, "recipient_unknown", "no", "rcpt"))
        self.assertEqual(self.pauses.log[1:], [("release", SERVER, BRANT)])

    def test_a_mail_asks_again_by_the_databases_clock(self):
        self.pauses.states = {BRANT: paused(until=NOW)}
        self.switches.verdict(BRANT)
        self.seconds = 90
        self.assertEqual(self.switches.refusal(BRANT)[0], NOW + timedelta(seconds=90) + MINUTE)
