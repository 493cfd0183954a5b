from odoo import api, fields, models


class Office365Switch(models.TransientModel):
    """Which Entra app signs in for a server that had a password."""

    _name = "office365.switch"
    _description = "Switch a Mail Server to Microsoft Sign-in"

    res_model = fields.Selection(
        [("ir.mail_server", "Outgoing"), ("fetchmail.server", "Incoming")], required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True)
    server_name = fields.Char("Mail Server", compute="_compute_server")
    mailbox = fields.Char(compute="_compute_server")
    app_id = fields.Many2one(
        "office365.app", "Entra App", required=True, compute="_compute_app_id", store=True, readonly=False, ondelete="cascade")
    auth_flow = fields.Selection(related="app_id.auth_flow")

    def _server(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)

    @api.depends("res_model", "res_id")
    def _compute_server(self):
        for move in self:
            server = move.res_model and move._server()
            move.server_name, move.mailbox = (server.display_name, server._office365_user()) if server else (False, False)

    @api.depends("res_model", "res_id")
    def _compute_app_id(self):
        for move in self.filtered("res_model"):
            move.app_id = move.app_id or move._server()._office365_app_for(move._server().office365_cloud)

    def action_switch(self):
        """Try the new sign-in, and switch if it works."""
        self.ensure_one()
        self._server()._office365_switch(self.app_id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s now signs in with its Entra app. You can switch back for 7 days.", self.server_name),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_sign_in(self):
        """Sign in with Microsoft first, for an app that signs in as a user."""
        return self.app_id._sign_in_action(self._server(), self.mailbox)

    def action_device_sign_in(self):
        """Sign in with a code first."""
        return self.env["office365.device.sign.in"]._begin(self.app_id, self.mailbox)
