"""Base of the tests of links that are mailed to an address."""

import re
from unittest.mock import patch

from odoo.tests import new_test_user

from ..models.identity.res_users_link import PATH
from ..tools.identity import alias_link
from .common import BRANT, Office365Mixin


class LinkMixin(Office365Mixin):
    """Links as they arrive in mailboxes, and a clock that is set by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = new_test_user(cls.env, "o365.other", name="Other", email="other@private.example")
        cls.admin = new_test_user(
            cls.env, "o365.admin", email="admin@private.example",
            groups="base.group_user,base.group_erp_manager,base.group_partner_manager")
        cls.portal = new_test_user(cls.env, "o365.portal", email="portal@private.example", groups="base.group_portal")

    def setUp(self):
        super().setUp()
        self.outgoing()
        self.grant_send_as("notifications@contoso.example")  # what core sends the system's mail as
        self.clock = self.enterContext(patch.object(alias_link, "now"))
        self.clock.return_value = 1_800_000_000

    def later(self, seconds):
        self.clock.return_value += seconds

    def ask(self, alias=BRANT, user=None):
        """Let a user change his alias; return the token of the link in the mail he gets."""
        user = user or self.brant
        user.with_user(user).write({"office365_alias": alias})
        return self.token()

    def links(self, number=1):
        """Return the mails with a link that were sent; fail unless there are this many."""
        taken = [sent for sent in self.servers.accepted if sent.message["Subject"] == "Confirm your email address"]
        self.assertEqual(len(taken), number)
        return taken[0] if number == 1 else taken

    def token(self):
        """Return the token of the mail that was sent last, as it arrived."""
        html = self.servers.accepted[-1].message.get_body(("html",)).get_content()
        return re.search(rf"{PATH}\?token=([\w-]+)", html)[1]

    def confirmed(self, user=None):
        self.env.invalidate_all()
        return (user or self.brant).sudo().office365_alias_confirmed

    def use(self, token):
        """Press the button, without a browser."""
        self.env.invalidate_all()
        public = self.env.ref("base.public_user")
        return self.env["res.users"].with_user(public)._office365_use_link(token)[0]

    def changes(self, user=None):
        rows = self.env["office365.alias.change"].search([("user_id", "=", (user or self.brant).id)], order="id")
        return [(row.kind, row.actor_id.login, row.old_alias, row.new_alias) for row in rows]
