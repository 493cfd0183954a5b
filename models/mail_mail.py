from odoo import models
from odoo.tools import email_normalize


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        return super(MailMail, self._office365_with_sender_book()).send(
            auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback)

    def _office365_with_sender_book(self):
        """Look up the senders of the whole batch at once, so that its size costs no queries."""
        # What core reads next, in the same way: it then finds it in the cache. Without prefetch, as the bodies of a large
        # batch do not fit into memory.
        rows = self.with_context(prefetch_fields=False).read(
            ["id", "email_from", "mail_server_id", "record_alias_domain_id"])
        addresses = {address for written in {row["email_from"] for row in rows} if (address := email_normalize(written))}
        actors = {message.message_id: message.create_uid.id for message in self.mail_message_id}
        book = self.env["ir.mail_server"]._office365_sender_book(addresses, actors)
        return self.with_context(office365_sender_book=book) if book else self
