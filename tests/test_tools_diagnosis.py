import imaplib
import poplib
import smtplib
import socket
import ssl
import time

from odoo.tests import BaseCase, tagged

from ..tools.causes import TOPIC_OF
from ..tools.diagnosis import diagnose, smtp_codes
from ..tools.errors import CertificateRefused, SmtpSignInRefused
from .servers import replies

# Name in tests/servers/replies.py, up to what tells replies of one cause apart -> cause.
CATALOGUE = {
    "S421_4_3_2_": "server_busy",
    "S421_4_4_2_RATE_LIMITED": "rate_limited",
    "S421_4_7_66_": "tls_version",
    "S421_5_7_67_": "tls_version",
    "S430_4_2_0_MAILBOX_LOGON_FAILURE": "mailbox_access_missing",
    "S432_4_3_2_CONCURRENT_CONNECTIONS": "concurrent_connections",
    "S432_4_3_2_SENDER_THREADS": "concurrent_connections",
    "S432_4_3_2_RECIPIENT_BUSY": "recipient_busy",
    "S451_4_7_0_PROXY_ERROR": "server_busy",
    "S451_4_7_0_TIMEOUT": "timeout",
    "S451_4_7_500_": "greylisted",
    "S451_4_7_650_": "greylisted",
    "S451_4_7_850_": "greylisted",
    "S452_4_5_3_": "too_many_recipients",
    "S454_4_7_0_TEMPORARY_AUTH_FAILURE": "server_busy",
    "S500_5_3_3_": "unknown",
    "S501_5_1_3_": "recipient_unknown",
    "S501_5_1_7_": "invalid_from_header",
    "S501_5_5_121_": "oauth_rejected",
    "S501_5_5_2_": "unknown",
    "S501_5_5_4_": "unknown",
    "S501_5_7_0_": "unknown",
    "S503_5_5_0_IMPROPER_PIPELINING": "unknown",
    "S503_5_5_2_": "unknown",
    "S503_5_5_2_SEND_HELLO_FIRST": "hello_missing",
    "S504_5_7_4_": "unknown_mechanism",
    "S530_5_7_57_NOT_AUTHENTICATED": "not_authenticated",
    "S530_5_7_57_NOT_AUTHENTICATED_535": "smtp_auth_disabled_tenant",
    "S535_5_7_139_BAD_CREDENTIALS": "bad_credentials",
    "S535_5_7_139_BASIC_AUTH_DISABLED": "basic_auth_retired",
    "S535_5_7_139_CONDITIONAL_ACCESS": "conditional_access",
    "S535_5_7_139_FEDERATION_": "federation_unreachable",
    "S535_5_7_139_SECURITY_DEFAULTS": "security_defaults",
    "S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX": "smtp_auth_disabled_mailbox",
    "S535_5_7_139_SMTP_AUTH_DISABLED_TENANT": "smtp_auth_disabled_tenant",
    "S535_5_7_142_": "token_expired",
    "S535_5_7_143_": "token_expired",
    "S535_5_7_144_": "entra_permission_missing",
    "S535_5_7_3_": "oauth_rejected",
    "S550_4_4_62_": "relay_denied",
    "S550_4_4_7_": "unknown",
    "S550_5_1_10_": "recipient_unknown",
    "S550_5_1_1_": "recipient_unknown",
    "S550_5_1_20_": "invalid_from_header",
    "S550_5_1_8_": "sender_restricted",
    "S550_5_2_121_": "recipient_busy",
    "S550_5_2_122_": "recipient_busy",
    "S550_5_2_25": "penalty_box",
    "S550_5_4_1_RECIPIENT_ACCESS_DENIED": "recipient_unknown",
    "S550_5_4_1_RELAY_ACCESS_DENIED": "relay_denied",
    "S550_5_4_300_": "unknown",
    "S550_5_4_6_": "routing_loop",
    "S550_5_5_105_": "hve_internal_only",
    "S550_5_6_11_": "unknown",
    "S550_5_6_7_": "unknown",
    "S550_5_7_124_": "recipient_restricted",
    "S550_5_7_134_": "recipient_restricted",
    "S550_5_7_233_": "tenant_recipient_limit",
    "S550_5_7_236_": "onmicrosoft_limit",
    "S550_5_7_23_": "sender_authentication_failed",
    "S550_5_7_240_": "mailbox_access_missing",
    "S550_5_7_30_": "basic_auth_retired",
    "S550_5_7_501_": "sender_banned",
    "S550_5_7_502_": "sender_banned",
    "S550_5_7_506_": "bad_helo",
    "S550_5_7_509_": "sender_authentication_failed",
    "S550_5_7_511_": "ip_reputation",
    "S550_5_7_512_": "invalid_from_header",
    "S550_5_7_51_": "relay_denied",
    "S550_5_7_520_": "forwarding_blocked",
    "S550_5_7_54_": "relay_denied",
    "S550_5_7_606_": "ip_reputation",
    "S550_5_7_60_": "send_as_denied",
    "S550_5_7_64_": "relay_denied",
    "S550_5_7_68_": "direct_send_rejected",
    "S550_5_7_703_": "recipient_restricted",
    "S550_5_7_705_": "tenant_blocked",
    "S550_5_7_708_": "ip_reputation",
    "S550_5_7_750_": "unregistered_domain",
    "S552_5_3_4_": "message_too_large",
    "S554_5_1_90_": "daily_recipient_limit",
    "S554_5_2_0_DAILY_QUOTA": "daily_recipient_limit",
    "S554_5_2_0_OUTBOUND_SPAM": "spam_rejected",
    "S554_5_2_0_SEND_AS_DENIED": "send_as_denied",
    "S554_5_2_252_": "send_as_denied",
    "S554_5_2_2_DAILY_QUOTA": "daily_recipient_limit",
    "S554_5_2_2_MAILBOX_FULL": "mailbox_full",
    "S554_5_4_14_": "routing_loop",
    "S554_5_6_0_INTERNAL_ERROR": "unknown",
    "IMAP_AUTHENTICATE_FAILED": "imap_auth_failed",
    "IMAP_BYE_14": "connection_lost",
    "IMAP_INVALID_STATE": "unknown",
    "IMAP_NOT_CONNECTED": "mailbox_access_missing",
    "IMAP_THROTTLED": "imap_throttled",
    "IMAP_UNAVAILABLE": "server_busy",
    "POP_AUTHENTICATION_FAILURE": "imap_auth_failed",
    "POP_UNAVAILABLE": "server_busy",
}

