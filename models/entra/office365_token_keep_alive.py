import logging

from odoo import api, models
from odoo.exceptions import UserError

from ...tools.entra import token_life
from ...tools.entra.token_life import Wanted

_logger = logging.getLogger(__name__)


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
        sign_ins = [(row.app_id.id, row.account, (row.scopes or "").split()) for row in rows]
        for number, (app_id, account, scopes) in enumerate(sign_ins, start=1):
            try:
                self._obtain(Wanted.of(app_id, account, scopes), anew=True)
            except UserError as error:
                _logger.warning("Office 365: the sign-in of %s could not be kept alive: %s", account, error)
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(sign_ins) - number):
                break
