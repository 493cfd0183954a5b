"""The dialog with a script, its undo and its click path; and the step of the catch-all."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged

from ..tools.addresses import canonical_address
from ..tools.assistant import exchange
from ..tools.assistant.catch_all import reached_by
from ..tools.checks import Check
from .powershell import parse

CLIENT_ID = "00000000-0000-4000-8000-000000000001"
SETUP = {"domain": "contoso.example", "mailbox": "erp@contoso.example", "client_id": CLIENT_ID}


@tagged("post_install", "-at_install")
class TestDialog(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls.env["office365.setup"].create(SETUP)
        cls.alias_domain = cls.env["mail.alias.domain"].create({"name": "contoso.example"})
        cls.brant = new_test_user(cls.env, "brant.script", groups="base.group_user", email="brant@contoso.example")

    def dialog(self, kind, **values):
        action = self.setup.with_context(office365_script=kind).action_script()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        dialog.write(values)
        return dialog

    def test_every_kind_opens_with_a_script_or_says_what_is_missing(self):
        offered = dict(self.env["office365.exchange.script"]._fields["kind"].selection)
        self.assertEqual(offered.keys(), exchange.KINDS.keys())
        entered = {"connector_ip": {"ip_addresses": "203.0.113.10"}, "hve": {"hve_account": "hve@contoso.example"}}
        for kind in offered:
            with self.subTest(kind=kind):
                dialog = self.dialog(kind, **entered.get(kind, {}))
                self.assertFalse(dialog.missing)
                parse(dialog.script)
                parse(dialog.undo)

    def test_only_a_script_that_there_is(self):
        for kind in ("", None, "Remove-Mailbox", "sign_in", "mailbox_undo", "../send_as"):
            with self.subTest(kind=kind), self.assertRaises(UserError):
                self.dialog(kind)

    def test_it_is_for_administrators(self):
        setup = self.setup.with_user(self.brant).with_context(office365_script="mailbox_user")
        with self.assertRaises(AccessError):
            setup.action_script()
        with self.assertRaises(AccessError):
            self.dialog("mailbox_user").with_user(self.brant).action_download()

    def test_it_says_what_to_enter(self):
        table = [
            ("connector_ip", {}, "public IPv4"), ("connector_ip", {"ip_addresses": "10.0.0.1"}, "10.0.0.1"), ("hve", {}, "High Volume")]
        for kind, values, words in table:
            with self.subTest(kind=kind, values=values):
                dialog = self.dialog(kind, **values)
                self.assertIn(words, dialog.missing)
                self.assertFalse(dialog.script or dialog.undo)
                with self.assertRaisesRegex(UserError, words):
                    dialog.action_download()
        self.setup.mailbox = False
        self.assertIn("mailbox", self.dialog("mailbox_user").missing)
        self.setup.write({"domain": "tailspin.example", "mailbox": "erp@tailspin.example"})
        self.assertIn("No user", self.dialog("send_as").missing)

    def test_addresses_that_mail_may_leave_as_are_in_the_script_once(self):
        self.assertIn("'brant@contoso.example'", self.dialog("send_as").script)  # an administrator set it
        self.brant.with_user(self.brant).email = "ceo@contoso.example"
        self.assertNotIn("ceo@contoso.example", self.dialog("send_as").script or "")
        self.brant.office365_alias = "brant.wadsworth@contoso.example"
        self.assertEqual(self.brant.office365_alias_state, "confirmed")
        self.alias_domain.default_from = "notifications"
        script = self.dialog("send_as").script
        self.assertEqual(script.count("'brant.wadsworth@contoso.example'"), 1)
        self.assertEqual(script.count("'notifications@contoso.example'"), 1)
        self.assertNotIn("brant@contoso.example", script)

    def test_a_rule_without_exception_is_never_for_a_domain_of_people(self):
        self.setup.catch_all_scope = "domain"
        self.assertIn("$CatchAllDomain = 'contoso.example'", self.dialog("catch_all_domain").script)
        dialog = self.dialog("catch_all_subdomain")  # as chosen in the dialog, too
        self.assertIn("$CatchAllDomain = 'odoo.contoso.example'", dialog.script)
        self.assertEqual(dialog.catch_all_domain, "odoo.contoso.example")
        self.setup.mailbox = "erp@fabrikam.example"
        for domain in ("contoso.example", "CONTOSO.example", "fabrikam.example"):
            self.setup.catch_all_subdomain = domain
            dialog = self.dialog("catch_all_subdomain")
            self.assertFalse(dialog.script, domain)
            self.assertIn("domain of the users", dialog.missing)

    def test_a_server_that_sends_on_behalf_asks_for_that(self):
        self.setup.mail_server_id = self.env["ir.mail_server"].create({
            "name": "Out", "smtp_host": "localhost", "office365_sender_mode": "on_behalf"})
        self.assertEqual(self.dialog("send_as").kind, "on_behalf")

    def test_addresses_of_other_domains_are_told(self):
        addresses = ["anna@contoso.example", "x@fabrikam.example", "*@contoso.example"]
        with patch.object(type(self.setup), "_script_addresses", return_value=addresses, autospec=True):
            dialog = self.dialog("send_as")
            script = dialog.script
        self.assertIn("'anna@contoso.example'", script)
        self.assertNotIn("fabrikam", script)
        self.assertIn("x@fabrikam.example", dialog.left_out)
        self.assertIn("*@contoso.example", dialog.left_out)

    def test_the_files_are_those_that_are_shown(self):
        dialog = self.dialog("app_access", object_id=" 00000000-0000-4000-8000-000000000002 ")
        self.assertIn(f"$ClientId = '{CLIENT_ID}'", dialog.script)
        self.assertIn("$ObjectId = '00000000-0000-4000-8000-000000000002'", dialog.script)
        for name, file in (("script", dialog.script_file), ("undo", dialog.undo_file)):
            self.assertEqual(base64.b64decode(file).decode("utf-8-sig").replace("\r\n", "\n"), dialog[name])
        self.assertEqual(
            dialog.action_download()["url"],
            f"/web/content/office365.exchange.script/{dialog.id}/script_file/odoo-app-access-contoso.example.ps1?download=true")
        self.assertIn("/undo_file/odoo-undo-app-access-", dialog.action_download_undo()["url"])

    def test_a_cloud_that_does_not_have_it_is_told(self):
        self.assertFalse(self.dialog("hve").warning)
        self.setup.cloud = "china"
        self.assertTrue(self.dialog("hve").warning)
        self.assertTrue(self.dialog("app_rbac").warning)
        self.assertFalse(self.dialog("send_as").warning)

    def test_the_object_id_is_that_in_the_token(self):
        app = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": CLIENT_ID, "check_state": "ok"})
        self.setup.app_id = app
        payload = base64.urlsafe_b64encode(b'{"oid": "00000000-0000-4000-8000-000000000003"}').decode().rstrip("=")
        with patch.object(type(self.env["office365.token"]), "_access_token__", return_value=f"e30.{payload}.x", autospec=True):
            self.assertEqual(self.dialog("app_access").object_id, "00000000-0000-4000-8000-000000000003")
            self.assertFalse(self.dialog("send_as").object_id)
        with patch.object(type(self.env["office365.token"]), "_access_token__", side_effect=UserError("No."), autospec=True):
            self.assertFalse(self.dialog("app_access").object_id)
        app.check_state = "failed"  # nobody is asked
        self.assertFalse(self.dialog("app_access").object_id)


@tagged("post_install", "-at_install")
class TestDownload(HttpCase):

    def test_the_file_is_what_windows_reads_and_nobody_elses(self):
        self.env.ref("base.user_admin").password = "admin"
        setup = self.env["office365.setup"].create(SETUP).with_user(self.env.ref("base.user_admin"))
        url = setup.with_context(office365_script="mailbox_shared").action_script()
        dialog = self.env[url["res_model"]].with_user(self.env.ref("base.user_admin")).browse(url["res_id"])
        new_test_user(self.env, "employee.script", groups="base.group_user", password="employee.script")
        self.authenticate("admin", "admin")
        answer = self.url_open(dialog.action_download()["url"])
        self.assertEqual(answer.content, exchange.as_file(dialog.script))
        self.assertIn("odoo-mailbox-shared-contoso.example.ps1", answer.headers["Content-Disposition"])
        self.authenticate("employee.script", "employee.script")
        self.assertNotIn(b"erp@contoso.example", self.url_open(dialog.action_download()["url"]).content)


@tagged("post_install", "-at_install")
class TestCatchAll(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alias_domain = cls.env["mail.alias.domain"].create({"name": "contoso.example"})
        cls.incoming = cls.env["fetchmail.server"].create({"name": "In"})
        cls.setup = cls.env["office365.setup"].create({
            **SETUP, "alias_domain_id": cls.alias_domain.id, "fetchmail_server_id": cls.incoming.id})

    def states(self):
        return [check.state for check in self.setup._checks_catch_all()]

    def received(self, to):
        return self.env["office365.inbound"].create({
            "server_id": self.incoming.id, "state": "unroutable",
            "raw": base64.b64encode(f"From: a@fabrikam.example\r\nTo: {to}\r\n\r\nx".encode())})

    def test_a_sub_domain_is_proposed(self):
        self.assertEqual((self.setup.catch_all_scope, self.setup.catch_all_domain), ("subdomain", "odoo.contoso.example"))
        self.setup.catch_all_scope = "domain"
        self.assertEqual(self.setup.catch_all_domain, "contoso.example")

    def test_a_sub_domain_that_is_none_is_told(self):
        table = [("odoo contoso", "is not a domain"), ("Contoso.example", "domain of the users"), ("odoo.contoso.example", ""),
                 ("fabrikam.example", "")]
        for domain, words in table:
            with self.subTest(domain=domain):
                self.setup.catch_all_subdomain = domain
                self.assertIn(words, self.setup.catch_all_problem or "")
                self.assertEqual(bool(self.setup.catch_all_problem), bool(words))
                self.assertEqual("failed" in self.states(), bool(words))

    def test_the_alias_domain_has_to_be_the_one_that_is_caught(self):
        self.assertEqual(self.states(), ["todo", "todo"])
        self.alias_domain.name = "odoo.contoso.example"
        self.assertEqual(self.states(), ["done", "todo"])

    def test_mail_to_an_address_that_nobody_has_proves_it(self):
        self.received("Sales <erp@contoso.example>, anything@odoo.contoso.example")
        self.assertEqual(self.states()[1], "todo")
        self.received("anything@ODOO.contoso.example")
        self.assertEqual(self.states()[1], "done")

    def test_a_proof_proves_it(self):
        self.setup._keep("proof", [Check("There", "done"), Check("Back", "todo")])
        self.assertEqual(self.states()[1], "todo")
        self.setup._keep("proof", [Check("There", "done"), Check("Back", "done")])
        self.assertEqual(self.states()[1], "done")

    def test_another_domain_is_not_proved(self):
        self.setup._keep("catch_all", [Check("Caught", "done")])
        self.setup.catch_all_scope = "domain"
        self.assertFalse(self.setup.check_ids)

    def test_what_only_a_catch_all_brings(self):
        known = {canonical_address("brant@contoso.example")}
        table = [
            ("To: x@contoso.example", "x@contoso.example"), ("To: Brant@Contoso.example", ""), ("To: x@fabrikam.example", ""),
            ("To: x@odoo.contoso.example", ""), ("Cc: <X@contoso.example>", "x@contoso.example"),
            ("To: x@contoso.example\r\nCc: erp@contoso.example", ""), ("Subject: x@contoso.example", ""), ("", ""),
        ]
        for header, address in table:
            with self.subTest(header=header):
                self.assertEqual(
                    reached_by(f"{header}\r\n\r\nTo: y@contoso.example".encode(), "contoso.example", "erp@contoso.example", known), address)
