"""Every answer that is known means what the tables here say: of the local servers, of the reference, of Microsoft Entra."""

import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import ABOUT_OF
from ..tools.diagnosis.reader import diagnose
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
    "S450_4_7_1_UNABLE_TO_RELAY": "relay_denied",
    "S451_4_7_500_": "greylisted",
    "S451_4_7_650_": "greylisted",
    "S451_4_7_700_": "server_busy",
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
    "S550_5_2_1_MAILBOX_NOT_ACCESSIBLE": "mailbox_access_missing",
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
    "S552_5_2_2_RECIPIENT_FULL": "recipient_restricted",
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
    "S554_5_7_1_BLOCK_LIST": "ip_reputation",
    "IMAP_ARGUMENT_ERROR": "unknown",
    "IMAP_AUTHENTICATE_FAILED": "imap_auth_failed",
    "IMAP_BYE_": "connection_lost",
    "IMAP_INVALID_STATE": "unknown",
    "IMAP_NOT_CONNECTED": "mailbox_access_missing",
    "IMAP_NOT_CONVERTED": "unknown",
    "IMAP_OVERQUOTA": "mailbox_full",
    "IMAP_SERVER_BUSY": "server_busy",
    "IMAP_THROTTLED": "imap_throttled",
    "IMAP_UNAVAILABLE": "server_busy",
    "POP_AUTHENTICATION_FAILURE": "imap_auth_failed",
    "POP_IN_USE": "server_busy",
    "POP_PROTOCOL_ERROR": "unknown",
    "POP_UNAVAILABLE": "server_busy",
}

# Rows of docs/exchange-online.md whose code or words the catalogue above does not have.
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

# RFC 6749 "error", where no number is given.
OAUTH = {
    "invalid_client": "entra_secret_invalid", "unauthorized_client": "entra_app_unknown", "invalid_grant": "entra_grant_expired",
    "interaction_required": "entra_grant_expired", "login_required": "entra_grant_expired", "invalid_scope": "entra_scope_invalid",
    "invalid_resource": "entra_scope_invalid", "consent_required": "entra_consent_missing", "access_denied": "entra_consent_missing",
    "temporarily_unavailable": "entra_unavailable", "server_error": "entra_unavailable", "slow_down": "entra_throttled",
    "invalid_request": "unknown",
}


def catalogued():
    """Yield name and text of every refusal of the local servers."""
    yield from ((name, str(reply)) for name, reply in replies.ALL.items() if not reply.positive)
    yield from ((name, text) for name, text in vars(replies).items() if name.startswith(("IMAP_", "POP_")))


def expected_of(name):
    """Return the cause of a name of the catalogue: that of its longest beginning."""
    return CATALOGUE.get(max((start for start in CATALOGUE if name.startswith(start)), key=len, default=""))


@tagged("post_install", "-at_install")
class TestKnownAnswers(BaseCase):

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
                (reply.code, words),
                repr((reply.code, words)),
                f"Mail delivery failed via SMTP server 'smtp.office365.com'.\nSMTPDataError: {(reply.code, words)}",
                f"Die Zustellung ist fehlgeschlagen: {reply} (Vorgang 4711)",
                *self.at_earlier_stages(reply, words, ABOUT_OF[expected_of(name)]),
            ):
                with self.subTest(name, error=str(error)[:40]):
                    self.assertEqual(diagnose(error).cause, expected_of(name))

    @staticmethod
    def at_earlier_stages(reply, words, about):
        """Yield the exceptions of those stages at which the server can mean it."""
        if about in ("server", "sender"):
            yield smtplib.SMTPAuthenticationError(reply.code, words)
        if about in ("server", "sender", "message"):
            yield smtplib.SMTPSenderRefused(reply.code, words, "a@contoso.example")
        if reply is not replies.S550_5_2_1_MAILBOX_NOT_ACCESSIBLE:  # of whom, the stage says
            yield smtplib.SMTPRecipientsRefused({"x@fabrikam.example": (reply.code, words)})

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

    def test_without_a_number_of_entra_the_oauth_error_decides(self):
        for error, cause in OAUTH.items():
            with self.subTest(error):
                self.assertEqual(diagnose({"error": error, "error_description": "New."}).cause, cause)
                self.assertEqual(diagnose(f'{{"error":"{error}","error_description":"New."}}').cause, cause)
        self.assertIn("login.microsoftonline.com/error", diagnose("AADSTS: New.").remedy)
