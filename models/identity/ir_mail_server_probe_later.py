import logging
from collections.abc import Collection
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.identity import probe
from ...tools.prefetch import PREFETCH
from ..one_by_one import one_by_one

_logger = logging.getLogger(__name__)

# Addresses between two looks at the progress.
_AT_A_TIME = 5


class IrMail_Server(models.Model):
    """Probing many addresses in the background: by the dialog while it is open, else by the cron, some at a time.

    The round is kept as JSON: ``left`` (address, kind and id of who writes as it), ``found`` (state by address), ``stopped``, ``next``
    (when the next part may begin: Exchange counts by the minute) and ``uid`` (who began it).
    """

    _inherit = "ir.mail_server"

    office365_probe_round = fields.Json(readonly=True, copy=False, prefetch=PREFETCH, groups="base.group_system")
    office365_probe_notice = fields.Text(compute="_compute_office365_probe_notice")

    @api.depends("office365_probe_round")
    def _compute_office365_probe_notice(self):
        for server in self:
            progress = server._office365_probe_progress()
            server.office365_probe_notice = progress["status"] if progress["left"] else False

    # ------------------------------------------------------------
    # Begin, look, cancel
    # ------------------------------------------------------------

    def _office365_probe_or_later(self, wanted: Collection[str] | None = None) -> probe.Run | None:
        """Probe addresses now if they are few; else begin a round in the background, and return None.

        :raise UserError: no connection, or somebody else probes this server
        """
        senders = self._office365_probe_senders(wanted)
        in_order = self.env["office365.probe"]._in_order(self, senders)
        if len(in_order) <= probe.AT_ONCE:
            run = probe.Run(in_order)
            self._office365_probe_run(run, senders)
            self.sudo().office365_probe_round = False  # an older one is answered by it
            return run
        self.sudo().office365_probe_round = {
            "left": [[address, senders[address][0].kind, senders[address][0].record_id] for address in in_order],
            "found": {}, "stopped": None, "next": fields.Datetime.to_string(fields.Datetime.now()), "uid": self.env.uid}
        self.env["office365.probe"]._ask_again()
        return None

    def _office365_probe_action(self) -> dict:
        """Return the action that opens the dialog of these servers' rounds."""
        return {
            "type": "ir.actions.client", "tag": "mail_office365.probe",
            "params": {"server_ids": self.ids, "title": self.env._("Check Send As Permissions")}}

    def action_office365_probe_show(self):
        """Open the dialog of a round again."""
        self.check_access("write")
        return self._office365_probe_action()

    def action_office365_probe_cancel(self):
        """End a round, and forget how far it was. What was found out is kept."""
        self.check_access("write")
        self.sudo().office365_probe_round = False

    def office365_probe_some(self) -> dict:
        """Probe some of the addresses that are left, if they may be already; return how far it is."""
        self.check_access("write")
        for server in self:
            server._office365_probe_part(_AT_A_TIME)
        each = [server._office365_probe_progress() for server in self]
        return {
            **{name: sum(progress[name] for progress in each) for name in ("done", "total", "left", "allowed")},
            "refused": [address for progress in each for address in progress["refused"]],
            "unknown": [address for progress in each for address in progress["unknown"]],
            "status": "\n".join(filter(None, (progress["status"] for progress in each))),
            "commands": [
                line for server in self for line in (server.office365_remedy, server.office365_default_from_remedy) if line],
            "wait": min((progress["wait"] for progress in each if not progress["is_over"]), default=0),
            "is_over": all(progress["is_over"] for progress in each),
            "is_stopped": any(progress["is_stopped"] for progress in each),
        }

    def _office365_probe_progress(self) -> dict:
        """Return how far the round of a server is."""
        self.ensure_one()
        now, round_ = fields.Datetime.now(), self.sudo().office365_probe_round or {"left": [], "found": {}, "stopped": None}
        states = round_["found"]
        done, left, stopped = len(states), len(round_["left"]), round_["stopped"]
        by_state = {state: [address for address, found in states.items() if found == state] for state in set(states.values())}
        if stopped:
            status = self.env._(
                "%(reason)s Not checked: %(left)s.", reason=self.env["office365.probe"]._reasons().get(stopped, stopped), left=left)
        else:
            status = self.env._("Send As permissions checked: %(done)s of %(total)s addresses.", done=done, total=done + left)
        wait = (fields.Datetime.to_datetime(round_["next"]) - now).total_seconds() if left and not stopped else 0
        return {
            "done": done, "left": left, "total": done + left, "status": status, "wait": max(wait, 0),
            "allowed": len(by_state.get(probe.ALLOWED, ())), "refused": by_state.get(probe.REFUSED, []),
            "unknown": by_state.get(probe.UNKNOWN, []), "is_over": bool(stopped or not left), "is_stopped": bool(stopped)}

    # ------------------------------------------------------------
    # A part of it
    # ------------------------------------------------------------

    def _office365_probe_part(self, number: int) -> None:
        """Probe some addresses of a round, unless it is over, not due yet, or somebody else does.

        :param number: of addresses; as many as that take their part of a minute
        """
        if not self._office365_probe_is_due() or not self.try_lock_for_update(allow_referencing=True):
            return
        self.invalidate_recordset(["office365_probe_round"])  # somebody else may have done some, before we had the lock
        if not self._office365_probe_is_due():
            return
        round_ = self.sudo().office365_probe_round
        part, left = round_["left"][:number], round_["left"][number:]
        senders = self._office365_probe_part_senders(part)
        run = probe.Run(list(senders), earlier=round_["found"])
        try:
            with self.env.cr.savepoint():
                self._office365_probe_run(run, senders)
        except UserError as error:
            run.stopped = str(error)
        except Exception:  # the rounds of other servers go on, and this one is not begun again every minute
            _logger.exception("ir.mail_server %s: the check of addresses ended.", self.id)
            run.stopped = probe.NO_ANSWER
        unfinished = [each for each in part if each[0] in run.left]
        pace = timedelta(minutes=1) * number / probe.MAX_ADDRESSES
        self.sudo().office365_probe_round = {
            **round_, "left": unfinished + left, "found": run.states(), "stopped": run.stopped,
            "next": fields.Datetime.to_string(fields.Datetime.now() + pace)}

    def _office365_probe_is_due(self) -> bool:
        round_ = self.sudo().office365_probe_round
        return bool(round_ and round_["left"] and not round_["stopped"]) and (
            fields.Datetime.to_datetime(round_["next"]) <= fields.Datetime.now())

    def _office365_is_minute_used(self) -> bool:
        """Tell whether the last part of a round has taken what Exchange accepts within a minute."""
        round_ = self.sudo().office365_probe_round
        return bool(round_) and fields.Datetime.to_datetime(round_["next"]) > fields.Datetime.now()

    def _office365_probe_part_senders(self, part: list) -> dict:
        """Return who writes as each of these addresses, if they still do."""
        round_ = self.sudo().office365_probe_round
        Senders = self.env["office365.sender"].with_user(round_["uid"]).sudo()
        ids: dict[str, list[int]] = {}
        for _address, kind, record_id in part:
            ids.setdefault(kind, []).append(record_id)
        writers = [
            Senders._writer(kind, record) for kind, those in ids.items() for record in Senders._record_model(kind).browse(those).exists()]
        wanted = {address for address, _kind, _record_id in part}
        return {
            out.asked_for: (writer, out) for writer, out in Senders._previews(writers)
            if out.server_id == self.id and out.asked_for in wanted}

    @api.model
    def _office365_continue_rounds(self) -> None:
        """Go on with the rounds that nobody watches."""
        servers = self.search([("office365_preset", "=", "submission")])
        one_by_one(
            self.env, servers, lambda server: server._office365_probe_part(probe.MAX_ADDRESSES), "the check of addresses of %s failed")
        rounds = [server.office365_probe_round for server in servers.exists()]
        if any(round_ and round_["left"] and not round_["stopped"] for round_ in rounds):
            self.env["office365.probe"]._ask_again()
