"""Pauses and Resume Now, as an administrator uses them in a browser."""

from datetime import datetime

from odoo.tests import HttpCase, tagged

from .common import Office365Mixin
from .servers import replies


class ResumeTours(Office365Mixin, HttpCase):

    def pause(self, name):
        server = self.outgoing(name=name)
        self.env["office365.pause"]._failed(server, "", "penalty_box", str(replies.S550_5_2_252_PENALTY_SEND_AS))

    def tour(self, name):
        self.start_tour("/odoo/action-mail_office365.office365_pause_action?debug=1", name, login="admin")
        self.env.invalidate_all()
        self.assertFalse(self.env["office365.pause"].search([]))


@tagged("post_install", "-at_install")
class TestResumeTour(ResumeTours):

    def test_what_failed_while_a_server_was_refused_is_shown_and_retried(self):
        failed = self.mail(subject="Lost offer", auto_delete=False)
        failed.write({"office365_cause": "penalty_box", "state": "exception"})
        self.pause("First server")
        self.pause("Second server")
        self.env["office365.pause"].search([]).until = datetime(2040, 1, 1, 8, 34)
        self.tour("mail_office365_resume")
        self.assertEqual(failed.state, "outgoing")


@tagged("post_install", "-at_install")
class TestResumeTourOnAPhone(ResumeTours):
    browser_size = "390x844"
    touch_enabled = True

    def test_a_pause_is_read_and_ended(self):
        self.pause("First server")
        self.tour("mail_office365_resume_phone")
