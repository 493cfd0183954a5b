import json
import logging
from unittest.mock import patch
from urllib.parse import parse_qs, urlencode, urlsplit

from odoo.tests import HttpCase, new_test_user, tagged

from ..models.entra.office365_app_sign_in import PATH
from ..tools.entra import sign_in_state
from .common import BRANT, ERP
from .sign_in import SignInMixin


@tagged("post_install", "-at_install")
class TestOAuthController(SignInMixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.entra_app = self.app("delegated")
        self.entra.app.redirect_uris.add(self.entra_app.redirect_uri)
        self.server = self.outgoing(app=self.entra_app)
        self.env.flush_all()
        self.authenticate("admin", "admin")

    def begin(self, record=None):
        """Press the button; return where it leads."""
        record = record or self.server
        button = "action_office365_sign_in" if record == self.server else "action_sign_in"
        action = self.make_jsonrpc_request("/web/dataset/call_button/" + record._name, {
            "model": record._name, "method": button, "args": [record.ids], "kwargs": {}})
        self.assertEqual((action["type"], action["target"]), ("ir.actions.act_url", "self"))
        return action["url"]

    def back(self, url):
        """Come back from Microsoft's page, as the browser is led."""
        parts = urlsplit(url)
        return self.url_open(f"{parts.path}?{parts.query}", allow_redirects=False)

    def signed_in(self):
        self.env.invalidate_all()
        return self.env["office365.token"].sudo().search([]).mapped("account")

    def assertRefused(self, response, words):  # noqa: N802
        self.assertEqual(response.status_code, 200)
        self.assertIn(words, response.text)
        self.assertIn('role="alert"', response.text)
        self.assertEqual((response.headers["Cache-Control"], response.headers["Referrer-Policy"]), ("no-store", "no-referrer"))
        self.assertFalse(self.signed_in())

    def test_who_signs_in_is_led_back_to_the_record(self):
        for record in (self.server, self.entra_app):
            response = self.back(self.visit(self.begin(record)))
            self.assertEqual(response.status_code, 303)
            self.assertEqual(urlsplit(response.headers["Location"]).path, f"/odoo/{record._name}/{record.id}")
            self.assertEqual(self.signed_in(), [ERP])
        self.server.test_smtp_connection()

    def test_the_page_is_asked_for_with_pkce_state_and_the_account(self):
        query = {name: value for name, [value] in parse_qs(urlsplit(self.begin()).query).items()}
        self.assertEqual((query["code_challenge_method"], query["login_hint"]), ("S256", ERP))
        self.assertGreaterEqual(len(query["state"]), 43)
        self.assertEqual(query["redirect_uri"], self.entra_app.redirect_uri)
        self.assertNotIn("form_post", query.get("response_mode", ""))

    def test_another_account_is_refused_by_both_names(self):
        response = self.back(self.visit(self.begin(), BRANT))
        self.assertRefused(response, f"{BRANT} signed in, but the mail server signs in as {ERP}")

    def test_a_declined_consent_says_who_can_give_it(self):
        response = self.back(self.visit(self.begin(), consent=False))
        self.assertRefused(response, "Grant admin consent")

    def test_a_state_works_once(self):
        url = self.visit(self.begin())
        self.back(url)
        self.env["office365.token"]._forget__(self.entra_app)
        self.assertRefused(self.back(url), "finished already")

    def test_another_session_has_no_use_for_it(self):
        url = self.visit(self.begin())
        self.authenticate("admin", "admin")  # as in another browser
        self.assertRefused(self.back(url), "not begun in this session")

    def test_another_user_has_no_use_for_it(self):
        url = self.visit(self.begin())
        other = new_test_user(self.env, "o365.system", groups="base.group_system")
        self.env.flush_all()
        session = self.session
        session.uid, session.login = other.id, other.login
        session.session_token = other._compute_session_token(session.sid)
        self._save(session)
        self.assertRefused(self.back(url), "not begun in this session")

    def test_nobody_has_no_use_for_it(self):
        url = self.visit(self.begin())
        self.authenticate(None, None)
        self.assertRefused(self.back(url), "not begun in this session")

    def test_it_works_for_ten_minutes(self):
        url = self.visit(self.begin())
        with patch.object(sign_in_state, "LIFETIME", 0):
            self.assertRefused(self.back(url), "more than ten minutes ago")

    def test_a_changed_state_and_a_changed_code_are_refused(self):
        url = urlsplit(self.visit(self.begin()))
        query = {name: value for name, [value] in parse_qs(url.query).items()}
        self.assertRefused(self.back(f"{PATH}?{urlencode({**query, 'state': query['state'][:-1] + 'x'})}"), "not begun in this session")
        self.assertRefused(self.back(f"{PATH}?{urlencode({**query, 'code': 'forged'})}"), "Microsoft Entra refused the sign-in")

    def test_a_deleted_record_changes_nothing(self):
        url = self.visit(self.begin())
        self.server.unlink()
        self.env.flush_all()
        self.assertRefused(self.back(url), "was deleted")

    def test_who_lost_the_right_to_change_it_changes_nothing(self):
        system = new_test_user(self.env, "o365.former", password="o365.former", groups="base.group_system")
        self.env.flush_all()
        self.authenticate("o365.former", "o365.former")
        url = self.visit(self.begin())
        system.group_ids = self.env.ref("base.group_user")
        self.env.flush_all()
        self.assertRefused(self.back(url), "no longer change this record")

    def test_no_words_of_a_forged_link_are_shown(self):
        forged = {"error": "access_denied", "error_description": "Call 555"}
        for query in (forged, {"admin_consent": "True", **forged}):
            self.assertNotIn("Call 555", self.back(f"{PATH}?{urlencode(query)}").text)

    def test_an_administrator_of_the_directory_needs_no_access_here(self):
        self.authenticate(None, None)
        refused = self.back(self.visit(self.entra_app.admin_consent_url))  # by somebody who is none
        self.assertNotIn("The consent is given", refused.text)
        self.entra.directory.user(ERP).admin = True
        back = self.visit(self.entra_app.admin_consent_url)
        self.assertIn("The consent is given", self.back(back).text)

    def test_codes_and_states_are_in_no_log(self):
        self.enterContext(patch.object(logging.getLogger("urllib3.connectionpool"), "disabled", new=True))  # it is the browser here
        with self.assertNoSecretLogged() as capture:
            url = self.visit(self.begin())
            self.back(url)
        query = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
        for secret in (query["code"], query["state"]):
            self.assertNotIn(secret, capture.text)
        with self.assertLogs("werkzeug") as log:
            logging.getLogger("werkzeug").info('"GET %s HTTP/1.1" 303 -', url.partition("localhost")[2] or url)
        self.assertIn(f"{PATH}?…", log.output[0])
        self.assertNotIn(query["code"], log.output[0])

    def test_a_secret_that_is_entered_is_in_no_log(self):
        with self.assertNoSecretLogged("Entered~in~the~form") as capture:
            self.make_jsonrpc_request("/web/dataset/call_kw/office365.app/web_save", {
                "model": "office365.app", "method": "web_save", "args": [self.entra_app.ids, {"client_secret": "Entered~in~the~form"}],
                "kwargs": {"specification": {"client_secret": {}}}})
        self.assertIn("web_save(…)", capture.text)
        self.assertEqual(self.entra_app._app__().credential, "Entered~in~the~form")

    def test_a_redirect_that_entra_refuses_points_to_the_device_code(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://odoo.contoso.example")
        self.assertIn("device code", self.entra_app.redirect_warning)
        for base in ("https://odoo.contoso.example", "http://localhost:8069"):
            self.env["ir.config_parameter"].set_param("web.base.url", base)
            self.entra_app.invalidate_recordset()
            self.assertFalse(self.entra_app.redirect_warning)

    def _save(self, session):
        from odoo.http import root  # noqa: PLC0415
        root.session_store.save(session)
        json.dumps(dict(session))  # what is kept in it is JSON
