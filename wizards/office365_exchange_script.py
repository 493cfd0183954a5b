import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import DEFAULT_CLOUD
from ..tools.assistant import exchange

# Addresses that are named one by one.
_NAMED = 5


class Office365ExchangeScript(models.TransientModel):
    """What is set up in Exchange for a set-up: a script, its undo, and how it is done by hand."""

    _name = "office365.exchange.script"
    _description = "Script for Exchange"
    _rec_name = "kind"

    setup_id = fields.Many2one("office365.setup", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("mailbox_user", "Mailbox: a user with a license"),
            ("mailbox_shared", "Mailbox: a shared mailbox"),
            ("app_access", "App: access to the mailbox"),
            ("app_rbac", "App: a role to send (App RBAC)"),
            ("send_as", "Users' addresses: Send As"),
            ("on_behalf", "Users' addresses: Send on Behalf"),
            ("connector_ip", "Relay: a connector by IP address"),
            ("connector_certificate", "Relay: a connector by certificate"),
            ("catch_all_subdomain", "Catch-all: a sub-domain of its own"),
            ("catch_all_domain", "Catch-all: the domain of the users"),
            ("hve", "High Volume Email: an account"),
        ], string="What to Set Up", required=True)
    object_id = fields.Char(
        "Object ID", help="Of the enterprise application, not of the app registration: Entra admin center > Enterprise applications > your "
                          "app > Overview. Left empty, the script asks for it.")
    ip_addresses = fields.Char(
        "IP Addresses", help="The public IPv4 addresses that this server sends from, such as 203.0.113.10, 203.0.113.16/28.")
    certificate_name = fields.Char(
        help="The name in the certificate that this server presents, such as *.contoso.com. It must be in an accepted domain.")
    hve_account = fields.Char("High Volume Email Account", help="Its address, such as hve-odoo@contoso.com.")

    cloud = fields.Selection(related="setup_id.cloud")
    domain = fields.Char(related="setup_id.domain")
    mailbox = fields.Char(related="setup_id.mailbox")
    client_id = fields.Char(related="setup_id.client_id")
    catch_all_domain = fields.Char(compute="_compute_catch_all_domain")
    admin_center = fields.Char("Exchange Admin Center", compute="_compute_admin_center")
    script = fields.Text(compute="_compute_script")
    undo = fields.Text("Undo Script", compute="_compute_script")
    script_file = fields.Binary(compute="_compute_files", attachment=False)
    undo_file = fields.Binary(compute="_compute_files", attachment=False)
    missing = fields.Text(compute="_compute_script")
    left_out = fields.Text(compute="_compute_script")
    warning = fields.Text(compute="_compute_warning")

    @api.depends("cloud")
    def _compute_admin_center(self):
        for wizard in self:
            wizard.admin_center = exchange.admin_center(wizard.cloud or DEFAULT_CLOUD)

    @api.depends("kind", "setup_id.domain", "setup_id.catch_all_subdomain")
    def _compute_catch_all_domain(self):
        for wizard in self:
            wizard.catch_all_domain = wizard.domain if wizard.kind == "catch_all_domain" else wizard.setup_id.catch_all_subdomain

    @api.depends("setup_id", "kind", "object_id", "ip_addresses", "certificate_name", "hve_account")
    def _compute_script(self):
        for wizard in self:
            wizard.script, wizard.undo, wizard.left_out, wizard.missing = "", "", False, False
            if not wizard.kind:
                continue
            try:
                values, found = wizard._values()
                wizard.left_out = wizard._left_out(found)
                wizard.script, wizard.undo = exchange.script(wizard.kind, values), exchange.undo(wizard.kind, values)
            except exchange.MissingValue as missing:
                wizard.missing = wizard._missing_text(missing.variable)
            except UserError as error:
                wizard.missing = str(error)

    @api.depends("script", "undo")
    def _compute_files(self):
        for wizard in self:
            wizard.script_file = base64.b64encode(exchange.as_file(wizard.script or ""))
            wizard.undo_file = base64.b64encode(exchange.as_file(wizard.undo or ""))

    @api.depends("kind", "cloud")
    def _compute_warning(self):
        for wizard in self:
            clouds = wizard.kind and exchange.KINDS[wizard.kind].clouds
            wizard.warning = self.env._(
                "Microsoft offers this in the worldwide cloud only. Your tenant is in another one."
            ) if clouds and wizard.cloud not in clouds else False

    def _values(self) -> tuple[exchange.Values, exchange.Listed]:
        """Return what the script is about.

        :raise UserError: something that was entered cannot be used
        """
        try:
            ip_addresses = exchange.ip_ranges(self.ip_addresses or "")
        except ValueError as error:
            raise UserError(self.env._(
                "%s is not a public IPv4 address, or a range of 256 addresses at most, such as 203.0.113.16/28.", error)) from error
        return self.setup_id._script_values(
            self.kind, object_id=(self.object_id or "").strip(), ip_addresses=ip_addresses,
            certificate_name=(self.certificate_name or "").strip(), hve_account=(self.hve_account or "").strip())

    def _missing_text(self, variable: str) -> str:
        """Return what to enter so that there is a script."""
        texts = {
            "Mailbox": self.env._("Enter the mailbox in the step Outgoing Mail first."),
            "ClientId": self.env._("Enter the Application (Client) ID in the step Tenant and Sign-in first."),
            "Senders": self.env._("Enter the mailbox in the step Outgoing Mail first."),
            "Addresses": self.env._("No user has an alias in the email domain yet. Set them in the step Users' Aliases first."),
            "IPAddresses": self.env._("Enter the public IPv4 addresses that this server sends from."),
            "CertificateName": self.env._("Enter the name in the certificate that this server presents."),
            "CatchAllDomain": self.env._("Choose the domain in the step Catch-all in Exchange first."),
            "RuleName": self.env._("Choose the domain in the step Catch-all in Exchange first."),
            "HveAccount": self.env._("Enter the address of the High Volume Email account."),
        }
        return texts.get(variable) or self.env._("Enter the email domain in the step Tenant and Sign-in first.")

    def _left_out(self, found: exchange.Listed) -> str:
        """Return which addresses are not in the script, and why."""
        sentences = []
        if found.foreign:
            sentences.append(self.env._(
                "%(count)s addresses of other domains are left out: %(addresses)s",
                count=len(found.foreign), addresses=self._some(found.foreign)))
        if found.malformed:
            sentences.append(self.env._(
                "%(count)s malformed addresses are left out: %(addresses)s",
                count=len(found.malformed), addresses=self._some(found.malformed)))
        return "\n".join(sentences)

    @staticmethod
    def _some(addresses: tuple[str, ...]) -> str:
        return ", ".join(addresses[:_NAMED]) + (" …" if len(addresses) > _NAMED else "")

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_download(self):
        """Download the script."""
        return self._download("script")

    def action_download_undo(self):
        """Download the script that takes it back."""
        return self._download("undo")

    def _download(self, name: str) -> dict:
        self.ensure_one().check_access("read")
        if not self[name]:
            raise UserError(self.missing or self.env._("There is no script yet."))
        file = exchange.file_name(self.kind, self.domain or "", is_undo=name == "undo")
        return {
            "type": "ir.actions.act_url", "target": "download",
            "url": f"/web/content/{self._name}/{self.id}/{name}_file/{file}?download=true",
        }

    def _action(self) -> dict:
        return {
            "type": "ir.actions.act_window", "name": self.env._("Set Up in Exchange"), "res_model": self._name, "res_id": self.id,
            "view_mode": "form", "views": [(False, "form")], "target": "new", "context": {"dialog_size": "extra-large"},
        }