# Rows of the Exchange reference whose code or words the catalogue above does not have.
REFERENCE = [
    (4, "5.7.67 TLS 1.0 and 1.1 not supported by your organization", "tls_version"),
    (7, "451 4.7.0 Temporary server error. Please try again later. PRX2", "server_busy"),
    (7, "451 4.7.0 Temporary server error. Please try again later. PRX5", "server_busy"),
    (11, "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", "not_authenticated"),
    (22, "501 5.5.126 Invalid XOAUTH2 argument", "oauth_rejected"),
    (40, "550 5.7.503 Access denied, banned sender", "sender_banned"),
    (50, "451 4.7.500 Access denied, please try again later. (AS761)", "greylisted"),
    (50, "451 4.7.699 Access denied, please try again later. (AS780)", "greylisted"),
    (51, "451 4.7.899 Access denied, please try again later", "greylisted"),
    (54, "4.4.62 Mail sent to the wrong Office 365 region. ATTR35", "relay_denied"),
    (57, "5.7.51 TenantInboundAttribution; Rejecting", "relay_denied"),
    (61, "550 5.1.10 Recipient not found", "recipient_unknown"),
    (63, "5.4.6 Routing loop detected", "routing_loop"),
    (64, "550 5.7.12 Sender was not authenticated by organization", "recipient_restricted"),
    (64, "550 5.7.133 Sender not authenticated for group", "recipient_restricted"),
    (64, "550 5.7.136 Sender was not authenticated", "recipient_restricted"),
    (68, "5.7.506 Bad HELO", "bad_helo"),
    (69, "550 5.7.649 Access denied, banned sending IP", "ip_reputation"),
    (70, "4.4.7 Message expired", "unknown"),
]

