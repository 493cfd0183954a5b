"""A mailbox that fails, as an administrator sees it on a phone."""

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import Office365Mixin
from .servers import replies


@tagged("post_install", "-at_install")
class TestFailingTour(Office365Mixin, HttpCase):
    browser_size = "390x844"
    touch_enabled = True

    @mute_logger("odoo.addons.mail.models.fetchmail")
    def test_a_mailbox_that_fails_is_told_and_the_list_says_so(self):
        server = self.incoming(name="Failing mailbox", object_id=self.env["ir.model"]._get_id("res.partner"))
        server.button_confirm_login()
        self.servers.imap.faults.add("SELECT", replies.IMAP_NOT_CONNECTED, times=None)
        with self.registry.cursor() as cr:
            mailbox = server.with_env(server.env(cr=cr))
            for _time in range(2):
                mailbox.office365_retry_at = False  # minutes later
                mailbox._fetch_mail()
            mailbox.env["office365.alert"]._watch()
        self.start_tour("/odoo/action-mail.action_email_server_tree?debug=1", "mail_office365_failing", login="admin")
