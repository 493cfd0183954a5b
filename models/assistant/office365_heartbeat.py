import logging
import secrets
from collections.abc import Callable

from markupsafe import Markup, escape
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ...tools.assistant.heartbeat import TOLD_AT, is_due, state_of
from ...tools.checks import FAILED
from ..reading import parameter
from .office365_round_trip import WAITING

_logger = logging.getLogger(__name__)


class Office365RoundTrip(models.Model):
    """The heartbeat: a proof a day that nobody waits for. Whoever fetches takes it; the cron sends, and judges what has not come back."""

    _inherit = "office365.round.trip"

    @api.model
    def _cron_heartbeat(self):
        """Send the heartbeats that are due, and give those up that have been on their way for too long."""
        self._one_by_one(type(self)._give_up, self.search([("state", "in", WAITING), ("ends", "<=", fields.Datetime.now())]))
        self._one_by_one(self._beat_if_due, self.env["office365.setup"].search([("heartbeat", "=", True)]))

    @api.model
    def _one_by_one(self, act: Callable[[models.BaseModel], None], records) -> None:
        """Do something with each of these records, in a transaction of its own: one that fails keeps no other from it."""
        for record in records:
            try:
                act(record)
                self.env["ir.cron"]._commit_progress()
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Office 365: the heartbeat of %s failed.", record)

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

    # ------------------------------------------------------------
    # Who is told
    # ------------------------------------------------------------

    def _tell(self) -> None:
        """Tell administrators where mail cannot fail, once for each alert; take it back when an email comes back."""
        trips = self.sudo().search([("setup_id", "=", self.setup_id.id), ("alert_ids", "!=", False)])
        if self.state == "done":
            trips.alert_ids.unlink()
        elif self.kind == "heartbeat" and not trips.alert_ids and self._failures(self.setup_id) >= TOLD_AT:
            administrators = self.env["office365.reminder.mixin"]._administrators()
            self.sudo().alert_ids = self.env["mail.activity"].sudo().create([self._alert(user) for user in administrators])
            for user in administrators:
                self._chat(user)

    def _texts(self, user) -> tuple[str, str]:
        """Return summary and explanation in the language of a user."""
        trip = self.with_context(lang=user.lang)
        check = next((check for finding in trip._findings() if (check := trip._check(finding)).state == FAILED), None)
        words = "\n".join(filter(None, [check.cause, check.remedy])) if check else ""
        return trip.env._("Email does not come back: %s", self._domain(self.setup_id)), words

    def _alert(self, user) -> dict:
        """Return the values of a user's activity. It belongs to no record: set-ups have no activities."""
        summary, words = self._texts(user)
        return {
            "user_id": user.id, "activity_type_id": self.env.ref("mail_office365.activity_type_heartbeat").id, "summary": summary,
            "note": Markup('{}<p><a href="/odoo/office365.setup/{}">{}</a></p>').format(
                plaintext2html(words), self.setup_id.id, self._domain(self.setup_id)),
        }

    def _chat(self, user) -> None:
        """Tell a user in a chat of OdooBot: a mail would take the very way that is broken."""
        summary, words = self._texts(user)
        bot = self.env(user=SUPERUSER_ID)
        bot["discuss.channel"]._get_or_create_chat([user.partner_id.id]).message_post(
            author_id=bot.user.partner_id.id, body=escape(summary) + Markup("<br/>") + plaintext2html(words),
            message_type="comment", subtype_xmlid="mail.mt_comment")


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

    @api.depends("heartbeat", "round_trip_ids.state")
    def _compute_heartbeat_state(self):
        for setup in self:
            Trips, saved = self.env["office365.round.trip"].sudo(), setup._origin.sudo()
            setup.heartbeat_success = Trips._last_success(saved).date if saved else False
            setup.heartbeat_state = state_of(
                setup.heartbeat_success or None, Trips._failures(saved) if saved else 0, fields.Datetime.now(), is_on=setup.heartbeat,
                is_here=bool(saved) and Trips._is_proved_here(saved))

    @api.model
    def _heartbeat_states(self) -> list[dict]:
        """Return of each set-up what a monitor is told: ``setup_id``, ``name``, ``state`` and ``last_success``, UTC or None.

        States are ``off``, ``idle`` (nothing proved yet, or a copy of the database), ``working``, ``failing`` and ``late`` (no success for
        two days although none has failed: crons do not run).
        """
        return [{
            "setup_id": setup.id, "name": setup.display_name or "", "state": setup.heartbeat_state,
            "last_success": setup.heartbeat_success or None} for setup in self.sudo().search([])]
