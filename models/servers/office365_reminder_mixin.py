from collections.abc import Callable
from datetime import date

from odoo import SUPERUSER_ID, api, models


class Office365ReminderMixin(models.AbstractModel):
    """What administrators have to do something about: it is on their list of activities."""

    _name = "office365.reminder.mixin"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Office 365 Reminder"

    @api.model
    def _administrators(self):
        """Return who is told of what needs somebody: the users who may change the settings, without OdooBot."""
        users = self.env.ref("base.group_system").all_user_ids
        return users.filtered(lambda user: user.active and not user.share and user.id != SUPERUSER_ID)

    def _tell_administrators(
        self, activity_type: str, words: Callable[[models.BaseModel], tuple[str, str]], deadline: date | None = None,
    ):
        """Give every administrator an activity; return them.

        :param activity_type: XML id
        :param words: called with this record in an administrator's language; returns summary and note (HTML)
        :param deadline: today by default
        """
        self.ensure_one()
        activities = self.env["mail.activity"]
        for user in self._administrators():
            summary, note = words(self.with_context(lang=user.lang))
            activities |= self.activity_schedule(activity_type, deadline, user_id=user.id, summary=summary, note=note)
        return activities
