"""The one catalogue of what Exchange Online answers, each under a name.

A name says code, enhanced status code and cause: ``S535_5_7_139_SMTP_AUTH_DISABLED_TENANT``. The servers, the
scripted faults and the tests use the names; no reply text is written anywhere else. The number in a comment is the
row of the project's Exchange Online reference (its section 5) the entry comes from, *UV* marks wording that could
not be verified against a document.

Enhanced status codes: RFC 3463. ``{name}`` in a text is filled by :meth:`Reply.fill`.
"""

from __future__ import annotations

import dataclasses
import re

#: Name the servers give themselves in banners and replies (fictitious, in the style of Microsoft's).
HOSTNAME = "TST2P000MB0001.outlook.example"

_UNFILLED = re.compile(r"{(\w+)}")


@dataclasses.dataclass(frozen=True)
class Reply:
    """One SMTP reply: a three-digit code and its text (with the enhanced status code in front)."""

    code: int
    text: str

    def fill(self, **values: str) -> Reply:
        """Return the reply with its ``{name}`` places filled; places without a value stay."""
        return dataclasses.replace(self, text=_UNFILLED.sub(lambda m: values.get(m[1], m[0]), self.text))

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), or an empty string."""
        found = re.match(r"\d\.\d{1,3}\.\d{1,3}(?=[ ;])", self.text)
        return found[0] if found else ""

    @property
    def positive(self) -> bool:
        """Whether the code is 2xx or 3xx."""
        return self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


# --- positive replies -------------------------------------------------------------------------------------------------
S220_READY = Reply(220, f"{HOSTNAME} Microsoft ESMTP MAIL Service ready at {{date}}")  # PRN
S220_2_0_0_STARTTLS = Reply(220, "2.0.0 SMTP server ready")
S221_2_0_0_BYE = Reply(221, "2.0.0 Service closing transmission channel")
S235_2_7_0_AUTHENTICATED = Reply(235, "2.7.0 Authentication successful")  # OAUTH
S250_HELLO = Reply(250, f"{HOSTNAME} Hello [{{peer}}]")
S250_2_0_0_NOOP = Reply(250, "2.0.0 OK")
S250_2_0_0_RESET = Reply(250, "2.0.0 Resetting")
S250_2_0_0_QUEUED = Reply(250, f"2.0.0 OK {{message_id}} [Hostname={HOSTNAME}]")  # EHLO
S250_2_1_0_SENDER_OK = Reply(250, "2.1.0 Sender OK")
S250_2_1_5_RECIPIENT_OK = Reply(250, "2.1.5 Recipient OK")
S250_2_6_0_CHUNK = Reply(250, "2.6.0 CHUNK received OK, {octets} octets")  # RFC 3030 section 4.2
S252_2_1_5_CANNOT_VERIFY = Reply(252, "2.1.5 Cannot VRFY user")
S334_USERNAME = Reply(334, "VXNlcm5hbWU6")  # "Username:", as Exchange prompts
S334_PASSWORD = Reply(334, "UGFzc3dvcmQ6")  # "Password:"
S334_EMPTY = Reply(334, "")  # empty challenge: a client without initial response (RFC 4954 section 4)
S354_START_INPUT = Reply(354, "Start mail input; end with <CRLF>.<CRLF>")

# --- connection and authentication (rows 1 to 26) ---------------------------------------------------------------------
S421_4_3_2_SERVICE_NOT_ACTIVE = Reply(421, "4.3.2 Service not active")  # 1
S421_4_3_2_SERVICE_NOT_AVAILABLE = Reply(421, "4.3.2 Service not available")  # 1
S421_4_4_2_RATE_LIMITED = Reply(  # 2
    421, "4.4.2 Message submission rate for this client has exceeded the configured limit"
)
S421_4_7_66_TLS_VERSION = Reply(
    421,
    "4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support"
    " TLS 1.2. Visit https://aka.ms/smtp_auth_tls.",
)  # 3
S421_5_7_67_TLS_VERSION_ORGANIZATION = Reply(
    421, "5.7.67 TLS 1.0 and 1.1 not supported by your organization"
)  # 4, code UV
S430_4_2_0_MAILBOX_LOGON_FAILURE = Reply(430, "4.2.0 STOREDRV; mailbox logon failure; Cannot open mailbox")  # 5
S432_4_3_2_CONCURRENT_CONNECTIONS = Reply(  # 6
    432,
    "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information."
    f" [Hostname={HOSTNAME}]",
)
S432_4_3_2_SENDER_THREADS = Reply(432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded")  # 6
S451_4_7_0_PROXY_ERROR = Reply(451, "4.7.0 Temporary server error. Please try again later. PRX4")  # 7
S451_4_7_0_TIMEOUT = Reply(451, "4.7.0 Timeout waiting for client input")  # limits table
S454_4_7_0_TEMPORARY_AUTH_FAILURE = Reply(454, "4.7.0 Temporary authentication failure")  # 8
S503_5_5_2_SEND_HELLO_FIRST = Reply(503, "5.5.2 Send hello first")  # 9
S504_5_7_4_UNRECOGNIZED_AUTH = Reply(504, "5.7.4 Unrecognized authentication type")  # 10
S530_5_7_57_NOT_AUTHENTICATED = Reply(530, f"5.7.57 Client not authenticated to send mail. [{HOSTNAME}]")  # 11
S530_5_7_57_NOT_AUTHENTICATED_535 = Reply(  # 11
    530,
    "5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful,"
    f" SmtpClientAuthentication is disabled for the Tenant. [{HOSTNAME}]",
)
S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL = Reply(535, f"5.7.3 Authentication unsuccessful [{HOSTNAME}]")  # 12
S535_5_7_139_SMTP_AUTH_DISABLED_TENANT = Reply(  # 13
    535,
    "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
    f" Visit https://aka.ms/smtp_auth_disabled for more information. [{HOSTNAME}]",
)
S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX = Reply(  # 14
    535,
    "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
    f" Visit https://aka.ms/smtp_auth_disabled for more information. [{HOSTNAME}]",
)
S535_5_7_139_BASIC_AUTH_DISABLED = Reply(  # 15
    535, f"5.7.139 Authentication unsuccessful, basic authentication is disabled. [{HOSTNAME}]"
)
S535_5_7_139_SECURITY_DEFAULTS = Reply(  # 16
    535,
    "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy."
    f" Contact your administrator. [{HOSTNAME}]",
)
S535_5_7_139_CONDITIONAL_ACCESS = Reply(  # 17
    535,
    "5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully."
    f" Contact your administrator. [{HOSTNAME}]",
)
S535_5_7_139_BAD_CREDENTIALS = Reply(  # 18
    535, f"5.7.139 Authentication unsuccessful, the user credentials were incorrect. [{HOSTNAME}]"
)
S535_5_7_139_FEDERATION_UNREACHABLE = Reply(  # 19
    535, f"5.7.139 Authentication unsuccessful, the federated STS service was unreachable. [{HOSTNAME}]"
)
S535_5_7_139_FEDERATION_HTTPS = Reply(  # 20
    535, f"5.7.139 Authentication unsuccessful, the federated STS URL does not support HTTPS. [{HOSTNAME}]"
)
S550_5_7_30_BASIC_AUTH_RETIRED = Reply(  # 21
    550, "5.7.30 Basic authentication is not supported for Client Submission."
)
S501_5_5_121_INVALID_XOAUTH2 = Reply(501, "5.5.121 Invalid XOAUTH2 argument")  # 22, HVE
S535_5_7_142_TOKEN_EXPIRES_SOON = Reply(535, "5.7.142 Token will expire soon")  # 23, HVE
S535_5_7_143_TOKEN_EXPIRED = Reply(535, "5.7.143 Expired token")  # 23, HVE
S535_5_7_144_INVALID_API_PERMISSIONS = Reply(  # 24, HVE
    535, "5.7.144 XOAUTH2 authentication unsuccessful. Invalid API permissions"
)
S550_5_7_240_APP_NOT_ALLOWED = Reply(550, "5.7.240 The application is not allowed to use the HVE account")  # 25, HVE
S550_5_5_105_HVE_INTERNAL_ONLY = Reply(  # 26, HVE
    550, "5.5.105 External sending is not supported for High Volume Email accounts"
)

# --- sender, quota, reputation (rows 27 to 49) ------------------------------------------------------------------------
S550_5_7_60_SEND_AS = Reply(  # 27
    550, "5.7.60 SMTP; Client does not have permissions to send as this sender"
)
S554_5_2_252_SEND_AS_DENIED = Reply(  # 28
    554,
    "5.2.252 SendAsDenied; {mailbox} not allowed to send as {sender};"
    " STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied;"
    f" Failed to process message due to a permanent exception [Hostname={HOSTNAME}]",
)
S554_5_2_0_SEND_AS_DENIED = Reply(  # 29, older wording of 28
    554,
    "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied;"
    " Failed to process message due to a permanent exception",
)
S550_5_2_252_PENALTY_SEND_AS = Reply(  # 30
    550, "5.2.252 Sender throttled due to continuous send as denied errors"
)
S550_5_2_251_PENALTY_MAILBOX_FULL = Reply(550, "5.2.251 Sender throttled due to continuous mailbox full errors")  # 31
S550_5_2_253_PENALTY_LICENSE = Reply(550, "5.2.253 Sender throttled due to continuous invalid license errors")  # 32
S550_5_2_254_PENALTY_TOO_MANY_RECIPIENTS = Reply(  # 33
    550, "5.2.254 Sender throttled due to continuous too many recipients errors"
)
S550_5_2_255_PENALTY_INVALID_RECIPIENTS = Reply(  # 34
    550, "5.2.255 Sender throttled due to continuous invalid recipients errors"
)
S554_5_2_0_OUTBOUND_SPAM = Reply(  # 35
    554,
    "5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message due to a permanent exception"
    " with message WASCL UserAction verdict is not None. Actual verdict is RefuseQuota.",
)
S554_5_2_0_DAILY_QUOTA = Reply(  # 36
    554,
    "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a permanent"
    " exception with message The message can't be submitted because the sender's submission quota was exceeded.",
)
S554_5_2_2_DAILY_QUOTA = Reply(554, "5.2.2 Submission quota exceeded")  # 36
S554_5_1_90_DAILY_QUOTA = Reply(  # 36
    554, "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients"
)
S554_5_2_2_MAILBOX_FULL = Reply(554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException")  # 37
S552_5_3_4_MESSAGE_TOO_LARGE = Reply(552, "5.3.4 Message size exceeds fixed maximum message size")  # 38
S550_5_1_8_BAD_OUTBOUND_SENDER = Reply(550, "5.1.8 Access denied, bad outbound sender")  # 39
S550_5_7_501_SPAM_ABUSE = Reply(550, "5.7.501 Access denied, spam abuse detected")  # 40
S550_5_7_502_BANNED_SENDER = Reply(550, "5.7.502 Access denied, banned sender")  # 40
S550_5_7_233_TENANT_RECIPIENT_LIMIT = Reply(  # 41
    550, "5.7.233 Your message can't be sent because your tenant exceeded its tenant external recipient rate limit"
)
S550_5_7_236_ONMICROSOFT_LIMIT = Reply(  # 42
    550, "5.7.236 Your message can't be sent because your organization exceeded the limit of its onmicrosoft.com domain"
)
S550_5_7_703_BLOCKED_BY_TENANT_LIST = Reply(  # 43
    550, "5.7.703 Your message can't be delivered because it was blocked by your organization's Tenant Allow Block List"
)
S550_5_7_705_TENANT_THRESHOLD = Reply(550, "5.7.705 Access denied, tenant has exceeded threshold")  # 44
S550_5_7_708_IP_REPUTATION = Reply(550, "5.7.708 Access denied, traffic not accepted from this IP")  # 45
S550_5_7_750_UNREGISTERED_DOMAIN = Reply(550, "5.7.750 Client blocked from sending from unregistered domain")  # 46
S550_5_7_512_INVALID_FROM = Reply(  # 47
    550, "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant and include a valid From address"
)
S550_5_1_20_MULTIPLE_FROM = Reply(
    550, "5.1.20 Multiple From addresses are not allowed without a Sender address"
)  # 48, UV
S550_5_6_11_INVALID_CHARACTERS = Reply(550, "5.6.11 Invalid characters")  # 49

# --- relay, routing, recipient (rows 50 to 70) ------------------------------------------------------------------------
S451_4_7_500_GREYLISTED = Reply(451, "4.7.500 Server busy. Please try again later from [{peer}]. (AS761)")  # 50
S451_4_7_650_GREYLISTED = Reply(  # 50
    451, "4.7.650 The mail server [{peer}] has been temporarily rate limited due to IP reputation. (AS780)"
)
S451_4_7_850_IP_EVALUATION = Reply(451, "4.7.850 Access denied, please try again later")  # 51
S452_4_5_3_TOO_MANY_RECIPIENTS = Reply(452, "4.5.3 Too many recipients")  # 52
S432_4_3_2_RECIPIENT_BUSY = Reply(432, "4.3.2 STOREDRV.Deliver; recipient thread limit exceeded")  # 53
S550_4_4_62_WRONG_REGION = Reply(550, "4.4.62 Mail sent to the wrong Office 365 region. ATTR35")  # 54
S550_5_7_64_RELAY_DENIED = Reply(550, "5.7.64 TenantAttribution; Relay Access Denied SMTP")  # 55
S550_5_7_64_RELAY_DENIED_ATTR36 = Reply(550, "5.7.64 TenantAttribution; Relay Access Denied [ATTR36]")  # 55
S550_5_7_68_DIRECT_SEND_REJECTED = Reply(  # 56
    550, "5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources"
)
S550_5_7_51_PARTNER_CONNECTOR = Reply(550, "5.7.51 TenantInboundAttribution; Rejecting")  # 57
S550_5_7_54_UNABLE_TO_RELAY = Reply(550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain")  # 58
S550_5_4_1_RECIPIENT_ACCESS_DENIED = Reply(550, "5.4.1 Recipient address rejected: Access denied. [{peer}]")  # 59
S550_5_4_1_RELAY_ACCESS_DENIED = Reply(550, "5.4.1 Relay Access Denied")  # 60
S550_5_1_10_RECIPIENT_NOT_FOUND = Reply(  # 61
    550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP address lookup"
)
S550_5_1_1_RECIPIENT_UNKNOWN = Reply(550, "5.1.1 RESOLVER.ADR.RecipNotFound; not found")  # 61
S550_5_2_121_RECIPIENT_LIMIT_SENDER = Reply(  # 62
    550, "5.2.121 Recipient's per hour message receive limit from specific sender exceeded"
)
S550_5_2_122_RECIPIENT_LIMIT = Reply(550, "5.2.122 The recipient has exceeded their limit for messages per hour")  # 62
S554_5_4_14_ROUTING_LOOP = Reply(554, "5.4.14 Hop count exceeded - possible mail loop ATTR34")  # 63
S550_5_4_6_ROUTING_LOOP = Reply(550, "5.4.6 Routing loop detected")  # 63
S550_5_7_134_SENDER_NOT_AUTHENTICATED_MAILBOX = Reply(
    550, "5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox"
)  # 64
S550_5_7_124_NOT_IN_ALLOWED_SENDERS = Reply(550, "5.7.124 Sender not in allowed-senders list")  # 65
S550_5_7_520_FORWARDING_BLOCKED = Reply(  # 66
    550, "5.7.520 Access denied, Your organization does not allow external forwarding. AS(7555)"
)
S550_5_7_509_DMARC = Reply(550, "5.7.509 Access denied, sending domain {domain} does not pass DMARC verification")  # 67
S550_5_7_23_SPF = Reply(550, "5.7.23 The message was rejected because of Sender Policy Framework violation")  # 67
S550_5_7_506_BAD_HELO = Reply(550, "5.7.506 Access denied, bad HELO")  # 68
S550_5_7_511_BANNED_SENDER = Reply(550, "5.7.511 Access denied, banned sender [{peer}]")  # 69
S550_5_7_606_BANNED_IP = Reply(550, "5.7.606 Access denied, banned sending IP [{peer}]")  # 69
S550_4_4_7_EXPIRED = Reply(550, "4.4.7 Message expired")  # 70
S550_5_4_300_EXPIRED = Reply(550, "5.4.300 Message expired")  # 70

# --- what words alone would be taken for something else (wording as reported from production) -------------------------
S550_5_2_1_MAILBOX_NOT_ACCESSIBLE = Reply(550, "5.2.1 Mailbox cannot be accessed")  # at AUTH
S552_5_2_2_RECIPIENT_FULL = Reply(552, "5.2.2 <{recipient}>... Mailbox full")  # at RCPT
S554_5_7_1_BLOCK_LIST = Reply(554, "5.7.1 Connection refused by policy, your domain is on our block list")
S450_4_7_1_UNABLE_TO_RELAY = Reply(450, "4.7.1 Unable to Relay. ATTR14")
S451_4_7_700_AGENT_BUSY = Reply(451, "4.7.700 PFA agent busy, please try again without simultaneous connections")

# --- protocol errors (RFC 5321 section 4.2; wording UV) ---------------------------------------------------------------
S500_5_3_3_UNRECOGNIZED_COMMAND = Reply(500, "5.3.3 Unrecognized command")
S501_5_5_4_INVALID_ARGUMENTS = Reply(501, "5.5.4 Invalid arguments")
S501_5_5_2_CANNOT_DECODE = Reply(501, "5.5.2 Cannot decode response")
S501_5_7_0_AUTH_ABORTED = Reply(501, "5.7.0 Authentication aborted")
S501_5_1_7_INVALID_ADDRESS = Reply(501, "5.1.7 Invalid address")
S501_5_1_3_INVALID_ADDRESS = Reply(501, "5.1.3 Invalid address")
S503_5_5_2_NEED_MAIL = Reply(503, "5.5.2 Need mail command")
S503_5_5_2_NEED_RCPT = Reply(503, "5.5.2 Need rcpt command")
S503_5_5_2_SENDER_ALREADY_SPECIFIED = Reply(503, "5.5.2 Sender already specified")
S503_5_5_2_ALREADY_AUTHENTICATED = Reply(503, "5.5.2 Already authenticated")
S503_5_5_2_TLS_ALREADY_ACTIVE = Reply(503, "5.5.2 Only one STARTTLS command can be issued per session")
S503_5_5_0_IMPROPER_PIPELINING = Reply(503, "5.5.0 Improper use of SMTP command pipelining")  # RFC 2920 section 3.1
S503_5_5_2_DATA_AND_BDAT = Reply(
    503, "5.5.2 BDAT and DATA cannot be used in one transaction, nor DATA with BINARYMIME"
)
S550_5_6_7_SMTPUTF8_NEEDED = Reply(
    550, "5.6.7 SMTPUTF8 address needs the SMTPUTF8 parameter"
)  # RFC 6531 section 3.7.4.2
S554_5_6_0_INTERNAL_ERROR = Reply(554, "5.6.0 Internal error of the test server, see its log")

# --- IMAP and POP (rows 71 to 76): the text after the tag -------------------------------------------------------------
IMAP_AUTHENTICATE_FAILED = "NO AUTHENTICATE failed."  # 71
IMAP_NOT_CONNECTED = "BAD User is authenticated but not connected."  # 72
IMAP_BYE_14 = "BYE Connection closed. 14"  # 73
IMAP_INVALID_STATE = "BAD Command received in Invalid state."  # 74
IMAP_THROTTLED = "NO Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"  # 75
IMAP_THROTTLED_BAD = "BAD Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"  # 75
IMAP_UNAVAILABLE = "NO Server Unavailable. 15"
IMAP_SERVER_BUSY = "NO Server Busy."  # UV
IMAP_BYE_TOKEN_EXPIRED = "BYE Session invalidated - AccessTokenExpired"  # in the middle of FETCH: joeyates/imap-backup #198
IMAP_ARGUMENT_ERROR = "BAD Command Argument Error. 12"  # jakartaee/mail-api #152
IMAP_NOT_CONVERTED = "NO The requested message could not be converted to an RFC-822 compatible format."  # older Exchange
IMAP_OVERQUOTA = "NO [OVERQUOTA] The mailbox is full."  # RFC 5530 section 3, wording UV
POP_AUTHENTICATION_FAILURE = "-ERR Authentication failure: unknown user name or bad password."  # 76
POP_UNAVAILABLE = "-ERR [SYS/TEMP] Server Unavailable. 21"
POP_IN_USE = "-ERR [IN-USE] The mailbox is in use."  # RFC 2449 section 8.1.1, wording UV
POP_PROTOCOL_ERROR = "-ERR Protocol error. 19"  # freescout-help-desk/freescout #2810

#: What Exchange hands out in place of a message that it cannot turn into MIME, as seen in OfflineIMAP/offlineimap #62 (2016, with
#: "2010" after its name). ``number`` is the UID.
SUBSTITUTE = """\
MIME-Version: 1.0
Content-Type: text/plain; charset="us-ascii"
From: Microsoft Exchange Server
To: ERP <erp@contoso.example>
Subject: Retrieval using the {protocol} protocol failed for the following
 message: {number}
Content-Transfer-Encoding: quoted-printable

The server couldn't retrieve the following message:

Subject: "Canceled: Site visit"
From: "Brant Wadsworth" ("brant.wadsworth@contoso.example")
Sent date: 11/2/2026 9:15:00 AM

The message hasn't been deleted. You might be able to view it using either =
Outlook or Outlook Web App. You can also contact the sender to find out what =
the message says.
"""

#: Every SMTP reply by its name.
ALL: dict[str, Reply] = {name: value for name, value in list(vars().items()) if isinstance(value, Reply)}
