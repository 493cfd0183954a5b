from typing import NamedTuple

from odoo import api, models

from ...tools.entra import token_life
from ...tools.entra.token_life import Wanted
from ..one_by_one import one_by_one


class _SignIn(NamedTuple):
    app_id: int
    account: str
    scopes: tuple[str, ...]


class Office365Token(models.Model):
    """Users' sign-ins that are used rarely."""

    _inherit = "office365.token"

    @api.model
    def _keep_alive(self) -> None:
        """Use the refresh tokens that nobody used for a week, so that they don't end."""
        before = token_life.now() - token_life.KEEP_ALIVE_AFTER
        rows = self.sudo().search([
            ("refresh_token", "!=", False), ("refreshed_at", "<", before), ("app_id.active", "=", True)])
        # Read before the first commit: what is deleted meanwhile is no reason to stop.
        sign_ins = [_SignIn(row.app_id.id, row.account, tuple((row.scopes or "").split())) for row in rows]
        # How long each may take counts from when it is asked for.
        one_by_one(self.env, sign_ins, lambda sign_in: self._obtain(Wanted.of(*sign_in), anew=True), "%s could not be kept alive")
