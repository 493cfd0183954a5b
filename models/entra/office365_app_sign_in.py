import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request

from ...const import DELEGATED_PERMISSIONS
from ...tools import entra
from ...tools.diagnosis.reader import diagnose
from ...tools.entra import sign_in_state
from ...tools.servers import remedies

PATH = "/mail_office365/oauth"
SESSION_KEY = "office365_sign_in"


class Office365App(models.Model):
    """Users who sign in once: in their browser, or with a code on another device."""

    _inherit = "office365.app"

    outgoing_server_ids = fields.One2many("ir.mail_server", "office365_app_id", "Outgoing Servers", context={"active_test": False})
    incoming_server_ids = fields.One2many("fetchmail.server", "office365_app_id", "Incoming Servers", context={"active_test": False})
    redirect_uri = fields.Char(
        "Redirect URI", compute="_compute_redirect_uri",
        help="Add it in Entra admin center > App registrations > your app > Authentication > Web, exactly as it is shown here.")
    redirect_warning = fields.Text(compute="_compute_redirect_uri")
    admin_consent_url = fields.Char(
        "Admin Consent Link", compute="_compute_admin_consent_url",
        help="An administrator of the directory opens it and consents for everyone. They need no access to Odoo.")

    sign_in_status = fields.Text("Signed In", compute="_compute_sign_in_status")
    is_copy = fields.Boolean(compute="_compute_is_copy")

    @api.depends_context("uid")
    def _compute_redirect_uri(self):
        for app in self:
            base = app.get_base_url()
            app.redirect_uri = f"{base}{PATH}"
            url = urlsplit(base)
            # learn.microsoft.com/entra/identity-platform/reply-url: https, or http on this machine itself
            app.redirect_warning = url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1") and self.env._(
                "Entra accepts no redirect URI that begins with http:, except for localhost. Serve Odoo over https and set the System "
                "Parameter "
                "web.base.url, or sign in with a device code, which needs no redirect.")

    @api.depends("authority_url", "client_id", "auth_flow", "app_scope", "delegated_resource")
    def _compute_admin_consent_url(self):
        for app in self:
            if not app.authority_url or not app.client_id:
                app.admin_consent_url = False
                continue
            scopes = [app.app_scope] if app.auth_flow == "app" else app._all_scopes()
            # learn.microsoft.com/entra/identity-platform/v2-admin-consent
            query = urlencode({"client_id": app.client_id, "redirect_uri": app.redirect_uri, "scope": " ".join(scopes)})
            app.admin_consent_url = f"{app.authority_url}/v2.0/adminconsent?{query}"

    @api.depends("auth_flow", "outgoing_server_ids.smtp_user", "incoming_server_ids.user")
    def _compute_sign_in_status(self):
        for app in self:
            app.sign_in_status = "\n".join(map(app._status_of, app._accounts())) or False

    @api.depends_context("uid")
    def _compute_is_copy(self):
        self.is_copy = self.env["office365.token"]._is_copied__()

    def _sign_ins(self, account: str | None = None):
        """Return the rows of the users who signed in at this app, or of one."""
        domain = [("account", "=", account.lower())] if account else [("account", "!=", "")]
        return self.env["office365.token"].sudo().search([("app_id", "in", self._origin.ids), *domain])

    def _status_of(self, account: str) -> str:
        """Return whether a user signed in, and until when that holds."""
        row = self._sign_ins(account)
        if not row or not row.refresh_expires:
            return self.env._("%s has not signed in yet", account)
        if row.needs_sign_in:
            return self.env._("%(account)s has to sign in again. %(reason)s", account=account, reason=row.failure_text)
        return self.env._(
            "%(account)s is signed in. The sign-in lasts while it is used; unused, it ends on %(date)s",
            account=account, date=fields.Date.to_string(row.refresh_expires))

    def action_adopt(self):
        """Say that this is the production database, and no copy."""
        self.env["office365.token"]._adopt__()
        return True

    @api.constrains("cloud", "auth_flow")
    def _check_servers(self):
        """Refuse what this app's servers cannot work with."""
        for app in self.sudo():
            app.outgoing_server_ids._check_office365_preset()
            app.outgoing_server_ids._check_office365_sender_mode()
            app.incoming_server_ids._check_office365_preset()

    def _all_scopes(self) -> list[str]:
        """Return the delegated scopes that servers of this app need; those of SMTP and IMAP before there is a server."""
        self.ensure_one()
        protocols = {server.office365_preset for server in self.incoming_server_ids if server.office365_preset}
        protocols |= {server._office365_token_protocol() for server in self.outgoing_server_ids}
        return [scope for protocol in (*DELEGATED_PERMISSIONS, "hve") if protocol in (protocols or {"smtp", "imap"})
                for scope in self._scopes(protocol, "delegated")]

    def _accounts(self) -> list[str]:
        """Return who has to sign in: the mailboxes of this app's servers, or those who sign in for them."""
        self.ensure_one()
        if self.auth_flow != "delegated":
            return []
        servers = [*self.sudo().outgoing_server_ids, *self.sudo().incoming_server_ids]
        return sorted({server._office365_account(server._office365_user()) for server in servers if server._office365_user()})

    def _only_account(self) -> str:
        accounts = self._accounts()
        if len(accounts) == 1:
            return accounts[0]
        if accounts:
            raise UserError(self.env._(
                "%(app)s signs in for several mailboxes: %(accounts)s. Press the button on the mail server that you sign in for.",
                app=self.display_name, accounts=", ".join(accounts)))
        raise UserError(self.env._(
            "%s: no mail server uses this app yet. Choose it as Entra App on a mail server and sign in from there, so that Odoo knows "
            "which account has to sign in.", self.display_name))

    # ------------------------------------------------------------
    # In the browser
    # ------------------------------------------------------------

    def action_sign_in(self):
        """Go to Microsoft's page and sign in."""
        return self._sign_in_action(self, self._only_account())

    def action_device_sign_in(self):
        """Show a code to sign in with on another device."""
        return self.env["office365.device.sign.in"]._begin(self, self._only_account())

    def action_admin_consent(self):
        """Go to Microsoft's page and consent for the whole directory."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.admin_consent_url, "target": "new"}

    def _sign_in_action(self, record: models.BaseModel, account: str):
        """Begin a sign-in; return the action that leads to Microsoft's page.

        :param record: where the browser is led back to
        :param account: who has to sign in
        """
        self.ensure_one()
        record.check_access("write")
        if not request:
            raise UserError(self.env._("Sign in from the web client: Microsoft's page opens in the browser."))
        if self.redirect_warning:
            raise UserError(self.redirect_warning)
        state = sign_in_state.new_state()
        try:
            flow = entra.start_code_flow(self._app__(), self._all_scopes(), self.redirect_uri, state, login_hint=account)
        except entra.EntraRefused as error:
            raise UserError(self._refusal_text(error)) from error
        request.session[SESSION_KEY] = sign_in_state.begin(request.session.get(SESSION_KEY), state, {
            "flow": flow, "app": self.id, "model": record._name, "id": record.id, "uid": self.env.uid, "account": account,
        }, time.time())
        return {"type": "ir.actions.act_url", "url": flow["auth_uri"], "target": "self"}

    def _finish_sign_in(self, entry: Mapping[str, Any], answer: Mapping[str, str]) -> None:
        """Take what the browser brought back.

        :param entry: what :meth:`_sign_in_action` kept
        :param answer: query of the redirect
        :raise UserError: Microsoft gave no token, or somebody else signed in
        """
        try:
            token = entra.finish_code_flow(self._app__(), entry["flow"], answer)
        except entra.EntraRefused as error:
            raise UserError(self._refusal_text(error)) from error
        self._accept(token, entry["account"])

    def _accept(self, token: entra.Token, account: str) -> None:
        """Keep the token of a user if it is the one who has to sign in, else throw it away.

        :raise UserError: somebody else signed in
        """
        if (token.account or "").lower() != account.lower():
            raise UserError(self.env._(
                "%(signed_in)s signed in, but the mail server signs in as %(wanted)s. Nothing was kept. Sign in again as %(wanted)s: "
                "choose “Use another account” on Microsoft's page. If %(signed_in)s opens that mailbox, as the user of a shared mailbox "
                "or under another sign-in name, enter it in the field Signs In As of the mail server.",
                signed_in=token.account or self.env._("An unknown account"), wanted=account))
        self.env["office365.token"]._keep__(self, token, account)
        self._update_reminders()

    def _refusal_text(self, error: Exception) -> str:
        """Return the sentences for a sign-in that Entra refused: its own words, and what to do about them."""
        return self.env._(
            "%(app)s: Microsoft Entra refused the sign-in. It said: %(words)s\n%(remedy)s",
            app=self.display_name, words=error, remedy=remedies.told(
                diagnose(error, protocol="entra"), self.env._, {"client id": self.client_id or ""}))
