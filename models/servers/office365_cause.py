from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.diagnosis.cause import TOPIC_OF, TOPICS
from ...tools.diagnosis.causes.other import ANYTHING_ELSE, CODE_UNKNOWN, NUMBER_UNKNOWN
from ...tools.diagnosis.causes.sources import SOURCES
from ...tools.diagnosis.names import NAMES
from ...tools.diagnosis.reader import CAUSES

_NAMES = list(NAMES.items())


class Office365Cause(models.Model):
    """The table of causes as a page: what each one is called, what shows it, and what to do. `tools.diagnosis.causes` is the table."""

    _name = "office365.cause"
    _description = "Office 365 Cause of a Failure"
    _auto = False
    _order = "id"
    _rec_name = "cause"

    cause = fields.Selection(_NAMES, readonly=True)
    slug = fields.Char("Technical Name", readonly=True, help="What scripts read. It does not change.")
    topic = fields.Selection([(topic, topic) for topic in TOPICS], readonly=True)
    signs = fields.Text("The Server Says", readonly=True, help="Codes and words by which Odoo knows the cause. … stands for anything.")
    retried = fields.Selection(
        [("yes", "Odoo retries"), ("temporary", "Odoo retries if the code begins with 4"), ("no", "Odoo does not retry")],
        "Retry", readonly=True)
    source = fields.Char("Microsoft's Page", readonly=True)
    template = fields.Text(readonly=True, groups="base.group_no_one")
    remedy = fields.Text("What to Do", compute="_compute_remedy")

    @property
    def _table_query(self) -> SQL:
        rows = [
            SQL("(%s, %s, %s, %s, %s, %s, %s, %s)", number, cause.slug, cause.slug, TOPIC_OF[cause.slug],
                "\n".join(sign.shown for sign in cause.signs), _retried(cause), SOURCES[cause.source], cause.remedy)
            for number, cause in enumerate(_rows(), start=1)]
        return SQL(
            "SELECT * FROM (VALUES %s) AS causes (id, cause, slug, topic, signs, retried, source, template)", SQL(", ").join(rows))

    @api.depends("template")
    @api.depends_context("lang")
    def _compute_remedy(self):
        for cause in self.sudo():
            cause.remedy = self.env._(cause.template)

    @api.depends("cause")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for cause in self:
            cause.display_name = self._name_of(cause.cause)

    @api.model
    def _name_of(self, slug: str) -> str:
        """Return what people call a cause."""
        return dict(self._fields["cause"]._description_selection(self.env))[slug]

    @api.model
    def _action(self, slug: str) -> dict:
        """Return the action that shows what a cause means: its page, or the list of them if several have its name."""
        action = self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_cause_action")
        rows = self.search([("cause", "=", slug)])
        action |= {"domain": [("cause", "=", slug)], "context": {}}
        return {**action, "res_id": rows.id, "view_mode": "form", "views": [(False, "form")]} if len(rows) == 1 else action


def _rows():
    """Return the table as people read it: by topic, in the order of the names."""
    order = list(NAMES)
    rows = sorted(CAUSES, key=lambda cause: order.index(cause.slug))
    return [*rows, NUMBER_UNKNOWN, CODE_UNKNOWN, ANYTHING_ELSE]


def _retried(cause) -> str:
    if cause.final:
        return "no"
    if cause.retryable:
        return "yes"
    return "temporary" if "smtp" in cause.protocols else "no"
