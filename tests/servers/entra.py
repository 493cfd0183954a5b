"""A look-alike of Microsoft Entra ID: one tenant, HTTPS on this machine, the endpoints of v2.0.

    servers.entra.authority()                        # https://localhost:<port>/<tenant id>; also authority("contoso.example")
    servers.entra.app.client_id, servers.entra.app.secret
    servers.entra.next_sign_in(BRANT, consent=False) # what the browser's next visit comes to, without a page
    servers.entra.clock.advance(7200)                # tokens are over then, for Entra and for the mail servers
    servers.entra.faults.add("TOKEN", entra_errors.UNAVAILABLE, times=None)
    servers.entra.requests.by_grant()["refresh_token"]

Fault steps: :data:`.entra_http.ENTRA_STEPS`; actions: an :class:`.entra_errors.EntraError`, or ``Drop``, ``Reset``, ``Delay``, ``Dribble``,
``Say`` of :mod:`.faults` (``delivered=True``: the request is processed, only its answer is lost; ``login``: the client id).
"""

from __future__ import annotations

from . import entra_errors as errors
from . import entra_pages as pages
from .directory import Directory
from .entra_client import COMMON, Clients
from .entra_directory import Clock, EntraApp, EntraDirectory
from .entra_errors import EntraError, Refused
from .entra_grants import Grants
from .entra_http import ENTRA_STEPS, Answer, Call, HttpListener, Requests
from .entra_mail import MailAccess
from .entra_sign_in import Decision, SignIn
from .entra_tokens import Tokens
from .records import Connection, Records
from .tls import TlsSettings

#: Path after the tenant -> (step, methods).
_PATHS = {
    "v2.0/.well-known/openid-configuration": ("CONFIGURATION", ("GET",)),
    "discovery/v2.0/keys": ("KEYS", ("GET",)),
    "oauth2/v2.0/token": ("TOKEN", ("POST",)),
    "oauth2/v2.0/devicecode": ("DEVICECODE", ("POST",)),
    "oauth2/v2.0/authorize": ("AUTHORIZE", ("GET", "POST")),
    "v2.0/adminconsent": ("ADMINCONSENT", ("GET",)),
    "adminconsent": ("ADMINCONSENT", ("GET",)),
}
_PAGES = {"/devicelogin": ("GET", "POST"), "/common/login": ("POST",), "/common/consent": ("POST",)}
_FOR_PEOPLE = ("AUTHORIZE", "ADMINCONSENT", "PAGE")