# Rows 77 to 106: number of Microsoft Entra -> cause.
ENTRA = {
    "entra_user_unknown": (50034,),
    "entra_bad_password": (50126, 50056, 50064, 50055, 50144),
    "entra_user_blocked": (50053, 50057, 50105),
    "entra_mfa_required": (50076, 50079, 50072, 50074, 50078),
    "entra_redirect_mismatch": (50011, 900971, 500112),
    "entra_grant_expired": (50173, 50132, 50133, 70008, 700082, 70043, 70000, 54005, 700005),
    "entra_conditional_access": (53003, 53000, 53001, 53002, 530032),
    "security_defaults": (530035,),
    "entra_consent_missing": (65001, 90094, 65004),
    "entra_permission_missing": (650052, 650056, 650057),
    "entra_scope_invalid": (500011, 50001, 70011, 28002, 700022, 28000),
    "entra_app_unknown": (700016, 700011, 70001, 7000112),
    "entra_secret_invalid": (7000215, 70002, 7000218),
    "entra_secret_expired": (7000222,),
    "entra_certificate_invalid": (700027, 50012, 700030, 700021, 700023),
    "entra_public_client": (700025,),
    "entra_tenant_unknown": (90002, 50059, 50128, 900023),
    "entra_wrong_cloud": (90038, 900382, 900432),
    "entra_single_tenant": (50194, 9001023, 90124),
    "entra_throttled": (90055, 50196),
    "entra_unavailable": (90033, 90006, 90012, 90024, 50033, 50087, 90090),
}

# RFC 6749 "error", for numbers that are not known.
OAUTH = {
    "invalid_client": "entra_secret_invalid", "unauthorized_client": "entra_app_unknown", "invalid_grant": "entra_grant_expired",
    "interaction_required": "entra_grant_expired", "login_required": "entra_grant_expired", "invalid_scope": "entra_scope_invalid",
    "invalid_resource": "entra_scope_invalid", "consent_required": "entra_consent_missing", "access_denied": "entra_consent_missing",
    "temporarily_unavailable": "entra_unavailable", "server_error": "entra_unavailable", "slow_down": "entra_throttled",
    "invalid_request": "unknown",
}

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


def catalogued():
    """Yield name and text of every refusal of the local servers."""
    yield from ((name, str(reply)) for name, reply in replies.ALL.items() if not reply.positive)
    yield from ((name, text) for name, text in vars(replies).items() if name.startswith(("IMAP_", "POP_")))


