from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import CLOUDS, DEFAULT_CLOUD
from ...tools.checks import DONE, FAILED, TO_DO, Check, state_of
from ...tools.diagnosis.reader import diagnose
from ...tools.errors import SENTENCES, words_of

STEPS = [
    ("sign_in", "Tenant and Sign-in"),
    ("outgoing", "Outgoing Mail"),
    ("incoming", "Incoming Mail"),
    ("alias_domain", "Alias Domain"),
    ("aliases", "Users' Aliases"),
    ("catch_all", "Catch-all in Exchange"),
    ("proof", "Proof"),
]
STATES = [("todo", "To do"), ("done", "Done"), ("failed", "Failed")]
#: What the app registration is told of it.
OF_THE_APP = ("cloud", "directory_id", "client_id", "auth_flow", "credential")
#: What a connector recognizes this server by.
OF_THE_TRUST = ("relay_trust", "relay_certificate", "relay_private_key")
# What was proved with other values than these is not proved any more.
_INPUTS = {
    "cloud": ("sign_in", "outgoing", "incoming", "catch_all", "proof"),
    "directory_id": ("sign_in",), "client_id": ("sign_in",), "auth_flow": ("sign_in",), "credential": ("sign_in",),
    "app_id": ("sign_in", "outgoing", "incoming"),
    "mailbox": ("outgoing", "incoming", "alias_domain", "catch_all", "proof"),
    "preset": ("outgoing", "proof"), "mail_server_id": ("outgoing", "alias_domain", "proof"),
    "fetchmail_server_id": ("incoming", "proof"),
    "domain": ("sign_in", "outgoing", "alias_domain", "aliases", "catch_all", "proof"),
    "alias_domain_id": ("alias_domain", "catch_all", "proof"),
    "mx_host": ("outgoing", "proof"), "public_addresses": ("outgoing", "proof"),
    **dict.fromkeys(OF_THE_TRUST, ("outgoing", "proof")),
    "catch_all_scope": ("catch_all", "proof"), "catch_all_subdomain": ("catch_all", "proof"),
}


