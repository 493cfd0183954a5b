"""The rules by which a text is read: which of code, words, stage and class decides. Built from the table itself where they hold for all."""

import imaplib
import itertools
import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import ABOUT_OF, RETRYABLE, SESSION, STAGES
from ..tools.diagnosis.causes.other import NUMBER_UNKNOWN
from ..tools.diagnosis.reader import CAUSES, diagnose
from .servers import replies
from .slow import slow

FULL = replies.S552_5_2_2_RECIPIENT_FULL.fill(recipient="kim@fabrikam.example")
NO_ACCESS = replies.S550_5_2_1_MAILBOX_NOT_ACCESSIBLE
NOT_CONNECTED = replies.IMAP_NOT_CONNECTED

WORDS = sorted({
    " ".join(sign.words) for cause in CAUSES if "smtp" in cause.protocols for sign in cause.signs
    if sign.words and not sign.codes and not sign.reply
})
TEMPORARY = ("421", "430", "432", "450", "451", "452", "454", "450 4.9.9", "450 5.7.1", "451 5.9.9", "4.9.9")
PERMANENT = ("500", "501", "550", "552", "554", "550 5.9.9", "550 5.7.1", "554 4.9.9", "5.9.9")
# Rows that stay although their code is a 4xx: by code alone.
FINAL = {code for cause in CAUSES if cause.final for sign in cause.signs for code in (*sign.codes, sign.reply) if code}
# What the table says, by code, that it passes by itself.
PASSING = {code for cause in CAUSES if cause.retryable for sign in cause.signs if not sign.reply and not sign.words for code in sign.codes}
# … and by reply code and words: RFC 5321 section 4.5.3.1.10; the day's quota, whose name no translation touches.
PASSING_REPLIES = {("552", "too many recipients"), ("554", "submissionquotaexceeded")}


