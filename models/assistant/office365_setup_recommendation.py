from markupsafe import Markup
from odoo import api, fields, models

from ...const import DEFAULT_CLOUD
from ...tools.assistant import recommendation


class Office365Setup(models.Model):
    """Which preset to send by: three questions, and a table that compares the presets."""

    _inherit = "office365.setup"

    planned_recipients = fields.Selection(
        [("anyone", "Anyone"), ("inside", "People in our own organization only")], string="Who receives emails from Odoo?")
    planned_volume = fields.Selection(
        [("usual", "Up to 30 a minute and 10,000 recipients a day"), ("high", "More than that")], string="How many emails does Odoo send?")
    server_address = fields.Selection(
        [("own", "Yes, and it can reach port 25"), ("shared", "No, or I do not know")],
        string="Does this server have a fixed public address of its own?")
    recommended_preset = fields.Selection(
        [("submission", "Client submission"), ("relay", "Relay through a connector"), ("hve", "High Volume Email")],
        compute="_compute_recommended_preset")
    recommendation_reason = fields.Char(compute="_compute_recommended_preset")
    preset_table = fields.Html("Comparison", compute="_compute_preset_table", sanitize=False)

    @api.depends("planned_recipients", "planned_volume", "server_address", "cloud")
    def _compute_recommended_preset(self):
        for setup in self:
            found = recommendation.recommend(
                setup.planned_recipients, setup.planned_volume, setup.server_address, setup.cloud or DEFAULT_CLOUD)
            setup.recommended_preset = found and found.preset
            setup.recommendation_reason = found and self.env._(recommendation.REASONS[found.reason])

    @api.depends_context("lang")
    def _compute_preset_table(self):
        names = dict(self._fields["preset"]._description_selection(self.env))
        self.preset_table = Markup(self.env["ir.qweb"]._render("mail_office365.office365_preset_table", {
            "presets": [names[each] for each in recommendation.PRESETS],
            "rows": [(label, [(names[each], text) for each, text in cells]) for label, cells in recommendation.table(self.env._)]}))

    def action_use_recommended_preset(self):
        """Take the preset that fits."""
        self.ensure_one().check_access("write")
        if self.recommended_preset:
            self.preset = self.recommended_preset
