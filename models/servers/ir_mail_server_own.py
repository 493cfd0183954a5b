from collections.abc import Mapping
from typing import NamedTuple

from odoo import api, models
from odoo.tools import ormcache

from ...const import OUTGOING_PRESETS
from ...tools.addresses import canonical_address, domain_of

# Fields whose change makes what is kept outdated.
_KEPT = {"office365_preset", "active", "from_filter", "smtp_user"}


class Own(NamedTuple):
    """What is the database's own: ids of our servers, its addresses, and the domains and single addresses sent for, canonical.

    The domains are the alias domains, and those of the servers' From filters and mailboxes.

    :ivar bounces: where bounces may go: bounce and default From addresses of the alias domains, canonical
    :ivar shared: by server, the group that may send as each of its shared senders; None: everybody
    :ivar listed: by server, the single addresses in its From filter, canonical
    :ivar notifications: default From addresses of the alias domains, canonical
    :ivar unproved: by server, those of them of which Exchange has not shown yet that it lets the mailbox send as them
    """

    servers: frozenset[int] = frozenset()
    addresses: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()
    bounces: frozenset[str] = frozenset()
    shared: Mapping[int, Mapping[str, int | None]] = {}
    listed: Mapping[int, frozenset[str]] = {}
    notifications: frozenset[str] = frozenset()
    unproved: Mapping[int, frozenset[str]] = {}


class IrMail_Server(models.Model):
    """What is the database's own among servers, domains and addresses: looked up once, and kept until it changes."""

    _inherit = "ir.mail_server"

    def _office365_mailbox(self) -> str | None:
        """Return the address that signs in at this server of ours, if one does."""
        self.ensure_one()
        signs_in = self.office365_preset and OUTGOING_PRESETS[self.office365_preset].signs_in
        return self.sudo().smtp_user or None if signs_in else None

    @api.model
    def _office365_keeps(self, vals: dict) -> bool:
        """Tell whether a write changes something of what is kept."""
        return not _KEPT.isdisjoint(vals)

    @api.model
    def _office365_forget(self) -> None:
        """Forget what :meth:`_office365_in_use` and :meth:`_office365_own` found out, now and again after the commit.

        Until then another thread still finds the old answer, and would keep it.
        """
        self.env.registry.clear_cache()
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    @api.model
    @ormcache()
    def _office365_in_use(self) -> bool:
        """Tell whether a server is ours: if none is, sending costs what it costs in core."""
        servers = self.sudo().with_context(active_test=False)
        return bool(servers.search_count([("office365_preset", "!=", False)], limit=1))

    @api.model
    def _office365_servers(self):
        """Return our outgoing servers; if there is none, we change nothing at all."""
        if not self._office365_in_use():
            return self.browse()
        return self.sudo().search_fetch(
            [("office365_preset", "!=", False)], ["office365_preset", "from_filter", "smtp_user"])

    @api.model
    @ormcache()
    def _office365_own(self) -> Own:
        """Return what is the database's own. Kept: it changes hardly ever, and every batch asks, also one of others' servers.

        What is kept serves everybody, so nothing of the caller's context may play a part in it.
        """
        self = self.with_env(self.env(context={}))
        servers = self._office365_servers()
        domains = self.env["mail.alias.domain"].sudo().search([("name", "!=", False)])
        mailboxes = [server._office365_mailbox() for server in servers]
        shared: dict[int, dict[str, int | None]] = {}
        for sender in servers.office365_shared_sender_ids:
            shared.setdefault(sender.mail_server_id.id, {})[sender.address] = sender.group_id.id or None
        listed, entries = {}, domains.mapped("name")
        for server, mailbox in zip(servers, mailboxes, strict=True):
            parts = [canonical_address(part) for part in server._parse_from_filter(server.from_filter) if domain_of(part)]
            listed[server.id] = frozenset(part for part in parts if "@" in part)
            entries += [*parts, (mailbox or "").rpartition("@")[2], *shared.get(server.id, ())]
        bounces = [address for domain in domains for address in (domain.bounce_email, domain.default_from_email) if address]
        addresses = [*mailboxes, *bounces, *domains.mapped("catchall_email")]
        notifications = frozenset(canonical_address(domain.default_from_email) for domain in domains if domain.default_from_email)
        proved = self.env["office365.probe"].sudo()._proved(servers, notifications)
        unproved = {
            server.id: notifications - proved.get(server.id, set()) - {canonical_address(mailbox or "")}
            for server, mailbox in zip(servers, mailboxes, strict=True) if server.office365_preset == "submission"}
        return Own(
            frozenset(servers.ids), tuple(filter(None, addresses)),
            frozenset(canonical_address(entry) for entry in entries if domain_of(entry)),
            frozenset(map(canonical_address, bounces)), shared, listed, notifications, unproved)
