from odoo import api, fields, models

from ...tools.addresses import canonical_address
from ...tools.assistant import alias_domain
from ...tools.checks import DONE, FAILED, TO_DO, Check
from ...tools.servers import powershell
from .office365_setup_value import COMPANY, DOMAIN, SERVER

_STEP = "alias_domain"


class Office365Setup(models.Model):
    """Step: catch-all, bounce and default From of each company's alias domain, and the From filter of the outgoing server."""

    _inherit = "office365.setup"

    value_ids = fields.One2many("office365.setup.value", "setup_id", "Values")
    can_undo_values = fields.Boolean(compute="_compute_can_undo_values")

    @api.depends("value_ids.state")
    def _compute_can_undo_values(self):
        for setup in self:
            setup.can_undo_values = "set" in setup.value_ids.mapped("state")

    # ------------------------------------------------------------
    # What is concerned
    # ------------------------------------------------------------

    def _outgoing_server(self):
        """Return the outgoing server of this set-up, or the first Office 365 one."""
        return self.mail_server_id or self.env["ir.mail_server"].search([("office365_preset", "!=", False)], limit=1)

    def _mailbox(self) -> str:
        """Return the mailbox of this set-up, in the form in which addresses are compared."""
        server = self._outgoing_server()
        return canonical_address(self.mailbox or (server and server._office365_mailbox()) or "")

    def _companies(self):
        """Return the companies whose mail goes through Office 365: all but those whose domain another server has in its From filter."""
        others = self.env["ir.mail_server"].search([("office365_preset", "=", False), ("from_filter", "!=", False)])
        return self.env["res.company"].search([("active", "=", True)]).filtered(lambda company: not any(
            server._match_from_filter(f"x@{company.alias_domain_id.name}", server.from_filter)
            for server in others if company.alias_domain_id))

    # ------------------------------------------------------------
    # Proposals
    # ------------------------------------------------------------

    def action_propose_values(self):
        """Look up what there is, and propose what fits."""
        self.ensure_one().check_access("write")
        self._propose_values()

    def action_set_values(self):
        """Set all values that are proposed and differ from what there is, and look whether that is enough."""
        self.ensure_one().check_access("write")
        self.value_ids.filtered(lambda line: line.state == "todo").action_set()
        return self._check_action(_STEP)

    def action_undo_values(self):
        """Put back what the assistant has set."""
        self.ensure_one().check_access("write")
        self.value_ids.filtered(lambda line: line.state == "set").action_undo()

    def _propose_values(self) -> None:
        """Make the lines of this moment; those that were set stay, so that they can be undone."""
        for setup in self:
            if not setup.alias_domain_id:  # a new database gets it after the set-up has begun
                setup.alias_domain_id = setup._companies().alias_domain_id[:1]
            wanted = [*setup._company_values(), *setup._domain_values(), *setup._server_values()]
            kept = setup.value_ids.filtered(lambda line: line.state == "set" and line._current() == line.proposed)
            (setup.value_ids - kept).sudo().unlink()
            known = {(line.res_model, line.res_id, line.field) for line in kept}
            self.env["office365.setup.value"].sudo().create([
                {"setup_id": setup.id, "sequence": number, **values} for number, values in enumerate(wanted)
                if (values["res_model"], values["res_id"], values["field"]) not in known])

    def _company_values(self) -> list[dict]:
        name = self.domain or self._mailbox().rpartition("@")[2]
        return [{
            "res_model": COMPANY, "res_id": company.id, "field": "alias_domain_id", "label": self.env._("%s: Email Domain", company.name),
            "present": False, "proposed": name or False, "state": "todo",
            "reason": self.env._("Without an email domain there is no catch-all and no default From. The domain is made if there is none."),
        } for company in self._companies() if not company.alias_domain_id]

    def _domain_values(self) -> list[dict]:
        labels = {
            alias_domain.CATCHALL: self.env._("Catch-all"), alias_domain.BOUNCE: self.env._("Bounces"),
            alias_domain.DEFAULT_FROM: self.env._("Default From"),
        }
        reasons = {
            alias_domain.REACHES: self.env._("Answers reach the mailbox, whatever is set up in Exchange."),
            alias_domain.NEEDS_CATCH_ALL: self.env._(
                "Reaches the mailbox by the catch-all in Exchange (step 6), or as a further address of the mailbox."),
            alias_domain.NEEDS_NO_PERMISSION: self.env._("The mailbox may always send as itself."),
            alias_domain.ALLOWED: self.env._("Exchange has shown that it lets the mailbox send as this address."),
            alias_domain.CONNECTOR: self.env._("A connector takes mail from every address of the domain."),
            alias_domain.EMPTY: self.env._("Enter the mailbox first, or an address that Exchange lets it send as."),
        }
        return [{
            "res_model": DOMAIN, "res_id": domain.id, "field": found.field, "label": f"{domain.name}: {labels[found.field]}",
            "present": domain[found.field], "proposed": found.value or False, "reason": reasons[found.why],
            "state": "same" if (domain[found.field] or "") == found.value else "todo",
        } for domain in self._companies().alias_domain_id for found in self._proposed(domain)]

    def _proposed(self, domain) -> list[alias_domain.Proposed]:
        mailbox, server = self._mailbox(), self._outgoing_server()
        proved = self.env["office365.probe"].sudo()._proved(server, {canonical_address(domain.default_from_email or "")})
        is_alias = mailbox and self.env["mail.alias"].sudo().search_count([("alias_full_name", "=", mailbox)], limit=1)
        return alias_domain.propose(
            domain.name, mailbox, server.office365_preset or self.preset,
            present={name: domain[name] or "" for name in alias_domain.FIELDS},
            allowed=proved.get(server.id, ()), taken={mailbox} if is_alias else ())

    def _make_alias_domain(self, name: str):
        """Make an alias domain with the values that fit the mailbox."""
        domain = self.env["mail.alias.domain"].new({"name": name})
        return self.env["mail.alias.domain"].create({
            "name": name, **{found.field: found.value for found in self._proposed(domain) if found.value}})

    def _server_values(self) -> list[dict]:
        # Domains that are only proposed as well, so that one click sets all.
        proposed_names = [values["proposed"] for values in self._company_values() if values["proposed"]]
        server, names = self._outgoing_server(), sorted({*self._companies().alias_domain_id.mapped("name"), *proposed_names})
        if not server or not names:
            return []
        present = server.from_filter or ""
        proposed = alias_domain.filter_with(present, names, server._office365_mailbox() or "")
        return [{
            "res_model": SERVER, "res_id": server.id, "field": "from_filter",
            "label": self.env._("%s: FROM Filtering", server.display_name), "present": present or False, "proposed": proposed,
            "reason": self.env._("Odoo then sends through this server whatever is from these domains."),
            "state": "same" if proposed == present else "todo",
        }]

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _checks_alias_domain(self) -> list[Check]:
        self._propose_values()
        companies = self._companies()
        checks = [
            Check(
                self.env._("%s has an email domain", company.name), DONE if company.alias_domain_id else TO_DO,
                "" if company.alias_domain_id else self.env._("Set the proposed email domain."))
            for company in companies]
        for domain in companies.alias_domain_id:
            checks.append(Check(
                self.env._("%(domain)s has a catch-all: %(address)s", domain=domain.name, address=domain.catchall_email),
                DONE if domain.catchall_email else TO_DO))
            checks.append(self._check_default_from(domain))
        if companies.alias_domain_id:
            checks.append(self._check_from_filter(companies.alias_domain_id))
        return checks

    def _check_default_from(self, domain) -> Check:
        """Look up whether Exchange lets the mailbox send as the default From of a domain."""
        address, server = domain.default_from_email, self._outgoing_server()
        if not address or not server:
            return Check(
                self.env._("%s has a default From that the mailbox may send as", domain.name), TO_DO,
                self.env._("Make the outgoing mail server first.") if not server else self.env._("Set the proposed default From."))
        name = self.env._("The mailbox may send as %(address)s, the default From of %(domain)s", address=address, domain=domain.name)
        unproved = self.env["ir.mail_server"]._office365_own().unproved.get(server.id, frozenset())
        if canonical_address(address) not in unproved or server.office365_sender_mode == "mailbox":
            return Check(name, DONE)
        found = self.env["office365.probe"].sudo().search([("mail_server_id", "=", server.id), ("address", "=", address.lower())])
        if found.state != "refused":
            return Check(name, TO_DO, self.env._(
                "Set the proposed default From, which needs no permission, or press Check with Exchange on the outgoing mail server."))
        return Check(name, FAILED, self.env._(
            "Set the proposed default From, or have an Exchange administrator run: %s",
            powershell.grant_line(server.office365_sender_mode, server._office365_trustee(), [address])), found.reply or "")

    def _check_from_filter(self, domains) -> Check:
        """Look up whether the outgoing server is the one that mail of these domains and of all aliases is sent through."""
        server, name = self._outgoing_server(), self.env._("The FROM Filtering of the outgoing mail server covers all aliases")
        if not server:
            return Check(name, TO_DO, self.env._("Make the outgoing mail server first."))
        users = self.env["res.users"].sudo().search_fetch([("office365_alias_confirmed", "!=", False)], ["office365_alias_confirmed"])
        wanted = [*filter(None, domains.mapped("default_from_email")), *users.mapped("office365_alias_confirmed")]
        if not server.from_filter:
            return Check(name, TO_DO, self.env._("It is empty. Set the proposed FROM Filtering."))
        if missing := alias_domain.uncovered(server.from_filter, wanted):
            return Check(name, TO_DO, self.env._("Set the proposed FROM Filtering, or add these: %s", ", ".join(missing[:5])))
        return Check(name, DONE)
