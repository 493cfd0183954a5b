"""The Entra directory of the make-believe tenant: app registrations, users, a clock that tests can put forward.

Everything may be changed while the servers run; :meth:`EntraDirectory.reset` returns to the defaults (ids and secrets stay).
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import secrets
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from .directory import DOMAIN, ERP, Directory

#: Application permissions of "Office 365 Exchange Online", by protocol of the mail servers.
APP_ROLES = {"submission": "SMTP.SendAsApp", "imap": "IMAP.AccessAsApp", "pop": "POP.AccessAsApp"}
#: Delegated permissions, likewise.
DELEGATED = {"submission": "SMTP.Send", "imap": "IMAP.AccessAsUser.All", "pop": "POP.AccessAsUser.All"}
#: What tokens are for, by the resource named in a scope.
RESOURCES = ("https://outlook.office365.com", "https://outlook.office.com")

_DAY = 86400.0


class Clock:
    """Time of the directory: the machine's, and what tests add to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead += seconds


@dataclasses.dataclass
class ClientSecret:
    """A client secret.

    :ivar expires: seconds since the epoch.
    """

    value: str = dataclasses.field(repr=False)
    expires: float


@dataclasses.dataclass
class EntraApp:
    """An app registration with its enterprise application, and what Exchange knows of that (``New-ServicePrincipal``).

    :ivar certificates: uploaded certificates by SHA-256 thumbprint, URL-safe base64 as in ``x5t#S256``; see :meth:`add_certificate`.
    :ivar roles: application permissions that an administrator consented to.
    :ivar permissions: delegated permissions of the registration.
    :ivar admin_consent: an administrator consented to the delegated ones for everybody.
    :ivar public_client: "Allow public client flows", which device code needs.
    :ivar in_exchange: the service principal was registered in Exchange.
    :ivar full_access: mailboxes it may open (``Add-MailboxPermission``); ``in_scope``: those of App RBAC, which is for SMTP only and
        counts only for tokens without a role.
    """

    name: str = "Odoo mail"
    client_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    secrets: list[ClientSecret] = dataclasses.field(default_factory=list)
    certificates: dict[str, x509.Certificate] = dataclasses.field(default_factory=dict)
    roles: set[str] = dataclasses.field(default_factory=set)
    permissions: set[str] = dataclasses.field(default_factory=set)
    admin_consent: bool = False
    redirect_uris: set[str] = dataclasses.field(default_factory=set)
    public_client: bool = False
    multi_tenant: bool = False
    disabled: bool = False
    in_exchange: bool = True
    full_access: set[str] = dataclasses.field(default_factory=set)
    in_scope: set[str] = dataclasses.field(default_factory=set)

    @property
    def secret(self) -> str:
        """The newest client secret."""
        return self.secrets[-1].value

    def add_certificate(self, pem: str | bytes) -> None:
        """Upload the public part of a key pair."""
        certificate = x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
        self.certificates[thumbprint(certificate)] = certificate

    def opens(self, protocol: str, mailbox: str, roles: list[str]) -> bool:
        """Tell whether Exchange lets the app itself into a mailbox with a token of these roles."""
        if not self.in_exchange:
            return False
        if protocol == "submission" and not roles:
            return mailbox in self.in_scope
        return APP_ROLES[protocol] in roles and mailbox in self.full_access


@dataclasses.dataclass
class EntraUser:
    """A user, by the address he signs in with.

    :ivar mfa: a policy asks for another factor when a refresh token is used.
    :ivar blocked_by_policy: Conditional Access blocks him.
    :ivar consented: client ids of the apps he consented to.
    :ivar revoked_before: refresh tokens from before this time were revoked.
    """

    address: str
    name: str = ""
    object_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    disabled: bool = False
    locked: bool = False
    mfa: bool = False
    blocked_by_policy: bool = False
    consented: set[str] = dataclasses.field(default_factory=set)
    revoked_before: float = 0.0


class EntraDirectory:
    """One tenant.

    :ivar tenant_id: its GUID; ``domains`` name it, too.
    :ivar app: the default registration: one client secret, all permissions, FullAccess on the ERP mailbox.
    :ivar token_lifetime: seconds of an access token; None: 60 to 90 minutes at random, as Microsoft does.
    :ivar other_clouds: tenant names that live in another national cloud.
    """

    def __init__(self, mailboxes: Directory) -> None:
        self._mailboxes = mailboxes
        self.tenant_id = str(uuid.uuid4())
        self._client_id, self._secret = str(uuid.uuid4()), f"dEf8Q~{secrets.token_urlsafe(26)}"
        self.clock = Clock()
        self.reset()

    def reset(self) -> None:
        """Return to the defaults; ids and the default secret stay."""
        self.clock.ahead = 0.0
        self.domains: set[str] = {DOMAIN}
        self.other_clouds: set[str] = set()
        self.token_lifetime: int | None = None
        self.app = EntraApp(
            client_id=self._client_id,
            secrets=[ClientSecret(self._secret, time.time() + 180 * _DAY)],
            roles=set(APP_ROLES.values()),
            permissions=set(DELEGATED.values()),
            full_access={ERP},
        )
        self.apps: dict[str, EntraApp] = {self.app.client_id: self.app}
        self.users: dict[str, EntraUser] = {
            account.address.lower(): EntraUser(account.address, account.name)
            for account in self._mailboxes.accounts.values()
            if account.address.endswith(f"@{DOMAIN}")
        }

    def add_app(self, **values) -> EntraApp:
        """Register another app; a client secret is made unless ``secrets`` are given."""
        app = EntraApp(
            **{"secrets": [ClientSecret(f"xY18Q~{secrets.token_urlsafe(26)}", time.time() + 180 * _DAY)], **values}
        )
        self.apps[app.client_id] = app
        return app

    def user(self, address: str) -> EntraUser:
        """Return a user.

        :raise KeyError: there is none
        """
        return self.users[address.lower()]

    def is_tenant(self, name: str) -> bool:
        """Tell whether a path segment names this tenant."""
        return name.lower() in {self.tenant_id, *self.domains}


def thumbprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 thumbprint as ``x5t#S256`` has it (RFC 7515 section 4.1.8)."""
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def s256(verifier: str) -> str:
    """Return the code challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def public_pem(key) -> bytes:
    """Return the public part of a private key as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
