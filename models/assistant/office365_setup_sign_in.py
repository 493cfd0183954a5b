from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...const import APP_PERMISSIONS, DELEGATED_PERMISSIONS, HVE_PERMISSION, portal_page
from ...tools import entra
from ...tools.assistant import inputs
from ...tools.checks import DONE, FAILED, TO_DO, Check
from ...tools.diagnosis.reader import diagnose
from ...tools.entra.directory import directory_of
from .office365_setup import OF_THE_APP

_IDS = ("cloud", "directory_id", "client_id")


class Office365Setup(models.Model):
    """Step 1: the app registration that signs in."""

    _inherit = "office365.setup"

    auth_flow = fields.Selection(
        [("app", "As the app itself (app-only)"), ("delegated", "As a user who signs in once (delegated)")],
        string="Signs In As", default="app", required=True,
        help="App-only: no user, and no sign-in that could expire.\n"
             "Delegated: the owner of the mailbox signs in with Microsoft once, and again after 90 days without use.")
    credential = fields.Selection(
        [("certificate", "Certificate made here"), ("secret", "Client secret"), ("none", "None (public client, device code only)")],
        default="certificate", required=True,
        help="Microsoft recommends a certificate: its private key never leaves this database.")
    client_secret = fields.Char(
        compute="_compute_client_secret", inverse="_inverse_client_secret", exportable=False,
        help="The column Value, not Secret ID, of Certificates & secrets. It can be replaced, but not be read.")
    client_secret_problem = fields.Char(compute="_compute_client_secret_problem")
    client_secret_state = fields.Char(related="app_id.client_secret_state", string="Stored Secret")
    private_key_state = fields.Char(related="app_id.private_key_state", string="Stored Private Key")
    certificate_thumbprint = fields.Char(related="app_id.certificate_thumbprint")
    certificate_cer = fields.Binary(related="app_id.certificate_cer", string="Certificate for Entra")
    certificate_filename = fields.Char(related="app_id.certificate_filename")
    redirect_uri = fields.Char("Redirect URI", compute="_compute_for_entra")
    redirect_warning = fields.Text(compute="_compute_for_entra")
    admin_consent_url = fields.Char("Admin Consent Link", compute="_compute_for_entra")
    smtp_permission = fields.Char("Permission to Send", compute="_compute_permissions")
    imap_permission = fields.Char("Permission to Receive", compute="_compute_permissions")

    # ------------------------------------------------------------
    # The app
    # ------------------------------------------------------------

    @api.model
    def _of_app(self, vals: dict) -> dict:
        """Return values with those of the app that they name."""
        app = self.env["office365.app"].browse(vals.get("app_id") or ())
        return {**{name: app[name] for name in OF_THE_APP}, **vals} if app else vals

    def _update_app(self, vals: dict) -> None:
        """Make the app, or correct it, once both of its ids can be right. What these values don't say is the app's to say."""
        for setup in self:
            if not (setup.directory_id and setup.client_id) or setup.directory_problem or setup.client_problem:
                continue
            values = {name: setup[name] for name in OF_THE_APP}
            app = setup.env["office365.app"].search([(name, "=", values[name]) for name in _IDS], limit=1) or setup.app_id
            if not app:
                app = app.create({"name": setup.env._("Odoo mail"), **values})
            elif changed := {name: values[name] for name in OF_THE_APP if app[name] != values[name] and name in (*_IDS, *vals)}:
                app.write(changed)
            told = {name: app[name] for name in OF_THE_APP if app[name] != values[name]}
            if told or setup.app_id != app:
                setup.write({**told, "app_id": app.id})

    @api.onchange("app_id")
    def _onchange_app_id(self):
        if self.app_id:
            self.update({name: self.app_id[name] for name in OF_THE_APP})

    @api.onchange("auth_flow")
    def _onchange_auth_flow(self):
        if self.auth_flow == "app" and self.credential == "none":
            self.credential = "certificate"

    def _compute_client_secret(self):
        self.client_secret = False

    @api.depends("client_secret")
    def _compute_client_secret_problem(self):
        for setup in self:
            setup.client_secret_problem = inputs.secret_problem(setup.client_secret or "") == "is_id" and self.env._(
                "This is the Secret ID. Copy the column Value, which Entra shows only once, right after the secret is made.")

    def _inverse_client_secret(self):
        for setup in self.filtered("client_secret"):
            setup._update_app({})
            if not setup.app_id:
                raise ValidationError(self.env._(
                    "The client secret is stored with the app registration. Enter the Directory (tenant) ID and the Application (client) "
                    "ID first."))
            if setup.client_secret_problem:
                raise ValidationError(setup.client_secret_problem)
            setup.app_id.write({"client_secret": setup.client_secret, "credential": "secret"})
            setup._forget({"sign_in"})
        self.invalidate_recordset(["client_secret", "client_secret_state"])

    @api.depends("app_id.admin_consent_url", "cloud", "directory_id", "client_id", "auth_flow", "directory_problem", "client_problem")
    @api.depends_context("uid")
    def _compute_for_entra(self):
        for setup in self:
            app = setup.app_id or self.env["office365.app"].new({})
            setup.redirect_uri, setup.redirect_warning = app.redirect_uri, app.redirect_warning
            setup.admin_consent_url = setup.app_id.admin_consent_url

    @api.depends("auth_flow", "preset")
    def _compute_permissions(self):
        for setup in self:
            permissions = APP_PERMISSIONS if setup.auth_flow == "app" else DELEGATED_PERMISSIONS
            sending = {"submission": permissions["smtp"], "hve": HVE_PERMISSION}
            setup.smtp_permission, setup.imap_permission = sending.get(setup.preset, False), permissions["imap"]

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_open_portal(self):
        """Open the page of the Entra admin center that the button names."""
        self.ensure_one().check_access("read")
        return {
            "type": "ir.actions.act_url", "target": "new",
            "url": portal_page(self.cloud, self.env.context.get("page"), not self.client_problem and self.client_id or ""),
        }

    def action_make_key_pair(self):
        """Make the key pair by which the app proves itself."""
        self.ensure_one().check_access("write")
        return self._app_or_raise().action_make_key_pair()

    def action_sign_in(self):
        """Go to Microsoft's page and sign in as the mailbox."""
        return self._app_or_raise()._sign_in_action(self, self._mailbox_or_raise())

    def action_device_sign_in(self):
        """Show a code to sign in as the mailbox with on another device."""
        self.check_access("write")
        return self.env["office365.device.sign.in"]._begin(self._app_or_raise(), self._mailbox_or_raise())

    def _app_or_raise(self):
        if not self.app_id:
            raise UserError(self.env._("Enter the Directory (tenant) ID and the Application (client) ID first."))
        return self.app_id

    def _mailbox_or_raise(self) -> str:
        if not self.mailbox or self.mailbox_problem:
            raise UserError(self.mailbox_problem or self.env._("Enter the mailbox first."))
        return self.mailbox

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    def _checks_sign_in(self) -> list[Check]:
        typed = self._check_ids()
        if typed.state != DONE:
            return [typed]
        proof = self._check_credential()
        return [typed, *self._checks_domain(self.domain), proof, *(self._checks_token() if proof.state == DONE else [])]

    def _check_ids(self) -> Check:
        name = self.env._("Directory and app registration")
        problems = "\n".join(filter(None, (self.domain_problem, self.directory_problem, self.client_problem)))
        if problems:
            return Check(name, FAILED, self.env._("Correct the fields that are marked."), problems)
        if not (self.app_id and self.directory_id and self.client_id):
            return Check(name, TO_DO, self.env._("Register an app in Entra and enter its two IDs."))
        return Check(name, DONE)

    def _checks_domain(self, domain: str) -> list[Check]:
        """Say whether a domain that was typed belongs to the directory that was typed; nothing if Entra is not reached."""
        if not domain or not self.app_id:
            return []
        try:
            own = self.directory_id if entra.is_guid(self.directory_id) else directory_of(self.app_id.authority_url, self.directory_id)
        except entra.EntraRefused:
            return []  # the sign-in says it
        check = self._check_domain(domain, own)
        return [check] if check else []

    def _check_domain(self, domain: str, own: str) -> Check | None:
        name = self.env._("Domain %s", domain)
        try:
            found = directory_of(self.app_id.authority_url, domain)
        except entra.EntraRefused as error:
            if diagnose(error, protocol="entra").cause != "entra_tenant_unknown":
                return None  # it was not reached: the sign-in says why
            return Check(
                name, FAILED, self.env._("Correct the domain, or add it in the Microsoft 365 admin center > Settings > Domains."),
                self.env._("No Microsoft 365 tenant of this cloud has the domain %s.", domain))
        if found == own:
            return Check(name, DONE)
        return Check(
            name, FAILED, self.env._("Enter a domain and a mailbox of this tenant, or the Directory (tenant) ID of the other one."),
            self.env._("%(domain)s belongs to another Microsoft 365 tenant: %(directory)s.", domain=domain, directory=found or "?"))

    def _check_credential(self) -> Check:
        app, name = self.app_id, self.env._("Certificate or secret")
        if app.credential == "none":
            return Check(name, DONE)
        if app.credential == "certificate":
            is_there = app.certificate and app.private_key_state
            return Check(name, DONE) if is_there else Check(
                name, TO_DO, self.env._("Press Make a Key Pair, then upload its certificate to Entra."))
        return Check(name, DONE) if app.client_secret_state else Check(name, TO_DO, self.env._("Enter the client secret's value."))

    def _checks_token(self) -> list[Check]:
        """Ask Entra for a token, and say what it may do."""
        name, account = self.env._("Microsoft Entra signs in"), None
        if self.app_id.auth_flow == "delegated":
            if not self.mailbox or self.mailbox_problem:
                return [Check(name, TO_DO, self.env._("Enter the mailbox and sign in as it."))]
            server = self.mail_server_id or self.fetchmail_server_id
            account = server._office365_account(self.mailbox) if server else self.mailbox
            if not self.app_id._sign_ins(account):
                return [Check(name, TO_DO, self.env._("Sign in with Microsoft as %s, with one of the buttons of this step.", account))]
        try:
            _report, findings = self.app_id._check_account(account)
        except UserError as error:
            return [self._failed(name, error, "entra")]
        wanted = {"submission": "smtp", "hve": "hve"}.get(self.preset), self.fetchmail_server_id.office365_preset or "imap"
        return [Check(name, DONE), *(self._check_permission(finding) for finding in findings if finding.protocol in wanted)]

    def _check_permission(self, finding) -> Check:
        name = self.env._("Permission %s", finding.permission)
        if finding.verdict == "granted" or (finding.verdict == "app_rbac" and self._state("outgoing") == DONE):
            return Check(name, DONE)
        return Check(name, TO_DO if finding.verdict == "app_rbac" else FAILED, self.app_id._finding_text(finding))
