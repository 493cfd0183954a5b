import secrets
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import consteq, formataddr, hmac

from ...tools.addresses import canonical_address
from ...tools.assistant.round_trip import OTHER_SERVER, PROVES, Ticket, verdict
from ...tools.incoming.filters.proof import Proof

_SCOPE = "mail_office365.round_trip"
_KEPT_DAYS = 30
# How long an email counts after it was sent. Nobody waits for a heartbeat: whatever fetches takes it.
_LIFETIME = {"proof": timedelta(minutes=30), "heartbeat": timedelta(hours=1)}
WAITING = ("sending", "waiting")


class Office365RoundTrip(models.Model):
    """An email that this database sent to itself through Exchange, to see that it comes back as it should.

    Rows are made and changed by code alone: what is proved by them must not be something that somebody has written there.
    """

    _name = "office365.round.trip"
    _description = "Office 365 Round Trip"
    _order = "id desc"
    _rec_name = "date"

    setup_id = fields.Many2one("office365.setup", "Set-up", required=True, readonly=True, ondelete="cascade", index=True)
    kind = fields.Selection([("proof", "Proof"), ("heartbeat", "Heartbeat")], required=True, readonly=True)
    date = fields.Datetime("Sent On", required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("sending", "Sending"), ("waiting", "On Its Way"), ("done", "Succeeded"), ("failed", "Failed"), ("cancelled", "Cancelled")],
        required=True, readonly=True, default="sending")
    author = fields.Char("From", readonly=True)
    address = fields.Char("To", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", "Outgoing Mail Server", readonly=True, ondelete="set null")
    fetchmail_server_id = fields.Many2one("fetchmail.server", "Incoming Mail Server", readonly=True, ondelete="set null")
    leg = fields.Selection(
        [
            ("sent", "Sent"), ("author", "From"), ("envelope", "Envelope Sender"), ("arrived", "Reached the Mailbox"),
            ("recipient", "Recipient"), ("authentication", "Authentication"), ("headers", "Headers"), ("fetched", "Fetched"),
        ], "Broken At", readonly=True)
    cause = fields.Text(readonly=True)
    remedy = fields.Text("What to Do", readonly=True)
    send_seconds = fields.Float("Sending (s)", readonly=True, digits=(8, 1))
    route_seconds = fields.Float("In Exchange (s)", readonly=True, digits=(8, 1))
    fetch_seconds = fields.Float("Fetching (s)", readonly=True, digits=(8, 1))
    seconds = fields.Float("Duration (s)", compute="_compute_seconds", digits=(8, 1))
    ends = fields.Datetime("Counts Until", required=True, readonly=True)

    nonce = fields.Char(required=True, readonly=True, index=True, groups=NO_ACCESS)
    inputs = fields.Json(readonly=True, groups=NO_ACCESS, help="Of the set-up, when the email was sent.")
    place = fields.Char(readonly=True, groups=NO_ACCESS, help="The mark of the database that sent it.")
    facts = fields.Json(readonly=True, groups=NO_ACCESS)
    arrival = fields.Json(readonly=True, groups=NO_ACCESS, help="How it came back; nothing if it has not.")

    @api.depends("send_seconds", "route_seconds", "fetch_seconds")
    def _compute_seconds(self):
        for trip in self:
            trip.seconds = trip.send_seconds + trip.route_seconds + trip.fetch_seconds

    @api.model
    def _begin(self, setup, kind: str):
        """Make the row of an email that is to be sent.

        :raise UserError: the set-up is not far enough
        """
        domain = self._domain(setup)
        server, incoming = setup.mail_server_id, setup.fetchmail_server_id
        for missing, words in (
            (not server, self.env._("Set up the outgoing mail server first.")),
            (not incoming, self.env._("Set up the incoming mail server first.")),
            (not domain, self.env._("Enter the email domain first.")),
            (server and not server.active, self.env._("The outgoing mail server is archived. Unarchive it first.")),
            (incoming and not incoming.active, self.env._("The incoming mail server is archived. Unarchive it first.")),
        ):
            if missing:
                raise UserError(words)
        # Nonce and signature in one line of a header: what is longer, Python's email package encodes.
        nonce, written_as, author = secrets.token_hex(8), *self._author(setup)
        token = secrets.token_hex(8)
        return self.sudo().create({
            "setup_id": setup.id, "kind": kind, "nonce": nonce, "author": author, "address": f"odoo-proof-{token}@{domain}",
            "mail_server_id": server.id, "fetchmail_server_id": incoming.id, "ends": fields.Datetime.now() + _LIFETIME[kind],
            "inputs": self._inputs(setup), "place": self.env["office365.token"].sudo()._fingerprint(),
            "facts": {
                "began": time.time(), "written_as": written_as, "token": token, "is_inside": server.office365_preset != "relay",
                "message_id": f"<{token}.proof@{domain}>", "reference": f"<{secrets.token_hex(8)}.reference@{domain}>",
                "objects": f"office365.setup-{setup.id}",
            },
        })

    @api.model
    def _domain(self, setup) -> str:
        """Return the domain whose unknown addresses Odoo is to receive: that of its aliases."""
        return setup.alias_domain_id.name or setup.domain or ""

    @api.model
    def _inputs(self, setup) -> dict:
        """Return what of a set-up a proof is about."""
        return {
            "domain": self._domain(setup), "mailbox": canonical_address(setup.mailbox or ""),
            "servers": [setup.mail_server_id.id, setup.fetchmail_server_id.id]}

    @api.model
    def _author(self, setup) -> tuple[str, str]:
        """Return From as it is written, and the address that recipients are to see.

        The alias of whoever asks, else of another user, if the server lets others send as them; else the server's own address.
        """
        server = setup.sudo().mail_server_id
        own = server._office365_mailbox() or setup.alias_domain_id.default_from_email or setup.mailbox or ""
        user = self.env.user.sudo()
        if not user.office365_alias_confirmed:
            user = user.browse() if server.office365_strict_author else self.env["res.users"].sudo().search(
                [("office365_alias_confirmed", "!=", False), ("share", "=", False)], order="id", limit=1)
        alias = user.office365_alias_confirmed
        if not alias:
            return formataddr((self.env.company.name, own)), own
        shows_mailbox = server.office365_preset == "hve" or server.office365_sender_mode == "mailbox"
        return formataddr((user.name, alias)), own if shows_mailbox and own else alias

    # ------------------------------------------------------------
    # What proves that an email is ours
    # ------------------------------------------------------------

    @api.model
    def _signature(self, nonce: str) -> str:
        """Return what only this database can write beside a nonce: it is keyed with the database's secret."""
        return hmac(self.env(su=True), _SCOPE, nonce)[:32]

    @api.model
    def _is_signed(self, proof: Proof) -> bool:
        """Tell whether this database has signed the mark of an email; anybody may write one."""
        return bool(proof.nonce) and consteq(
            proof.signature.encode(errors="replace"), self._signature(proof.nonce).encode())

    @api.model
    def _verdict(self, proof: Proof, server_id: int) -> tuple[str, "Office365RoundTrip"]:
        """Return what an email is, and the row that it is about: empty unless the email is the one that was sent, at its first arrival.

        :param server_id: id of the incoming server that fetched it
        """
        is_signed = self._is_signed(proof)
        trip = self.sudo().search([("nonce", "=", proof.nonce)], limit=1) if is_signed else self.browse()
        ticket = Ticket(trip.state, bool(trip.arrival), trip.ends, trip.fetchmail_server_id.id) if trip else None
        slug = verdict(ticket, is_signed=is_signed, server_id=server_id, now=fields.Datetime.now())
        return slug, trip if slug in (PROVES, OTHER_SERVER) else self.browse()

    @api.autovacuum
    def _gc_round_trips(self):
        """Forget what is older than 30 days, but for the last success of each set-up: the heartbeat goes by that."""
        kept = [trip.id for setup in self.env["office365.setup"].search([]) if (trip := self._last_success(setup))]
        self.search([("date", "<", fields.Datetime.now() - timedelta(days=_KEPT_DAYS)), ("id", "not in", kept)], limit=1000).unlink()

    @api.model
    def _last_success(self, setup):
        return self.sudo().search([("setup_id", "=", setup.id), ("state", "=", "done")], limit=1)
