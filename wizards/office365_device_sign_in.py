import json
from datetime import datetime, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import entra


class Office365DeviceSignIn(models.TransientModel):
    """Sign-in with a code that is entered on another device: for an Odoo that Microsoft's page cannot lead back to (RFC 8628)."""

    _name = "office365.device.sign.in"
    _description = "Sign in with a Device Code"

    app_id = fields.Many2one("office365.app", required=True, readonly=True, ondelete="cascade")
    account = fields.Char("Who Signs In", required=True, readonly=True)
    user_code = fields.Char("Code", readonly=True)
    verification_uri = fields.Char("Page", readonly=True)
    expires_at = fields.Datetime("Works Until", readonly=True)
    state = fields.Selection([("pending", "Pending"), ("failed", "Failed")], default="pending", required=True, readonly=True)
    message = fields.Text(readonly=True)

    @api.model
    def _begin(self, app: models.BaseModel, account: str):
        """Ask for a code, and return the action that shows it.

        :raise UserError: Entra gives none
        """
        wizard = self.create({"app_id": app.id, "account": account})
        wizard._start()
        return wizard._action()

    def _start(self) -> None:
        app = self.app_id
        try:
            flow = entra.start_device_flow(app._public_app(), app._all_scopes())
        except entra.EntraRefused as error:
            raise UserError(app._refusal_text(error)) from error
        ends = datetime.fromtimestamp(flow["expires_at"], timezone.utc).replace(tzinfo=None)
        self.write({
            "user_code": flow["user_code"], "verification_uri": flow["verification_uri"], "expires_at": ends,
            "state": "pending", "message": False,
        })
        # Whoever has the device code gets the token: it is kept as secrets are.
        self.env["office365.secret"]._put__(self, "device_flow", json.dumps(flow), expires=ends)

    def action_continue(self):
        """Ask once whether the code was entered."""
        self.ensure_one()
        secrets = self.env["office365.secret"]
        if self.state == "failed" or not secrets._has__(self, "device_flow"):
            return self.action_restart()
        flow = json.loads(secrets._get__(self, "device_flow"))
        try:
            token = entra.poll_device_flow(self.app_id._public_app(), flow)
            if token:
                secrets._drop__(self)
                self.app_id._accept(token, self.account)
        except entra.EntraRefused as error:
            return self._failed(self._declined_text(error))
        except UserError as error:
            return self._failed(str(error))
        if token:
            return self._done()
        secrets._put__(self, "device_flow", json.dumps(flow), expires=self.expires_at)
        self.message = self.env._(
            "Not yet. Enter the code on Microsoft's page and sign in there as %s, then press Continue again.", self.account)
        return self._action()

    def action_restart(self):
        """Ask for another code."""
        self.ensure_one()
        self._start()
        return self._action()

    def _declined_text(self, error: entra.EntraRefused) -> str:
        """Return what became of a code that will never work (RFC 8628 section 3.5)."""
        if error.answer.get("error") == "expired_token":
            return self.env._("The code was not entered in time. Press Continue for a new one.")
        if error.answer.get("error") == "authorization_declined":
            return self.env._("The sign-in was declined on Microsoft's page. Press Continue for another code, and accept there.")
        return self.app_id._refusal_text(error)

    def _failed(self, message: str):
        self.env["office365.secret"]._drop__(self)
        self.write({"state": "failed", "message": message, "user_code": False})
        return self._action()

    def _done(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s signed in. Mail servers of this app sign in by themselves now.", self.account),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sign in with a Code"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_device_flow(self):
        self.env["office365.secret"]._drop__(self)
