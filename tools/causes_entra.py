"""Why Microsoft Entra gives no token. Earlier rows win. Numbers: the project's Exchange reference, 5.5.

Microsoft: drive logic from the OAuth ``error`` first, numbers and texts may change. But ``invalid_grant`` and ``invalid_client``
stand for a dozen causes each, so the number decides as long as it is known, and the word where it is not.
"""

from __future__ import annotations

from typing import Final

from .causes import ENTRA, SIGNS_IN, Cause, Sign, _lt, aadsts, says


def _entra(slug: str, sign: Sign, remedy: str, source: str = "AADSTS", retry_after: int | None = None) -> Cause:
    return Cause(slug, (sign,), remedy, source, retry_after, SIGNS_IN)


NUMBERS: Final[tuple[Cause, ...]] = (
    _entra("entra_user_unknown", aadsts(50034), _lt(
        "The directory has no such user. Check the address in Entra admin center > Users, and the directory id of the Entra app"
        " in Odoo.")),
    _entra("entra_bad_password", aadsts(50126, 50056, 50064), _lt(
        "The password is wrong. Reset it in Entra admin center > Users > Reset password, or sign in with OAuth, which needs none.")),
    _entra("entra_bad_password", aadsts(50055, 50144), _lt(
        "The password has expired. Reset it in Entra admin center > Users > Reset password, then sign in again.")),
    _entra("entra_user_blocked", aadsts(50053), _lt(
        "The account is locked after wrong passwords or a suspicious address. See Entra admin center > Sign-in logs, change the password,"
        " and wait.")),
    _entra("entra_user_blocked", aadsts(50057), _lt(
        "The account is disabled. Enable it: Entra admin center > Users > Account status.")),
    _entra("entra_user_blocked", aadsts(50105), _lt(
        "The user may not use this app. Assign the user: Entra admin center > Enterprise applications > Users and groups.")),
    _entra("entra_mfa_required", aadsts(50072, 50074, 50076, 50078, 50079), _lt(
        "The account must confirm its sign-in. Sign in again from the Entra app in Odoo, in a browser, or use app-only sign-in;"
        " Entra admin center > Sign-in logs names the policy.")),
    _entra("security_defaults", aadsts(530035), _lt(
        "Security defaults block this kind of sign-in. Use OAuth (app-only) instead of a password, or replace them by Conditional Access:"
        " Entra admin center > Overview > Properties > Manage security defaults."), "SECDEF"),
    _entra("entra_conditional_access", aadsts(53003, 53000, 53001, 53002, 530032), _lt(
        "A Conditional Access policy refused the sign-in. Entra admin center > Sign-in logs names it: exclude the account or the address of"
        " the Odoo server.")),
    _entra("entra_consent_missing", aadsts(65001, 90094, 65004), _lt(
        "Nobody consented to what the app asks for. Entra admin center > App registrations > API permissions > Grant admin consent."),
        "OAUTH"),
    _entra("entra_permission_missing", aadsts(650052, 650056, 650057), _lt(
        "The app lacks the permission it asks for. Entra admin center > App registrations > API permissions: add Office 365 Exchange Online"
        " > Application > SMTP.SendAsApp and IMAP.AccessAsApp, then grant admin consent."), "OAUTH"),
    _entra("entra_app_unknown", aadsts(700016, 700011, 70001, 7000112), _lt(
        "The directory does not know the app, or it is disabled. Compare client id and directory id of the Entra app in Odoo with"
        " Entra admin center > App registrations > Overview.")),
    _entra("entra_secret_expired", aadsts(7000222), _lt(
        "The client secret has expired. Create a new one (Entra admin center > App registrations > Certificates & secrets) and enter its"
        " value and expiry date in the Entra app in Odoo.")),
    _entra("entra_secret_invalid", aadsts(7000218), _lt(
        "The Entra app in Odoo has neither secret nor certificate. Create one in Entra admin center > App registrations >"
        " Certificates & secrets and enter it.")),
    _entra("entra_secret_invalid", aadsts(7000215, 70002), _lt(
        "The client secret is wrong. Copy the column Value, not Secret ID, of Entra admin center > App registrations > Certificates &"
        " secrets.")),
    _entra("entra_certificate_invalid", aadsts(700027, 700024, 50012, 700030, 700021, 700023), _lt(
        "Entra does not accept the certificate. Upload the one of the Entra app in Odoo to Entra admin center > App registrations >"
        " Certificates & secrets > Certificates; check its dates and the clock of the Odoo server.")),
    _entra("entra_public_client", aadsts(700025), _lt(
        "The app is registered as a public client, which has no secret. Entra admin center > App registrations > Authentication: add the"
        " platform Web.")),
    _entra("entra_redirect_mismatch", aadsts(50011, 900971, 500112), _lt(
        "The app does not know the address of this Odoo. Add the redirect URI shown in the Entra app in Odoo, exactly: Entra admin"
        " center > App registrations > Authentication > Web.")),
    _entra("entra_grant_expired", aadsts(70008, 700082, 50173, 50132, 50133), _lt(
        "The sign-in was revoked or not used for 90 days. Sign in again from the Entra app in Odoo, or use app-only sign-in (Entra"
        " admin center > App registrations), which does not expire this way."), "RT"),
    _entra("entra_grant_expired", aadsts(70043), _lt(
        "A policy asks for a new sign-in at intervals. Sign in again from the Entra app in Odoo; exclude the account: Entra admin"
        " center > Conditional Access > Policies > Session > Sign-in frequency."), "RT"),
    _entra("entra_grant_expired", aadsts(70000, 54005, 700005), _lt(
        "The sign-in was used before or belongs to another directory. Start it again from the Entra app in Odoo; compare its"
        " directory id with Entra admin center > Overview.")),
    _entra("entra_scope_invalid", aadsts(500011, 50001), _lt(
        "The directory does not know the service that the token is for. Check scope and cloud of the Entra app in Odoo against"
        " Entra admin center > App registrations > API permissions."), "OAUTH"),
    _entra("entra_scope_invalid", aadsts(70011, 28002, 700022, 28000), _lt(
        "The scope is not valid. App-only sign-in wants https://outlook.office365.com/.default alone: restore it in the Entra app"
        " in Odoo; permissions belong to Entra admin center > App registrations > API permissions."), "OAUTH"),
    _entra("entra_tenant_unknown", aadsts(90002, 50059, 50128, 900023), _lt(
        "There is no such directory. Copy Tenant ID from Entra admin center > Overview to the Entra app in Odoo, and check its"
        " cloud.")),
    _entra("entra_wrong_cloud", aadsts(90038, 900382, 900432), _lt(
        "The directory lives in another cloud. Choose it as the cloud of the Entra app in Odoo; Entra admin center > Overview"
        " of that cloud shows the directory."), "NATCLOUD"),
    _entra("entra_single_tenant", aadsts(50194, 9001023, 90124), _lt(
        "The app signs in to its own directory only, not through /common. Enter the Tenant ID of Entra admin center > Overview in the"
        " Entra app in Odoo.")),
    # Entra stops answering a client that asks too often (50196); that ends by itself.
    _entra("entra_throttled", aadsts(90055, 50196), _lt(
        "Nothing: Entra was asked too often, Odoo tries again. If it lasts, give every database an app of its own: Entra admin center > App"
        " registrations > New registration."), retry_after=300),
    _entra("entra_unavailable", aadsts(90033, 90006, 90012, 90024, 50033, 50087, 90090), _lt(
        "Nothing: Entra has a hiccup, Odoo tries again. If it lasts, see Microsoft 365 admin center > Health > Service health.")),
)


