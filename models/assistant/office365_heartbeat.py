import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.assistant.heartbeat import is_due, state_of
from ...tools.checks import FAILED, Check
from ..one_by_one import one_by_one
from ..reading import parameter
from .office365_round_trip import WAITING


class Office365RoundTrip(models.Model):
    """The heartbeat: a proof a day that nobody waits for. Whoever fetches takes it; the cron sends, and judges what has not come back."""

    _inherit = "office365.round.trip"

    @api.model
    def _cron_heartbeat(self):
        """Send the heartbeats that are due, and give those up that have been on their way for too long."""
        over = self.search([("state", "in", WAITING), ("ends", "<=", fields.Datetime.now())])
        one_by_one(self.env, over, type(self)._give_up, "%s could not be given up")
        one_by_one(
            self.env, self.env["office365.setup"].search([("heartbeat", "=", True)]), self._beat_if_due, "the heartbeat of %s failed")

    @api.model
    def _beat_if_due(self, setup) -> None:
        last, now = self._last_beat(setup), fields.Datetime.now()
        if not last or not self._is_proved_here(setup):
            return
        if is_due(last.date, self._failures(setup), now, is_waiting=last.state in WAITING):
            self._beat(setup)

    def _give_up(self) -> None:
        """End the wait for an email that nobody waits for any more; one that was never sent has only been left."""
        if not self.facts.get("sent"):
            self.state = "cancelled"
            return
        failing = self.fetchmail_server_id.filtered("error_date")
        self.facts = {**self.facts, "failure": failing.error_message or "", "failures": 0}
        self._conclude(is_over=True)

    @api.model
    def _beat(self, setup) -> None:
        """Send a heartbeat. A set-up that cannot even begin one has failed."""
        try:
            self._begin(setup, "heartbeat")._send()
        except UserError as error:
            nonce = secrets.token_hex(8)
            self.sudo().create({
                "setup_id": setup.id, "kind": "heartbeat", "nonce": nonce, "ends": fields.Datetime.now(), "state": "waiting",
                "inputs": self._inputs(setup),
                "facts": {"is_inside": True, "message_id": nonce, "sent": "deferred", "words": str(error)}})._conclude()

    @api.model
    def _last_beat(self, setup):
        """Return the last email that says anything: one that was cancelled does not."""
        return self.sudo().search([("setup_id", "=", setup.id), ("state", "!=", "cancelled")], limit=1)

    @api.model
    def _is_proved_here(self, setup) -> bool:
        """Tell whether the set-up, as it is, was proved in this very database: a copy of it has no heartbeat, however it signs in."""
        last, token = self._last_success(setup), self.env["office365.token"].sudo()
        return bool(last) and not parameter(self.env, "database.is_neutralized") and last.inputs == self._inputs(setup) and (
            token._is_ours(last.place) and not token._is_copied__())

    @api.model
    def _failures(self, setup) -> int:
        """Return how many heartbeats have failed since an email came back."""
        last = self._last_success(setup)
        return self.sudo().search_count([
            ("setup_id", "=", setup.id), ("kind", "=", "heartbeat"), ("state", "=", "failed"), ("id", ">", last.id or 0)])

    @api.model
    def _last_failure(self, setup_id: int) -> Check | None:
        """Return what broke the last heartbeat of a set-up that failed."""
        trip = self.sudo().search([("setup_id", "=", setup_id), ("kind", "=", "heartbeat"), ("state", "=", "failed")], limit=1)
        checks = map(trip._check, trip._findings()) if trip else ()
        return next((check for check in checks if check.state == FAILED), None)


class Office365Setup(models.Model):
    _inherit = "office365.setup"

    heartbeat = fields.Boolean(
        "Daily Heartbeat", default=True,
        help="Once a day, Odoo sends an email to itself as the proof does. If it does not come back, administrators get an activity and a "
             "message in Discuss. It starts after the first proof that succeeded.")
    heartbeat_state = fields.Selection(
        [("off", "Switched Off"), ("idle", "Waits for a Proof"), ("working", "Working"), ("failing", "Failing"), ("late", "Late")],
        compute="_compute_heartbeat_state")
    heartbeat_success = fields.Datetime("Last Success", compute="_compute_heartbeat_state")
    heartbeat_failures = fields.Integer(compute="_compute_heartbeat_state", help="In a row.")

    @api.depends("heartbeat", "round_trip_ids.state")
    def _compute_heartbeat_state(self):
        for setup in self:
            Trips, saved = self.env["office365.round.trip"].sudo(), setup._origin.sudo()
            setup.heartbeat_success = Trips._last_success(saved).date if saved else False
            setup.heartbeat_failures = Trips._failures(saved) if saved else 0
            setup.heartbeat_state = state_of(
                setup.heartbeat_success or None, setup.heartbeat_failures, fields.Datetime.now(), is_on=setup.heartbeat,
                is_here=bool(saved) and Trips._is_proved_here(saved))

    @api.model
    def _heartbeat_states(self) -> list[dict]:
        """Return of each set-up ``setup_id``, ``name``, ``state``, ``last_success`` (UTC or None), and ``failures`` since then.

        States are ``off``, ``idle`` (nothing proved yet, or a copy of the database), ``working``, ``failing`` and ``late`` (no success for
        two days although none has failed: crons do not run).
        """
        return [{
            "setup_id": setup.id, "name": setup.display_name or "", "state": setup.heartbeat_state,
            "last_success": setup.heartbeat_success or None, "failures": setup.heartbeat_failures,
        } for setup in self.sudo().search([])]
