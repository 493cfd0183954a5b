"""Resume Now, as an administrator uses it in a browser."""

from datetime import datetime

from odoo.tests import HttpCase, tagged

from .common import Office365Mixin
from .servers import replies


@tagged("post_install", "-at_install")
class TestResumeTour(Office365Mixin, HttpCase):

    def test_what_failed_while_a_server_was_refused_is_shown_and_retried(self):
        failed = self.mail(subject="Lost offer", auto_delete=False)
        failed.write({"office365_cause": "penalty_box", "state": "exception"})
        for name in ("First server", "Second server"):
            self.env["office365.pause"]._failed(
                self.outgoing(name=name), "", "penalty_box", str(replies.S550_5_2_252_PENALTY_SEND_AS))
        self.env["office365.pause"].search([]).until = datetime(2040, 1, 1, 8, 34)
        self.start_tour("/odoo/action-mail_office365.office365_pause_action?debug=1", "mail_office365_resume", login="admin")
        self.env.invalidate_all()
        self.assertEqual(failed.state, "outgoing")
        self.assertFalse(self.env["office365.pause"].search([]))
