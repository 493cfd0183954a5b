import secrets
from collections.abc import Collection, Iterable, Mapping
from email.message import EmailMessage

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import consteq, hmac

from ...tools.addresses import ascii_address, canonical_address, mailbox_of
from ...tools.diagnosis.reader import diagnose
from ...tools.identity import probe
from ...tools.transactions import run_apart

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
    date = fields.Datetime("Checked On", required=True, readonly=True)
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
            probe.LATER: self.env._("Exchange could not tell just then. Check again later."),
            probe.LOST: self.env._("The connection broke off before Exchange replied. Check again later."),
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
        findings = {(server.id, address): (verdict.state, run.replies[address][0]) for address, verdict in run.verdicts().items()}

        def store(cr):
            apart = self.with_env(api.Environment(cr, SUPERUSER_ID, {}))
            apart._learn(findings, asked=True)
            allowed = [address.lower() for (_server, address), (state, _reply) in findings.items() if state == probe.ALLOWED]
            # What is allowed now needs no mail that tries it.
            apart.env["office365.pause"].search([("mail_server_id", "=", server.id), ("address", "in", allowed)]).unlink()
            apart.env["office365.sender"]._show_probes(
                apart.search([("mail_server_id", "=", server.id), ("address", "in", list(run.replies))]))

        # Apart: mail of other workers shows the same, and a race must not cost this transaction, which would ask all over again.
        run_apart(self.env.registry.cursor, store)
        self.invalidate_model()
        self.env["office365.sender"].invalidate_model()

    # ------------------------------------------------------------
    # What is known
    # ------------------------------------------------------------

    @api.model
    def _learn(self, findings: Mapping[tuple[int, str], tuple[str, str]], *, asked: bool = False) -> None:
        """Keep what Exchange said, in a transaction that is for this alone.

        :param findings: state and reply, by id of the server and address
        :param asked: a probe asked: also a result that is the same as before is news
        """
        servers = self.env["ir.mail_server"].browse({server for server, _address in findings}).exists()
        known = {(result.mail_server_id.id, result.address): result for result in self.search([
            ("mail_server_id", "in", servers.ids), ("address", "in", [address for _server, address in findings])])}
        own, is_news = self.env["ir.mail_server"]._office365_own(), False
        for (server, address), (state, reply) in findings.items():
            result = known.get((server, address), self)
            if server not in servers.ids or (probe.holds(result.state or None, state) and not asked):
                continue
            if result and probe.holds(result.state, state):
                if result.state != probe.ALLOWED or state == probe.ALLOWED:
                    result.date = fields.Datetime.now()
                continue
            values = {"state": state, "reply": reply, "date": fields.Datetime.now()}
            if result:
                result.write(values)
            else:
                self.create({**values, "mail_server_id": server, "address": address})
            canonical = canonical_address(address)
            is_unproved = canonical in own.unproved.get(server, ())
            is_news |= canonical in own.notifications and is_unproved == (state == probe.ALLOWED)
        if is_news:
            self.env["ir.mail_server"]._office365_forget()

    @api.model
    def _learn_from(self, deliveries: Iterable[dict]) -> None:
        """Learn from mail of people: that Exchange took it, or refused it because of its From, is what a probe would have found out.

        :param deliveries: values of ``office365.delivery``, in the order in which they were noted
        """
        findings = {}
        for values in deliveries:
            if "email_from" not in values:
                continue  # of a mail that was cancelled, say: no server has said anything
            author = mailbox_of(values["email_from"] or "")
            state = probe.said_by_mail(values["cause"] or None)
            if author and state and values["mail_server_id"] and author.address.lower() != (values["login"] or "").lower():
                findings[values["mail_server_id"], author.address.lower()] = (state, values["reply"])
        submission = self.env["ir.mail_server"].browse({server for server, _address in findings}).exists().filtered(
            lambda server: server.office365_preset == "submission")
        if findings := {key: said for key, said in findings.items() if key[0] in submission.ids}:
            self._learn(findings)

    @api.model
    def _proved(self, servers, addresses: Collection[str]) -> dict[int, set[str]]:
        """Return which of these addresses Exchange has shown to let mail leave as, by id of the server."""
        proved: dict[int, set[str]] = {}
        written = {*addresses, *map(ascii_address, addresses)}
        for result in self.search([
                ("mail_server_id", "in", servers.ids), ("address", "in", list(written)), ("state", "=", probe.ALLOWED)]):
            proved.setdefault(result.mail_server_id.id, set()).add(canonical_address(result.address))
        return proved

    @api.model
    def _reasons(self) -> dict[str, str]:
        """Return the sentences for why a run ended early."""
        return {
            probe.LOCKED_OUT: self.env._(
                "Stopped: Exchange locked the mailbox out for a while, after too many refusals. All its mail waits until then."),
            probe.TOO_MANY_REFUSALS: self.env._(
                "Stopped after %s refusals: Exchange locks out a mailbox that is refused again and again. Grant the "
                "permissions first.", probe.MAX_REFUSALS),
            probe.NO_ANSWER: self.env._("Stopped: Exchange did not answer as it should. Try again later."),
            probe.RATE: self.env._("Stopped after %s emails: Exchange takes 30 a minute.", probe.MAX_ADDRESSES),
        }

    @api.model
    def _notification(self, runs: list[probe.Run]) -> dict:
        """Return the notice on the screen about what was found out, and what was not."""
        allowed, refused, unknown = (
            [address for run in runs for address in run.addresses(state)]
            for state in (probe.ALLOWED, probe.REFUSED, probe.UNKNOWN))
        left = [address for run in runs for address in run.left]
        is_denied = any(verdict.cause == probe.SEND_AS_DENIED for run in runs for verdict in run.verdicts().values())
        reasons = self._reasons()
        lines = [
            *(reasons[run.stopped] for run in runs if run.stopped),
            *([self.env._("Allowed: %s.", len(allowed))] if allowed else []),
            *([self.env._("Refused: %s.", ", ".join(refused))] if refused else []),
            *([self.env._("See the server form for the PowerShell command.")] if is_denied else []),
            *([self.env._("Not known: %s.", ", ".join(unknown))] if unknown else []),
            *([self.env._("Not checked: %s.", ", ".join(left))] if left else []),
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