def expected_of(name):
    """Return the cause of a name of the catalogue: that of its longest beginning."""
    return CATALOGUE.get(max((start for start in CATALOGUE if name.startswith(start)), key=len, default=""))


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@tagged("post_install", "-at_install")
class TestDiagnosis(BaseCase):

    def assertCauses(self, table, **options):
        for text, cause in table:
            with self.subTest(str(text)[:120], **options):
                self.assertEqual(diagnose(text, **options).cause, cause)

    def test_every_reply_of_the_local_servers_has_its_cause(self):
        for name, text in catalogued():
            protocol = name.partition("_")[0].lower() if name.startswith(("IMAP_", "POP_")) else "smtp"
            with self.subTest(name):
                self.assertIsNotNone(expected_of(name), f"{name} is a new reply: say in CATALOGUE what it means")
                self.assertEqual(diagnose(text).cause, expected_of(name))
                self.assertEqual(diagnose(text.encode(), protocol=protocol).cause, expected_of(name))

    def test_an_exception_of_smtplib_means_the_same_as_its_text(self):
        for name, reply in replies.ALL.items():
            if reply.positive:
                continue
            words = reply.text.encode()
            for error in (
                smtplib.SMTPDataError(reply.code, words),
                smtplib.SMTPAuthenticationError(reply.code, words),
                smtplib.SMTPSenderRefused(reply.code, words, "a@contoso.example"),
                smtplib.SMTPRecipientsRefused({"x@fabrikam.example": (reply.code, words)}),
                (reply.code, words),
                repr((reply.code, words)),
                f"Mail delivery failed via SMTP server 'smtp.office365.com'.\nSMTPDataError: {(reply.code, words)}",
                f"Die Zustellung ist fehlgeschlagen: {reply} (Vorgang 4711)",
            ):
                with self.subTest(name, error=str(error)[:40]):
                    # Without words of its own, the class of an exception says what was asked for.
                    generic = {"unknown", "bad_credentials"} if isinstance(error, smtplib.SMTPAuthenticationError) else {"unknown"}
                    cause, expected = diagnose(error).cause, expected_of(name)
                    self.assertIn(cause, generic if expected == "unknown" else {expected})

    def test_every_row_of_the_reference(self):
        for row, text, cause in REFERENCE:
            with self.subTest(row=row, text=text):
                self.assertEqual(diagnose(text).cause, cause)

    def test_every_number_of_entra(self):
        for cause, numbers in ENTRA.items():
            for number in numbers:
                text = f"AADSTS{number}: Something happened. Trace ID: 5.7.3 Correlation ID: 535 5.7.139 Timestamp: 2026-11-22 10:00:00Z"
                msal = {"error": "invalid_grant", "error_description": text, "error_codes": [number], "trace_id": "550 5.7.1"}
                for said in (
                    text, text.encode(), msal, {**msal, "error_description": "Etwas ist passiert."}, str(msal), ValueError(msal),
                    f'{{"error":"invalid_client","error_description":"{text}"}}',
                ):
                    with self.subTest(number, said=str(said)[:60]):
                        self.assertEqual(diagnose(said, protocol="entra").cause, cause)
                with self.subTest(number):
                    self.assertEqual(diagnose(msal).cause, cause)
                    self.assertEqual(diagnose(f"AADSTS{number}1234", protocol="entra").cause, "unknown")

    def test_of_an_unknown_number_of_entra_the_oauth_error_decides(self):
        for error, cause in OAUTH.items():
            for number in ("", "AADSTS9999999: "):
                with self.subTest(error, number=number):
                    self.assertEqual(diagnose({"error": error, "error_description": f"{number}New."}).cause, cause)
                    self.assertEqual(diagnose(f'{{"error":"{error}","error_description":"{number}New."}}').cause, cause)
        self.assertIn("login.microsoftonline.com/error", diagnose("AADSTS9999999: New.").remedy)

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
            ("552 Mailbox full", "mailbox_full"),
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

    def test_a_text_of_a_megabyte_takes_no_time(self):
        parts = ("a", "5.7.139 ", "535 5.7.139 ", "x@", "\n", " ", "550-", "AADSTS", "retry after ", "backoff time: 1", "'\"", "1", "5.",
                 "error: ", "\u00df", "http status ", "a.", "\\n", "x@y ")
        for part in parts:
            text = part * (2**20 // len(part))
            for said in (text, text.encode(), ValueError(text), (535, text.encode()), [text.encode()], {"error": text}):
                with self.subTest(part, kind=type(said).__name__):
                    start = time.perf_counter()
                    diagnose(said)
                    self.assertLess(time.perf_counter() - start, 1)
        self.assertEqual(diagnose("x " * 2**19 + "\n" + str(TENANT)).cause, "smtp_auth_disabled_tenant")
        self.assertEqual(diagnose(str(TENANT) + "\n" + "x " * 2**19).cause, "smtp_auth_disabled_tenant")
