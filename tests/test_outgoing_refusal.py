import smtplib

import psycopg2
from odoo.tests import BaseCase, tagged

from ..tools.outgoing.refusal import Refusal, chain, raised_from

A = "a@fabrikam.example"
UNKNOWN_RECIPIENT = b"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"


@tagged("post_install", "-at_install")
class TestRefusal(BaseCase):

    def test_where_in_a_session_a_refusal_belongs(self):
        table = [  # error, it kept the session from being opened, stage
            (ConnectionRefusedError(), True, "connect"),
            (ConnectionRefusedError(), False, ""),
            (smtplib.SMTPConnectError(550, UNKNOWN_RECIPIENT), True, "banner"),
            (smtplib.SMTPResponseException(550, UNKNOWN_RECIPIENT), True, "connect"),
            (smtplib.SMTPAuthenticationError(535, b"5.7.3 Authentication unsuccessful"), True, "auth"),
            (smtplib.SMTPAuthenticationError(535, b"5.7.3 Authentication unsuccessful"), False, "auth"),
            (smtplib.SMTPSenderRefused(550, b"5.7.60 Client does not have permissions to send as this sender", A), False, "mail"),
            (smtplib.SMTPRecipientsRefused({A: (550, UNKNOWN_RECIPIENT)}), False, "rcpt"),
            (smtplib.SMTPDataError(554, b"5.6.0 Invalid message content"), False, "content"),
            (smtplib.SMTPDataError(550, UNKNOWN_RECIPIENT), False, "rcpt"),  # of its only one
        ]
        for error, opening, stage in table:
            with self.subTest(error=error, opening=opening):
                self.assertEqual(Refusal.of(error, opening=opening).stage, stage)

    def test_what_fails_here_may_go_well_the_next_time(self):
        table = [(psycopg2.OperationalError("550 5.7.1 no"), "OperationalError: 550 5.7.1 no"), (MemoryError(), "MemoryError: ")]
        for error, words in table:
            with self.subTest(words=words):
                refusal = Refusal.of(error)
                self.assertEqual((refusal.words, refusal.diagnosis.cause, refusal.diagnosis.retryable), (words, "unknown", True))
                self.assertEqual((refusal.diagnosis.translated(str), refusal.diagnosis.source, refusal.stage), ("", "", ""))

    def test_a_refusal_of_ours_says_by_itself_what_to_do(self):
        refusal = Refusal.final("message_too_large", "Send a smaller one.")
        self.assertEqual((refusal.words, refusal.diagnosis.cause), ("Send a smaller one.", "message_too_large"))
        self.assertEqual((refusal.diagnosis.retryable, refusal.diagnosis.translated(str), refusal.diagnosis.source), (False, "", ""))

    def test_whatever_was_said_can_be_stored(self):
        self.assertEqual(Refusal.final("unknown", "no\0body").words, "no\N{REPLACEMENT CHARACTER}body")

    def test_what_may_have_arrived_is_not_sent_again_and_says_what_to_look_for(self):
        refusal = Refusal.of(smtplib.SMTPDataError(451, b"4.7.0 Server busy. Backoff Time: 90 seconds"))
        doubtful = refusal.in_doubt()
        self.assertEqual((refusal.diagnosis.retryable, refusal.diagnosis.retry_after), (True, 90))
        self.assertEqual((doubtful.diagnosis.retryable, doubtful.diagnosis.retry_after), (False, None))
        self.assertIn("Message-Id", doubtful.diagnosis.translated(str))
        self.assertEqual((doubtful.words, doubtful.stage), (refusal.words, refusal.stage))
        self.assertEqual(doubtful.diagnosis.cause, refusal.diagnosis.cause)

    def test_a_cause_that_was_named_counts_before_what_was_being_handled(self):
        error = RuntimeError()
        error.__cause__, error.__context__ = OSError(), KeyError()
        self.assertIsInstance(raised_from(error, OSError), OSError)
        self.assertIsNone(raised_from(error, KeyError))

    def test_errors_raised_from_each_other_are_looked_at_once(self):
        first, second = OSError(), KeyError()
        first.__context__, second.__cause__ = second, first
        self.assertEqual(list(chain(first)), [first, second])
        self.assertEqual(list(chain(None)), [])
