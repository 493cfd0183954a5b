import base64
import contextlib
from collections.abc import Callable
from imaplib import IMAP4
from poplib import POP3, error_proto
from typing import TypeVar

from imapclient import IMAPClient
from odoo import api, models

from ...tools.addresses import ascii_address
from ...tools.entra.xoauth2 import sasl_string
from ...tools.errors import ImapSignInRefused, PopSignInRefused, answer_text
from ...tools.servers.presets import Problem

T = TypeVar("T", IMAPClient, POP3)


class FetchmailServer(models.Model):
    """Who signs in at an incoming server, and with what: a server with an Entra app signs in with its token, else by password."""

    _inherit = "fetchmail.server"

    @api.depends("office365_app_id")
    def _compute_office365_sign_in_by(self):
        for server in self:
            server.office365_sign_in_by = "office365" if server.sudo().office365_app_id else "login"

    @api.onchange("office365_sign_in_by")
    def _inverse_office365_sign_in_by(self):
        for server in self.filtered("office365_preset"):
            if server.office365_sign_in_by == "office365":
                server.password = False
                if server.office365_app_id:
                    continue
                if app := server._office365_app_for(server.office365_cloud):
                    server.office365_app_id = app
                elif server.id:  # a form can go on, and creates one
                    server._office365_raise_first([Problem("app_missing", {})])
            else:
                server.office365_app_id = False

    def _office365_choose_sign_in(self):
        if not self.office365_preset:
            self.office365_app_id = False
        elif not self.password:
            if (app := self._office365_app_for(self.office365_cloud)) != self.office365_app_id:
                self.office365_app_id = app
            self.office365_sign_in_by = "office365"

    def _office365_sign_in_filled(self, vals, filled):
        """Let go of the app with the preset: core knows passwords only."""
        return {"office365_app_id": False, **filled} if "office365_preset" in vals and not vals["office365_preset"] else filled

    def _office365_signs_in_by_token(self):
        return bool(self.office365_app_id)

    def _office365_user(self):
        return self.user or ""

    def _office365_has_password(self):
        return bool(self.password)

    # ------------------------------------------------------------
    # Signing in
    # ------------------------------------------------------------

    def _office365_sign_in_imap(self, connect: Callable[[], IMAPClient]) -> IMAPClient:
        """Return a connection to an IMAP server that is signed in.

        :raise ImapSignInRefused: the server refuses
        """
        try:
            return self._office365_signed_in(
                "imap", connect, close=lambda imap: imap.shutdown(), by_token=_authenticate_imap, by_password=self._imap_login__)
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            raise ImapSignInRefused(self._office365_refusal_text(self.server, self.user, error, answer_text(error))) from error

    def _office365_sign_in_pop(self, connect: Callable[[], POP3]) -> POP3:
        """Return a connection to a POP server that is signed in.

        :raise PopSignInRefused: the server refuses
        """
        def by_password(pop: POP3) -> None:
            pop.user(self.user)
            pop.pass_(self.password)

        try:
            return self._office365_signed_in(
                "pop", connect, close=lambda pop: pop.close(), by_token=_authenticate_pop, by_password=by_password)
        except error_proto as error:
            raise PopSignInRefused(self._office365_refusal_text(self.server, self.user, error, answer_text(error))) from error

    def _office365_signed_in(
        self, protocol: str, connect: Callable[[], T], *, close: Callable[[T], object], by_token: Callable[[T, str, str], object],
        by_password: Callable[[T], object],
    ) -> T:
        """Return a connection that is signed in. Each try has one of its own: servers end those on which a sign-in failed."""
        def sign_in(token: str | None = None) -> T:
            connection = connect()
            with contextlib.ExitStack() as on_failure:
                on_failure.callback(close, connection)
                if token:
                    by_token(connection, self.user, token)
                else:
                    by_password(connection)
                on_failure.pop_all()
            return connection

        return self._office365_with_token(protocol, self.user, sign_in) if self._office365_signs_in_by_token() else sign_in()


def _authenticate_imap(connection: IMAPClient, user: str, token: str) -> None:
    """Say AUTHENTICATE XOAUTH2; a shared mailbox is named here, whoever's token it is.

    :raise imaplib.IMAP4.error: the server refuses
    """
    answers = iter([sasl_string(ascii_address(user), token).encode()])
    connection.sasl_login("XOAUTH2", lambda _challenge: next(answers, b""))


def _authenticate_pop(connection: POP3, user: str, token: str) -> None:
    """Say AUTH XOAUTH2, which `poplib` does not know, and the answer on a line of its own.

    RFC 5034 section 4: a command has 255 octets at most, the answer to a challenge may be longer. Each further challenge is answered with
    nothing, to get the refusal itself; `poplib` takes a challenge for success, as it begins with a plus sign too.

    :raise poplib.error_proto: the server refuses
    """
    answers = iter([base64.b64encode(sasl_string(ascii_address(user), token).encode()).decode(), ""])
    reply = connection._shortcmd("AUTH XOAUTH2")
    while not reply.startswith(b"+OK"):
        if (answer := next(answers, None)) is None:
            raise error_proto(reply)
        reply = connection._shortcmd(answer)
