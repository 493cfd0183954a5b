import dataclasses
import json
import sys
from unittest.mock import patch
from urllib.parse import urlencode

from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser

from ..const import ENTRA_CLOUDS, INCOMING_PRESETS, OUTGOING_PRESETS
from .common import BRANT, ERP
from .servers.directory import DOMAIN
from .sign_in import SignInMixin


@tagged("post_install", "-at_install")
class TestSetupTours(SignInMixin, HttpCase):
    """The set-up, as an administrator goes through it in a browser, against the local servers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A new database: nothing is set up, and few people work in it.
        cls.admin = cls.env.ref("base.user_admin")
        cls.env["res.users"].search([("share", "=", False), ("id", "not in", (cls.brant + cls.admin).ids)]).active = False
        cls.env["res.company"].search([("id", "!=", cls.env.company.id)]).active = False
        cls.env["mail.alias.domain"].search([]).unlink()
        cls.admin.email, cls.brant.email = f"admin@{DOMAIN}", BRANT

    def setUp(self):
        super().setUp()
        self.servers.directory.grant_send_as(ERP, self.admin.email, BRANT)
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
        Aliases = self.registry["office365.setup.alias"]
        office365_set = Aliases.office365_set

        def set_and_ask(lines):
            """Let the cron run that setting aliases triggers."""
            result = office365_set(lines)
            lines.env["office365.probe"].sudo()._cron_ask()
            return result

        self.enterContext(patch.object(Aliases, "office365_set", set_and_ask))

    def test_a_new_database_is_proved_with_few_clicks(self):
        self._set_up(search="Search...")

    def test_it_is_the_same_in_french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search([("name", "in", ("web", "mail", "mail_office365"))])._update_translations(["fr_FR"])
        self.admin.lang = "fr_FR"
        self._set_up(search="Rechercher")

    def _set_up(self, **more):
        """Go through all steps, as the page does that opens after the install."""
        values = {
            "domain": DOMAIN, "mailbox": ERP, "directory_id": self.entra.directory.tenant_id,
            "client_id": self.entra.app.client_id, **more}
        handle = ChromeBrowser._handle_console

        def print_count(browser, type, args=None, **more):  # noqa: A002 - Chromium's name
            said = str(args[0].get("value")) if args else ""
            if "clicks in Odoo" in said:
                sys.stdout.write(f"{said}\n")  # dev/o365 test -rP shows it
            handle(browser, type, args, **more)

        with patch.object(ChromeBrowser, "_handle_console", print_count):
            self.start_tour(f"/odoo/office365-setup?{urlencode({'values': json.dumps(values)})}", "mail_office365_setup", login="admin")
        setup = self.env["office365.setup"].search([])
        self.assertEqual(set(setup.step_ids.mapped("state")), {"done"})
        self.assertEqual(setup.round_trip_ids.mapped("state"), ["done"])
        self.assertEqual(self.servers.submission.connections[-1].mechanism, "XOAUTH2")
        self.assertEqual((setup.mail_server_id.smtp_user, setup.fetchmail_server_id.user), (ERP, ERP))
        self.assertEqual(setup.fetchmail_server_id.state, "done")
        self.assertEqual(setup.app_id.credential, "certificate")

    def test_wrong_input_is_said_beside_its_field_and_kept(self):
        self.start_tour("/odoo/office365-setup", "mail_office365_setup_wrong_input", login="admin")
