from odoo import fields, models


class Office365AliasChange(models.Model):
    """Who changed which alias, and how. Made by `res.users` only: the access rights let people read."""

    _name = "office365.alias.change"
    _description = "Alias Change"
    _order = "id desc"
    _rec_name = "new_alias"

    # The trace outlives the user.
    user_id = fields.Many2one("res.users", readonly=True, index=True, ondelete="set null")
    actor_id = fields.Many2one(
        "res.users", "Changed By", readonly=True, ondelete="set null",
        help="Empty if someone opened the link in the email without logging in.",
    )
    kind = fields.Selection(
        [
            ("requested", "Requested"),
            ("confirmed", "Confirmed"),
            ("set", "Set by administrator"),
            ("cancelled", "Cancelled"),
            ("removed", "Removed"),
            ("email_confirmed", "E-mail confirmed"),
        ],
        string="Change", readonly=True, required=True,
    )
    old_alias = fields.Char("Before", readonly=True)
    new_alias = fields.Char("After", readonly=True)
    create_date = fields.Datetime("Date", readonly=True)
