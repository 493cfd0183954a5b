from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...tools.addresses import ascii_address, canonical_address
from ...tools.identity import probe
from ...tools.servers import powershell


class IrMail_Server(models.Model):
    """The default From: until Exchange lets the mailbox send as it, Odoo's own mail leaves as the mailbox."""

    _inherit = "ir.mail_server"

    office365_default_from_state = fields.Selection(
        [("new", "Not checked yet"), (probe.REFUSED, "Refused by Exchange"), (probe.UNKNOWN, "Exchange could not tell")],
        string="Default From", compute="_compute_office365_default_from")
    office365_default_from_notice = fields.Text(compute="_compute_office365_default_from")
    office365_default_from_remedy = fields.Char("Exchange PowerShell for the Default From", compute="_compute_office365_default_from")

    @api.depends("office365_preset", "office365_sender_mode", "smtp_user", "from_filter")
    def _compute_office365_default_from(self):
        for server in self:
            addresses = server._office365_held_back().mapped("default_from_email")
            # These alone: with Send As there may be a result for each user.
            written = {form.lower() for address in addresses for form in (address, canonical_address(address), ascii_address(address))}
            found = self.env["office365.probe"].sudo().search([
                ("mail_server_id", "=", server._origin.id), ("address", "in", list(written))]) if addresses else self.env["office365.probe"]
            states = set(found.mapped("state"))
            server.office365_default_from_state = bool(addresses) and next(
                (state for state in (probe.REFUSED, probe.UNKNOWN) if state in states), "new")
            server.office365_default_from_notice = bool(addresses) and server._office365_default_from_text(addresses, found)
            server.office365_default_from_remedy = powershell.grant_line(
                server.office365_sender_mode, server._office365_trustee(), addresses)

    def _office365_held_back(self):
        """Return the alias domains with a default From that this server would use if Exchange let it."""
        self.ensure_one()
        Domains = self.env["mail.alias.domain"].sudo()
        unproved = self._office365_own().unproved.get(self._origin.id)
        if not unproved or self.office365_preset != "submission" or self.office365_sender_mode == "mailbox":
            return Domains
        return Domains.search([("default_from", "!=", False)]).filtered(
            lambda domain: canonical_address(domain.default_from_email) in unproved
            and self._match_from_filter(domain.default_from_email, self.from_filter))

    def _office365_default_from_text(self, addresses: list[str], found) -> str:
        """Return what leaves as the mailbox, and what Exchange said last.

        :param found: results of probes of these addresses
        """
        values = {"mailbox": self._office365_mailbox(), "addresses": ", ".join(addresses)}
        text = self.env._(
            "Odoo's own emails are sent from %(mailbox)s: Exchange has not shown yet that this mailbox may send as %(addresses)s, the "
            "default From address.", **values)
        last = found.sorted("date")[-1:]
        if not last:
            return text
        return self.env._(
            "%(text)s Last checked on %(date)s. Exchange said: %(reply)s",
            text=text, date=format_datetime(self.env, last.date), reply=last.reply)

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_office365_probe_default_from(self):
        """Ask Exchange whether it lets the mailbox send as the default From."""
        self.ensure_one().check_access("write")
        Senders = self.env["office365.sender"].sudo()
        writers = [Senders._writer("domain", domain) for domain in self._office365_held_back()]
        if not writers:
            raise UserError(self.env._("%s: Exchange lets it send as every default From address already.", self.display_name))
        return self.env["office365.probe"]._notification([self._office365_probe(writers=writers)])

    def action_office365_mailbox_as_default_from(self):
        """Make the mailbox the default From, which needs no permission."""
        self.ensure_one().check_access("write")
        mailbox, domains = self._office365_mailbox(), self._office365_held_back()
        local, _at, own_domain = mailbox.rpartition("@")
        for domain in domains.sudo(False):
            domain.default_from = local if canonical_address(domain.name) == canonical_address(own_domain) else mailbox
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s is the default From address now.", mailbox),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
