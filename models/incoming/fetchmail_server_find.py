from imaplib import IMAP4

from imapclient import IMAPClient
from odoo import models
from odoo.exceptions import UserError

from ...tools.incoming.find import Place, find


class FetchmailServer(models.Model):
    """Where in the mailbox a message lies that was not fetched."""

    _inherit = "fetchmail.server"

    def _office365_find(self, header: str, prefix: str) -> tuple[Place, bool] | None:
        """Return the folder of a message of today, and whether Odoo fetches from it.

        :param header: name of one of its headers; ``prefix``: how the value begins
        :return: None if it lies nowhere, over POP, which knows no folders, and if the mailbox cannot be looked into now
        """
        self.ensure_one()
        if self._get_connection_type() != "imap":
            return None
        try:
            with self._office365_reading() as connection:
                place = find(connection, header, prefix) if isinstance(connection, IMAPClient) else None
        except (UserError, OSError, IMAP4.error):
            return None  # the next fetch says why
        return (place, place.name in self._office365_folder_names()) if place else None
