"""The token endpoint: every grant, as RFC 6749, 7523, 7636 and 8628 and Microsoft's pages of the v2.0 endpoint have it.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and the pages beside it
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import secrets
from collections.abc import Mapping

from . import entra_errors as errors
from . import entra_scopes
from .entra_client import COMMON, PUBLIC, Clients
from .entra_directory import EntraApp, EntraDirectory, EntraUser
from .entra_errors import Refused
from .entra_tokens import Tokens

CODE_LIFETIME = 600  # seconds
REFRESH_LIFETIME = 90 * 86400  # seconds without use
DEVICE_LIFETIME = 900  # seconds
_DEVICE_GRANTS = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
_LETTERS = "BCDFGHJKLMNPQRSTVWXYZ23456789"  # of user codes: none that is taken for another, no vowels


@dataclasses.dataclass
class Grant:
    """What a user allowed an app: the content of an authorization code, a device code or a refresh token.

    :ivar signed_in: when the user was there in person; ``issued``: when this code or token was made.
    :ivar mfa: he gave another factor then.
    :ivar public: for a client without credential.
    :ivar redirect_uri: of a code; ``challenge``, ``method``: of PKCE; ``nonce``: for the id token.
    :ivar state: of a device code: "pending", "accepted", "declined"; of a code: "used" once it was redeemed.
    :ivar polled: when a device code was last asked about.
    """

    app: EntraApp
    user: EntraUser | None
    wanted: entra_scopes.Wanted
    tenant: str
    issued: float
    signed_in: float = 0.0
    mfa: bool = False
    public: bool = False
    redirect_uri: str = ""
    challenge: str = ""
    method: str = ""
    nonce: str | None = None
    state: str = ""
    user_code: str = ""
    polled: float = 0.0


class Grants:
    """Codes and refresh tokens that are out, and their exchange for access tokens.

    :ivar device_interval: seconds a client has to wait between two questions about a device code.
    """

    def __init__(self, directory: EntraDirectory, tokens: Tokens, clients: Clients) -> None:
        self._directory = directory
        self._tokens = tokens
        self._clients = clients
        self.reset()

    def reset(self) -> None:
        """Forget all grants."""
        self.codes: dict[str, Grant] = {}
        self.devices: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.device_interval = 5

    def redeem(self, tenant: str, form: Mapping[str, str], endpoint: str) -> dict:
        """Answer a request for a token.

        :param endpoint: URL of the token endpoint that was asked
        :raise Refused: it is refused
        """
        kinds = {"client_credentials": self._app_only, "authorization_code": self._code, "refresh_token": self._refresh}
        kinds |= dict.fromkeys(_DEVICE_GRANTS, self._device)
        kind = form.get("grant_type", "")
        if not kind:
            raise Refused(errors.PARAMETER_MISSING, parameter="grant_type")
        app = self._clients.app(tenant, form)
        if kind not in kinds:
            raise Refused(errors.GRANT_UNSUPPORTED, grant=kind)
        if kind == "client_credentials" and tenant.lower() in COMMON:
            raise Refused(errors.GRANT_NOT_AT_COMMON)
        return kinds[kind](app, tenant, form, self._clients.authenticate(app, form, endpoint), endpoint)

    # --- grants ---

    def _app_only(self, app: EntraApp, _tenant: str, form: Mapping[str, str], how: str, _endpoint: str) -> dict:
        if how == PUBLIC:
            raise Refused(errors.CREDENTIAL_MISSING)
        resource = entra_scopes.resource_of_app(self._directory, form.get("scope", ""))
        token, lifetime = self._tokens.for_app(app, resource, how)
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _code(self, app: EntraApp, tenant: str, form: Mapping[str, str], how: str, endpoint: str) -> dict:
        grant = self._find(self.codes, app, tenant, form, "code")
        _check_client(grant, how)
        if grant.state == "used":
            raise Refused(errors.CODE_USED)
        if grant.issued + CODE_LIFETIME < self._directory.clock.now():
            raise Refused(errors.CODE_EXPIRED)
        if form.get("redirect_uri", "") != grant.redirect_uri:
            raise Refused(errors.REDIRECT_OF_CODE, uri=form.get("redirect_uri", ""), expected=grant.redirect_uri)
        if not _verified(grant, form.get("code_verifier", "")):
            raise Refused(errors.VERIFIER_MISMATCH)
        wanted = entra_scopes.read(self._directory, form["scope"]) if form.get("scope") else grant.wanted
        self._check_consent(grant, wanted)
        grant.state = "used"
        return self._answer(grant, wanted, how, endpoint)

    def _refresh(self, app: EntraApp, tenant: str, form: Mapping[str, str], how: str, endpoint: str) -> dict:
        grant = self._find(self.refresh_tokens, app, tenant, form, "refresh_token")
        _check_client(grant, how)
        now = self._directory.clock.now()
        if grant.issued + REFRESH_LIFETIME < now:
            raise Refused(errors.GRANT_EXPIRED, issued=_iso(grant.issued))
        if grant.signed_in <= grant.user.revoked_before:
            raise Refused(errors.GRANT_REVOKED, issued=_iso(grant.signed_in), valid_from=_iso(grant.user.revoked_before))
        frequency = grant.user.sign_in_frequency
        if frequency is not None and grant.signed_in + frequency < now:
            raise Refused(errors.SIGN_IN_FREQUENCY, issued=_iso(grant.signed_in), lifetime=str(int(frequency)))
        self.check_user(app, grant.user)
        wanted = entra_scopes.read(self._directory, form["scope"]) if form.get("scope") else grant.wanted
        if grant.user.mfa and not grant.mfa:
            raise Refused(errors.MFA_REQUIRED if grant.user.mfa_registered else errors.MFA_REGISTRATION, resource=wanted.resource)
        self._check_consent(grant, wanted)
        # The one that was used stays valid: https://learn.microsoft.com/entra/identity-platform/refresh-tokens
        return self._answer(grant, wanted, how, endpoint)

    def start_device(self, tenant: str, form: Mapping[str, str], origin: str) -> dict:
        """Answer a request for a device code (RFC 8628 section 3.2).

        :raise Refused: it is refused
        """
        app = self._clients.app(tenant, form, interactive=True)
        wanted = entra_scopes.read(self._directory, form.get("scope", ""))
        code = secrets.token_urlsafe(48)
        user_code = "".join(secrets.choice(_LETTERS) for _place in range(9))
        self.devices[code] = Grant(
            app, None, wanted, tenant.lower(), self._directory.clock.now(), public=True, state="pending", user_code=user_code)
        address = f"{origin}/devicelogin"
        return {
            "user_code": user_code, "device_code": code, "verification_uri": address, "expires_in": DEVICE_LIFETIME,
            "interval": self.device_interval,
            "message": f"To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate.",
        }

    def _device(self, app: EntraApp, tenant: str, form: Mapping[str, str], how: str, endpoint: str) -> dict:
        if how == PUBLIC and not app.public_client:
            raise Refused(errors.CREDENTIAL_MISSING)
        grant = self._find(self.devices, app, tenant, form, "device_code", errors.DEVICE_CODE_INVALID)
        now = self._directory.clock.now()
        if grant.state == "used":
            raise Refused(errors.GRANT_INVALID)
        if grant.state == "declined":
            raise Refused(errors.DEVICE_DECLINED)
        if grant.issued + DEVICE_LIFETIME < now:
            raise Refused(errors.DEVICE_EXPIRED)
        if grant.state == "pending":
            too_often, grant.polled = now - grant.polled < self.device_interval, now
            raise Refused(errors.DEVICE_SLOW_DOWN if too_often else errors.DEVICE_PENDING)
        grant.state, grant.public = "used", how == PUBLIC
        return self._answer(grant, grant.wanted, how, endpoint)

    # --- shared ---

    def _find(self, grants: dict[str, Grant], app: EntraApp, tenant: str, form: Mapping[str, str], name: str,
              unknown: errors.EntraError = errors.GRANT_INVALID) -> Grant:
        if not form.get(name):
            raise Refused(errors.PARAMETER_MISSING, parameter=name)
        grant = grants.get(form[name])
        if grant is None or grant.app is not app:
            raise Refused(unknown)
        same = grant.tenant == tenant.lower() or (self._directory.is_tenant(grant.tenant) and self._directory.is_tenant(tenant))
        if not same:
            raise Refused(errors.GRANT_OF_ANOTHER_TENANT)
        return grant

    def check_user(self, app: EntraApp, user: EntraUser) -> None:
        """
        :raise Refused: the user may not sign in to this app
        """
        known = self._directory.users.get(user.address.lower()) is user
        may = app.assigned is None or user.address.lower() in {address.lower() for address in app.assigned}
        for refused, error in (
            (not known, errors.USER_UNKNOWN), (user.locked, errors.USER_LOCKED), (user.disabled, errors.USER_DISABLED),
            (user.password_expired, errors.PASSWORD_EXPIRED), (not may, errors.USER_NOT_ASSIGNED),
            (user.blocked_by_policy, errors.CONDITIONAL_ACCESS),
        ):
            if refused:
                raise Refused(error, account=user.address, tenant=self._directory.tenant_id, app=app.client_id, name=app.name)

    def consented(self, app: EntraApp, user: EntraUser) -> set[str]:
        """Return the permissions that the app has from the user, or from an administrator for all."""
        return user.consents.get(app.client_id, set()) | (app.permissions if app.admin_consent else set())

    def permissions(self, app: EntraApp, wanted: entra_scopes.Wanted) -> frozenset[str]:
        """Return what is asked for; ``.default`` is what the registration lists.

        :raise Refused: it lists nothing
        """
        if ".default" not in wanted.permissions:
            return wanted.permissions
        if not app.permissions:
            raise Refused(errors.APP_MISCONFIGURED, resource=wanted.resource, app=app.client_id)
        return frozenset(app.permissions)

    def _check_consent(self, grant: Grant, wanted: entra_scopes.Wanted) -> None:
        if not self.permissions(grant.app, wanted) <= self.consented(grant.app, grant.user):
            raise Refused(errors.CONSENT_MISSING, app=grant.app.client_id, name=grant.app.name)

    def _answer(self, grant: Grant, wanted: entra_scopes.Wanted, how: str, endpoint: str) -> dict:
        wanted = dataclasses.replace(wanted, permissions=self.permissions(grant.app, wanted), openid=wanted.openid | grant.wanted.openid)
        token, lifetime = self._tokens.for_user(grant.app, grant.user, wanted.resource, wanted.permissions, how)
        answer = {
            "token_type": "Bearer", "scope": wanted.scopes, "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        if "openid" in wanted.openid:
            authority = endpoint.removesuffix("/oauth2/v2.0/token").rpartition("/")[0]
            issuer = f"{authority}/{self._directory.tenant_id}/v2.0"
            answer["id_token"] = self._tokens.identity(grant.app, grant.user, issuer, grant.nonce)
        if "offline_access" in wanted.openid:
            refresh_token = f"1.{secrets.token_urlsafe(192)}"
            self.refresh_tokens[refresh_token] = dataclasses.replace(
                grant, wanted=wanted, issued=self._directory.clock.now(), state="", nonce=None)
            answer["refresh_token"] = refresh_token
        return answer


def _check_client(grant: Grant, how: str) -> None:
    """
    :raise Refused: the grant is of a public client and a credential was sent, or the other way round
    """
    if grant.public and how != PUBLIC:
        raise Refused(errors.PUBLIC_CLIENT)
    if not grant.public and how == PUBLIC:
        raise Refused(errors.CREDENTIAL_MISSING)


def _verified(grant: Grant, verifier: str) -> bool:
    """Whether the code verifier is the one of the challenge (RFC 7636 section 4.6)."""
    if grant.method != "S256":
        return verifier == grant.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge


def _iso(time: float) -> str:
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
