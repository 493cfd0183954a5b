import contextlib
import functools
import math
import ssl
from imaplib import IMAP4

from imapclient import SocketTimeout
from odoo import models
from odoo.addons.mail.models import fetchmail as core
from odoo.exceptions import UserError

from ...tools.errors import CertificateRefused, MailboxRefused, answer_text
from ...tools.identity.acting import Fetching
from ...tools.incoming.imap import ImapFolder
from ...tools.incoming.pop import PopMailbox
from ...tools.tls import client_context
from .connections import LedgerImap, LedgerPop
from .desk import Desk
from .fetchmail_server_inbound import INBOX


class FetchmailServer(models.Model):
    """The connection to an incoming server of ours: verified, signed in, handed to core."""

    _inherit = "fetchmail.server"

    def _office365_connect(self, *, is_opened: bool = True, patience: float = math.inf) -> LedgerImap | LedgerPop:
        """Return a connection that is verified and signed in.

        :param is_opened: with the INBOX open
        :param patience: seconds for each answer, if that is less than a fetch waits
        :raise CertificateRefused: the server's certificate cannot be verified; nothing was sent to it
        :raise UserError: the server is archived
        :raise OSError: no connection
        """
        if fetching := Fetching.of(self.env.context):
            fetching.asked.add(self.id)
        if not self.active:
            # Core lets an archived server be tested; a green test of a server that fetches nothing misleads.
            raise UserError(self.env._(
                "The server “%s” is archived. Unarchive it (Actions > Unarchive) before you use it.",
                self.display_name,
            ))
        try:
            if self._get_connection_type() == "imap":
                return self._office365_connect_imap(patience) if is_opened else self._office365_signed_in_imap(patience)
            return self._office365_connect_pop(patience)
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(self._office365_certificate_text(self.server, error)) from error

    def _office365_signed_in_imap(self, patience: float) -> LedgerImap:
        seconds = min(core.MAIL_TIMEOUT, patience)
        connection = self._office365_sign_in_imap(lambda: LedgerImap(
            self.server, self.port, ssl_context=client_context(), timeout=SocketTimeout(seconds, seconds)))
        connection.normalise_times = False
        return connection

    def _office365_connect_imap(self, patience: float) -> LedgerImap:
        connection = self._office365_signed_in_imap(patience)
        fetching = Fetching.of(self.env.context)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(connection.shutdown)
            first = self._office365_folder_names()[0]
            folder = self._office365_open_first(connection, first)
            if fetching and self.id in fetching.server_ids:
                connection.desk = Desk(self, fetching, functools.partial(ImapFolder, connection), folder)
            on_failure.pop_all()
        return connection

    def _office365_open_first(self, connection: LedgerImap, name: str) -> ImapFolder | None:
        """Open the mailbox: Exchange refuses there whom it throttles or who has no right to it. A folder that is gone stops no other."""
        try:
            return ImapFolder(connection, name)
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            if name != INBOX:
                return self._office365_open_first(connection, INBOX)
            raise MailboxRefused(self.env._(
                "%(host)s signed in %(login)s, but did not open the INBOX. It said: %(reply)s\n%(remedy)s",
                host=self.server, login=self.user, reply=answer_text(error), remedy=self._office365_remedy(error),
            )) from error

    def _office365_connect_pop(self, patience: float) -> LedgerPop:
        connection = self._office365_sign_in_pop(lambda: LedgerPop(
            self.server, self.port, timeout=min(core.MAIL_TIMEOUT, patience), context=client_context()))
        fetching = Fetching.of(self.env.context)
        if fetching and self.id in fetching.server_ids:
            connection.desk = Desk(self, fetching, lambda _name: PopMailbox(connection))
        return connection
