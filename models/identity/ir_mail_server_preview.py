from types import SimpleNamespace

from odoo import api, fields, models
from odoo.tools import email_normalize

from ...tools.addresses import mailbox_of
from ...tools.identity import preview
from ...tools.identity.preview import Preview, PreviewTransport, Writer
from ...tools.identity.sender_book import SenderBook
from ...tools.sending import Sending

_NOBODY = "preview@example.com"  # recipient of what is never sent; RFC 2606 reserves the domain


class IrMail_Server(models.Model):
    """What mail would leave with, found out by the code that sends, without sending."""

    _inherit = "ir.mail_server"

    office365_company_notice = fields.Text(compute="_compute_office365_company_notice")

    @api.depends("office365_preset")
    def _compute_office365_company_notice(self):
        ours = self.filtered("office365_preset")
        (self - ours).office365_company_notice = False
        if ours:
            companies = self.env["res.company"].sudo().search([("active", "=", True)])
            ours.office365_company_notice = "\n".join(filter(None, companies.mapped("office365_sender_notice")))

    def action_office365_senders(self):
        """Open the addresses that mail leaves this server with."""
        self.ensure_one()
        return self.env["office365.sender"].with_context(search_default_mail_server_id=self.id).action_open()

    @api.model
    def _office365_writing_as(self, writer: Writer, book: SenderBook):
        """Return the servers as they are when mail of this writer is sent: with their user and company, and what the batch looked up."""
        company = self.env["res.company"].sudo().browse(writer.company_id)
        context = {**Sending.noted(self.env.context, book=book)}
        if domain := company.alias_domain_id:
            context |= {
                "domain_notifications_email": domain.default_from_email, "domain_bounce_address": domain.bounce_email}
        return self.with_user(writer.actor_id).sudo().with_company(company).with_context(**context)

    @api.model
    def _office365_preview(self, writer: Writer, book: SenderBook, servers) -> Preview:
        """Find out what mail of a writer leaves with, by preparing a message as if it were to be sent.

        :param book: knows the writer's address
        :param servers: outgoing servers that may be chosen, in their order
        """
        IrMailServer = self._office365_writing_as(writer, book)
        chosen, smtp_from = IrMailServer._find_mail_server(writer.email_from, servers)
        server = IrMailServer.browse(chosen.id) if chosen else IrMailServer
        message = server._build_email__(writer.email_from, [_NOBODY], "Preview", "", message_id="<preview@localhost>")
        identity = None
        if server.office365_preset:
            kind = preview.OURS
            identity = server._office365_identity(message, smtp_from)
            if identity.refused:
                return Preview(server.id, smtp_from, "", "", "", preview.REFUSED)
            session = PreviewTransport(server.id, server.from_filter)
            session.begin(server._office365_observer(smtp_from))
        else:
            kind = preview.PERSONAL if server.owner_user_id else preview.OTHER if server else preview.NOBODY
            from_filter = server.from_filter if server else server._get_default_from_filter()
            session = SimpleNamespace(from_filter=from_filter, smtp_from=smtp_from)
        envelope_from, _recipients, message = IrMailServer._prepare_email_message__(message, session)
        header = str(message["From"])
        author_key, leaves_as = email_normalize(writer.email_from) or "", mailbox_of(header)
        address = leaves_as.address.lower() if leaves_as else ""
        held_back = (identity and identity.held_back) or ""
        return Preview(
            server.id or None, smtp_from, header, address, envelope_from,
            preview.explain(
                kind, identity, book.known(author_key).alias_for(writer.actor_id), author_key, address,
                fits=self._match_from_filter(held_back or address, server.from_filter)), held_back)
