import dataclasses
import json
import sys
from unittest.mock import patch
from urllib.parse import urlencode

from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser

from ..const import ENTRA_CLOUDS, INCOMING_PRESETS, OUTGOING_PRESETS
from .common import ERP
from .sign_in import SignInMixin


@tagged("post_install", "-at_install")
class TestSetupTours(SignInMixin, HttpCase):
    """The set-up, as an administrator goes through it in a browser, against the local servers."""

    def setUp(self):
        super().setUp()
        self._let_microsoft_be_local()

    def _let_microsoft_be_local(self):
        """Let the presets lead to the local servers, and the administrator upload the certificate in Entra once it is made."""
        submission, imap = self.servers.submission, self.servers.imap
        authority = self.entra.authority().removeprefix("https://").partition("/")[0]
        for table, name, values in (
            (ENTRA_CLOUDS, "global", {"authority": authority}),
            (OUTGOING_PRESETS, "submission", {"hosts": {"global": submission.host}, "port": submission.port}),
            (INCOMING_PRESETS, "imap", {"hosts": {"global": imap.host}, "port": imap.port}),
        ):
            self.enterContext(patch.dict(table, {name: dataclasses.replace(table[name], **values)}))
        App, entra = self.registry["office365.app"], self.entra
        use_pair = App._use_pair

        def _use_pair(self, pair):
            use_pair(self, pair)
            entra.app.add_certificate(pair.certificate)

        self.enterContext(patch.object(App, "_use_pair", _use_pair))

    def test_five_values_lead_to_both_servers(self):
        values = {
            "domain": "contoso.example", "mailbox": ERP, "directory_id": self.entra.directory.tenant_id,
            "client_id": self.entra.app.client_id}
        handle = ChromeBrowser._handle_console

        def print_count(browser, type, args=None, **more):  # noqa: A002 - Chromium's name
            said = str(args[0].get("value")) if args else ""
            if "clicks in Odoo" in said:
                sys.stdout.write(f"{said}\n")  # dev/o365 test -rP shows it
            handle(browser, type, args, **more)

        with patch.object(ChromeBrowser, "_handle_console", print_count):
            self.start_tour(f"/odoo?{urlencode({'values': json.dumps(values)})}", "mail_office365_setup", login="admin")
        setup = self.env["office365.setup"].search([])
        self.assertEqual(setup.step_ids.filtered(lambda step: step.state == "done").mapped("step")[:3], ["sign_in", "outgoing", "incoming"])
        self.assertEqual(self.servers.submission.connections[-1].mechanism, "XOAUTH2")
        self.assertEqual((setup.mail_server_id.smtp_user, setup.fetchmail_server_id.user), (ERP, ERP))
        self.assertEqual(setup.fetchmail_server_id.state, "done")
        self.assertEqual(setup.app_id.credential, "certificate")

    def test_wrong_input_is_said_beside_its_field_and_kept(self):
        self.start_tour("/odoo/office365-setup", "mail_office365_setup_wrong_input", login="admin")
