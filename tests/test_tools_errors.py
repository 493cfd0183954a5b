import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.errors import _LONGEST, ConnectionLost, NoConnectionFree, answer_text, smtp_reply_text, storable, words_of


@tagged("post_install", "-at_install")
class TestErrors(BaseCase):

    def test_words_of_an_error(self):
        table = [
            (smtplib.SMTPDataError(554, b"5.6.0 broken\r\nagain"), "554 5.6.0 broken again"),
            (smtplib.SMTPRecipientsRefused({"a@x.example": (550, b"5.1.1 no"), "b@x.example": (450, b"later")}), "550 5.1.1 no"),
            (smtplib.SMTPRecipientsRefused({}), "SMTPRecipientsRefused: {}"),
            (TimeoutError("timed out"), "TimeoutError: timed out"),
            (ConnectionLost("reset"), "ConnectionLost: Connection unexpectedly closed: reset"),
        ]
        for error, words in table:
            with self.subTest(error=error):
                self.assertEqual(words_of(error), words)

    def test_who_lost_a_connection_knows_whether_the_message_may_have_arrived(self):
        self.assertFalse(ConnectionLost("reset").in_doubt)
        self.assertTrue(ConnectionLost("reset", in_doubt=True).in_doubt)

    def test_no_free_connection_reads_as_exchange_says_it(self):
        error = NoConnectionFree("All three are in use.")
        self.assertEqual((str(error), error.smtp_code), ("All three are in use.", 432))

    def test_answers_of_imap_and_pop(self):
        self.assertEqual(answer_text(Exception(b"AUTHENTICATE\r\nfailed.")), "AUTHENTICATE failed.")
        self.assertEqual(answer_text(Exception()), "")
        self.assertEqual(smtp_reply_text(250, "OK"), "250 OK")

    def test_what_is_kept_fits_into_the_database(self):
        self.assertEqual(storable("a\0b\udcff"), "a\N{REPLACEMENT CHARACTER}b?")
        self.assertEqual(storable("x" * _LONGEST), "x" * _LONGEST)
        self.assertEqual(storable("x" * (_LONGEST + 1)), "x" * _LONGEST + " …")
