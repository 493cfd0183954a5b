from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

# Messages that are processed while somebody waits.
_MOST = 20


class Office365FileUnder(models.TransientModel):
    """Under which record somebody files messages that were kept."""

    _name = "office365.file.under"
    _description = "File Received Mail Under a Record"

    inbound_ids = fields.Many2many("office365.inbound", string="Messages", readonly=True)
    target = fields.Selection(
        [("record", "An existing record"), ("new", "A new record for each message")], "File Under", required=True, default="record")
    record = fields.Reference(selection="_selection_model", string="Record")
    model = fields.Selection(selection="_selection_model", string="Kind of Record")

    @api.model
    def _selection_model(self) -> list[tuple[str, str]]:
        """Return the models whose records take mail, and which the user may read."""
        found = self.env["ir.model"].sudo().search([("is_mail_thread", "=", True), ("transient", "=", False)], order="name")
        return [(each.model, each.name) for each in found if each.model in self.env and self._takes_mail(self.env[each.model])]

    @api.model
    def _takes_mail(self, model) -> bool:
        return not model._abstract and hasattr(model, "message_new") and hasattr(model, "message_update") and model.has_access("read")

    def action_file(self):
        """File the messages, as the gateway does; who asks for it needs the right to write the record or to create one.

        :raise UserError: nothing was chosen, or none of the messages has a source any more
        """
        self.ensure_one()
        model, thread_id = self._destination()
        self.inbound_ids.check_access("write")
        kept = self.inbound_ids.sudo()._with_source()
        if not kept:
            raise UserError(self.env._("These messages cannot be filed: they were processed already, or their source was not kept."))
        if len(kept) > _MOST:
            raise UserError(self.env._("At most %s messages can be filed at once.", _MOST))
        # Of a person's context, defaults would get into the records.
        for inbound in kept.with_context(clean_context(self.env.context)).with_user(SUPERUSER_ID):
            inbound._process(model=model, thread_id=thread_id)
        return self._result(kept)

    def _destination(self) -> tuple[str, int | None]:
        """Return model and id of the chosen record, no id for a new one.

        :raise UserError: nothing was chosen
        :raise AccessError: the user may not write to it, or create one
        """
        if self.target == "new":
            if not self.model:
                raise UserError(self.env._("Choose what kind of record is made of the message."))
            self.env[self.model].check_access("create")
            return self.model, None
        if not self.record or not self.record.exists():
            raise UserError(self.env._("Choose the record that the message belongs to."))
        self.record.check_access("write")
        return self.record._name, self.record.id

    def _result(self, kept) -> dict:
        """Return what the browser shows: what was filed where, or why it was not."""
        failed = kept.filtered(lambda inbound: inbound.state != "done")
        filed = (kept - failed)[:1]
        message, links = self.env._("%s messages were filed.", len(kept - failed)), []
        if failed:
            message = self.env._("%(number)s messages could not be filed: %(reason)s", number=len(failed), reason=failed[0].error)
        elif len(kept) == 1:
            message = self.env._("The message was filed under %s", "%s")
            links = [{"label": filed.record_name, "url": f"/odoo/{filed.model}/{filed.res_id}"}]
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "type": "danger" if failed else "success", "sticky": bool(failed), "message": message, "links": links,
            "next": {"type": "ir.actions.act_window_close"}}}
