from collections.abc import Iterable

from odoo import api, models
from odoo.tools import email_normalize

from ...tools.identity.sender_book import SenderBook
from ...tools.outgoing.route import Route, alike
from ...tools.sending import Sending
from ..reading import parameter


class Choice:
    """Finds out which server core chooses for many mails, asking once for all mails that core treats alike."""

    def __init__(self, IrMailServer, book: SenderBook) -> None:  # noqa: N803
        """
        :param IrMailServer: the model, in the environment in which mail is sent
        :param book: knows the addresses that are asked for
        """
        self.servers = IrMailServer.sudo().search_fetch(
            [("active", "=", True)], ["active", "from_filter", "owner_user_id", "office365_preset"], order="sequence, id")
        self.shared = self.servers.filtered(lambda server: not server.owner_user_id)
        self._model, self._book, self._found = IrMailServer, book, {}
        self._named = {
            email_normalize(part) for server in self.servers for part in server._parse_from_filter(server.from_filter) if "@" in part}
        self._personal = {}
        if not parameter(IrMailServer.env, "mail.disable_personal_mail_servers"):
            self._personal = {server.owner_user_id.id: server for server in self.servers - self.shared}

    def allowed(self, user_id: int | None):
        """Return the servers that may be chosen for what a user writes: the shared ones and their own."""
        personal = self._personal.get(user_id)
        return self.servers.filtered(lambda server: not server.owner_user_id or server == personal) if personal else self.shared

    def owners(self, address: str) -> list[int]:
        """Return the ids of the users whose personal server takes mail with this From; for what others write it is not there."""
        return [owner for owner, server in self._personal.items() if server._match_from_filter(address, server.from_filter)]

    def server(self, route: Route, creator: int | None = None, company: int | None = None):
        """Return the server that is chosen, an empty record for the one of Odoo's configuration file.

        :param creator: id of who made the message, None for anybody without a personal server
        :param company: id of the company in which it is sent, if not the present one
        """
        if route.server:
            return self._model.browse(route.server)
        like = alike(route.address, self._book.known(route.address).likely_alias, self._named)
        key = (route.alias_domain, creator if creator in self._personal else None, company, like)
        if key not in self._found:
            IrMailServer = self._model.with_context(**Sending.noted(self._model.env.context, book=self._book))
            if company:
                IrMailServer = IrMailServer.with_company(company)
            if domain := self._model.env["mail.alias.domain"].sudo().browse(route.alias_domain or ()):
                IrMailServer = IrMailServer.with_context(
                    domain_notifications_email=domain.default_from_email, domain_bounce_address=domain.bounce_email)
            found, _smtp_from = IrMailServer._find_mail_server(route.address, self.allowed(creator))
            self._found[key] = found or self._model
        return self._found[key]


class IrMail_Server(models.Model):
    """Which server is chosen, without a mail."""

    _inherit = "ir.mail_server"

    @api.model
    def _office365_choice(self, addresses: Iterable[str], book: SenderBook | None = None) -> Choice:
        """Return what tells the servers for mail with these addresses in From, in three queries.

        :param addresses: normalized
        :param book: knows them already
        """
        return Choice(self, book or self._office365_sender_book(list(addresses)) or SenderBook({}))
