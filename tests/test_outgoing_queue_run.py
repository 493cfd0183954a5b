import smtplib
from types import SimpleNamespace
from unittest.mock import Mock

from odoo.tests import BaseCase, tagged

from ..tools.errors import ConnectionLost, SmtpSignInRefused
from ..tools.outgoing import queue_run
from ..tools.outgoing.attempt import Attempt, Deferral, Part
from ..tools.outgoing.lifetime import Lifetime
from ..tools.outgoing.lookahead import NotNow
from ..tools.outgoing.queue_run import QueueRun, stream_name
from ..tools.outgoing.refusal import Refusal, raised_from, refused_recipients
from ..tools.sending import Sending
from ..tools.transport import NotOpened, Outcome

A, B = "a@fabrikam.example", "b@fabrikam.example"
BUSY, UNKNOWN = (432, b"4.3.2 STOREDRV.Deliver; recipient thread limit exceeded"), (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound")


def outcome(refused=None):
    return Outcome("erp@contoso.example", [A, B], "250 2.0.0 OK", True, 0.1, refused or {})


def at_server(part):
    part.admit("erp@contoso.example")
    part.hand_over()
    return part


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

    def test_where_in_a_session_it_was_refused(self):
        denied, policy = b"5.7.60 SMTP; Client does not have permissions", b"5.7.1 Connection refused by policy"
        table = [
            # what was raised, where, where if it kept the session from being opened
            (smtplib.SMTPConnectError(554, b"5.3.2 down for maintenance"), "banner", "banner"),
            (smtplib.SMTPHeloError(550, b"bad name"), "ehlo", "ehlo"),
            (smtplib.SMTPAuthenticationError(535, b"5.7.3 no"), "auth", "auth"),
            (smtplib.SMTPSenderRefused(550, denied, A), "mail", "connect"),
            (smtplib.SMTPRecipientsRefused({A: (554, policy)}), "rcpt", "rcpt"),
            (smtplib.SMTPDataError(554, b"5.6.0 something new"), "content", "connect"),
            # The reply to the message is about its only recipient.
            (smtplib.SMTPDataError(*UNKNOWN), "rcpt", "connect"),
            (smtplib.SMTPResponseException(554, policy), "", "connect"),
            (PermissionError(13, "Permission denied: key file"), "", "connect"),
            (TimeoutError(), "", "connect"),
            # What was refused at a stage was refused there, whatever it was raised from.
            (wrapped(ConnectionResetError("reset"), smtplib.SMTPSenderRefused(550, b"no", A)), "mail", "connect"),
        ]
        for error, stage, opening in table:
            with self.subTest(error=error):
                self.assertEqual((Refusal.of(error).stage, Refusal.of(error, opening=True).stage), (stage, opening))
        self.assertEqual(Refusal.of_reply(550, "no").stage, "rcpt")
        self.assertEqual(Refusal.of(smtplib.SMTPDataError(*UNKNOWN), opening=True).diagnosis.about, "server")

    def test_a_part_knows_who_got_it_whatever_the_letter_case(self):
        part = Part([A, B])
        at_server(part).end(outcome({B.upper(): BUSY}))
        self.assertEqual((part.taken, set(part.refused), part.is_answered), ({A}, {B}, True))
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
            at_server(part).end(outcome({B: (550, words)}))
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
                        at_server(part).end(outcome())
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

    def test_mail_of_a_stream_may_be_sent_while_the_session_works_and_nothing_holds_it_up(self):
        for failure, is_deferred, expected in (
                (None, False, True), (OSError(), False, False), (None, True, False), (OSError(), True, False)):
            run = QueueRun(commits=True)
            run.begin_stream(7, A, A, bulk=False)
            if is_deferred:
                run.defer(Deferral(None, "rate_limited", ""))
            with self.subTest(failure=failure, is_deferred=is_deferred):
                self.assertEqual(run.may_send(NotOpened(failure)), expected)
                turn = run.turn = Mock()
                if expected:
                    self.assertIs(run.take_turn(NotOpened(failure)), turn)
                else:
                    self.assertRaises(NotNow, run.take_turn, NotOpened(failure))
                self.assertIsNone(run.turn)
                turn.take.assert_called_once()
                self.assertIsNone(run.take_turn(NotOpened(failure)), "it has come already")

    def test_single_messages_and_bulk_are_two_streams(self):
        self.assertEqual([stream_name(7, A, bulk=bulk) for bulk in (False, True)], [f"7/{A}/single", f"7/{A}/bulk"])

    def test_only_a_run_in_the_context_is_one(self):
        run = QueueRun(commits=True)
        self.assertIs(Sending.of(Sending.noted({}, run=run)).run, run)
        for forged in (True, {"commits": True}, "run", None):
            self.assertIsNone(Sending.of({Sending.CONTEXT_KEY: forged}).run)
        self.assertIsNone(Sending.of({}).run)

    def test_lanes_and_senders_wait_apart(self):
        run = QueueRun(commits=False)
        run.begin_stream(7, A, A, bulk=False)
        run.defer(Deferral(None, "rate_limited", ""))
        self.assertIn(run.stream, run.deferrals)
        for server_id, sender, bulk in ((7, A, True), (7, B, False), (8, A, False)):
            run.begin_stream(server_id, sender, sender, bulk=bulk)
            self.assertNotIn(run.stream, run.deferrals)

    def test_a_deferral_stops_the_mail_on_its_way_and_the_stream(self):
        run, deferral = QueueRun(commits=False), Deferral(None, "rate_limited", "")
        run.begin_stream(7, "ERP <a@fabrikam.example>", A, bulk=True)
        self.assertEqual((run.smtp_from, run.sender, run.bulk), ("ERP <a@fabrikam.example>", A, True))
        self.assertTrue(run.may_send(NotOpened()))
        self.assertFalse(run.may_send(NotOpened(OSError())), "nobody let it in")
        run.attempt = Attempt(1, parts=[Part([A])])
        run.defer(deferral)
        self.assertEqual((run.attempt.stopped, run.attempt.deferral), (True, deferral))
        self.assertFalse(run.may_send(NotOpened()))
        self.assertFalse(run.may_send(NotOpened(OSError())))

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

    def test_a_fork_stays_at_its_stream_and_takes_what_was_granted(self):
        run = QueueRun(commits=True)
        run.begin_stream(7, A, A, bulk=False)
        run.admitted, stream = A, run.stream
        fork = run.fork()
        run.begin_stream(8, B, B, bulk=True)
        self.assertEqual((fork.stream, fork.sender, fork.admitted, run.admitted), (stream, A, A, None))
        fork.defer(Deferral(None, "rate_limited", ""))
        self.assertIn(stream, run.deferrals, "what one learns the other knows")

    def test_a_turn_is_taken_once_and_lost_if_the_mail_may_not_be_sent_any_more(self):
        taken, run = [], QueueRun(commits=False)
        turn = SimpleNamespace(take=lambda: taken.append(True))
        self.assertIsNone(run.take_turn(NotOpened()))
        run.turn = turn
        self.assertIs(run.take_turn(NotOpened()), turn)
        self.assertIsNone(run.take_turn(NotOpened()))
        run.turn = turn
        with self.assertRaises(NotNow):
            run.take_turn(NotOpened(OSError()))
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
        self.assertIsNone(NotOpened().failure)
        NotOpened(OSError()).quit()
