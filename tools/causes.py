"""What a row of the table of causes is made of.

The rows are in ``causes_*.py``, one file a topic; :mod:`.diagnosis` puts them in order and reads texts with them.

A row is recognised by codes that are made for machines (RFC 5321 section 4.2 reply codes, RFC 3463 enhanced status codes,
``AADSTS`` numbers) and by single words of Microsoft's that are no prose: names of exceptions, of settings, of links.
Prose is used where nothing else tells two causes apart, as few words of it as possible: Microsoft changes its sentences and
may translate them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Slugs by topic, as promised to the scripts of other people; ``*`` marks those that are worth another try.
TOPICS: Final[dict[str, str]] = {
    "Sign-in": """smtp_auth_disabled_tenant smtp_auth_disabled_mailbox basic_auth_retired security_defaults conditional_access
        bad_credentials oauth_rejected not_authenticated unknown_mechanism federation_unreachable token_expired*
        mailbox_access_missing imap_auth_failed imap_throttled*""",
    "Transport": """name_not_resolved* connection_refused* timeout* connection_lost* tls_version certificate_untrusted server_busy*
        hello_missing bad_helo""",
    "Sender": """send_as_denied penalty_box sender_restricted sender_banned invalid_from_header unregistered_domain spam_rejected
        tenant_blocked ip_reputation""",
    "Quota": """rate_limited* concurrent_connections* daily_recipient_limit* tenant_recipient_limit* onmicrosoft_limit*
        too_many_recipients* message_too_large mailbox_full""",
    "Relay and recipient": """relay_denied direct_send_rejected greylisted* recipient_unknown recipient_restricted recipient_busy*
        routing_loop hve_internal_only forwarding_blocked sender_authentication_failed""",
    "Microsoft Entra": """entra_user_unknown entra_user_blocked entra_bad_password entra_mfa_required entra_conditional_access
        entra_consent_missing entra_permission_missing entra_app_unknown entra_secret_invalid entra_secret_expired
        entra_certificate_invalid entra_grant_expired entra_redirect_mismatch entra_tenant_unknown entra_wrong_cloud
        entra_single_tenant entra_scope_invalid entra_public_client entra_unavailable* entra_throttled*""",
    "Anything else": "unknown",
}
TOPIC_OF: Final[dict[str, str]] = {slug.rstrip("*"): topic for topic, slugs in TOPICS.items() for slug in slugs.split()}
RETRYABLE: Final[frozenset[str]] = frozenset(
    slug.rstrip("*") for slugs in TOPICS.values() for slug in slugs.split() if slug.endswith("*")
)

#: Where a row's facts come from.
SOURCES: Final[dict[str, str]] = {
    "AADSTS": "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    "AS451": "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/"
             "fix-error-code-451-4-7-500-699-asxxx-in-exchange-online",
    "BASIC24": "https://techcommunity.microsoft.com/blog/exchange/"
               "exchange-online-to-retire-basic-auth-for-client-submission-smtp-auth/4114750",
    "CET": "https://learn.microsoft.com/exchange/mail-flow-best-practices/continuous-error-throttling-smtp-auth-submissions",
    "CERT": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/office-365-notice",
    "DBEB": "https://learn.microsoft.com/exchange/mail-flow-best-practices/use-directory-based-edge-blocking",
    "FWD": "https://learn.microsoft.com/defender-office-365/outbound-spam-policies-external-email-forwarding",
    "HVE": "https://learn.microsoft.com/exchange/mail-flow-best-practices/high-volume-mails-m365",
    "HVEOAUTH": "https://learn.microsoft.com/exchange/mail-flow-best-practices/oauth-high-volume-mails-m365",
    "LIMITS": "https://learn.microsoft.com/defender-office-365/outbound-spam-sending-limits-troubleshoot",
    "MFD": "https://learn.microsoft.com/exchange/mail-flow-best-practices/"
           "how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365",
    "NATCLOUD": "https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud",
    "NDR": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online",
    "NDR2": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/"
            "fix-error-codes-550-5-7-703-550-5-7-705-550-5-7-708-550-5-7-750",
    "NDR120": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/"
              "fix-error-code-550-5-1-20-multiple-from-addresses",
    "OAUTH": "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/"
             "how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth",
    "POPIMAP": "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4",
    "PRN": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/"
           "fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off",
    "RDS": "https://techcommunity.microsoft.com/blog/exchange/introducing-more-control-over-direct-send-in-exchange-online/4408790",
    "RELAY": "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/relay-access-denied-smtp",
    "RFC 3463": "https://www.rfc-editor.org/rfc/rfc3463",
    "RFC 5321": "https://www.rfc-editor.org/rfc/rfc5321",
    "RFC 6531": "https://www.rfc-editor.org/rfc/rfc6531",
    "RFC 6749": "https://www.rfc-editor.org/rfc/rfc6749",
    "RT": "https://learn.microsoft.com/entra/identity-platform/refresh-tokens",
    "SECDEF": "https://learn.microsoft.com/entra/fundamentals/security-defaults",
    "SMTPAUTH": "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission",
    "SUBM": "https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements",
    "TERRL": "https://techcommunity.microsoft.com/blog/exchange/introducing-exchange-online-tenant-outbound-email-limits/4372797",
}

PROTOCOLS: Final[tuple[str, ...]] = ("smtp", "imap", "pop", "entra", "tls")
SMTP: Final[frozenset[str]] = frozenset({"smtp"})
INCOMING: Final[frozenset[str]] = frozenset({"imap", "pop"})
ENTRA: Final[frozenset[str]] = frozenset({"entra"})
ANY: Final[frozenset[str]] = frozenset(PROTOCOLS)
SIGNS_IN: Final[frozenset[str]] = ANY - {"tls"}


def _lt(text: str) -> str:
    """Mark a text for translation: Odoo's export finds it by the name of this function.

    A marker only, as ``tools/`` works without Odoo; who shows the text translates it (``self.env._(diagnosis.remedy)``).
    """
    return text


@dataclass(frozen=True)
class Sign:
    """How a text shows its cause.

    :ivar codes: one of these is in the text: enhanced status codes, or ``AADSTS`` numbers
    :ivar reply: this SMTP reply code is in the text, "" if it says nothing
    :ivar words: all of these are in the text, whatever their case
    :ivar shown: codes and words as people read them
    """

    codes: frozenset[str] = frozenset()
    reply: str = ""
    words: tuple[str, ...] = ()
    shown: str = ""

    @property
    def rank(self) -> int:
        """How far the sign is to be trusted, 0 most: RFC 3463 codes name a cause, RFC 5321 codes a class of causes."""
        return 0 if self.codes else 1 if self.reply else 2


@dataclass(frozen=True)
class Cause:
    """A row of the table. Several rows may have the same slug, and another remedy each.

    :ivar slug: stable name of the cause, one of :data:`TOPIC_OF`
    :ivar signs: each of them shows the cause
    :ivar remedy: what the administrator does
    :ivar source: key of :data:`SOURCES`
    :ivar retry_after: seconds after which another try makes sense, if the server names none
    :ivar protocols: in whose texts the signs mean this
    :ivar final: never worth another try, for an ``unknown`` whatever its code
    """

    slug: str
    signs: tuple[Sign, ...]
    remedy: str
    source: str
    retry_after: int | None = None
    protocols: frozenset[str] = SMTP
    final: bool = False

    @property
    def retryable(self) -> bool:
        """Whether another try may succeed with nobody doing anything."""
        return self.slug in RETRYABLE


def status(code: str, *words: str) -> Sign:
    """Return the sign of an enhanced status code, or a range (``4.7.500-699``), perhaps after a reply code (``550 5.2.252``)."""
    reply, _space, enhanced = code.rpartition(" ")
    first, _dash, last = enhanced.partition("-")
    codes = {first}
    if last:
        stem, _dot, lowest = first.rpartition(".")
        codes = {f"{stem}.{detail}" for detail in range(int(lowest), int(last) + 1)}
    return _sign(words, frozenset(codes), reply, code)


def reply(code: int, *words: str) -> Sign:
    """Return the sign of an SMTP reply code, for servers that give no enhanced status code."""
    return _sign(words, reply=str(code), code=str(code))


def says(*words: str) -> Sign:
    """Return the sign of words alone."""
    return _sign(words)


def aadsts(*numbers: int) -> Sign:
    """Return the sign of error numbers of Microsoft Entra."""
    names = [f"AADSTS{number}" for number in numbers]
    return _sign((), frozenset(names), code=", ".join(names))


def _sign(words: tuple[str, ...], codes: frozenset[str] = frozenset(), reply: str = "", code: str = "") -> Sign:
    folded = tuple(" ".join(word.casefold().split()) for word in words)
    return Sign(codes, reply, folded, " … ".join(filter(None, (code, *words))))
