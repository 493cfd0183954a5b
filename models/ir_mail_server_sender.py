from collections.abc import Collection, Mapping
from typing import NamedTuple

from odoo import api, fields, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import ValidationError
from odoo.tools import SQL, email_normalize, encapsulate_email, formataddr, ormcache

from ..const import OUTGOING_PRESETS
from ..tools.addresses import Mailbox, ascii_address, canonical_address, domain_of, mailbox_of
from ..tools.sender import Known, SenderBook, SenderIdentity, Service, decide_sender
from ..tools.smtp import Outcome, SmtpSession

# Fields whose change makes what is kept outdated.
_KEPT = {"office365_preset", "active", "from_filter", "smtp_user"}


class Own(NamedTuple):
    """What is the database's own: ids of our servers, its addresses, and the domains and single addresses sent for, canonical.

    The domains are the alias domains, and those of the servers' From filters and mailboxes.
    """

    servers: frozenset[int]
    addresses: tuple[str, ...]
    domains: frozenset[str]


class IrMail_Server(models.Model):
    """Who a mail comes from: looks up the values that `tools.sender` decides on, and carries out the decision."""

    _inherit = "ir.mail_server"

    office365_sender_mode = fields.Selection(
        [
            ("send_as", "Send As: mail shows the person"),
            ("on_behalf", "Send on Behalf: mail shows the mailbox on behalf of the person"),
            ("mailbox", "Mailbox: mail shows the person's name and the mailbox's address"),
            ("as_sender", "As the sender: signs in as the person's own mailbox (app-only sign-in)"),
        ],
        string="Mail Shows", default="send_as", required=True,
        help="What the mailbox may do in Exchange. Send As and Send on Behalf are permissions that it holds on every "
             "address; Mailbox needs none. As the sender needs an app-only sign-in.",
    )
    office365_strict_author = fields.Boolean(
        "Only the Author's Own Address",
        help="Mail that shows another user than the one who sends it leaves as the mailbox.",
    )

    @api.constrains("office365_preset", "office365_sender_mode", "smtp_authentication", "office365_tenant_id")
    def _check_office365_sender_mode(self):
        for server in self.filtered("office365_preset"):
            if server.office365_sender_mode == "as_sender" and not server._office365_signs_in_as_anyone():
                raise ValidationError(self.env._(
                    "%s: the mode “As the sender” signs in as each person's own mailbox, which only an app can that signs in as itself "
                    "(app-only). Choose another mode in the field Mail Shows.", server.display_name))

    def _office365_signs_in_as_anyone(self) -> bool:
        """Tell whether the sign-in can be done for every mailbox: an app's own can, a user's or a password can't."""
        self.ensure_one()
        return self._office365_signs_in_by_token() and self.sudo().office365_tenant_id.auth_flow == "app"

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

    def _office365_mailbox(self) -> str | None:
        """Return the address that signs in at this server of ours, if one does."""
        self.ensure_one()
        signs_in = self.office365_preset and OUTGOING_PRESETS[self.office365_preset].signs_in
        return self.sudo().smtp_user or None if signs_in else None

    def _office365_service(self) -> Service:
        """Return this server as `tools.sender` sees it."""
        self.ensure_one()
        mailbox = self._office365_mailbox()
        if not mailbox:  # a relay has none: the database's own address stands in
            mailbox = email_normalize(self._office365_notifications()) or None
        return Service(
            preset=self.office365_preset, mode=self.office365_sender_mode or "send_as",
            mailbox=mailbox, strict=self.office365_strict_author,
        )

    @api.model
    def _office365_notifications(self) -> str | None:
        """Return the address that core puts in place of one it may not use."""
        return self.env.context.get("domain_notifications_email") or self._get_default_from_address()

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create(vals_list)
        if any(servers.mapped("office365_preset")):
            self._office365_forget()
        return servers

    def write(self, vals):
        result = super().write(vals)
        if not _KEPT.isdisjoint(vals):
            self._office365_forget()
        return result

    def unlink(self):
        is_ours = any(self.mapped("office365_preset"))
        result = super().unlink()
        if is_ours:
            self._office365_forget()
        return result

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
        """Return what is the database's own. Kept: it changes hardly ever, and every batch asks, also one of others' servers."""
        servers = self._office365_servers()
        domains = self.env["mail.alias.domain"].sudo().search([("name", "!=", False)])
        mailboxes = [server._office365_mailbox() for server in servers]
        entries = domains.mapped("name")
        for server, mailbox in zip(servers, mailboxes, strict=True):
            entries += server._parse_from_filter(server.from_filter)
            entries.append((mailbox or "").rpartition("@")[2])
        addresses = mailboxes + [
            address for domain in domains for address in (domain.bounce_email, domain.catchall_email, domain.default_from_email)]
        return Own(
            frozenset(servers.ids), tuple(filter(None, addresses)),
            frozenset(canonical_address(entry) for entry in entries if domain_of(entry)))

    @api.model
    def _office365_sender_book(self, addresses: Collection[str], actors: Mapping[str, int] | None = None) -> SenderBook | None:
        """Look up senders: one query, whatever their number. None if no server is ours.

        :param addresses: From addresses, normalized
        :param actors: id of the user who acted, by Message-Id
        """
        own = self._office365_in_use() and self._office365_own()
        if not own or not own.servers:
            return None
        return SenderBook(self._office365_known(addresses), domains=own.domains, own=own.addresses, actors=actors)

    @api.model
    def _office365_known(self, addresses: Collection[str]) -> dict[str, Known]:
        """Return what the database knows of these addresses, in one query."""
        if not addresses:
            return {}
        self.env["res.users"].flush_model(["active", "share", "partner_id", "office365_alias_confirmed"])
        self.env["res.partner"].flush_model(["email_normalized", "office365_trusted_email"])
        self.env["res.company"].flush_model(["partner_id"])
        self.env["mail.alias"].flush_model(["alias_full_name", "office365_trusted"])
        wanted = tuple(addresses)
        rows = self.env.execute_query(SQL(
            """
            SELECT partner.email_normalized, users.id, users.office365_alias_confirmed,
                   NOT users.share AND partner.office365_trusted_email = partner.email_normalized
              FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
             WHERE users.active AND partner.email_normalized IN %(wanted)s
         UNION ALL
            SELECT office365_alias_confirmed, id, office365_alias_confirmed, TRUE
              FROM res_users WHERE active AND office365_alias_confirmed IN %(wanted)s
         UNION ALL
            SELECT partner.email_normalized, NULL, NULL, partner.office365_trusted_email = partner.email_normalized
              FROM res_company company JOIN res_partner partner ON partner.id = company.partner_id
             WHERE partner.email_normalized IN %(wanted)s
         UNION ALL
            SELECT alias_full_name, NULL, NULL, office365_trusted
              FROM mail_alias WHERE alias_full_name IN %(wanted)s
            """, wanted=wanted,
        ))
        known = dict.fromkeys(wanted, Known())
        for address, owner, alias, trusted in rows:
            known[address] = known[address].and_also(owner, alias, bool(trusted))
        return known

    def _office365_book_for(self, email_from: str | None) -> SenderBook | None:
        """Return the book of the batch if it knows the sender, else one for this sender alone."""
        address = email_normalize(email_from) or ""
        book = self.env.context.get("office365_sender_book")
        if isinstance(book, SenderBook) and book.knows(address):
            return book
        return self._office365_sender_book([address] if address else [])

    # ------------------------------------------------------------
    # Server and login
    # ------------------------------------------------------------

    def _office365_alias_of(self, email_from: str | None, book: SenderBook | None) -> Mailbox | None:
        """Return the name of From with the confirmed alias of the user whose address it is."""
        author = mailbox_of(email_from or "")
        alias = book.known(email_normalize(email_from) or "").alias if book else None
        return Mailbox(author.name, alias) if author and alias else None

    def _find_mail_server(self, email_from, mail_servers=None):
        """Choose the server for the alias, if it is one of ours; else as core does, for the address itself."""
        if alias := self._office365_alias_to_choose_by(email_from, mail_servers):
            server, _smtp_from = super()._find_mail_server(alias.address, mail_servers)
            if server and server.office365_preset and self._match_from_filter(alias.address, server.from_filter):
                return server, formataddr((alias.name, alias.address))
        return super()._find_mail_server(email_from, mail_servers)

    def _office365_alias_to_choose_by(self, email_from, mail_servers) -> Mailbox | None:
        """Return the alias to choose a server for, None if that is core's business alone."""
        if mail_servers is not None:
            if not any(mail_servers.mapped("office365_preset")):
                return None
            if any(server.from_filter and self._match_from_filter(email_from, server.from_filter)
                   for server in mail_servers if server.owner_user_id):
                return None  # the author's personal server goes first, as in core
        return self._office365_alias_of(email_from, self._office365_book_for(email_from))

    def _office365_login_for(self, smtp_from: str | None) -> str | None:
        """Return the mailbox to sign in as when a session is opened for a sender."""
        if self.office365_sender_mode == "as_sender":
            alias = self._office365_alias_of(smtp_from, self._office365_book_for(smtp_from))
            if alias and self._match_from_filter(alias.address, self.from_filter):
                return alias.address
        return self._office365_mailbox()

    # ------------------------------------------------------------
    # Message
    # ------------------------------------------------------------

    def _office365_identity(self, message, core_smtp_from: str | None) -> SenderIdentity:
        """Decide what a message leaves this server with.

        :param core_smtp_from: From for which core chose this server
        """
        header = str(message["From"] or "")
        book = self._office365_book_for(header) or SenderBook({})
        alias = self._office365_alias_of(header, book)
        core_from = core_smtp_from or header
        notifications = email_normalize(self._office365_notifications())
        if notifications and email_normalize(core_from) == notifications and email_normalize(header) != notifications:
            core_from = encapsulate_email(header, notifications)
        return decide_sender(
            self._office365_service(), book,
            author=mailbox_of(header), author_key=email_normalize(header) or "",
            core_from=mailbox_of(core_from),
            reply_to=mailbox_of(str(message["Reply-To"] or "")),
            actor=book.actor(message["Message-Id"]) or self.env.uid,
            alias_allowed=bool(alias and self._match_from_filter(alias.address, self.from_filter)),
        )

    def _prepare_email_message__(self, message, smtp_session):  # noqa: PLW3201
        if not isinstance(smtp_session, SmtpSession):
            return super()._prepare_email_message__(message, smtp_session)
        server = self.sudo().browse(smtp_session.mail_server_id)
        written_as = str(message["From"] or "")
        core_smtp_from = server._office365_smtp_from(smtp_session)
        identity = server._office365_identity(message, core_smtp_from)
        if identity.refused:
            raise MailDeliveryException(self.env._("Mail Delivery Failed"), self.env._(
                "%(server)s: mail may not leave as %(address)s, and the database has no address to send it as instead. Confirm the "
                "address, or set the Default From Alias of the Email Domain under Settings > Technical > Email.",
                server=server.display_name, address=written_as))
        if identity.header_from:
            message.replace_header("From", _header(identity.header_from))
        if identity.reply_to:
            del message["Reply-To"]
            message["Reply-To"] = _header(identity.reply_to)
        if identity.sender:
            del message["Sender"]
            message["Sender"] = ascii_address(identity.sender)
        server._office365_begin(smtp_session, core_smtp_from)
        if identity.header_from:
            smtp_session.smtp_from = _header(identity.header_from)
        try:
            smtp_from, smtp_to_list, message = super()._prepare_email_message__(message, smtp_session)
        finally:
            smtp_session.smtp_from = core_smtp_from
        if identity.login != smtp_session.login_name and server._office365_mailbox():
            smtp_session.switch_login(identity.login)
        smtp_session.on_outcome = server._office365_recorder(identity, written_as)
        return ascii_address(identity.envelope_from or smtp_from), smtp_to_list, message

    def _office365_smtp_from(self, session: SmtpSession) -> str | None:
        """Return the From for which core chose this server, of the message that is prepared."""
        return session.smtp_from

    def _office365_begin(self, session: SmtpSession, smtp_from: str | None) -> None:
        """Let the session send the message that is prepared. Until here, it may send another one."""

    def _office365_recorder(self, identity: SenderIdentity, written_as: str):
        """Return what records the delivery of the message that is sent next."""
        actor_of = self.env.context.get("office365_sender_book")

        def record(message, outcome: Outcome) -> None:
            book = actor_of if isinstance(actor_of, SenderBook) else None
            message_id = str(message["Message-Id"] or "")
            self.env["office365.delivery"].sudo()._record(
                self, outcome, message_id=message_id, message=self._office365_message(message_id), written_as=written_as,
                email_from=str(message["From"] or ""), login=identity.login, reason=identity.reason,
                actor=(book and book.actor(message_id)) or self.env.uid,
            )

        return record

    def _office365_message(self, message_id: str):
        """Return the ``mail.message`` that is sent, as superuser; empty if it is of none."""
        messages = self.env["mail.message"].sudo()
        return messages.search([("message_id", "=", message_id)], limit=1) if message_id else messages


def _header(mailbox: Mailbox) -> str:
    """Return a mailbox as a header value; the message's policy encodes the name."""
    return formataddr((mailbox.name, ascii_address(mailbox.address)))
