"""Facts about Microsoft's side: one table for each kind of server, every value with its source.

Sources (bracketed in the tables):

[MFD]     learn.microsoft.com/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
[PRN]     learn.microsoft.com/exchange/troubleshoot/email-delivery/fix-issues-with-printers-scanners-and-lob-applications-that-send-email-using-off
[POPIMAP] learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4
[HVE]     learn.microsoft.com/exchange/mail-flow-best-practices/high-volume-mails-m365
[GCCH]    learn.microsoft.com/microsoft-365/enterprise/microsoft-365-u-s-government-gcc-high-endpoints
[DOD]     learn.microsoft.com/microsoft-365/enterprise/microsoft-365-u-s-government-dod-endpoints
[CHINA]   no Microsoft page names the host; widely used by public programs for the cloud run by 21Vianet
[MX]      Microsoft 365 message centre MC1048624: read the MX host from the tenant, never build it from a pattern
[BASIC26] techcommunity.microsoft.com/blog/exchange/updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835
[LIMITS]  learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
[BASIC24] techcommunity.microsoft.com/blog/exchange/exchange-online-to-retire-basic-auth-for-client-submission-smtp-auth/4114750
[NATCLOUD] learn.microsoft.com/entra/identity-platform/authentication-national-cloud
[OAUTH]   learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
[HVEOAUTH] learn.microsoft.com/exchange/mail-flow-best-practices/oauth-high-volume-mails-m365
[SPF]     learn.microsoft.com/defender-office-365/email-authentication-spf-configure
[DKIM]    learn.microsoft.com/defender-office-365/email-authentication-dkim-configure
[CLOUDS]  no Microsoft page names the resource of the other clouds; as public mail programs for them use it
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

CLOUDS: Final[dict[str, str]] = {
    "global": "Worldwide (and GCC)",
    "gcc_high": "US Government GCC High",
    "dod": "US Government DoD",
    "china": "China (21Vianet)",
}
DEFAULT_CLOUD: Final = "global"


@dataclass(frozen=True)
class Preset:
    """What a preset fills in.

    :ivar name: the record's name
    :ivar port: TCP port
    :ivar ports: every port Microsoft offers this service on
    :ivar hosts: host name by cloud; a missing cloud has no documented host, the administrator types it
    :ivar signs_in: whether the service wants a user to sign in
    :ivar transport: what carries outgoing messages (``ir.mail_server._office365_<transport>_transport``)
    :ivar rate: messages that a mailbox may send in a minute, 0 if no such limit is known
    :ivar daily: recipients that a mailbox may send to in 24 hours, 0 if no such limit is known
    """

    name: str
    port: int
    ports: frozenset[int]
    hosts: dict[str, str]
    signs_in: bool = True
    transport: str = "smtp"
    rate: int = 0
    daily: int = 0


# Connections that a mailbox may have open at a time. [LIMITS]
MAX_CONNECTIONS: Final = 3

OUTGOING_PRESETS: Final[dict[str, Preset]] = {
    # Client submission (SMTP AUTH). 465 is not supported, 25 is. [MFD][PRN]
    "submission": Preset(
        name="Office 365 Outgoing Mail Server",
        port=587,
        ports=frozenset({587, 25}),
        hosts={
            "global": "smtp.office365.com",  # [MFD]
            "gcc_high": "outlook.office365.us",  # [GCCH]
            "dod": "outlook-dod.office365.us",  # [DOD]
            "china": "smtp.partner.outlook.cn",  # [CHINA]
        },
        rate=30,  # [LIMITS]
        daily=10000,  # [LIMITS]
    ),
    # Inbound connector: the host is the tenant's own MX record. [MFD][MX]
    "relay": Preset(
        name="Office 365 Outgoing Mail Server",
        port=25,
        ports=frozenset({25}),
        hosts={},
        signs_in=False,
    ),
    # High Volume Email: recipients of the own tenant only. [HVE]
    "hve": Preset(
        name="Office 365 Outgoing Mail Server",
        port=587,
        ports=frozenset({587}),
        hosts={"global": "smtp.hve.mx.microsoft"},  # [HVE]; no host is documented for the other clouds
    ),
}

INCOMING_PRESETS: Final[dict[str, Preset]] = {
    "imap": Preset(
        name="Office 365 Incoming Mail Server",
        port=993,
        ports=frozenset({993}),
        hosts={
            "global": "outlook.office365.com",  # [POPIMAP]
            "gcc_high": "outlook.office365.us",  # [GCCH]
            "dod": "outlook-dod.office365.us",  # [DOD]
            "china": "partner.outlook.cn",  # [CHINA]
        },
    ),
    "pop": Preset(
        name="Office 365 Incoming Mail Server",
        port=995,
        ports=frozenset({995}),
        hosts={
            "global": "outlook.office365.com",  # [POPIMAP]
            "gcc_high": "outlook.office365.us",  # [GCCH]
            "dod": "outlook-dod.office365.us",  # [DOD]
            "china": "partner.outlook.cn",  # [CHINA]
        },
    ),
}

# Ports with a meaning of their own (IANA service names): the wrong one of these is a slip, not a proxy.
WELL_KNOWN_PORTS: Final[dict[int, str]] = {
    25: "SMTP relay",
    80: "HTTP",
    110: "POP3 without TLS",
    143: "IMAP without TLS",
    443: "HTTPS",
    465: "SMTP over implicit TLS",
    587: "SMTP submission",
    993: "IMAP over TLS",
    995: "POP3 over TLS",
}

# What the MX host of a tenant ends with. Only used to recognise one, never to build one. [MX][GCCH][DOD]
MX_SUFFIXES: Final[tuple[str, ...]] = (
    ".mail.protection.outlook.com",
    ".mx.microsoft",
    ".protection.office365.us",
    ".protection.apps.mil",
    ".mail.protection.partner.outlook.cn",
)

# What the SPF record of a domain includes, so that receivers trust what Exchange sends for it. [SPF]
SPF_INCLUDES: Final[dict[str, str]] = {
    "global": "spf.protection.outlook.com",
    "gcc_high": "spf.protection.office365.us",
    "dod": "spf.protection.office365.us",
    "china": "spf.protection.partner.outlook.cn",
}

# Names of the two keys that Exchange signs with in turn. [DKIM]
DKIM_SELECTORS: Final[tuple[str, ...]] = ("selector1", "selector2")

# Hosts on which Microsoft decides when passwords end. [BASIC26][BASIC24]
MICROSOFT_SUFFIXES: Final[tuple[str, ...]] = (
    ".office365.com",
    ".office365.us",
    ".outlook.com",
    ".outlook.cn",
    ".mx.microsoft",
    ".apps.mil",
)

# When passwords end there: for SMTP they are switched off by default, for IMAP and POP they are gone since. [BASIC26][BASIC24]
PASSWORD_ENDS: Final[dict[str, date]] = {"outgoing": date(2026, 12, 31), "incoming": date(2022, 12, 31)}


@dataclass(frozen=True)
class EntraCloud:
    """Where a cloud's directory is, and what a token for its Exchange is asked with.

    :ivar authority: host that signs in
    :ivar delegated_prefix: what precedes a delegated permission in a scope
    :ivar app_scope: the only scope of app-only sign-in; its permissions are those that the app registration has
    :ivar portal: page of the app registrations
    """

    authority: str
    delegated_prefix: str
    app_scope: str
    portal: str


_APP_REGISTRATIONS: Final = "#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"

# Pages of one app registration in the portal, as the portal itself links them; the portals' hosts are those of [NATCLOUD].
_APP_PAGES: Final[dict[str, str]] = {
    "overview": "Overview", "authentication": "Authentication", "credentials": "Credentials", "permissions": "CallAnAPI",
}

# Hosts and portals: [NATCLOUD]
ENTRA_CLOUDS: Final[dict[str, EntraCloud]] = {
    "global": EntraCloud(
        authority="login.microsoftonline.com",
        delegated_prefix="https://outlook.office.com/",  # [OAUTH]
        app_scope="https://outlook.office365.com/.default",  # [OAUTH]
        portal=f"https://portal.azure.com/{_APP_REGISTRATIONS}",
    ),
    "gcc_high": EntraCloud(
        authority="login.microsoftonline.us",
        delegated_prefix="https://outlook.office365.us/",  # [CLOUDS]
        app_scope="https://outlook.office365.us/.default",  # [CLOUDS]
        portal=f"https://portal.azure.us/{_APP_REGISTRATIONS}",
    ),
    "dod": EntraCloud(
        authority="login.microsoftonline.us",
        delegated_prefix="https://outlook.office365.us/",  # [CLOUDS]
        app_scope="https://outlook.office365.us/.default",  # [CLOUDS]
        portal=f"https://portal.azure.us/{_APP_REGISTRATIONS}",
    ),
    "china": EntraCloud(
        authority="login.partner.microsoftonline.cn",
        delegated_prefix="https://partner.outlook.cn/",  # [CLOUDS]
        app_scope="https://partner.outlook.cn/.default",  # [CLOUDS]
        portal=f"https://portal.azure.cn/{_APP_REGISTRATIONS}",
    ),
}


def portal_page(cloud: str, page: str | None, client_id: str) -> str:
    """Return the address of a page of an app registration.

    :param page: one of ``overview``, ``authentication``, ``credentials``, ``permissions``, or ``new`` for the form that registers one;
        anything else leads to the list
    :param client_id: the app registration; "" leads to the list
    """
    portal = ENTRA_CLOUDS[cloud].portal
    blades = portal.removesuffix("ApplicationsListBlade")
    if page == "new":
        return f"{blades}CreateApplicationBlade/quickStartType~/null/isMSAApp~/false"
    if page not in _APP_PAGES or not client_id:
        return portal
    return f"{blades}ApplicationMenuBlade/~/{_APP_PAGES[page]}/appId/{client_id}/isMSAApp~/false"


# What a user consents to, by protocol. [OAUTH]
DELEGATED_PERMISSIONS: Final[dict[str, str]] = {
    "smtp": "SMTP.Send",
    "imap": "IMAP.AccessAsUser.All",
    "pop": "POP.AccessAsUser.All",
}

# What an administrator consents to for app-only sign-in, by protocol. [OAUTH]
APP_PERMISSIONS: Final[dict[str, str]] = {
    "smtp": "SMTP.SendAsApp",
    "imap": "IMAP.AccessAsApp",
    "pop": "POP.AccessAsApp",
}

# High Volume Email has a permission, delegated or of the app, and a resource of its own; it is offered in the worldwide cloud only. [HVEOAUTH][CLOUDS]
HVE_PERMISSION: Final = "Mail.Send"
HVE_APP_SCOPE: Final = "https://outlook.office.com/.default"
HVE_DELEGATED_SCOPE: Final = f"https://outlook.office.com/{HVE_PERMISSION}"
