from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.assistant import alias_domain

# Models of which a line sets a field.
COMPANY, DOMAIN, SERVER = "res.company", "mail.alias.domain", "ir.mail_server"


class Office365SetupValue(models.Model):
    """A value that the assistant proposes, beside what there is. Nothing is set before somebody says so."""

    _name = "office365.setup.value"
    _description = "Proposed Value of an Office 365 Set-up"
    _order = "setup_id, sequence, id"
    _rec_name = "label"

    setup_id = fields.Many2one("office365.setup", required=True, readonly=True, ondelete="cascade", index=True)
    sequence = fields.Integer(readonly=True)
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    field = fields.Char(required=True, readonly=True)
    label = fields.Char("Setting", readonly=True)
    present = fields.Char("Now", readonly=True)
    proposed = fields.Char()
    before = fields.Char(readonly=True)
    reason = fields.Char("Why", readonly=True)
    state = fields.Selection([("same", "Fits"), ("todo", "To do"), ("set", "Set")], "Status", required=True, readonly=True)

    def write(self, vals):
        # A client writes what it proposes, nothing else: the rest says what is set, and where.
        return super().write(vals if self.env.su else {name: vals[name] for name in ("proposed",) if name in vals})

    def action_set(self):
        """Set these values; what there was is kept for Undo."""
        self.check_access("write")
        for line in self.sudo():
            if not line.proposed:
                raise UserError(self.env._("%s: enter a value first.", line.label))
            line.before = line._current()
        self._put({line: line.proposed.strip() for line in self})
        self.sudo().state = "set"
        for line in self.sudo():
            line.present = line.proposed = line._current()
        self.setup_id._propose_values()
        self.setup_id._forget({"alias_domain"})

    def action_undo(self):
        """Put back what there was, unless somebody has changed it since."""
        self.check_access("write")
        unchanged = self.filtered(lambda line: line.state == "set" and line._current() == line.proposed)
        unchanged._put({line: line.before for line in unchanged})
        setups = self.setup_id
        self.sudo().state = "todo"
        setups._propose_values()
        setups._forget({"alias_domain"})

    def _record(self):
        """Return what the line is about: only what a line of this model may set."""
        fitting = {COMPANY: ("alias_domain_id",), DOMAIN: alias_domain.FIELDS, SERVER: ("from_filter",)}
        if self.field not in fitting.get(self.res_model, ()):
            raise UserError(self.env._("%s cannot be set here.", self.label))
        return self.env[self.res_model].browse(self.res_id).exists()

    def _current(self) -> str | bool:
        """Return what is set now."""
        value = self._record()[self.field]
        return value.name if self.res_model == COMPANY else value

    def _put(self, values: dict) -> None:
        """Write these values, those of one record together: core compares them with each other."""
        by_record: dict[models.BaseModel, dict] = {}
        for line, value in values.items():
            if line.res_model == COMPANY:
                value = line._alias_domain(value)
            by_record.setdefault(line._record(), {})[line.field] = value
        for record, vals in by_record.items():
            record.write(vals)

    def _alias_domain(self, name: str | bool) -> int | bool:
        """Return the id of the alias domain of this name; it is made if there is none."""
        Domains = self.env["mail.alias.domain"]
        domain = name and (Domains.search([("name", "=ilike", name)], limit=1) or self.setup_id._make_alias_domain(name))
        return domain.id if domain else False
