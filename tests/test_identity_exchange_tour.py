"""What Exchange allows, as people see it in a browser: of their own alias, and of the default From."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.identity.res_users_link import PATH
from ..tools.identity import probe
from .common import BRANT, ERP
from .links import LinkMixin

NOTIFICATIONS = "notifications@contoso.example"


@tagged("post_install", "-at_install")
class TestExchangeTours(LinkMixin, HttpCase):

    def cron(self, model, method):
        self.env.flush_all()
        with self.registry.cursor() as cr:
            getattr(self.env(cr=cr)[model], method)()
        self.env.invalidate_all()

    def test_a_confirmed_alias_that_exchange_refuses_is_shown_until_a_mail_is_accepted(self):
        self.brant.tz = "Europe/Brussels"  # as the first sign-in of a person sets it
        self.servers.directory.revoke_send_as(ERP, BRANT)
        token = self.ask()
        self.start_tour(f"{PATH}?token={token}", "mail_office365_alias_not_promised", login=None)
        self.assertEqual(self.confirmed(), BRANT)
        self.cron("office365.probe", "_cron_ask")
        self.assertEqual(self.brant.office365_alias_exchange, "refused")
        self.start_tour("/odoo", "mail_office365_alias_refused", login=self.brant.login)
        self.grant_send_as(BRANT)
        self.mail().send()
        self.env.invalidate_all()
        self.assertEqual((self.sent().from_address, self.brant.office365_alias_exchange), (BRANT, "allowed"))

    def test_the_default_from_is_held_back_and_a_check_goes_on_by_itself(self):
        self.servers.directory.revoke_send_as(ERP, NOTIFICATIONS)
        aliases = [f"user{number}@contoso.example" for number in range(5)]
        for number, alias in enumerate(aliases):
            self.set_alias(new_test_user(self.env, f"o365.user{number}", name=f"User {number}"), alias)
        self.grant_send_as(*aliases)
        server = self.env["ir.mail_server"].search([("office365_preset", "=", "submission")])
        with patch.object(probe, "AT_ONCE", 1):
            self.start_tour(f"/odoo/ir.mail_server/{server.id}?debug=1", "mail_office365_default_from", login="admin")
        self.env.invalidate_all()
        self.assertEqual(self.alias_domain.default_from_email, ERP)
        server.office365_probe_round = {**server.office365_probe_round, "next": fields.Datetime.to_string(fields.Datetime.now())}
        self.cron("office365.probe", "_cron_ask")  # seconds later
        self.assertFalse(server.office365_probe_notice)
        self.assertEqual(
            {found.address: found.state for found in self.env["office365.probe"].search([])},
            {NOTIFICATIONS: "refused", **dict.fromkeys(aliases, "allowed")})
