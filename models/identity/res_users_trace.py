from markupsafe import escape
from odoo import SUPERUSER_ID, fields, models

from ..odoobot import write_in_discuss


class ResUsers(models.Model):
    """The trace of a user's alias, and what the user is told about it."""

    _inherit = "res.users"

    office365_alias_change_count = fields.Integer(
        "Alias Changes", compute="_compute_office365_alias_change_count", groups="base.group_erp_manager")

    def _compute_office365_alias_change_count(self):
        counts = dict(self.env["office365.alias.change"]._read_group(
            [("user_id", "in", self.ids)], ["user_id"], ["__count"]))
        for user in self:
            user.office365_alias_change_count = counts.get(user._origin, 0)

    def _office365_record_change(self, kind: str, old: str | bool, new: str | bool, *, tell: bool = True) -> None:
        """Record a change, and tell the user if somebody else made it.

        :param tell: False for a new user, who has nothing to be surprised by
        """
        self.ensure_one()
        actor = self.env.user
        by_visitor = actor._is_public()
        self.env["office365.alias.change"].sudo().create({
            "user_id": self.id, "actor_id": False if by_visitor else actor.id,
            "kind": kind, "old_alias": old, "new_alias": new,
        })
        if tell and not by_visitor and actor != self and self.active:
            self._office365_tell(kind, actor.name, old, new)

    def _office365_tell(self, kind: str, actor: str, old: str | bool, new: str | bool) -> None:
        """Tell the user in a chat of OdooBot: a mail would go out as the very address that is in question."""
        user = self.with_user(SUPERUSER_ID).with_context(lang=self.lang)
        texts = {
            "set": user.env._(
                "%(actor)s set your Office 365 alias: mail you send from Odoo now goes out as %(new)s.", actor=actor, new=new),
            "confirmed": user.env._(
                "%(actor)s confirmed your Office 365 alias: mail you send from Odoo now goes out as %(new)s.", actor=actor, new=new),
            "cancelled": user.env._(
                "%(actor)s cancelled your change of the Office 365 alias to %(old)s.", actor=actor, old=old),
            "removed": user.env._(
                "%(actor)s removed your Office 365 alias: mail you send from Odoo no longer goes out as %(old)s.", actor=actor, old=old),
        }
        if kind not in texts:
            return
        write_in_discuss(user, escape(texts[kind]))
