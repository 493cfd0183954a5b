from odoo import models
from odoo.tools import SQL, email_normalize

from ...tools.identity.sender_book import Act, SenderBook
from ...tools.sending import Sending


class MailMail(models.Model):
    """Who is behind a mail goes along with it, from the row of its message."""

    _inherit = "mail.mail"

    def _office365_with_sender_book(self):
        """Look up the senders of the whole batch at once, so that its size costs no queries."""
        # What core reads next, in the same way: it then finds it in the cache. Without prefetch, as the bodies of a large
        # batch do not fit into memory.
        rows = self.with_context(prefetch_fields=False).read(
            ["id", "email_from", "mail_server_id", "record_alias_domain_id"])
        if len(rows) < len(self):  # some were removed meanwhile
            self = self.browse([row["id"] for row in rows])
        normalized = {written: email_normalize(written) or "" for written in {row["email_from"] for row in rows}}
        book = self.env["ir.mail_server"]._office365_sender_book(
            set(filter(None, normalized.values())), {row["id"]: normalized[row["email_from"]] for row in rows})
        return self.with_context(**Sending.noted(self.env.context, book=book)) if book else self

    def _office365_acts_of(self, book: SenderBook) -> dict[int, Act]:
        """Return who made each mail of a batch, looked up once."""
        if book.acts is None:
            book.acts = self.sudo().browse(book.authors)._office365_acts()
        return book.acts

    def _office365_acts(self) -> dict[int, Act]:
        """Return who made each of these mails, in one query and those for the users."""
        self.env["mail.message"].flush_model(["office365_actor_uid", "office365_vouch"])
        rows = self.env.execute_query(SQL(
            """
            SELECT mail.id, message.office365_vouch,
                   -- made before this was noted; by OdooBot then says nothing
                   COALESCE(message.office365_actor_uid, NULLIF(message.create_uid, 1), 0)
              FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
             WHERE mail.id IN %s
            """, self._ids or (0,)))
        actors = self.env["ir.mail_server"]._office365_actors({uid for _mail_id, _vouch, uid in rows})
        acts = dict.fromkeys(self._ids, Act())
        return acts | {mail_id: Act(actors[uid], vouch) for mail_id, vouch, uid in rows}
