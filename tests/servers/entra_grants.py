"""The token endpoint: every grant, as RFC 6749, 7523, 7636 and 8628 and Microsoft's pages of the v2.0 endpoint have it."""

from __future__ import annotations

import dataclasses
import secrets
import time

import jwt

from . import entra_errors as errors
from .entra_directory import DELEGATED, RESOURCES, EntraApp, EntraDirectory, EntraUser, s256
from .entra_errors import EntraError
from .entra_tokens import Tokens

RESERVED = {"openid", "profile", "email", "offline_access"}
_CODE_LIFETIME = 600  # seconds
_REFRESH_LIFETIME = 90 * 86400  # seconds without use
_DEVICE_LIFETIME = 900  # seconds
_DEVICE_INTERVAL = 1  # seconds; Microsoft says 5, which would only make tests slow
_SKEW = 300  # seconds


@dataclasses.dataclass
class Grant:
    """What a user allowed an app: the content of an authorization code, a device code or a refresh token.

    :ivar issued: seconds since the epoch.
    :ivar state: of a device code: "pending", "accepted", "declined"; of an authorization code: "used" once it was redeemed.
    :ivar polled: when a device code was last asked about.
    """

    app: EntraApp
    user: EntraUser | None
    scopes: list[str]
    issued: float
    redirect_uri: str = ""
    challenge: str = ""
    nonce: str | None = None
    state: str = ""
    user_code: str = ""
    polled: float = 0.0


