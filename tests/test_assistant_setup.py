from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..tools.checks import DONE, FAILED, TO_DO, Check
from .common import ERP
from .servers import entra_errors, replies
from .sign_in import SignInCase


class SetupCase(SignInCase):

    def setup_of(self, credential="secret", **values):
        """Return a set-up whose app the look-alike knows."""
        setup = self.env["office365.setup"].create({
            "domain": "contoso.example", "mailbox": ERP, "directory_id": self.entra.directory.tenant_id,
            "client_id": self.entra.app.client_id, "credential": credential, **values})
        setup.app_id.authority_url = self.entra.authority()
        if credential == "secret":
            setup.client_secret = self.entra.app.secret
        self.env.flush_all()
        return setup

    def states(self, setup, step):
        return {check.name: check.state for check in setup.check_ids if check.step == step}

    def state(self, setup, step):
        return setup._state(step)


@tagged("post_install", "-at_install")
class TestSetup(SetupCase):

    # --- frame ---

    def test_a_step_is_what_its_facts_are_and_says_what_is_next(self):
        setup = self.env["office365.setup"].create({})
        step = setup.step_ids[0]
        table = [
            ([], "todo", False), ([Check("a", DONE)], "done", False), ([Check("a", DONE), Check("b", TO_DO, "Do b")], "todo", "Do b"),
            ([Check("a", TO_DO, "Do a"), Check("b", FAILED, "Mend b", "broken")], "failed", "Mend b"),
            ([Check("b", FAILED, cause="broken")], "failed", "broken"), ([Check("b", TO_DO)], "todo", "b"),
        ]
        for checks, state, remedy in table:
            with self.subTest(checks=checks):
                setup._keep("sign_in", checks)
                self.assertEqual((step.state, step.remedy or False), (state, remedy))
                self.assertEqual(setup.step_state, state)

    def test_the_steps_are_in_any_order_and_the_next_one_is_not_done(self):
        setup = self.env["office365.setup"].create({})
        self.assertEqual(setup.step_ids.mapped("sequence"), [1, 2, 3, 4, 5, 6, 7])
        setup._keep("outgoing", [Check("a", DONE)])
        setup.action_next()
        self.assertEqual(setup.step, "incoming")
        setup.step = "proof"
        setup.action_next()
        self.assertEqual(setup.step, "sign_in")
        for step in setup._labels():
            setup._keep(step, [Check("a", DONE)])
        setup.action_next()
        self.assertEqual(setup.step, "outgoing")

    def test_a_step_that_cannot_be_looked_up_has_failed_and_the_others_go_on(self):
        setup = self.env["office365.setup"].create({})
        with patch.object(self.registry["office365.setup"], "_checks_sign_in", side_effect=UserError("no way")):
            setup._prove("sign_in", "outgoing")
        self.assertEqual((self.state(setup, "sign_in"), setup.step_ids[0].remedy), ("failed", "no way"))
        self.assertTrue(self.states(setup, "outgoing"))

    def test_what_was_proved_with_other_values_is_not_proved_any_more(self):
        setup = self.env["office365.setup"].create({"domain": "contoso.example"})
        for step in setup._labels():
            setup._keep(step, [Check("a", DONE)])
        setup.write({"domain": " Contoso.example "})
        self.assertTrue(all(step.state == "done" for step in setup.step_ids))
        setup.mailbox = ERP
        self.assertEqual(
            setup.step_ids.filtered(lambda step: step.state == "done").mapped("step"), ["sign_in", "aliases"])

    def test_after_the_installation_the_set_up_is_offered_once(self):
        todo = self.env.ref("mail_office365.office365_setup_todo")
        self.env["ir.actions.todo"].search([("id", "!=", todo.id)]).state = "done"
        todo.state = "open"
        action = self.env["ir.module.module"].next()
        self.assertEqual((action["tag"], action["params"]), ("reload", {"menu_id": self.env.ref("mail_office365.office365_menu_root").id}))
        self.assertNotEqual(self.env["ir.module.module"].next().get("tag"), "reload")

    def test_menus_are_there_without_developer_mode_and_for_administrators_alone(self):
        root = self.env.ref("mail_office365.office365_menu_root")
        ours = self.env["ir.ui.menu"].search([("id", "child_of", root.id)])
        visible = self.env["ir.ui.menu"].with_user(self.env.ref("base.user_admin"))._visible_menu_ids(debug=False)
        self.assertLessEqual(set(ours.ids), visible)
        user = new_test_user(self.env, "o365.nobody", groups="base.group_user")
        self.assertNotIn(root.id, self.env["ir.ui.menu"].with_user(user)._visible_menu_ids(debug=False))

    def test_apps_are_searched_by_any_of_microsofts_names(self):
        module = self.env["ir.module.module"].search([("name", "=", "mail_office365")])
        for word in ("outlook", "exchange", "office 365", "microsoft 365", "office365"):
            with self.subTest(word=word):
                self.assertIn(word, f"{module.summary} {module.shortdesc} {module.name}".lower())

    def test_the_settings_show_both_servers(self):
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.office365_outgoing_status or settings.office365_incoming_status)
        self.outgoing()
        self.incoming().write({"state": "done", "error_date": "2026-01-01 00:00:00", "error_message": "LOGIN failed"})
        self.env["office365.inbound"].create({"server_id": self.env["fetchmail.server"].search([], limit=1).id, "state": "unroutable"})
        settings = self.env["res.config.settings"].create({})
        self.assertIn(f"{ERP}: nothing sent yet", settings.office365_outgoing_status)
        self.assertIn("failing", settings.office365_incoming_status)
        self.assertIn("1", settings.office365_waiting)

    def test_there_is_one_set_up_and_only_administrators_open_it(self):
        action = self.env["office365.setup"].action_open()
        self.assertEqual(self.env["office365.setup"].action_open()["res_id"], action["res_id"])
        user = new_test_user(self.env, "o365.nobody", groups="base.group_user,base.group_erp_manager")
        setup = self.env["office365.setup"].browse(action["res_id"])
        for call in (setup.with_user(user).action_next, lambda: setup.with_user(user).check_step("sign_in"),
                     self.env["office365.setup"].with_user(user).action_open):
            with self.assertRaises(AccessError):
                call()

    def test_only_steps_can_be_checked(self):
        with self.assertRaisesRegex(UserError, "no such step"):
            self.env["office365.setup"].create({}).check_step("unlink")

    # --- what is typed ---

    def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(self):
        with Form(self.env["office365.setup"].create({})) as form:
            form.domain = "https://Contoso.example/"
            self.assertEqual((form.domain, form.domain_problem), ("contoso.example", False))
            form.directory_id = "common"
            form.client_id = "contoso"
            self.assertIn("any directory", form.directory_problem)
            self.assertIn("application ID", form.client_problem)
        setup = form.record
        self.assertEqual((setup.directory_id, setup.client_id, setup.app_id.id), ("common", "contoso", False))
        setup._prove("sign_in")
        self.assertEqual(self.state(setup, "sign_in"), "failed")
        setup.write({"mailbox": "erp@fabrikam.example", "domain": "contoso.example"})
        self.assertIn("contoso.example", setup.mailbox_notice)
        self.assertFalse(setup.mailbox_problem)

    def test_the_app_is_made_once_and_corrected(self):
        setup = self.setup_of()
        app = setup.app_id
        setup.client_id = "66666666-7777-8888-9999-000000000000"
        self.assertEqual((setup.app_id, app.client_id), (app, setup.client_id))
        self.assertEqual(self.env["office365.app"].search_count([("client_id", "=", app.client_id)]), 1)
        other = self.env["office365.setup"].create({name: setup[name] for name in ("directory_id", "client_id")})
        self.assertEqual(other.app_id, app)

    def test_an_app_that_is_there_keeps_how_it_signs_in(self):
        app = self.app("delegated")
        setup = self.env["office365.setup"].create({"directory_id": app.directory_id, "client_id": app.client_id.upper()})
        self.assertEqual((setup.app_id, app.auth_flow, app.credential), (app, "delegated", "secret"))
        self.assertEqual((setup.auth_flow, setup.credential), ("delegated", "secret"))
        setup.auth_flow = "app"
        self.assertEqual(app.auth_flow, "app")
        other = self.env["office365.setup"].create({"app_id": app.id})
        self.assertEqual((other.client_id, other.directory_id), (app.client_id, app.directory_id))

    def test_a_secret_is_stored_with_the_app_and_not_shown(self):
        setup = self.setup_of()
        self.assertFalse(setup.client_secret)
        self.assertTrue(setup.client_secret_state)
        self.assertFalse(setup.read(["client_secret"])[0]["client_secret"])
        with self.assertRaisesRegex(ValidationError, "Secret ID"):
            setup.client_secret = self.entra.app.client_id
        with self.assertRaisesRegex(ValidationError, "IDs? first|ID first"):
            self.env["office365.setup"].create({"client_secret": "x"})

    # --- sign-in ---

    def test_sign_in_is_proved_with_each_permission(self):
        setup = self.setup_of()
        setup._prove("sign_in")
        self.assertEqual(set(self.states(setup, "sign_in").values()), {"done"}, setup.check_ids.mapped("cause"))
        self.assertLessEqual({"Permission SMTP.SendAsApp", "Permission IMAP.AccessAsApp"}, self.states(setup, "sign_in").keys())
        self.entra.app.roles.discard("IMAP.AccessAsApp")
        setup._prove("sign_in")
        self.assertEqual(self.states(setup, "sign_in")["Permission IMAP.AccessAsApp"], "failed")
        self.assertIn("IMAP.AccessAsApp", setup.step_ids[0].remedy)

    def test_a_domain_of_another_tenant_is_told(self):
        setup = self.setup_of()
        setup._prove("sign_in")
        self.assertEqual(self.states(setup, "sign_in")["Domain contoso.example"], "done")
        setup.mailbox = "erp@fabrikam.example"
        self.assertEqual(self.state(setup, "sign_in"), "done")
        setup._prove("outgoing")
        self.assertEqual(self.states(setup, "outgoing")["Domain fabrikam.example"], "failed")
        self.assertIn("fabrikam.example", setup.check_ids.filtered(lambda check: check.state == "failed").cause)
        setup.write({"directory_id": "22222222-2222-3333-4444-555555555555", "mailbox": ERP})
        setup.app_id.authority_url = self.entra.authority().replace(self.entra.directory.tenant_id, setup.directory_id)
        setup._prove("sign_in")
        check = setup.check_ids.filtered(lambda check: check.name == "Domain contoso.example")
        self.assertEqual(check.state, "failed")
        self.assertIn(self.entra.directory.tenant_id, check.cause)

    def test_by_certificate_made_here(self):
        setup = self.setup_of("certificate")
        setup._prove("sign_in")
        self.assertIn("Make a Key Pair", setup.step_ids[0].remedy)
        setup.action_make_key_pair()
        self.assertTrue(setup.certificate_cer)
        setup._prove("sign_in")
        self.assertEqual(self.state(setup, "sign_in"), "failed")
        self.entra.app.add_certificate(setup.app_id.certificate)
        setup._prove("sign_in")
        self.assertEqual(self.state(setup, "sign_in"), "done")

    def test_a_refusal_says_cause_and_remedy_apart(self):
        setup = self.setup_of()
        setup.client_secret = "wrong~secret"
        self.env.flush_all()
        setup._prove("sign_in")
        check = setup.check_ids.filtered(lambda each: each.state == "failed")
        self.assertIn(str(entra_errors.SECRET_INVALID.number), check.cause)
        self.assertTrue(check.remedy)
        self.assertNotIn(check.remedy, check.cause)

    def test_a_user_signs_in_before_there_is_a_server(self):
        setup = self.setup_of(auth_flow="delegated")
        setup._prove("sign_in")
        self.assertEqual(self.state(setup, "sign_in"), "todo")
        self.assertIn(ERP, setup.step_ids[0].remedy)
        self.sign_in_by_code(setup.app_id)
        setup._prove("sign_in")
        self.assertEqual(self.state(setup, "sign_in"), "done")

    # --- servers ---

    def at_local_servers(self, setup):
        """Let the servers that the set-up makes be the local ones."""
        for server, at in ((setup.mail_server_id, self.servers.submission), (setup.fetchmail_server_id, self.servers.imap)):
            name = "smtp_" if server._name == "ir.mail_server" else ""
            server.write({f"{name}host" if name else "server": at.host, f"{name}port": at.port})

    def test_one_click_makes_each_server_and_it_is_proved_by_connecting(self):
        setup = self.setup_of()
        setup.action_create_mail_server()
        action = setup.action_create_fetchmail_server()
        self.assertEqual((action["params"]["steps"][0][0], action["params"]["confirm"]), ("incoming", True))
        self.assertEqual((setup.mail_server_id.smtp_user, setup.mail_server_id.smtp_authentication), (ERP, "office365"))
        self.assertEqual((setup.fetchmail_server_id.user, setup.fetchmail_server_id.office365_app_id), (ERP, setup.app_id))
        setup.action_create_mail_server()
        self.assertEqual(self.env["ir.mail_server"].search_count([("office365_preset", "!=", False)]), 1)
        self.at_local_servers(setup)
        setup.check_step("outgoing")
        self.assertEqual(self.state(setup, "outgoing"), "done", setup.check_ids.mapped("cause"))
        self.assertIn("Message accepted", self.states(setup, "outgoing"))
        setup.check_step("incoming")
        self.assertEqual((setup.fetchmail_server_id.state, self.state(setup, "incoming")), ("draft", "todo"))
        setup.check_step("incoming", True)
        self.assertEqual((setup.fetchmail_server_id.state, self.state(setup, "incoming")), ("done", "done"))

    def test_a_failed_stage_follows_those_that_were_passed(self):
        setup = self.setup_of()
        setup.action_create_mail_server()
        self.at_local_servers(setup)
        self.servers.submission.faults.add("AUTH", replies.S535_5_7_139_SMTP_AUTH_DISABLED_MAILBOX, times=None)
        setup._prove("outgoing")
        checks = setup.check_ids.filtered(lambda check: check.step == "outgoing")
        self.assertEqual((checks[-1].name, checks[-1].state, checks[-2].state), ("Signed in", "failed", "done"))
        self.assertIn("5.7.139", checks[-1].cause)
        self.assertIn("Set-CASMailbox", checks[-1].remedy)
        self.assertNotIn("Set-CASMailbox", checks[-1].cause)

    def test_a_mailbox_that_cannot_be_opened_is_named(self):
        setup = self.setup_of()
        setup.action_create_fetchmail_server()
        self.at_local_servers(setup)
        self.entra.app.full_access.discard(ERP)
        setup.check_step("incoming", True)
        self.assertEqual((setup.fetchmail_server_id.state, self.state(setup, "incoming")), ("draft", "failed"))

    def test_a_server_that_exists_is_used_and_switched(self):
        server = self.outgoing(smtp_user=ERP)
        by_hand = self.env["fetchmail.server"].create({
            "name": "Old", "server_type": "imap", "server": "outlook.office365.com", "port": 993, "is_ssl": True,
            "user": ERP, "password": "x"})
        setup = self.setup_of()
        self.assertIn(server, setup.found_mail_server_ids)
        self.assertIn(by_hand, setup.found_fetchmail_server_ids)
        setup.action_create_mail_server()
        setup.action_create_fetchmail_server()
        self.assertEqual((setup.mail_server_id, setup.fetchmail_server_id), (server, by_hand))
        self.assertEqual((by_hand.office365_preset, by_hand.name), ("imap", "Old"))
        self.assertTrue(setup.can_switch_mail_server and setup.can_switch_fetchmail_server)
        setup._prove("outgoing")
        self.assertEqual(self.states(setup, "outgoing")["Signs in with Microsoft Entra ID"], "todo")
        action = setup.action_switch_mail_server()
        self.env[action["res_model"]].with_context(**action["context"]).create({}).action_switch()
        setup._prove("outgoing")
        self.assertEqual(self.state(setup, "outgoing"), "done")

    def test_a_new_set_up_begins_with_what_is_there(self):
        server = self.outgoing(app=self.app())
        setup = self.env["office365.setup"].browse(self.env["office365.setup"].action_open()["res_id"])
        self.assertEqual((setup.mail_server_id, setup.mailbox, setup.domain), (server, ERP, "contoso.example"))
        self.assertEqual((setup.app_id, setup.client_id, setup.credential), (server.office365_app_id, self.entra.app.client_id, "secret"))
        self.assertEqual(setup.app_id.authority_url, self.entra.authority())
