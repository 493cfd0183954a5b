"""From of a template: whoever sends with the template, it stands for whom its writer let it stand for.

A template that an administrator or a template editor wrote may name the responsible of the record, or an address of nobody; what
anybody else writes into a template of their own gives nobody a right.
"""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import NO_ACCESS
from odoo.tools import email_normalize

from ...tools.identity.sender_book import BY_ADMINISTRATOR, BY_TEMPLATE
from ...tools.prefetch import PREFETCH
from .office365_actor import acting_uid, by_administrator, note_rendered

_EDITORS = "mail.group_mail_template_editor"


class MailTemplate(models.Model):
    _inherit = "mail.template"

    # From as somebody entitled to it wrote it last, with the model it was written for.
    office365_vouched_from = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_vouched_by = fields.Selection(
        [(BY_TEMPLATE, "Template editor"), (BY_ADMINISTRATOR, "Administrator")],
        copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_is_unvouched = fields.Boolean(compute="_compute_office365_is_unvouched", compute_sudo=True)

    @api.depends("email_from", "model_id", "office365_vouched_from")
    def _compute_office365_is_unvouched(self):
        in_use = self.env["ir.mail_server"]._office365_in_use()
        for template in self:
            template.office365_is_unvouched = (
                in_use and template.email_from and template._origin.email_from == template.email_from
                and not template._origin._office365_vouch())

    @api.model_create_multi
    def create(self, vals_list):
        templates = super().create(vals_list)
        templates._office365_note_writer()
        return templates

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("email_from", "model_id")):
            self._office365_note_writer()
        return result

    def action_office365_vouch(self):
        """Let this template stand for whom its From names."""
        if not by_administrator(self.env):
            raise AccessError(self.env._("Only an administrator can confirm who a template may send as."))
        self._office365_note_writer()

    def _office365_note_writer(self) -> None:
        """Note that who acts has written the From of these templates, if that entitles them to anything."""
        if by_administrator(self.env):
            by = BY_ADMINISTRATOR
        elif self._office365_by_editor():
            by = BY_TEMPLATE
        else:
            return
        for template in self.sudo():
            template.write({"office365_vouched_from": template._office365_from_as_written(), "office365_vouched_by": by})

    @api.model
    def _office365_by_editor(self) -> bool:
        """Tell whether a template editor acts. Where every user is one, nobody is."""
        uid, editors = acting_uid(self.env), self.env.ref(_EDITORS)
        if uid <= 0 or editors in self.env.ref("base.group_user").sudo().all_implied_ids:
            return False
        return self.env["res.users"].sudo().browse(uid).has_group(_EDITORS)

    def _office365_from_as_written(self) -> str:
        return f"{self.model_id.model} {self.email_from}"

    def _office365_vouch(self) -> str | None:
        """Return who vouches for the From of this template, see :class:`tools.identity.sender_book.Act`; None if nobody does."""
        self.ensure_one()
        template = self.sudo()
        if not template.email_from or template.office365_vouched_from != template._office365_from_as_written():
            return None
        # What is filled in comes from the record, where others than the template's writer put it.
        return BY_TEMPLATE if "{{" in template.email_from else template.office365_vouched_by

    def send_mail_batch(self, res_ids, force_send=False, raise_exception=False, email_values=None, email_layout_xmlid=False):
        """A template makes a message of its own, none of somebody else's is sent with another body."""
        email_values = {name: value for name, value in (email_values or {}).items() if name != "mail_message_id"}
        return super().send_mail_batch(
            res_ids, force_send=force_send, raise_exception=raise_exception, email_values=email_values,
            email_layout_xmlid=email_layout_xmlid)

    def _render_field(self, field, res_ids, *args, **kwargs):
        """Note for whom a template stands on which record, for the message that is made of it next."""
        rendered = super()._render_field(field, res_ids, *args, **kwargs)
        if field == "email_from" and len(self) == 1 and self.email_from:
            vouch, model = self._office365_vouch(), self.sudo().model_id.model
            own = self._office365_own_email() if "{{" in self.email_from else None
            for record_id, written in rendered.items():
                # What who acts calls their own is theirs or not: the template's writer could not know.
                is_own = own and email_normalize(written) == own
                note_rendered(self.env, model, {record_id: written}, None if is_own else vouch)
        return rendered

    def _office365_own_email(self) -> str | None:
        """Return the e-mail of the user who acts, normalized; None if none does."""
        uid = acting_uid(self.env)
        user = self.env["res.users"].sudo().browse(uid if uid > 0 and uid != SUPERUSER_ID else ())
        return user.email_normalized or None