class Entra(HttpListener):
    """The server.

    :ivar directory: apps, users, policies (:class:`.entra_directory.EntraDirectory`).
    :ivar tokens: what was signed (:class:`.entra_tokens.Tokens`): ``tokens.issued``, ``tokens.revoke()``.
    :ivar grants: codes and refresh tokens that are out (:class:`.entra_grants.Grants`).
    :ivar mail: what the mail servers ask (:class:`.entra_mail.MailAccess`).
    :ivar requests: :class:`.entra_http.Requests`.
    """

    def __init__(self, mailboxes: Directory, *, tls: TlsSettings, connections: Records[Connection], port: int = 0):
        super().__init__("entra", tls=tls, connections=connections, port=port, steps=ENTRA_STEPS)
        self.directory = EntraDirectory(mailboxes)
        self.tokens = Tokens(self.directory)
        self.mail = MailAccess(mailboxes, self.directory, self.tokens)
        self._clients = Clients(self.directory)
        self.grants = Grants(self.directory, self.tokens, self._clients)
        self._sign_in = SignIn(self.directory, self._clients, self.grants)
        self.requests = Requests()

    def reset(self) -> None:
        """Return to the default app and users; forget what was handed out, scripted and recorded."""
        super().reset()
        for part in (self.directory, self.tokens, self.grants, self._clients, self._sign_in):
            part.reset()
        self.requests.clear()

    # --- what tests ask for ---

    @property
    def app(self) -> EntraApp:
        """The default app registration."""
        return self.directory.app

    @property
    def clock(self) -> Clock:
        """The clock of the look-alike."""
        return self.directory.clock

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"https://{self.host}:{self.port}"

    def authority(self, tenant: str = "") -> str:
        """Return the authority of a tenant, by default ours by its id."""
        return f"{self.origin}/{tenant or self.directory.tenant_id}"

    def token_requests(self, grant: str = "") -> int:
        """Return how often a token was asked for, by one grant or by any."""
        counts = self.requests.by_grant()
        return counts[grant] if grant else sum(counts.values())

    def next_sign_in(self, account: str | None = None, *, consent: bool | None = True, error: EntraError | None = None) -> None:
        """Decide what the next sign-in in a browser comes to; it goes straight back to the app, as with an open session.

        :param account: who signs in; None: the account of ``login_hint``
        :param consent: whether he consents, if he has not yet; None: the page asks
        :param error: Entra refuses with it
        """
        self._sign_in.decisions.append(Decision(account, consent, error))

    def sign_in_device(self, user_code: str, account: str | None, *, consent: bool = True) -> None:
        """Enter the code of another device, as a person does on the page.

        :param account: None: he cancels
        :raise Refused: the user may not sign in
        """
        self._sign_in.decisions.insert(0, Decision(account, consent, None if account else errors.CONSENT_DECLINED))
        try:
            self._sign_in.device_login({"code": user_code})
        except Refused as refused:
            if refused.error.number != errors.CONSENT_DECLINED.number:
                raise

    def revoke_sessions(self, address: str) -> None:
        """Revoke all refresh tokens of a user, as an administrator does; access tokens go on (see ``tokens.revoke``)."""
        self.directory.user(address).revoked_before = self.clock.now()

    # --- the endpoints ---

    def step(self, call: Call) -> str:
        if call.path in _PAGES:
            return "PAGE"
        return _PATHS.get(call.path.lstrip("/").partition("/")[2], ("", ()))[0]

    def answer(self, call: Call) -> Answer:
        tenant, _slash, path = call.path.lstrip("/").partition("/")
        step = self.step(call)
        if not step:
            return Answer(404)
        try:
            methods = _PAGES[call.path] if step == "PAGE" else _PATHS[path][1]
            if call.method not in methods:
                raise Refused(errors.METHOD_NOT_ALLOWED, allowed=" and ".join(methods), method=call.method)
            return getattr(self, f"_{step.lower()}")(tenant, call)
        except Refused as refused:
            return self.refusal(call, refused.error)

    def refusal(self, call: Call, error: EntraError) -> Answer:
        body = error.body(self.clock.now(), call.headers.get("client-request-id", ""))
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        if self.step(call) in _FOR_PEOPLE:
            page = pages.notice("Sorry, but we're having trouble signing you in.", body["error_description"])
            return Answer(error.status, page, "text/html; charset=utf-8", headers, error)
        if self.step(call) in ("CONFIGURATION", "KEYS") and error.error == "invalid_request":
            body["error"] = "invalid_tenant"
        return Answer.json(body, error.status, headers, error)

    def _configuration(self, tenant: str, _call: Call) -> Answer:
        self._clients.check_tenant(tenant)
        base = self.authority(tenant)
        issuer = "{tenantid}" if tenant.lower() in COMMON else self.directory.tenant_id
        return Answer.json({
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{self.origin}/{issuer}/v2.0",
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver"],
        })

    def _keys(self, tenant: str, _call: Call) -> Answer:
        self._clients.check_tenant(tenant)
        return Answer.json(self.tokens.key_set())

    def _token(self, tenant: str, call: Call) -> Answer:
        return Answer.json(self.grants.redeem(tenant, call.values, f"{self.authority(tenant)}/oauth2/v2.0/token"))

    def _devicecode(self, tenant: str, call: Call) -> Answer:
        return Answer.json(self.grants.start_device(tenant, call.values, self.origin))

    def _authorize(self, tenant: str, call: Call) -> Answer:
        return self._sign_in.authorize(tenant, call.values)

    def _adminconsent(self, tenant: str, call: Call) -> Answer:
        return self._sign_in.admin_consent(tenant, call.values)

    def _page(self, _tenant: str, call: Call) -> Answer:
        return self._sign_in.device_login(call.values) if call.path == "/devicelogin" else self._sign_in.post(call.values)
