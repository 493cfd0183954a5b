from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import escape_psql

from ...tools.diagnosis.names import NAMES
from ...tools.outgoing import log
from ..reading import parameter

KEPT_DAYS = 30
# Lines removed at a time: so that the cron can commit in between.
_REMOVED = 5000
# Recipients named in the list, and contacts that a name is looked for among.
_SHOWN, _CONTACTS = 20, 500

CAUSES = list(NAMES.items())
STATES = [
    (log.SENT, "Sent"), (log.DEFERRED, "Waiting"), (log.FAILED, "Failed"), (log.BOUNCED, "Bounced"), (log.CANCELED, "Cancelled")]


class Office365Email(models.Model):
    """The email log: one line a message that one of our servers got or was to get, with its attempts and its recipients.

    Bodies are not copied: they are in the message. Lines are written by :meth:`_tell` alone.
    """

    _name = "office365.email"
    _description = "Office 365 Email"
    _order = "date desc, id desc"
    _rec_name = "subject"
    _log_access = False

    message_id = fields.Char("Message-Id", readonly=True)
    date = fields.Datetime("Time", readonly=True, required=True, default=fields.Datetime.now, help="Of the last attempt.")
    since = fields.Datetime("First Attempt", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", "Server", readonly=True, ondelete="set null", index="btree_not_null")
    server_name = fields.Char("Server Name", related="mail_server_id.name")  # readers may not read servers
    user_id = fields.Many2one("res.users", "Sent By", readonly=True, ondelete="set null", index="btree_not_null")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="set null", help="Of the record that it is about.")
    email_from = fields.Char("From", readonly=True)
    subject = fields.Char(readonly=True)
    kind = fields.Selection(
        [(log.MAIL, "Email"), (log.MASS, "Mass Mail"), (log.TEST, "Connection Test"), (log.PROBE, "Send As Check")], readonly=True)
    state = fields.Selection(STATES, "Status", readonly=True)
    cause = fields.Selection(CAUSES, readonly=True, help="Why the email was not accepted.")
    reply = fields.Char("Server's Reply", readonly=True)
    recipient_ids = fields.One2many("office365.email.recipient", "email_id", "Recipients", readonly=True)
    delivery_ids = fields.One2many("office365.delivery", "email_id", "Attempts", readonly=True)
    recipients = fields.Char("To", compute="_compute_recipients", search="_search_recipients")

    _message_unique = models.UniqueIndex("(message_id)")
    _latest = models.Index("(date DESC, id DESC)")
    _not_sent = models.Index("(date DESC, id DESC) WHERE state IN ('failed', 'bounced', 'deferred')")

    @api.depends("recipient_ids.address")
    def _compute_recipients(self):
        for email in self:
            addresses = email.recipient_ids.mapped("address")
            more = [self.env._("%s more", len(addresses) - _SHOWN)] if len(addresses) > _SHOWN else []
            email.recipients = ", ".join(addresses[:_SHOWN] + more)

    @api.model
    def _search_recipients(self, operator, value):
        """Find by any part of an address, and by the name of a contact."""
        if operator not in ("ilike", "=", "in"):
            return NotImplemented
        domain = Domain.OR(
            self._recipients_like(term) if operator == "ilike" else Domain("address", "=", log.written(term))
            for term in ([value] if isinstance(value, str) else value) if term)
        return Domain("recipient_ids", "any!", domain)

    @api.model
    def _recipients_like(self, text: str) -> Domain:
        term = log.written(text)
        if not term.strip("@"):
            return Domain.FALSE
        # All addresses are read through, a hundred thousand in some 20 ms: no index serves the middle of a word in every PostgreSQL.
        found = Domain("address", "=like", f"%{escape_psql(term)}%")
        if "@" not in term:
            contacts = self.env["res.partner"].search_fetch(
                [("name", "ilike", escape_psql(text)), ("email_normalized", "!=", False)], ["email_normalized"], limit=_CONTACTS)
            found |= Domain("address", "in", [log.written(each.email_normalized) for each in contacts])
        return found

    @api.model
    def get_empty_list_help(self, help_message):
        """Tell an empty log from one in which nothing matches."""
        if self.has_access("read") and self.search_count([], limit=1):
            return self.env._(
                '<p class="o_view_nocontent_empty_folder">No email matches your search</p>'
                "<p>Emails are kept here for %s days. Search by a recipient's name, by part of an address, by @domain, or by the "
                "subject.</p>", self._kept_days())
        return super().get_empty_list_help(help_message)

    # ------------------------------------------------------------
    # Retention
    # ------------------------------------------------------------

    @api.model
    def _kept_days(self) -> int:
        """Return for how many days emails are listed, at least one."""
        value = str(parameter(self.env, "mail_office365.log_days", KEPT_DAYS))
        return max(int(value), 1) if value.isdecimal() else KEPT_DAYS

    @api.autovacuum
    def _gc_emails(self):
        """Forget old emails with their recipients and attempts; return how many were removed, and whether some are left."""
        old = [("date", "<", fields.Datetime.now() - timedelta(days=self._kept_days()))]
        emails = self.search(old, limit=_REMOVED, order="date")
        emails.unlink()
        return len(emails), len(emails) == _REMOVED


class Office365EmailRecipient(models.Model):
    """What became of an email for one of its recipients."""

    _name = "office365.email.recipient"
    _description = "Recipient of an Office 365 Email"
    _order = "id"
    _rec_name = "address"
    _log_access = False

    email_id = fields.Many2one("office365.email", required=True, readonly=True, ondelete="cascade")
    address = fields.Char("Email Address", required=True, readonly=True)
    state = fields.Selection(STATES, "Status", readonly=True)
    cause = fields.Selection(CAUSES, readonly=True)
    reply = fields.Char("Server's Reply", readonly=True)

    _email_address_unique = models.UniqueIndex("(email_id, address)")
