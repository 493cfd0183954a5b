from odoo import models
from odoo.exceptions import UserError

from ...tools.checks import DONE, FAILED, TO_DO, Check


class Office365Setup(models.Model):
    """Step 2: the mailbox that sends, and its outgoing server."""

    _inherit = "office365.setup"

    def action_create_mail_server(self):
        """Make the outgoing server of the mailbox, or use the one that exists, and test it."""
        self._raise_if_unfit()
        if not self.mail_server_id:
            if existing := self._existing(self.found_mail_server_ids):
                self._use(existing)
            else:
                self.mail_server_id = self.env["ir.mail_server"].create({
                    "office365_preset": self.preset, "office365_cloud": self.cloud, "smtp_user": self.mailbox,
                    "office365_app_id": self.app_id.id,
                })
        return self._check_action("outgoing")

    def action_use_mail_server(self):
        """Use the first server that was found."""
        self.ensure_one().check_access("write")
        self._use(self.found_mail_server_ids[:1])
        return self._check_action("outgoing")

    def _checks_outgoing(self) -> list[Check]:
        if self.preset == "relay":
            return self._checks_relay()
        server, name = self.mail_server_id, self.env._("Outgoing mail server")
        if not server:
            return [*self._checks_mailbox(), Check(name, TO_DO, self.env._("Press Create the Outgoing Server."))]
        if other := self._check_of_mailbox(server.smtp_user):
            return [other]
        return [*self._checks_mailbox(), Check(name, DONE), self._check_token_sign_in(server), *self._checks_connection(server)]

    def _checks_mailbox(self) -> list[Check]:
        """Say whether the mailbox can be one of this tenant."""
        name = self.env._("Mailbox")
        if not self.mailbox:
            return [Check(name, TO_DO, self.env._("Enter the mailbox."))]
        if self.mailbox_problem:
            return [Check(name, FAILED, self.mailbox_problem)]
        return self._checks_domain(self.mailbox.rpartition("@")[2]) if self.mailbox_notice else []

    def _checks_connection(self, server) -> list[Check]:
        """Send a mail to the mailbox itself; each stage of it is a fact."""
        labels = server.env["office365.connection.check.stage"]._labels()
        try:
            stages, error = server._office365_test(), None
        except UserError as failure:
            stages, error = getattr(failure, "stages", []), failure.__cause__ or failure
        checks = [Check(labels[stage], DONE) for stage, _seconds, _detail in stages]
        if error:
            passed = [stage for stage, _seconds, _detail in stages]
            checks.append(self._failed(next(label for stage, label in labels.items() if stage not in passed), error, "smtp"))
        return checks


