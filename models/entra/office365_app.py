from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...const import CLOUDS, DEFAULT_CLOUD, DELEGATED_PERMISSIONS, ENTRA_CLOUDS, HVE_APP_SCOPE, HVE_DELEGATED_SCOPE
from ...tools import entra
from ...tools.entra.authority import authority_url

# What an app signs in with, and when that ends.
_ENDING = {"credential", "client_secret_expiry", "certificate", "auth_flow", "active"}
_KEY_PAIR = {"certificate", "private_key"}


class Office365App(models.Model):
    """One app registration in one directory: what servers sign in with."""

    _name = "office365.app"
    _inherit = "office365.reminder.mixin"
    _description = "Microsoft Entra App"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    cloud = fields.Selection(
        list(CLOUDS.items()), string="Microsoft Cloud", default=DEFAULT_CLOUD, required=True, tracking=True,
        help="The national cloud that your Microsoft 365 tenant lives in.",
    )
    directory_id = fields.Char(
        "Directory (Tenant) ID", required=True, tracking=True,
        help="Entra admin center > App registrations > your app > Overview. A domain of the tenant, such as "
             "contoso.onmicrosoft.com, is as good.",
    )
    client_id = fields.Char(
        "Application (Client) ID", required=True, tracking=True,
        help="Entra admin center > App registrations > your app > Overview.",
    )
    auth_flow = fields.Selection(
        [("app", "As the app itself (app-only)"), ("delegated", "As a user who signs in once (delegated)")],
        string="Signs In", default="app", required=True, tracking=True,
        help="App-only: no user and no sign-in that could expire; an Exchange administrator gives the app access to the mailboxes.\n"
             "Delegated: the owner of the mailbox signs in with Microsoft once, and again if it is not used for 90 days.",
    )
    credential = fields.Selection(
        [("secret", "Client secret"), ("certificate", "Certificate"), ("none", "None (public client, device code only)")],
        compute="_compute_credential", store=True, readonly=False, required=True, precompute=True, tracking=True,
        help="Microsoft recommends a certificate: its private key never leaves this database, while a secret is sent each time.",
    )
    authority_url = fields.Char(
        "Authority", compute="_compute_authority_url", store=True, readonly=False, required=True, precompute=True, tracking=True,
        help="Where tokens are asked for. Filled in from cloud and directory.",
    )
    app_scope = fields.Char(
        "App-only Scope", compute="_compute_scopes", store=True, readonly=False, required=True, precompute=True,
        help="What an app-only token is asked for. Filled in from the cloud.",
    )
    delegated_resource = fields.Char(
        compute="_compute_scopes", store=True, readonly=False, required=True, precompute=True,
        help="What the permissions of a delegated token start with. Filled in from the cloud.",
    )

    @api.depends("certificate")
    def _compute_credential(self):
        for app in self:
            app.credential = "certificate" if app.certificate else app.credential or "secret"

    @api.depends("cloud", "directory_id")
    def _compute_authority_url(self):
        for app in self:
            app.authority_url = app._default_authority()

    def _default_authority(self) -> str:
        """Return where the chosen cloud signs in to the directory."""
        return authority_url(ENTRA_CLOUDS[self.cloud or DEFAULT_CLOUD].authority, self.directory_id or "")

    @api.depends("cloud")
    def _compute_scopes(self):
        for app in self:
            cloud = ENTRA_CLOUDS[app.cloud or DEFAULT_CLOUD]
            app.app_scope, app.delegated_resource = cloud.app_scope, cloud.delegated_prefix

    # ------------------------------------------------------------
    # The record
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        apps = super().create([self._with_file(vals) for vals in vals_list])
        apps._check_key_pair()
        apps._update_reminders()
        return apps

    def write(self, vals):
        hosts, vals = self._hosts(), self._with_file(vals)
        if "certificate" in vals and not vals["certificate"]:
            vals = {"private_key": False, **vals}
        result = super().write(vals)
        self._forget_for_other_hosts(hosts, vals)
        if not _KEY_PAIR.isdisjoint(vals):
            self._check_key_pair()
        if not _ENDING.isdisjoint(vals):
            self._update_reminders()
        return result

    # ------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------

    @api.constrains("directory_id")
    def _check_directory_id(self):
        for app in self:
            if not entra.is_directory_id(app.directory_id or ""):
                raise ValidationError(self.env._(
                    "%(app)s: “%(value)s” is not a directory ID. Copy the Directory (tenant) ID from Entra admin center > Overview: a "
                    "GUID, or a "
                    "domain of the tenant. “common” and “organizations” stand for any directory, which this app must not sign in to.",
                    app=app.display_name, value=app.directory_id))

    @api.constrains("client_id")
    def _check_client_id(self):
        for app in self:
            if not entra.is_guid(app.client_id or ""):
                raise ValidationError(self.env._(
                    "%(app)s: “%(value)s” is not an application ID. Copy the Application (client) ID from Entra admin center > App "
                    "registrations > your app > Overview: a GUID.", app=app.display_name, value=app.client_id))

    @api.constrains("authority_url", "directory_id", "cloud")
    def _check_authority_url(self):
        for app in self:
            if not entra.is_authority(app.authority_url) or not app.authority_url.endswith(f"/{app.directory_id}"):
                raise ValidationError(self.env._(
                    "%(app)s: the authority must be https://, a host, and the directory id: %(expected)s. Secrets and sign-ins "
                    "are sent there.",
                    app=app.display_name, expected=app._default_authority()))

    @api.constrains("app_scope", "delegated_resource")
    def _check_scopes(self):
        for app in self:
            if not app.app_scope.startswith("https://") or not app.app_scope.endswith("/.default"):
                raise ValidationError(self.env._(
                    "%(app)s: the app-only scope must be %(expected)s. Entra refuses single permissions here; they belong to Entra admin "
                    "center > App registrations > API permissions.",
                    app=app.display_name, expected=ENTRA_CLOUDS[app.cloud].app_scope))
            if not app.delegated_resource.startswith("https://") or not app.delegated_resource.endswith("/"):
                raise ValidationError(self.env._(
                    "%(app)s: the delegated resource must be %(expected)s, with the slash at its end.",
                    app=app.display_name, expected=ENTRA_CLOUDS[app.cloud].delegated_prefix))

    @api.constrains("auth_flow", "credential")
    def _check_credential(self):
        for app in self:
            if app.auth_flow == "app" and app.credential == "none":
                raise ValidationError(self.env._(
                    "%s: an app that signs in as itself needs a client secret or a certificate. Choose one of them, or let a user sign in.",
                    app.display_name))

    # ------------------------------------------------------------
    # What signing in asks for
    # ------------------------------------------------------------

    def _app__(self) -> entra.App:  # noqa: PLW3201
        """Return the app as `tools.entra.tokens` sees it, with its credential.

        The name keeps it out of reach of server actions.

        :raise UserError: the credential is missing or cannot be read
        """
        self.ensure_one()
        return entra.App(self.authority_url, self.client_id, self._credential__())

    def _public_app(self) -> entra.App:
        """Return the app without its credential, as a device code wants it."""
        self.ensure_one()
        return entra.App(self.authority_url, self.client_id)

    def _scopes(self, protocol: str, flow: str | None = None) -> list[str]:
        """Return the scopes of a token.

        :param protocol: ``smtp``, ``hve``, ``imap`` or ``pop``
        :param flow: ``app`` or ``delegated``, by default the app's own
        """
        self.ensure_one()
        if (flow or self.auth_flow) == "app":
            return [HVE_APP_SCOPE if protocol == "hve" else self.app_scope]
        if protocol == "hve":
            return [HVE_DELEGATED_SCOPE]
        return [f"{self.delegated_resource}{DELEGATED_PERMISSIONS[protocol]}"]
