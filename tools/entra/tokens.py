"""Tokens from Microsoft Entra: app-only, by authorization code, by device code, by refresh token. The only user of `msal`.

Each call makes an app object of its own: MSAL keeps tokens, and replays a refusal for a minute, in that object
(``throttled_http_client.py``), so nothing here ever returns what was said before. Making one asks the authority for its endpoints.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and the pages beside it
"""

import base64
import contextlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msal

from ..secrets.key_pair import KeyPair, assertion
from . import token_life
from .authority import is_authority, is_directory_id, is_guid
from .https import LONGEST, EntraRefused, HttpClient, origin

__all__ = [
    "App", "Claims", "EntraRefused", "Token", "app_only_token", "claims", "finish_code_flow", "is_authority", "is_directory_id",
    "is_guid", "poll_device_flow", "refresh", "start_code_flow", "start_device_flow",
]

_RESERVED: Final = frozenset({"openid", "profile", "offline_access", "email"})  # MSAL adds them itself
_PENDING: Final = ("authorization_pending", "slow_down")  # RFC 8628 section 3.5


@dataclass(frozen=True)
class App:
    """An app registration.

    :ivar authority: ``https://<host>/<directory id>``
    :ivar credential: client secret, or certificate, or None for a public client
    :ivar patience: seconds that Entra is waited for, from when it is asked
    """

    authority: str
    client_id: str
    credential: str | KeyPair | None = field(default=None, repr=False)
    patience: float = LONGEST

    def __post_init__(self) -> None:
        """
        :raise ValueError: the authority is none that a secret may be sent to
        """
        if not is_authority(self.authority):
            raise ValueError("not an authority: https://<host>/<directory id>")


@dataclass(frozen=True)
class Token:
    """What Entra gave.

    :ivar expires_at: seconds since the epoch
    :ivar account: address that signed in; None for app-only sign-in
    :ivar scopes: what was asked for and granted
    :ivar public_client: it was got without the app's credential, and its refresh token works without it only
    """

    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(default=None, repr=False)
    account: str | None = None
    scopes: tuple[str, ...] = ()
    public_client: bool = False


@dataclass(frozen=True)
class Claims:
    """What is written in an access token. Nobody verified it: for people to read, never to decide by.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference

    :ivar roles: permissions of the app itself
    :ivar scopes: permissions that a user delegated to it
    :ivar expires_at: seconds since the epoch, 0 if unknown
    :ivar object_id: of who signed in; of an app, that of the enterprise application
    """

    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    audience: str = ""
    expires_at: float = 0.0
    account: str = ""
    tenant: str = ""
    app_id: str = ""
    object_id: str = ""


def app_only_token(app: App, scopes: Sequence[str]) -> Token:
    """Return a token of the app itself.

    :param scopes: the resource's ``/.default`` alone
    :raise EntraRefused: none was given
    """
    with _readable_answer():
        return _token(_client(app).acquire_token_for_client(list(scopes)), scopes)


def refresh(app: App, refresh_token: str, scopes: Sequence[str]) -> Token:
    """Return a new token of a user; its refresh token, if there is one, replaces the given one.

    :raise EntraRefused: none was given; ``invalid_grant``: the user has to sign in again
    """
    with _readable_answer():
        return _token(_client(app).acquire_token_by_refresh_token(refresh_token, list(scopes)), scopes, app.credential is None)


def start_code_flow(app: App, scopes: Sequence[str], redirect_uri: str, state: str, login_hint: str | None = None) -> dict[str, Any]:
    """Begin a sign-in in the browser (authorization code with PKCE).

    :return: to be kept on the server until the browser is back: ``auth_uri`` is where it goes, ``code_verifier`` is secret
    :raise EntraRefused: the authority was not reached, or there is no such directory
    """
    with _readable_answer():
        client = _client(app)
        if origin(client.authority.authorization_endpoint) != origin(app.authority):
            raise EntraRefused({
                "error": "endpoint_elsewhere",
                "error_description": f"{origin(app.authority)} leads to {origin(client.authority.authorization_endpoint)}"})
        # The browser comes back by GET: it would send a POST from Microsoft's page without the session cookie (SameSite=Lax) that
        # ties the answer to who asked. A code that is seen in an address is of no use without the verifier (PKCE, RFC 7636).
        warnings.filterwarnings("ignore", "response_mode='form_post' is recommended", UserWarning)
        return client.initiate_auth_code_flow(
            list(scopes), redirect_uri=redirect_uri, state=state, login_hint=login_hint, prompt="select_account")


