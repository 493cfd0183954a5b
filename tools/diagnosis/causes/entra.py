"""Why Microsoft Entra gives no token. Earlier rows win. Numbers: Microsoft's list of error codes, docs/exchange-online.md, 5.5.

Microsoft: drive logic from the OAuth ``error`` first, numbers and texts may change. But ``invalid_grant`` and ``invalid_client``
stand for a dozen causes each, so the number decides as long as it is known. Where it is not, such a word says nothing: whoever
followed it would replace a good secret, or sign in again for nothing.
"""

from __future__ import annotations

from typing import Final

from ..cause import ENTRA, SIGNS_IN, Cause, Sign, _lt, aadsts, any_of, says


def _entra(slug: str, sign: Sign, remedy: str, source: str = "AADSTS", retry_after: int | None = None) -> Cause:
    return Cause(slug, (sign,), remedy, source, retry_after, SIGNS_IN)


NUMBERS: Final[tuple[Cause, ...]] = (
    # Who signs in
    _entra("entra_user_unknown", aadsts(50034, 51004, 500341, 50014, 50197), _lt(
        "The directory has no such user. Check the address in Entra admin center > Users, and the directory id of the Entra app"
        " in Odoo.")),
    _entra("entra_user_unknown", aadsts(50020, 16000, 16003, 90072, 500200, 500202, 500207, 500208), _lt(
        "A personal account, or one of another directory, tried to sign in. Use the work account of the mailbox; it must be listed in Entra"
        " admin center > Users of the directory in the Entra app in Odoo.")),
    _entra("entra_bad_password", aadsts(50126, 50056, 50064), _lt(
        "The password is wrong. Reset it in Entra admin center > Users > Reset password, or sign in with OAuth, which needs none.")),
    _entra("entra_bad_password", aadsts(50055, 50144, 50135), _lt(
        "The password has expired or must be changed. Reset it in Entra admin center > Users > Reset password, then sign in again.")),
    _entra("entra_user_blocked", aadsts(50053), _lt(
        "The account is locked after wrong passwords or a sign-in from a suspicious address. See Entra admin center > Sign-in logs, change "
        "the password,"
        " and wait.")),
    _entra("entra_user_blocked", aadsts(50057), _lt(
        "The account is disabled. Enable it: Entra admin center > Users > Account status.")),
    _entra("entra_user_blocked", aadsts(53011, 530034, 54000, 80012), _lt(
        "The account is not allowed to sign in: it is at risk, under age or outside its hours. See Entra admin center > Sign-in logs and"
        " Entra admin center > ID Protection > Risky users.")),
    _entra("entra_user_blocked", aadsts(50105), _lt(
        "The user may not use this app. Assign the user: Entra admin center > Enterprise applications > Users and groups.")),
    _entra("entra_mfa_required", aadsts(50072, 50074, 50076, 50078, 50079, 50088, 50125, 50140, 50158, 50161, 50199, 53004, 53010), _lt(
        "The account must confirm its sign-in. Sign in from the Entra app in Odoo, in a browser, or use app-only sign-in;"
        " Entra admin center > Sign-in logs names the policy.")),
    # The organization's policies
    _entra("security_defaults", aadsts(530035), _lt(
        "Security defaults block this kind of sign-in. Use OAuth (app-only) instead of a password, or replace them by Conditional Access:"
        " Entra admin center > Overview > Properties > Manage security defaults."), "SECDEF"),
    # 53003 is also what a policy for authentication flows says to the device code flow.
    _entra("entra_conditional_access", aadsts(
        53003, 53000, 53001, 53002, 53009, 530021, 530031, 530032, 530084, 50005, 50097, 50127, 50129, 50131, 50155, 50187,
        130007, 135011, 700003), _lt(
        "A Conditional Access policy refused the sign-in. Entra admin center > Sign-in logs names it: exclude the account or the address of"
        " the Odoo server. Many organizations block the device code by default: sign in with a browser, or app-only.")),
    _entra("entra_conditional_access", aadsts(50002, 500021, 500022, 500212, 500213), _lt(
        "Tenant restrictions or cross-tenant access settings refused the sign-in. See Entra admin center > External Identities >"
        " Cross-tenant access settings, and the proxy of your network that sends the header Restrict-Access-To-Tenants.")),
    # What the app may do
    _entra("entra_consent_missing", aadsts(65001, 65004, 90008, 90093, 90094, 90095, 90099, 900093), _lt(
        "Nobody with the right to do so has consented to the permissions of the app. Under Microsoft's managed policy, only an "
        "administrator can consent to mail permissions: Entra admin center > App registrations > API permissions > Grant admin "
        "consent."), "OAUTH"),
    _entra("entra_permission_missing", aadsts(65005, 650052, 650056, 650057, 501051), _lt(
        "The app lacks the permission it asks for. Entra admin center > App registrations > API permissions: add Office 365 Exchange Online"
        " > Application > SMTP.SendAsApp and IMAP.AccessAsApp, then grant admin consent."), "OAUTH"),
    _entra("entra_app_unknown", aadsts(7000229), _lt(
        "The app is registered, but the directory has no enterprise application for it. Grant admin consent (Entra admin center > App"
        " registrations > API permissions), or run New-MgServicePrincipal -AppId <client id>; then New-ServicePrincipal in Exchange.")),
    _entra("entra_app_unknown", aadsts(700016, 700011, 70001, 7000112, 1000031), _lt(
        "The directory does not know the app, or it is disabled. Compare client id and directory id of the Entra app in Odoo with"
        " Entra admin center > App registrations > Overview.")),
    _entra("entra_secret_expired", aadsts(7000222), _lt(
        "The client secret has expired. Create a new one or, better, a certificate, as organizations may forbid secrets: Entra admin center"
        " > App registrations > Certificates & secrets. Enter it, and when it expires, in the Entra app in Odoo.")),
    _entra("entra_secret_invalid", aadsts(7000216, 7000218), _lt(
        "The Entra app in Odoo has neither certificate nor secret. Create a certificate there and upload it in Entra admin center > App"
        " registrations > Certificates & secrets; organizations may forbid secrets.")),
    _entra("entra_secret_invalid", aadsts(7000215, 70002), _lt(
        "The client secret is wrong. Copy the column Value, not Secret ID, of Entra admin center > App registrations > Certificates &"
        " secrets.")),
    _entra("entra_certificate_invalid", aadsts(
        700027, 700021, 700023, 700024, 700030, 50012, 50013, 500133, 50017, 50027, 50048, 1000502), _lt(
        "Entra does not accept the certificate. Upload the one of the Entra app in Odoo to Entra admin center > App registrations >"
        " Certificates & secrets > Certificates; check its dates and the clock of the Odoo server.")),
    _entra("entra_public_client", aadsts(700025), _lt(
        "The app is registered as a public client, which has no secret. Entra admin center > App registrations > Authentication: add the"
        " platform Web.")),
    _entra("entra_redirect_mismatch", aadsts(50011, 900971, 500112, 500113, 500117, 70004), _lt(
        "The app registration does not list the address of this Odoo. Add the redirect URI shown in the Entra app in Odoo, exactly: Entra "
        "admin"
        " center > App registrations > Authentication > Web.")),
    _entra("entra_redirect_mismatch", aadsts(9002325, 9002326, 9002327), _lt(
        "The redirect URI is registered for a single-page application. Delete it there and add it to the platform Web: Entra admin center >"
        " App registrations > Authentication.")),
    # What was given by a sign-in
    _entra("entra_grant_expired", aadsts(70008, 700082, 50173, 50132, 50133, 50089, 50085, 50139), _lt(
        "The sign-in was revoked or not used for 90 days. Sign in again from the Entra app in Odoo, or use app-only sign-in (Entra"
        " admin center > App registrations), which does not expire this way."), "RT"),
    _entra("entra_grant_expired", aadsts(700084), _lt(
        "The sign-in ended after a day because the redirect URI belongs to a single-page application. Add it to the platform Web (Entra "
        "admin"
        " center > App registrations > Authentication), then sign in again from the Entra app in Odoo."), "RT"),
    _entra("entra_grant_expired", aadsts(70043, 70046), _lt(
        "A policy requires a new sign-in from time to time. Sign in again from the Entra app in Odoo; exclude the account: Entra admin"
        " center > Conditional Access > Policies > Session > Sign-in frequency."), "RT"),
    _entra("entra_grant_expired", aadsts(70000, 54005, 700005, 50058, 50143, 501481, 700020), _lt(
        "The sign-in was used before or belongs to another directory. Start it again from the Entra app in Odoo; compare its"
        " directory id with Entra admin center > Overview.")),
    _entra("entra_grant_expired", aadsts(70018, 70019, 70020, 50134, 90119, 90120), _lt(
        "The device code was mistyped, used, or not entered in time. Start the sign-in again from the Entra app in Odoo; where it never"
        " works, Entra admin center > Conditional Access > Policies probably blocks device codes: sign in with a browser or app-only.")),
    # What is asked for
    _entra("entra_scope_invalid", aadsts(500011, 500014, 50001, 650054), _lt(
        "The service that the token is for is unknown or disabled in the directory. Check scope and cloud of the Entra app in Odoo, and"
        " that Office 365 Exchange Online is enabled: Entra admin center > Enterprise applications > Application type: Microsoft"
        " Applications."), "OAUTH"),
    _entra("entra_scope_invalid", aadsts(70011, 28000, 28002, 28003, 650053, 700022, 901002, 1002012), _lt(
        "The scope is not valid. App-only sign-in needs exactly https://outlook.office365.com/.default: restore it in the Entra app"
        " in Odoo; permissions belong to Entra admin center > App registrations > API permissions."), "OAUTH"),
    # Where it is asked
    _entra("entra_tenant_unknown", aadsts(90002, 50059, 50128, 900021, 900023, 90019, 50029, 51001), _lt(
        "There is no such directory. Copy Tenant ID from Entra admin center > Overview to the Entra app in Odoo, and check its"
        " cloud.")),
    _entra("entra_tenant_unknown", aadsts(5000224, 5000225), _lt(
        "Microsoft has blocked or deleted the directory, for example because nobody used it. Check Tenant ID in Entra admin center > "
        "Overview,"
        " then Microsoft 365 admin center > Support > Help & support.")),
    _entra("entra_wrong_cloud", aadsts(90038, 90051, 900382, 900432, 1000104, 50049), _lt(
        "The directory lives in another cloud. Choose it as the cloud of the Entra app in Odoo; Entra admin center > Overview"
        " of that cloud shows the directory."), "NATCLOUD"),
    _entra("entra_single_tenant", aadsts(50194, 9001023, 90124, 90130, 9002331, 9002332, 9002346), _lt(
        "The app signs in to its own directory only, not through /common. Enter the Tenant ID of Entra admin center > Overview in the"
        " Entra app in Odoo.")),
    _entra("federation_unreachable", aadsts(
        20001, 20012, 20033, 40008, 40009, 40015, 50008, 50107, 50180, 80001, 80002, 80005, 80007, 80010, 80013, 80014, 5000819), _lt(
        "Your own federation server or authentication agent (AD FS, Microsoft Entra Connect) refused or did not answer. Test it with Entra"
        " admin center > Microsoft Entra Connect > Connect Health; app-only sign-in does not need it.")),
    _entra("tls_version", aadsts(1002016), _lt(
        "Entra requires TLS 1.2 or newer. Update OpenSSL and Python on the Odoo server and remove proxies that open TLS on the way to the"
        " authority in the Entra app in Odoo (Settings > Technical > Email > Microsoft Entra Apps).")),
    # What passes by itself. Entra stops answering a client that asks too often (50196).
    _entra("entra_throttled", aadsts(90055, 50196, 50166), _lt(
        "No action needed. Entra was asked too often; Odoo will retry. If it persists, give every database an app of its own: Entra admin"
        " center > App registrations > New registration."), retry_after=300),
    _entra("entra_unavailable", aadsts(90033, 90006, 90012, 90024, 50033, 50087, 90090, 90091, 40010, 70012, 501621), _lt(
        "No action needed. Entra is temporarily unavailable; Odoo will retry. If it persists, see Microsoft 365 admin center > Health > "
        "Service"
        " health.")),
)


