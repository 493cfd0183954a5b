"""Sign-in of a person at the Entra look-alike: authorization endpoint, consent, device codes, an administrator's consent for all."""

import urllib.parse

import jwt
import requests
from odoo.tests import tagged

from .entra_case import IMAP, POP, REDIRECT, SMTP, TIMEOUT, EntraCase, Page
from .servers import BRANT, ERP, INFO, entra_errors

PERMISSIONS = ("IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send")


@tagged("post_install", "-at_install")
class TestEntraPages(EntraCase):

    def setUp(self):
        super().setUp()
        self.browser = self.enterContext(requests.Session())

    def authorize(self, **values):
        """Return what the authorization endpoint answers; a value of None takes a parameter out."""
        query = {"client_id": self.app.client_id, "response_type": "code", "redirect_uri": REDIRECT, "state": "s1", "nonce": "n1",
                 "scope": f"openid profile offline_access {SMTP}", **values}
        query = {name: value for name, value in query.items() if value is not None}
        return self.browser.get(f"{self.entra.authority()}/oauth2/v2.0/authorize", params=query, allow_redirects=False, timeout=TIMEOUT)

    def press(self, answer, label):
        """Press a button of a page; return what comes next."""
        page = Page(answer.text)
        name, value = page.buttons[label]
        return self.browser.post(f"{self.entra.origin}{page.action}", data={**page.fields, name: value}, allow_redirects=False,
                                 timeout=TIMEOUT)

    def back(self, answer):
        """Return what the app is told by a redirect."""
        self.assertEqual(answer.status_code, 302, answer.text)
        address, _mark, query = answer.headers["Location"].partition("?")
        self.assertEqual(address, REDIRECT)
        return dict(urllib.parse.parse_qsl(query))

    def assertNotice(self, answer, error):  # noqa: N802
        """Check that a page says what is wrong, and nothing goes back to the app."""
        self.assertNotIn("Location", answer.headers)
        self.assertIn(f"AADSTS{error.number}: ", Page(answer.text).text)

    # --- pages ---

    def test_a_person_picks_an_account_and_accepts(self):
        page = self.authorize()
        self.assertEqual(set(Page(page.text).buttons), {
            f"{name} <{address}>" for name, address in (
                ("ERP", ERP), ("Brant Wadsworth", BRANT), ("Contoso", INFO), ("Customer of Fabrikam", "customer@fabrikam.example"))})
        page = self.press(page, f"Brant Wadsworth <{BRANT}>")
        self.assertIn("SMTP.Send", page.text)
        self.assertEqual(set(Page(page.text).buttons), {"Accept", "Cancel"})
        answer = self.back(self.press(page, "Accept"))
        self.assertEqual(answer["state"], "s1")
        tokens = self.post(grant_type="authorization_code", scope=None, code=answer["code"], redirect_uri=REDIRECT)[2]
        said = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        self.assertEqual((said["preferred_username"], said["nonce"], said["aud"]), (BRANT, "n1", self.app.client_id))
        self.assertEqual((said["tid"], said["oid"]), (self.entra.directory.tenant_id, self.entra.directory.user(BRANT).object_id))
        # Consent is given once, unless the app wants to hear it again.
        self.assertIn("code", self.back(self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>")))
        self.assertIn("Accept", self.press(self.authorize(prompt="consent"), f"Brant Wadsworth <{BRANT}>").text)

    def test_cancel_goes_back_to_the_app(self):
        page = self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>")
        answer = self.back(self.press(page, "Cancel"))
        self.assertEqual((answer["error"], answer["state"]), ("access_denied", "s1"))
        self.assertIn("AADSTS65004: User declined to consent", answer["error_description"])
        self.assertEqual(self.entra.directory.user(BRANT).consents, {})

    def test_a_page_works_once(self):
        page = self.authorize()
        self.press(page, f"Brant Wadsworth <{BRANT}>")
        self.assertNotice(self.press(page, f"Brant Wadsworth <{BRANT}>"), entra_errors.MALFORMED)

    def test_the_hint_comes_first(self):
        self.assertIn(INFO, next(iter(Page(self.authorize(login_hint=INFO).text).buttons)))

    def test_what_the_page_says_is_escaped(self):
        self.app.name = "<script>alert(1)</script>"
        self.assertNotIn("<script>alert", self.authorize().text)

    def test_who_may_not_sign_in_learns_it_on_the_page(self):
        user = self.entra.directory.user(BRANT)
        for attribute, value, error in (
            ("disabled", True, entra_errors.USER_DISABLED), ("locked", True, entra_errors.USER_LOCKED),
            ("password_expired", True, entra_errors.PASSWORD_EXPIRED), ("blocked_by_policy", True, entra_errors.CONDITIONAL_ACCESS),
        ):
            with self.subTest(attribute):
                setattr(user, attribute, value)
                self.assertNotice(self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>"), error)
                self.entra.next_sign_in(BRANT)
                answer = self.back(self.authorize())
                self.assertEqual(answer["error"], "access_denied")
                self.assertIn(f"AADSTS{error.number}: ", answer["error_description"])
                setattr(user, attribute, False)
        self.app.assigned = {ERP}
        self.assertNotice(self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>"), entra_errors.USER_NOT_ASSIGNED)

    def test_users_that_may_not_consent_need_an_administrator(self):
        self.entra.directory.user_consent = False
        self.assertNotice(self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>"), entra_errors.ADMIN_CONSENT_NEEDED)
        self.app.admin_consent = True
        self.assertIn("code", self.back(self.press(self.authorize(), f"Brant Wadsworth <{BRANT}>")))

    # --- what is wrong with the request ---

    def test_a_wrong_app_or_redirect_address_is_never_followed(self):
        elsewhere = "https://evil.example/"
        for values, error in (
            ({"redirect_uri": elsewhere}, entra_errors.REDIRECT_MISMATCH),
            ({"redirect_uri": f"{REDIRECT}/"}, entra_errors.REDIRECT_MISMATCH),
            ({"redirect_uri": REDIRECT.upper()}, entra_errors.REDIRECT_MISMATCH), ({"redirect_uri": None}, entra_errors.REDIRECT_MISSING),
            ({"client_id": "nobody"}, entra_errors.APP_UNKNOWN), ({"client_id": None}, entra_errors.PARAMETER_MISSING),
            ({"response_mode": "pigeon"}, entra_errors.RESPONSE_MODE),
        ):
            with self.subTest(**values):
                self.entra.next_sign_in(BRANT)
                self.assertNotice(self.authorize(**values), error)

    def test_what_else_is_wrong_goes_back_to_the_app(self):
        graph = "https://graph.microsoft.com/User.Read"
        for values, error in (
            ({"response_type": "token"}, entra_errors.RESPONSE_TYPE), ({"prompt": "perhaps"}, entra_errors.PROMPT_UNKNOWN),
            ({"scope": f"{SMTP} {graph}"}, entra_errors.SEVERAL_RESOURCES_AUTHORIZE), ({"scope": None}, entra_errors.PARAMETER_MISSING),
            ({"scope": "https://outlook.office.com/Mail.Fly"}, entra_errors.SCOPE_INVALID),
            ({"scope": "https://elsewhere.example/Mail.Send"}, entra_errors.RESOURCE_UNKNOWN),
            ({"code_challenge": "short"}, entra_errors.CHALLENGE_SIZE),
            ({"code_challenge": "x" * 43, "code_challenge_method": "MD5"}, entra_errors.CHALLENGE_METHOD),
            ({"prompt": "none"}, entra_errors.NOT_SIGNED_IN),
        ):
            with self.subTest(**values):
                answer = self.back(self.authorize(**values))
                self.assertEqual((answer["error"], answer["state"]), (error.error, "s1"))
                self.assertIn(f"AADSTS{error.number}: ", answer["error_description"])

    def test_prompt_none_asks_nobody(self):
        self.entra.next_sign_in(BRANT, consent=None)
        self.assertEqual(self.back(self.authorize(prompt="none"))["error"], "consent_required")
        self.entra.directory.user(BRANT).consents[self.app.client_id] = set(PERMISSIONS)
        self.entra.next_sign_in(BRANT)
        self.assertIn("code", self.back(self.authorize(prompt="none")))

    def test_answers_by_form_and_by_fragment(self):
        self.entra.next_sign_in(BRANT)
        page = Page(self.authorize(response_mode="form_post").text)
        self.assertEqual((page.action, page.fields["state"]), (REDIRECT, "s1"))
        self.assertTrue(page.fields["code"])
        self.entra.next_sign_in(BRANT)
        self.assertTrue(self.authorize(response_mode="fragment").headers["Location"].startswith(f"{REDIRECT}#code="))

    def test_a_scripted_refusal_goes_back_to_the_app(self):
        self.entra.next_sign_in(BRANT, error=entra_errors.DEVICE_NOT_COMPLIANT)
        self.assertIn("AADSTS53000: ", self.back(self.authorize())["error_description"])
        self.assertIn("Pick an account", self.authorize().text, "the next one is not scripted any more")

    def test_a_scripted_sign_in_takes_the_hint(self):
        self.entra.next_sign_in()
        self.assertIn("code", self.back(self.authorize(login_hint=INFO)))
        self.assertIn(self.app.client_id, self.entra.directory.user(INFO).consents)

    def test_an_organization_without_exchange(self):
        self.entra.directory.exchange_subscribed = False
        self.assertIn("AADSTS650052: ", self.back(self.authorize())["error_description"])

    # --- codes ---

    def test_a_code_works_once_for_its_app_its_address_and_its_verifier(self):
        other = self.entra.directory.add_app(redirect_uris={REDIRECT})
        client = self.client()
        flow = client.initiate_auth_code_flow([SMTP], redirect_uri=REDIRECT)
        form = {"grant_type": "authorization_code", "scope": None, "code": self.visit(flow)["code"], "redirect_uri": REDIRECT,
                "code_verifier": flow["code_verifier"]}
        for values, error in (
            ({"code": None}, entra_errors.PARAMETER_MISSING), ({"code": "guessed"}, entra_errors.GRANT_INVALID),
            ({"client_id": other.client_id, "client_secret": other.secret}, entra_errors.GRANT_INVALID),
            ({"client_secret": None}, entra_errors.CREDENTIAL_MISSING),
            ({"redirect_uri": f"{REDIRECT}/"}, entra_errors.REDIRECT_OF_CODE), ({"code_verifier": None}, entra_errors.VERIFIER_MISMATCH),
            ({"code_verifier": "x" * 43}, entra_errors.VERIFIER_MISMATCH),
            ({"scope": f"{SMTP} {POP}"}, entra_errors.CONSENT_MISSING),
        ):
            with self.subTest(error=error.number):
                self.assertRefusal(self.post(**{**form, **values}), error)
        self.entra.clock.advance(601)
        self.assertRefusal(self.post(**form), entra_errors.CODE_EXPIRED)
        self.entra.clock.advance(-601)
        self.assertIn("access_token", self.post(**form)[2])
        self.assertRefusal(self.post(**form), entra_errors.CODE_USED)

    def test_a_public_client_uses_no_credential(self):
        native = "http://localhost/native"
        self.app.public_redirect_uris.add(native)
        client = self.client(public=True)
        flow = client.initiate_auth_code_flow([SMTP], redirect_uri=native)
        query = self.visit(flow)
        form = {"grant_type": "authorization_code", "scope": None, "code": query["code"], "redirect_uri": native,
                "code_verifier": flow["code_verifier"]}
        self.assertRefusal(self.post(**form), entra_errors.PUBLIC_CLIENT)
        answer = client.acquire_token_by_auth_code_flow(flow, query)
        refresh = {"grant_type": "refresh_token", "scope": SMTP, "refresh_token": answer["refresh_token"]}
        self.assertRefusal(self.post(**refresh), entra_errors.PUBLIC_CLIENT)
        self.assertIn("access_token", self.post(**refresh, client_secret=None)[2])

    # --- device codes ---

    def test_a_device_code_is_entered_on_the_page(self):
        self.app.public_client = True
        client = self.client(public=True)
        flow = client.initiate_device_flow([SMTP, IMAP])
        self.assertEqual((flow["interval"], flow["verification_uri"]), (5, f"{self.entra.origin}/devicelogin"))
        self.assertIn(flow["user_code"], flow["message"])
        poll = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": flow["device_code"], "client_secret": None,
                "scope": None}
        self.assertRefusal(self.post(**poll), entra_errors.DEVICE_PENDING)
        self.assertRefusal(self.post(**poll), entra_errors.DEVICE_SLOW_DOWN)
        self.entra.clock.advance(5)
        self.assertRefusal(self.post(**poll), entra_errors.DEVICE_PENDING)
        page = self.browser.get(flow["verification_uri"], timeout=TIMEOUT)
        self.assertIn("Enter code", page.text)
        self.assertEqual(self.browser.post(flow["verification_uri"], data={"code": "WRONGCODE"}, timeout=TIMEOUT).status_code, 400)
        page = self.browser.post(flow["verification_uri"], data={"code": flow["user_code"].lower()}, timeout=TIMEOUT)
        page = self.press(self.press(page, f"Brant Wadsworth <{BRANT}>"), "Accept")
        self.assertIn("You may now close this window", page.text)
        answer = client.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
        self.assertEqual(answer["id_token_claims"]["preferred_username"], BRANT)
        self.assertEqual(self.signs_in(BRANT, answer["access_token"]), {"smtp", "imap"})
        self.assertRefusal(self.post(**poll), entra_errors.GRANT_INVALID)

    def test_a_device_code_that_is_declined_or_expires(self):
        self.app.public_client = True
        poll = {"grant_type": "device_code", "client_secret": None, "scope": None}
        for refuse, error in (
            (lambda code: self.entra.sign_in_device(code, None), entra_errors.DEVICE_DECLINED),
            (lambda code: self.entra.sign_in_device(code, BRANT, consent=False), entra_errors.DEVICE_DECLINED),
            (lambda _code: self.entra.clock.advance(901), entra_errors.DEVICE_EXPIRED),
        ):
            with self.subTest(error=error.error):
                flow = self.post(path="oauth2/v2.0/devicecode", grant_type=None, client_secret=None, scope=SMTP)[2]
                refuse(flow["user_code"])
                self.assertRefusal(self.post(**poll, device_code=flow["device_code"]), error)
        self.assertRefusal(self.post(**poll, device_code="guessed"), entra_errors.DEVICE_CODE_INVALID)

    def test_device_codes_are_for_public_clients(self):
        flow = self.post(path="oauth2/v2.0/devicecode", grant_type=None, client_secret=None, scope=SMTP)[2]
        poll = {"grant_type": "device_code", "client_secret": None, "scope": None, "device_code": flow["device_code"]}
        self.assertRefusal(self.post(**poll), entra_errors.CREDENTIAL_MISSING)

    # --- an administrator's consent for all ---

    def test_an_administrator_consents_for_all(self):
        self.app.roles, self.app.admin_consent = set(), False
        address = f"{self.entra.authority()}/v2.0/adminconsent"
        query = {"client_id": self.app.client_id, "redirect_uri": REDIRECT, "state": "s1", "scope": "https://outlook.office365.com/.default"}
        page = self.browser.get(address, params=query, timeout=TIMEOUT)
        self.assertNotice(self.press(page, f"Brant Wadsworth <{BRANT}>"), entra_errors.ADMIN_CONSENT_NEEDED)
        self.entra.directory.user(BRANT).admin = True
        page = self.press(self.browser.get(address, params=query, timeout=TIMEOUT), f"Brant Wadsworth <{BRANT}>")
        self.assertIn("SMTP.SendAsApp", page.text)
        self.assertEqual(self.back(self.press(page, "Cancel"))["error"], "access_denied")
        self.assertEqual(self.app.roles, set())
        self.entra.next_sign_in(BRANT)
        answer = self.back(self.browser.get(address, params=query, allow_redirects=False, timeout=TIMEOUT))
        self.assertEqual((answer["admin_consent"], answer["tenant"], answer["state"]), ("True", self.entra.directory.tenant_id, "s1"))
        self.assertEqual((self.app.roles, self.app.admin_consent), (self.app.app_permissions, True))