class Grants:
    """Codes and refresh tokens that are out, and their exchange for access tokens."""

    def __init__(self, directory: EntraDirectory, tokens: Tokens) -> None:
        self._directory = directory
        self._tokens = tokens
        self.reset()

    def reset(self) -> None:
        """Forget all grants."""
        self.codes: dict[str, Grant] = {}
        self.devices: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self._assertions: set[str] = set()

    # --- app and credential ---

    def app(self, tenant: str, form: dict[str, str]) -> EntraApp:
        """Return the app that asks.

        :raise EntraError: tenant or app are none
        """
        name = form.get("client_id", "")
        app = self._directory.apps.get(name)
        if tenant.lower() in ("common", "organizations", "consumers"):
            if app and not app.multi_tenant:
                raise errors.SINGLE_TENANT.fill(app=name)
        elif tenant.lower() in self._directory.other_clouds:
            raise errors.WRONG_CLOUD
        elif not self._directory.is_tenant(tenant):
            raise errors.TENANT_UNKNOWN.fill(tenant=tenant)
        if app is None:
            raise errors.APP_UNKNOWN.fill(app=name, tenant=tenant)
        if app.disabled:
            raise errors.APP_DISABLED.fill(app=name)
        return app

    def _authenticate(self, app: EntraApp, form: dict[str, str], url: str, *, public: bool) -> None:
        """Check the app's credential.

        :param public: the grant works without one, if the app allows it
        """
        if "client_secret" in form:
            self._check_secret(app, form["client_secret"])
        elif "client_assertion" in form:
            self._check_assertion(app, form["client_assertion"], url)
        elif not (public and app.public_client):
            raise errors.CREDENTIAL_MISSING

    def _check_secret(self, app: EntraApp, value: str) -> None:
        known = next(
            (each for each in app.secrets if secrets.compare_digest(each.value.encode(), value.encode())), None
        )
        if known is None:
            raise errors.SECRET_INVALID.fill(app=app.client_id)
        if known.expires <= self._directory.clock.now():
            raise errors.SECRET_EXPIRED.fill(app=app.client_id)

    def _check_assertion(self, app: EntraApp, assertion: str, url: str) -> None:
        """Check a client assertion (RFC 7523 section 3): its times by the machine's clock, as the client has no other."""
        try:
            # Entra takes it with and without padding; MSAL sends it with.
            certificate = app.certificates.get(jwt.get_unverified_header(assertion).get("x5t#S256", "").rstrip("="))
            if certificate is None:
                raise errors.CERTIFICATE_INVALID
            claims = jwt.decode(
                assertion,
                certificate.public_key(),
                algorithms=["PS256"],
                audience=url,
                options={"require": ["exp", "iss", "sub", "jti"]},
                leeway=_SKEW,
            )
        except jwt.ExpiredSignatureError:
            raise errors.ASSERTION_EXPIRED from None
        except jwt.InvalidSignatureError:
            raise errors.CERTIFICATE_INVALID from None
        except jwt.InvalidTokenError:
            raise errors.ASSERTION_INVALID from None
        now = time.time()
        if (
            not certificate.not_valid_before_utc.timestamp() - _SKEW
            <= now
            < certificate.not_valid_after_utc.timestamp()
        ):
            raise errors.CERTIFICATE_INVALID
        if {claims["iss"], claims["sub"]} != {app.client_id} or claims["jti"] in self._assertions:
            raise errors.ASSERTION_INVALID
        self._assertions.add(claims["jti"])

    # --- scopes ---

    def check_scopes(self, scopes: list[str]) -> str:
        """Return the resource of delegated scopes.

        :raise EntraError: they are not valid, or name several resources
        """
        resources = {scope.rpartition("/")[0] for scope in scopes if scope not in RESERVED}
        if len(resources) > 1:
            raise errors.SEVERAL_RESOURCES
        if not resources:
            raise errors.SCOPE_INVALID.fill(scope=" ".join(scopes))
        resource = resources.pop()
        if resource not in RESOURCES:
            raise errors.RESOURCE_UNKNOWN.fill(resource=resource)
        for scope in scopes:
            if scope not in RESERVED and scope.rpartition("/")[2] not in DELEGATED.values():
                raise errors.SCOPE_INVALID.fill(scope=scope)
        return resource

    # --- the endpoint ---

    def redeem(self, tenant: str, form: dict[str, str], url: str) -> dict:
        """Answer a request for a token.

        :raise EntraError: it is refused
        """
        app = self.app(tenant, form)
        grant = form.get("grant_type", "")
        kinds = {
            "client_credentials": self._app_only,
            "authorization_code": self._code,
            "refresh_token": self._refresh,
            "urn:ietf:params:oauth:grant-type:device_code": self._device,
            "device_code": self._device,
        }
        if grant not in kinds:
            raise errors.GRANT_UNSUPPORTED.fill(grant=grant)
        return kinds[grant](app, form, url)

    def _app_only(self, app: EntraApp, form: dict[str, str], url: str) -> dict:
        self._authenticate(app, form, url, public=False)
        resource, slash, rest = form.get("scope", "").rpartition("/")
        if not slash or rest != ".default":
            raise errors.SCOPE_NOT_DEFAULT.fill(scope=form.get("scope", ""))
        if resource not in RESOURCES:
            raise errors.RESOURCE_UNKNOWN.fill(resource=resource)
        token, lifetime = self._tokens.for_app(app, resource)
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _code(self, app: EntraApp, form: dict[str, str], url: str) -> dict:
        self._authenticate(app, form, url, public=True)
        grant = self.codes.get(form.get("code", ""))
        if grant is None or grant.app is not app:
            raise errors.GRANT_INVALID
        if grant.state == "used":
            raise errors.CODE_USED
        if grant.redirect_uri != form.get("redirect_uri", ""):
            raise errors.REDIRECT_MISMATCH.fill(uri=form.get("redirect_uri", ""), app=app.client_id)
        if grant.issued + _CODE_LIFETIME < self._directory.clock.now():
            raise errors.CODE_EXPIRED
        if not grant.challenge or s256(form.get("code_verifier", "")) != grant.challenge:
            raise errors.VERIFIER_MISMATCH
        grant.state = "used"
        return self._answer(grant, grant.scopes)

    def _refresh(self, app: EntraApp, form: dict[str, str], url: str) -> dict:
        self._authenticate(app, form, url, public=True)
        grant = self.refresh_tokens.get(form.get("refresh_token", ""))
        if grant is None or grant.app is not app:
            raise errors.GRANT_INVALID
        if grant.issued + _REFRESH_LIFETIME < self._directory.clock.now():
            raise errors.GRANT_EXPIRED
        if grant.issued < grant.user.revoked_before:
            raise errors.GRANT_REVOKED
        self.check_user(grant.user)
        if grant.user.mfa:
            raise errors.MFA_REQUIRED
        scopes = form.get("scope", "").split() or grant.scopes
        wanted = {scope.rpartition("/")[2] for scope in scopes if scope not in RESERVED}
        if not wanted <= {scope.rpartition("/")[2] for scope in grant.scopes}:
            raise errors.CONSENT_MISSING.fill(app=app.client_id)
        # The one that was used stays valid (learn.microsoft.com/entra/identity-platform/refresh-tokens).
        return self._answer(grant, scopes)

    def start_device(self, tenant: str, form: dict[str, str], base: str) -> dict:
        """Answer a request for a device code (RFC 8628 section 3.2).

        :raise EntraError: it is refused
        """
        app = self.app(tenant, form)
        if not app.public_client:
            raise errors.CREDENTIAL_MISSING
        scopes = form.get("scope", "").split()
        self.check_scopes(scopes)
        code = secrets.token_urlsafe(32)
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXYZ23456789") for _place in range(9))
        self.devices[code] = Grant(app, None, scopes, self._directory.clock.now(), state="pending", user_code=user_code)
        address = f"{base}/devicelogin"
        return {
            "user_code": user_code,
            "device_code": code,
            "verification_uri": address,
            "expires_in": _DEVICE_LIFETIME,
            "interval": _DEVICE_INTERVAL,
            "message": f"To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate.",
        }

    def _device(self, app: EntraApp, form: dict[str, str], url: str) -> dict:
        if "client_secret" in form or "client_assertion" in form:
            raise errors.PUBLIC_CLIENT
        grant = self.devices.get(form.get("device_code", ""))
        if grant is None or grant.app is not app:
            raise errors.GRANT_INVALID
        now = self._directory.clock.now()
        if grant.issued + _DEVICE_LIFETIME < now:
            raise errors.DEVICE_EXPIRED
        if grant.state == "declined":
            raise errors.DEVICE_DECLINED
        if grant.state == "pending":
            too_often, grant.polled = now - grant.polled < _DEVICE_INTERVAL, now
            raise errors.DEVICE_SLOW_DOWN if too_often else errors.DEVICE_PENDING
        del self.devices[form["device_code"]]
        return self._answer(grant, grant.scopes)

    def check_user(self, user: EntraUser) -> None:
        """
        :raise EntraError: the user may not sign in
        """
        for flag, error in (
            (user.disabled, errors.USER_DISABLED),
            (user.locked, errors.USER_LOCKED),
            (user.blocked_by_policy, errors.CONDITIONAL_ACCESS),
        ):
            if flag:
                raise error

    def _answer(self, grant: Grant, scopes: list[str]) -> dict:
        resource = self.check_scopes(scopes)
        permissions = [scope.rpartition("/")[2] for scope in scopes if scope not in RESERVED]
        token, lifetime = self._tokens.for_user(grant.app, grant.user, resource, permissions)
        answer = {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
            "scope": " ".join(f"{resource}/{permission}" for permission in permissions),
        }
        if "openid" in grant.scopes:
            answer["id_token"] = self._tokens.identity(grant.app, grant.user, grant.nonce)
        if "offline_access" in grant.scopes:
            refresh_token = f"1.{secrets.token_urlsafe(64)}"
            self.refresh_tokens[refresh_token] = dataclasses.replace(
                grant, issued=self._directory.clock.now(), state="", nonce=None
            )
            answer["refresh_token"] = refresh_token
        return answer


__all__ = ["EntraError", "Grant", "Grants"]
