import dataclasses
import re
from collections.abc import Collection, Mapping

from odoo import SUPERUSER_ID, api, fields, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import ValidationError
from odoo.tools import SQL, email_normalize, encapsulate_email, formataddr

from ...tools.addresses import Mailbox, ascii_address, canonical_address, honest_mailboxes, honest_name, mailboxes_of
from ...tools.identity.acting import OUTSIDE_UID
from ...tools.identity.sender import SenderIdentity, Service, alias_for, decide_sender
from ...tools.identity.sender_book import NOBODY, Act, Actor, Known, SenderBook
from ...tools.sending import Sending
from ...tools.transport import Transport
from .office365_actor import acting_uid

# Headers that say who sent a message beside From. Who may is decided here, so what a mail brings along goes.
_ABOUT_SENDER = ("Sender", "Resent-From", "Resent-Sender")

# RFC 5322 section 3.6.8; what is no name would begin another header, or end them all.
_HEADER_NAME = re.compile(r"[!-9;-~]+")

SEND_AS_OTHERS = "mail_office365.group_send_as_others"


class IrMail_Server(models.Model):
    """Who a mail comes from: looks up the values that `tools.identity.sender` decides on, and carries out the decision."""

    _inherit = "ir.mail_server"

    office365_sender_mode = fields.Selection(
        [
            ("send_as", "Send As: the person"),
            ("on_behalf", "Send on Behalf: the mailbox on behalf of the person"),
            ("mailbox", "Mailbox: the person's name with the mailbox's address"),
            ("as_sender", "Own mailbox: Odoo sends from each person's own mailbox (requires app-only sign-in)"),
        ],
        string="Sender Shown to Recipients", default="send_as", required=True,
        help="What the mailbox may do in Exchange. Send As and Send on Behalf are permissions that it holds on every "
             "address; Mailbox needs none. Own mailbox requires app-only sign-in.",
    )
    office365_strict_author = fields.Boolean(
        "Send Only as Oneself",
        help="Emails written on behalf of another user are sent from the shared mailbox, whatever groups or templates allow. "
             "Shared senders stay allowed.",
    )
    office365_shared_sender_ids = fields.One2many(
        "office365.shared.sender", "mail_server_id", "Shared Senders",
        help="Shared addresses, such as noreply@ or invoices@, that belong to no single user and may be used as sender.")

    @api.constrains("office365_preset", "office365_sender_mode", "smtp_authentication", "office365_app_id")
    def _check_office365_sender_mode(self):
        for server in self.filtered("office365_preset"):
            if server.office365_sender_mode == "as_sender" and not server._office365_signs_in_as_anyone():
                raise ValidationError(self.env._(
                    "%s: “Own mailbox” signs in to each person's own mailbox. Only an app that signs in as itself (app-only) can do "
                    "that. Choose another mode in the field Sender Shown to Recipients.", server.display_name))

    def _office365_signs_in_as_anyone(self) -> bool:
        """Tell whether the sign-in can be done for every mailbox: an app's own can, a user's or a password cannot."""
        self.ensure_one()
        return self._office365_signs_in_by_token() and self.sudo().office365_app_id.auth_flow == "app"

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

    def _office365_service(self) -> Service:
        """Return this server as `tools.identity.sender` sees it."""
        self.ensure_one()
        mailbox, own = self._office365_mailbox(), self._office365_own()
        if not mailbox:  # a relay has none: the database's own address stands in
            mailbox = email_normalize(self._office365_notifications()) or None
        return Service(
            preset=self.office365_preset, mode=self.office365_sender_mode or "send_as",
            mailbox=mailbox, strict=self.office365_strict_author,
            shared=own.shared.get(self.id, {}), listed=own.listed.get(self.id, frozenset()),
            unproved=frozenset() if Sending.of(self.env.context).is_probe else own.unproved.get(self.id, frozenset()),
        )

    @api.model
    def _office365_notifications(self) -> str | None:
        """Return the address that core puts in place of one it may not use.

        The context may name it, as core's own code does, and so may a client: only an address of the database's own counts.
        """
        named = self.env.context.get("domain_notifications_email")
        if named and canonical_address(str(named)) in self._office365_own().bounces:
            return named
        return self._get_default_from_address()

    def _office365_trusting(self):
        """Return the servers without what a client may have put into the context about addresses."""
        own, context = self._office365_own().bounces, self.env.context
        foreign = {
            name: False for name in ("domain_notifications_email", "domain_bounce_address")
            if context.get(name) and canonical_address(str(context[name])) not in own}
        return self.with_context(**foreign) if foreign else self

    @api.model
    def _office365_sender_book(self, addresses: Collection[str], authors: Mapping[int, str] | None = None) -> SenderBook | None:
        """Look up senders: one query, whatever their number. None if no server is ours.

        :param addresses: From addresses, normalized
        :param authors: normalized From address of each ``mail.mail`` of the batch, by id
        """
        own = self._office365_in_use() and self._office365_own()
        if not own or not own.servers:
            return None
        return SenderBook(self._office365_known(addresses), domains=own.domains, own=own.addresses, authors=authors)

    @api.model
    def _office365_known(self, addresses: Collection[str]) -> dict[str, Known]:
        """Return what the database knows of these addresses, in one query.

        A right is looked at here, when it is used: whoever is archived or no internal user any more has none.
        """
        if not addresses:
            return {}
        self.env["res.users"].flush_model(["active", "share", "partner_id", "office365_alias_confirmed"])
        self.env["res.partner"].flush_model(["email_normalized", "office365_verified_email"])
        self.env["res.company"].flush_model(["active", "partner_id"])
        self.env["mail.alias"].flush_model(["alias_full_name", "office365_verified"])
        wanted = tuple(addresses)
        rows = self.env.execute_query(SQL(
            """
            SELECT partner.email_normalized, users.id, users.office365_alias_confirmed,
                   partner.office365_verified_email = partner.email_normalized
              FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
             WHERE users.active AND NOT users.share AND partner.email_normalized IN %(wanted)s
         UNION ALL
            SELECT office365_alias_confirmed, id, office365_alias_confirmed, TRUE
              FROM res_users WHERE active AND NOT share AND office365_alias_confirmed IN %(wanted)s
         UNION ALL
            SELECT partner.email_normalized, NULL, NULL, partner.office365_verified_email = partner.email_normalized
              FROM res_company company JOIN res_partner partner ON partner.id = company.partner_id
             WHERE company.active AND partner.email_normalized IN %(wanted)s
         UNION ALL
            SELECT alias_full_name, NULL, NULL, office365_verified
              FROM mail_alias WHERE alias_full_name IN %(wanted)s
          ORDER BY 1, 2
            """, wanted=wanted,
        ))
        known = dict.fromkeys(wanted, Known())
        for address, user_id, alias, proved in rows:
            found = known[address]
            known[address] = found.with_user(user_id, alias, proved=bool(proved)) if user_id else found.with_shared(bool(proved))
        return known

    @api.model
    def _office365_actors(self, uids: Collection[int]) -> dict[int, Actor]:
        """Return who acts, by what is noted on messages (`tools.identity.acting`); nobody for users who are archived."""
        found = {SUPERUSER_ID: Actor(is_odoo=True), OUTSIDE_UID: Actor(is_outside=True)}
        users = self.env["res.users"].sudo().browse({uid for uid in uids if uid > 0} - {SUPERUSER_ID}).exists()
        if users:
            of_senders = {group for shared in self._office365_own().shared.values() for group in shared.values() if group}
            send_as_others = self.env.ref(SEND_AS_OTHERS).id
            for user in users.filtered("active"):
                groups = frozenset(user.all_group_ids.ids)
                found[user.id] = Actor(
                    user.id, sends_as_others=not user.share and send_as_others in groups, groups=groups & of_senders)
        return {uid: found.get(uid, NOBODY) for uid in uids}

    def _office365_book_for(self, email_from: str | None) -> SenderBook | None:
        """Return the book of the batch if it knows the sender, else one for this sender alone."""
        address = email_normalize(email_from) or ""
        book = Sending.of(self.env.context).book
        if book and book.knows(address):
            return book
        return self._office365_sender_book([address] if address else [])

    @api.model
    def _office365_act(self) -> Act:
        """Return who made the mail that is being sent; for a message without one, who acts now."""
        book = Sending.of(self.env.context).book or SenderBook({})
        if mail := self._office365_mail():
            return (book.acts or {}).get(mail.id) or mail._office365_acts()[mail.id]
        uid = acting_uid(self.env)
        if uid not in book.actors:
            book.actors |= self._office365_actors([uid])
        return Act(book.actors[uid])

    # ------------------------------------------------------------
    # Server and login
    # ------------------------------------------------------------

    def _office365_alias_of(self, email_from: str | None, book: SenderBook | None) -> Mailbox | None:
        """Return the name of From with the alias that a server is chosen by. Who acts decides later whether it is used."""
        author = next(iter(mailboxes_of(email_from or "")), None)
        alias = book.known(email_normalize(email_from) or "").likely_alias if book else None
        return Mailbox(author.name, alias) if author and alias else None

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
        """Return the mailbox to sign in as when a session is opened for a sender: theirs only if a mail may leave as them."""
        key = email_normalize(smtp_from) if self.office365_sender_mode == "as_sender" else None
        if not key:
            return self._office365_mailbox()
        book, service = Sending.of(self.env.context).book, self._office365_service()
        if book and book.authors:
            acts = self.env["mail.mail"]._office365_acts_of(book)
            aliases = {alias_for(service, book, author, acts[mail_id]) for mail_id, author in book.authors.items()}
        else:
            aliases = {alias_for(service, self._office365_book_for(smtp_from) or SenderBook({}), key, self._office365_act())}
        if (alias := canonical_address(key)) in aliases and self._match_from_filter(alias, self.from_filter):
            return alias
        return self._office365_mailbox()

    # ------------------------------------------------------------
    # Message
    # ------------------------------------------------------------

    def _office365_identity(self, message, core_smtp_from: str | None) -> SenderIdentity:
        """Decide what a message leaves this server with.

        :param core_smtp_from: From for which core chose this server
        """
        header = str(message["From"] or "")
        authors, key = mailboxes_of(header), email_normalize(header) or ""
        book = self._office365_book_for(header) or SenderBook({})
        core_from = core_smtp_from or header
        notifications = email_normalize(self._office365_notifications())
        if notifications and email_normalize(core_from) == notifications and key != notifications:
            core_from = encapsulate_email(header, notifications)
        identity = decide_sender(
            self._office365_service(), book,
            author=authors[0] if authors else None, author_key=key,
            core_from=next(iter(mailboxes_of(core_from)), None),
            reply_to=next(iter(mailboxes_of(str(message["Reply-To"] or ""))), None),
            act=self._office365_act(),
            lets_pass=lambda address: self._match_from_filter(address, self.from_filter),
        )
        if len(authors) > 1 and not identity.header_from and not identity.refused:
            # Only the first was looked at, and Exchange refuses several (550 5.1.20).
            return dataclasses.replace(identity, header_from=honest_name(authors[0]))
        return identity

    def _office365_identity_or_raise(self, message, core_smtp_from: str | None) -> SenderIdentity:
        """Decide what a message leaves with.

        :raise MailDeliveryException: there is nothing that it may leave as
        """
        identity = self._office365_identity(message, core_smtp_from)
        if identity.refused:
            raise MailDeliveryException(self.env._("Mail Delivery Failed"), self.env._(
                "%(server)s: mail may not leave as %(address)s, and the database has no address to send it as instead. Confirm the "
                "address, or set the Default From Alias of the Email Domain under Settings > Technical > Email.",
                server=self.display_name, address=str(message["From"] or "")))
        return identity

    def _office365_sign_in_as(self, transport: Transport, identity: SenderIdentity) -> None:
        """Sign in as the mailbox that sends the message, if another one is signed in."""
        if identity.login != transport.login_name and self._office365_mailbox():
            transport.switch_login(identity.login)

    @staticmethod
    def _office365_smtp_from(identity: SenderIdentity, chosen_for: str | None) -> str | None:
        """Return the From that core prepares a message with: as if this server had been chosen for what the message leaves as."""
        return _header(identity.header_from) if identity.header_from else chosen_for

    def _office365_write_headers(self, message, identity: SenderIdentity) -> None:
        """Write what a message leaves with, and take off what it says itself about its sender."""
        if identity.header_from:
            message.replace_header("From", _header(identity.header_from))
        answers_to = [identity.reply_to] if identity.reply_to else honest_mailboxes(str(message["Reply-To"] or ""))
        if answers_to:
            del message["Reply-To"]
            message["Reply-To"] = ", ".join(map(_header, answers_to))
        for name in (*_ABOUT_SENDER, *(name for name in message if not _HEADER_NAME.fullmatch(name))):
            del message[name]
        if identity.sender:
            message["Sender"] = ascii_address(identity.sender)
        bounces_to = canonical_address(str(message["Return-Path"] or "").strip("<> "))
        if bounces_to and _without_tag(bounces_to) not in self._office365_own().bounces:
            del message["Return-Path"]  # core makes it the envelope sender


def _without_tag(address: str) -> str:
    """Return an address without what follows a plus (RFC 5233): others let bounces come back to ``bounce+…@``."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _header(mailbox: Mailbox) -> str:
    """Return a mailbox as a header value; the message's policy encodes the name."""
    return formataddr((mailbox.name, ascii_address(mailbox.address)))
