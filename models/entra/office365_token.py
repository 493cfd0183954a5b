import dataclasses
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import SQL
from psycopg2 import errors

from ...tools import entra
from ...tools.diagnosis.reader import Diagnosis, diagnose
from ...tools.entra import token_life
from ...tools.entra.token_life import Wanted
from ...tools.entra.tokens import EntraRefused, Token
from ...tools.servers import remedies
from ...tools.transactions import run_apart

_logger = logging.getLogger(__name__)
_T = TypeVar("_T")

# With less than this left, Microsoft is not asked: that it did not answer would be noted, and say nothing of it.
_SHORTEST = 2
_FAILURE = ("failure_cause", "failure_text", "failure_scopes", "failure_app", "failure_since", "failed_at", "failure_until")
# Causes that only the user can end, by signing in again.
_SIGN_IN_AGAIN = ("entra_grant_expired", "entra_mfa_required", "entra_bad_password")


class SignInRefused(UserError):
    """Entra gave no token.

    :ivar diagnosis: why, and whether another try makes sense
    """

    def __init__(self, message: str, diagnosis: Diagnosis) -> None:
        super().__init__(message)
        self.diagnosis = diagnosis


class Office365Token(models.Model):
    """Tokens of Entra, encrypted: one row for the sign-in of an app, or of a user at an app.

    A row is changed in short transactions of its own that hold its lock while Microsoft is asked. So one request is made however many
    workers want the token, and whatever becomes of the transaction that sends, a refresh token that Microsoft replaced is not lost.
    """

    _name = "office365.token"
    _inherit = ["office365.encrypted"]
    _description = "Encrypted Token"
    _log_access = False

    app_id = fields.Many2one("office365.app", required=True, readonly=True, ondelete="cascade")
    account = fields.Char(required=True, readonly=True)
    resource = fields.Char(required=True, readonly=True)
    scopes = fields.Char(readonly=True)
    access_token = fields.Char(readonly=True, groups=NO_ACCESS)
    refresh_token = fields.Char(readonly=True, groups=NO_ACCESS)
    public_client = fields.Boolean(readonly=True)
    expires_at = fields.Datetime(readonly=True)
    refresh_expires = fields.Datetime(readonly=True)
    refreshed_at = fields.Datetime(readonly=True)
    renewed_at = fields.Datetime(readonly=True)
    failure_cause = fields.Char(readonly=True)
    failure_text = fields.Char(readonly=True)
    failure_scopes = fields.Char(readonly=True)
    failure_app = fields.Char(readonly=True)
    failure_since = fields.Datetime(readonly=True)
    failed_at = fields.Datetime(readonly=True)
    failure_until = fields.Datetime(readonly=True)
    needs_sign_in = fields.Boolean(compute="_compute_needs_sign_in")

    _sign_in_unique = models.Constraint("UNIQUE(app_id, account, resource)", "An app has one sign-in for each account.")

    @api.depends("account", "failure_cause")
    def _compute_needs_sign_in(self):
        for row in self:
            row.needs_sign_in = bool(row.account) and row.failure_cause in _SIGN_IN_AGAIN

    # ------------------------------------------------------------
    # For servers and apps
    # ------------------------------------------------------------

    @api.model
    def _access_token__(  # noqa: PLW3201
        self, app: models.BaseModel, protocol: str, account: str | None, renew: str | None = None, anew: bool = False,
        seconds: float = token_life.LONGEST,
    ) -> str:
        """Return an access token that works for five minutes more at least.

        :param protocol: ``smtp``, ``hve``, ``imap`` or ``pop``
        :param account: address that signed in; None for app-only sign-in
        :param renew: the token that a server just refused: another one is asked for, unless somebody did meanwhile. The same one is
            returned if that was tried a moment ago: then the token is not what the server minds
        :param anew: ask, whatever is stored and whatever was refused a moment ago: for "Check sign-in"
        :param seconds: how long it may take
        :raise SignInRefused: Entra gives none; ``diagnosis`` says why
        :raise CopiedDatabase: another database stored it
        :raise UserError: a secret is missing, or no key opens it
        """
        scopes = app.sudo()._scopes(protocol, "delegated" if account else "app")
        wanted = Wanted.of(app.id, account, scopes, seconds)
        if not anew and (token := self._apart(wanted, lambda tokens: tokens._stored(wanted, renew))):
            return token
        if not account:
            mark = self._claim()
            self._apart(wanted, lambda tokens: tokens._insert(wanted, mark))
        return self._obtain(wanted, renew=renew, anew=anew)

    @api.model
    def _keep__(self, app: models.BaseModel, token: Token, account: str) -> None:  # noqa: PLW3201
        """Store what a user's sign-in brought, in place of what was stored for the account."""
        wanted, mark = Wanted.of(app.id, account, token.scopes), self._claim()
        self._vault__(make=True)  # a public client has stored no secret before

        def keep(tokens: "Office365Token") -> None:
            row = tokens._locked(wanted)
            row.write({"refresh_token": False, "refresh_expires": False, "fingerprint": mark})
            row._store(token, wanted.scopes)

        self._apart(wanted, lambda tokens: tokens._insert(wanted, mark))
        self._apart(wanted, keep)

    @api.model
    def _forget__(self, app: models.BaseModel, account: str | None = None) -> None:  # noqa: PLW3201
        """Remove the tokens of an app, or of one account only."""
        of_account = [("account", "=", token_life.normal_account(account))] if account else []
        self.sudo().search([("app_id", "in", app.ids), *of_account]).unlink()

    # ------------------------------------------------------------
    # A transaction apart
    # ------------------------------------------------------------

    def _apart(self, wanted: Wanted, work: Callable[["Office365Token"], _T]) -> _T:
        """Do something in a transaction of its own, and commit it.

        :raise SignInRefused: another worker holds the row for too long
        """
        def work_apart(cr) -> _T:
            return work(api.Environment(cr, SUPERUSER_ID, self.env.context)[self._name])

        try:
            return run_apart(self.env.registry.cursor, work_apart, lambda: wanted.seconds_left)
        except errors.LockNotAvailable:
            raise self._out_of_time() from None

    def _out_of_time(self) -> SignInRefused:
        return SignInRefused(
            self.env._("Other Odoo workers are waiting for Microsoft Entra as well. Try again in a minute."),
            diagnose({"error": "temporarily_unavailable"}, protocol="entra"))

    def _insert(self, wanted: Wanted, mark: str) -> None:
        """Make the row, so that there is something to lock; another worker may do the same."""
        self.env.cr.execute(SQL(
            """INSERT INTO office365_token (app_id, account, resource, fingerprint)
               SELECT id, %s, %s, %s FROM office365_app WHERE id = %s
               ON CONFLICT DO NOTHING""",
            wanted.account, wanted.resource, mark, wanted.app_id), log_exceptions=False)

    def _row(self, wanted: Wanted) -> "Office365Token":
        return self.search([
            ("app_id", "=", wanted.app_id), ("account", "=", wanted.account), ("resource", "=", wanted.resource)])

    def _locked(self, wanted: Wanted) -> "Office365Token":
        """Return the row when nobody else works on it; nothing if there is none."""
        self.env.cr.execute(SQL(
            "SELECT id FROM office365_token WHERE app_id = %s AND account = %s AND resource = %s FOR UPDATE",
            wanted.app_id, wanted.account, wanted.resource), log_exceptions=False)
        return self.browse(found for [found] in self.env.cr.fetchall())

    # ------------------------------------------------------------
    # Stored or asked for
    # ------------------------------------------------------------

    def _stored(self, wanted: Wanted, renew: str | None) -> str | None:
        """Return the token that is stored, None if another one has to be asked for.

        :raise SignInRefused: that was refused a moment ago
        """
        row, at = self._row(wanted), token_life.now()
        row._check_fingerprint__()
        if token_life.is_usable(row.expires_at or None, at) and token_life.covers(row.scopes, wanted.scopes):
            token = row._open__("access_token")
            if token != renew or not token_life.may_renew(row.renewed_at or None, at):
                return token
        if row._is_refused(wanted, at):
            raise row._refusal((row.failure_until - at).seconds)
        return None

    def _obtain(self, wanted: Wanted, *, renew: str | None = None, anew: bool = False) -> str:
        """Ask for a token, unless another worker does; what comes of it is stored in either case.

        :raise SignInRefused: there is none
        """
        def obtain(tokens: "Office365Token") -> str | SignInRefused:
            row = tokens._locked(wanted)
            if not row:
                return tokens._never_signed_in(wanted)
            if not anew and (token := tokens._stored(wanted, renew)):
                return token
            return row._ask(wanted, renewing=renew is not None)

        result = self._apart(wanted, obtain)
        if isinstance(result, SignInRefused):  # raised out here, as the transaction that wrote it down had to be committed
            raise result
        return result

    def _ask(self, wanted: Wanted, *, renewing: bool) -> str | SignInRefused:
        self.ensure_one()
        self._check_fingerprint__()
        if wanted.seconds_left < _SHORTEST:
            return self._out_of_time()
        app = dataclasses.replace(self.app_id._app__(), patience=wanted.seconds_left)
        scopes, tried_with = wanted.scopes, self.app_id._tried_with()
        try:
            if self.account:
                if not self.refresh_token:
                    return self._never_signed_in(wanted)
                # All that was asked for before as well: the protocols share the token, they must not take it from each other.
                scopes |= set((self.scopes or "").split())
                app = dataclasses.replace(app, credential=None) if self.public_client else app
                token = entra.refresh(app, self._open__("refresh_token"), sorted(scopes))
            else:
                token = entra.app_only_token(app, sorted(scopes))
        except EntraRefused as refused:
            return self._fail(refused, wanted, tried_with)
        self._store(token, scopes)
        if renewing:
            self.renewed_at = self.refreshed_at
        return token.access_token

    def _store(self, token: Token, scopes: frozenset[str]) -> None:
        """Store a token; without a new refresh token, the one before goes on."""
        vault, at = self._vault__(), token_life.now()
        self.write({
            "access_token": vault.encrypt(token.access_token),
            "expires_at": token_life.from_epoch(token.expires_at),
            "scopes": " ".join(sorted(scopes)),
            "refreshed_at": at,
            **dict.fromkeys(_FAILURE, False),
        })
        if token.refresh_token:
            self.write({
                "refresh_token": vault.encrypt(token.refresh_token),
                "refresh_expires": at + token_life.REFRESH_LIFETIME,
                "public_client": token.public_client,
            })

    # ------------------------------------------------------------
    # Refusals
    # ------------------------------------------------------------

    def _is_refused(self, wanted: Wanted, at: datetime) -> bool:
        """Tell whether Entra refused the same a moment ago: the same app with the same secret."""
        return (
            bool(self.failure_until) and self.failure_until > at
            and token_life.covers(self.failure_scopes, wanted.scopes)
            and self.failure_app == self.app_id._tried_with()
        )

    def _fail(self, refused: EntraRefused, wanted: Wanted, tried_with: str) -> SignInRefused:
        """Write a refusal down, and return it."""
        diagnosis, at = diagnose(refused, protocol="entra"), token_life.now()
        self.write({
            "failure_cause": diagnosis.cause,
            "failure_text": str(refused),
            "failure_scopes": " ".join(sorted(wanted.scopes)),
            "failure_app": tried_with,
            "failure_since": self.failure_since if self.failure_cause == diagnosis.cause else at,
            "failed_at": at,
            "failure_until": at + token_life.pause(diagnosis),
        })
        _logger.warning("Office 365: Microsoft Entra gave no token for %s (%s): %s", self._whose(), diagnosis.cause, refused)
        return self._refusal(diagnosis.retry_after)

    def _refusal(self, retry_after: int | None) -> SignInRefused:
        """Return what was written down as an error.

        :param retry_after: seconds until Entra is asked again
        """
        diagnosis = diagnose(self.failure_text, protocol="entra")
        if diagnosis.retryable:
            diagnosis = dataclasses.replace(diagnosis, retry_after=retry_after)
        return SignInRefused(self.env._(
            "Microsoft Entra gave no token for %(whose)s. It said: %(reply)s\n%(remedy)s",
            whose=self._whose(), reply=self.failure_text, remedy=remedies.told(
                diagnosis, self.env._, {"client id": self.app_id.client_id or "", "mailbox": self.account or ""})), diagnosis)

    def _never_signed_in(self, wanted: Wanted) -> SignInRefused:
        app = self.env["office365.app"].browse(wanted.app_id).exists()
        return SignInRefused(
            self.env._("%(account)s has not signed in at %(app)s yet. Open it and sign in.", account=wanted.account, app=app.name)
            if wanted.account and app else self.env._("The Entra app no longer exists."),
            diagnose({"error": "interaction_required"}, protocol="entra"))

    def _whose(self) -> str:
        name = self.app_id.display_name
        return f"{self.account} ({name})" if self.account else name
