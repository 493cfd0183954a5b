from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..tools.diagnosis.reader import diagnose
from .common import BRANT, ERP, INFO
from .servers import entra_errors
from .servers.faults import Reset
from .sign_in import SignInCase

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@tagged("post_install", "-at_install")
class TestSignIn(SignInCase):

    def test_four_ways_to_sign_in_for_three_protocols(self):
        for way in ("secret", "certificate", "code", "device"):
            app = self.signed_in_app(way, servers=True)
            with self.subTest(way=way, protocol="smtp"):
                app.outgoing_server_ids.test_smtp_connection()
                seen = self.servers.submission.connections[-1]
                self.assertEqual((seen.login, seen.mechanism), (ERP, "XOAUTH2"))
            for preset in ("imap", "pop"):
                with self.subTest(way=way, protocol=preset):
                    server = app.incoming_server_ids.filtered(lambda server: server.office365_preset == preset)  # noqa: B023
                    server.button_confirm_login()
                    self.assertEqual(server.state, "done")
                    self.assertEqual(getattr(self.servers, preset).connections[-1].login, ERP)

    def test_one_token_serves_all_protocols_of_an_app(self):
        app = self.app()
        self.outgoing(app=app).test_smtp_connection()
        self.incoming(app=app).button_confirm_login()
        self.incoming("pop", app=app).button_confirm_login()
        self.assertEqual(self.requests(), 1)

    def test_a_revoked_token_is_renewed_once_and_the_run_goes_on(self):
        app = self.app()
        outgoing, imap, pop = self.outgoing(app=app), self.incoming(app=app), self.incoming("pop", app=app)
        outgoing.test_smtp_connection()
        for number, use in enumerate((outgoing.test_smtp_connection, imap.button_confirm_login, pop.button_confirm_login), start=2):
            self.revoke()
            self.later(minutes=10)
            use()
            self.assertEqual(self.requests(), number)

    def test_mail_goes_out_although_the_token_was_revoked(self):
        server = self.outgoing(app=self.app(), from_filter="contoso.example")
        server.test_smtp_connection()
        self.revoke()
        self.set_alias(self.brant, BRANT)
        self.mail().send()
        self.assertEqual(self.sent().login, ERP)

    def test_a_refusal_names_the_checklist_and_asks_for_one_more_token_only(self):
        server = self.outgoing(app=self.app())
        server.test_smtp_connection()
        self.entra.app.in_exchange = False
        with self.assertRaises(UserError) as caught:
            server.test_smtp_connection()
        text = str(caught.exception)
        for words in (f"refused to sign in {ERP}", "535 5.7.3", "Get-ServicePrincipal", "enterprise application", "Get-MailboxPermission"):
            self.assertIn(words, text)
        self.assertEqual(self.requests(), 2)

    def test_a_refusal_that_no_token_ends_asks_for_no_other(self):
        server = self.outgoing(app=self.app())
        self.servers.directory.account(ERP).smtp_auth_disabled = True
        with self.assertRaisesRegex(UserError, "Set-CASMailbox"):
            server.test_smtp_connection()
        self.assertEqual(self.requests(), 1)

    def test_refused_imap_and_pop_say_what_to_do(self):
        app = self.app()
        self.entra.app.full_access.clear()
        for preset in ("imap", "pop"):
            with self.subTest(preset=preset), self.assertRaisesRegex(UserError, f"refused to sign in {ERP}.*"):
                self.incoming(preset, app=app).button_confirm_login()

    def test_an_answer_of_entra_says_what_to_do(self):
        self.entra.faults.add("TOKEN", entra_errors.SECRET_EXPIRED, times=None)
        app = self.app()
        for use in (self.outgoing(app=app).test_smtp_connection, self.incoming(app=app).button_confirm_login):
            with self.assertRaises(UserError) as caught:
                use()
            self.assertIn("The client secret has expired. Create a new one", str(caught.exception))

    def test_entra_that_is_down_lets_mail_wait(self):
        for step, fault, cause in (("TOKEN", entra_errors.UNAVAILABLE, "entra_unavailable"), ("CONNECT", Reset(), "connection_lost")):
            self.entra.faults.add(step, fault, times=None)
            server = self.outgoing(app=self.app())
            with self.subTest(cause=cause):
                try:
                    server._connect__(mail_server_id=server.id)
                    self.fail("connected")
                except UserError as error:
                    diagnosis = diagnose(error, protocol="smtp")
                self.assertEqual((diagnosis.cause, diagnosis.retryable), (cause, True))

    def test_as_the_sender_each_mailbox_signs_in_with_the_token_of_the_app(self):
        self.entra.app.full_access.add(BRANT)
        self.outgoing(app=self.app(), office365_sender_mode="as_sender", from_filter="contoso.example")
        self.set_alias(self.brant, BRANT)
        self.mail().send()
        self.assertEqual((self.sent().login, self.sent().envelope_from), (BRANT, BRANT))
        self.assertEqual(self.requests(), 1)


