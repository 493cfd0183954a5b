"""Sign-in of a person: the authorization endpoint, the page for device codes, an administrator's consent for all.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, …/v2-oauth2-device-code, …/v2-admin-consent

What is wrong with the app or its redirect address is shown on a page, and so is a user who may not sign in; nothing goes back to
the app then. A declined consent goes back, and with ``prompt=none`` or a sign-in that a test scripted everything does.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping

from . import entra_errors as errors
from . import entra_pages as pages
from . import entra_scopes
from .entra_client import Clients
from .entra_directory import EntraApp, EntraDirectory, EntraUser
from .entra_errors import EntraError, Refused
from .entra_grants import Grant, Grants
from .entra_http import Answer

_PROMPTS = ("", "login", "none", "consent", "select_account")
_MODES = {"": "?", "query": "?", "fragment": "#", "form_post": ""}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a scripted sign-in comes to.

    :ivar account: None: that of ``login_hint``.
    :ivar consent: None: the consent page is shown if it is needed.
    :ivar error: Entra refuses.
    """

    account: str | None
    consent: bool | None = True
    error: EntraError | None = None


@dataclasses.dataclass
class Flow:
    """One sign-in in a browser.

    :ivar kind: "authorize", "device" or "admin".
    :ivar silent: no page is shown: everything goes back to the app.
    """

    kind: str
    tenant: str
    app: EntraApp
    query: Mapping[str, str]
    wanted: entra_scopes.Wanted | None = None
    device: Grant | None = None
    user: EntraUser | None = None
    silent: bool = False


