import contextlib

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.assistant.dns_records import mail_host
from ...tools.assistant.public_address import AddressUnusable, networks, written
from ...tools.servers.presets import typed_host


class Office365Setup(models.Model):
    """What the relay through a connector needs: what is entered and looked up, and its outgoing server."""

    _inherit = "office365.setup"

    mx_host = fields.Char(
        "MX Host", help="The host that receives the email of your domain, such as contoso-com.mail.protection.outlook.com.")
    public_addresses = fields.Char(
        "Public Addresses of This Server",
        help="IPv4 addresses from which Odoo reaches the internet, separated by commas. A range such as 198.51.100.0/28 can have 256 "
             "addresses at most. No other company may send from them.")
    relay_trust = fields.Selection(
        [("login", "IP addresses of this server"), ("certificate", "Client certificate")], string="Trusted By", default="login",
        required=True, help="How the connector in Exchange recognizes this server.")
    relay_certificate = fields.Binary(related="mail_server_id.smtp_ssl_certificate", readonly=False, string="Certificate (PEM)")
    relay_private_key = fields.Binary(related="mail_server_id.smtp_ssl_private_key", readonly=False, string="Private Key (PEM)")
    relay_is_ready = fields.Boolean(compute="_compute_relay_is_ready")

    @api.depends("mail_server_id.office365_preset", "mail_server_id.smtp_host", "mx_host")
    def _compute_relay_is_ready(self):
        for setup in self:
            server = setup.mail_server_id
            setup.relay_is_ready = server.office365_preset == "relay" and bool(server.smtp_host) and server.smtp_host == setup.mx_host

    # ------------------------------------------------------------
    # What is entered
    # ------------------------------------------------------------

    @api.model
    def _relay_typed(self, vals: dict) -> dict:
        """Return values without what is copied along with a host name, and addresses in their one form."""
        if isinstance(vals.get("mx_host"), str):
            vals = {**vals, "mx_host": typed_host(vals["mx_host"])}
        if isinstance(vals.get("public_addresses"), str):
            try:
                vals = {**vals, "public_addresses": written(networks(vals["public_addresses"]))}
            except AddressUnusable as error:
                raise ValidationError(self.env._(
                    "Public Addresses of This Server: %s", self._address_text(error.slug) % {"address": error.text})) from None
        return vals

    def _address_text(self, slug: str) -> str:
        """Return the sentence for an address that no connector can recognize this server by."""
        return {
            "unreadable": self.env._("“%(address)s” is not an IPv4 address. Enter addresses such as 20.30.40.50, separated by commas."),
            "ipv6": self.env._("%(address)s is an IPv6 address. A connector takes IPv4 addresses only."),
            "too_large": self.env._("%(address)s holds more than 256 addresses. A connector takes ranges from /24 to /32."),
            "private": self.env._(
                "%(address)s is an address inside your network. Enter the public address from which this server reaches the internet."),
            "carrier": self.env._(
                "%(address)s is an address inside your provider's network, shared by its customers. Ask your provider for a fixed public "
                "IPv4 address, or let the connector trust a client certificate."),
            "loopback": self.env._("%(address)s is this server itself. Enter the public address from which it reaches the internet."),
            "reserved": self.env._("%(address)s is not an address of the internet."),
        }[slug]

    def _apply_relay_trust(self) -> None:
        """Let the relay's server use its certificate once both parts are there; until then a connector trusts its address."""
        for setup in self:
            server = setup.mail_server_id
            if server.office365_preset != "relay":
                continue
            has_pair = bool(server.smtp_ssl_certificate and server.smtp_ssl_private_key)
            wanted = "certificate" if setup.relay_trust == "certificate" and has_pair else "login"
            if server.smtp_authentication != wanted:
                server.smtp_authentication = wanted

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_look_up_relay(self):
        """Fill in what can be looked up: the MX host of the domain, and the address that it sees this server as."""
        self.ensure_one().check_access("write")
        if not self.domain:
            raise UserError(self.env._("Enter the email domain first, such as contoso.com."))
        host, finding = mail_host(self._resolver(), self.domain)
        if not host:
            raise UserError("\n".join(self._record_texts(finding)))
        self.mx_host = host
        answer = self._ask_relay()
        with contextlib.suppress(AddressUnusable):  # the check says what is wrong with it
            if answer.address and not self.public_addresses:
                self.public_addresses = written(networks(answer.address))
        check = self._reached_check(answer)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if answer.reached else "warning",
                "sticky": not answer.reached,
                "title": self.env._("MX host found: %s", host),
                "message": self._address_check(answer.address).cause if answer.reached else f"{check.cause}\n{check.remedy}",
                "next": {"type": "ir.actions.act_window_close"},  # reloads the form
            },
        }

    def action_create_relay(self):
        """Create the outgoing server of the relay from its preset, or correct the one that there is."""
        self.ensure_one().check_access("write")
        if not self.mx_host:
            raise UserError(self.env._("The field MX Host is empty. Press Look Up, or copy the host from Microsoft 365 admin center."))
        if self.mail_server_id.office365_preset == "relay":
            self.mail_server_id.smtp_host = self.mx_host
        else:
            self.mail_server_id = self.env["ir.mail_server"].create({
                "office365_preset": "relay", "office365_cloud": self.cloud, "smtp_host": self.mx_host, "from_filter": self.domain})
