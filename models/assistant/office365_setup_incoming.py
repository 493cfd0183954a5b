from imaplib import IMAP4
from poplib import error_proto

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.checks import DONE, TO_DO, Check


class Office365Setup(models.Model):
    """Step 3: the incoming server of the same mailbox."""

    _inherit = "office365.setup"

    fetchmail_server_state = fields.Selection(related="fetchmail_server_id.state", string="State of the Incoming Server")

    def action_create_fetchmail_server(self):
        """Make the incoming server of the mailbox, or use the one that exists, and confirm it if it can be reached."""
        self._raise_if_unfit()
        if not self.fetchmail_server_id:
            if existing := self._existing(self.found_fetchmail_server_ids):
                self._use(existing)
            else:
                self.fetchmail_server_id = self.env["fetchmail.server"].create({
                    "office365_preset": "imap", "office365_cloud": self.cloud, "user": self.mailbox, "office365_app_id": self.app_id.id,
                })
        return self.action_confirm_fetchmail_server()

    def action_confirm_fetchmail_server(self):
        """Test the server, and let it fetch if it works."""
        return self._check_action("incoming", confirm=True)

    def action_use_fetchmail_server(self):
        """Use the first server that was found."""
        self.ensure_one().check_access("write")
        self._use(self.found_fetchmail_server_ids[:1])
        return self._check_action("incoming")

    def _checks_incoming(self) -> list[Check]:
        server, name = self.fetchmail_server_id, self.env._("Incoming mail server")
        if not server:
            return [*self._checks_mailbox(), Check(name, TO_DO, self.env._("Press Create the Incoming Server."))]
        if other := self._check_of_mailbox(server.user):
            return [other]
        return [Check(name, DONE), self._check_token_sign_in(server), *self._checks_fetching(server)]

    def _checks_fetching(self, server) -> list[Check]:
        """Connect as a fetch does."""
        name, fetches = self.env._("Signed in, and mailbox opened"), self.env._("Mail is fetched")
        try:
            if server.state == "draft" and self.env.context.get("office365_confirm"):
                server.button_confirm_login()
            else:
                server._office365_try()
        except UserError as error:
            return [self._failed(name, error.__context__ or error, server.office365_preset)]
        except (OSError, UnicodeError, IMAP4.error, error_proto) as error:
            return [self._failed(name, error, server.office365_preset)]
        if server.state == "draft":
            return [Check(name, DONE), Check(fetches, TO_DO, self.env._("Press Test & Confirm."))]
        if server.office365_status == "failing":
            return [Check(name, DONE), self._failed(fetches, UserError(server.error_message or ""), server.office365_preset)]
        return [Check(name, DONE), Check(fetches, DONE)]
