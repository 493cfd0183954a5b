"""A look-alike of Microsoft Entra ID: one tenant, HTTPS on this machine, the endpoints of v2.0.

    servers.entra.authority()                     # https://localhost:<port>/<tenant id>
    servers.entra.app.client_id, servers.entra.app.secret
    servers.entra.next_sign_in(BRANT, consent=False)   # what the browser's next visit comes to, as with an open session
    servers.entra.clock.advance(7200)             # tokens are expired then, for Entra and for the mail servers
    servers.entra.faults.add("TOKEN", entra_errors.UNAVAILABLE, times=None)
    servers.entra.requests                        # who asked for what, without secrets

Fault steps: ``CONNECT`` (before the handshake; :class:`.faults.Reset` is a server that is down), ``CONFIGURATION``, ``KEYS``, ``TOKEN``,
``DEVICECODE``, ``AUTHORIZE``; actions: an :class:`.entra_errors.EntraError`, :class:`.faults.Delay`, :class:`.faults.Drop`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import http
import json
import secrets
import urllib.parse

from . import entra_errors as errors
from . import entra_pages as pages
from .directory import Directory
from .entra_directory import EntraApp, EntraDirectory, EntraUser
from .entra_errors import EntraError
from .entra_grants import RESERVED, Grant, Grants
from .entra_tokens import Tokens
from .faults import Delay, Drop
from .records import Connection, Records
from .tls import TlsSettings
from .tls_listener import TlsListener

STEPS = ("CONNECT", "CONFIGURATION", "KEYS", "TOKEN", "DEVICECODE", "AUTHORIZE")


@dataclasses.dataclass
class Request:
    """One request.

    :ivar step: which endpoint, as in STEPS, or the last part of the path.
    :ivar grant: ``grant_type`` of a token request.
    :ivar status: of the answer; ``error``: OAuth's word in it.
    """

    step: str
    grant: str = ""
    client_id: str = ""
    scope: str = ""
    status: int = 0
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: str
    kind: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def _json(content: dict, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(content), headers=headers or {})


def _html(page: str, status: int = 200) -> Answer:
    return Answer(status, page, "text/html; charset=utf-8")


def _redirect(address: str) -> Answer:
    return Answer(302, "", headers={"Location": address})


class Entra(TlsListener):
    """The server.

    :ivar directory: tenant, apps, users (:class:`.entra_directory.EntraDirectory`).
    :ivar tokens: what was signed (:class:`.entra_tokens.Tokens`).
    :ivar grants: codes and refresh tokens that are out (:class:`.entra_grants.Grants`).
    :ivar requests: :class:`.records.Records` of :class:`Request`.
    """

    def __init__(self, mailboxes: Directory, *, tls: TlsSettings, connections: Records[Connection], port: int = 0):
        super().__init__("entra", tls=tls, connections=connections, port=port, steps=STEPS)
        self.directory = EntraDirectory(mailboxes)
        self.tokens = Tokens(self.directory, mailboxes)
        self.grants = Grants(self.directory, self.tokens)
        self.requests: Records[Request] = Records()
        self._decisions: list[tuple[str | None, bool]] = []

    @property
    def app(self) -> EntraApp:
        """The default app registration."""
        return self.directory.app

    @property
    def clock(self):
        """The directory's clock."""
        return self.directory.clock

    def authority(self, tenant: str = "") -> str:
        """Return the authority of a tenant, by default by its id."""
        return f"https://{self.host}:{self.port}/{tenant or self.directory.tenant_id}"

    def token_requests(self, grant: str = "") -> int:
        """Return how often a token was asked for, with one grant type or any."""
        return sum(request.step == "TOKEN" and grant in ("", request.grant) for request in self.requests)

    def next_sign_in(self, account: str | None, *, consent: bool = True) -> None:
        """Decide beforehand what the next visit of the browser comes to, so that no page is shown.

        :param account: who signs in; None: the account of ``login_hint``
        """
        self._decisions.append((account, consent))

    def reset(self) -> None:
        super().reset()
        self.directory.reset()
        self.tokens.reset()
        self.grants.reset()
        self.requests.clear()
        self._decisions.clear()

    # --- HTTP (RFC 9112) ---

    async def talk(self, record: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            first, *lines = head.split("\r\n")
            method, target, _version = first.split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines if line)
            }
            body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
            record.commands.append(f"{method} {target.partition('?')[0]}")
            answer = await self._answer(method, urllib.parse.urlsplit(target), body)
            if answer is None:
                return
            phrase = http.HTTPStatus(answer.status).phrase
            lines = [
                f"HTTP/1.1 {answer.status} {phrase}",
                f"Content-Type: {answer.kind}",
                "Cache-Control: no-store",
                f"Content-Length: {len(answer.body.encode())}",
                *(f"{name}: {value}" for name, value in answer.headers.items()),
            ]
            writer.write(("\r\n".join(lines) + "\r\n\r\n" + answer.body).encode())
            await writer.drain()
            if headers.get("connection", "").lower() == "close":
                return

    async def _answer(self, method: str, target: urllib.parse.SplitResult, body: str) -> Answer | None:
        """Return the answer; None ends the connection without one."""
        form = dict(urllib.parse.parse_qsl(body if method == "POST" else target.query, keep_blank_values=True))
        tenant, _slash, path = target.path.lstrip("/").partition("/")
        endpoints = {
            "v2.0/.well-known/openid-configuration": ("CONFIGURATION", self._configuration),
            "discovery/v2.0/keys": ("KEYS", lambda *_: _json(self.tokens.key_set())),
            "oauth2/v2.0/token": ("TOKEN", self._token),
            "oauth2/v2.0/devicecode": (
                "DEVICECODE",
                lambda tenant, form: _json(
                    self.grants.start_device(tenant, form, self.authority(tenant).rpartition("/")[0])
                ),
            ),
            "oauth2/v2.0/authorize": ("AUTHORIZE", self._authorize),
            "v2.0/adminconsent": ("adminconsent", self._admin_consent),
            "adminconsent": ("adminconsent", self._admin_consent),
        }
        if target.path == "/devicelogin":
            step, endpoint = "devicelogin", self._device_login
        elif path in endpoints:
            step, endpoint = endpoints[path]
        else:
            return Answer(404, "")
        request = Request(step, form.get("grant_type", ""), form.get("client_id", ""), form.get("scope", ""))
        self.requests.append(request)
        try:
            fault = self.faults.strike(step)
            if fault and isinstance(fault.action, EntraError):
                raise fault.action
            if fault and isinstance(fault.action, Delay):
                await asyncio.sleep(fault.action.seconds)
            elif fault and isinstance(fault.action, Drop):
                return None
            answer = endpoint(tenant, form)
        except EntraError as error:
            request.error = error.error
            answer = self._refusal(step, error)
        request.status = answer.status
        self.requests.changed()
        return answer

    def _refusal(self, step: str, error: EntraError) -> Answer:
        content = error.body(self.clock.now())
        if step in ("AUTHORIZE", "adminconsent", "devicelogin"):
            return _html(
                pages.notice("Sorry, but we’re having trouble signing you in.", content["error_description"]), 400
            )
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return _json(content, error.status, headers)

    # --- endpoints ---

    def _configuration(self, tenant: str, _form: dict[str, str]) -> Answer:
        if tenant not in ("common", "organizations") and tenant not in self.directory.other_clouds:
            self._known(tenant)
        base = self.authority(tenant)
        return _json(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{self.authority()}/v2.0",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
            }
        )

    def _known(self, tenant: str) -> None:
        if not self.directory.is_tenant(tenant):
            raise errors.TENANT_UNKNOWN.fill(tenant=tenant)

    def _token(self, tenant: str, form: dict[str, str]) -> Answer:
        return _json(self.grants.redeem(tenant, form, f"{self.authority(tenant)}/oauth2/v2.0/token"))

    def _authorize(self, tenant: str, query: dict[str, str]) -> Answer:
        """Let the user pick an account and consent; what is wrong with the app itself is shown here, never sent on."""
        app = self.grants.app(tenant, query)
        if query.get("redirect_uri") not in app.redirect_uris:
            raise errors.REDIRECT_MISMATCH.fill(uri=query.get("redirect_uri", ""), app=app.client_id)
        path = f"/{tenant}/oauth2/v2.0/authorize"
        try:
            scopes = query.get("scope", "").split()
            self.grants.check_scopes(scopes)
            account, consent = self._decision(query)
            if not account:
                return _html(pages.pick_account(path, query, self._accounts()))
            user = self._user(account)
            self.grants.check_user(user)
            asks_again = query.get("prompt") == "consent"
            if not (app.admin_consent or (app.client_id in user.consented and not asks_again)):
                if consent is None:
                    return _html(
                        pages.ask_consent(
                            path,
                            {**query, "account": account},
                            app.name,
                            [scope for scope in scopes if scope not in RESERVED],
                        )
                    )
                if not consent:
                    raise errors.CONSENT_DECLINED
                user.consented.add(app.client_id)
        except EntraError as error:
            content = error.body(self.clock.now())
            word = "access_denied" if error.error == "invalid_grant" else error.error
            return self._back(
                query,
                {"error": word, "error_description": content["error_description"], "error_uri": content["error_uri"]},
            )
        code = f"1.{secrets.token_urlsafe(48)}"
        self.grants.codes[code] = Grant(
            app,
            user,
            scopes,
            self.clock.now(),
            redirect_uri=query["redirect_uri"],
            challenge=query.get("code_challenge", "") if query.get("code_challenge_method") == "S256" else "",
            nonce=query.get("nonce"),
        )
        return self._back(query, {"code": code, "session_state": secrets.token_hex(8)})

    def _decision(self, query: dict[str, str]) -> tuple[str | None, bool | None]:
        """Return who signs in and whether he consents, as far as it is decided."""
        if self._decisions and "account" not in query:
            account, consent = self._decisions.pop(0)
            return account or query.get("login_hint"), consent
        consent = {"accept": True, "decline": False}.get(query.get("consent", ""))
        return query.get("account"), consent

    def _user(self, address: str) -> EntraUser:
        user = self.directory.users.get(address.lower())
        if user is None:
            raise errors.USER_UNKNOWN
        return user

    def _accounts(self) -> list[tuple[str, str]]:
        return [(user.address, user.name) for user in self.directory.users.values()]

    @staticmethod
    def _back(query: dict[str, str], values: dict[str, str]) -> Answer:
        """Send the browser back to the app."""
        values |= {"state": query["state"]} if "state" in query else {}
        if query.get("response_mode") == "form_post":
            return _html(pages.self_submitting(query["redirect_uri"], values))
        return _redirect(pages.with_query(query["redirect_uri"], values))

    def _device_login(self, _tenant: str, query: dict[str, str]) -> Answer:
        code = query.get("code", "").replace("-", "").upper()
        grant = next(
            (grant for grant in self.grants.devices.values() if grant.user_code == code and grant.state == "pending"),
            None,
        )
        if grant is None or "account" not in query:
            return _html(pages.device_login("/devicelogin", grant is not None, self._accounts(), code))
        if not query["account"]:
            grant.state = "declined"
            return _html(pages.notice("Cancelled", "You have declined to sign in."))
        user = self._user(query["account"])
        self.grants.check_user(user)
        grant.user, grant.state = user, "accepted"
        return _html(pages.notice("Odoo mail", "You have signed in on your device. You may now close this window."))

    def sign_in_device(self, user_code: str, account: str | None) -> None:
        """Enter a code on the other device, as a person does on the page; None declines."""
        self._device_login("", {"code": user_code, "account": account or ""})

    def _admin_consent(self, tenant: str, query: dict[str, str]) -> Answer:
        app = self.grants.app(tenant, query)
        if query.get("redirect_uri") not in app.redirect_uris:
            raise errors.REDIRECT_MISMATCH.fill(uri=query.get("redirect_uri", ""), app=app.client_id)
        app.admin_consent = True
        return self._back(query, {"admin_consent": "True", "tenant": self.directory.tenant_id})
