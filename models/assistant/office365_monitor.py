import time

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import NO_ACCESS

from ...tools.assistant import health, webhook

HEALTH_PATH = "/mail_office365/health"
_SECRET = "webhook_secret"  # the kind of it, not the secret itself


class Office365Monitor(models.Model):
    """How systems outside learn that mail fails: one row a database, made when it is opened for the first time."""

    _name = "office365.monitor"
    _description = "Office 365 Monitoring"

    webhook_url = fields.Char(
        "Webhook Address", copy=False,
        help="When mail fails, and when it works again, Odoo posts a signed message in JSON to this address.")
    webhook_secret_state = fields.Char("Signing Secret", compute="_compute_webhook_secret_state")
    webhook_date = fields.Datetime("Last Message", readonly=True, copy=False)
    webhook_error = fields.Char("Last Answer", readonly=True, copy=False)
    webhook_failures = fields.Integer("Failed Messages", readonly=True, copy=False, help="In a row.")
    health_url = fields.Char("Health Address", compute="_compute_health_url")
    token_date = fields.Datetime("Token Created On", readonly=True, copy=False)
    token_digest = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)

    def _compute_display_name(self):
        self.display_name = self.env._("Monitoring")

    def _compute_health_url(self):
        for monitor in self:
            monitor.health_url = f"{monitor.get_base_url()}{HEALTH_PATH}"

    @api.depends("write_date")
    def _compute_webhook_secret_state(self):
        for monitor in self:
            is_there = monitor._origin and self.env["office365.secret"]._has__(monitor._origin, _SECRET)
            monitor.webhook_secret_state = is_there and self.env._("Stored, not shown")

    @api.constrains("webhook_url")
    def _check_webhook_url(self):
        for monitor in self.filtered("webhook_url"):
            if problem := webhook.url_problem(monitor.webhook_url):
                raise ValidationError({
                    "malformed": self.env._("Webhook Address: enter a complete address, such as https://monitor.contoso.com/odoo."),
                    "scheme": self.env._("Webhook Address: it has to begin with https://, so that nobody else can read the messages."),
                    "login": self.env._(
                        "Webhook Address: remove the user name and password. Every message is signed, and that is how the other system "
                        "recognizes it."),
                }[problem])

    def write(self, vals):
        if "webhook_url" in vals:  # what was said of another address
            vals = {**vals, "webhook_date": False, "webhook_error": False, "webhook_failures": 0}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_secrets(self):
        self.env["office365.secret"]._drop__(self)

    @api.model
    def _monitor(self):
        """Return the row of this database, empty if nobody has opened it yet."""
        return self.search([], limit=1, order="id")

    @api.model
    def action_open(self):
        """Open the form."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window", "name": self.env._("Monitoring"), "res_model": self._name, "views": [(False, "form")],
            "res_id": (self._monitor() or self.sudo().create({})).id}

    # ------------------------------------------------------------
    # Token and secret: each is shown once, when it is made
    # ------------------------------------------------------------

    def action_new_token(self):
        """Make a token for the health address in place of the one before; its digest alone is stored."""
        self.ensure_one().check_access("write")
        token = health.new_token()
        self.sudo().write({"token_digest": health.digest_of(token), "token_date": fields.Datetime.now()})
        return self._shown(self.env._("Health Token"), token)

    def action_remove_token(self):
        """Close the health address."""
        self.check_access("write")
        self.sudo().write({"token_digest": False, "token_date": False})

    def action_new_secret(self):
        """Make a secret that messages are signed with, in place of the one before; it is stored encrypted."""
        self.ensure_one().check_access("write")
        secret = webhook.new_secret()
        self.env["office365.secret"]._put__(self, _SECRET, secret)
        self.invalidate_recordset(["webhook_secret_state"])
        return self._shown(self.env._("Signing Secret"), secret)

    def _shown(self, title: str, value: str) -> dict:
        return {
            "type": "ir.actions.act_window", "name": title, "res_model": "office365.monitor.shown", "views": [(False, "form")],
            "target": "new", "context": {"default_value": value}}

    @api.model
    def _is_token(self, token: str) -> bool | None:
        """Tell whether a token is right; None if there is none, so that nobody can ask."""
        digest = self.sudo()._monitor().token_digest
        is_right = health.is_token(token, digest or "")
        return is_right if digest else None

    # ------------------------------------------------------------
    # The webhook
    # ------------------------------------------------------------

    def action_test_webhook(self):
        """Send a message that says nothing, and show what was answered."""
        self.ensure_one().check_access("write")
        if not self.webhook_url:
            raise UserError(self.env._("Enter the address of the webhook first."))
        error = self.sudo()._send("test", f"test-{int(time.time())}", {"url": self.get_base_url()})
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "type": "danger" if error else "success",
                "message": self.env._("The webhook did not accept the test message: %s", error) if error else
                self.env._("The webhook accepted the test message."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            }}

    def _send(self, event: str, event_id: str, facts: dict) -> str:
        """Post a message; return "" if it was accepted, else why not. What went wrong is written down, never raised."""
        try:
            secret = self.env["office365.secret"]._get__(self, _SECRET)
            error = "" if secret else self.env._("There is no signing secret yet.")
        except UserError as unreadable:  # also in a copy of the database, which thus tells nobody anything
            secret, error = None, str(unreadable)
        if secret:
            at = int(time.time())
            body = webhook.content(event, f"{fields.Datetime.now().isoformat()}Z", facts)
            error = webhook.deliver(self.webhook_url, webhook.signed(secret, event_id, at, body), body)
        self.write({
            "webhook_date": fields.Datetime.now(), "webhook_error": error or self.env._("Accepted"),
            "webhook_failures": self.webhook_failures + 1 if error else 0})
        return error


class Office365MonitorShown(models.AbstractModel):
    """What is shown once, in a dialog, and stored nowhere."""

    _name = "office365.monitor.shown"
    _description = "Shown Once"

    id = fields.Id()  # onchange, which gives the value to the form, wants it
    value = fields.Char(readonly=True)
