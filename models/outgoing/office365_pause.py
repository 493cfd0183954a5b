from collections.abc import Mapping
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models

from ...tools.diagnosis.names import NAMES
from ...tools.diagnosis.reader import diagnose
from ...tools.outgoing import clock
from ...tools.outgoing.breaker import MEMORY, Breaker, Verdict, failed
from ...tools.transactions import run_apart


class Office365Pause(models.Model):
    """That a server, or an address at a server, is refused, so that its mail waits; `tools.outgoing.breaker` decides.

    A record with no end has counted refusals and paused nothing yet. Success removes the record.
    """

    _name = "office365.pause"
    _inherit = "office365.reminder.mixin"
    _description = "Office 365 Pause"
    _order = "until desc, id desc"
    _rec_names_search = ["address", "mail_server_id"]

    mail_server_id = fields.Many2one("ir.mail_server", "Server", required=True, readonly=True, ondelete="cascade")
    address = fields.Char(readonly=True, help="Mail sent from this address is on hold. Empty: all mail of the server is.")
    cause = fields.Selection(list(NAMES.items()), required=True, readonly=True, help="Why the server refuses it.")
    reply = fields.Char("Server's Reply", readonly=True)
    since = fields.Datetime(required=True, readonly=True, help="First refusal.")
    last = fields.Datetime("Last Refusal", required=True, readonly=True)
    until = fields.Datetime(readonly=True, help="Odoo then tries one email. If the server accepts it, the others follow.")
    failures = fields.Integer("Refusals", readonly=True, help="In a row.")
    minutes = fields.Integer("Retry Interval (min)", readonly=True, help="Doubles after each failed attempt, up to four hours.")
    trial = fields.Datetime("Attempt Since", readonly=True)
    remedy = fields.Text("What to Do", compute="_compute_remedy")
    command = fields.Text("Exchange PowerShell", compute="_compute_remedy")

    _server_address_unique = models.UniqueIndex("(mail_server_id, COALESCE(address, ''))")

    @api.depends("mail_server_id", "address")
    def _compute_display_name(self):
        for pause in self:
            server, address = pause.mail_server_id.display_name, pause.address
            pause.display_name = f"{server}: {address}" if address else server

    @api.depends("reply", "address", "mail_server_id")
    @api.depends_context("lang")
    def _compute_remedy(self):
        for pause in self:
            diagnosis, server, sender = diagnose(pause.reply or ""), pause.mail_server_id, pause.address or ""
            pause.remedy = server._office365_remedy_text(diagnosis, sender)
            pause.command = server._office365_commands(diagnosis, sender)

    # ------------------------------------------------------------
    # What a worker sees and tells
    # ------------------------------------------------------------

    @api.model
    def _states(self, server) -> tuple[dict[str, Breaker], float]:
        """Return the states of a server ("") and of addresses at it, as of now and not of the caller's snapshot, and the time."""
        def read(cr):
            pauses = self.with_env(self._apart(cr)).search([("mail_server_id", "=", server.id)])
            return {pause.address or "": pause._state() for pause in pauses}, clock.database_time(cr)

        return run_apart(self.env.registry.cursor, read)

    @api.model
    def _claim_trial(self, server, address: str) -> bool:
        """Tell whether the caller may try, as the pause is over; nobody else may until it has reported the result."""
        def claim(cr):
            pause, now = self._locked(cr, server, address), clock.moment(clock.database_time(cr))
            verdict = pause._state().judge(now) if pause else Verdict.GO
            if verdict is Verdict.TRIAL:
                pause.trial = now
            return verdict is not Verdict.WAIT

        return run_apart(self.env.registry.cursor, claim)

    @api.model
    def _release_trial(self, server, address: str) -> None:
        """Let another mail be tried: the trial said nothing."""
        def release(cr):
            self._locked(cr, server, address).write({"trial": False})

        run_apart(self.env.registry.cursor, release)

    @api.model
    def _succeeded(self, server, address: str) -> None:
        """Forget the refusals: mail is taken again."""
        def forget(cr):
            pause = self._locked(cr, server, address)
            if pause:
                pause.unlink()
                pause.env["office365.alert"]._look()

        run_apart(self.env.registry.cursor, forget)

    @api.model
    def _failed(self, server, address: str, cause: str, reply: str, stage: str = "") -> tuple[Breaker, float]:
        """Count a refusal; return the state after it, and the time. Administrators are told soon."""
        def count(cr):
            seconds = clock.database_time(cr)
            now = clock.moment(seconds)
            cr.execute(
                """
                INSERT INTO office365_pause (mail_server_id, address, cause, since, last)
                VALUES (%s, NULLIF(%s, ''), %s, %s, %s) ON CONFLICT DO NOTHING
                """, [server.id, address, cause, now, now], log_exceptions=False)
            pause = self._locked(cr, server, address)
            before = pause._state() if pause.failures else None
            state = failed(before, cause, now, stage=stage, reply=reply)
            pause.write(_values(state))
            if before is None or (state.until and not before.until):
                pause.env["office365.alert"]._look()
            return state, seconds

        return run_apart(self.env.registry.cursor, count)

    def _apart(self, cr):
        """Return an environment for a transaction of its own, which writes nothing but what it is for."""
        return api.Environment(cr, SUPERUSER_ID, {
            "tracking_disable": True, "mail_create_nosubscribe": True,
            # No mail about it: it would leave through the server that is refused.
            "mail_activity_quick_update": True,
        })

    def _locked(self, cr, server, address: str):
        """Return the record of a server or an address, locked, if there is one."""
        cr.execute(
            "SELECT id FROM office365_pause WHERE mail_server_id = %s AND COALESCE(address, '') = %s FOR UPDATE",
            [server.id, address], log_exceptions=False)
        return self.with_env(self._apart(cr)).browse(row[0] for row in cr.fetchall())

    def _state(self) -> Breaker:
        self.ensure_one()
        return Breaker(
            self.cause, self.failures, self.since, self.last, self.until or None, timedelta(minutes=self.minutes), self.trial or None,
            self.reply or "")

    @api.autovacuum
    def _gc_pauses(self):
        """Forget refusals that paused nothing and are not in a row with new ones any more."""
        self.search([("until", "=", False), ("last", "<", fields.Datetime.now() - MEMORY)]).unlink()

    # ------------------------------------------------------------
    # What an administrator sees and does
    # ------------------------------------------------------------

    def _notice(self) -> str:
        """Return what happened and what to do about it."""
        words = self._sentence()
        return words if self.remedy in words else f"{words}\n{self.remedy}"

    def _sentence(self) -> str:
        """Return what happened. The words of what kept Odoo from reaching a server hold the remedy already."""
        self.ensure_one()
        values = {"server": self.mail_server_id.display_name, "address": self.address, "reply": self._words()}
        if self.address:
            return self.env._(
                "%(server)s is refusing mail from %(address)s. That mail stays in the queue. The server said: %(reply)s", **values)
        return self.env._("%(server)s is refusing all mail, which is on hold in the queue: %(reply)s", **values)

    def _words(self) -> str:
        """Return the server's words, or what the cause is called."""
        return self.reply or self.env["office365.cause"]._name_of(self.cause)

    def action_resume(self):
        """End the pauses: what waits is tried at once."""
        self.check_access("write")
        servers, causes, since = self.mail_server_id, sorted(set(self.mapped("cause"))), min(self.mapped("since"), default=None)
        self.unlink()
        return servers._office365_resumed(causes, since)


def _values(state: Breaker) -> Mapping[str, object]:
    """Return a state as the record's fields."""
    return {
        "cause": state.cause, "failures": state.failures, "since": state.since, "last": state.last,
        "until": state.until, "minutes": state.pause // timedelta(minutes=1), "trial": state.trial, "reply": state.reply,
    }
