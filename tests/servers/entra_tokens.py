"""Access and identity tokens: real JWTs, signed with RS256 by a key of the key set.

Tokens for Exchange are of version 1.0: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import functools
import random
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .entra_directory import EntraApp, EntraDirectory, EntraUser

_IDENTITY_LIFETIME = 3600  # seconds
_STS = "https://sts.windows.net"


@functools.cache
def _signing_key() -> rsa.RSAPrivateKey:
    """Made once in a process: it takes longer than all the rest."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Tokens:
    """Signs tokens, and knows which are good.

    :ivar issued: every access token handed out, for tests that search logs and dumps for them.
    """

    def __init__(self, directory: EntraDirectory) -> None:
        self._directory = directory
        self._key = _signing_key()
        self._key_id = uuid.uuid4().hex
        self.issued: list[str] = []
        self._revoked: set[str] = set()

    def reset(self) -> None:
        """Forget what was handed out and revoked."""
        self.issued.clear()
        self._revoked.clear()

    def key_set(self) -> dict:
        """Return the public key as a JWK set (RFC 7517)."""
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [jwk | {"kid": self._key_id, "x5t": self._key_id, "use": "sig", "alg": "RS256"}]}

    def for_app(self, app: EntraApp, resource: str, how: str) -> tuple[str, int]:
        """Return an access token of the app itself, and its lifetime in seconds.

        :param how: ``appidacr``: "1" signed in by secret, "2" by certificate
        """
        return self._access(app, resource, how, {
            "roles": sorted(app.roles), "oid": app.principal_id, "sub": app.principal_id, "idtyp": "app"})

    def for_user(self, app: EntraApp, user: EntraUser, resource: str, permissions: frozenset[str], how: str) -> tuple[str, int]:
        """Return an access token of a user, and its lifetime in seconds.

        :param how: ``appidacr``, as in :meth:`for_app`; "0": a public client
        """
        return self._access(app, resource, how, {
            "scp": " ".join(sorted(permissions)), "upn": user.address, "unique_name": user.address, "name": user.name,
            "oid": user.object_id, "sub": _pairwise(app, user), "idtyp": "user", "amr": ["pwd", "mfa"] if user.mfa else ["pwd"]})

    def identity(self, app: EntraApp, user: EntraUser, issuer: str, nonce: str | None) -> str:
        """Return an id token (OpenID Connect Core section 2)."""
        now = int(self._directory.clock.now())
        claims = {
            "aud": app.client_id, "iss": issuer, "iat": now, "nbf": now, "exp": now + _IDENTITY_LIFETIME,
            "preferred_username": user.address, "name": user.name, "oid": user.object_id, "sub": _pairwise(app, user),
            "tid": self._directory.tenant_id, "uti": uuid.uuid4().hex, "ver": "2.0",
        }
        return self._sign(claims | ({"nonce": nonce} if nonce else {}))

    def _access(self, app: EntraApp, resource: str, how: str, claims: dict) -> tuple[str, int]:
        directory = self._directory
        now, lifetime = int(directory.clock.now()), directory.token_lifetime or random.randint(3600, 5400)
        token = self._sign({
            "aud": resource, "iss": f"{_STS}/{directory.tenant_id}/", "idp": f"{_STS}/{directory.tenant_id}/", "iat": now, "nbf": now,
            "exp": now + lifetime, "app_displayname": app.name, "appid": app.client_id, "appidacr": how, "tid": directory.tenant_id,
            "uti": uuid.uuid4().hex, "ver": "1.0", **claims})
        self.issued.append(token)
        return token, lifetime

    def _sign(self, claims: dict) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})

    def revoke(self, *tokens: str) -> None:
        """Let nobody take these access tokens any more, by default none that was handed out so far.

        As after a critical event where a resource evaluates access continuously:
        https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation
        """
        self._revoked.update(tokens or self.issued)

    def verify(self, token: str, audiences: tuple[str, ...], *, expired: bool = False) -> dict | None:
        """Return the claims of a token if it is ours, for one of these audiences, and neither over nor revoked.

        :param expired: its times and revocation don't matter
        """
        try:
            claims = jwt.decode(
                token, self._key.public_key(), algorithms=["RS256"], audience=audiences, issuer=f"{_STS}/{self._directory.tenant_id}/",
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "nbf", "appid", "oid", "tid"]})
        except jwt.InvalidTokenError:
            return None
        good = claims["nbf"] <= self._directory.clock.now() < claims["exp"] and token not in self._revoked
        return claims if (good or expired) and claims["tid"] == self._directory.tenant_id else None


def _pairwise(app: EntraApp, user: EntraUser) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{app.client_id} {user.object_id}").hex