@tagged("post_install", "-at_install")
class TestDelegates(SignInCase):

    def test_a_shared_mailbox_sends_as_its_delegate_and_is_fetched_by_its_own_name(self):
        app = self.app("delegated")
        shared = {"office365_delegate": BRANT}
        outgoing = self.outgoing(app=app, smtp_user=INFO, **shared)
        incoming = [self.incoming(preset, app=app, user=INFO, **shared) for preset in ("imap", "pop")]
        self.servers.directory.account(INFO).full_access.add(BRANT)
        self.sign_in_by_code(app, BRANT, BRANT)
        self.servers.directory.grant_send_as(BRANT, INFO)
        outgoing.test_smtp_connection()
        self.assertEqual(self.servers.submission.connections[-1].login, BRANT)
        for server in incoming:
            server.button_confirm_login()
            self.assertEqual(getattr(self.servers, server.office365_preset).connections[-1].login, INFO)

    def test_mail_of_a_shared_mailbox_leaves_as_the_mailbox(self):
        app = self.app("delegated")
        self.outgoing(app=app, smtp_user=INFO, office365_delegate=BRANT, from_filter="contoso.example", office365_sender_mode="mailbox")
        self.sign_in_by_code(app, BRANT, BRANT)
        self.servers.directory.grant_send_as(BRANT, INFO)
        self.mail().send()
        self.assertEqual((self.sent().login, self.sent().envelope_from), (BRANT, INFO))

    def test_somebody_else_is_refused_by_both_names_and_nothing_is_kept(self):
        app = self.app("delegated")
        server = self.outgoing(app=app)
        with self.assertRaisesRegex(UserError, f"{BRANT} signed in, but the mail server signs in as {ERP}"):
            self.sign_in_by_code(app, ERP, BRANT)
        self.assertFalse(self.env["office365.token"].search([]))
        with self.assertRaisesRegex(UserError, "has not signed in"):
            server.test_smtp_connection()

    def test_a_declined_consent_says_so(self):
        with self.assertRaisesRegex(UserError, "Grant admin consent"):
            self.sign_in_by_code(self.app("delegated"), ERP, ERP, consent=False)

    def test_an_ended_sign_in_asks_to_sign_in_again(self):
        app = self.app("delegated")
        server = self.outgoing(app=app)
        self.sign_in_by_code(app)
        self.assertIn("is signed in", server.office365_sign_in_status)
        self.revoke()
        self.entra.directory.user(ERP).revoked_before = self.entra.clock.now() + 1
        with self.assertRaisesRegex(UserError, "Sign in again"):
            server.test_smtp_connection()
        self.env.invalidate_all()
        self.assertIn("has to sign in again", server.office365_sign_in_status)


@tagged("post_install", "-at_install")
class TestDeviceCode(SignInCase):

    def begin(self):
        app = self.app("delegated", "none")
        self.outgoing(app=app)
        action = app.action_device_sign_in()
        return self.env["office365.device.sign.in"].browse(action["res_id"])

    def test_the_code_is_shown_and_each_press_asks_once(self):
        wizard = self.begin()
        self.assertTrue(wizard.user_code)
        self.assertEqual((wizard.account, wizard.verification_uri), (ERP, self.entra.authority("devicelogin")))
        wizard.action_continue()
        self.assertIn("Not yet", wizard.message)
        self.assertEqual(self.requests(DEVICE), 1)
        self.entra.sign_in_device(wizard.user_code, ERP)
        self.assertEqual(wizard.action_continue()["params"]["type"], "success")

    def test_declined_expired_and_somebody_else(self):
        for outcome, words in (("declined", "was declined"), (BRANT, f"{BRANT} signed in, but"), ("expired", "not entered in time")):
            wizard = self.begin()
            if outcome == "expired":
                self.entra.clock.advance(3600)
            else:
                self.entra.sign_in_device(wizard.user_code, BRANT if outcome == BRANT else None)
            with self.subTest(outcome=outcome):
                wizard.action_continue()
                self.assertEqual(wizard.state, "failed")
                self.assertIn(words, wizard.message)
                wizard.action_continue()  # another code
                self.assertEqual(wizard.state, "pending")
                self.assertTrue(wizard.user_code)
            self.assertFalse(self.env["office365.token"].search([]))