def _oauth(slug: str, signs: tuple[Sign, ...], remedy: str, *, vague: bool = False) -> Cause:
    return Cause(slug, signs, remedy, "RFC 6749", protocols=ENTRA, vague=vague)


#: RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, OpenID Connect Core 3.1.2.6: for texts without a number, and for unknown
#: numbers if they are not vague.
WORDS: Final[tuple[Cause, ...]] = (
    _oauth("entra_throttled", any_of("slow_down", "too many requests", "429 client error", "HTTP 429", "HTTP Error 429"), _lt(
        "No action needed. Entra was asked too often; Odoo will retry. If it persists, give every database an app of its own: Entra admin"
        " center > App registrations > New registration.")),
    _oauth("entra_unavailable", (says("temporarily_unavailable"), says("server_error"), says("server error", "for url"),
                                 says("HTTP Error 50"), says("MsalServiceError")), _lt(
        "No action needed. Entra is temporarily unavailable; Odoo will retry. If it persists, see Microsoft 365 admin center > Health > "
        "Service"
        " health.")),
    _oauth("entra_consent_missing", any_of("consent_required"), _lt(
        "Nobody with the right to do so has consented to the permissions of the app. Under Microsoft's managed policy, only an "
        "administrator can consent to mail permissions: Entra admin center > App registrations > API permissions > Grant admin consent.")),
    _oauth("entra_consent_missing", any_of("access_denied", "authorization_declined"), _lt(
        "The sign-in was refused or cancelled. Have an administrator consent (Entra admin center > App registrations > API permissions >"
        " Grant admin consent), then sign in again from the Entra app in Odoo."), vague=True),
    _oauth("entra_scope_invalid", any_of("invalid_scope", "invalid_resource", "invalid_target"), _lt(
        "The scope is not valid. App-only sign-in needs exactly https://outlook.office365.com/.default: restore it in the Entra app"
        " in Odoo; permissions belong to Entra admin center > App registrations > API permissions.")),
    # Our own word: the directory is at the host of another cloud, which is not asked.
    Cause("entra_wrong_cloud", (says("endpoint_elsewhere"),), _lt(
        "The directory lives in another cloud. Choose it as the cloud of the Entra app in Odoo; Entra admin center > Overview"
        " of that cloud shows the directory."), "NATCLOUD", protocols=ENTRA),
    _oauth("entra_app_unknown", any_of("unauthorized_client"), _lt(
        "The app may not sign in this way. Compare client id and directory id of the Entra app in Odoo with Entra admin center >"
        " App registrations > Overview."), vague=True),
    _oauth("entra_secret_invalid", any_of("invalid_client"), _lt(
        "Entra does not accept the app's secret or certificate. Compare them with Entra admin center > App registrations > Certificates &"
        " secrets, where a certificate comes first, and enter them in the Entra app in Odoo."), vague=True),
    _oauth("entra_grant_expired", any_of("interaction_required", "login_required", "invalid_grant", "expired_token",
                                         "bad_verification_code"), _lt(
        "The sign-in is no longer valid. Sign in again from the Entra app in Odoo; Entra admin center > Sign-in logs says why."),
        vague=True),
    _oauth("unknown", any_of("AADSTS"), _lt(
        "Open https://login.microsoftonline.com/error and enter the number after AADSTS; Entra admin center > Sign-in logs has the"
        " details."), vague=True),
)
