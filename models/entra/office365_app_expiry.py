from datetime import date

from odoo import api, fields, models

from ...tools.entra import expiry
from ..one_by_one import one_by_one


class Office365App(models.Model):
    """Reminders of what ends: secrets, certificates, sign-ins of users."""

    _inherit = "office365.app"

    expiry_notice = fields.Text(compute="_compute_expiry_notice")
    expiry_days = fields.Integer("Days Left", compute="_compute_expiry_notice")
    reminders = fields.Json(copy=False, readonly=True, groups="base.group_system")

    def _ends(self) -> dict[str, tuple[str, date]]:
        """Return what this app signs in with and when it ends, by a name that stays."""
        self.ensure_one()
        ends = {}
        if self.credential == "secret" and self.client_secret_expiry:
            ends["client_secret"] = (self.env._("The client secret"), self.client_secret_expiry)
        if self.credential == "certificate" and self.certificate_expiry:
            ends["certificate"] = (self.env._("The certificate"), self.certificate_expiry)
        if self.auth_flow == "delegated":
            for sign_in in self._sign_ins().filtered("refresh_expires"):
                ends[f"sign_in {sign_in.account}"] = (self.env._("The sign-in of %s", sign_in.account), sign_in.refresh_expires.date())
        return ends

    @api.depends("credential", "client_secret_expiry", "certificate_expiry", "auth_flow")
    def _compute_expiry_notice(self):
        today = fields.Date.context_today(self)
        for app in self:
            due = [(ends, what) for what, ends in app._ends().values() if expiry.threshold(ends, today) is not None]
            app.expiry_notice = "\n".join(self._expiry_text(what, ends, today) for ends, what in sorted(due)) or False
            app.expiry_days = (min(due)[0] - today).days if due else 999

    @api.model
    def _expiry_text(self, what: str, ends: date, today: date) -> str:
        if ends <= today:
            return self.env._("%(what)s ended on %(date)s. Odoo no longer sends or fetches mail with it.", what=what, date=ends)
        return self.env._("%(what)s ends on %(date)s, in %(days)s days.", what=what, date=ends, days=(ends - today).days)

    @api.model
    def _cron_remind(self):
        """Remind the administrators of what ends within 30, 14 and 3 days, or has ended."""
        one_by_one(
            self.env, self.search([("active", "=", True)]), type(self)._update_reminders, "administrators could not be reminded of %s")

    def _update_reminders(self) -> None:
        """Raise an activity for each threshold that is newly reached; take back those of what was renewed."""
        today = fields.Date.context_today(self)
        for app in self.sudo():
            before, after = app.reminders or {}, {}
            for kind, (_what, ends) in app._ends().items():
                if (days := expiry.threshold(ends, today)) is None:
                    continue
                kept = before.get(kind, {})
                if (kept.get("ends"), kept.get("days")) == (ends.isoformat(), days):
                    after[kind] = kept
                else:
                    raised = app._remind(kind, max(ends, today))
                    after[kind] = {"ends": ends.isoformat(), "days": days, "activities": raised.ids}
            over = {raised for kind, kept in before.items() if after.get(kind) != kept for raised in kept["activities"]}
            (app.activity_ids & self.env["mail.activity"].browse(over)).action_feedback(
                feedback=self.env._("Renewed, or followed by another reminder."))
            if after != before:
                app.reminders = after or False

    def _remind(self, kind: str, deadline: date):
        """Give every administrator an activity, in their language.

        :param kind: of what ends, see :meth:`_ends`
        """
        def words(app):
            what, ends = app._ends()[kind]
            return app._expiry_text(what, ends, fields.Date.context_today(app)), app.env._(
                "Without it, mail is neither sent nor fetched. The form of the Entra app says what to do.")

        return self._tell_administrators("mail_office365.activity_type_expiry", words, deadline)
