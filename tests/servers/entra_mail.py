"""What Exchange makes of Entra's tokens: who may sign in with them, by which protocol, to which mailbox.

https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth

An app is let in over SMTP by its permission alone; whether it may open the mailbox shows when a message is stored there
(:meth:`MailAccess.opens`). With IMAP and POP3 it is refused at once, and so is an app without permissions whose App RBAC scope does
not have the mailbox. A user gets into his own mailbox, over IMAP and POP3 into those he holds FullAccess on, too; IMAP signs him in
to any other, but does not open it.

High Volume Email wants a permission and a resource of its own, and its account has to list the app:
https://learn.microsoft.com/exchange/mail-flow-best-practices/oauth-high-volume-mails-m365
"""

from __future__ import annotations

from . import replies
from .directory import Directory
from .entra_directory import APP_ROLES, DELEGATED, HVE_PERMISSION, EntraApp, EntraDirectory
from .entra_scopes import EXCHANGE
from .entra_tokens import Tokens
from .replies import Reply

_REFUSED: dict[str, Reply | str] = {
    "submission": replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL,
    "hve": replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL,
    "imap": replies.IMAP_AUTHENTICATE_FAILED,
    "pop": replies.POP_AUTHENTICATION_FAILURE,
}


class MailAccess:
    """Judges tokens for the mail servers."""

    def __init__(self, mailboxes: Directory, directory: EntraDirectory, tokens: Tokens) -> None:
        self._mailboxes = mailboxes
        self._directory = directory
        self._tokens = tokens

    def judge(self, protocol: str, mailbox: str, token: str) -> Reply | str | None:
        """Return the refusal of a sign-in, or None.

        :param protocol: "submission", "hve", "imap" or "pop"
        :param mailbox: ``user=`` of XOAUTH2
        """
        claims = self._claims(token, hve=protocol == "hve")
        app = self._directory.apps.get(claims["appid"]) if claims else None
        if app is None or app.disabled:
            return _REFUSED[protocol]
        if protocol == "hve":
            return self._hve_refusal(app, claims, mailbox.lower())
        if claims.get("idtyp") == "app":
            return None if self._app_signs_in(app, claims, mailbox.lower(), protocol) else _REFUSED[protocol]
        user = self._directory.users.get(claims["upn"].lower())
        if user is None or user.disabled or DELEGATED[protocol] not in claims["scp"].split():
            return _REFUSED[protocol]
        if self._user_opens(user.address.lower(), mailbox, protocol):
            return None
        return replies.IMAP_NOT_CONNECTED if protocol == "imap" else _REFUSED[protocol]

    def opens(self, mailbox: str, token: str) -> bool:
        """Whether a submission session signed in with this token gets at the mailbox when it stores a message."""
        claims = self._claims(token, running=True)
        app = self._directory.apps.get(claims["appid"]) if claims else None
        if claims is None or claims.get("idtyp") != "app":
            return True
        return app is not None and (mailbox.lower() in _lower(app.full_access if claims["roles"] else app.in_scope))

    def _hve_refusal(self, app: EntraApp, claims: dict, account: str) -> Reply | None:
        is_app = claims.get("idtyp") == "app"
        if HVE_PERMISSION not in (claims["roles"] if is_app else claims["scp"].split()):
            return replies.S535_5_7_144_INVALID_API_PERMISSIONS
        if account not in _lower(app.hve_accounts):
            return replies.S550_5_7_240_APP_NOT_ALLOWED
        return None if is_app or claims["upn"].lower() == account else _REFUSED["hve"]

    def _claims(self, token: str, *, running: bool = False, hve: bool = False) -> dict | None:
        """Return what a good token says; app-only ones have to be for outlook.office365.com, as Microsoft's page demands.

        Those for High Volume Email have to be for outlook.office.com, of a user as well as of an app.

        :param running: the session was signed in when the token was good: that it has expired meanwhile does not end it
        """
        audiences = EXCHANGE[self._directory.cloud]
        claims = self._tokens.verify(token, audiences, expired=running)
        if claims and hve and claims["aud"] != audiences[-1]:
            return None
        if claims and not hve and claims.get("idtyp") == "app" and claims["aud"] != audiences[0]:
            return None
        return claims

    def _app_signs_in(self, app: EntraApp, claims: dict, mailbox: str, protocol: str) -> bool:
        if not app.in_exchange or (app.exchange_object_id or app.principal_id) != claims["oid"]:
            return False
        if protocol == "submission":
            return APP_ROLES["submission"] in claims["roles"] or (not claims["roles"] and mailbox in _lower(app.in_scope))
        return APP_ROLES[protocol] in claims["roles"] and mailbox in _lower(app.full_access)

    def _user_opens(self, user: str, mailbox: str, protocol: str) -> bool:
        account = self._mailboxes.find(mailbox)
        if account is None:
            return False
        return user == account.address.lower() or (protocol != "submission" and user in _lower(account.full_access))


def _lower(addresses: set[str]) -> set[str]:
    return {address.lower() for address in addresses}
