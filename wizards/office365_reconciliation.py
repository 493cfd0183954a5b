from odoo import api, fields, models
from odoo.tools.misc import clean_context

from ..tools.incoming import reconciliation

_KINDS = [
    (reconciliation.LOST, "Gone"),
    (reconciliation.MISSING, "Not fetched"),
    (reconciliation.STUCK, "Never ends"),
    (reconciliation.UNMARKED, "Not marked"),
    ("folder", "Folder not read"),
]


class Office365Reconciliation(models.TransientModel):
    """What came of comparing a mailbox with the list of what was received."""

    _name = "office365.reconciliation"
    _description = "Office 365 Mailbox Comparison"
    _rec_name = "server_id"

    server_id = fields.Many2one("fetchmail.server", readonly=True, ondelete="cascade")
    summary = fields.Char(readonly=True)
    difference_count = fields.Integer("Differences", readonly=True)
    is_fetched_later = fields.Boolean(readonly=True, help="A fetch can put some of the differences right.")
    line_ids = fields.One2many("office365.reconciliation.line", "reconciliation_id", readonly=True)

    @api.model
    def _of(self, server, found):
        """Keep what was found.

        :param found: :class:`~..models.incoming.reconciled.Reconciliation`
        """
        counts = {name: found.counts[name] for name in (
            reconciliation.PROCESSED, reconciliation.IGNORED, reconciliation.ATTENTION, reconciliation.HISTORY, reconciliation.WAITING)}
        total = found.counts.total()
        summary = self.env._(
            "%(total)s in the mailbox, %(accounted)s accounted for: %(processed)s processed, %(ignored)s ignored, "
            "%(attention)s need attention, %(history)s history, %(waiting)s wait for the next fetch.",
            total=total, accounted=total - found.counts[reconciliation.MISSING], **counts)
        by_fetch = (reconciliation.MISSING, reconciliation.STUCK, reconciliation.UNMARKED)
        return self.sudo().create({
            "server_id": server.id, "summary": summary, "difference_count": found.difference_count,
            "is_fetched_later": any(found.differences[kind] for kind in by_fetch),
            "line_ids": [(0, 0, {
                "kind": line.kind, "folder": line.folder, "uid": line.uid, "date": line.date, "email_from": line.sender,
                "subject": line.subject, "inbound_id": line.row_id}) for line in found.lines],
        }).sudo(self.env.su)

    def _action(self) -> dict:
        """Return the action that shows it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "name": self.env._("Mailbox and Received Mail"), "res_model": self._name, "res_id": self.id,
            "views": [(False, "form")], "target": "new", "context": clean_context(self.env.context)}

    def action_fetch(self):
        """Fetch: what was not fetched comes, what was not marked is marked, and what never ended is begun anew."""
        self.ensure_one().check_access("read")
        return self.server_id.action_office365_fetch()


class Office365ReconciliationLine(models.TransientModel):
    """A message of which mailbox and list do not say the same."""

    _name = "office365.reconciliation.line"
    _description = "Difference of an Office 365 Mailbox"
    _order = "id"

    reconciliation_id = fields.Many2one("office365.reconciliation", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(_KINDS, "Difference", readonly=True)
    explanation = fields.Char(compute="_compute_explanation")
    folder = fields.Char(readonly=True)
    uid = fields.Char("Number in Folder", readonly=True)
    date = fields.Datetime("Received", readonly=True)
    email_from = fields.Char("From", readonly=True)
    subject = fields.Char(readonly=True)
    # A number: the row may be removed while the dialog is open.
    inbound_id = fields.Integer(readonly=True)

    @api.depends("kind")
    def _compute_explanation(self):
        words = {
            reconciliation.LOST: self.env._(
                "The message left the mailbox before Odoo could read it. Look for it in Outlook under Deleted Items. If nobody needs it, "
                "choose Ignore in the list of received mail."),
            reconciliation.MISSING: self.env._("The message is in the mailbox and should have been fetched. Fetch it now."),
            reconciliation.STUCK: self.env._("Odoo began to process the message and was stopped. The next fetch begins anew."),
            reconciliation.UNMARKED: self.env._(
                "Odoo has taken the message, and the mailbox does not show it. The next fetch marks, moves or deletes it."),
            "folder": self.env._("The server does not open the folder. Choose other folders, or create it again in Outlook."),
        }
        for line in self:
            line.explanation = words.get(line.kind)

    def action_open(self):
        """Open the message in the list of what was received."""
        self.ensure_one().check_access("read")
        return {
            "type": "ir.actions.act_window", "res_model": "office365.inbound", "res_id": self.inbound_id, "views": [(False, "form")]}