def _oauth(slug: str, signs: tuple[Sign, ...], remedy: str, retry_after: int | None = None) -> Cause:
    return Cause(slug, signs, remedy, "RFC 6749", retry_after, ENTRA)


#: RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6: for numbers that are not in the table.
WORDS: Final[tuple[Cause, ...]] = (
    _oauth("entra_throttled", (says("slow_down"), says("too many requests"), says("429 client error"), says("HTTP 429")), _lt(
        "Nothing: Entra was asked too often, Odoo tries again. If it lasts, give every database an app of its own: Entra admin center > App"
        " registrations > New registration.")),
    _oauth("entra_unavailable", (says("temporarily_unavailable"), says("server_error"), says("server error", "for url"),
                                 says("HTTP Error 50"), says("MsalServiceError")), _lt(
        "Nothing: Entra has a hiccup, Odoo tries again. If it lasts, see Microsoft 365 admin center > Health > Service health.")),
    _oauth("entra_consent_missing", (says("consent_required"), says("access_denied"), says("authorization_declined")), _lt(
        "Nobody consented to what the app asks for. Entra admin center > App registrations > API permissions > Grant admin consent.")),
    _oauth("entra_scope_invalid", (says("invalid_scope"), says("invalid_resource"), says("invalid_target")), _lt(
        "The scope is not valid. App-only sign-in wants https://outlook.office365.com/.default alone: restore it in the Entra app"
        " in Odoo; permissions belong to Entra admin center > App registrations > API permissions.")),
    # Our own word: the directory is at the host of another cloud, which is not asked.
    Cause("entra_wrong_cloud", (says("endpoint_elsewhere"),), _lt(
        "The directory lives in another cloud. Choose it as the cloud of the Entra app in Odoo; Entra admin center > Overview"
        " of that cloud shows the directory."), "NATCLOUD", protocols=ENTRA),
    _oauth("entra_app_unknown", (says("unauthorized_client"),), _lt(
        "The app may not sign in this way. Compare client id and directory id of the Entra app in Odoo with Entra admin center >"
        " App registrations > Overview.")),
    _oauth("entra_secret_invalid", (says("invalid_client"),), _lt(
        "Entra does not accept the app's secret or certificate. Create a new one in Entra admin center > App registrations > Certificates &"
        " secrets and enter it in the Entra app in Odoo.")),
    _oauth("entra_grant_expired", (says("interaction_required"), says("login_required"), says("invalid_grant"), says("expired_token")), _lt(
        "The sign-in is no longer valid. Sign in again from the Entra app in Odoo; Entra admin center > Sign-in logs says why.")),
    _oauth("unknown", (says("AADSTS"),), _lt(
        "Open https://login.microsoftonline.com/error?code=<number> with the number after AADSTS; Entra admin center > Sign-in logs has the"
        " details.")),
)
