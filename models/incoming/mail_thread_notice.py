from email.message import EmailMessage

from odoo import api, models
from odoo.tools import formataddr
from odoo.tools.mail import decode_message_header, generate_tracking_message_id

from ...tools.addresses import canonical_address, domain_of
from ...tools.incoming.answering import answer_to
from ...tools.incoming.headers import header
from ...tools.incoming.item import Item


class MailThread(models.AbstractModel):
    """What the sender of a message is told that Odoo could not take: once a day, and only who is really its sender (RFC 3834)."""

    _inherit = "mail.thread"

    @api.model
    def _office365_unroutable_text(self, item: Item) -> str:
        """Return why no record takes a message, and what to do about it."""
        if not item.named:
            return self.env._(
                "No header names an address of this database: the message was probably sent to one as Bcc, which nobody can see. "
                "File it by hand.")
        return self.env._(
            "No alias takes mail to %s, and the message answers none that Odoo has sent. Make an alias and retry, or file it by hand.",
            ", ".join(item.named[:5]))

    @api.model
    def _office365_tell_sender(self, item: Item) -> None:
        """Tell the sender of a message that nothing in Odoo takes it, and which address to use."""
        server = self.env["fetchmail.server"].sudo().browse(item.server_id)
        company = self._office365_company_of(item)
        lang = self._office365_lang_of(item)
        body = self.env["ir.qweb"].with_context(lang=lang)._render("mail_office365.unroutable_notice", {
            "subject": decode_message_header(item.message, "Subject"), "addresses": item.named[:5], "company": company,
            "contact": company.email or server.user}, minimal_qcontext=True)
        self._office365_answer(item, item.message, body, lang=lang)

    @api.model
    def _office365_answer(self, item: Item, message: EmailMessage, body: str, *, lang: str | None = None, **values) -> None:
        """Answer the sender of a message, if that is wanted and allowed.

        Not sent here but queued: if the transaction is rolled back, the message is processed again.
        """
        server = self.env["fetchmail.server"].sudo().browse(item.server_id)
        if not server.office365_notify_unroutable or item.is_retry:
            return
        answer = answer_to(
            message, is_genuine=bool(self._office365_genuine_sender(message)), own_addresses=self._office365_own_addresses())
        if not answer.address or not self.env["office365.notice"].sudo()._claim(canonical_address(answer.address)):
            return
        thread = self.with_context(lang=lang or self._office365_lang_of(item))
        message_id = header(message, "Message-Id")
        self.env["mail.mail"].sudo().create({
            "author_id": False,
            "email_from": formataddr((self._office365_company_of(item).name, server.user)),
            "reply_to": values.pop("reply_to", False) or self._office365_company_of(item).email or server.user,
            "email_to": answer.address,
            "subject": thread.env._("Not delivered: %s", decode_message_header(message, "Subject") or ""),
            "body_html": body,
            "auto_delete": True,
            # The tag lets core, and us, know an answer to this.
            "references": f"{message_id} {generate_tracking_message_id('loop-detection-bounce-email')}",
            "headers": repr({"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}),
        })
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    @api.model
    def _office365_company_of(self, item: Item):
        """Return the company whose domain a message was sent to."""
        domains = {domain_of(address) for address in item.named}
        found = self.env["mail.alias.domain"].sudo().search([("name", "in", list(domains))]).company_ids[:1] if domains else None
        return found or self.env.company

    @api.model
    def _office365_lang_of(self, item: Item) -> str | None:
        """Return the language of a sender: what we know of them, or else what their mail says."""
        partner = item.sender and self.env["mail.thread"].sudo()._partner_find_from_emails_single([item.sender], no_create=True)[:1]
        if partner:
            return partner.lang
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        said = [header(item.message, name) for name in ("Content-Language", "Accept-Language")]
        wanted = next((text.partition(",")[0].strip().replace("-", "_") for text in said if text), "")
        return next((code for code in installed if code == wanted), None) or next(
            (code for code in installed if wanted and code[:2] == wanted[:2]), None)