def finish_code_flow(app: App, flow: dict[str, Any], answer: dict[str, str]) -> Token:
    """Return the token for what the browser brought back.

    :param flow: of :func:`start_code_flow`
    :param answer: query of the redirect
    :raise EntraRefused: the user declined, the state is another's, or no token was given
    """
    with _readable_answer():
        return _token(_client(app).acquire_token_by_auth_code_flow(dict(flow), dict(answer)), flow["scope"], app.credential is None)


def start_device_flow(app: App, scopes: Sequence[str]) -> dict[str, Any]:
    """Begin a sign-in on another device. It never uses the app's credential (RFC 8628 is for public clients).

    :return: ``user_code``, ``verification_uri``, ``message``, ``interval``, ``expires_at`` (epoch) to show; ``device_code`` is secret
    :raise EntraRefused: none was given; ``invalid_client``: the app does not allow public client flows
    """
    with _readable_answer():
        return {**_public(app).initiate_device_flow(list(scopes)), "scope": list(scopes)}


def poll_device_flow(app: App, flow: dict[str, Any]) -> Token | None:
    """Ask once whether the user is done; None: not yet, ask again after ``flow["interval"]`` seconds, which this may raise.

    :raise EntraRefused: the user declined, or the code expired
    """
    try:
        with _readable_answer():
            return _token(_public(app).acquire_token_by_device_flow({**flow, "expires_at": 0}), flow["scope"], public_client=True)
    except EntraRefused as refused:
        if refused.answer.get("error") not in _PENDING:
            raise
        if refused.answer["error"] == "slow_down":
            flow["interval"] = flow.get("interval", 5) + 5
        return None


def claims(access_token: str) -> Claims:
    """Return what a token says of itself; nothing if it cannot be read, as Microsoft may change or encrypt what is inside."""
    try:
        part = access_token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return Claims(
            roles=tuple(said.get("roles") or ()),
            scopes=tuple((said.get("scp") or "").split()),
            audience=said.get("aud") or "",
            expires_at=float(said.get("exp") or 0),
            account=_account(said) or "",
            tenant=said.get("tid") or "",
            app_id=said.get("appid") or said.get("azp") or "",
            object_id=said.get("oid") or "",
        )
    except (IndexError, ValueError, TypeError, AttributeError):
        return Claims()


class _NoCache(msal.TokenCache):  # type: ignore[misc]  # msal says nothing of its types
    """Keeps nothing, and so logs nothing of it."""

    def add(self, event: Any, now: Any = None) -> None:
        """Do nothing."""


def _client(app: App) -> msal.ClientApplication:
    if app.credential is None:
        return _public(app)
    if isinstance(app.credential, KeyPair):
        pair = app.credential
        credential: Any = {"client_assertion": lambda: assertion(pair, app.client_id, client.authority.token_endpoint)}
    else:
        credential = app.credential
    client: msal.ClientApplication = msal.ConfidentialClientApplication(app.client_id, client_credential=credential, **_options(app))
    return client


def _public(app: App) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(app.client_id, **_options(app))


def _options(app: App) -> dict[str, Any]:
    return {
        "authority": app.authority,
        "http_client": HttpClient(app.authority, app.patience),
        "token_cache": _NoCache(),
        # It would ask the worldwide cloud whether it knows the authority, for which there may be no way out.
        "instance_discovery": False,
        # Other software on this machine may have set MSAL_FORCE_REGION, which leads to another host.
        "azure_region": getattr(msal.ClientApplication, "DISABLE_MSAL_FORCE_REGION", None),
    }


@contextlib.contextmanager
def _readable_answer() -> Iterator[None]:
    """Turn what MSAL makes of an answer it does not understand into a refusal; its own texts repeat the answer."""
    try:
        yield
    except (ValueError, RuntimeError, KeyError) as error:
        raise EntraRefused({"error": "invalid_answer", "error_description": type(error).__name__}) from None


def _token(result: dict[str, Any], scopes: Sequence[str], public_client: bool = False) -> Token:
    if "access_token" not in result:  # only of a redirect: what the server itself refuses is raised by HttpClient
        raise EntraRefused({key: value for key, value in result.items() if key in ("error", "error_description", "error_uri")})
    granted = (result.get("scope") or "").casefold().split()
    # A scope may come back written another way than it was asked for; then there is nothing to compare.
    scopes = [scope for scope in scopes if scope.casefold() in granted] or scopes
    return Token(
        access_token=result["access_token"],
        expires_at=token_life.to_epoch(token_life.now()) + int(result["expires_in"]),
        refresh_token=result.get("refresh_token"),
        account=_account(result.get("id_token_claims") or {}),
        scopes=tuple(sorted(set(scopes) - _RESERVED)),
        public_client=public_client,
    )


def _account(said: dict[str, Any]) -> str | None:
    return next((said[name] for name in ("preferred_username", "upn", "unique_name", "email") if said.get(name)), None)
