import base64

from odoo import api, fields, models

from ...tools.addresses import AddressError, canonical_address, canonical_domain
from ...tools.assistant.catch_all import reached_by
from ...tools.checks import DONE, FAILED, TO_DO, Check

# Received messages that are looked through for one that only a catch-all brings.
_LOOKED_THROUGH = 20


class Office365Setup(models.Model):
    """The catch-all: Exchange gives the mailbox what is sent to an address that nobody has, such as aliases of Odoo."""

    _inherit = "office365.setup"

    catch_all_scope = fields.Selection(
        [("subdomain", "A sub-domain of its own (recommended)"), ("domain", "The domain of the users")],
        string="Catch-all For", default="subdomain", required=True,
        help="A sub-domain, such as odoo.contoso.com, takes no email from anybody: nobody has a mailbox in it.\n"
             "In the domain of the users, Exchange learns of a new user within 24 hours. The catch-all receives their email until then.")
    catch_all_subdomain = fields.Char(
        "Sub-domain", compute="_compute_catch_all_subdomain", store=True, readonly=False, help="It must be a domain of your tenant.")
    catch_all_domain = fields.Char("Catch-all Domain", compute="_compute_catch_all_domain")
    catch_all_problem = fields.Char(compute="_compute_catch_all_problem")

    @api.depends("domain")
    def _compute_catch_all_subdomain(self):
        for setup in self:
            setup.catch_all_subdomain = setup.domain and f"odoo.{setup.domain}"

    @api.depends("domain", "catch_all_scope", "catch_all_subdomain")
    def _compute_catch_all_domain(self):
        for setup in self:
            setup.catch_all_domain = setup.domain if setup.catch_all_scope == "domain" else setup.catch_all_subdomain

    @api.depends("domain", "catch_all_scope", "catch_all_subdomain")
    def _compute_catch_all_problem(self):
        for setup in self:
            setup.catch_all_problem = setup.catch_all_scope == "subdomain" and setup._subdomain_problem()

    def _subdomain_problem(self) -> str | bool:
        """Return what is wrong with the sub-domain, in a sentence for people; False if nothing is."""
        if not self.catch_all_subdomain:
            return False
        try:
            found = canonical_domain(self.catch_all_subdomain)
        except AddressError:
            return self.env._("%s is not a domain. Enter one such as odoo.contoso.com.", self.catch_all_subdomain)
        if found in self._script_domains():
            return self.env._("%s is the domain of the users. Enter a sub-domain, or choose the domain of the users.", found)
        return False

    def _checks_catch_all(self) -> list[Check]:
        domain = self.catch_all_domain
        if not domain:
            return [Check(self.env._("Domain of the catch-all"), TO_DO, self.env._("Enter the email domain in the first step."))]
        if self.catch_all_problem:
            return [Check(self.env._("Domain of the catch-all"), FAILED, cause=self.catch_all_problem)]
        return [self._check_alias_domain_is_caught(domain), self._check_catch_all_brings(domain)]

    def _check_alias_domain_is_caught(self, domain: str) -> Check:
        """Replies go to the alias domain, so that it has to be the domain that the catch-all is for."""
        name = self.env._("The alias domain is %s", domain)
        if canonical_address(self.alias_domain_id.name or "") == canonical_address(domain):
            return Check(name, DONE)
        return Check(name, TO_DO, self.env._(
            "Set the name of the alias domain to %(domain)s in the step Alias Domain: it is %(current)s, so that replies go elsewhere.",
            domain=domain, current=self.alias_domain_id.name or self.env._("empty")))

    def _check_catch_all_brings(self, domain: str) -> Check:
        name = self.env._("Email to an address that nobody has reaches Odoo")
        proofs = self.check_ids.filtered(lambda check: check.step == "proof")
        if proofs and set(proofs.mapped("state")) == {DONE} or self._catch_all_address(domain):
            return Check(name, DONE)
        return Check(name, TO_DO, self.env._(
            "Run the script, or follow its steps by hand. Then do the step Proof, or send an email from another mailbox to anything@%s and "
            "fetch it. It can take an hour until Exchange applies the rule.", domain))

    def _catch_all_address(self, domain: str) -> str:
        """Return an address that only a catch-all receives for, as a received message that nothing in Odoo takes shows; "" if none does."""
        rows = self.env["office365.inbound"].sudo().search(
            [("server_id", "=", self.fetchmail_server_id.id), ("state", "=", "unroutable"), ("raw", "!=", False)],
            order="id desc", limit=_LOOKED_THROUGH) if self.fetchmail_server_id else []
        if not rows:
            return ""
        users = self.env["res.users"].sudo().with_context(active_test=False).search_read(
            ["|", ("email", "!=", False), ("office365_alias_confirmed", "!=", False)], ["email", "office365_alias_confirmed"])
        known = {canonical_address(user[name]) for user in users for name in ("email", "office365_alias_confirmed") if user[name]}
        found = (reached_by(base64.b64decode(row.raw), domain, self.mailbox or "", known) for row in rows)
        return next(filter(None, found), "")