class SignIn:
    """The pages.

    :ivar decisions: scripted sign-ins, taken one by one.
    """

    def __init__(self, directory: EntraDirectory, clients: Clients, grants: Grants) -> None:
        self._directory = directory
        self._clients = clients
        self._grants = grants
        self.reset()

    def reset(self) -> None:
        """Forget everything that was begun or scripted."""
        self._flows: dict[str, Flow] = {}
        self.decisions: list[Decision] = []

    # --- where it begins ---

    def authorize(self, tenant: str, query: Mapping[str, str]) -> Answer:
        """Answer the authorization endpoint."""
        app = self._clients.app(tenant, query, interactive=True)
        address = query.get("redirect_uri", "")
        if not address:
            raise Refused(errors.REDIRECT_MISSING)
        if address not in app.redirect_uris | app.public_redirect_uris:
            raise Refused(errors.REDIRECT_MISMATCH, uri=address, app=app.client_id)
        if query.get("response_mode", "") not in _MODES:
            raise Refused(errors.RESPONSE_MODE, mode=query["response_mode"])
        decision = self.decisions.pop(0) if self.decisions else None
        flow = Flow("authorize", tenant, app, query, silent=bool(decision) or query.get("prompt") == "none")
        try:
            flow.wanted = self._read(query)
            if decision is None and query.get("prompt") == "none":
                raise Refused(errors.NOT_SIGNED_IN)
        except Refused as refused:
            return self._back_with_error(flow, refused.error)
        if decision is None:
            return self._pick(flow)
        return self._decided(flow, decision)

    def _read(self, query: Mapping[str, str]) -> entra_scopes.Wanted:
        """Check the request as far as the app may hear what is wrong with it; return what is asked for."""
        if query.get("response_type") != "code":
            raise Refused(errors.RESPONSE_TYPE, kind=query.get("response_type", ""))
        if query.get("prompt", "") not in _PROMPTS:
            raise Refused(errors.PROMPT_UNKNOWN, prompt=query["prompt"])
        if "code_challenge" in query:
            if not 43 <= len(query["code_challenge"]) <= 128:  # RFC 7636 section 4.2
                raise Refused(errors.CHALLENGE_SIZE)
            if query.get("code_challenge_method", "plain") not in ("plain", "S256"):
                raise Refused(errors.CHALLENGE_METHOD, method=query["code_challenge_method"])
        return entra_scopes.read(self._directory, query.get("scope", ""), errors.SEVERAL_RESOURCES_AUTHORIZE)

    def device_login(self, form: Mapping[str, str]) -> Answer:
        """Answer the page where a person enters the code of another device."""
        code = form.get("code", "").replace("-", "").replace(" ", "").upper()
        if not code:
            return Answer.html(pages.enter_code("/devicelogin"))
        grant = next((grant for grant in self._grants.devices.values() if grant.user_code == code and grant.state == "pending"), None)
        if grant is None:
            return Answer.html(pages.notice("That code didn't work", "Check the code and try again.", ("/devicelogin", "Back")), 400)
        flow = Flow("device", grant.tenant, grant.app, {}, wanted=grant.wanted, device=grant)
        decision = self.decisions.pop(0) if self.decisions else None
        return self._decided(flow, decision) if decision else self._pick(flow)

    def admin_consent(self, tenant: str, query: Mapping[str, str]) -> Answer:
        """Answer the page where an administrator consents for all."""
        app = self._clients.app(tenant, query, interactive=True)
        if query.get("redirect_uri", "") not in app.redirect_uris:
            raise Refused(errors.REDIRECT_MISMATCH, uri=query.get("redirect_uri", ""), app=app.client_id)
        decision = self.decisions.pop(0) if self.decisions else None
        flow = Flow("admin", tenant, app, query, silent=bool(decision))
        return self._decided(flow, decision) if decision else self._pick(flow)

    # --- page after page ---

    def _pick(self, flow: Flow) -> Answer:
        hint = flow.query.get("login_hint", "").lower()
        users = sorted(self._directory.users.values(), key=lambda user: user.address.lower() != hint)
        accounts = [(user.address, user.name) for user in users]
        return Answer.html(pages.pick_account("/common/login", self._keep(flow), flow.app.name, accounts))

    def _keep(self, flow: Flow) -> str:
        name = secrets.token_urlsafe(24)
        self._flows[name] = flow
        return name

    def post(self, form: Mapping[str, str]) -> Answer:
        """Answer a click on one of the pages."""
        flow = self._flows.pop(form.get("flow", ""), None)
        if flow is None:
            raise Refused(errors.MALFORMED)
        if flow.user is None:
            return self._decided(flow, Decision(form.get("account", ""), consent=None))
        return self._decided(flow, Decision(flow.user.address, consent=form.get("consent") == "accept"))

    def _decided(self, flow: Flow, decision: Decision) -> Answer:
        try:
            if decision.error:
                raise Refused(decision.error, account=decision.account or "", app=flow.app.client_id, name=flow.app.name)
            flow.user = self._user(flow, decision.account or flow.query.get("login_hint", ""))
            if flow.kind == "admin":
                return self._admin_decided(flow, decision)
            missing = self._missing_consent(flow)
            if missing and decision.consent is None:
                wanted, account = sorted(missing), flow.user.address
                return Answer.html(pages.ask_consent("/common/consent", self._keep(flow), flow.app.name, account, wanted))
            if missing and not decision.consent:
                raise Refused(errors.CONSENT_DECLINED)
            flow.user.consents.setdefault(flow.app.client_id, set()).update(missing)
            return self._signed_in(flow)
        except Refused as refused:
            if flow.kind != "device" and (flow.silent or refused.error.number == errors.CONSENT_DECLINED.number):
                return self._back_with_error(flow, refused.error)
            if flow.device and refused.error.number == errors.CONSENT_DECLINED.number:
                flow.device.state = "declined"
            raise

    def _user(self, flow: Flow, account: str) -> EntraUser:
        """Return the user that signs in, who gives another factor if a policy asks for one.

        :raise Refused: he may not
        """
        user = self._directory.users.get(account.lower())
        if user is None:
            raise Refused(errors.USER_UNKNOWN, account=account, tenant=self._directory.tenant_id)
        self._grants.check_user(flow.app, user)
        return user

    def _missing_consent(self, flow: Flow) -> set[str]:
        """Return the permissions to be asked for.

        :raise Refused: the user may not decide
        """
        wanted = set(self._grants.permissions(flow.app, flow.wanted))
        missing = wanted - self._grants.consented(flow.app, flow.user)
        if missing and not self._directory.user_consent and not flow.user.admin:
            raise Refused(errors.ADMIN_CONSENT_NEEDED, tenant=self._directory.tenant_id, name=flow.app.name)
        if missing and flow.query.get("prompt") == "none":
            raise Refused(errors.CONSENT_MISSING, app=flow.app.client_id, name=flow.app.name)
        return wanted if flow.query.get("prompt") == "consent" else missing

    def _admin_decided(self, flow: Flow, decision: Decision) -> Answer:
        app = flow.app
        if not flow.user.admin:
            raise Refused(errors.ADMIN_CONSENT_NEEDED, tenant=self._directory.tenant_id, name=app.name)
        if decision.consent is None:
            listed = sorted(app.app_permissions | app.permissions)
            return Answer.html(pages.ask_consent("/common/consent", self._keep(flow), app.name, flow.user.address, listed, for_all=True))
        if not decision.consent:
            raise Refused(errors.CONSENT_DECLINED)
        app.roles, app.admin_consent = set(app.app_permissions), True
        return self._back(flow, {"admin_consent": "True", "tenant": self._directory.tenant_id, "scope": flow.query.get("scope", "")})

    # --- where it ends ---

    def _signed_in(self, flow: Flow) -> Answer:
        now = self._directory.clock.now()
        if flow.device:
            flow.device.user, flow.device.state = flow.user, "accepted"
            flow.device.signed_in, flow.device.mfa = now, flow.user.mfa
            return Answer.html(pages.notice(flow.app.name, "You have signed in on your device. You may now close this window."))
        code = f"1.{secrets.token_urlsafe(96)}"
        self._grants.codes[code] = Grant(
            flow.app, flow.user, flow.wanted, flow.tenant.lower(), now, signed_in=now, mfa=flow.user.mfa,
            public=flow.query["redirect_uri"] in flow.app.public_redirect_uris, redirect_uri=flow.query["redirect_uri"],
            challenge=flow.query.get("code_challenge", ""), method=flow.query.get("code_challenge_method", "plain"),
            nonce=flow.query.get("nonce"))
        return self._back(flow, {"code": code, "session_state": secrets.token_hex(16)})

    def _back_with_error(self, flow: Flow, error: EntraError) -> Answer:
        """Tell the app. ``error`` is a word of the token endpoint where that of the authorization endpoint is another."""
        words = {"invalid_grant": "interaction_required" if flow.query.get("prompt") == "none" else "access_denied"}
        if error.suberror == "consent_required" and flow.query.get("prompt") == "none":
            words["invalid_grant"] = "consent_required"
        body = error.body(self._directory.clock.now())
        values = {"error": words.get(error.error, error.error), "error_description": body["error_description"]}
        if error.number == errors.CONSENT_DECLINED.number:
            values["error_subcode"] = "cancel"
        return self._back(flow, values)

    @staticmethod
    def _back(flow: Flow, values: dict[str, str]) -> Answer:
        """Send the browser back to the app."""
        if "state" in flow.query:
            values["state"] = flow.query["state"]
        mark = _MODES[flow.query.get("response_mode", "")]
        if not mark:
            return Answer.html(pages.self_submitting(flow.query["redirect_uri"], values))
        return Answer.redirect(pages.with_values(flow.query["redirect_uri"], mark, values))
