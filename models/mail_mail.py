from odoo import models
from odoo.tools import email_normalize


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        return super(MailMail, self._office365_with_alias_book()).send(
            auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback)

    def _office365_with_alias_book(self):
        """Look up the aliases of the whole batch at once, so that its size costs no queries."""
        if not self.env["ir.mail_server"]._office365_in_use():
            return self
        # Without prefetch, as the bodies of a large batch do not fit into memory.
        rows = self.with_context(prefetch_fields=False).read(["email_from"])
        addresses = {address for row in rows if (address := email_normalize(row["email_from"]))}
        return self.with_context(office365_alias_book=self.env["res.users"]._office365_alias_book(addresses))
