from odoo import api, fields, models
from odoo.exceptions import ValidationError

# What needs somebody's attention.
ATTENTION = ("failed", "unroutable", "set_aside")


class FetchmailServer(models.Model):
    """The list of what was received from a server."""

    _inherit = "fetchmail.server"

    office365_start = fields.Json(
        readonly=True, copy=False, help="By UIDVALIDITY: the first UID that is fetched whether or not it is unread.")
    office365_after_fetch = fields.Selection(
        [("seen", "Mark as read"), ("move", "Move to a folder"), ("delete", "Delete")], "Fetched Messages", default="seen", required=True,
        help="What happens in the mailbox to a message once Odoo has processed it. Any other message is marked as read, and its source is "
             "kept in the list of received mail.")
    office365_move_folder = fields.Char(
        "Folder for Fetched Messages", help="Name of the folder as the mailbox shows it, such as Odoo. It has to exist.")
    office365_inbound_count = fields.Integer("Needs Attention", compute="_compute_office365_inbound_count")

    @api.constrains("office365_after_fetch", "office365_move_folder")
    def _check_office365_move_folder(self):
        for server in self:
            if server.office365_after_fetch == "move" and not server.office365_move_folder:
                raise ValidationError(self.env._(
                    "%s: enter the folder that fetched messages are moved to, or choose something else in the field Fetched Messages.",
                    server.display_name))

    def _compute_office365_inbound_count(self):
        counts = dict(self.env["office365.inbound"]._read_group(
            [("server_id", "in", self.ids), ("state", "in", ATTENTION)], ["server_id"], ["__count"]))
        for server in self:
            server.office365_inbound_count = counts.get(server._origin, 0)

    def _office365_start(self, validity: int, uid_next: int) -> int:
        """Return the first UID that is fetched whether or not it is unread: that of the first message after the first connection."""
        known = self.office365_start or {}
        if str(validity) not in known:
            # Only the present numbering counts: the server never gives the others again.
            self.office365_start = known = {str(validity): uid_next or 1}
        return known[str(validity)]

    def _office365_start_after(self, validity: str, uid: int) -> None:
        """Fetch messages up to this UID only if they are unread, as what became of them is forgotten."""
        known = self.office365_start or {}
        if known.get(validity, uid + 1) <= uid:
            self.office365_start = {validity: uid + 1}

    def action_office365_inbound(self):
        """Open what was received from this server."""
        self.ensure_one().check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id("mail_office365.office365_inbound_action")
        return {**action, "domain": [("server_id", "=", self.id)]}