class Office365Setup(models.Model):
    """One set-up of Office 365 mail: what was typed, and what was proved of each step. It can be left and gone on with at any time."""

    _name = "office365.setup"
    _description = "Office 365 Set-up"
    _order = "id"
    _rec_name = "domain"

    domain = fields.Char("Email Domain", help="The domain of your email addresses, such as contoso.com.")
    mailbox = fields.Char(help="The mailbox that sends and receives for Odoo, such as erp@contoso.com.")
    cloud = fields.Selection(
        list(CLOUDS.items()), string="Microsoft Cloud", default=DEFAULT_CLOUD, required=True,
        help="The national cloud that your Microsoft 365 tenant lives in.")
    preset = fields.Selection(
        [("submission", "Client submission"), ("relay", "Relay through a connector"), ("hve", "High Volume Email")],
        string="Send By", default="submission", required=True)
    directory_id = fields.Char("Directory (Tenant) ID")
    client_id = fields.Char("Application (Client) ID")
    app_id = fields.Many2one("office365.app", "Entra App", ondelete="set null", index="btree_not_null")
    mail_server_id = fields.Many2one("ir.mail_server", "Outgoing Mail Server", ondelete="set null", index="btree_not_null")
    fetchmail_server_id = fields.Many2one("fetchmail.server", "Incoming Mail Server", ondelete="set null", index="btree_not_null")
    alias_domain_id = fields.Many2one(
        "mail.alias.domain", ondelete="set null", index="btree_not_null", default=lambda self: self.env.company.alias_domain_id)

    step = fields.Selection(STEPS, default="sign_in", required=True)
    step_state = fields.Selection(STATES, compute="_compute_step_state", string="State of the Open Step")
    step_ids = fields.One2many("office365.setup.step", "setup_id", "Steps", readonly=True)
    check_ids = fields.One2many("office365.setup.check", "setup_id", "Checks", readonly=True)
    current_check_ids = fields.Many2many("office365.setup.check", compute="_compute_current_check_ids", string="What Was Checked")

    @api.depends("step", "check_ids")
    def _compute_current_check_ids(self):
        for setup in self:
            setup.current_check_ids = setup.check_ids.filtered(lambda check, setup=setup: check.step == setup.step)

    @api.depends("step", "step_ids.state")
    def _compute_step_state(self):
        for setup in self:
            setup.step_state = setup._state(setup.step)

    def _state(self, step: str) -> str:
        """Return the state of a step."""
        return self.step_ids.filtered(lambda each: each.step == step).state or TO_DO

    @api.depends("domain")
    def _compute_display_name(self):
        for setup in self:
            setup.display_name = self.env._("Office 365 Set-up: %s", setup.domain) if setup.domain else self.env._("Office 365 Set-up")

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._of_app(self._relay_typed(self._tidied(vals))) for vals in vals_list]
        setups = super().create(vals_list)
        for setup, vals in zip(setups, vals_list, strict=True):
            setup._update_app(vals)
        setups._apply_relay_trust()
        setups.env["office365.setup.step"].sudo().create([
            {"setup_id": setup.id, "step": step, "sequence": number}
            for setup in setups for number, (step, _label) in enumerate(STEPS, 1)])
        return setups

    def write(self, vals):
        vals = self._of_app(self._relay_typed(self._tidied(vals)))
        changed = {
            setup: {step for name, steps in _INPUTS.items() if name in vals and setup._differs(name, vals[name]) for step in steps}
            for setup in self}
        result = super().write(vals)
        for setup, steps in changed.items():
            setup._forget(steps)
        if vals.keys() & set(OF_THE_APP):
            self._update_app(vals)
        for name in vals.keys() & {"mail_server_id", "fetchmail_server_id"}:
            self._adopt(self[name])
        if vals.keys() & {*OF_THE_TRUST, "mail_server_id"}:
            self._apply_relay_trust()
        if vals.get("step") == "alias_domain":
            self._propose_values()
        return result

    def _differs(self, name: str, value) -> bool:
        return self._fields[name].convert_to_write(self[name], self) != value

    @api.model
    def _labels(self) -> dict[str, str]:
        """Return what people call each step, in their order."""
        return dict(self._fields["step"]._description_selection(self.env))

    def _forget(self, steps) -> None:
        """Remove what was proved of these steps."""
        self.sudo().check_ids.filtered(lambda check: check.step in steps).unlink()

    # ------------------------------------------------------------
    # Proving
    # ------------------------------------------------------------

    def _checks(self, step: str) -> list[Check]:
        """Look up the facts of a step. Each step has a method ``_checks_STEP`` in a file of its own.

        :raise UserError: they cannot be looked up; the text says why and what to do
        """
        self.ensure_one()
        return getattr(self, f"_checks_{step}")()

    def _prove(self, *steps: str) -> None:
        """Look up the facts of these steps, and keep what was found. A step that cannot be looked up has failed, the others go on."""
        self.ensure_one()
        for step in steps:
            try:
                checks = self._checks(step)
            except UserError as error:
                checks = [Check(self._labels()[step], FAILED, cause=str(error))]
            self._keep(step, checks)

    @api.model
    def _prove_again(self, step: str) -> None:
        """Look up the facts of a step again wherever it was looked at."""
        for setup in self.search([("check_ids.step", "=", step)]):
            setup._prove(step)

    def _keep(self, step: str, checks: list[Check]) -> None:
        """Put these facts of a step in the place of those that were known."""
        self._forget({step})
        self.env["office365.setup.check"].sudo().create([{
            "setup_id": self.id, "step": step, "sequence": number, "name": check.name, "state": check.state, "cause": check.cause,
            "remedy": check.remedy,
        } for number, check in enumerate(checks)])

    def _failed(self, name: str, error: Exception, protocol: str | None = None) -> Check:
        """Return the fact that something could not be done, with the server's words apart from what to do.

        :param protocol: ``smtp``, ``imap``, ``pop`` or ``entra``
        """
        words, remedy = words_of(error), ""
        if isinstance(error, (UserError, *SENTENCES)):  # what the server said is their first line, what to do the others
            words, _line, remedy = str(error).strip().partition("\n")
        diagnosis = getattr(error, "diagnosis", None) or diagnose(error, protocol=protocol)
        return Check(name, FAILED, remedy.strip() or diagnosis.translated(self.env._), words)

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def check_step(self, step: str = "", confirm: bool = False) -> dict:
        """Look up the facts of one step, and return what the list of steps shows of it: the browser asks for one step at a time.

        :param confirm: confirm the incoming server if it works
        """
        self.ensure_one().check_access("write")
        if step not in dict(STEPS):
            raise UserError(self.env._("There is no such step."))
        self.with_context(office365_confirm=confirm)._prove(step)
        row = self.step_ids.filtered(lambda each: each.step == step)
        return {"state": row.state, "remedy": row.remedy or ""}

    def action_check(self):
        """Look up the facts of the step that is open."""
        return self._check_action(self.step)

    def action_check_all(self):
        """Look up the facts of all steps."""
        return self._check_action(*dict(STEPS))

    def _check_action(self, *steps: str, confirm: bool = False) -> dict:
        """Return the action that looks up these steps, one after the other, and shows how far it is.

        :param confirm: see :meth:`check_step`
        """
        self.ensure_one().check_access("write")
        labels = self._labels()
        return {
            "type": "ir.actions.client",
            "tag": "mail_office365.check_steps",
            "params": {"setup_id": self.id, "confirm": confirm, "steps": [[step, labels[step]] for step in steps]},
        }

    def action_next(self):
        """Open the next step that is not done; the one after this if all are."""
        self.ensure_one().check_access("write")
        order = list(dict(STEPS))
        following = [*order[order.index(self.step) + 1:], *order[:order.index(self.step)]]
        self.step = next((step for step in following if self._state(step) != DONE), following[0])

    @api.model
    def action_open(self):
        """Open the set-up of this database; begin one if there is none."""
        setups = self.search([], limit=2)
        action = {"type": "ir.actions.act_window", "name": self.env._("Office 365 Set-up"), "res_model": self._name, "target": "current"}
        if len(setups) > 1:
            return {**action, "view_mode": "list,form"}
        return {**action, "view_mode": "form", "views": [(False, "form")], "res_id": (setups or self.create(self._found())).id}


