"""The Entra side of the make-believe tenant: app registrations, users, policies, and a clock that tests can put forward.

Everything may be changed while the servers run; :meth:`EntraDirectory.reset` returns to the defaults (ids and secrets stay).
Times are seconds since the epoch, by the directory's clock.
"""

from __future__ import annotations

import base64
import dataclasses
import secrets
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .directory import DOMAIN, ERP, Directory

#: Application permissions of "Office 365 Exchange Online", by protocol of the mail servers.
APP_ROLES = {"submission": "SMTP.SendAsApp", "imap": "IMAP.AccessAsApp", "pop": "POP.AccessAsApp"}
#: Delegated permissions, likewise.
DELEGATED = {"submission": "SMTP.Send", "imap": "IMAP.AccessAsUser.All", "pop": "POP.AccessAsUser.All"}
#: Both kinds of permission for High Volume Email, which no app has by default.
HVE_PERMISSION = "Mail.Send"

_DAY = 86400.0
_SECRET_DAYS = 180.0


class Clock:
    """Time of the look-alike and of whoever judges its tokens: the machine's, and what tests add to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Let time pass; negative: turn it back."""
        self.ahead += seconds


@dataclasses.dataclass
class ClientSecret:
    """A client secret.

    :ivar secret_id: "Secret ID" in the portal, which people take for the value.
    """

    value: str = dataclasses.field(repr=False)
    expires: float
    secret_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))


@dataclasses.dataclass
class EntraApp:
    """An app registration with its enterprise application, and what Exchange knows of that.

    :ivar object_id: of the registration; ``principal_id``: of the enterprise application, which is what Exchange wants to know.
    :ivar secrets: the last one is :attr:`secret`; :meth:`add_secret`.
    :ivar certificates: uploaded certificates by thumbprint as in ``x5t#S256`` (RFC 7515 section 4.1.8); :meth:`add_certificate`.
    :ivar app_permissions: application permissions listed in the registration; ``roles``: those an administrator consented to.
    :ivar permissions: delegated permissions listed in the registration; ``admin_consent``: an administrator consented to them for all.
    :ivar redirect_uris: of the platform Web; ``public_redirect_uris``: of "Mobile and desktop applications".
    :ivar public_client: "Allow public client flows", which device code needs.
    :ivar assigned: the users that may sign in; None: all ("Assignment required?" is off).
    :ivar in_exchange: the service principal was registered in Exchange (``New-ServicePrincipal``); ``exchange_object_id``: the
        ``-ObjectId`` given there, empty: the right one, which is ``principal_id``.
    :ivar full_access: mailboxes that the service principal may open (``Add-MailboxPermission -AccessRights FullAccess``).
    :ivar hve_accounts: accounts of High Volume Email that list it (``Add-HVEAppAccess``).
    :ivar in_scope: mailboxes of App RBAC (role ``Application SMTP.SendAsApp``): for SMTP, and only as long as the app has no role.
    """

    name: str = "Odoo mail"
    client_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    principal_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    secrets: list[ClientSecret] = dataclasses.field(default_factory=list)
    certificates: dict[str, x509.Certificate] = dataclasses.field(default_factory=dict)
    app_permissions: set[str] = dataclasses.field(default_factory=set)
    roles: set[str] = dataclasses.field(default_factory=set)
    permissions: set[str] = dataclasses.field(default_factory=set)
    admin_consent: bool = False
    redirect_uris: set[str] = dataclasses.field(default_factory=set)
    public_redirect_uris: set[str] = dataclasses.field(default_factory=set)
    public_client: bool = False
    multi_tenant: bool = False
    disabled: bool = False
    assigned: set[str] | None = None
    in_exchange: bool = True
    exchange_object_id: str = ""
    full_access: set[str] = dataclasses.field(default_factory=set)
    in_scope: set[str] = dataclasses.field(default_factory=set)
    hve_accounts: set[str] = dataclasses.field(default_factory=set)

    @property
    def secret(self) -> str:
        """The newest client secret's value."""
        return self.secrets[-1].value

    def add_secret(self, expires: float | None = None) -> ClientSecret:
        """Make a client secret, by default one of half a year."""
        value = f"{secrets.token_hex(2)[:3]}8Q~{secrets.token_urlsafe(26)}"
        self.secrets.append(ClientSecret(value, expires or time.time() + _SECRET_DAYS * _DAY))
        return self.secrets[-1]

    def add_certificate(self, pem: str | bytes) -> x509.Certificate:
        """Upload the certificate of a key pair."""
        certificate = x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
        thumbprint = certificate.fingerprint(hashes.SHA256())
        self.certificates[base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()] = certificate
        return certificate


