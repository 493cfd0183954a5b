from odoo import models

from ...tools.checks import Check


class Office365Setup(models.Model):
    _inherit = "office365.setup"

    def _checks_outgoing(self) -> list[Check]:
        return self._checks_relay() if self.road == "relay" else []

    def _checks_relay(self) -> list[Check]:
        return []
