from collections.abc import Iterable

from odoo import api, fields, models

STAGES = (
    ("resolve", "Name resolved"),
    ("connect", "Connected"),
    ("tls", "TLS, certificate verified"),
    ("sign_in", "Signed in"),
    ("sender", "Sender accepted"),
    ("recipients", "Recipient accepted"),
    ("content", "Message accepted"),
)


class Office365ConnectionCheck(models.TransientModel):
    """What a connection test found."""

    _name = "office365.connection.check"
    _description = "Office 365 Connection Test"
    _rec_name = "mail_server_id"

    mail_server_id = fields.Many2one("ir.mail_server", "Server", readonly=True, ondelete="cascade")
    stage_ids = fields.One2many("office365.connection.check.stage", "test_id", "Stages", readonly=True)
    seconds = fields.Float("Seconds in All", compute="_compute_seconds")

    @api.depends("stage_ids.seconds")
    def _compute_seconds(self):
        for test in self:
            test.seconds = sum(test.stage_ids.mapped("seconds"))

    @api.model
    def _of(self, server, stages: Iterable[tuple[str, float, str]]):
        """Keep the stages of a test that succeeded.

        :param stages: name, seconds and detail
        """
        return self.sudo().create({
            "mail_server_id": server.id,
            "stage_ids": [(0, 0, {"stage": name, "seconds": seconds, "detail": detail}) for name, seconds, detail in stages],
        }).sudo(self.env.su)

    def _action(self) -> dict:
        """Return the action that shows it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connection Test"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }


class Office365ConnectionCheckStage(models.TransientModel):
    """A stage that was passed."""

    _name = "office365.connection.check.stage"
    _description = "Stage of an Office 365 Connection Test"
    _order = "id"

    test_id = fields.Many2one("office365.connection.check", required=True, readonly=True, ondelete="cascade")
    stage = fields.Selection(list(STAGES), readonly=True)
    seconds = fields.Float(digits=(16, 2), readonly=True)
    detail = fields.Char("Server Said", readonly=True)

    @api.model
    def _labels(self) -> dict[str, str]:
        """Return what people call each stage, in their order."""
        return dict(self._fields["stage"]._description_selection(self.env))
