import smtplib
from types import SimpleNamespace

from odoo.tests import BaseCase, tagged

from ..tools import queue_run
from ..tools.attempt import Attempt, Hold, Part
from ..tools.errors import ConnectionLost, SmtpSignInRefused
from ..tools.lifetime import Lifetime
from ..tools.lookahead import TurnLost
from ..tools.queue_run import NoSession, QueueRun
from ..tools.refusal import Refusal, raised_from, refused_recipients
from ..tools.smtp import Outcome

A, B = "a@fabrikam.example", "b@fabrikam.example"
BUSY, UNKNOWN = (432, b"4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"), (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound")


def outcome(refused=None):
    return Outcome("erp@contoso.example", [A, B], "250 2.0.0 OK", True, 0.1, refused or {})


def wrapped(error, by):
    """Return an error raised while another one was handled, as core does it."""
    try:
        try:
            raise error
        except Exception:
            raise by  # noqa: B904
    except Exception as caught:
        return caught


@tagged("post_install", "-at_install")
class TestQueueRun(BaseCase):

    def test_a_refusal_has_the_servers_words_and_what_they_mean(self):
        table = [
            (smtplib.SMTPDataError(451, b"4.7.0 Temporary server error. PRX4"), "451 4.7.0 Temporary server error. PRX4", True),
            (smtplib.SMTPSenderRefused(550, b"5.7.60 SMTP; Client does not have\npermissions", A),
             "550 5.7.60 SMTP; Client does not have permissions", False),
            (SmtpSignInRefused(535, b"5.7.3", "Nobody let us in: 535 5.7.3 Authentication unsuccessful"),
             "Nobody let us in: 535 5.7.3 Authentication unsuccessful", False),
            (ConnectionLost("reset"), "Connection unexpectedly closed: reset", True),
            (TimeoutError(), "TimeoutError", True),
            (ValueError("no such thing"), "no such thing", False),
        ]
        for error, words, retryable in table:
            with self.subTest(words=words):
                refusal = Refusal.of(error)
                self.assertEqual((refusal.words, refusal.diagnosis.retryable), (words, retryable))

    def test_a_part_knows_who_got_it_whatever_the_letter_case(self):
        part = Part([A, B])
        part.end(outcome({B.upper(): BUSY}))
        self.assertEqual((part.taken, set(part.refused), part.ended), ({A}, {B}, True))
        self.assertEqual(part.refused[B].diagnosis.cause, "recipient_busy")

    def test_of_refused_recipients_each_has_its_own_answer(self):
        part = Part([A, B])
        part.fail(Refusal.of(ConnectionLost("reset")), {A: UNKNOWN})
        self.assertEqual(part.refused[A].diagnosis.cause, "recipient_unknown")
        self.assertEqual(part.refused[B].diagnosis.cause, "connection_lost")
        self.assertFalse(part.taken)

    def test_a_recipients_answer_is_about_the_recipient_whatever_it_speaks_of(self):
        for words in (b"5.2.2 mailbox full", b"5.2.1 Mailbox cannot be accessed", b"5.7.64 Relay Access Denied", b"no"):
            part = Part([A, B])
            part.end(outcome({B: (550, words)}))
            with self.subTest(words):
                self.assertEqual(part.refused[B].diagnosis.about, "recipient")
                self.assertNotIn(part.refused[B].diagnosis.cause, ("mailbox_full", "mailbox_access_missing"))

    def test_core_judges_a_try_unless_a_server_refused_something_or_the_rest_waits(self):
        table = [  # what happened to two parts, resumed, stopped → over, core's
            ((), False, False, False, True),
            (("taken",), False, False, False, True),
            (("taken", "taken"), False, False, True, True),
            (("taken", "taken"), True, False, True, False),
            (("taken", "refused"), False, False, True, False),
            (("refused",), False, False, False, False),
            (("taken",), False, True, True, False),
        ]
        for happened, resumed, stopped, over, cores in table:
            with self.subTest(happened=happened, resumed=resumed, stopped=stopped):
                attempt = Attempt(1, parts=[Part([A]), Part([B])], resumed=resumed, stopped=stopped)
                for part, what in zip(attempt.parts, happened, strict=False):
                    part.begun = True
                    if what == "taken":
                        part.end(outcome())
                    else:
                        part.fail(Refusal.of_reply(*BUSY), {})
                self.assertEqual((attempt.is_over, attempt.is_cores), (over, cores))
                self.assertEqual(len(attempt.untried), 2 - len(happened))

    def test_parts_are_recognised_by_whom_they_go_to(self):
        run = QueueRun(commits=False)
        self.assertIsNone(run.begin_part([A]))
        run.attempt = Attempt(1)
        self.assertIsNone(run.begin_part([A]), "core has made no parts yet")
        run.attempt = Attempt(1, parts=[Part([A]), Part([A]), Part([B])])
        self.assertIs(run.begin_part([A]), run.attempt.parts[0])
        self.assertIs(run.begin_part([A]), run.attempt.parts[1])
        added = run.begin_part(["somebody@else.example"])  # by another module
        self.assertIs(run.begin_part([B]), run.attempt.parts[2])
        self.assertIs(added, run.attempt.parts[3])
        self.assertIs(run.part, run.attempt.parts[2])
        self.assertIsNone(run.begin_part(None))

    def test_only_a_run_in_the_context_is_one(self):
        run = QueueRun(commits=True)
        self.assertIs(QueueRun.of({QueueRun.CONTEXT_KEY: run}), run)
        for forged in (True, {"commits": True}, "run", None):
            self.assertIsNone(QueueRun.of({QueueRun.CONTEXT_KEY: forged}))
        self.assertIsNone(QueueRun.of({}))

    def test_lanes_and_senders_wait_apart(self):
        run = QueueRun(commits=False)
        run.begin_line(7, A, A, bulk=False)
        run.hold(Hold(None, "rate_limited", ""))
        self.assertIn(run.line, run.holds)
        for server_id, sender, bulk in ((7, A, True), (7, B, False), (8, A, False)):
            run.begin_line(server_id, sender, sender, bulk=bulk)
            self.assertNotIn(run.line, run.holds)

    def test_a_hold_stops_the_mail_on_its_way_and_the_line(self):
        run, hold = QueueRun(commits=False), Hold(None, "rate_limited", "")
        run.begin_line(7, "ERP <a@fabrikam.example>", A, bulk=True)
        self.assertEqual((run.smtp_from, run.sender, run.bulk), ("ERP <a@fabrikam.example>", A, True))
        self.assertTrue(run.may_send(NoSession()))
        self.assertFalse(run.may_send(NoSession(OSError())), "nobody let it in")
        run.attempt = Attempt(1, parts=[Part([A])])
        run.hold(hold)
        self.assertEqual((run.attempt.stopped, run.attempt.hold), (True, hold))
        self.assertFalse(run.may_send(NoSession()))
        self.assertFalse(run.may_send(NoSession(OSError())))

    def test_a_mail_is_begun_until_the_worker_has_no_time_left(self):
        self.assertFalse(QueueRun(commits=False).is_late, "a worker that nobody ends has time")
        self.patch(queue_run, "time", SimpleNamespace(monotonic=lambda: 100.0))
        for last_start, late in ((99, True), (100, True), (101, False)):
            with self.subTest(last_start=last_start):
                self.assertIs(QueueRun(commits=False, lifetime=Lifetime(last_start, 200)).is_late, late)

    def test_what_the_governor_granted_is_given_back_once(self):
        given_back = []
        governor = SimpleNamespace(report=lambda *report: given_back.append(report))
        server = SimpleNamespace(_office365_governor=lambda: governor)
        run = QueueRun(commits=False)
        run.release(server)
        run.admitted = A
        run.release(server)
        run.release(server)
        self.assertEqual(given_back, [(A, None, None)])

    def test_a_fork_stays_at_its_line_and_takes_what_was_granted(self):
        run = QueueRun(commits=True)
        run.begin_line(7, A, A, bulk=False)
        run.admitted, line = A, run.line
        fork = run.fork()
        run.begin_line(8, B, B, bulk=True)
        self.assertEqual((fork.line, fork.sender, fork.admitted, run.admitted), (line, A, A, None))
        fork.hold(Hold(None, "rate_limited", ""))
        self.assertIn(line, run.holds, "what one learns the other knows")

    def test_a_turn_is_taken_once_and_lost_if_the_mail_may_not_be_sent_any_more(self):
        taken, run = [], QueueRun(commits=False)
        turn = SimpleNamespace(take=lambda: taken.append(True))
        self.assertIsNone(run.take_turn(NoSession()))
        run.turn = turn
        self.assertIs(run.take_turn(NoSession()), turn)
        self.assertIsNone(run.take_turn(NoSession()))
        run.turn = turn
        with self.assertRaises(TurnLost):
            run.take_turn(NoSession(OSError()))
        self.assertEqual(taken, [True, True])

    def test_a_try_is_that_of_its_mail_alone(self):
        run = QueueRun(commits=False)
        self.assertIsNone(run.attempt_of((1,)))
        run.attempt = Attempt(1)
        self.assertIs(run.attempt_of((1,)), run.attempt)
        for ids in ((), (2,), (1, 2)):
            self.assertIsNone(run.attempt_of(ids))

    def test_a_run_commits_only_if_it_may(self):
        calls = []
        cursor = type("Cursor", (), {"commit": lambda self: calls.append("commit"), "rollback": lambda self: calls.append("rollback")})()
        for commits in (False, True):
            run = QueueRun(commits=commits)
            run.commit(cursor)
            run.rollback(cursor)
        self.assertEqual(calls, ["commit", "rollback"])

    def test_errors_are_found_in_what_core_made_of_them(self):
        refused = smtplib.SMTPRecipientsRefused({A: BUSY})
        self.assertEqual(refused_recipients(wrapped(refused, RuntimeError("Mail Delivery Failed"))), {A: BUSY})
        self.assertEqual(refused_recipients(RuntimeError()), {})
        lost = wrapped(KeyError("row"), RuntimeError("Mail Delivery Failed"))
        self.assertIsInstance(raised_from(lost, KeyError), KeyError)
        self.assertIsNone(raised_from(lost, OSError))

    def test_a_session_that_was_not_opened_can_be_ended(self):
        self.assertIsNone(NoSession().failure)
        NoSession(OSError()).quit()
