import base64
import json
import warnings
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.x509 import load_pem_x509_certificate
from odoo.tests import BaseCase, tagged

from ..tools import entra
from ..tools.diagnosis.reader import diagnose
from ..tools.entra.tokens import App, Claims, EntraRefused
from ..tools.secrets import key_pair
from .token_service import CLIENT, DIRECTORY, SECRET, TokenServiceMixin, clock

SCOPES = ["https://outlook.office.com/SMTP.Send", "https://outlook.office.com/IMAP.AccessAsUser.All"]
REDIRECT = "https://odoo.contoso.example/mail_office365/oauth"


def unsigned(claims):
    """Return a token that says this; MSAL takes the signature of an ID token for granted, as it comes straight from Entra."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims))
    return ".".join((*parts, ""))


@tagged("post_install", "-at_install")
class TestEntra(TokenServiceMixin, BaseCase):

    def setUp(self):
        super().setUp()
        self.app = App(self.authority_url, CLIENT, SECRET)

    def refused(self, ask, *args):
        with self.assertRaises(EntraRefused) as caught:
            ask(*args)
        return caught.exception

    def id_token(self, **claims):
        return unsigned({
            "aud": CLIENT, "iss": self.authority_url, "exp": 4102444800, "preferred_username": "ERP@contoso.example", **claims})

    def test_an_app_gets_a_token_with_its_secret(self):
        token = entra.app_only_token(self.app, ["https://outlook.office365.com/.default"])
        self.assertEqual((token.access_token, token.refresh_token, token.account), ("Access~1", None, None))
        self.assertEqual(token.scopes, ("https://outlook.office365.com/.default",))
        self.assertNotIn("Access~1", repr(token))
        self.assertEqual(self.asked[0]["client_secret"], SECRET)

    def test_an_app_gets_a_token_with_its_certificate_and_sends_no_secret(self):
        pair = key_pair.make("Odoo", 30)
        entra.app_only_token(App(self.authority_url, CLIENT, pair), SCOPES[:1])
        [form] = self.asked
        self.assertNotIn("client_secret", form)
        self.assertEqual(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        key = load_pem_x509_certificate(pair.certificate.encode()).public_key()
        said = jwt.decode(form["client_assertion"], key, algorithms=["PS256"], audience=f"{self.authority_url}/token")
        self.assertEqual(said["iss"], CLIENT)

    def test_nothing_said_before_is_said_again(self):
        for _time in range(2):
            self.refuses = (400, {"error": "invalid_client", "error_codes": [7000215]}, {})
            self.refused(entra.app_only_token, self.app, SCOPES[:1])
        self.refuses = None
        tokens = {entra.app_only_token(self.app, SCOPES[:1]).access_token for _time in range(2)}
        self.assertEqual(tokens, {"Access~3", "Access~4"})

    def test_a_token_ends_when_the_clock_says_so(self):
        before = entra.app_only_token(self.app, SCOPES[:1])
        with clock(minutes=60):
            after = entra.app_only_token(self.app, SCOPES[:1])
        self.assertAlmostEqual(after.expires_at - before.expires_at, 3600, delta=600)

    def test_a_user_signs_in_by_code_with_a_proof_of_possession(self):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "the state", "erp@contoso.example")
        url = urlsplit(flow["auth_uri"])
        query = {name: value for name, [value] in parse_qs(url.query).items()}
        self.assertEqual(f"{url.scheme}://{url.netloc}", self.service.url)
        self.assertEqual((query["state"], query["redirect_uri"], query["login_hint"]), ("the state", REDIRECT, "erp@contoso.example"))
        self.assertEqual(query["code_challenge_method"], "S256")
        self.assertNotIn(flow["code_verifier"], flow["auth_uri"])
        self.says = {"id_token": self.id_token(nonce=query["nonce"])}
        token = entra.finish_code_flow(self.app, flow, {"state": "the state", "code": "Code~of.the-test"})
        self.assertEqual((token.access_token, token.refresh_token, token.account), ("Access~1", "Refresh~1", "ERP@contoso.example"))
        self.assertEqual(set(token.scopes), set(SCOPES))
        self.assertFalse(token.public_client)
        [form] = self.asked
        self.assertEqual((form["code"], form["code_verifier"], form["client_secret"]), ("Code~of.the-test", flow["code_verifier"], SECRET))
        self.assertIn("offline_access", form["scope"])

    def test_a_browser_comes_back_by_get_and_no_warning_of_it_is_logged(self):
        with warnings.catch_warnings(record=True) as logged:
            warnings.simplefilter("always")
            flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "s")
        self.assertEqual(parse_qs(urlsplit(flow["auth_uri"]).query).get("response_mode", ["query"]), ["query"])
        self.assertFalse([str(warning.message) for warning in logged])

    def test_scopes_that_were_not_granted_are_not_claimed(self):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "s")
        for granted, scopes in ((SCOPES[0].lower() + " openid", (SCOPES[0],)), ("written another way", tuple(sorted(SCOPES))),
                                ("", tuple(sorted(SCOPES)))):
            with self.subTest(granted=granted):
                self.says = {"scope": granted}
                self.assertEqual(entra.finish_code_flow(self.app, flow, {"state": "s", "code": "c"}).scopes, scopes)

    def test_an_answer_that_belongs_to_another_sign_in_is_refused(self):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "mine")
        for answer in ({"state": "another", "code": "c"}, {"code": "c"}, {"state": "mine"}, {}):
            with self.subTest(answer=answer):
                self.refused(entra.finish_code_flow, self.app, flow, answer)
        self.assertFalse(self.asked)
        for claims in ({"nonce": "another"}, {"aud": "another"}, {"iss": "https://another.example"}):
            with self.subTest(claims=claims):
                self.says = {"id_token": self.id_token(**claims)}
                error = self.refused(entra.finish_code_flow, self.app, flow, {"state": "mine", "code": "c"})
                self.assertNotIn("another", str(error))

    def test_a_declined_consent_is_a_cause(self):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "s")
        error = self.refused(entra.finish_code_flow, self.app, flow, {
            "state": "s", "error": "access_denied", "error_description": "AADSTS65004: User declined to consent to access the app.",
            "access_token": "of an attacker"})
        self.assertEqual(diagnose(error, protocol="entra").cause, "entra_consent_missing")
        self.assertEqual(set(error.answer), {"error", "error_description"})

    def test_a_refresh_token_brings_the_next(self):
        self.says = {"id_token": self.id_token()}
        token = entra.refresh(self.app, "Refresh~before", SCOPES)
        self.assertEqual((token.access_token, token.refresh_token, token.account), ("Access~1", "Refresh~1", "ERP@contoso.example"))
        self.assertEqual((self.asked[0]["grant_type"], self.asked[0]["refresh_token"]), ("refresh_token", "Refresh~before"))

    def test_a_device_code_is_polled_once_a_call_and_needs_no_secret(self):
        flow = entra.start_device_flow(self.app, SCOPES)
        self.assertEqual((flow["user_code"], flow["interval"]), ("ABCD-EFGH", 5))
        self.refuses = (400, {"error": "authorization_pending"}, {})
        self.assertIsNone(entra.poll_device_flow(self.app, flow))
        self.assertIsNone(entra.poll_device_flow(self.app, flow))
        self.refuses = (400, {"error": "slow_down"}, {})
        self.assertIsNone(entra.poll_device_flow(self.app, flow))
        self.assertEqual(flow["interval"], 10)
        for error, cause in (("authorization_declined", "entra_consent_missing"), ("expired_token", "entra_grant_expired")):
            self.refuses = (400, {"error": error}, {})
            self.assertEqual(diagnose(self.refused(entra.poll_device_flow, self.app, flow), protocol="entra").cause, cause)
        self.refuses = None
        token = entra.poll_device_flow(self.app, flow)
        self.assertTrue(token.public_client)
        self.assertEqual(set(token.scopes), set(SCOPES))
        self.assertEqual(len(self.asked), 7)
        self.assertFalse([form for form in self.asked if "client_secret" in form])
        self.assertEqual(self.asked[-1]["device_code"], "Device~of.the-test")

    def test_an_unknown_directory_is_a_cause(self):
        service = self.https(lambda _method, _path: self._json(400, {
            "error": "invalid_tenant", "error_description": "AADSTS90002: Tenant 'x' not found.", "error_codes": [90002]}))
        error = self.refused(entra.app_only_token, App(f"{service.url}/{DIRECTORY}", CLIENT, SECRET), SCOPES[:1])
        self.assertEqual(diagnose(error, protocol="entra").cause, "entra_tenant_unknown")

    def test_what_a_token_says_is_shown(self):
        app = unsigned({
            "aud": "https://outlook.office365.com", "roles": ["SMTP.SendAsApp"], "exp": 1795521600, "tid": DIRECTORY, "appid": CLIENT})
        self.assertEqual(entra.claims(app), Claims(
            roles=("SMTP.SendAsApp",), audience="https://outlook.office365.com", expires_at=1795521600, tenant=DIRECTORY, app_id=CLIENT))
        user = unsigned({"scp": "SMTP.Send IMAP.AccessAsUser.All", "upn": "erp@contoso.example"})
        self.assertEqual(entra.claims(user), Claims(scopes=("SMTP.Send", "IMAP.AccessAsUser.All"), account="erp@contoso.example"))
        for opaque in ("", "x", "a.b.c", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA", unsigned([]), unsigned({"roles": 7}),
                       unsigned({"exp": "x"})):
            self.assertEqual(entra.claims(opaque), Claims())
