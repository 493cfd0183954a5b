from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import Diagnosis
from ..tools.outgoing.attempt import MAX_DOUBTS, Attempt, Deferral, IllegalStep, Part, Step
from ..tools.outgoing.refusal import Refusal
from ..tools.transport import Outcome

A, B, BEYOND = "a@fabrikam.example", "b@fabrikam.example", "c@bücher.example"
UNKNOWN = (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound")


def outcome(*, taken=True, in_doubt=False, refused=None, reply="250 2.0.0 OK"):
    return Outcome("erp@contoso.example", [A, B], reply, taken, 0.1, refused or {}, in_doubt)


@tagged("post_install", "-at_install")
class TestAttempt(BaseCase):

    def test_a_try_begins_with_nothing(self):
        self.assertEqual(MAX_DOUBTS, 2)
        attempt, part, deferral = Attempt(7), Part([A]), Deferral(None, "rate_limited", "")
        self.assertFalse(attempt.resumed or attempt.stopped or attempt.unreachable or attempt.deferral or attempt.refusal)
        self.assertFalse(part.begun or part.is_answered or part.in_doubt or part.sender or part.taken or part.refused)
        self.assertFalse(deferral.spaced or deferral.is_failure)

    def test_until_core_has_made_its_parts_nothing_is_known_of_them(self):
        attempt = Attempt(7)
        self.assertEqual(
            (attempt.taken, attempt.refused, attempt.untried, attempt.is_in_doubt, attempt.is_served, attempt.is_invalid),
            ({}, {}, [], False, False, False))

    def test_answers_are_found_in_either_form_of_a_domain(self):
        for key in (BEYOND, BEYOND.upper(), "c@xn--bcher-kva.example", "C@XN--BCHER-KVA.EXAMPLE"):
            part, failed = Part([A, BEYOND]), Part([A, BEYOND])
            part.admit("erp@contoso.example")
            part.hand_over()
            part.end(outcome(refused={key: UNKNOWN}))
            failed.fail(Refusal.of(TimeoutError()), {key: UNKNOWN})
            with self.subTest(key=key):
                self.assertEqual((part.taken, set(part.refused)), ({A}, {BEYOND}))
                self.assertEqual(
                    [failed.refused[address].diagnosis.cause for address in (A, BEYOND)], ["timeout", "recipient_unknown"])

    def test_what_is_in_doubt(self):
        for known, expected in ((None, False), (outcome(), False), (outcome(taken=False), False),
                                (outcome(taken=False, in_doubt=True), True)):
            attempt = Attempt(7, parts=[Part([B]), Part([A], outcome=known)])
            with self.subTest(known=known):
                self.assertEqual((attempt.parts[1].in_doubt, attempt.is_in_doubt), (expected, expected))

    def test_the_second_time_in_doubt_is_the_last_one(self):
        lost = outcome(taken=False, in_doubt=True, reply="Connection unexpectedly closed: reset")
        for before, after, retryable in (({}, 1, True), ({A: 1}, 2, False), ({A: 2}, 3, False), ({B: 5}, 1, True)):
            attempt = Attempt(7, parts=[Part([A], outcome=lost), Part([B], outcome=outcome(taken=False))])
            refused, doubts = attempt.judged(before)
            with self.subTest(before=before):
                self.assertEqual((doubts[A], refused[A].diagnosis.retryable), (after, retryable))
                self.assertEqual(doubts.get(B), before.get(B))
                self.assertNotIn(B, refused)
                self.assertEqual("Message trace" in refused[A].diagnosis.remedy, not retryable)

    def test_a_refusal_that_is_known_stays_the_reason(self):
        known = Refusal("said", Diagnosis("server_busy", retryable=True, retry_after=None, remedy="", source=""))
        part = Part([A], outcome=outcome(taken=False, in_doubt=True))
        part.fail(known, {})
        refused, _doubts = Attempt(7, parts=[part]).judged({})
        self.assertIs(refused[A], known)

    def test_a_mail_all_of_whose_recipients_were_served_before(self):
        for resumed, parts, expected in ((True, [], True), (False, [], False), (True, [Part([A])], False), (True, None, False)):
            with self.subTest(resumed=resumed, parts=parts):
                self.assertEqual(Attempt(7, parts=parts, resumed=resumed).is_served, expected)

    def test_somebody_without_an_address(self):
        self.assertTrue(Attempt(7, parts=[Part([A]), Part([])]).is_invalid)
        self.assertFalse(Attempt(7, parts=[Part([A])]).is_invalid)

    def test_a_part_goes_from_step_to_step_and_nowhere_else(self):
        refusal = Refusal.of(TimeoutError())
        moves = {
            "admit": lambda part: part.admit("erp@contoso.example"), "hand over": Part.hand_over, "wait": Part.wait,
            "take": lambda part: part.end(outcome()), "fail": lambda part: part.fail(refusal, {}), "leave": Part.leave_to_core,
            "write down": Part.write_down,
        }
        table = [  # what happened before; what may happen next, and where that leads
            ([], Step.WAITING, {"admit": Step.ADMITTED, "wait": Step.WAITING, "fail": Step.ANSWERED, "leave": Step.ANSWERED}),
            (["admit"], Step.ADMITTED,
             {"hand over": Step.AT_SERVER, "wait": Step.WAITING, "fail": Step.ANSWERED, "leave": Step.ANSWERED}),
            (["admit", "hand over"], Step.AT_SERVER,
             {"wait": Step.WAITING, "take": Step.ANSWERED, "fail": Step.ANSWERED, "leave": Step.ANSWERED}),
            (["admit", "hand over", "take"], Step.ANSWERED, {"write down": Step.WRITTEN}),
            (["fail"], Step.ANSWERED, {"write down": Step.WRITTEN}),
            (["fail", "write down"], Step.WRITTEN, {}),
        ]
        for before, step, allowed in table:
            for name, move in moves.items():
                part = Part([A])
                for each in before:
                    moves[each](part)
                with self.subTest(step=step.value, move=name):
                    if name in allowed:
                        move(part)
                        self.assertIs(part.step, allowed[name])
                    else:
                        self.assertRaises(IllegalStep, move, part)
                        self.assertIs(part.step, step)

    def test_what_is_written_down_is_not_judged_again(self):
        waiting, refused = Part([A]), Part([B])
        refused.fail(Refusal.of(TimeoutError()), {})
        attempt = Attempt(7, parts=[waiting, refused])
        attempt.end()
        self.assertEqual((waiting.step, refused.step), (Step.WAITING, Step.WRITTEN))
        self.assertRaises(IllegalStep, attempt.judged, {})
        self.assertEqual(attempt.untried, [A])
