from odoo import models

from ...tools.checks import Check


class Office365Setup(models.Model):
    _inherit = "office365.setup"

    def _checks_alias_domain(self) -> list[Check]:
        return []
