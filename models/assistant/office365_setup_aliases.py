from collections.abc import Iterable

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.addresses import canonical_address, domain_of
from ...tools.assistant.alias_proposals import Person, Proposal, propose
from ...tools.checks import DONE, FAILED, TO_DO, Check
from ...tools.servers import powershell

# Addresses in one line of PowerShell, and examples in a sentence: more would be read by nobody.
_IN_ONE_LINE = 50
_EXAMPLES = 3


class Office365Setup(models.Model):
    """Step: an alias for every user."""

    _inherit = "office365.setup"

    alias_summary = fields.Char("Users", compute="_compute_alias_summary")

    @api.depends("step")
    def _compute_alias_summary(self):
        for setup in self:
            rows = setup._people_rows() if setup.step == "aliases" else []
            setup.alias_summary = bool(rows) and self.env._(
                "%(total)s internal users: %(in_force)s have an alias, %(pending)s have not confirmed theirs yet, %(none)s have none.",
                **setup._numbers(rows))

    def action_aliases(self):
        """Open the users with what is proposed for each."""
        self.ensure_one().check_access("write")
        self._propose_aliases()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Users' Aliases"),
            "res_model": "office365.setup.alias",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "mobile_view_mode": "kanban",
            "domain": [("setup_id", "=", self.id)],
            "context": {"search_default_open": 1},
        }

    # ------------------------------------------------------------
    # Proposals
    # ------------------------------------------------------------

    def _people_rows(self) -> list[tuple]:
        """Return what is known of all users, archived and portal users included, in one query."""
        self.env["res.users"].flush_model()
        self.env["res.partner"].flush_model(["name", "email_normalized", "office365_verified_email"])
        return self.env.execute_query(SQL("""
            SELECT users.id, partner.name, users.login, COALESCE(partner.email_normalized, ''), COALESCE(users.office365_alias, ''),
                   COALESCE(users.office365_alias_confirmed, ''), users.active AND NOT users.share,
                   COALESCE(partner.email_normalized = partner.office365_verified_email, FALSE)
              FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
             ORDER BY partner.name, users.id
        """))

    def _numbers(self, rows: list[tuple]) -> dict[str, int]:
        internal = [row for row in rows if row[6]]
        in_force = sum(bool(confirmed) for _id, _name, _login, _email, _alias, confirmed, *_rest in internal)
        pending = sum(bool(alias) and alias != confirmed for _id, _name, _login, _email, alias, confirmed, *_rest in internal)
        none = sum(not alias and not confirmed for _id, _name, _login, _email, alias, confirmed, *_rest in internal)
        return {"total": len(internal), "in_force": in_force, "pending": pending, "none": none}

    def _alias_domain_for_guesses(self, allowed: Iterable[str]) -> str:
        """Return the domain of addresses that are made up."""
        for name in (self.domain, self.alias_domain_id.name, self.env.company.alias_domain_id.name):
            if name and domain_of(f"x@{name}") in allowed:
                return domain_of(f"x@{name}")
        return ""

    def _proposals(self, rows: list[tuple]) -> list[Proposal]:
        allowed = self.env["res.users"]._office365_alias_domains()
        taken = dict.fromkeys(
            (canonical_address(name) for name, in self.env.execute_query(SQL(
                "SELECT alias_full_name FROM mail_alias WHERE alias_full_name IS NOT NULL"))), self.env._("a mail alias"))
        for domain in self.env["mail.alias.domain"].sudo().search([("name", "!=", False)]):
            for address in filter(None, (domain.catchall_email, domain.bounce_email)):
                taken[canonical_address(address)] = self.env._("the catch-all or bounce address")
        return propose(
            (Person(*row[:7]) for row in rows), allowed=allowed, domain=self._alias_domain_for_guesses(allowed), taken=taken)

    def _propose_aliases(self) -> None:
        """Make a line for each internal user; those that were set from here stay as they are, so that they can be undone."""
        self.ensure_one()
        Lines = self.env["office365.setup.alias"].sudo()
        rows = self._people_rows()
        by_id = {row[0]: row for row in rows}
        was_set = Lines.search([("setup_id", "=", self.id), ("state", "=", "set")])
        kept = was_set.filtered(lambda line: by_id[line.user_id.id][5] == line.proposed)
        settled = set(kept.user_id.ids)
        Lines._replace(self, kept, [
            {"user_id": proposal.user_id, "email": by_id[proposal.user_id][3] or None,
             "present": by_id[proposal.user_id][5] or by_id[proposal.user_id][4] or None, "proposed": proposal.address or None,
             **Lines._words(proposal)}
            for proposal in self._proposals(rows) if proposal.user_id not in settled])

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _checks_aliases(self) -> list[Check]:
        rows, allowed = self._people_rows(), self.env["res.users"]._office365_alias_domains()
        missing = [
            name for _id, name, _login, email, _alias, confirmed, is_internal, is_verified in rows
            # A verified email of a domain that is sent for is as good as an alias.
            if is_internal and not confirmed and not (
                is_verified and not {canonical_address(email), domain_of(email)}.isdisjoint(allowed))]
        name = self.env._("Every internal user has an address to send as")
        if missing:
            checks = [Check(
                name, TO_DO, self.env._("Open the users, then set what is proposed, or invite them to confirm it."),
                self.env._("%(number)s have none, such as %(names)s.", number=len(missing), names=", ".join(missing[:_EXAMPLES])))]
        else:
            checks = [Check(name, DONE)]
        return checks + self._check_aliases_in_exchange([row[5] for row in rows if row[6] and row[5]])

    def _check_aliases_in_exchange(self, aliases: list[str]) -> list[Check]:
        """Look up which aliases Exchange has refused, at a probe or at a mail."""
        server = self._outgoing_server()
        if not aliases or server.office365_preset != "submission" or server.office365_sender_mode == "mailbox":
            return []
        results = self.env["office365.probe"].sudo().search([("mail_server_id", "=", server.id), ("address", "in", aliases)])
        refused = results.filtered(lambda result: result.state == "refused").mapped("address")
        name = self.env._("Exchange lets the mailbox send as the aliases")
        if refused:
            return [Check(name, FAILED, self.env._(
                "Have an Exchange administrator run: %s",
                powershell.grant_line(server.office365_sender_mode, server._office365_trustee(), refused[:_IN_ONE_LINE])),
                self.env._("Exchange refused %(number)s of them, such as %(addresses)s.",
                           number=len(refused), addresses=", ".join(refused[:_EXAMPLES])))]
        unknown = set(aliases) - set(results.filtered(lambda result: result.state == "allowed").mapped("address"))
        if unknown:
            return [Check(name, TO_DO, self.env._(
                "Nothing to do: Odoo asks Exchange by itself, and learns it from the first mail of each user. Probe All Addresses on the "
                "outgoing mail server asks now."), self.env._("%s are not known yet.", len(unknown)))]
        return [Check(name, DONE)]
