from odoo import api, fields, models

from ...const import INCOMING_PRESETS, OUTGOING_PRESETS
from ...tools.addresses import canonical_address, domain_of
from ...tools.checks import DONE, TO_DO, Check
from ...tools.servers.presets import is_microsoft_host

_SERVERS = {"ir.mail_server": "mail_server_id", "fetchmail.server": "fetchmail_server_id"}


class Office365Setup(models.Model):
    """What outgoing and incoming servers have in common: those that exist are found and used, so that no mailbox has two."""

    _inherit = "office365.setup"

    found_mail_server_ids = fields.Many2many("ir.mail_server", compute="_compute_found_servers", string="Outgoing Servers Found")
    found_fetchmail_server_ids = fields.Many2many("fetchmail.server", compute="_compute_found_servers", string="Incoming Servers Found")
    can_switch_mail_server = fields.Boolean(compute="_compute_can_switch")
    can_switch_fetchmail_server = fields.Boolean(compute="_compute_can_switch")

    @api.depends("mailbox", "mail_server_id", "fetchmail_server_id")
    def _compute_found_servers(self):
        outgoing = self.env["ir.mail_server"].search([("owner_user_id", "=", False)]).filtered(_is_at_microsoft)
        incoming = self.env["fetchmail.server"].search([("server_type", "!=", "local")]).filtered(_is_at_microsoft)
        for setup in self:
            setup.found_mail_server_ids = outgoing - setup.mail_server_id
            setup.found_fetchmail_server_ids = incoming - setup.fetchmail_server_id

    @api.depends("mail_server_id.office365_can_switch", "fetchmail_server_id.office365_can_switch")
    def _compute_can_switch(self):
        for setup in self:
            setup.can_switch_mail_server = setup.mail_server_id.office365_can_switch
            setup.can_switch_fetchmail_server = setup.fetchmail_server_id.office365_can_switch

    @api.model
    def _found(self) -> dict:
        """Return what a new set-up begins with: the servers and the app that are there already."""
        outgoing = self.env["ir.mail_server"].search([("office365_preset", "!=", False), ("owner_user_id", "=", False)], limit=1)
        incoming = self.env["fetchmail.server"].search([("office365_preset", "!=", False)], limit=1)
        app = outgoing.office365_app_id or incoming.office365_app_id or self.env["office365.app"].search([], limit=1)
        mailbox = outgoing.smtp_user or incoming.user
        return {
            "mail_server_id": outgoing.id, "fetchmail_server_id": incoming.id, "app_id": app.id,
            "mailbox": mailbox, "domain": domain_of(mailbox or ""),
            **({"preset": outgoing.office365_preset} if outgoing else {}),
        }

    @api.onchange("mail_server_id", "fetchmail_server_id")
    def _onchange_servers(self):
        self.mailbox = self.mailbox or self.mail_server_id.smtp_user or self.fetchmail_server_id.user
        self.preset = self.mail_server_id.office365_preset or self.preset

    def action_switch_mail_server(self):
        """Let the app sign in for a server that has a password."""
        return self._switch_action(self.mail_server_id)

    def action_switch_fetchmail_server(self):
        """Let the app sign in for a server that has a password."""
        return self._switch_action(self.fetchmail_server_id)

    def _switch_action(self, server):
        action = server.action_office365_switch()
        return {**action, "context": {**action["context"], "default_app_id": self._app_or_raise().id}}

    def _adopt(self, server) -> None:
        """Make a server of Microsoft's that was set up by hand one of ours; its sign-in stays until it is switched."""
        if not server or server.office365_preset or server.office365_can_switch:
            return
        is_outgoing = server._name == "ir.mail_server"
        preset = "submission" if is_outgoing else server.server_type
        if preset in (OUTGOING_PRESETS if is_outgoing else INCOMING_PRESETS):
            server.write({"office365_preset": preset, "office365_cloud": self.cloud, "name": server.name})

    def _use(self, server) -> None:
        """Use a server that exists."""
        login = server.smtp_user if server._name == "ir.mail_server" else server.user
        values = {_SERVERS[server._name]: server.id, "mailbox": self.mailbox or login}
        if server._name == "ir.mail_server" and server.office365_preset:
            values["preset"] = server.office365_preset
        self.write(values)

    def _existing(self, servers):
        """Return the server of this mailbox, if there is one."""
        own = canonical_address(self.mailbox or "")
        return next((
            server for server in servers
            if canonical_address((server.smtp_user if server._name == "ir.mail_server" else server.user) or "") == own), servers.browse())

    def _raise_if_unfit(self) -> None:
        """
        :raise UserError: a server cannot be made of what is typed
        """
        self.ensure_one().check_access("write")
        self._mailbox_or_raise()
        self._app_or_raise()

    def _check_token_sign_in(self, server) -> Check:
        """Return whether a server signs in with the app."""
        name = self.env._("Signs in with Microsoft Entra ID")
        if server._office365_signs_in_by_token():
            return Check(name, DONE)
        return Check(name, TO_DO, self.env._("Press Switch to Microsoft Sign-in: %s still signs in with a password.", server.display_name))

    def _check_of_mailbox(self, mailbox: str | bool) -> Check | None:
        """Return the fact that a server is of another mailbox than the one that was typed; None if it is of that."""
        if not self.mailbox or canonical_address(mailbox or "") == canonical_address(self.mailbox):
            return None
        return Check(
            self.env._("Mailbox"), TO_DO,
            self.env._("Enter the same mailbox in both places: the server signs in as %(server)s, and this set-up names %(mailbox)s.",
                       server=mailbox or "–", mailbox=self.mailbox))


def _is_at_microsoft(server) -> bool:
    """Tell whether a server signs in at Microsoft's, ours or set up by hand."""
    host = server.smtp_host if server._name == "ir.mail_server" else server.server
    return bool(server.office365_preset or server._office365_is_outlook() or is_microsoft_host(host or ""))
