from collections.abc import Callable
from email.message import EmailMessage

import psycopg2
from odoo import api, models
from odoo.tools import email_normalize, email_normalize_all, formataddr

from ...tools.addresses import Mailbox, canonical_address, domain_of, honest_name
from ...tools.identity.acting import OUTSIDE_UID
from ...tools.incoming.author import from_address
from ...tools.incoming.filters import loop
from ...tools.incoming.fingerprint import fingerprint
from ...tools.incoming.headers import header, message_ids
from ...tools.incoming.item import Item
from ...tools.incoming.limits import is_tame
from ...tools.incoming.mending import mend, readable
from ...tools.incoming.mending.parsing import parsed
from ...tools.incoming.recipients import named

# Headers that core's parser takes recipients from.
_READ_BY_CORE = {"to", "cc", "resent-to", "resent-cc", "delivered-to"}

# Characters of a Message-Id: PostgreSQL's index takes some 2,700 octets, and no mail program writes half of that.
_LONGEST_ID = 600


class MailThread(models.AbstractModel):
    """How a message of an Office 365 server is read: mended where core's parser would stumble, from whom and for whom its header says."""

    _inherit = "mail.thread"

    @api.model
    def _office365_parse(self, item: Item, message: EmailMessage, parse: Callable[[EmailMessage], dict]) -> dict:
        """Return what a message says, as core's parser does.

        :param parse: core's parser
        """
        if not is_tame(item.source):
            vars(message).update(vars(parsed(item.source)))  # core goes on with this object
        item.message = message
        item.notes = mend(message, item.received)
        sender = self._office365_sender_values(item, message)
        try:
            values = parse(message)
        except psycopg2.Error:
            raise  # nothing can be asked of the database before whoever began a savepoint goes back to it
        except Exception:  # noqa: BLE001  (whatever it is that the parser trips over: its head and text are readable)
            plain = readable(item.source)
            vars(message).update(vars(plain))
            values = parse(message)
            values["attachments"].append(self._Attachment("original.eml", item.source, {}))
            sender = self._office365_sender_values(item, message)
        values["body"] += self._office365_encrypted_notice() if "encrypted" in item.notes else ""
        values["message_id"] = self._office365_message_id(item, values["message_id"])
        values.update(sender)
        values["recipients"] = ",".join(filter(None, [values["recipients"], *self._office365_more_recipients(item, message)]))
        if found := loop.read(message, own_addresses=self._office365_own_addresses()):
            item.is_loop = True
            item.keep("ignored", self._office365_loop_text(found.reason))
        return values

    # ------------------------------------------------------------
    # Which message it is
    # ------------------------------------------------------------

    @api.model
    def _office365_message_id(self, item: Item, message_id: str) -> str:
        """Return the Message-Id that this message gets: its own as it stands there, or another one if another message has it.

        Whether core then takes it for a duplicate is decided here: two messages that differ are two, two copies of one are one.
        """
        written = next(iter(message_ids(header(item.message, "Message-Id"))), message_id)
        if len(written) > _LONGEST_ID:
            written = f"<{fingerprint(item.source)}@long.invalid>"
        if not (existing := self._office365_with_id(written)):
            return written
        before = self.env["office365.inbound"].sudo().search([
            ("message_id", "=", written), ("state", "=", "done"), ("id", "!=", item.row_id)])
        item.fingerprint = fingerprint(item.source)
        if before and item.fingerprint not in before.mapped("fingerprint"):
            another = f"<{item.fingerprint[:32]}.{written.strip('<>')}>"
            if not (existing := self._office365_with_id(another)):
                return another
            written = another
        item.about, item.res_id = existing.model, existing.res_id
        item.keep("ignored", self.env._("A copy of a message that Odoo has received already.") if existing.message_type == "email" else
                  self.env._("Odoo itself has sent this message."))
        return written

    @api.model
    def _office365_with_id(self, message_id: str):
        """Return the message of this Message-Id."""
        # In SQL, as it is asked for each message.
        self.env["mail.message"].flush_model(["message_id"])
        self.env.cr.execute("SELECT id FROM mail_message WHERE message_id = %s ORDER BY id DESC LIMIT 1", [message_id])
        return self.env["mail.message"].sudo().browse(self.env.cr.fetchone())

    # ------------------------------------------------------------
    # From whom, and for whom
    # ------------------------------------------------------------

    @api.model
    def _office365_sender_values(self, item: Item, message: EmailMessage) -> dict:
        """Return the sender of a message; note whether Exchange says that it is them.

        A name that reads as another address is left out: programs further on would take it for the sender's.
        """
        item.sender, item.unproven = "", []
        sender = from_address(message)
        if not sender:
            item.author_uid = OUTSIDE_UID
            item.unproven = email_normalize_all(header(message, "From"))
            return {"author_id": False}
        mailbox = honest_name(Mailbox(*sender))
        item.sender = mailbox.address
        is_of_a_colleague = self._office365_is_of_a_colleague(mailbox.address)
        item.author_uid = self._office365_author_uid(message) if is_of_a_colleague else OUTSIDE_UID
        if is_of_a_colleague and item.author_uid <= 0:
            item.unproven = [email_normalize(mailbox.address)]
        email_from = formataddr((mailbox.name, mailbox.address))
        return {"email_from": email_from, "from": email_from}

    @api.model
    def _office365_is_of_a_colleague(self, address: str) -> bool:
        """Tell whether an address is an internal user's, or OdooBot's: what is written there counts as theirs, so it has to be."""
        if not (email := email_normalize(address)):
            return False
        # In SQL, as it is asked for each message.
        self.env["res.users"].flush_model(["share", "partner_id", "office365_alias_confirmed"])
        self.env["res.partner"].flush_model(["email_normalized"])
        self.env.cr.execute(
            """
            SELECT FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
             WHERE NOT users.share AND (partner.email_normalized = %s OR users.office365_alias_confirmed = %s) LIMIT 1
            """, [email, canonical_address(address)])
        return bool(self.env.cr.rowcount)

    @api.model
    def _office365_more_recipients(self, item: Item, message: EmailMessage) -> list[str]:
        """Return for whom a message was before a rule of Exchange redirected it, if none of the headers that core reads leads to an alias.

        What the server on the way notes is asked in the order of how surely it is the recipient.
        """
        found = named(message, self.env["ir.mail_server"]._office365_own().domains)
        item.named = [address for _name, addresses in found for address in addresses if address != item.mailbox]
        more = [addresses for name, addresses in found if name.lower() not in _READ_BY_CORE]
        if not more:
            return []
        aliases = set(self.env["mail.alias"].sudo().search([("alias_full_name", "in", item.named)]).mapped("alias_full_name"))
        known = {address for name, addresses in found if name.lower() in _READ_BY_CORE for address in addresses}
        return next((addresses for addresses in more if aliases & set(addresses)), []) if not aliases & known else []

    @api.model
    def _office365_own_addresses(self) -> Callable[[str], bool]:
        """Return a function that tells whether an address is in one of our domains."""
        domains = self.env["ir.mail_server"]._office365_own().domains
        return lambda address: domain_of(address) in domains

    @api.model
    def _office365_encrypted_notice(self):
        return self.env["ir.qweb"]._render("mail_office365.encrypted_notice", minimal_qcontext=True)
