"""Who asks: tenant, app registration and the app's credential.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from collections.abc import Mapping

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import entra_errors as errors
from .entra_directory import EntraApp, EntraDirectory
from .entra_errors import Refused

#: Names in place of a tenant's. Only apps of several tenants may use them.
COMMON = ("common", "organizations", "consumers")
#: ``appidacr`` of access tokens.
PUBLIC, BY_SECRET, BY_CERTIFICATE = "0", "1", "2"

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SKEW = 300  # seconds


class Clients:
    """Checks tenants, apps and credentials."""

    def __init__(self, directory: EntraDirectory) -> None:
        self._directory = directory
        self._assertions: set[str] = set()

    def reset(self) -> None:
        """Forget the assertions seen."""
        self._assertions.clear()

    def check_tenant(self, tenant: str) -> None:
        """
        :raise Refused: there is no such tenant
        """
        directory = self._directory
        if tenant.lower() in COMMON or tenant.lower() in directory.other_clouds or directory.is_tenant(tenant):
            return
        if not (_GUID.fullmatch(tenant) or "." in tenant):
            raise Refused(errors.TENANT_MALFORMED, tenant=tenant)
        raise Refused(errors.TENANT_UNKNOWN, tenant=tenant)

    def app(self, tenant: str, form: Mapping[str, str], *, interactive: bool = False) -> EntraApp:
        """Return the app that asks.

        :param interactive: a person is there, no confidential client
        :raise Refused: tenant or app are none, or don't go together
        """
        self.check_tenant(tenant)
        if tenant.lower() in self._directory.other_clouds:
            raise Refused(errors.NATIONAL_CLOUD if interactive else errors.WRONG_CLOUD, tenant=tenant)
        client_id = form.get("client_id", "")
        if not client_id:
            raise Refused(errors.PARAMETER_MISSING, parameter="client_id")
        app = self._directory.apps.get(client_id.lower())
        if app is None:
            raise Refused(errors.APP_UNKNOWN, app=client_id, tenant=tenant)
        if app.disabled:
            raise Refused(errors.APP_DISABLED, app=client_id, name=app.name)
        if tenant.lower() in COMMON and not app.multi_tenant:
            raise Refused(errors.SINGLE_TENANT, app=client_id, name=app.name)
        return app

    def authenticate(self, app: EntraApp, form: Mapping[str, str], endpoint: str) -> str:
        """Check the app's credential; return how it signed in, :data:`PUBLIC` if it gave none.

        :param endpoint: URL of the token endpoint
        :raise Refused: it is not valid
        """
        if "client_secret" in form:
            self._check_secret(app, form["client_secret"])
            return BY_SECRET
        if "client_assertion" in form:
            if form.get("client_assertion_type") != _ASSERTION_TYPE:
                raise Refused(errors.PARAMETER_MISSING, parameter="client_assertion_type")
            self._check_assertion(app, form["client_assertion"], endpoint)
            return BY_CERTIFICATE
        return PUBLIC

    def _check_secret(self, app: EntraApp, value: str) -> None:
        known = [secret for secret in app.secrets if secrets.compare_digest(secret.value.encode(), value.encode())]
        if not known:
            raise Refused(errors.SECRET_INVALID, app=app.client_id)
        if known[0].expires <= self._directory.clock.now():
            raise Refused(errors.SECRET_EXPIRED, app=app.client_id)

    def _check_assertion(self, app: EntraApp, assertion: str, endpoint: str) -> None:
        """Check a client assertion (RFC 7523 section 3).

        The times in it are the client's, so the machine's clock judges them; the certificate's dates are judged by the directory's.
        """
        certificate = self._certificate(app, assertion)
        try:
            claims = jwt.decode(
                assertion, certificate.public_key(), algorithms=["PS256", "RS256"], options={"verify_aud": False, "require": [
                    "aud", "exp", "iss", "sub", "jti"]}, leeway=_SKEW)
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise Refused(errors.ASSERTION_EXPIRED) from None
        except jwt.InvalidSignatureError:
            raise Refused(errors.CERTIFICATE_INVALID, app=app.client_id, reason="The signature is invalid") from None
        except jwt.InvalidTokenError as error:
            raise Refused(errors.ASSERTION_INVALID, reason=str(error)) from None
        if claims["aud"] not in (endpoint, endpoint.replace("/oauth2/v2.0/token", "/v2.0")):
            raise Refused(errors.ASSERTION_AUDIENCE)
        if not claims["iss"] == claims["sub"] == app.client_id:
            raise Refused(errors.ASSERTION_OF_ANOTHER)
        if claims["exp"] - time.time() > 24 * 3600 + _SKEW:
            raise Refused(errors.ASSERTION_EXPIRED)
        if claims["jti"] in self._assertions:
            raise Refused(errors.ASSERTION_INVALID, reason="it was used before")
        self._assertions.add(claims["jti"])

    def _certificate(self, app: EntraApp, assertion: str) -> x509.Certificate:
        """Return the app's certificate that an assertion names."""
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.InvalidTokenError as error:
            raise Refused(errors.ASSERTION_INVALID, reason=str(error)) from None
        # With or without padding: MSAL pads, RFC 7515 does not.
        certificate = app.certificates.get(header.get("x5t#S256", "").rstrip("=")) or next(
            (known for known in app.certificates.values() if header.get("x5t", "").rstrip("=") == _sha1(known)), None)
        if certificate is None:
            raise Refused(errors.CERTIFICATE_INVALID, app=app.client_id, reason="The key was not found")
        now = self._directory.clock.now()
        if not certificate.not_valid_before_utc.timestamp() - _SKEW <= now < certificate.not_valid_after_utc.timestamp():
            raise Refused(errors.CERTIFICATE_INVALID, app=app.client_id, reason="The key used is expired")
        return certificate


def _sha1(certificate: x509.Certificate) -> str:
    """Return the thumbprint as ``x5t`` has it (RFC 7515 section 4.1.7)."""
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).rstrip(b"=").decode()