@dataclasses.dataclass
class EntraUser:
    """A user, by the address he signs in with.

    :ivar disabled: "Account status"; ``locked``: smart lockout; ``password_expired``: as it says.
    :ivar mfa: a policy asks for another factor: a person in a browser gives it, a refresh token from before cannot.
    :ivar mfa_registered: he has such a factor.
    :ivar blocked_by_policy: a policy of Conditional Access blocks him.
    :ivar sign_in_frequency: seconds after which a policy wants a new sign-in; None: no such policy.
    :ivar admin: may consent for the organization.
    :ivar consents: permissions he consented to, by client id.
    :ivar revoked_before: refresh tokens from before are revoked (``revokeSignInSessions``); see :meth:`.entra.Entra.revoke_sessions`.
    """

    address: str
    name: str = ""
    object_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    disabled: bool = False
    locked: bool = False
    password_expired: bool = False
    mfa: bool = False
    mfa_registered: bool = True
    blocked_by_policy: bool = False
    sign_in_frequency: float | None = None
    admin: bool = False
    consents: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    revoked_before: float = 0.0


class EntraDirectory:
    """One tenant.

    :ivar tenant_id: its GUID; ``domains``: verified ones, which name it, too.
    :ivar cloud: ``global``, ``gcc_high``, ``dod`` or ``china``: which resources it knows.
    :ivar other_clouds: names of tenants that live in another cloud.
    :ivar exchange_subscribed: the organization has Exchange Online.
    :ivar user_consent: users may consent for themselves.
    :ivar app: the default registration: a client secret, all permissions, registered in Exchange with FullAccess on the ERP mailbox.
    :ivar token_lifetime: seconds of an access token; None: 60 to 90 minutes at random.
    """

    def __init__(self, mailboxes: Directory) -> None:
        self._mailboxes = mailboxes
        self.tenant_id = str(uuid.uuid4())
        self.clock = Clock()
        self._default = EntraApp()
        self._default.add_secret()
        mailboxes.observe(self._add_users)
        self.reset()

    def reset(self) -> None:
        """Return to the defaults; ids and the default secret stay."""
        self.clock.ahead = 0.0
        self.domains: set[str] = {DOMAIN, f"{DOMAIN.partition('.')[0]}.onmicrosoft.example"}
        self.cloud = "global"
        self.other_clouds: set[str] = set()
        self.exchange_subscribed = True
        self.user_consent = True
        self.token_lifetime: int | None = None
        default = self._default
        self.app = EntraApp(
            client_id=default.client_id, object_id=default.object_id, principal_id=default.principal_id,
            secrets=[dataclasses.replace(default.secrets[0])], app_permissions=set(APP_ROLES.values()), roles=set(APP_ROLES.values()),
            permissions=set(DELEGATED.values()), full_access={ERP})
        self.apps: dict[str, EntraApp] = {self.app.client_id: self.app}
        self.users: dict[str, EntraUser] = {}
        self._add_users()

    def _add_users(self) -> None:
        """Give every mailbox its user."""
        for address, account in self._mailboxes.accounts.items():
            self.users.setdefault(address, EntraUser(account.address, account.name))

    def add_app(self, **values) -> EntraApp:
        """Register another app, with a client secret; ``values`` are attributes of :class:`EntraApp`."""
        app = EntraApp(**values)
        if not app.secrets:
            app.add_secret()
        self.apps[app.client_id] = app
        return app

    def user(self, address: str) -> EntraUser:
        """Return a user.

        :raise KeyError: there is none
        """
        return self.users[address.lower()]

    def is_tenant(self, name: str) -> bool:
        """Whether a path segment names this tenant."""
        return name.lower() in {self.tenant_id, *self.domains}