@tagged("post_install", "-at_install")
class TestRules(BaseCase):

    @slow
    def test_no_words_make_a_4xx_final(self):
        for code, words in itertools.product(TEMPORARY, WORDS):
            if "TLS 1.0 and 1.1".casefold() in words or "office 365 region" in words or code in FINAL:
                continue  # final by another code's row
            with self.subTest(code, words=words):
                self.assertTrue(diagnose(f"{code} {words}").retryable)

    @slow
    def test_no_words_make_a_5xx_temporary(self):
        for code, words in itertools.product(PERMANENT, WORDS):
            with self.subTest(code, words=words):
                self.assertEqual(diagnose(f"{code} {words}").retryable, (code[:3], words) in PASSING_REPLIES)

    @slow
    def test_a_5xx_is_tried_again_only_where_the_table_says_so_by_code(self):
        self.assertLessEqual({"5.2.121", "5.1.90", "5.7.233", "5.7.236", "5.7.142", "5.5.3"}, PASSING)
        for subject, detail in itertools.product(range(8), (*range(160), *range(190, 260), *range(300, 400), *range(500, 760))):
            code = f"5.{subject}.{detail}"
            with self.subTest(code):
                self.assertEqual(diagnose(f"550 {code} x").retryable, code in PASSING)
                self.assertEqual(diagnose(f"450 {code} x").retryable, code not in FINAL, "RFC 5321 section 4.2.1: the reply code decides")

    def test_a_known_code_outranks_words_that_outrank_an_open_code(self):
        table = [
            # known code, words of another cause
            ("550 5.1.1 relay access denied", "recipient_unknown"),
            ("550 5.1.10 mailbox full", "recipient_unknown"),
            ("550 5.7.60 blocked using a list", "send_as_denied"),
            ("550 5.4.318 Message expired, connection reset (SuspiciousRemoteServerError)", "unknown"),
            ("450 4.4.316 Connection refused [Message=Socket error code 10061]", "unknown"),
            ("550 5.4.317 Message expired, cannot connect to remote server(UntrustedRoot) certificate verify failed", "unknown"),
            ("550 5.1.351 Remote server returned unknown recipient -> 554 5.7.1 Connection refused, blocklist", "recipient_unknown"),
            ("550 5.7.368 Remote server returned authentication required to relay -> 530 5.7.1 Authentication required",
             "recipient_restricted"),
            # open code: its words
            ("550 5.1.0 192.0.2.9 is not allowed to send from <contoso.example>, see its SPF record", "sender_authentication_failed"),
            ("550 5.1.0 Address rejected", "recipient_unknown"),
            ("554 5.7.1 Connection refused by policy, your domain is on our block list", "ip_reputation"),
            ("550 5.7.1 <kim@fabrikam.example>: Recipient address rejected: User unknown", "recipient_unknown"),
            ("421 4.7.0 TLS 1.0 and 1.1 are not supported", "tls_version"),
            # bare reply code: its words
            ("535 SmtpClientAuthentication is disabled for the Tenant", "smtp_auth_disabled_tenant"),
            ("552 Your mail was detected as spam", "spam_rejected"),
            ("552 x", "message_too_large"),
            ("535 x", "bad_credentials"),
        ]
        for text, cause in table:
            with self.subTest(text):
                self.assertEqual(diagnose(text).cause, cause)

    def test_the_stage_says_whose_mailbox_it_is(self):
        table = [
            (str(FULL), None, "recipient_restricted", "recipient"),
            (str(FULL), "rcpt", "recipient_restricted", "recipient"),
            (str(replies.S554_5_2_2_MAILBOX_FULL), "content", "mailbox_full", "sender"),
            ("554 5.2.2 mailbox full", "content", "mailbox_full", "sender"),
            ("554 5.2.2 mailbox full", "rcpt", "recipient_restricted", "recipient"),
            ("554 5.2.2 <kim@fabrikam.example>: mailbox full", None, "recipient_restricted", "recipient"),
            ("550 5.2.2 mailbox full", "mail", "mailbox_full", "sender"),
            (str(NO_ACCESS), None, "mailbox_access_missing", "server"),
            (str(NO_ACCESS), "auth", "mailbox_access_missing", "server"),
            (str(NO_ACCESS), "rcpt", "recipient_restricted", "recipient"),
            ("550 5.2.1 x", "auth", "mailbox_access_missing", "server"),
            ("550 5.2.1 x", None, "recipient_restricted", "recipient"),
            ("525 5.7.13 User account disabled", "auth", "mailbox_access_missing", "server"),
            ("550 5.1.1 x", "mail", "unknown", "sender"),
            ("554 down for maintenance", "banner", "unknown", "server"),
            ("550 no", "ehlo", "bad_helo", "server"),
            ("550 no", "rcpt", "unknown", "recipient"),
            ("550 no", "nonsense", "unknown", ""),
            ("550 5.6.9 x", None, "unknown", "message"),
            ("550 5.3.9 x", None, "unknown", "server"),
            ("550 5.7.9999 x", "content", "unknown", ""),
        ]
        for text, stage, cause, about in table:
            with self.subTest(text, stage=stage):
                diagnosis = diagnose(text, stage=stage)
                self.assertEqual((diagnosis.cause, diagnosis.about), (cause, about))

    def test_exceptions_and_postfix_tell_the_stage_themselves(self):
        code, words = NO_ACCESS.code, NO_ACCESS.text.replace("cannot be accessed", "x").encode()
        table = [
            (smtplib.SMTPConnectError(code, words), "mailbox_access_missing", "server"),
            (smtplib.SMTPAuthenticationError(code, words), "mailbox_access_missing", "server"),
            (smtplib.SMTPSenderRefused(code, words, "a@contoso.example"), "mailbox_access_missing", "server"),
            (smtplib.SMTPRecipientsRefused({"x@fabrikam.example": (code, words)}), "recipient_restricted", "recipient"),
            (smtplib.SMTPDataError(code, words), "recipient_restricted", "recipient"),
            ("host mx.fabrikam.example said: 550 no (in reply to RCPT TO command)", "unknown", "recipient"),
            ("host mx.fabrikam.example said: 550 no (in reply to MAIL FROM command)", "unknown", "sender"),
        ]
        for error, cause, about in table:
            if isinstance(error, smtplib.SMTPConnectError):
                cause = "unknown"  # a banner knows of no mailbox
            with self.subTest(repr(error)[:60]):
                self.assertEqual((diagnose(error).cause, diagnose(error).about), (cause, about))

    @slow
    def test_what_is_refused_at_a_stage_is_about_what_can_be_named_there(self):
        for cause in CAUSES:
            for sign, stage in itertools.product(cause.signs, STAGES):
                text = " ".join(filter(None, (sign.reply, min(sign.codes, default=""), *sign.words)))
                about = diagnose(text, protocol="smtp", stage=stage).about
                with self.subTest(text, stage=stage):
                    if stage in SESSION:
                        self.assertEqual(about, "server")
                    elif stage == "rcpt":
                        self.assertEqual(about, "recipient")
                    elif stage == "mail":
                        self.assertIn(about, ("server", "sender", "message"))

    def test_every_cause_but_unknown_is_about_something(self):
        self.assertEqual([slug for slug, about in ABOUT_OF.items() if not about], ["unknown"])
        for error in (TimeoutError(), ConnectionRefusedError(), smtplib.SMTPServerDisconnected("x"), "AADSTS7000222: x"):
            self.assertEqual(diagnose(error).about, "server")
        for protocol in ("imap", "pop", "entra"):
            self.assertEqual(diagnose("no idea", protocol=protocol).about, "server")
        self.assertEqual(diagnose(ValueError("no idea")).about, "")

    def test_an_unknown_number_of_entra_names_itself_and_blames_neither_secret_nor_sign_in(self):
        for error in ("invalid_client", "invalid_grant", "unauthorized_client", "interaction_required", "access_denied", "invalid_request"):
            for said in (
                {"error": error, "error_description": "AADSTS50000: x Trace ID: 1", "error_codes": [50000]},
                {"error": error, "error_description": "withheld", "error_codes": [50000]},
                f'{{"error":"{error}","error_codes":[50000]}}',
                f"{error}: see https://login.microsoftonline.com/error?code=50000",
            ):
                with self.subTest(said=said):
                    diagnosis = diagnose(said, protocol="entra")
                    self.assertEqual((diagnosis.cause, diagnosis.retryable), ("unknown", False))
                    self.assertIn("https://login.microsoftonline.com/error?code=50000", diagnosis.remedy)
                    self.assertNotRegex(diagnosis.remedy, "(?i)secret|sign in again|certificate")

    def test_of_an_unknown_number_what_the_oauth_error_says_precisely_holds(self):
        table = {
            "temporarily_unavailable": ("entra_unavailable", True), "server_error": ("entra_unavailable", True),
            "slow_down": ("entra_throttled", True), "invalid_scope": ("entra_scope_invalid", False),
            "invalid_resource": ("entra_scope_invalid", False), "consent_required": ("entra_consent_missing", False),
        }
        for error, expected in table.items():
            with self.subTest(error):
                diagnosis = diagnose({"error": error, "error_description": "AADSTS50000: x"}, protocol="entra")
                self.assertEqual((diagnosis.cause, diagnosis.retryable), expected)
                self.assertIn("error?code=50000", diagnosis.remedy)

    def test_numbers_that_a_word_beside_them_would_give_away(self):
        table = {
            7000229: "entra_app_unknown", 650053: "entra_scope_invalid", 50020: "entra_user_unknown", 500341: "entra_user_unknown",
            50158: "entra_mfa_required", 50097: "entra_conditional_access", 135011: "entra_conditional_access",
            500133: "entra_certificate_invalid", 90019: "entra_tenant_unknown", 1002016: "tls_version", 500014: "entra_scope_invalid",
            900093: "entra_consent_missing", 80002: "federation_unreachable", 9002327: "entra_redirect_mismatch",
            700084: "entra_grant_expired", 501051: "entra_permission_missing", 5000225: "entra_tenant_unknown",
        }
        for number, cause in table.items():
            for error in ("invalid_client", "invalid_grant", "interaction_required", "invalid_request"):
                with self.subTest(number, error=error):
                    said = {"error": error, "error_description": f"AADSTS{number}: x", "error_codes": [number]}
                    self.assertEqual((diagnose(said, protocol="entra").cause, diagnose(said, protocol="entra").retryable), (cause, False))

    def test_an_unknown_reply_names_its_code(self):
        for text, code in (("550 5.9.9 x", "550 5.9.9"), ("550 x", "550"), ("550 5.6.9 x", "550 5.6.9"), ("5.7.999 x", "5.7.999")):
            with self.subTest(text):
                diagnosis = diagnose(text)
                self.assertEqual(diagnosis.cause, "unknown")
                self.assertIn(code, diagnosis.remedy)
                self.assertNotIn("<code>", diagnosis.remedy)
        self.assertNotIn("()", diagnose("x").remedy)

    def test_a_remedy_is_translated_before_its_code_is_filled_in(self):
        diagnosis = diagnose("AADSTS50000: x", protocol="entra")
        heard = []
        self.assertEqual(diagnosis.translated(lambda text: heard.append(text) or "Nummer <code>"), "Nummer 50000")
        self.assertEqual(heard, [NUMBER_UNKNOWN.remedy])

    def test_a_mailbox_that_was_fetched_before_is_throttled(self):
        for error in (NOT_CONNECTED, imaplib.IMAP4.error(NOT_CONNECTED), b"NO " + NOT_CONNECTED.encode()):
            with self.subTest(repr(error)):
                new, known = (diagnose(error, protocol="imap", worked_before=before) for before in (False, True))
                self.assertEqual((new.cause, new.retryable), ("mailbox_access_missing", False))
                self.assertEqual((known.cause, known.retryable, known.retry_after), ("imap_throttled", True, 300))
        self.assertEqual(diagnose("NO AUTHENTICATE failed.", protocol="imap", worked_before=True).cause, "imap_auth_failed")

    def test_a_cause_without_a_star_is_tried_again_only_by_a_4xx(self):
        for slug in {cause.slug for cause in CAUSES} - RETRYABLE:
            for cause in (row for row in CAUSES if row.slug == slug and "smtp" in row.protocols):
                for sign in cause.signs:
                    if sign.codes and not any(code.startswith("4") for code in sign.codes):
                        with self.subTest(slug, sign=sign.shown):
                            text = " ".join(filter(None, (sign.reply, min(sign.codes), *sign.words)))
                            self.assertFalse(diagnose(text, stage=min(cause.only_at, default=None)).retryable)
