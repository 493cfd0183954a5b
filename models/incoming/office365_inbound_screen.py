from odoo import api, fields, models
from odoo.tools import SQL

# What needs somebody's attention first.
_FIRST = ("set_aside", "failed", "unroutable", "ignored", "done")


class Office365Inbound(models.Model):
    """What people see of the list of received mail."""

    _inherit = "office365.inbound"

    server_name = fields.Char("Mail Server", related="server_id.name", help="Readers may not read the server itself.")
    error_line = fields.Char("What Happened (Short)", compute="_compute_error_line", help="The first line.")
    record_name = fields.Char("About", compute="_compute_record_name")

    @api.depends("error")
    def _compute_error_line(self):
        for inbound in self:
            inbound.error_line = next(iter((inbound.error or "").strip().splitlines()), False)

    @api.depends("model", "res_id")
    def _compute_record_name(self):
        for inbound in self:
            inbound.record_name = inbound._record_name()

    def _record_name(self) -> str | bool:
        """Return kind and name of the record that a message became or is about: its name only for whom may read it."""
        if not self.res_id or self.model not in self.env:
            return False
        kind = self.env["ir.model"]._get(self.model).sudo().name
        record = self.env[self.model].browse(self.res_id).exists()
        if not record:
            return self.env._("%s (deleted)", kind)
        return f"{kind}: {record.display_name}" if record.has_access("read") else kind

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Order by how urgent a state is, rather than by its name."""
        term = super()._order_field_to_sql(alias, field_name, direction, nulls, query)
        if field_name != "state":
            return term
        rank = SQL("array_position(%s::varchar[], %s)", list(_FIRST), self._field_to_sql(alias, "state", query))
        return SQL("%s %s %s", rank, direction, nulls)

    def action_file_under(self):
        """Open the dialog to file messages under a record."""
        self.check_access("write")
        return {
            **self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_file_under_action"),
            "context": {"default_inbound_ids": self.ids},
        }