@tagged("post_install", "-at_install")
class TestCheck(SignInCase):

    def check(self, app):
        app.action_check_sign_in()
        return app.check_state, app.check_result

    def test_a_new_token_is_asked_for_each_time(self):
        app = self.app()
        self.entra.faults.add("TOKEN", entra_errors.SECRET_INVALID)
        self.assertEqual(self.check(app)[0], "failed")
        self.assertIn("Copy the column Value", app.check_result)
        for number in (2, 3):
            self.assertEqual(self.check(app)[0], "ok")
            self.assertEqual(self.requests(), number)

    def test_what_is_missing_is_named_for_each_protocol(self):
        app = self.app()
        self.entra.app.roles = {"SMTP.SendAsApp"}
        state, result = self.check(app)
        self.assertEqual(state, "incomplete")
        for words in ("SMTP.SendAsApp is granted", "IMAP.AccessAsApp is missing", "POP.AccessAsApp is missing",
                      "APIs my organization uses"):
            self.assertIn(words, result)
        self.outgoing(app=app)  # who only sends misses nothing
        self.assertEqual(self.check(app)[0], "ok")

    def test_no_roles_are_right_for_app_rbac(self):
        app = self.app()
        self.outgoing(app=app)
        self.entra.app.roles = set()
        state, result = self.check(app)
        self.assertEqual(state, "ok")
        self.assertIn("App RBAC", result)

    def test_the_result_holds_no_token(self):
        app = self.app("delegated")
        self.outgoing(app=app)
        self.sign_in_by_code(app)
        self.assertEqual(self.check(app)[0], "ok")
        self.assertIn(ERP, app.check_result)
        for secret in self.secrets():
            self.assertNotIn(secret, app.check_result)


@tagged("post_install", "-at_install")
class TestCopiesAndEnds(SignInCase):

    def test_a_copy_neither_sends_nor_fetches_until_an_administrator_says_that_it_is_none(self):
        app = self.app()
        outgoing, incoming = self.outgoing(app=app), self.incoming(app=app)
        outgoing.test_smtp_connection()
        self.env["ir.config_parameter"].set_param("web.base.url", "https://other.contoso.example")
        outgoing.test_smtp_connection()
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        self.env.invalidate_all()
        self.assertTrue(app.is_copy and outgoing.office365_is_copy and incoming.office365_is_copy)
        connections = len(self.servers.login_attempts) + self.requests()
        for use in (outgoing.test_smtp_connection, incoming.button_confirm_login, app.action_check_sign_in):
            if use != app.action_check_sign_in:
                with self.assertRaisesRegex(UserError, "may be a copy"):
                    use()
            else:
                use()
                self.assertEqual(app.check_state, "failed")
        self.assertEqual(len(self.servers.login_attempts) + self.requests(), connections)
        user = new_test_user(self.env, "o365.curious", groups="base.group_user,base.group_erp_manager")
        with self.assertRaises(AccessError):
            app.with_user(user).action_adopt()
        app.action_adopt()
        self.env.invalidate_all()
        self.assertFalse(app.is_copy or outgoing.office365_is_copy or incoming.office365_is_copy)
        outgoing.test_smtp_connection()
        incoming.button_confirm_login()

    def test_a_sign_in_that_ends_is_shown_and_raises_an_activity_until_it_is_renewed(self):
        app = self.app("delegated")
        self.outgoing(app=app)
        self.sign_in_by_code(app)
        self.assertFalse(app.expiry_notice)
        self.env["office365.token"].search([]).refresh_expires = fields.Datetime.now() + timedelta(days=10)
        app.invalidate_recordset()
        self.assertIn(f"The sign-in of {ERP} ends on", app.expiry_notice)
        self.env.flush_all()
        with self.registry.cursor() as cr:
            self.env(cr=cr)["office365.app"]._cron_remind()
        self.env.invalidate_all()
        self.assertTrue(app.activity_ids)
        self.sign_in_by_code(app)
        self.env.invalidate_all()
        self.assertFalse(app.expiry_notice)
        self.assertFalse(app.activity_ids)
