"""Texts of their kind: what Exchange reports, what other servers say at RCPT and DATA or through Exchange, what breaks below."""

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import diagnose

# What is said, its cause, whether it is tried again.
TEXTS = [
    # Exchange ndr codes
    ("550 5.1.4 RESOLVER.ADR.Ambiguous; ambiguous address", "recipient_unknown", False),
    ("550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 5.1.1 <kim@fabrikam.example>:"
     " Recipient address rejected: User unknown",
     "recipient_unknown", False),
    ("550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 554 5.7.1 Connection"
     " refused",
     "recipient_unknown", False),
    ("550 5.4.316 Message expired, connection refused(Socket error code 10061)", "unknown", False),
    ("550 5.4.317 Message expired, cannot connect to remote server(UntrustedRoot)", "unknown", False),
    ("450 4.4.317 Cannot establish session with remote server [Message=UntrustedRoot]", "unknown", True),
    ("450 4.4.318 Connection was closed abruptly (SuspiciousRemoteServerError)", "unknown", True),
    ("450 4.7.320 Certificate validation failed [Message=UntrustedRoot]", "unknown", True),
    ("450 4.4.312 DNS query failed [Message=DnsDomainDoesNotExist]", "unknown", True),
    ("550 5.4.310 DNS domain fabrikam.example does not exist [Message=InfoDomainNonexistent]", "recipient_unknown", False),
    ("550 5.0.350 Remote server returned an error -> 554 5.7.1 Message rejected as spam", "unknown", False),
    ("550 5.7.350 Remote server returned message detected as spam -> 554 5.7.1 rejected", "spam_rejected", False),
    ("550 5.7.368 Remote server returned authentication required to relay -> 530 5.7.1 Authentication"
     " required",
     "recipient_restricted", False),
    ("550 5.7.193 UnifiedGroupAgent; Delivery failed because the sender isn't a group member", "recipient_restricted", False),
    ("550 5.7.507 Access denied, rejected by recipient", "recipient_restricted", False),
    ("550 5.7.508 Access denied, [2001:db8::1] has exceeded permitted limits within ::/64 range", "ip_reputation", False),
    ("550 5.7.513 Service unavailable, Client host [192.0.2.1] blocked by fabrikam.example using Customer Block list"
     " (AS16012607)",
     "ip_reputation", False),
    ("451 4.7.700 PFA agent busy, please try again without simultaneous connections", "server_busy", True),
    ("550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit", "tenant_recipient_limit", True),
    ("450 4.7.323 tlsa-invalid: The domain failed DANE validation", "unknown", True),
    ("550 5.7.322 certificate-expired: Destination mail server's certificate is expired.", "unknown", False),
    ("550 5.3.190 Journaling on-premises messages to Microsoft 365 not supported", "unknown", False),
    ("550 5.2.14 RESOLVER.FWD.NotFound; misconfigured forwarding address", "recipient_unknown", False),
    ("550 5.4.7 Delivery expired (message too old)", "unknown", False),
    ("550 5.6.0 M2MCVT.StorageError; storage error in content conversion", "unknown", False),
    ("554 5.6.0 Invalid message content", "unknown", False),
    ("550 5.7.700 Access denied, tenant has exceeded threshold", "tenant_blocked", False),
    # Whose mailbox is full, which connection failed
    ("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded",
     "recipient_restricted", False),
    ("554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", "mailbox_full", False),
    ('451 4.4.0 Primary target IP address responded with: "421 4.2.1 Unable to connect."', "unknown", True),
    ("530 5.7.0 Must issue STARTTLS first", "tls_version", False),
    ("SSL: no alternative certificate subject name matches target host name 'smtp.office365.com'", "certificate_untrusted", False),
    # Other servers
    ("550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the"
     " recipient's email address",
     "recipient_unknown", False),
    ("550 No such user here", "recipient_unknown", False),
    ("550 Unrouteable address", "recipient_unknown", False),
    ("550 Requested action not taken: mailbox unavailable", "recipient_unknown", False),
    ("550 5.2.1 The email account that you tried to reach is disabled", "recipient_restricted", False),
    ("452-4.2.2 The email account that you tried to reach is over quota", "recipient_busy", True),
    ("552-5.2.2 The email account that you tried to reach is over quota", "recipient_restricted", False),
    ("552 Requested mail action aborted: exceeded storage allocation", "recipient_restricted", False),
    ("552 5.7.0 This message was blocked because its content presents a potential security issue", "spam_rejected", False),
    ("421-4.7.0 [192.0.2.1      15] Our system has detected an unusual rate of unsolicited mail originating from your IP"
     " address.",
     "ip_reputation", True),
    ("550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail.", "spam_rejected", False),
    ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "sender_authentication_failed", False),
    ("550-5.7.1 Unauthenticated email from contoso.example is not accepted due to domain's DMARC"
     " policy",
     "sender_authentication_failed", False),
    ("550 SPF check failed", "sender_authentication_failed", False),
    ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "ip_reputation", False),
    ("554-mx.fabrikam.example Your access to this mail system has been rejected due to the sending MTA's poor"
     " reputation",
     "ip_reputation", False),
    ("450 4.7.1 <host.contoso.example>: Helo command rejected: Host not found", "bad_helo", True),
    ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "ip_reputation", True),
    ("450 4.2.0 <kim@fabrikam.example>: Recipient address rejected: Greylisted, see http://postgrey.example", "greylisted", True),
    ("451 4.7.1 Greylisting in action, please come back in 00:05:00", "greylisted", True),
    ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", "server_busy", True),
    ("421 too many connections from 192.0.2.1", "concurrent_connections", True),
    ("450 4.1.8 <erp@contoso.example>: Sender address rejected: Domain not found", "unregistered_domain", True),
    ("550 5.1.8 <erp@contoso.example>: Sender address rejected: Domain not found", "unregistered_domain", False),
    ("553 5.7.1 <erp@contoso.example>: Sender address rejected: not logged in", "not_authenticated", False),
    ("554 5.7.1 <erp@contoso.example>: Sender address rejected: Access denied", "sender_banned", False),
    ("550 5.1.0 Sender denied", "sender_banned", False),
    ("554 5.4.0 Error: too many hops", "routing_loop", False),
    ("554 5.4.6 Too many hops", "routing_loop", False),
    ("501 5.5.4 Syntax: EHLO hostname", "unknown", False),
    ("502 5.5.1 Command not implemented", "unknown", False),
    ("530 Must issue a STARTTLS command first", "tls_version", False),
    ("534 5.7.9 Application-specific password required", "unknown_mechanism", False),
    ("535 Incorrect authentication data", "bad_credentials", False),
    ("525 5.7.13 User account disabled", "recipient_restricted", False),
    ("451 Temporary local problem - please try later", "server_busy", True),
    ("452 4.3.1 Insufficient system storage", "server_busy", True),
    ("550 Message size exceeds maximum permitted", "message_too_large", False),
    ("554 Transaction failed", "unknown", False),
    ("550 nein", "unknown", False),
    ("554 5.7.1 The server closed the connection unexpectedly: timed out policy", "unknown", False),
    ("554 5.3.2 down for maintenance", "unknown", False),
    # Exceptions as texts
    ("[WinError 10060] A connection attempt failed because the connected party did not properly respond", "timeout", True),
    ("[WinError 10061] No connection could be made because the target machine actively refused it", "connection_refused", True),
    ("getaddrinfo ENOTFOUND smtp.office365.com", "name_not_resolved", True),
    ("[Errno 101] Network is unreachable", "connection_refused", True),
    ("_ssl.c:1112: The handshake operation timed out", "timeout", True),
    ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1000)", "tls_version", False),
    ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate"
     " (_ssl.c:1000)",
     "certificate_untrusted", False),
]

