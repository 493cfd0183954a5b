"""Access tokens: real signed JWTs, and what the mail servers make of them.

learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import random
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from . import replies
from .directory import Directory
from .entra_directory import APP_ROLES, DELEGATED, RESOURCES, EntraApp, EntraDirectory, EntraUser, public_pem
from .replies import Reply

_ISSUER = "https://sts.windows.example"


class Tokens:
    """Signs tokens, and judges them for the mail servers.

    :ivar issued: every access token handed out, for tests that search logs and dumps for them.
    """

    def __init__(self, entra: EntraDirectory, mailboxes: Directory) -> None:
        self._entra = entra
        self._mailboxes = mailboxes
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = public_pem(self._key)
        self._key_id = uuid.uuid4().hex
        self.issued: list[str] = []
        self._revoked: set[str] = set()

    # --- signing ---

    def key_set(self) -> dict:
        """Return the public key as a JWK set (RFC 7517)."""
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [jwk | {"kid": self._key_id, "use": "sig", "alg": "RS256"}]}

    def for_app(self, app: EntraApp, resource: str) -> tuple[str, int]:
        """Return an access token of the app itself, and its lifetime in seconds."""
        return self._access(
            app,
            resource,
            {"roles": sorted(app.roles), "oid": str(uuid.uuid5(uuid.NAMESPACE_URL, app.client_id)), "idtyp": "app"},
        )

    def for_user(self, app: EntraApp, user: EntraUser, resource: str, permissions: list[str]) -> tuple[str, int]:
        """Return an access token of a user, and its lifetime in seconds."""
        return self._access(
            app,
            resource,
            {"scp": " ".join(sorted(permissions)), "upn": user.address, "oid": user.object_id, "name": user.name},
        )

    def identity(self, app: EntraApp, user: EntraUser, nonce: str | None) -> str:
        """Return an id token (OpenID Connect core section 2)."""
        now = int(self._entra.clock.now())
        claims = {
            "aud": app.client_id,
            "iss": f"{_ISSUER}/{self._entra.tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "preferred_username": user.address,
            "name": user.name,
            "oid": user.object_id,
            "sub": user.object_id,
            "tid": self._entra.tenant_id,
            "ver": "2.0",
        }
        return self._sign(claims | ({"nonce": nonce} if nonce else {}))

    def _access(self, app: EntraApp, resource: str, claims: dict) -> tuple[str, int]:
        now = int(self._entra.clock.now())
        lifetime = self._entra.token_lifetime or random.randint(3600, 5400)
        token = self._sign(
            {
                "aud": resource,
                "iss": f"{_ISSUER}/{self._entra.tenant_id}/",
                "tid": self._entra.tenant_id,
                "appid": app.client_id,
                "iat": now,
                "nbf": now,
                "exp": now + lifetime,
                "jti": uuid.uuid4().hex,
                "ver": "1.0",
                **claims,
            }
        )
        self.issued.append(token)
        return token, lifetime

    def _sign(self, claims: dict) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    # --- judging ---

    def revoke(self, token: str) -> None:
        """Let the mail servers refuse a token from now on (continuous access evaluation)."""
        self._revoked.add(token)

    def reset(self) -> None:
        """Forget what was handed out and revoked."""
        self.issued.clear()
        self._revoked.clear()

    def judge(self, protocol: str, mailbox: str, token: str) -> Reply | None:
        """Return the refusal that Exchange gives a sign-in, or None.

        :param protocol: "submission", "imap" or "pop"
        :param mailbox: ``user=`` of XOAUTH2
        """
        claims = self._claims(token)
        if claims is None:
            return replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL
        if "upn" in claims:
            allowed = self._user_signs_in(protocol, mailbox.lower(), claims)
        else:
            allowed = self._app_signs_in(protocol, mailbox.lower(), claims)
        return None if allowed else replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL

    def opens(self, mailbox: str, token: str) -> bool:
        """Tell whether a submission session that is signed in gets at the mailbox: asked when a message is stored, so an app without
        a right on it learns that only then ("STOREDRV; mailbox logon failure").
        """
        claims = self._claims(token) or {}
        app = self._entra.apps.get(claims.get("appid", ""))
        return "upn" in claims or bool(app and app.opens("submission", mailbox.lower(), claims.get("roles", [])))

    def _claims(self, token: str) -> dict | None:
        if token in self._revoked:
            return None
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                audience=list(RESOURCES),
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        now = self._entra.clock.now()
        timely = claims["nbf"] - 300 <= now < claims["exp"]
        return claims if timely and claims["tid"] == self._entra.tenant_id else None

    def _app_signs_in(self, protocol: str, mailbox: str, claims: dict) -> bool:
        app, roles = self._entra.apps.get(claims["appid"]), claims.get("roles", [])
        if not app or not app.in_exchange:
            return False
        if protocol == "submission":
            return APP_ROLES[protocol] in roles or (not roles and mailbox in app.in_scope)
        return app.opens(protocol, mailbox, roles)

    def _user_signs_in(self, protocol: str, mailbox: str, claims: dict) -> bool:
        user = claims["upn"].lower()
        if DELEGATED[protocol] not in claims["scp"].split():
            return False
        if user == mailbox:
            return True
        # A shared mailbox: over SMTP the delegate signs in as himself, over IMAP and POP3 as the mailbox.
        account = self._mailboxes.find(mailbox)
        return protocol != "submission" and account is not None and user in account.full_access
