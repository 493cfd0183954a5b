from odoo import fields, models

from .office365_email import KEPT_DAYS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    office365_log_days = fields.Integer(
        "Days in the Email Log", config_parameter="mail_office365.log_days", default=KEPT_DAYS,
        help="After that, subject and recipients of an email are removed from the log.")