# What looks like a row's words, and must not be taken for it.
NEGATIVE = [
    ("501 Syntax error - line too long", "message_too_large"),
    ("550 5.6.0 CAT.InvalidContent.Exception: the quota of something", "recipient_restricted"),
    ("554 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy", "ip_reputation"),
    ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "not_authenticated"),
    ("550 5.7.322 certificate-expired: certificate verify failed at the destination", "certificate_untrusted"),
    ("450 4.4.317 Cannot establish session with remote server [Message=UntrustedRoot]", "certificate_untrusted"),
    ("550 5.3.4 Requested action not taken; We noticed some unusual activity in your account", "message_too_large"),
    ("554 5.2.2 <kim@fabrikam.example> over quota", "mailbox_full"),
    ("450 4.7.3 Organization queue quota exceeded", "recipient_busy"),
    ("550 <blocklist@fabrikam.example> no", "ip_reputation"),
    ("550 <greylist@fabrikam.example> no", "greylisted"),
    ("452 4.2.2 over quota", "mailbox_full"),
    ("553 5.7.1 Sender address rejected: not owned by user", "sender_banned"),
]


@tagged("post_install", "-at_install")
class TestFieldTexts(BaseCase):

    def test_texts_from_the_field_mean_what_their_codes_and_then_their_words_say(self):
        for text, cause, retryable in TEXTS:
            for said in (text, text.encode(), f"The mail could not be sent.\n{text}"):
                with self.subTest(said):
                    diagnosis = diagnose(said)
                    self.assertEqual((diagnosis.cause, diagnosis.retryable), (cause, retryable))

    def test_words_that_mean_something_else_there(self):
        for text, cause in NEGATIVE:
            with self.subTest(text):
                self.assertNotEqual(diagnose(text).cause, cause)

    def test_a_password_that_imap_never_takes_is_no_wrong_password(self):
        said = 'NO AUTHENTICATE failed. [Error="AuthFailed:LogonDenied-BasicAuthBlocked" AuthResultFromPopImapEndpoint=0]'
        self.assertEqual(diagnose(said, protocol="imap").cause, "basic_auth_retired")
        self.assertEqual(diagnose("NO AUTHENTICATE failed.", protocol="imap").cause, "imap_auth_failed")
