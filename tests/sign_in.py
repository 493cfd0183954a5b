"""Base of the tests that sign in at the look-alike of Entra."""

import http.client
import json
import ssl
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from ..tools import entra
from ..tools.entra import token_life
from .common import ERP, Office365Case, Office365Mixin

REDIRECT = "https://odoo.contoso.example/mail_office365/oauth"


class SignInMixin(Office365Mixin):
    """Apps at the look-alike, servers of them, and what people do on Microsoft's pages."""

    def setUp(self):
        super().setUp()
        self.entra = self.servers.entra
        self.entra.app.redirect_uris.add(REDIRECT)

    def app(self, flow="app", credential="secret", **values):
        """Create an app that the look-alike knows."""
        app = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": self.entra.directory.tenant_id, "client_id": self.entra.app.client_id,
            "authority_url": self.entra.authority(), "auth_flow": flow, "credential": credential,
            "client_secret": self.entra.app.secret if credential == "secret" else False, **values})
        if credential == "certificate":
            app.action_make_key_pair()
            self.entra.app.add_certificate(app.certificate)
        self.entra.app.public_client = credential == "none"
        self.env.flush_all()  # tokens are asked for in transactions of their own
        return app

    def outgoing(self, preset="submission", app=None, **values):
        by_token = {"office365_app_id": app.id, "smtp_authentication": "office365", "smtp_pass": False} if app else {}
        return super().outgoing(preset, **by_token, **values)

    def incoming(self, preset="imap", app=None, **values):
        by_token = {"office365_app_id": app.id, "password": False} if app else {}
        return super().incoming(preset, **by_token, **values)

    def requests(self, grant="client_credentials"):
        """Return how many tokens were asked for."""
        return self.entra.token_requests(grant)

    def revoke(self):
        """Take all access tokens back."""
        for token in list(self.entra.tokens.issued):
            self.entra.tokens.revoke(token)

    def later(self, minutes):
        """Let time pass, here and at Microsoft."""
        now = token_life.now
        self.enterContext(patch.object(token_life, "now", lambda: now() + timedelta(minutes=minutes)))
        self.entra.clock.advance(minutes * 60)

    def visit(self, url, account=ERP, *, consent=True):
        """Go to Microsoft's page and sign in there; return where it leads the browser."""
        self.entra.next_sign_in(account, consent=consent)
        parts = urlsplit(url)
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=10, context=ssl.create_default_context(cafile=self.servers.ca_file))
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            return connection.getresponse().getheader("Location")
        finally:
            connection.close()

    def secrets(self):
        """Return every secret and token that was used until now."""
        return [self.entra.app.secret, *self.entra.tokens.issued, *self.entra.grants.refresh_tokens]


class SignInCase(SignInMixin, Office365Case):
    """Tests of models."""

    def sign_in_by_code(self, app, account=ERP, signed_in=ERP, *, consent=True):
        """Sign a user in as a browser does."""
        flow = entra.start_code_flow(app._app__(), app._all_scopes(), REDIRECT, "state", login_hint=account)
        back = self.visit(flow["auth_uri"], signed_in, consent=consent)
        # what is kept in a session is JSON
        app._finish_sign_in({"flow": json.loads(json.dumps(flow)), "account": account}, dict(parse_qsl(urlsplit(back).query)))

    def sign_in_by_device(self, app, account=ERP):
        """Sign a user in with a code."""
        Wizard = self.env["office365.device.sign.in"]
        wizard = Wizard.browse(Wizard._begin(app, account)["res_id"])
        self.entra.sign_in_device(wizard.user_code, account)
        wizard.action_continue()

    def signed_in_app(self, way, *, servers=False):
        """Return an app whose sign-in is done, by one of the four ways.

        :param servers: make one for each protocol before, so that each is consented to
        """
        is_app_only = way in ("secret", "certificate")
        app = self.app("app" if is_app_only else "delegated", {"code": "secret", "device": "none"}.get(way, way))
        if servers:
            self.outgoing(app=app)
            self.incoming("imap", app=app)
            self.incoming("pop", app=app)
        if not is_app_only:
            (self.sign_in_by_device if way == "device" else self.sign_in_by_code)(app)
        return app
