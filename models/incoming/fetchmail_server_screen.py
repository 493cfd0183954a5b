from odoo import api, fields, models


class FetchmailServer(models.Model):
    """What people see of an incoming server, and who may read what it received."""

    _inherit = "fetchmail.server"

    office365_reader_ids = fields.Many2many(
        # Nobody can be deleted while chosen, as no readers means that all members of the group read.
        "res.users", "office365_server_reader_rel", "server_id", "user_id", string="Readers", copy=False, ondelete="restrict",
        context={"active_test": False}, domain=lambda self: self._office365_may_read(),
        help="Who reads the list of received mail of this server: these members of the group “Read received mail”, or all members if "
             "nobody is chosen. Administrators read everything.")
    office365_is_restricted = fields.Boolean(
        compute="_compute_office365_is_restricted", store=True, help="Readers were chosen, archived users among them.")
    office365_status = fields.Selection(
        [("draft", "Not Confirmed"), ("done", "Confirmed"), ("failing", "Failing")], "Fetch Status", compute="_compute_office365_status")
    office365_error_line = fields.Char("Last Error", compute="_compute_office365_status")

    @api.model
    def _office365_may_read(self) -> list:
        """Return the domain of the users who can be chosen as readers; while the addon is installed there is no group yet."""
        group = self.env.ref("mail_office365.group_read_received", raise_if_not_found=False) or self.env["res.groups"]
        return [("all_group_ids", "in", group.ids), ("active", "=", True)]

    @api.depends("office365_reader_ids")
    def _compute_office365_is_restricted(self):
        for server in self:
            server.office365_is_restricted = bool(server.with_context(active_test=False).office365_reader_ids)

    @api.depends("state", "error_date", "error_message")
    def _compute_office365_status(self):
        for server in self:
            is_failing = server.state == "done" and server.error_date
            server.office365_status = "failing" if is_failing else server.state
            server.office365_error_line = is_failing and next(iter((server.error_message or "").strip().splitlines()), False)
