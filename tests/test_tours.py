import re

from odoo.tests import HttpCase, tagged

from .common import BRANT, ERP, Office365Mixin
from .languages import InLanguage


@tagged("post_install", "-at_install")
class TestTours(Office365Mixin, HttpCase):
    """The three screens, as a person uses them, in a browser and against the local servers."""

    def setUp(self):
        super().setUp()
        servers = self.servers
        parameters = {
            "submission_host": servers.submission.host, "submission_port": servers.submission.port,
            "imap_host": servers.imap.host, "imap_port": servers.imap.port,
            "mailbox": ERP, "password": servers.password(ERP),
        }
        for name, value in parameters.items():
            self.env["ir.config_parameter"].set_param(f"mail_office365.tour.{name}", str(value))

    def test_outgoing_preset_to_a_green_test(self):
        self.start_tour(
            "/odoo/action-base.action_ir_mail_server_list?debug=1", "mail_office365_outgoing", login="admin")
        server = self.env["ir.mail_server"].search([("office365_preset", "=", "submission")])
        self.assertEqual(server.name, "Office 365 Outgoing Mail Server")
        self.assertEqual(self.servers.submission.connections[-1].login, ERP)

    def test_alias_in_preferences(self):
        self.brant.tz = "Europe/Brussels"  # as the first sign-in of a person sets it; the addon hr wants one
        self.outgoing()
        self.grant_send_as("notifications@contoso.example")
        self.start_tour("/odoo", "mail_office365_alias", login=self.brant.login)
        self.assertEqual(self.brant.office365_alias, BRANT)
        self.assertEqual(self.brant.office365_alias_state, "pending")
        [received] = self.servers.mailbox(BRANT).messages()
        link = re.search(r'href="https?://[^/]+(/mail_office365/confirm[^"]+)"', received.get_body(("html",)).get_content())[1]
        self.start_tour(link, "mail_office365_link", login=None)
        self.assertEqual(self.brant.office365_alias_state, "confirmed")
        self.brant.sudo().office365_links_sent = False  # a minute later
        self.brant.with_user(self.brant).write({"office365_alias": "other@contoso.example"})
        self.brant.sudo().office365_links_sent = False  # a minute later
        self.start_tour("/odoo", "mail_office365_alias_cancel", login=self.brant.login)
        self.assertEqual(self.brant.office365_alias, BRANT)

    def test_incoming_preset_to_a_fetched_mail(self):
        partner = self.env["res.partner"].create({"name": "Deal"})
        message = partner.message_post(body="Offer", message_type="comment")
        self.servers.mailbox(ERP).deliver(self.message(subject="Re: Offer", In_Reply_To=message.message_id))
        self.start_tour(
            "/odoo/action-mail.action_email_server_tree?debug=1", "mail_office365_incoming", login="admin")
        server = self.env["fetchmail.server"].search([("office365_preset", "=", "imap")])
        self.assertEqual(server.state, "done")
        self.assertIn("Re: Offer", partner.message_ids.mapped("subject"))


@tagged("post_install", "-at_install")
class TestToursInGerman(InLanguage, TestTours):
    """The same for people who read German."""
