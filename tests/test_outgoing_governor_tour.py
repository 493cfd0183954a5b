from odoo.tests import HttpCase, tagged

from .common import BRANT, ERP, Office365Mixin
from .servers import replies


@tagged("post_install", "-at_install")
class TestGovernorTour(Office365Mixin, HttpCase):

    def test_a_paused_server_is_resumed_and_its_deliveries_are_looked_at(self):
        server = self.outgoing()
        self.set_alias(self.brant, BRANT)
        self.env["mail.mail"].union(*(self.mail() for _mail in range(2))).send()
        self.sent(2)
        self.env["office365.pause"]._failed(server, "", "penalty_box", str(replies.S550_5_2_252_PENALTY_SEND_AS))
        self.start_tour(
            f"/odoo/action-base.action_ir_mail_server_list/{server.id}?debug=1", "mail_office365_governor", login="admin")
        self.assertFalse(server.office365_pause_ids)
        self.assertEqual(server._office365_quota_key(), ERP)
