from datetime import datetime

from odoo import models

from ...tools.identity.acting import Fetching
from .fetchmail_server_inbound import ATTENTION

# Messages between two looks at the progress.
_AT_A_TIME = 20


class FetchmailServer(models.Model):
    """The button Fetch Now: messages are fetched some at a time, while somebody watches."""

    _inherit = "fetchmail.server"

    def action_office365_fetch(self):
        """Open the dialog that fetches and shows how far it is."""
        self.ensure_one().check_access("write")
        return {
            "type": "ir.actions.client", "tag": "mail_office365.fetch", "params": {"server_id": self.id, "title": self.display_name}}

    def office365_fetch_some(self, since: str | None = None) -> dict:
        """Fetch some messages; return what came.

        :param since: what this has returned as ``since`` for the messages before; what came is counted from there
        :return: ``done``, ``ignored`` and ``kept`` (needs attention) messages, how many ``remaining`` (None after a failure: as many
            as before, less what came), whether it ``is_over``, and what to show of a ``failure``
        """
        self.ensure_one().check_access("write")
        self._office365_check_confirmed()
        self._office365_check_throttled()
        since = since and datetime.fromisoformat(since) or self._office365_clock()
        fetching = Fetching(frozenset(self.ids), limit=_AT_A_TIME)
        error = self.sudo().with_context(**{Fetching.CONTEXT_KEY: fetching})._fetch_mail(batch_limit=_AT_A_TIME)
        wanted = fetching.wanted.get(self.id)
        if error is not None:
            remaining, failure = None, self._office365_failure_text(error)
        else:
            remaining = max((wanted or 0) - _AT_A_TIME, 0)
            failure = self._office365_busy_text() if wanted is None else self.error_message or ""
        return {
            "since": since.isoformat(), **self._office365_came_since(since), "remaining": remaining, "is_over": not remaining,
            "failure": failure}

    def _office365_busy_text(self) -> str:
        return self.env._("%s: Odoo is fetching from this mailbox already. Try again in a minute.", self.display_name)

    def _office365_clock(self) -> datetime:
        """Return the database's time, UTC, by which its rows are dated."""
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    def _office365_came_since(self, since: datetime) -> dict[str, int]:
        """Return how many messages came from this server, by what became of them.

        :param since: the database's time, UTC; the ORM would compare seconds
        """
        self.env["office365.inbound"].flush_model()
        self.env.cr.execute(
            "SELECT state, count(*) FROM office365_inbound WHERE server_id = %s AND write_date >= %s AND NOT is_working GROUP BY state",
            [self.id, since])
        counts = dict(self.env.cr.fetchall())
        return {
            "done": counts.get("done", 0), "ignored": counts.get("ignored", 0), "kept": sum(counts.get(state, 0) for state in ATTENTION)}

    def _office365_fetched(self, since: datetime) -> dict:
        """Return what a browser shows after :meth:`fetch_mail`: how many messages came, and how many need attention."""
        came = self._office365_came_since(since)
        words = self.env._("There is no new mail.")
        if any(came.values()):
            words = self.env._("%(done)s processed, %(ignored)s ignored, %(kept)s need attention.", **came)
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "title": self.display_name, "message": words,
                "type": "warning" if came["kept"] else "success", "sticky": bool(came["kept"]),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