class Office365SetupStep(models.Model):
    """A step of a set-up, as the list of steps shows it."""

    _name = "office365.setup.step"
    _description = "Step of an Office 365 Set-up"
    _order = "sequence"

    setup_id = fields.Many2one("office365.setup", required=True, readonly=True, ondelete="cascade", index=True)
    step = fields.Selection(STEPS, required=True, readonly=True)
    sequence = fields.Integer("Number", required=True, readonly=True)
    name = fields.Char(compute="_compute_name")
    state = fields.Selection(STATES, compute="_compute_state")
    remedy = fields.Char("Next", compute="_compute_state")

    @api.depends("step")
    @api.depends_context("lang")
    def _compute_name(self):
        labels = self.env["office365.setup"]._labels()
        for step in self:
            step.name = labels.get(step.step)

    @api.depends("setup_id.check_ids.state", "setup_id.check_ids.remedy")
    def _compute_state(self):
        for step in self:
            checks = step.setup_id.check_ids.filtered(lambda check, step=step: check.step == step.step)
            step.state = state_of(Check(check.name, check.state) for check in checks)
            open_one = next((check for state in ("failed", "todo") for check in checks if check.state == state), None)
            step.remedy = open_one and (open_one.remedy or open_one.cause or open_one.name)


class Office365SetupCheck(models.Model):
    """A fact of a step, as it was when it was looked up."""

    _name = "office365.setup.check"
    _description = "Check of an Office 365 Set-up"
    _order = "setup_id, step, sequence"

    setup_id = fields.Many2one("office365.setup", required=True, readonly=True, ondelete="cascade", index=True)
    step = fields.Selection(STEPS, required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    name = fields.Char("Checked", required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True)
    cause = fields.Text(readonly=True)
    remedy = fields.Text("What to Do", readonly=True)
    create_date = fields.Datetime("Checked On")
