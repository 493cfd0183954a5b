"""Where the facts of the table of causes come from: the pages that :attr:`.Diagnosis.source` names."""

from __future__ import annotations

from typing import Final

#: Address of a page, by the key that a row gives.
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
