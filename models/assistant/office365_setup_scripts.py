from odoo import models
from odoo.exceptions import UserError

from ...tools import entra
from ...tools.addresses import domain_of
from ...tools.assistant import exchange


class Office365Setup(models.Model):
    """What an administrator of Exchange does for this set-up: scripts and click paths."""

    _inherit = "office365.setup"

    def action_script(self):
        """Show a script for Exchange, its undo and its click path; which one, says the button's context."""
        self.ensure_one().check_access("write")
        kind = self.env.context.get("office365_script")
        if kind not in exchange.KINDS:
            raise UserError(self.env._("There is no such script."))
        if kind == "send_as" and self.mail_server_id.office365_sender_mode == "on_behalf":
            kind = "on_behalf"
        return self.env["office365.exchange.script"].create({"setup_id": self.id, "kind": kind, **self._script_defaults(kind)})._action()

    def _script_defaults(self, kind: str) -> dict:
        """Return what the dialog begins with. Other steps add what they know, such as the public address of this server."""
        needs_object_id = kind in ("app_access", "app_rbac", "hve")
        return {
            "object_id": needs_object_id and self._script_object_id(),
            "hve_account": self.mailbox if self.preset == "hve" else False,
            "certificate_name": self.domain and f"*.{self.domain}",
        }

    def _script_object_id(self) -> str:
        """Return the object id of the enterprise application, as Entra writes it into tokens; "" if there is none to be had."""
        app = self.app_id
        if not app or app.auth_flow != "app" or app.check_state not in ("ok", "incomplete"):
            return ""
        try:
            return entra.claims(self.env["office365.token"]._access_token__(app, "smtp", None)).object_id
        except UserError:
            return ""  # Check Sign-in says why

    def _script_domains(self) -> set[str]:
        """Return the domains that addresses of users may have."""
        return {domain for domain in (self.domain and domain_of(f"x@{self.domain}"), domain_of(self.mailbox or "")) if domain}

    def _script_addresses(self) -> set[str]:
        """Return what the mailbox may have to send as: aliases, of those who have none their verified email, and addresses of nobody's.

        What mail really leaves as, `office365.sender` finds out one by one, which takes a minute for some thousand users.
        """
        env = self.sudo().env
        users = env["res.users"].search([("share", "=", False)])
        aliases = {user.id: user.office365_alias_confirmed for user in users}
        companies = env["res.company"].search([("partner_id.email", "!=", False)])
        partners = users.filtered(lambda user: not aliases[user.id]).partner_id | companies.partner_id
        addresses = {
            *aliases.values(),
            *(partner.email_normalized for partner in partners if partner.office365_verified_email == partner.email_normalized),
            *self.mail_server_id.office365_shared_sender_ids.mapped("address"),
            *env["mail.alias.domain"].search([("default_from", "!=", False)]).mapped("default_from_email"),
        }
        return {address for address in addresses if address}

    def _script_values(self, kind: str, **entered) -> tuple[exchange.Values, exchange.Listed]:
        """Return what a script is about, and the addresses that were looked through for it.

        :param entered: what is entered in the dialog, see ``exchange.Values``
        :raise UserError: the script would do harm with these values
        """
        if kind == "catch_all_subdomain" and (problem := self._subdomain_problem()):
            raise UserError(problem)  # its rule takes all email of the domain
        caught = self.domain if kind == "catch_all_domain" else self.catch_all_subdomain
        as_sender = kind == "app_rbac" and self.mail_server_id.office365_sender_mode == "as_sender"
        found = exchange.Listed()
        if as_sender or kind in ("send_as", "on_behalf"):
            found = exchange.listed(self._script_addresses(), self._script_domains(), self.mailbox or "")
        return exchange.Values(
            cloud=self.cloud, domain=self.domain or "", mailbox=self.mailbox or "", client_id=self.client_id or "",
            addresses=found.kept, senders=found.kept if as_sender else (), catch_all_domain=caught or "", **entered), found
