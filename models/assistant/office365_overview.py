import uuid

from odoo import api, fields, models

from ...tools.assistant import overview


class Office365Overview(models.TransientModel):
    """The Overview: what is right, to be done or wrong with the mail of this database, as it was when the page was opened.

    `tools.assistant.overview` judges; `office365_overview_facts.py` looks the values up, `office365_overview_words.py` has the sentences.
    """

    _name = "office365.overview"
    _description = "Office 365 Overview"
    _order = "id"

    opening = fields.Char(readonly=True, index=True)
    kind = fields.Char(readonly=True)
    name = fields.Char("What", readonly=True)
    state = fields.Selection([("failed", "Failed"), ("todo", "To do"), ("done", "OK")], readonly=True)
    number = fields.Integer(readonly=True)
    since = fields.Datetime(readonly=True)
    until = fields.Date(readonly=True)
    cause = fields.Text(readonly=True)
    remedy = fields.Text("What to Do", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Integer(readonly=True)

    @api.model
    def action_open(self):
        """Open the page with what is known at this moment."""
        self.check_access("read")
        opening = uuid.uuid4().hex
        self.sudo().create([{"opening": opening, **values} for values in map(self._row, overview.as_shown(self._lines()))])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Office 365 Overview"),
            "res_model": self._name,
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "mobile_view_mode": "kanban",
            "domain": [("opening", "=", opening)],
        }

    def action_refresh(self):
        """Open the page anew, in place of this one."""
        return {**self.action_open(), "target": "main"}

    def action_go(self):
        """Open the screen on which something can be done about it."""
        self.ensure_one().check_access("read")
        return self._screen(self.kind, self.res_model, self.res_id)

    @api.model
    def _row(self, line: overview.Line) -> dict:
        words = self._words(line)
        return {
            "kind": line.kind, "name": words.name, "state": words.state, "number": line.count, "since": line.since, "until": line.until,
            "cause": words.cause, "remedy": words.remedy, "res_model": line.record[0], "res_id": line.record[1]}
