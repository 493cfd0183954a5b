"""The one catalogue of what Microsoft Entra refuses with, each under a name.

Numbers and meaning: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, OAuth's words: RFC 6749 sections 4.1.2.1 and
5.2, RFC 8628 section 3.5. Microsoft may change the wording around the numbers at any time; the texts here are those of its page, or
those that people report from the wild where the page has only a name. Which word goes with which number is documented for few of
them; the rest is as reported.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid

_UNFILLED = re.compile(r"{(\w+)}")


@dataclasses.dataclass(frozen=True)
class EntraError:
    """One refusal.

    :ivar number: the number after ``AADSTS``; 0: the answer has none.
    :ivar error: OAuth's word.
    :ivar status: of HTTP at the token endpoint.
    :ivar suberror: what a client should do (``basic_action``, ``consent_required``, ``bad_token`` …), often missing.
    :ivar retry_after: seconds, sent as a header; None: no such header.
    """

    number: int
    error: str
    text: str
    status: int = 400
    suberror: str = ""
    retry_after: int | None = None

    def fill(self, **values: str) -> EntraError:
        """Return the refusal with its ``{name}`` places filled; places without a value stay."""
        return dataclasses.replace(self, text=_UNFILLED.sub(lambda place: values.get(place[1], place[0]), self.text))

    def body(self, now: float, correlation_id: str = "") -> dict:
        """Return the answer as JSON has it.

        :param now: seconds since the epoch
        :param correlation_id: the client's (``client-request-id``), which Entra repeats
        """
        stamp = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        prefix = f"AADSTS{self.number}: " if self.number else ""
        answer = {
            "error": self.error,
            "error_description": f"{prefix}{self.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [self.number] if self.number else [],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        return answer | ({"suberror": self.suberror} if self.suberror else {})


class Refused(Exception):
    """Entra refuses.

    :ivar error: the :class:`EntraError`, filled.
    """

    def __init__(self, error: EntraError, **values: str) -> None:
        super().__init__(error.number)
        self.error = error.fill(**values)


# --- tenant and cloud (reference rows 101 to 103) ---------------------------------------------------------------------
TENANT_UNKNOWN = EntraError(90002, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and"
    " are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active"
    " subscriptions for the tenant.")
TENANT_MALFORMED = EntraError(900023, "invalid_request", "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid"
    " external domain.")
NO_TENANT_INFORMATION = EntraError(50059, "invalid_request", "No tenant-identifying information found in either the request or implied by"
    " any provided credentials.")
INVALID_DOMAIN = EntraError(50128, "invalid_request", "Invalid domain name - No tenant-identifying information found in either the"
    " request or implied by any provided credentials.")
NATIONAL_CLOUD = EntraError(90038, "invalid_request", "The specified tenant '{tenant}' belongs to another National Cloud. The current"
    " cloud instance 'microsoftonline.com' does not federate with it.")
WRONG_CLOUD = EntraError(900382, "invalid_request", "Confidential Client is not supported in Cross Cloud request.")
WRONG_CLOUD_CONFIDENTIAL = EntraError(900432, "invalid_request", "Confidential Client isn't supported in Cross Cloud request.")
SINGLE_TENANT = EntraError(50194, "invalid_request", "Application '{app}'({name}) is not configured as a multi-tenant application. Usage"
    " of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the"
    " application to be multi-tenant.")
GRANT_NOT_AT_COMMON = EntraError(9001023, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints."
    " Please use the /organizations or tenant-specific endpoint.")
COMMON_NOT_SUPPORTED = EntraError(90124, "invalid_request", "Resource '{resource}' is not supported over the /common or /consumers"
    " endpoints. Please use the /organizations or tenant-specific endpoint.")

# --- app registration (91, 84) ----------------------------------------------------------------------------------------
APP_UNKNOWN = EntraError(700016, "unauthorized_client", "Application with identifier '{app}' was not found in the directory '{tenant}'."
    " This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the"
    " tenant. You may have sent your authentication request to the wrong tenant.")
APP_NOT_IN_DIRECTORY = EntraError(700011, "unauthorized_client", "Application with identifier {app} was not found in the directory.")
UNAUTHORIZED_CLIENT = EntraError(70001, "unauthorized_client", "The application named {name} was not found in the tenant named {tenant}.")
APP_DISABLED = EntraError(7000112, "unauthorized_client", "Application '{app}'({name}) is disabled.")
REDIRECT_MISMATCH = EntraError(50011, "invalid_request", "The redirect URI '{uri}' specified in the request does not match the redirect"
    " URIs configured for the application '{app}'. Make sure the redirect URI sent in the request matches one added to your application"
    " in the Azure portal.")
REDIRECT_MISSING = EntraError(900971, "invalid_request", "No reply address provided.")

# --- the app's credential (92 to 96) ----------------------------------------------------------------------------------
SECRET_INVALID = EntraError(7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is"
    " the client secret value, not the client secret ID, for a secret added to app '{app}'.", 401)
SECRET_MISMATCH = EntraError(70002, "invalid_client", "Error validating credentials. The specified client_secret does not match the"
    " expected value for this client.", 401)
SECRET_EXPIRED = EntraError(7000222, "invalid_client", "The provided client secret keys for app '{app}' are expired. Visit the Azure"
    " portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added"
    " security: https://aka.ms/certCreds.", 401)
CREDENTIAL_MISSING = EntraError(7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or"
    " 'client_secret'.", 401)
CERTIFICATE_INVALID = EntraError(700027, "invalid_client", "The certificate with identifier used to sign the client assertion is not"
    " registered on application. [Reason - {reason}]. Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see"
    " configured keys for app Id '{app}'.", 401)
ASSERTION_INVALID = EntraError(50012, "invalid_client", "Authentication failed. Client assertion contains an invalid signature or is not"
    " valid: {reason}.", 401)
CERTIFICATE_SUBJECT = EntraError(700030, "invalid_client", "Invalid certificate - subject name in certificate is not authorized."
    " SubjectNames/SubjectAlternativeNames (up to 10) in token certificate are: {subject}.", 401)
ASSERTION_OF_ANOTHER = EntraError(700021, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter.",
    401)
ASSERTION_AUDIENCE = EntraError(700023, "invalid_client", "Client assertion audience claim does not match Realm issuer.", 401)
ASSERTION_EXPIRED = EntraError(700024, "invalid_client", "Client assertion is not within its valid time range. Check the clock of the"
    " client.", 401)
PUBLIC_CLIENT = EntraError(700025, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be"
    " presented.", 401)

# --- scopes and permissions (88 to 90, 100) ---------------------------------------------------------------------------
SCOPE_INVALID = EntraError(70011, "invalid_scope", "The provided request must include a 'scope' input parameter. The provided value for"
    " the input parameter 'scope' is not valid. The scope {scope} is not valid.")
SCOPE_NOT_DEFAULT = EntraError(1002012, "invalid_scope", "The provided value for scope {scope} is not valid. Client credential flows must"
    " have a scope value with /.default suffixed to the resource identifier (application ID URI).")
SCOPE_NOT_FOR_ACCESS_TOKEN = EntraError(28002, "invalid_request", "Provided value for the input parameter scope '{scope}' isn't valid"
    " when requesting an access token. Specify a valid scope.")
SEVERAL_RESOURCES = EntraError(28000, "invalid_request", "Provided value for the input parameter scope is not valid because it contains"
    " more than one resource. Scope {scope} is not valid.")
SEVERAL_RESOURCES_AUTHORIZE = EntraError(700022, "invalid_request", "Provided value for the input parameter scope is not valid because it"
    " contains more than one resource. Scope {scope} is not valid.")
RESOURCE_UNKNOWN = EntraError(500011, "invalid_resource", "The resource principal named {resource} was not found in the tenant named"
    " {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user"
    " in the tenant. You might have sent your authentication request to the wrong tenant.")
RESOURCE_DISABLED = EntraError(50001, "invalid_resource", "The resource is disabled or doesn't exist.")
CONSENT_MISSING = EntraError(65001, "invalid_grant", "The user or administrator has not consented to use the application with ID '{app}'"
    " named '{name}'. Send an interactive authorization request for this user and resource.", suberror="consent_required")
ADMIN_CONSENT_NEEDED = EntraError(90094, "invalid_grant", "An administrator of {tenant} has set a policy that prevents you from granting"
    " {name} the permissions it is requesting. Contact an administrator of {tenant}, who can grant permissions to this app on your"
    " behalf.", suberror="consent_required")
CONSENT_DECLINED = EntraError(65004, "access_denied", "User declined to consent to access the app.")
PERMISSION_MISSING = EntraError(650052, "invalid_client", "The app needs access to a service ('{resource}') that your organization"
    " '{tenant}' has not subscribed to or enabled. Contact your IT Admin to review the configuration of your service subscriptions.")
APP_MISCONFIGURED = EntraError(650056, "invalid_client", "Misconfigured application. This could be due to one of the following: the"
    " client has not listed any permissions for '{resource}' in the requested permissions in the client's application registration. Or,"
    " the admin has not consented in the tenant. Client app ID: {app}.")
RESOURCE_NOT_LISTED = EntraError(650057, "invalid_resource", "Invalid resource. The client has requested access to a resource which is"
    " not listed in the requested permissions in the client's application registration. Client app ID: {app}.")

# --- user (77 to 88) --------------------------------------------------------------------------------------------------
USER_UNKNOWN = EntraError(50034, "invalid_grant", "The user account {account} does not exist in the {tenant} directory. To sign into this"
    " application, the account must be added to the directory.")
USER_LOCKED = EntraError(50053, "invalid_grant", "The account is locked, you've tried to sign in too many times with an incorrect user ID"
    " or password.")
USER_DISABLED = EntraError(50057, "invalid_grant", "The user account is disabled.")
USER_NOT_ASSIGNED = EntraError(50105, "invalid_grant", "Your administrator has configured the application {name} ('{app}') to block users"
    " unless they are specifically granted ('assigned') access to the application. The signed in user '{account}' is blocked.")
BAD_PASSWORD = EntraError(50126, "invalid_grant", "Error validating credentials due to invalid username or password.")
NO_PASSWORD = EntraError(50056, "invalid_grant", "Invalid or null password: password does not exist in the directory for this user.")
CREDENTIAL_VALIDATION = EntraError(50064, "invalid_grant", "Credential validation on username or password has failed.")
PASSWORD_EXPIRED = EntraError(50055, "invalid_grant", "The password is expired.")
PASSWORD_EXPIRED_ON_PREMISES = EntraError(50144, "invalid_grant", "The user's Active Directory password has expired.")
MFA_REQUIRED = EntraError(50076, "invalid_grant", "Due to a configuration change made by your administrator, or because you moved to a"
    " new location, you must use multi-factor authentication to access '{resource}'.", suberror="basic_action")
MFA_REGISTRATION = EntraError(50079, "invalid_grant", "Due to a configuration change made by your administrator, or because you moved to"
    " a new location, you must enroll in multi-factor authentication to access '{resource}'.", suberror="basic_action")
MFA_ENROLLMENT = EntraError(50072, "invalid_grant", "The user needs to enroll for second factor authentication (interactive).")
MFA_NOT_PASSED = EntraError(50074, "invalid_grant", "Strong Authentication is required.")
MFA_EXPIRED = EntraError(50078, "invalid_grant", "Presented multi-factor authentication has expired due to policies configured by your"
    " administrator, you must refresh your multi-factor authentication to access '{resource}'.", suberror="basic_action")
CONDITIONAL_ACCESS = EntraError(53003, "invalid_grant", "Access has been blocked by Conditional Access policies. The access policy does"
    " not allow token issuance.", suberror="message_only")
DEVICE_NOT_COMPLIANT = EntraError(53000, "invalid_grant", "Your device is required to be compliant to access this resource.",
    suberror="message_only")
DEVICE_NOT_JOINED = EntraError(53001, "invalid_grant", "Device is not in required device state: domain_joined.", suberror="message_only")
APP_NOT_APPROVED = EntraError(53002, "invalid_grant", "The application used is not an approved application for Conditional Access.",
    suberror="message_only")
BLOCKED_BY_SECURITY_POLICY = EntraError(530032, "invalid_grant", "Blocked by security policy: the tenant admin has configured a security"
    " policy that blocks this request.", suberror="message_only")
SECURITY_DEFAULTS = EntraError(530035, "invalid_grant", "Access has been blocked by security defaults. This is due to the request using"
    " legacy auth or being deemed unsafe by security defaults policies.", suberror="message_only")
NOT_SIGNED_IN = EntraError(50058, "login_required", "A silent sign-in request was sent but no user is signed in.")

GUEST = EntraError(50020, "invalid_grant", "User account '{account}' from identity provider 'live.com' does not exist in tenant '{tenant}'"
    " and cannot access the application '{app}'({name}) in that tenant. The account needs to be added as an external user in the tenant"
    " first.")
USER_DELETED = EntraError(500341, "invalid_grant", "The user account {account} has been deleted from the {tenant} directory. To sign into"
    " this application, the account must be added to the directory.")
EXTERNAL_CHALLENGE = EntraError(50158, "interaction_required", "External security challenge not satisfied. User will be redirected to"
    " another page or authentication provider to satisfy additional authentication challenges.", suberror="basic_action")
DEVICE_NEEDED = EntraError(50097, "interaction_required", "Device authentication is required.", suberror="basic_action")
DEVICE_DISABLED = EntraError(135011, "invalid_grant", "Device used during the authentication is disabled.")
FEDERATION_TIMEOUT = EntraError(80002, "invalid_grant", "Password validation request timed out.")

# --- what the words beside the number hide (invalid_client is no bad secret here) -------------------------------------
SERVICE_PRINCIPAL_MISSING = EntraError(7000229, "invalid_client", "The client application {app} is missing service principal in the tenant"
    " {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119", 401)
SCOPE_NOT_ON_RESOURCE = EntraError(650053, "invalid_client", "The application '{name}' asked for scope '{scope}' that doesn't exist on the"
    " resource '{resource}'. Contact the app vendor.")
RESOURCE_PRINCIPAL_DISABLED = EntraError(500014, "invalid_resource", "The service principal for resource '{resource}' is disabled.")
ASSERTION_NOT_IN_TIME = EntraError(500133, "invalid_grant", "Assertion is not within its valid time range.")
NO_TENANT = EntraError(90019, "invalid_request", "No tenant-identifying information found in either the request or implied by any provided"
    " credentials.")
CONSENT_NOT_PERMITTED = EntraError(900093, "access_denied", "The user does not have permission to consent.")
TLS_TOO_OLD = EntraError(1002016, "invalid_request", "You are using TLS version 1.0, 1.1 and/or 3DES cipher which are deprecated to improve"
    " the security posture of Azure AD.")
#: A number that the addon does not know: the service's own fault, for which Microsoft says to open a ticket.
TOKEN_ISSUANCE = EntraError(50000, "invalid_grant", "There was an error issuing a token or an issue with our sign-in service.")

# --- codes and refresh tokens (85, 97 to 99) --------------------------------------------------------------------------
GRANT_INVALID = EntraError(70000, "invalid_grant", "Provided grant is invalid or malformed.", suberror="bad_token")
GRANT_OF_ANOTHER_TENANT = EntraError(700005, "invalid_grant", "Provided Authorization Code is intended to use against other tenant, thus"
    " rejected.")
CODE_USED = EntraError(54005, "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use"
    " an existing refresh token.")
CODE_EXPIRED = EntraError(70008, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a"
    " new interactive authorization request for this user and resource.")
REDIRECT_OF_CODE = EntraError(500112, "invalid_grant", "The reply address '{uri}' does not match the reply address '{expected}' provided"
    " when requesting Authorization code.")
VERIFIER_MISMATCH = EntraError(501481, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the"
    " authorization request.")
GRANT_EXPIRED = EntraError(700082, "invalid_grant", "The refresh token has expired due to inactivity. The token was issued on {issued}"
    " and was inactive for 90.00:00:00.", suberror="bad_token")
GRANT_REVOKED = EntraError(50173, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed."
    " The user might have changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before which"
    " tokens are not valid) for this user is '{valid_from}'.", suberror="bad_token")
SESSION_PASSWORD_CHANGED = EntraError(50132, "invalid_grant", "The session is not valid due to password expiration or recent password"
    " change.", suberror="bad_token")
SESSION_REVOKED = EntraError(50133, "invalid_grant", "The session is not valid due to password expiration or recent password change.",
    suberror="bad_token")
SIGN_IN_FREQUENCY = EntraError(70043, "invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by"
    " conditional access. The token was issued on {issued} and the maximum allowed lifetime for this request is {lifetime}.",
    suberror="bad_token")

# --- device code (RFC 8628 section 3.5) -------------------------------------------------------------------------------
DEVICE_PENDING = EntraError(70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
DEVICE_SLOW_DOWN = EntraError(0, "slow_down", "Authorization is pending, and the client polls too often.")
DEVICE_DECLINED = EntraError(65004, "authorization_declined", "User declined to consent to access the app.")
DEVICE_EXPIRED = EntraError(70020, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device"
    " code has expired.")
DEVICE_CODE_INVALID = EntraError(70018, "bad_verification_code", "Invalid verification code due to user typing in wrong user code for"
    " device code flow.")

# --- malformed requests -----------------------------------------------------------------------------------------------
PARAMETER_MISSING = EntraError(900144, "invalid_request", "The request body must contain the following parameter: '{parameter}'.")
MALFORMED = EntraError(9002313, "invalid_request", "Invalid request. Request is malformed or invalid.")
METHOD_NOT_ALLOWED = EntraError(900561, "invalid_request", "The endpoint only accepts {allowed} requests. Received a {method} request.")
GRANT_UNSUPPORTED = EntraError(70003, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'.")
RESPONSE_TYPE = EntraError(70005, "unsupported_response_type", "The app returned an unsupported response type: response type '{kind}' is"
    " not enabled for the app.")
RESPONSE_MODE = EntraError(70007, "invalid_request", "'{mode}' is not a supported value of 'response_mode' when requesting a token.")
PROMPT_UNKNOWN = EntraError(90023, "invalid_request", "Unsupported 'prompt' value '{prompt}'.")
CHALLENGE_SIZE = EntraError(501491, "invalid_request", "Invalid size of Code_Challenge parameter.")
CHALLENGE_METHOD = EntraError(50148, "invalid_request", "The code_challenge_method '{method}' is not supported.")

# --- the service itself (104 to 106) ----------------------------------------------------------------------------------
LOOP_DETECTED = EntraError(50196, "invalid_grant", "The server terminated an operation because it encountered a client request loop."
    " Please contact your app vendor.")
THROTTLED = EntraError(90055, "temporarily_unavailable", "The server terminated the request because there are too many incoming requests.",
    429, retry_after=7)
UNAVAILABLE = EntraError(90033, "temporarily_unavailable", "A transient error has occurred. Please try again.", 503)
UNAVAILABLE_FOR_A_WHILE = EntraError(90033, "temporarily_unavailable", "A transient error has occurred. Please try again.",
    503, retry_after=120)
EXTERNAL_SERVER = EntraError(90006, "temporarily_unavailable", "The service is temporarily unavailable.", 503)
REQUEST_TIMEOUT = EntraError(90012, "temporarily_unavailable", "The request has timed out.", 503)
REQUEST_BUDGET = EntraError(90024, "temporarily_unavailable", "A transient error has occurred. Please try again.", 503)
RETRYABLE = EntraError(50033, "temporarily_unavailable", "A transient error has occurred. Please try again.", 503)
STRONG_AUTHENTICATION_RETRYABLE = EntraError(50087, "temporarily_unavailable", "A transient error has occurred during strong"
    " authentication. Please try again.", 503)
GRAPH_RETRYABLE = EntraError(90090, "temporarily_unavailable", "The service is temporarily unavailable.", 503)

#: Every refusal by its name.
ALL: dict[str, EntraError] = {name: value for name, value in list(vars().items()) if isinstance(value, EntraError)}
