import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.attempt import Attempt, Part
from ..tools.refusal import Refusal
from ..tools.smtp import Outcome

A, B = "a@fabrikam.example", "b@fabrikam.example"
BUSY = (432, b"4.3.2 STOREDRV.Deliver; recipient thread limit exceeded")
LOST = "SMTPServerDisconnected: Connection unexpectedly closed"


def outcome(reply="250 2.0.0 OK", *, refused=None, in_doubt=False):
    return Outcome("erp@contoso.example", [A, B], reply, not in_doubt, 0.1, refused or {}, in_doubt)


def doubtful(*addresses, refusal=None):
    """Return a part that the server may have taken."""
    part = Part(list(addresses), outcome=outcome(LOST, in_doubt=True))
    if refusal:
        part.fail(refusal, {})
    return part


@tagged("post_install", "-at_install")
class TestAttempt(BaseCase):

    def test_an_answer_is_its_recipients_however_the_address_is_written(self):
        table = [  # recipient, address in the answer, the answer is his
            ("Kim@Fabrikam.example", "kim@fabrikam.example", True),
            ("kim@fabrikam.example", "KIM@Fabrikam.example", True),
            ("Kim@Bücher.example", "kim@xn--bcher-kva.example", True),
            ("Kim@Bücher.example", "kim@BÜCHER.example", True),
            ("kim@fabrikam.example", "kim@contoso.example", False),
        ]
        for recipient, answered, his in table:
            with self.subTest(recipient=recipient, answered=answered):
                ended, failed = Part([recipient]), Part([recipient])
                ended.end(outcome(refused={answered: BUSY}))
                self.assertEqual((recipient in ended.refused, recipient in ended.taken), (his, not his))
                failed.fail(Refusal.of(OSError("no route")), {answered: BUSY})
                self.assertEqual(failed.refused[recipient].diagnosis.cause == "recipient_busy", his)

    def test_of_a_try_without_parts_nothing_is_known(self):
        for parts in (None, []):
            attempt = Attempt(1, parts=parts)
            with self.subTest(parts=parts):
                self.assertEqual((attempt.taken, attempt.refused, attempt.untried, attempt.judged({})), ({}, {}, [], ({}, {})))
                self.assertEqual((attempt.is_in_doubt, attempt.is_invalid, attempt.is_served, attempt.unreachable), (False,) * 4)

    def test_who_got_it_has_no_reason(self):
        attempt = Attempt(1, parts=[Part([A]), Part([B])])
        attempt.parts[1].end(outcome())
        self.assertEqual(attempt.taken, {B: ""})
        self.assertFalse(attempt.is_over)

    def test_one_part_in_doubt_leaves_a_try_in_doubt(self):
        sure, unknown = Part([A], outcome=outcome()), Part([B])
        for parts, in_doubt in (([sure, unknown], False), ([sure, unknown, doubtful(A)], True), ([doubtful(A)], True)):
            with self.subTest(parts=parts):
                self.assertIs(Attempt(1, parts=parts).is_in_doubt, in_doubt)

    def test_what_may_have_been_taken_twice_is_not_sent_again(self):
        refused = Refusal.of(smtplib.SMTPServerDisconnected("Connection unexpectedly closed"))
        table = [  # doubts before, part → doubts now, who did not get it and whether it is tried again
            ({}, Part([A], outcome=outcome()), {}, {}),
            ({A: 1}, Part([A], outcome=outcome()), {A: 1}, {}),
            ({}, doubtful(A, B), {A: 1, B: 1}, {A: True, B: True}),
            ({A: 1}, doubtful(A, B), {A: 2, B: 1}, {A: False, B: True}),
            ({A: 2}, doubtful(A), {A: 3}, {A: False}),
            ({}, doubtful(A, refusal=refused), {A: 1}, {A: True}),
            ({A: 1}, doubtful(A, refusal=refused), {A: 2}, {A: False}),
        ]
        for before, part, doubts, tried_again in table:
            with self.subTest(before=before, part=part):
                given = dict(before)
                judged, counted = Attempt(1, parts=[Part(["c@fabrikam.example"]), part]).judged(given)
                self.assertEqual(counted, doubts)
                self.assertEqual({address: refusal.diagnosis.retryable for address, refusal in judged.items()}, tried_again)
                self.assertEqual(given, before, "they are the record's")

    def test_the_reason_for_doubt_is_what_the_server_said(self):
        said = Refusal.of(smtplib.SMTPDataError(451, b"4.7.0 Temporary server error"))
        for part, words, cause in ((doubtful(A), LOST, "connection_lost"), (doubtful(A, refusal=said), said.words, said.diagnosis.cause)):
            refused, _doubts = Attempt(1, parts=[part]).judged({})
            self.assertEqual((refused[A].words, refused[A].diagnosis.cause), (words, cause))

    def test_a_mail_is_served_when_earlier_tries_left_nobody(self):
        for resumed, parts, served in ((True, [], True), (False, [], False), (True, [Part([A])], False), (True, None, False)):
            with self.subTest(resumed=resumed, parts=parts):
                self.assertIs(Attempt(1, parts=parts, resumed=resumed).is_served, served)

    def test_a_recipient_without_address_makes_a_mail_invalid(self):
        for parts, invalid in (([[A], [B]], False), ([[A], []], True), ([[]], True)):
            with self.subTest(parts=parts):
                self.assertIs(Attempt(1, parts=[Part(addresses) for addresses in parts]).is_invalid, invalid)
