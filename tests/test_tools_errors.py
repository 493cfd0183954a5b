import imaplib
import poplib
import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import diagnose
from ..tools.errors import (
    CertificateRefused,
    ConnectionLost,
    NoConnectionFree,
    SmtpSignInRefused,
    answer_text,
    smtp_reply_text,
    storable,
    words_of,
)

A, B = "a@fabrikam.example", "b@fabrikam.example"
NOT_TEXT = b"5.7.1 caf\xe9"  # Latin-1, though replies are ASCII or UTF-8


@tagged("post_install", "-at_install")
class TestErrors(BaseCase):

    def test_the_servers_words_are_told_in_one_line(self):
        table = [
            (smtplib.SMTPRecipientsRefused({A: (550, b"5.1.1 Unknown"), B: (550, b"5.2.2 Full")}), "550 5.1.1 Unknown"),
            (smtplib.SMTPRecipientsRefused({}), "SMTPRecipientsRefused: {}"),
            (smtplib.SMTPDataError(451, b"4.7.0 Temporary\nserver  error"), "451 4.7.0 Temporary server error"),
            (smtplib.SMTPSenderRefused(550, "5.7.60 no", A), "550 5.7.60 no"),
            (smtplib.SMTPDataError(554, NOT_TEXT), "554 5.7.1 caf\N{REPLACEMENT CHARACTER}"),
            (OSError("no route\nto host"), "OSError: no route to host"),
        ]
        for error, words in table:
            with self.subTest(error=error):
                self.assertEqual(words_of(error), words)

    def test_what_a_mailbox_server_answered_is_told_in_one_line(self):
        table = [
            (imaplib.IMAP4.error(b"AUTHENTICATE  failed."), "AUTHENTICATE failed."),
            (imaplib.IMAP4.error("NO LOGIN failed"), "NO LOGIN failed"),
            (imaplib.IMAP4.error(NOT_TEXT), "5.7.1 caf\N{REPLACEMENT CHARACTER}"),
            (poplib.error_proto(b"-ERR locked"), "-ERR locked"),
            (poplib.error_proto(), ""),
        ]
        for error, answer in table:
            with self.subTest(error=error):
                self.assertEqual(answer_text(error), answer)

    def test_whatever_was_said_can_be_stored(self):
        table = [
            ("no\0body", "no\N{REPLACEMENT CHARACTER}body"), ("half \ud83d", "half ?"), ("Größe 😀", "Größe 😀"),
            ("x" * 4000, "x" * 4000), ("x" * 4001, "x" * 4000 + " …"),
        ]
        for said, stored in table:
            with self.subTest(length=len(said)):
                self.assertEqual(storable(said), stored)
                self.assertEqual(smtp_reply_text(550, said), f"550 {stored}")

    def test_a_lost_connection_tells_what_ended_it_and_whether_the_message_was_out(self):
        reason = TimeoutError("timed out")
        for error, in_doubt in ((ConnectionLost(reason), False), (ConnectionLost(reason, in_doubt=True), True)):
            self.assertEqual((error.reason, error.in_doubt), (reason, in_doubt))
            self.assertEqual(str(error), "Connection unexpectedly closed: timed out")

    def test_our_own_refusals_are_the_sentence_that_people_read(self):
        sentence = "The certificate of smtp.office365.com cannot be verified."
        for error in (CertificateRefused(sentence), SmtpSignInRefused(535, b"5.7.3 no", sentence), NoConnectionFree(sentence)):
            self.assertEqual(str(error), sentence)
        self.assertEqual(words_of(SmtpSignInRefused(535, b"5.7.3 no", sentence)), "535 5.7.3 no")

    def test_no_free_connection_is_told_to_people_and_read_as_one_too_many(self):
        error = NoConnectionFree("All three connections are in use.")
        self.assertEqual(str(error), "All three connections are in use.")
        self.assertEqual((diagnose(error).cause, diagnose(error).retryable), ("concurrent_connections", True))
