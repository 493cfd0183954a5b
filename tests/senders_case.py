"""Base of the tests of the Sender Overview."""


from odoo.tests import new_test_user

from .common import BRANT, Office365Case

NOTIFICATIONS = "notifications@contoso.example"


class SendersCase(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kept = cls.brant + cls.env.ref("base.user_admin")
        cls.env["res.users"].search([("share", "=", False), ("id", "not in", kept.ids)]).active = False
        cls.env["res.company"].search([]).email = False

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)

    def user(self, name, email, **values):
        return new_test_user(self.env, f"o365.{name}", name=name, email=email, groups="base.group_user", **values)

    def lines(self):
        """Open the screen; return its lines by name."""
        lines = self.env["office365.sender"].search(self.env["office365.sender"].action_open()["domain"])
        return {line.name: line for line in lines}

    def states(self, server):
        return {found.address: found.state for found in server.env["office365.probe"].search([("mail_server_id", "=", server.id)])}

    def message_of(self, action):
        self.assertEqual(action["tag"], "display_notification")
        return action["params"]["message"]
