import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.identity import probe
from ...tools.identity.preview import Writer
from ..one_by_one import one_by_one

_logger = logging.getLogger(__name__)

# Aliases that are asked for by themselves, of those that came in force within a day. Each is a mail of the mailbox, which sends 10,000 a
# day; when an administrator sets those of thousands of users, their first mails show the rest.
_ALIASES = 100
_CRON = "mail_office365.ir_cron_ask"


class Office365Probe(models.Model):
    """Asking Exchange in the background: as what Odoo's own mail leaves, and as the aliases that were just confirmed."""

    _inherit = "office365.probe"

    @api.model
    def _ask_soon(self) -> None:
        """Have Exchange asked soon after the commit, once a transaction."""
        def trigger():
            if cron := self.env.ref(_CRON, raise_if_not_found=False):  # while the addon is installed there is none yet
                cron.sudo()._trigger()

        hooks = self.env.cr.precommit
        if not hooks.data.get(_CRON):
            hooks.data[_CRON] = True
            hooks.add(trigger)

    @api.model
    def _ask_again(self) -> None:
        """Go on in a minute: Exchange counts by the minute."""
        self.env.ref(_CRON).sudo()._trigger(fields.Datetime.now() + timedelta(minutes=1))

    @api.model
    def _cron_ask(self) -> None:
        """Go on with what somebody wants to know, then ask about what is due by itself."""
        IrMailServer = self.env["ir.mail_server"]
        if IrMailServer._disable_send():
            return
        IrMailServer._office365_continue_rounds()
        servers, writers = IrMailServer._office365_to_ask(), self._writers_due()
        one_by_one(
            self.env, servers, lambda server: server._office365_ask(writers), "Exchange could not be asked what %s may send as")
        # Nobody else knows when it was asked.
        self.env["office365.setup"]._prove_again("aliases")

    @api.model
    def _writers_due(self) -> list[Writer]:
        """Return who sends as what nobody asked for yet: alias domains, and users whose alias came in force lately."""
        Senders = self.env["office365.sender"].sudo()
        changes = self.env["office365.alias.change"].sudo().search([
            ("kind", "in", ("confirmed", "set")), ("create_date", ">", fields.Datetime.now() - timedelta(days=1)),
            ("user_id.active", "=", True), ("user_id.share", "=", False),
        ], limit=_ALIASES)
        users = changes.filtered(lambda change: change.new_alias == change.user_id.office365_alias_confirmed).user_id
        return [
            *(Senders._writer("domain", domain) for domain in Senders._records("domain")),
            *(Senders._writer("user", user) for user in users if user.email_normalized),
        ]


class IrMail_Server(models.Model):
    _inherit = "ir.mail_server"

    @api.model
    def _office365_to_ask(self):
        """Return the servers whose Exchange says as what mail may leave. One that is refused itself is left in peace."""
        return self.search([
            ("office365_preset", "=", "submission"), ("owner_user_id", "=", False), ("office365_sender_mode", "!=", "mailbox"),
        ]).filtered(lambda server: all(server.office365_pause_ids.mapped("address")))

    def _office365_ask(self, writers: list[Writer]) -> None:
        """Ask about the addresses of these writers that are due."""
        try:
            with self.env.cr.savepoint():
                addresses = self._office365_addresses_due(writers)
                if addresses and self._office365_is_minute_used():
                    self.env["office365.probe"]._ask_again()
                    return
                run = addresses and self._office365_probe(addresses, writers)
        except UserError as error:  # no sign-in yet, or somebody probes: the next run asks again
            _logger.info("ir.mail_server %s: Exchange was not asked what it lets mail leave as: %s", self.id, error)
            return
        if run and run.stopped == probe.RATE:
            self.env["office365.probe"]._ask_again()

    def _office365_addresses_due(self, writers: list[Writer]) -> set[str]:
        """Return the addresses of these writers that this server's Exchange is to be asked for now."""
        self.ensure_one()
        found = self.env["office365.sender"].sudo()._previews(writers)
        own, now = {self._office365_mailbox()}, fields.Datetime.now()
        addresses = {out.asked_for for _writer, out in found if out.server_id == self.id} - own
        known = {result.address: result for result in self.env["office365.probe"].sudo().search([
            ("mail_server_id", "=", self.id), ("address", "in", list(addresses))])}
        return {
            address for address in addresses
            if address not in known or probe.is_due(known[address].state, (now - known[address].date).total_seconds())}
