import secrets
from collections.abc import Iterable
from email.message import EmailMessage

from odoo import api, fields, models
from odoo.tools import consteq, hmac

from ...tools.diagnosis.reader import diagnose
from ...tools.identity import probe

_HEADER = "X-Office365-Probe"
_SCOPE = "mail_office365.probe"


class Office365Probe(models.Model):
    """What Exchange said when a server's mailbox sent as an address, the last time it was tried."""

    _name = "office365.probe"
    _description = "Office 365 Probe of an Address"
    _order = "mail_server_id, address"
    _rec_name = "address"

    mail_server_id = fields.Many2one("ir.mail_server", "Server", required=True, readonly=True, ondelete="cascade")
    address = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [(probe.ALLOWED, "Allowed"), (probe.REFUSED, "Refused"), (probe.UNKNOWN, "Unknown")], "Status", required=True, readonly=True)
    reply = fields.Char("Server's Reply", readonly=True)
    date = fields.Datetime("Probed On", required=True, readonly=True)
    explanation = fields.Text(compute="_compute_explanation")

    _server_address_unique = models.Constraint(
        "UNIQUE(mail_server_id, address)", "Each address has one probe result for each server.")

    @api.depends("state", "reply")
    def _compute_explanation(self):
        sentences = {
            probe.TAKEN: self.env._("Exchange lets the mailbox send as this address."),
            probe.SEND_AS_DENIED: self.env._(
                "The mailbox has no permission for this address; a new permission can take up to an hour to work."),
            probe.LOCKED_OUT: self.env._(
                "Exchange locked the mailbox out after too many refusals, so nothing is known about this address."),
            probe.LATER: self.env._("Exchange could not tell just then. Probe again later."),
            probe.LOST: self.env._("The connection broke off before Exchange replied. Probe again later."),
        }
        for result in self:
            sentence = sentences.get(result._verdict().cause) or result.mail_server_id._office365_remedy_text(
                diagnose(result.reply, protocol="smtp"), result.address)
            result.explanation = self.env._("%(sentence)s It said: %(reply)s", sentence=sentence, reply=result.reply)

    def _verdict(self) -> probe.Verdict:
        self.ensure_one()
        return probe.judge(self.reply or "", taken=self.state == probe.ALLOWED)

    def _is_send_as_denied(self) -> bool:
        """Tell whether a permission in Exchange is what is missing."""
        return bool(self) and self._verdict().cause == probe.SEND_AS_DENIED

    # ------------------------------------------------------------
    # Runs
    # ------------------------------------------------------------

    @api.model
    def _in_order(self, server, addresses: Iterable[str]) -> list[str]:
        """Return addresses of a server as they are to be probed."""
        before = {result.address: (result.state, result.date.timestamp())
                  for result in self.sudo().search([("mail_server_id", "=", server.id)])}
        return probe.in_order(addresses, before)

    @api.model
    def _store(self, server, run: probe.Run) -> None:
        """Keep what a run found out, and show it in the lines of the screen."""
        known = {result.address: result for result in self.search([
            ("mail_server_id", "=", server.id), ("address", "in", list(run.replies))])}
        now = fields.Datetime.now()
        for address, verdict in run.verdicts().items():
            values = {"state": verdict.state, "reply": run.replies[address][0], "date": now}
            if address in known:
                known[address].write(values)
            else:
                known[address] = self.create({**values, "mail_server_id": server.id, "address": address})
        self.env["office365.sender"]._show_probes(known.values())

    @api.model
    def _notification(self, runs: list[probe.Run]) -> dict:
        """Return the notice on the screen about what was found out, and what was not."""
        allowed, refused, unknown = (
            [address for run in runs for address in run.addresses(state)]
            for state in (probe.ALLOWED, probe.REFUSED, probe.UNKNOWN))
        left = [address for run in runs for address in run.left]
        is_denied = any(verdict.cause == probe.SEND_AS_DENIED for run in runs for verdict in run.verdicts().values())
        reasons = {
            probe.LOCKED_OUT: self.env._(
                "Stopped: Exchange locked the mailbox out for a while, after too many refusals. All its mail waits until then."),
            probe.TOO_MANY_REFUSALS: self.env._(
                "Stopped after %s refusals: Exchange locks out a mailbox that is refused again and again. Grant the "
                "permissions first.", probe.MAX_REFUSALS),
            probe.NO_ANSWER: self.env._("Stopped: Exchange did not answer as it should. Try again later."),
            probe.RATE: self.env._(
                "Stopped after %s mails: Exchange takes 30 a minute. Press again in a minute for the rest.", probe.MAX_ADDRESSES),
        }
        lines = [
            *(reasons[run.stopped] for run in runs if run.stopped),
            *([self.env._("Allowed: %s.", len(allowed))] if allowed else []),
            *([self.env._("Refused: %s.", ", ".join(refused))] if refused else []),
            *([self.env._("The line that grants the permission is on the server's form.")] if is_denied else []),
            *([self.env._("Not known: %s.", ", ".join(unknown))] if unknown else []),
            *([self.env._("Not probed: %s.", ", ".join(left))] if left else []),
        ]
        stopped = any(run.stopped for run in runs)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": " ".join(lines) or self.env._("No address is sent through this server."),
                "type": "danger" if refused or stopped else "warning" if unknown or left or not allowed else "success",
                "sticky": bool(refused or unknown or left or stopped),
                "next": {"type": "ir.actions.act_window_close"},  # reloads the view below
            },
        }

    # ------------------------------------------------------------
    # The mail
    # ------------------------------------------------------------

    @api.model
    def _headers(self) -> dict[str, str]:
        """Return headers that keep others from answering, and by which this database knows the mail again."""
        nonce = secrets.token_hex(8)
        return {
            "Auto-Submitted": "auto-generated",  # RFC 3834
            "X-Auto-Response-Suppress": "All",  # [MS-OXCMAIL] 2.1.3.2.14
            _HEADER: f"{nonce}-{self._signature(nonce)}",
        }

    @api.model
    def _is_probe(self, message: EmailMessage) -> bool:
        """Tell whether a mail is a probe that this database sent.

        Signed, so that nobody else can have a mail passed over: a rule in Exchange could add a header to other people's mail.
        """
        nonce, _dash, signature = str(message[_HEADER] or "").strip().partition("-")
        # As octets: strings are compared only if both are ASCII, and anybody may write this header.
        return bool(nonce) and consteq(signature.encode(errors="replace"), self._signature(nonce).encode())

    @api.model
    def _signature(self, nonce: str) -> str:
        return hmac(self.env(su=True), _SCOPE, nonce)[:32]
