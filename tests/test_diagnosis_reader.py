import imaplib
import poplib
import smtplib
import socket
import ssl
import time

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import TOPIC_OF
from ..tools.diagnosis.evidence import smtp_codes
from ..tools.diagnosis.reader import diagnose
from ..tools.errors import CertificateRefused, SmtpSignInRefused
from .servers import replies
from .slow import slow

TENANT = replies.S535_5_7_139_SMTP_AUTH_DISABLED_TENANT
DENIED = replies.S554_5_2_252_SEND_AS_DENIED.fill(mailbox="erp@contoso.example", sender="a@contoso.example")


def chained(outer, inner, *, explicit=True):
    """Return `outer` as raised from, or while handling, `inner`."""
    try:
        try:
            raise inner
        except BaseException as error:
            if explicit:
                raise outer from error
            raise outer  # noqa: B904
    except BaseException as error:
        return error


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@tagged("post_install", "-at_install")
class TestDiagnosis(BaseCase):

    def assertCauses(self, table, **options):
        for text, cause in table:
            with self.subTest(str(text)[:120], **options):
                self.assertEqual(diagnose(text, **options).cause, cause)

    def test_http_errors_of_the_token_endpoint_are_temporary(self):
        self.assertCauses([
            ("503 Server Error: Service Unavailable for url: https://login.microsoftonline.com/x/oauth2/v2.0/token", "entra_unavailable"),
            ("HTTP Error 503: Service Unavailable", "entra_unavailable"),
            ("429 Client Error: Too Many Requests for url: https://login.microsoftonline.com/", "entra_throttled"),
            ("400 Client Error: Bad Request for url: https://login.microsoftonline.com/", "unknown"),
        ])
        self.assertFalse(diagnose("400 Client Error: Bad Request for url: https://login.microsoftonline.com/").retryable)

    def test_one_code_of_several_causes_is_told_apart_by_stable_words(self):
        self.assertCauses([
            # Words in another language, or none
            ("535 5.7.139 Die Authentifizierung ist fehlgeschlagen", "conditional_access"),
            ("535 5.7.139 L'authentification a échoué, SmtpClientAuthentication est désactivé", "smtp_auth_disabled_tenant"),
            ("535 5.7.139 SmtpClientAuthentication ist für das Postfach (Mailbox) deaktiviert", "smtp_auth_disabled_mailbox"),
            ("535 5.7.139 Échec. Visitez https://aka.ms/smtp_auth_disabled", "smtp_auth_disabled_tenant"),
            ("The mailbox can't sign in: 535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.", "smtp_auth_disabled_tenant"),
            ("550 5.2.252 Absender gedrosselt", "penalty_box"),
            ("554 5.2.252 Senden verweigert", "send_as_denied"),
            ("5.2.252 Senden verweigert", "send_as_denied"),
            ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Fehler", "daily_recipient_limit"),
            ("554 5.2.0 STOREDRV.Submission.Exception:Anything", "unknown"),
            ("550 5.4.1 Zugriff verweigert", "recipient_unknown"),
            ("550 5.7.64 Zugriff verweigert", "relay_denied"),
            ("550 5.1.8 Zugriff verweigert", "sender_restricted"),
            ("501 5.1.8 Domain of sender address does not resolve", "unregistered_domain"),
            ("421 4.4.2 Zu schnell", "rate_limited"),
            ("421 4.4.2 Connection dropped due to ConnectionReset", "connection_lost"),
            ("432 4.3.2 Zu viele Verbindungen", "concurrent_connections"),
            ("421 4.3.2 Dienst nicht verfügbar", "server_busy"),
            ("554 5.2.2 Postfach voll", "mailbox_full"),
            ("451 4.7.0 Vorübergehender Fehler", "server_busy"),
            # The innermost reason
            ("530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.3 Authentication unsuccessful", "oauth_rejected"),
            # Servers that give no enhanced status code, or RFC 4954's and 3207's
            ("535 Authentication credentials invalid", "bad_credentials"),
            ("535 5.7.8 Error: authentication failed", "bad_credentials"),
            ("454 Temporary authentication failure", "server_busy"),
            ("530 5.7.0 Authentication required", "not_authenticated"),
            ("530 5.7.0 Must issue a STARTTLS command first", "tls_version"),
            ("552 Message size exceeds fixed limit", "message_too_large"),
            ("552 Mailbox full", "recipient_restricted"),
            ("501 5.5.4 Invalid domain name", "bad_helo"),
            ("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus", "ip_reputation"),
            ("550 5.7.1 Unable to relay", "relay_denied"),
            # Names alone
            ("STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", "send_as_denied"),
            ("STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "daily_recipient_limit"),
            ("STOREDRV.Submission.Exception:QuotaExceededException", "mailbox_full"),
            ("OutboundSpamException", "spam_rejected"),
        ])

    def test_replies_of_several_lines_are_one(self):
        wire = ("535-5.7.139 Authentication unsuccessful, user is locked by your organization's security\r\n"
                "535 5.7.139 defaults policy. Contact your administrator.\r\n")
        smtplib_words = wire.replace("535-", "").replace("535 ", "").strip().replace("\r", "").encode()
        self.assertCauses([
            (said, "security_defaults") for said in (
                wire, wire.encode(), wire.replace("\r", ""), repr(wire.encode()), f"  {wire}", wire.replace(" ", "  "), wire.upper(),
                smtplib.SMTPAuthenticationError(535, smtplib_words), (535, smtplib_words), str((535, smtplib_words)),
                bytearray(wire.encode()), memoryview(wire.encode()), ("Grüße: " + wire).encode("latin-1"),
            )
        ])

    def test_where_exchange_says_the_code_in_a_report(self):
        self.assertCauses([
            ("Remote Server returned '550 5.7.520 Access denied, Your organization does not allow external forwarding.'",
             "forwarding_blocked"),
            ("host.example #<host.example #5.7.64 smtp;550 5.7.64 TenantAttribution> #SMTP#", "relay_denied"),
            ("Status: 5.1.10", "recipient_unknown"),
            ("Diagnostic-Code: smtp;550 5.4.1 Recipient address rejected", "recipient_unknown"),
            ("Der Server meldet den Fehler 5.7.60.", "send_as_denied"),
            ("Erreur : 5.7.60 refusé", "send_as_denied"),
        ])

    def test_numbers_that_only_look_like_codes_are_none(self):
        for text in (
            "connect to 5.7.139.12 failed", "from [4.7.66.5]", "IP: 5.7.139.1", "10.5.7.139", "Postfix 5.7.3", "Exim 4.7.0", "msal/5.7.3",
            "version 5.7.139", "Version: 5.7.139 of the client", "Hostname=5.7.139 x", "Hostname: 5.7.139 x", "<5.7.139@mail.example>",
            "Message-ID: 5.7.139@mail.example", "Message-ID: 5.7.139 x", "5.7.139.example", "a5.7.139", "5.7.1391", "15.7.139",
            "5.7.139-beta", "v5.7.139", "InternalId=535 x", "port: 550 x", "4.12.2026", "HTTP status: 535 x", "15350 x", "user 5.7.139",
            "5350 x", "[Hostname=AM0PR5.7.139.outlook.example]", "5.7.139/2", "fe80::5.7.139", "timestamp 4.7.66", "465 x",
        ):
            with self.subTest(text):
                self.assertEqual(smtp_codes(text), ([], []))
                self.assertEqual(diagnose(text).cause, "unknown")
                self.assertFalse(diagnose(text).retryable)
        text = "421 mail.contoso.example ESMTP Postfix 5.7.139 [5.7.66.1] ready <4.7.66@x> Hostname=5.7.3"
        self.assertEqual(smtp_codes(text), (["421"], []))
        self.assertEqual(diagnose(text).cause, "server_busy")

    def test_words_in_addresses_mean_nothing(self):
        self.assertCauses([
            ("535 5.7.139 Non. SmtpClientAuthentication [mailbox@contoso.example]", "smtp_auth_disabled_tenant"),
            ("550 <SendAsDenied@contoso.example> rejected", "unknown"),
        ])

    def test_exceptions_of_the_network(self):
        untrusted = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch")
        table = [
            (socket.gaierror(-2, "Name or service not known"), "name_not_resolved"),
            (socket.gaierror(-3, "Temporärer Fehler bei der Namensauflösung"), "name_not_resolved"),
            (ConnectionRefusedError(111, "Verbindungsaufbau abgelehnt"), "connection_refused"),
            (OSError(113, "No route to host"), "connection_refused"),
            (TimeoutError("timed out"), "timeout"),
            (TimeoutError(), "timeout"),
            (ConnectionResetError(104, "Die Verbindung wurde zurückgesetzt"), "connection_lost"),
            (BrokenPipeError(32, "Broken pipe"), "connection_lost"),
            (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "connection_lost"),
            (smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out"), "timeout"),
            (smtplib.SMTPServerDisconnected("please run connect() first"), "connection_lost"),
            (smtplib.SMTPConnectError(-1, "x"), "unknown"),
            (smtplib.SMTPConnectError(421, b"4.3.2 Service not available"), "server_busy"),
            (smtplib.SMTPHeloError(501, b"nein"), "bad_helo"),
            (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."), "unknown_mechanism"),
            (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "tls_version"),
            (imaplib.IMAP4.abort("socket error: EOF"), "connection_lost"),
            (imaplib.IMAP4.abort("command: FETCH => Request is throttled. Suggested Backoff Time: 1 milliseconds"), "imap_throttled"),
            (imaplib.IMAP4.readonly("INBOX is not writable"), "mailbox_access_missing"),
            (imaplib.IMAP4.error(b"AUTHENTICATE failed."), "imap_auth_failed"),
            (imaplib.IMAP4.error("b'LOGIN failed.'"), "imap_auth_failed"),
            (imaplib.IMAP4.error("SELECT command error: BAD [b'User is authenticated but not connected.']"), "mailbox_access_missing"),
            ([b"AUTHENTICATE failed."], "imap_auth_failed"),
            (poplib.error_proto(b"-ERR Logon failure: unknown user name or bad password."), "imap_auth_failed"),
            (poplib.error_proto("-ERR EOF"), "connection_lost"),
            (poplib.error_proto("-ERR [SYS/TEMP] authentication failed, try later"), "server_busy"),
            (untrusted, "certificate_untrusted"),
            (CertificateRefused("Das Zertifikat ist nicht vertrauenswürdig."), "certificate_untrusted"),
            (ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version"), "tls_version"),
            (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls_version"),
            (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "connection_lost"),
            (ssl.SSLError(1, "[SSL] record layer failure"), "connection_lost"),
            ("[Errno -3] Temporary failure in name resolution", "name_not_resolved"),
            ("[Errno 111] Connection refused", "connection_refused"),
            # Chains
            (chained(ValueError("no mail today"), TimeoutError()), "timeout"),
            (chained(ValueError("no mail today"), TimeoutError(), explicit=False), "timeout"),
            (chained(RuntimeError(), chained(RuntimeError(), untrusted)), "certificate_untrusted"),
            (chained(smtplib.SMTPDataError(DENIED.code, DENIED.text.encode()), TimeoutError(), explicit=False), "send_as_denied"),
            (Exception("Unable to connect to SMTP Server", smtplib.SMTPAuthenticationError(TENANT.code, TENANT.text.encode())),
             "smtp_auth_disabled_tenant"),
            (Exception("Unable to connect to SMTP Server", TimeoutError()), "timeout"),
            (SmtpSignInRefused(535, b"5.7.3 nein", "Der Server lehnt ab."), "oauth_rejected"),
        ]
        self.assertCauses(table)
        hidden = chained(ValueError("no mail today"), TimeoutError(), explicit=False)
        hidden.__suppress_context__ = True
        self.assertCauses([(hidden, "unknown")])

    def test_of_several_recipients_one_that_may_still_be_reached_is_reason_to_try_again(self):
        unknown, later = (550, b"5.1.10 not found"), (451, b"4.7.500 Server busy")
        self.assertCauses([
            (smtplib.SMTPRecipientsRefused({"a@x.example": unknown, "b@x.example": later}), "greylisted"),
            ({"a@x.example": unknown, "b@x.example": (550, b"nein")}, "recipient_unknown"),
            ({"a@x.example": (550, b"nein")}, "unknown"),
            (smtplib.SMTPRecipientsRefused({}), "unknown"),
        ])

    def test_protocol_leaves_out_what_only_others_say(self):
        table = {
            "535 5.7.139 nein": {"smtp": "conditional_access", None: "conditional_access"},
            "NO AUTHENTICATE failed.": {"imap": "imap_auth_failed", "pop": "imap_auth_failed", None: "imap_auth_failed"},
            "invalid_client": {"entra": "entra_secret_invalid", None: "entra_secret_invalid"},
            "AADSTS7000222: x": dict.fromkeys(("smtp", "imap", "pop", "entra", None), "entra_secret_expired"),
            "timed out": dict.fromkeys(("smtp", "imap", "pop", "entra", "tls", None), "timeout"),
            "CERTIFICATE_VERIFY_FAILED": dict.fromkeys(("smtp", "imap", "pop", "entra", "tls", None), "certificate_untrusted"),
            "550 5.7.1 Authentication failed": {"imap": "imap_auth_failed", "pop": "imap_auth_failed"},
        }
        for text, causes in table.items():
            for protocol in ("smtp", "imap", "pop", "entra", "tls", None):
                with self.subTest(text, protocol=protocol):
                    self.assertEqual(diagnose(text, protocol=protocol).cause, causes.get(protocol, "unknown"))

    def test_an_unknown_answer_is_worth_another_try_if_its_code_says_so(self):
        table = {
            "450 Requested action not taken": True, "451 4.9.9 x": True, "4.9.9 x": True, "550 x": False, "5.9.9 x": False, "x": False,
            "(450, b'x')": True, "550 4.9.9 x": False, "4.4.7 Message expired": False, "421 5.9.9 x": True,
        }
        for text, expected in table.items():
            with self.subTest(text):
                self.assertIs(diagnose(text).retryable, expected)
        self.assertTrue(diagnose(chained(ValueError(), smtplib.SMTPDataError(450, b"x"))).retryable)
        self.assertFalse(diagnose("450 x", protocol="entra").retryable, "4xx of HTTP is permanent")

    def test_how_long_to_wait(self):
        table = [
            ("BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds", 300),
            (b"NO Request is throttled. Suggested Backoff Time: 1 milliseconds", 1),
            ("NO Request is throttled. Suggested Backoff Time: 0 milliseconds", 1),
            ("NO Request is throttled. Suggested Backoff Time: 999999999999 milliseconds", 86400),
            ("NO Request is throttled.", 300),
            ("AADSTS90055: too many requests. Retry-After: 17", 17),
            ("AADSTS90055: too many requests. {'Retry-After': '17'}", 17),
            ({"error": "temporarily_unavailable", "retry_after": 40}, 40),
            ("AADSTS90055: too many requests", 300),
            ("AADSTS90033: service unavailable", None),
            ("AADSTS7000222: expired. Retry-After: 17", None),
            (replies.S554_5_2_0_DAILY_QUOTA, 3600),
            (replies.S421_4_4_2_RATE_LIMITED, 60),
            (replies.S550_5_2_252_PENALTY_SEND_AS, None),
            (replies.S421_4_3_2_SERVICE_NOT_ACTIVE, None),
        ]
        for text, seconds in table:
            with self.subTest(text=text):
                self.assertEqual(diagnose(str(text) if isinstance(text, replies.Reply) else text).retry_after, seconds)

    def test_it_never_raises(self):
        loop = ValueError()
        loop.__context__ = chained(KeyError(), loop)
        nested = []
        nested.append(nested)
        odd = [
            "", b"", None, 0, 535, -1, True, 1.5, object(), [], (), {}, (535,), (None, None), (535, None), [None, b"x"], {"error": None},
            {"error": object(), "error_codes": "x"}, {"error": "x", "error_codes": [object()]}, {None: None}, b"\xff\xfe\x00", "\x00\ud800",
            loop, nested, {"a": {"b": nested}}, Unprintable(), ValueError(Unprintable()), KeyboardInterrupt(), Exception,
            smtplib.SMTPRecipientsRefused(None), smtplib.SMTPRecipientsRefused({"a": None}), smtplib.SMTPDataError(None, None),
            smtplib.SMTPDataError(535, None), UnicodeDecodeError("utf-8", b"x", 0, 1, "y"), "%s %(x)s {0} \\", "5." * 99, "\u0130" * 99,
        ]
        for said in odd:
            for protocol in (None, "smtp", "imap", "pop", "entra", "tls", "fax"):
                with self.subTest(repr(type(said)), protocol=protocol):
                    diagnosis = diagnose(said, protocol=protocol)
                    self.assertIn(diagnosis.cause, TOPIC_OF)
                    self.assertTrue(diagnosis.remedy)
        for said in ("", b"", None, {}, (), [], object(), Exception()):
            self.assertEqual((diagnose(said).cause, diagnose(said).retryable, diagnose(said).retry_after), ("unknown", False, None))

    @slow
    def test_a_text_of_a_megabyte_takes_no_time(self):
        parts = ("a", "5.7.139 ", "535 5.7.139 ", "x@", "\n", " ", "550-", "AADSTS", "retry after ", "backoff time: 1", "'\"", "1", "5.",
                 "error: ", "\u00df", "http status ", "a.", "\\n", "x@y ")
        for part in parts:
            text = part * (2**20 // len(part))
            for said in (text, text.encode(), ValueError(text), (535, text.encode()), [text.encode()], {"error": text}):
                with self.subTest(part, kind=type(said).__name__):
                    start = time.thread_time()
                    diagnose(said)
                    self.assertLess(time.thread_time() - start, 1)
        self.assertEqual(diagnose("x " * 2**19 + "\n" + str(TENANT)).cause, "smtp_auth_disabled_tenant")
        self.assertEqual(diagnose(str(TENANT) + "\n" + "x " * 2**19).cause, "smtp_auth_disabled_tenant")
