from collections.abc import Callable
from email.message import EmailMessage

import psycopg2
from odoo import api, models
from odoo.tools import SQL, email_normalize, email_normalize_all, formataddr

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
        values["message_id"] = item.message_id = item.message_id or self._office365_message_id(item, values["message_id"])
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
        """Return the Message-Id of a message as it stands there."""
        written = next(iter(message_ids(header(item.message, "Message-Id"))), message_id)
        return written if len(written) <= _LONGEST_ID else f"<{fingerprint(item.source)}@long.invalid>"

    @api.model
    def _office365_is_another(self, item: Item) -> bool:
        """Tell whether core wrongly took a message for a copy of another one; then give it a Message-Id of its own.

        Two messages that differ are two, two copies of one are one.
        """
        if not (existing := self._office365_with_id(item.message_id)):
            return False
        before = self.env["office365.inbound"].sudo().search([
            ("message_id", "=", item.message_id), ("state", "=", "done"), ("id", "!=", item.row_id)])
        item.fingerprint = fingerprint(item.source)
        if before and item.fingerprint not in before.mapped("fingerprint"):
            item.message_id = f"<{item.fingerprint[:32]}.{item.message_id.strip('<>')}>"
            if not (existing := self._office365_with_id(item.message_id)):
                return True
        item.about, item.res_id, item.reason = existing.model, existing.res_id, ""
        item.keep("ignored", self.env._("A copy of a message that Odoo has received already.") if existing.message_type == "email" else
                  self.env._("Odoo itself has sent this message."))
        return False

    @api.model
    def _office365_with_id(self, message_id: str):
        """Return the message of this Message-Id."""
        return self.env["mail.message"].sudo().search([("message_id", "=", message_id)], order="id DESC", limit=1)

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
        is_of_a_colleague, item.has_bounced = self._office365_known_of(mailbox.address)
        item.author_uid = self._office365_author_uid(message) if is_of_a_colleague else OUTSIDE_UID
        if is_of_a_colleague and item.author_uid <= 0:
            item.unproven = [email_normalize(mailbox.address)]
        email_from = formataddr((mailbox.name, mailbox.address))
        return {"email_from": email_from, "from": email_from}

    @api.model
    def _office365_known_of(self, address: str) -> tuple[bool, bool]:
        """Tell whether an address is an internal user's, or OdooBot's, and whether mail to it has come back, so far as is known.

        What a colleague writes counts as theirs, so it has to be.
        """
        if not (email := email_normalize(address)):
            return False, True
        # In SQL and in one question, as it is asked for each message.
        self.env["res.users"].flush_model(["share", "partner_id", "office365_alias_confirmed"])
        self.env["res.partner"].flush_model(["email_normalized"])
        return self.env.execute_query(SQL(
            """
            SELECT EXISTS (SELECT FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
                            WHERE NOT users.share AND (partner.email_normalized = %s OR users.office365_alias_confirmed = %s)), %s
            """, email, canonical_address(address), self._office365_has_bounced(email)))[0]

    @api.model
    def _office365_has_bounced(self, email: str) -> SQL:
        """Return the question whether a record of any model counts that mail to an address has come back."""
        found = [SQL("FALSE")]
        for name in self.pool.descendants(["mail.thread.blacklist"], "_inherit"):
            model = self.env[name]
            if model._abstract:
                continue
            if not (model._auto and model._fields["email_normalized"].store and model._fields["message_bounce"].store):
                return SQL("TRUE")  # nobody but the model itself knows
            model.flush_model(["email_normalized", "message_bounce"])
            found.append(SQL("EXISTS (SELECT FROM %s WHERE email_normalized = %s AND message_bounce > 0)",
                             SQL.identifier(model._table), email))
        return SQL(" OR ").join(found)

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
