"""Why a sign-in to Exchange Online is refused. Earlier rows win. Order and numbers: docs/exchange-online.md, 5.1 and 5.4."""

from __future__ import annotations

from typing import Final

from ..cause import INCOMING, STAGES, Cause, _lt, any_of, reply, says, status

_ALLOW_DESPITE_TENANT: Final = _lt(
    "SMTP AUTH is switched off for the whole organization. Allow it for this mailbox only; the setting of the mailbox takes precedence:"
    " Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false"
)

_NOT_ACCESSIBLE: Final = _lt(
    "Exchange does not open the mailbox that signs in: it is switched off, has no license or belongs to a blocked account. Check Microsoft"
    " 365 admin center > Users > Active users (sign-in status, Licenses and apps), and Get-CASMailbox -Identity <mailbox>."
)

CAUSES: Final[tuple[Cause, ...]] = (
    # 535 5.7.139 stands for at least eight causes. SmtpClientAuthentication is the name of a setting and
    # aka.ms/smtp_auth_disabled a link: neither is ever translated.
    Cause(
        "smtp_auth_disabled_tenant",
        (status("5.7.139", "SmtpClientAuthentication", "for the Tenant"), says("SmtpClientAuthentication is disabled for the Tenant")),
        _ALLOW_DESPITE_TENANT,
        "SMTPAUTH",
    ),
    Cause(
        "smtp_auth_disabled_mailbox",
        (status("5.7.139", "SmtpClientAuthentication", "mailbox"), status("5.7.139", "smtp_auth_disabled", "mailbox"),
         says("SmtpClientAuthentication is disabled for the Mailbox")),
        _lt("SMTP AUTH is switched off for this mailbox. In Exchange Online PowerShell run:"
            " Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false"),
        "SMTPAUTH",
    ),
    Cause(
        "smtp_auth_disabled_tenant",
        (status("5.7.139", "SmtpClientAuthentication"), status("5.7.139", "smtp_auth_disabled"),
         says("SmtpClientAuthentication is disabled")),
        _ALLOW_DESPITE_TENANT,
        "SMTPAUTH",
    ),
    Cause(
        "basic_auth_retired",
        (status("5.7.139", "basic auth"), status("5.7.30"), says("BasicAuthBlocked"), says("basic authentication is disabled"),
         says("basic authentication is not supported")),
        _lt("Microsoft accepts no password here: never for IMAP and POP, and by default not for SMTP AUTH from the end of December 2026. "
            "Register an"
            " app (Entra admin center > App registrations), enter it in Odoo under Settings > Technical > Email > Microsoft Entra Apps,"
            " and press Switch to Microsoft Sign-in on the mail server."),
        "BASIC24",
        protocols=frozenset({"smtp", "imap", "pop"}),
    ),
    Cause(
        "security_defaults",
        (status("5.7.139", "security defaults"), says("security defaults policy")),
        _lt("Security defaults block this kind of sign-in. Sign in with OAuth (app-only) instead of a password, or replace them by"
            " Conditional Access policies: Entra admin center > Overview > Properties > Manage security defaults."),
        "SECDEF",
    ),
    Cause(
        "bad_credentials",
        (status("5.7.139", "credentials"), says("user credentials were incorrect")),
        _lt("The user name or the password is wrong. Sign in once at outlook.office.com with both, then enter them again in"
            " Settings > Technical > Outgoing Mail Servers; better sign in with OAuth, as passwords are off by default from the end of"
            " December 2026."),
        "PRN",
    ),
    Cause(
        "federation_unreachable",
        (status("5.7.139", "federated", "support HTTPS"), says("federated STS URL")),
        _lt("The domain signs in through your own federation server (AD FS), whose address lacks HTTPS. In Entra PowerShell check"
            " Get-MgDomainFederationConfiguration -DomainId <domain>, and enable TLS 1.2 on that server."),
        "PRN",
    ),
    Cause(
        "federation_unreachable",
        (status("5.7.139", "federated"), status("5.7.139", "STS"), says("federated STS service")),
        _lt("The domain signs in through your own federation server (AD FS), which Microsoft cannot reach. Repair it and test it with"
            " Entra admin center > Microsoft Entra Connect > Connect Health; app-only OAuth does not need it."),
        "PRN",
    ),
    # Also for a 5.7.139 whose words are not known, or in another language: the sign-in log names the reason of every one.
    Cause(
        "conditional_access",
        (status("5.7.139", "did not meet the criteria"), status("5.7.139"), says("did not meet the criteria to be authenticated")),
        _lt("A policy of your organization refused the sign-in. Entra admin center > Sign-in logs names it: exclude <mailbox> from that"
            " Conditional Access policy; for a password also Set-AuthenticationPolicy -Identity <policy> -AllowBasicAuthSmtp:$true"),
        "PRN",
    ),
    Cause(
        "token_expired",
        (status("5.7.142"), status("5.7.143"), says("token will expire soon"), says("expired token")),
        _lt("No action needed. Odoo gets a new token and will retry. If it persists, check the clock of the Odoo server (timedatectl) and"
            " the token lifetime policy: Entra admin center > Enterprise applications > Sign-in logs."),
        "HVEOAUTH",
    ),
    Cause(
        "entra_permission_missing",
        (status("5.7.144"),),
        _lt("The app lacks the permission to send for High Volume Email. Entra admin center > App registrations > API permissions: add"
            " Office 365 Exchange Online > Application > Mail.Send and grant admin consent."),
        "HVEOAUTH",
    ),
    Cause(
        "mailbox_access_missing",
        (status("5.7.240"),),
        _lt("The app is not on the list of this High Volume Email account. Run:"
            " Add-HVEAppAccess -Identity <mailbox> -AppIds <object id of the enterprise application>"),
        "HVEOAUTH",
    ),
    Cause(
        "mailbox_access_missing",
        (status("4.2.0", "logon failure"), status("4.2.0", "cannot open mailbox"), status("430 4.2.0"), reply(430)),
        _lt("The token is accepted, but the app may not open the mailbox. Run: Add-MailboxPermission -Identity <mailbox>"
            " -User <service principal> -AccessRights FullAccess; it takes up to two hours to work."),
        "OAUTH",
        final=True,  # a 4xx that stays until somebody acts
    ),
    # Of the mailbox that signs in, not of a recipient: RFC 3463's "mailbox disabled", RFC 5248's "user account disabled".
    Cause(
        "mailbox_access_missing",
        (status("5.2.1", "cannot be accessed"),),
        _NOT_ACCESSIBLE,
        "PRN",
        only_at=frozenset({"", *STAGES}) - {"rcpt"},
    ),
    Cause(
        "mailbox_access_missing",
        (status("5.2.1"), status("5.7.13"), reply(525)),
        _NOT_ACCESSIBLE,
        "PRN",
        only_at=frozenset({"auth", "mail"}),
    ),
    Cause(
        "oauth_rejected",
        (status("5.5.121-126"),),
        _lt("Exchange could not read the OAuth sign-in. Check in Settings > Technical > Outgoing Mail Servers that the user name is the"
            " plain address of the mailbox; otherwise report it as an error of this addon."),
        "HVEOAUTH",
    ),
    # For a password Exchange gives the same answer: the remedy says both.
    Cause(
        "oauth_rejected",
        (status("5.7.3", "authentication"), status("535 5.7.3")),
        _lt("Exchange refused the sign-in. With OAuth compare Get-ServicePrincipal with the object id of the enterprise application (not"
            " of the app registration), check Get-MailboxPermission -Identity <mailbox> and Get-CASMailbox -Identity <mailbox>, and wait"
            " two hours after a change; with a password check user name and password."),
        "OAUTH",
    ),
    Cause(
        "bad_credentials",
        (status("5.7.8"), reply(535), *any_of("authentication credentials invalid", "username and password not accepted",
                                               "incorrect authentication data")),
        _lt("The server does not accept user name and password. Enter them again in Settings > Technical > Outgoing Mail Servers."),
        "PRN",
    ),
    Cause(
        "unknown_mechanism",
        (status("5.7.4"), status("5.7.9"), status("5.7.11"), reply(504), reply(534), reply(538), says("No suitable authentication method"),
         says("SMTP AUTH extension not supported")),
        _lt("The server does not offer this kind of sign-in. Submission signs in on port 587 with STARTTLS, a relay (the MX host, port"
            " 25) never does: check the preset in Settings > Technical > Outgoing Mail Servers, and"
            " Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false"),
        "SMTPAUTH",
    ),
    Cause(
        "not_authenticated",
        (status("5.7.57"), status("530 5.7.0", "authenticat"), status("530 5.7.1", "authenticat"), reply(530, "authenticat"),
         *any_of("Client not authenticated", "client was not authenticated", "authentication required", "authentication is required",
                 "must authenticate", "not logged in", "must issue an AUTH")),
        _lt("The server requires a sign-in before it accepts mail. Press Test Connection in Settings > Technical > Outgoing Mail Servers, "
            "which"
            " shows why the sign-in failed; for a relay without sign-in use the MX host of your domain on port 25."),
        "PRN",
    ),
    # IMAP and POP
    Cause(
        "imap_throttled",
        any_of("request is throttled", "backoff time", "[LOGIN-DELAY]", "[LIMIT]", "too many simultaneous", "too many connections",
               "maximum number of connections"),
        _lt("No action needed. Odoo waits as long as Exchange asks for. If it happens often, let the mailbox be fetched less often"
            " (Settings > Technical > Scheduled Actions) and by Odoo alone."),
        "POPIMAP",
        retry_after=300,  # Exchange names about five minutes when it names a time
        protocols=INCOMING,
    ),
    # RFC 5530 and RFC 3206 response codes: before the words of a refused sign-in, which such an answer may hold as well.
    Cause(
        "server_busy",
        (says("server unavailable"), says("server busy"), says("[UNAVAILABLE]"), says("[SYS/TEMP]"), says("[IN-USE]"), says("[INUSE]"),
         says("[SERVERBUG]")),
        _lt("No action needed. The server is busy; Odoo will retry. If it persists, see Microsoft 365 admin center > Health > Service"
            " health."),
        "POPIMAP",
        protocols=INCOMING,
    ),
    # Exchange says this of a mailbox without access, and when it throttles: then the mailbox was fetched before.
    Cause(
        "imap_throttled",
        (says("authenticated but not connected"),),
        _lt("No action needed. Exchange does not open the mailbox for now; Odoo will retry. If it persists for hours, check the"
            " mailbox's license and its permissions: Get-MailboxPermission -Identity <mailbox>. If both are there, let Odoo fetch less"
            " often (Settings > Technical > Scheduled Actions)."),
        "POPIMAP",
        retry_after=300,
        protocols=INCOMING,
        after_success=True,
    ),
    Cause(
        "mailbox_access_missing",
        (says("authenticated but not connected"), says("IMAP4.readonly")),
        _lt("The sign-in works, but the mailbox cannot be opened. Run: Add-MailboxPermission -Identity <mailbox>"
            " -User <service principal> -AccessRights FullAccess; check that the mailbox has a license and its exact address is the user"
            " name."),
        "OAUTH",
        protocols=INCOMING,
    ),
    Cause(
        "imap_auth_failed",
        (says("authenticate failed"), says("login failed"), says("logon failure"), says("authentication failure"),
         says("authentication failed"), says("[AUTHENTICATIONFAILED]"), says("[AUTHORIZATIONFAILED]"), says("[AUTH]"),
         *any_of("[EXPIRED]", "[CONTACTADMIN]", "login denied", "invalid credentials", "access is disabled")),
        _lt("Exchange refused the sign-in; it accepts no passwords for IMAP and POP. Check Get-CASMailbox -Identity <mailbox> (ImapEnabled,"
            " PopEnabled), that the app has IMAP.AccessAsApp or POP.AccessAsApp, that New-ServicePrincipal was given the object id of the"
            " enterprise application, and Get-MailboxPermission -Identity <mailbox>."),
        "OAUTH",
        protocols=INCOMING,
    ),
)
