"""The one catalogue of what Microsoft Entra refuses with, each under a name.

Numbers and meaning: learn.microsoft.com/entra/identity-platform/reference-error-codes. The wording around the numbers is
Microsoft's to change; what OAuth defines (``error``: RFC 6749 section 5.2, RFC 8628 section 3.5) is not.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid


@dataclasses.dataclass(frozen=True)
class EntraError(Exception):
    """One refusal.

    :ivar status: of HTTP at the token endpoint.
    :ivar error: OAuth's word.
    :ivar number: the number behind ``AADSTS``, 0 if the answer has none.
    :ivar retry_after: seconds, sent as a header; None: no header.
    """

    status: int
    error: str
    number: int
    words: str
    suberror: str = ""
    retry_after: int | None = None

    def fill(self, **values: str) -> EntraError:
        """Return the refusal with its ``{name}`` places filled."""
        return dataclasses.replace(self, words=self.words.format(**values))

    def body(self, now: float) -> dict:
        """Return the answer as JSON has it."""
        stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        prefix = f"AADSTS{self.number}: " if self.number else ""
        answer = {
            "error": self.error,
            "error_description": f"{prefix}{self.words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.number] if self.number else [],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        return answer | ({"suberror": self.suberror} if self.suberror else {})


# --- tenant and app ---
TENANT_UNKNOWN = EntraError(
    400,
    "invalid_request",
    90002,
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID"
    " and are signing into the correct cloud.",
)
WRONG_CLOUD = EntraError(400, "invalid_request", 900382, "Confidential Client is not supported in Cross Cloud request.")
SINGLE_TENANT = EntraError(
    400,
    "invalid_request",
    50194,
    "Application '{app}' is not configured as a multi-tenant application. Usage of the"
    " /common endpoint is not supported for such apps created after '10/15/2018'.",
)
APP_UNKNOWN = EntraError(
    400, "unauthorized_client", 700016, "Application with identifier '{app}' was not found in the directory '{tenant}'."
)
APP_DISABLED = EntraError(400, "unauthorized_client", 7000112, "Application '{app}' is disabled.")
REDIRECT_MISMATCH = EntraError(
    400,
    "invalid_request",
    50011,
    "The redirect URI '{uri}' specified in the request does not match the redirect"
    " URIs configured for the application '{app}'.",
)
# --- credential ---
SECRET_INVALID = EntraError(
    401,
    "invalid_client",
    7000215,
    "Invalid client secret provided. Ensure the secret being sent in the request is"
    " the client secret value, not the client secret ID, for a secret added to app '{app}'.",
)
SECRET_EXPIRED = EntraError(
    401, "invalid_client", 7000222, "The provided client secret keys for app '{app}' are expired."
)
CREDENTIAL_MISSING = EntraError(
    401,
    "invalid_client",
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
)
PUBLIC_CLIENT = EntraError(
    401,
    "invalid_client",
    700025,
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
)
CERTIFICATE_INVALID = EntraError(
    401,
    "invalid_client",
    700027,
    "The certificate with identifier used to sign the client assertion is not registered on application.",
)
ASSERTION_EXPIRED = EntraError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
ASSERTION_INVALID = EntraError(
    401, "invalid_client", 50012, "Authentication failed: the client assertion is not valid."
)
# --- scope and permission ---
SCOPE_INVALID = EntraError(
    400,
    "invalid_scope",
    70011,
    "The provided request must include a 'scope' input parameter. The provided value for"
    " the input parameter 'scope' is not valid. The scope {scope} is not valid.",
)
SCOPE_NOT_DEFAULT = EntraError(
    400,
    "invalid_scope",
    1002012,
    "The provided value for scope {scope} is not valid. Client credential flows"
    " must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
)
SEVERAL_RESOURCES = EntraError(
    400,
    "invalid_scope",
    700022,
    "Provided value for the input parameter scope is not valid because it contains more than one resource.",
)
RESOURCE_UNKNOWN = EntraError(
    400, "invalid_resource", 500011, "The resource principal named {resource} was not found in the tenant."
)
PERMISSION_MISSING = EntraError(
    400,
    "invalid_client",
    650052,
    "The app is trying to access a service that your organization lacks a service"
    " principal for, or the permission is not configured.",
)
CONSENT_MISSING = EntraError(
    400,
    "invalid_grant",
    65001,
    "The user or administrator has not consented to use the application with ID '{app}'.",
    suberror="consent_required",
)
CONSENT_DECLINED = EntraError(400, "access_denied", 65004, "User declined to consent to access the app.")
# --- user ---
USER_UNKNOWN = EntraError(400, "invalid_grant", 50034, "The user account does not exist in the directory.")
USER_DISABLED = EntraError(400, "invalid_grant", 50057, "The user account is disabled.")
USER_LOCKED = EntraError(400, "invalid_grant", 50053, "The account is locked, you've tried to sign in too many times.")
BAD_PASSWORD = EntraError(
    400, "invalid_grant", 50126, "Error validating credentials due to invalid username or password."
)
MFA_REQUIRED = EntraError(
    400,
    "invalid_grant",
    50076,
    "Due to a configuration change made by your administrator, or because you moved to a"
    " new location, you must use multi-factor authentication.",
    suberror="basic_action",
)
CONDITIONAL_ACCESS = EntraError(
    400, "invalid_grant", 53003, "Access has been blocked by Conditional Access policies.", suberror="message_only"
)
# --- grants ---
GRANT_EXPIRED = EntraError(
    400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.", suberror="bad_token"
)
GRANT_REVOKED = EntraError(
    400,
    "invalid_grant",
    50173,
    "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    suberror="bad_token",
)
GRANT_INVALID = EntraError(
    400, "invalid_grant", 70000, "The provided value for the input parameter 'code' or 'refresh_token' is not valid."
)
CODE_USED = EntraError(
    400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code."
)
CODE_EXPIRED = EntraError(
    400, "invalid_grant", 70008, "The provided authorization code or refresh token has expired due to inactivity."
)
VERIFIER_MISMATCH = EntraError(
    400,
    "invalid_grant",
    501481,
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
)
GRANT_UNSUPPORTED = EntraError(
    400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '{grant}'."
)
# --- device code (RFC 8628 section 3.5) ---
DEVICE_PENDING = EntraError(
    400, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
)
DEVICE_SLOW_DOWN = EntraError(400, "slow_down", 0, "Polling too often.")
DEVICE_EXPIRED = EntraError(
    400,
    "expired_token",
    70020,
    "The provided value for the input parameter 'device_code' is not valid: the code expired.",
)
DEVICE_DECLINED = EntraError(400, "authorization_declined", 70018, "The user declined the authorization request.")
# --- the service itself ---
UNAVAILABLE = EntraError(
    503, "temporarily_unavailable", 90033, "The service is temporarily unavailable. Please retry later."
)
THROTTLED = EntraError(
    429,
    "temporarily_unavailable",
    90055,
    "Server terminated the request because the request rate is exceeded.",
    retry_after=7,
)
