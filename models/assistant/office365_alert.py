import logging
import time
from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import plaintext2html

from ...tools.assistant.health import without_addresses
from ...tools.assistant.overview import Line
from ..odoobot import write_in_discuss

_logger = logging.getLogger(__name__)

# What comes back within this time is the same alert: nobody gets another message about it.
_SAME = timedelta(hours=1)
# How long the end of an alert is kept for a webhook that does not accept it.
_KEPT = timedelta(days=1)
# Seconds for all messages of a run to the webhook; what is left then waits for the next one.
_PATIENCE = 60
PAGE = "office365-overview"


class Office365Alert(models.Model):
    """That mail fails and administrators were told: a row for each alert, as long as it lasts.

    Whoever notices that something began or ended calls :meth:`_look`, which only has the job run. The job compares what is wrong now with
    the rows, so nothing is told twice and no end is missed, whatever ended it; and mail never waits for those who are told. They are told
    in Odoo alone: an email would leave through the server that fails.
    """

    _name = "office365.alert"
    _inherit = "office365.reminder.mixin"
    _description = "Office 365 Alert"
    _order = "since desc, id desc"
    _rec_names_search = ["key"]

    key = fields.Char(required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Integer(readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    told = fields.Datetime(readonly=True, help="When administrators were told.")
    ended = fields.Datetime(readonly=True)
    changed = fields.Datetime(readonly=True, help="When it began or ended last.")
    reported = fields.Selection([("began", "Began"), ("ended", "Ended")], readonly=True, help="What the webhook was told.")
    name = fields.Char("What", compute="_compute_words")
    cause = fields.Text(compute="_compute_words")
    remedy = fields.Text("What to Do", compute="_compute_words")

    _key_unique = models.UniqueIndex("(key)", "Each alert has one row.")
    _systray_view = "list"

    @api.depends("key", "ended")
    @api.depends_context("lang")
    def _compute_words(self):
        lines = {line.key: line for line in self.env["office365.overview"].sudo()._alerts()}
        for alert in self:
            words = alert.key in lines and self.env["office365.overview"]._words(lines[alert.key])
            alert.name = words.name if words else self.env._("It is over: %s", alert.kind)
            alert.cause, alert.remedy = (words.cause, words.remedy) if words else (False, False)

    @api.depends("name")
    def _compute_display_name(self):
        for alert in self:
            alert.display_name = alert.name

    def action_go(self):
        """Open the screen on which something can be done about it."""
        self.ensure_one().check_access("read")
        return self.env["office365.overview"]._screen(self.kind, self.res_model, self.res_id)

    # ------------------------------------------------------------
    # The job
    # ------------------------------------------------------------

    @api.model
    def _look(self) -> None:
        """Have the job look soon: something began or ended. It costs one row, and is part of the caller's transaction."""
        if cron := self.env.ref("mail_office365.ir_cron_watch", raise_if_not_found=False):
            cron.sudo()._trigger()

    @api.model
    def _watch(self) -> None:
        """Tell administrators what is wrong since the last time, take back what is over, then tell the webhook."""
        alerts = self.sudo().with_context(
            tracking_disable=True, mail_create_nolog=True, mail_create_nosubscribe=True,
            mail_activity_quick_update=True)  # no email about an activity
        lines = {line.key: line for line in self.env["office365.overview"].sudo()._alerts()}
        known = {alert.key: alert for alert in alerts.search([("key", "!=", False)])}
        for key, line in lines.items():
            alert = known.get(key) or alerts.create({
                "key": key, "kind": line.kind, "res_model": line.record[0], "res_id": line.record[1],
                "since": line.since or fields.Datetime.now()})
            alert._begin(line)
        for key, alert in known.items():
            if key not in lines:
                alert._end()
        # What people were told holds, whatever becomes of the webhook; and nobody waits for a lock meanwhile.
        self.env["ir.cron"]._commit_progress(len(lines))
        alerts.search([("key", "!=", False)])._report(lines)
        alerts._forget_old()

    def _begin(self, line: Line) -> None:
        if self.told and not self.ended:
            return
        now = fields.Datetime.now()
        is_known = self.told and self.ended > now - _SAME
        if self.ended or not self.changed:
            self.write({"told": False, "changed": now, "ended": False, "since": line.since or now})
        try:
            with self.env.cr.savepoint():
                self._tell(line, is_quiet=bool(is_known))
                self.told = now
        except Exception:  # of the other alerts people are told, and of all the webhook; of this one in the next run
            _logger.exception("Office 365: administrators could not be told of the alert %s.", self.key)

    def _end(self) -> None:
        if not self.ended:
            self.ended = self.changed = fields.Datetime.now()
            self.activity_ids.unlink()

    @api.model
    def _forget_old(self) -> None:
        """Remove what is over and need not be told to anybody any more."""
        now = fields.Datetime.now()
        over = self.search([("ended", "<", now - _SAME)])
        monitor = self.env["office365.monitor"]._monitor()
        over.filtered(lambda one: not one._has_news(monitor) or one.ended < now - _KEPT).unlink()

    # ------------------------------------------------------------
    # People
    # ------------------------------------------------------------

    def _tell(self, line: Line, *, is_quiet: bool) -> None:
        """Give every administrator an activity, and a message in a chat of OdooBot.

        :param is_quiet: they had the message a moment ago
        """
        def words(alert) -> tuple[str, str]:
            found = alert.env["office365.overview"]._words(line)
            parts = [text for text in (found.cause, found.remedy) if text]
            return found.name, Markup().join(map(plaintext2html, dict.fromkeys(parts)))

        self._tell_administrators("mail.mail_activity_data_warning", words)
        for user in self._administrators() if not is_quiet else ():
            try:
                with self.env.cr.savepoint():
                    self.with_context(lang=user.lang)._chat(user, *words(self.with_context(lang=user.lang)))
            except Exception:  # others are told all the same
                _logger.exception("Office 365: user %s could not be told of an alert in a chat.", user.id)

    def _chat(self, user, summary: str, note: str) -> None:
        write_in_discuss(user, Markup('<p><b>{}</b></p>{}<p><a href="/odoo/{}">{}</a></p>').format(
            summary, note, PAGE, self.env._("Open the Office 365 Overview")))

    # ------------------------------------------------------------
    # The webhook
    # ------------------------------------------------------------

    def _has_news(self, monitor) -> bool:
        """Tell whether the webhook has not been told how it stands. What began and ended untold is no news."""
        if not monitor.webhook_url:
            return False
        return self.reported == "began" if self.ended else self.reported != "began"

    def _report(self, lines: dict[str, Line]) -> None:
        """Tell the webhook what began or ended, the oldest first. If nobody is there, the rest waits for the next run."""
        monitor, until = self.env["office365.monitor"]._monitor(), time.monotonic() + _PATIENCE
        for alert in self.sorted(lambda one: (one.changed, one.id)):
            if time.monotonic() > until:
                break
            if alert._has_news(monitor):
                state = "ended" if alert.ended else "began"
                error = monitor._send(f"alert.{state}", f"{alert.id}-{state}-{alert.changed:%Y%m%d%H%M%S}", alert._facts(lines))
                if not error:
                    alert.reported = state
                # What was accepted is not told again, whatever ends this run; and nobody waits for the row with the answer.
                self.env["ir.cron"]._commit_progress()
                if error and (not error.startswith("HTTP 4") or error == "HTTP 429"):  # else it is about this message alone
                    break

    def _facts(self, lines: dict[str, Line]) -> dict:
        """Return what the webhook is told. What a server said is not for outside: it names addresses."""
        line = lines.get(self.key)
        return {
            "kind": self.kind, "record": self.res_id or None, "about": without_addresses(line.about) if line else None,
            "count": line.count if line else 0,
            "since": f"{self.since.isoformat()}Z", "ended": f"{self.ended.isoformat()}Z" if self.ended else None,
            "url": f"{self.get_base_url()}/odoo/{PAGE}"}
