"""Servers of ours that fail, and who was told of it."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import new_test_user

DENIED = "550 5.2.252 SendAsDenied; notifications@contoso.example"


class MonitorMixin:
    """Servers of ours that are never connected to, and alerts of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.env["fetchmail.server"].search([]).active = False
        cls.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()
        cls.env["office365.pause"].search([]).unlink()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].search([("name", "=", "contoso.example")]) or (
            cls.env["mail.alias.domain"].create({"name": "contoso.example"}))
        cls.server = cls.env["ir.mail_server"].create({
            "name": "Sends", "office365_preset": "submission", "smtp_user": "erp@contoso.example", "smtp_pass": "x",
            "from_filter": "contoso.example"})
        cls.mailbox = cls.env["fetchmail.server"].create({
            "name": "Fetches", "office365_preset": "imap", "user": "erp@contoso.example", "password": "x", "state": "done"})
        cls.administrator = new_test_user(cls.env, "o365.admin", groups="base.group_system", email="admin@contoso.example")
        cls.env["office365.monitor"].search([]).unlink()
        cls.monitor = cls.env["office365.monitor"].create({})

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(self.env.cr, "commit", self.env.cr.flush))

    def pause(self, address=False, until=True, reply=DENIED):
        now = fields.Datetime.now()
        return self.env["office365.pause"].create({
            "mail_server_id": self.server.id, "address": address, "cause": "send_as_denied", "reply": reply, "since": now, "last": now,
            "until": until and now + timedelta(minutes=15), "failures": 1})

    def watch(self):
        self.env.flush_all()
        self.env["office365.alert"]._watch()

    def alerts(self):
        return self.env["office365.alert"].search([("ended", "=", False)])

    def chats(self, user=None):
        """Return what OdooBot has told an administrator, the oldest first."""
        chat = self.env["discuss.channel"].with_user(1)._get_or_create_chat([(user or self.administrator).partner_id.id])
        return chat.message_ids.filtered(lambda message: "office365-overview" in message.body).sorted("id").mapped("body")
