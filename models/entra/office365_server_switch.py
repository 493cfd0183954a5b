import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# How long the old login is kept.
SWITCH_BACK_DAYS = 7
# Fields of the addon microsoft_outlook, which may be absent: what its servers sign in with.
_OUTLOOK = ("microsoft_outlook_refresh_token", "microsoft_outlook_access_token", "microsoft_outlook_access_token_expiration")


class Office365ServerMixin(models.AbstractModel):
    """Moving a server from a password, or from core's Outlook sign-in, to the sign-in of an Entra app; and back for a while."""

    _inherit = "office365.server.mixin"

    office365_switch_back_until = fields.Datetime("Can Be Switched Back Until", readonly=True, copy=False, groups="base.group_system")

    office365_can_switch = fields.Boolean(compute="_compute_office365_can_switch", groups="base.group_system")

    @api.depends("office365_preset", "office365_sign_in_by")
    def _compute_office365_can_switch(self):
        for server in self:
            by_password = server.office365_preset and server.office365_preset != "relay" and server.office365_sign_in_by == "login"
            server.office365_can_switch = by_password or server._office365_is_outlook()

    def _office365_is_outlook(self) -> bool:
        """Tell whether core's Outlook sign-in is what this server uses."""
        raise NotImplementedError

    @api.model
    def _office365_switch_fields(self) -> list[str]:
        """Return the fields that a move changes on this model."""
        raise NotImplementedError

    def _office365_switch_values(self, app) -> dict:
        """Return what a server of this app is changed to."""
        raise NotImplementedError

    def _office365_try(self) -> None:
        """Connect, sign in and say goodbye."""
        raise NotImplementedError

    def action_office365_switch(self):
        """Ask which app is to sign in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Switch to Microsoft Sign-in"),
            "res_model": "office365.switch",
            "view_mode": "form",
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }

    def action_office365_switch_back(self):
        """Give a server back the login it had before it was moved."""
        self.ensure_one()
        self.check_access("write")
        secrets = self.env["office365.secret"]
        if not (kept := secrets._get__(self, "old_login")):
            raise UserError(self.env._("%s: the old login is no longer stored. Enter it again.", self.display_name))
        values = json.loads(kept)
        outlook = {"smtp_authentication", "server_type"} & values.keys()
        for name in outlook:
            if values[name] not in dict(self._fields[name]._description_selection(self.env)):
                raise UserError(self.env._(
                    "%s: it used the module Outlook, which is no longer installed. Install it again first.", self.display_name))
        self.write({**values, "office365_switch_back_until": False})
        secrets._put__(self, "old_login", None)
        return True

    def _office365_switch(self, app) -> None:
        """Let an app sign in, if it can; nothing changes otherwise.

        :raise UserError: the sign-in was tried and failed
        """
        self.ensure_one()
        self.check_access("write")
        until = fields.Datetime.now() + timedelta(days=SWITCH_BACK_DAYS)
        server = self.sudo()
        old = {name: server[name].id if self._fields[name].type == "many2one" else server[name]
               for name in self._office365_switch_fields() if name in self._fields}
        try:
            with self.env.cr.savepoint():
                self.write({**self._office365_switch_values(app), "office365_app_id": app.id, "office365_switch_back_until": until})
                self._office365_try()
        except Exception as error:
            raise UserError(self.env._(
                "%(server)s keeps its present sign-in. Odoo tried the new one first, and it failed.\n%(reason)s",
                server=self.display_name, reason=error)) from error
        self.env["office365.secret"]._put__(self, "old_login", json.dumps(old), expires=until)

    @api.autovacuum
    def _gc_office365_old_logins(self):
        """Remove the old logins of servers that were moved a week ago."""
        if self._abstract:
            return
        for server in self.with_context(active_test=False).search([("office365_switch_back_until", "<", fields.Datetime.now())]):
            self.env["office365.secret"]._put__(server, "old_login", None)
            server.office365_switch_back_until = False

    @api.ondelete(at_uninstall=False)
    def _unlink_office365_secrets(self):
        self.env["office365.secret"]._drop__(self)


class IrMail_Server(models.Model):
    _inherit = "ir.mail_server"

    def _office365_is_outlook(self):
        return self.smtp_authentication == "outlook"

    @api.model
    def _office365_switch_fields(self):
        return ["office365_preset", "office365_cloud", "smtp_host", "smtp_port", "smtp_encryption", "smtp_authentication", "smtp_user",
                "smtp_pass", "from_filter", "office365_app_id", *_OUTLOOK]

    def _office365_switch_values(self, app):
        values = {"smtp_authentication": "office365", "smtp_pass": False}
        if self._office365_is_outlook():
            values |= {"office365_preset": "submission", "office365_cloud": app.cloud, "name": self.name, **dict.fromkeys(_OUTLOOK, False)}
        return values

    def _office365_try(self):
        session = self._connect__(mail_server_id=self.id, allow_archived=True)
        if session:  # none while Odoo does not send, as in tests
            session.quit()


class FetchmailServer(models.Model):
    _inherit = "fetchmail.server"

    def _office365_is_outlook(self):
        return self.server_type == "outlook"

    @api.model
    def _office365_switch_fields(self):
        return ["office365_preset", "office365_cloud", "server_type", "server", "port", "is_ssl", "user", "password",
                "office365_app_id", *_OUTLOOK]

    def _office365_switch_values(self, app):
        values = {"password": False}
        if self._office365_is_outlook():
            values |= {"office365_preset": "imap", "office365_cloud": app.cloud, "name": self.name, **dict.fromkeys(_OUTLOOK, False)}
        return values

    def _office365_try(self):
        self._connect__().disconnect()
