from collections.abc import Iterable

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..tools.identity import preview
from ..tools.identity.preview import Preview, Writer
from ..tools.identity.sender import FOREIGN_DOMAIN, MODE, NOT_ALLOWED_YET, NOT_AUTHENTIC, OTHER_AUTHOR, UNVERIFIED
from ..tools.identity.sender_book import Known, SenderBook
from ..tools.servers import powershell


class Office365Sender(models.TransientModel):
    """Who sends as what: a line a user and an address of the database itself.

    Lines are made for all when the screen is opened, with the server of each. What their mail leaves with is found out when it is asked
    for (`office365_sender_lines.py`).
    """

    _name = "office365.sender"
    _description = "Sender Overview"
    _order = "id"

    opening = fields.Char(readonly=True, index=True)
    name = fields.Char("Who", readonly=True)
    kind = fields.Selection(
        [("user", "User"), ("domain", "Email domain"), ("company", "Company")], readonly=True)
    record_id = fields.Integer(readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="cascade")
    email = fields.Char(readonly=True, help="The address that mail is written with.")
    alias = fields.Char(readonly=True)
    alias_state = fields.Selection([("pending", "Pending"), ("confirmed", "Confirmed")], "Alias Status", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", "Server", readonly=True, ondelete="cascade")
    email_from = fields.Char("From", readonly=True)
    address = fields.Char("From Address", readonly=True)
    asked_for = fields.Char("Send As", readonly=True, help="The address that Exchange is to let the mailbox send as.")
    envelope_from = fields.Char("Envelope Sender", readonly=True)
    why = fields.Selection(
        [
            (preview.ALIAS, "Confirmed alias"),
            (preview.UNCHANGED, "Verified address: sent unchanged"),
            (preview.NOTIFICATIONS, "No alias: Odoo's notification address"),
            (preview.ALIAS_FILTERED, "No Office 365 server sends for the alias: see FROM Filtering"),
            (UNVERIFIED, "The email is not confirmed: sent from the mailbox"),
            (FOREIGN_DOMAIN, "The servers do not send for that domain: sent from the mailbox"),
            (OTHER_AUTHOR, "The address belongs to another user: sent from the mailbox"),
            (NOT_AUTHENTIC, "Exchange does not confirm the sender: sent from the mailbox"),
            (MODE, "The server always sends as its mailbox"),
            (NOT_ALLOWED_YET, "Exchange does not allow that address yet: sent from the mailbox"),
            (preview.FALLBACK, "No server sends for that domain: Odoo falls back to this one"),
            (preview.PERSONAL_SERVER, "Personal server"),
            (preview.OTHER_SERVER, "No Office 365 server sends for that domain"),
            (preview.NO_SERVER, "No server except the one in Odoo's configuration file"),
            (preview.REFUSED, "Not confirmed, and there is no other address to send from: not sent"),
            (preview.NO_EMAIL, "No email address: cannot send"),
        ],
        readonly=True,
    )
    probe_id = fields.Many2one("office365.probe", readonly=True, ondelete="set null")
    probe_state = fields.Selection(related="probe_id.state", string="Exchange")
    probe_date = fields.Datetime(related="probe_id.date")
    probe_explanation = fields.Text(related="probe_id.explanation", string="Exchange Says")
    remedy = fields.Char("Exchange PowerShell", compute="_compute_remedy")

    @api.depends("probe_id", "mail_server_id", "address")
    def _compute_remedy(self):
        for line in self:
            line.remedy = line.probe_id._is_send_as_denied() and powershell.grant_line(
                line.mail_server_id.office365_sender_mode, line.mail_server_id._office365_trustee(), [line.probe_id.address])

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    @api.model
    def action_open(self):
        """Open the screen with lines of this moment."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Sender Overview"),
            "res_model": self._name,
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "mobile_view_mode": "kanban",
            "domain": [("opening", "=", self._fill())],
            "context": {key: value for key, value in self.env.context.items() if key.startswith("search_default_")},
        }

    def action_probe(self):
        """Probe the addresses of these lines."""
        self.check_access("read")
        servers = self.mail_server_id.filtered(lambda server: server.office365_preset == "submission")
        if not servers:
            raise UserError(self.env._("Nothing to check: none of these addresses is sent through client submission."))
        runs = {
            server: server._office365_probe_or_later(
                set(self.filtered(lambda line, server=server: line.mail_server_id == server).mapped("asked_for")))
            for server in servers}
        if later := servers.filtered(lambda server: runs[server] is None):
            return later._office365_probe_action()
        return self.env["office365.probe"]._notification(list(runs.values()))

    # ------------------------------------------------------------
    # Who writes, and what it leaves with
    # ------------------------------------------------------------

    @api.model
    def _writers(self) -> list[Writer]:
        """Return everybody whose address may stand in a From: active internal users, default From addresses, companies."""
        return [self._writer(kind, record) for kind in ("user", "domain", "company") for record in self._records(kind)]

    @api.model
    def _records(self, kind: str):
        """Return the records of a kind that mail is written as."""
        domain = {
            "user": [("share", "=", False)],
            "domain": [("default_from", "!=", False)],
            "company": [("partner_id.email_normalized", "!=", False)],
        }[kind]
        return self._record_model(kind).search(domain)

    @api.model
    def _record_model(self, kind: str):
        """Return the model of a kind of writers."""
        return self.env[{"user": "res.users", "domain": "mail.alias.domain", "company": "res.company"}[kind]].sudo()

    @api.model
    def _writer(self, kind: str, record) -> Writer:
        if kind == "user":
            email_from = record.email_formatted if record.email_normalized else ""
            return Writer(kind, record.id, email_from, record.id, record.company_id.id)
        if kind == "domain":
            company = record.company_ids[:1] or self.env.company
            return Writer(kind, record.id, record.default_from_email, self.env.uid, company.id)
        return Writer(kind, record.id, record.email_formatted, self.env.uid, record.id)

    @api.model
    def _previews(self, writers: Iterable[Writer] | None = None) -> list[tuple[Writer, Preview]]:
        """Return what the mail of each writer leaves with; the number of queries does not depend on theirs."""
        writers = self._writers() if writers is None else list(writers)
        IrMailServer = self.env["ir.mail_server"]
        book = self._book(writers)
        choice = IrMailServer._office365_choice((), book)
        return [
            (writer, IrMailServer._office365_preview(writer, book, choice.allowed(writer.actor_id)) if writer.email_from
             else Preview(None, "", "", "", "", preview.NO_EMAIL))
            for writer in writers
        ]

    @api.model
    def _book(self, writers: Iterable[Writer]) -> SenderBook:
        """Look up all writers at once; if no server is ours, nothing is to be known of them."""
        writers = list(writers)
        users = self.env["res.users"].sudo().browse([writer.record_id for writer in writers if writer.kind == "user"])
        addresses = {email_normalize(writer.email_from) for writer in writers}
        addresses = {address for address in addresses | set(users.mapped("office365_alias_confirmed")) if address}
        book = self.env["ir.mail_server"]._office365_sender_book(addresses) or SenderBook(dict.fromkeys(addresses, Known()))
        book.actors = self.env["ir.mail_server"]._office365_actors({writer.actor_id for writer in writers})
        return book
