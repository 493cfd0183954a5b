from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS

from ..tools.diagnosis import Diagnosis
from ..tools.entra import Token
from .office365_fingerprint import CopiedDatabase  # noqa: F401 - for those who handle it


class SignInRefused(UserError):
    """Entra gave no token.

    :ivar diagnosis: why, and whether another try makes sense
    """

    def __init__(self, message: str, diagnosis: Diagnosis) -> None:
        super().__init__(message)
        self.diagnosis = diagnosis


class Office365Token(models.Model):
    """Tokens of Entra, encrypted; one row an app and account."""

    _name = "office365.token"
    _inherit = ["office365.fingerprint"]
    _description = "Encrypted Token"

    tenant_id = fields.Many2one("office365.tenant", required=True, readonly=True, ondelete="cascade", index=True)
    access_token = fields.Char(readonly=True, groups=NO_ACCESS)

    @api.model
    def _access_token__(  # noqa: PLW3201
        self, tenant: models.BaseModel, protocol: str, account: str | None, renew: str | None = None, anew: bool = False,
    ) -> str:
        """Return an access token that works for five minutes more at least.

        :param protocol: ``smtp``, ``imap`` or ``pop``
        :param account: address that signed in; None for app-only sign-in
        :param renew: the token that a server just refused: another one is asked for, unless somebody did meanwhile
        :param anew: ask, whatever is stored and whatever was refused a moment ago: for "Check sign-in"
        :raise SignInRefused: Entra gives none; ``diagnosis`` says why
        :raise CopiedDatabase: what is stored belongs to another address
        :raise UserError: a secret is missing, or no key opens it
        """
        raise NotImplementedError

    @api.model
    def _keep__(self, tenant: models.BaseModel, token: Token, account: str) -> None:  # noqa: PLW3201
        """Store what a user's sign-in brought, in a transaction of its own."""
        raise NotImplementedError

    @api.model
    def _forget__(self, tenant: models.BaseModel, account: str | None = None) -> None:  # noqa: PLW3201
        """Remove the tokens of an app, or of one account only."""
        raise NotImplementedError
