"""The look-alike of Microsoft Entra ID: each grant and each refusal, asked by MSAL itself, and the mail servers that take its tokens."""

import base64
import datetime
import imaplib
import os
import poplib
import smtplib
import ssl
import unittest
import urllib.parse
from pathlib import Path
from unittest.mock import patch

import jwt
import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from odoo.tests import BaseCase, tagged

from ..tools.diagnosis import diagnose
from .servers import BRANT, ERP, INFO, MailServers, available, entra_errors
from .servers.faults import Reset

APP_SCOPE = ["https://outlook.office365.com/.default"]
SMTP, IMAP, POP = (f"https://outlook.office.com/{name}" for name in ("SMTP.Send", "IMAP.AccessAsUser.All", "POP.AccessAsUser.All"))
REDIRECT = "https://erp.contoso.example/mail_office365/oauth"


def key_pair(days=30):
    """Return a private key and its self-signed certificate: as PFX, whose file MSAL takes, and as the PEM to upload."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odoo mail")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - 60 * day).not_valid_after(now + days * day)
        .sign(key, hashes.SHA256()))
    pfx = pkcs12.serialize_key_and_certificates(b"Odoo", key, certificate, None, serialization.NoEncryption())
    return pfx, certificate.public_bytes(serialization.Encoding.PEM).decode()


@tagged("post_install", "-at_install")
class TestEntraLookAlike(BaseCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers can not run: {reason}")
        cls.servers = MailServers()
        cls.servers.start()
        cls.addClassCleanup(cls.servers.stop)

    def setUp(self):
        super().setUp()
        self.servers.reset()
        self.entra = self.servers.entra
        self.entra.app.redirect_uris.add(REDIRECT)
        self.enterContext(self.servers.trusted())
        # For `requests`, which MSAL uses here; the environment goes before MSAL's own parameter.
        self.enterContext(patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": self.servers.ca_file}))

    def tearDown(self):
        self.assertFalse(self.servers.errors, "exceptions inside the local servers")
        super().tearDown()

    # --- MSAL ---

    def client(self, credential=None, *, tenant="", kind=msal.ConfidentialClientApplication, app=None):
        """Return a client of MSAL that trusts the local authority and keeps nothing of earlier calls."""
        app = app or self.entra.app
        options = {} if kind is msal.PublicClientApplication else {"client_credential": credential or app.secret}
        return kind(app.client_id, authority=self.entra.authority(tenant), verify=self.servers.ca_file, instance_discovery=False, **options)

    def certificate(self, pfx):
        """Return a credential of MSAL's."""
        path = Path(self.servers.state_dir, f"{id(pfx)}.pfx")
        path.write_bytes(pfx)
        return {"private_key_pfx_path": str(path)}

    def refresh(self, token, scopes):
        return self.client().acquire_token_by_refresh_token(token, scopes)

    def app_token(self, **options):
        return self.client(**options).acquire_token_for_client(APP_SCOPE)

    def sign_in(self, scopes, account=BRANT, *, consent=True, client=None):
        """Return what MSAL gets from an authorization code, as a browser brings it back."""
        client = client or self.client()
        flow = client.initiate_auth_code_flow(scopes, redirect_uri=REDIRECT, state="s1")
        self.entra.next_sign_in(account, consent=consent)
        with requests.get(flow["auth_uri"], verify=self.servers.ca_file, allow_redirects=False, timeout=10) as answer:
            self.assertEqual(answer.status_code, 302, answer.text)
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
        return client.acquire_token_by_auth_code_flow(flow, query)

    def assertRefused(self, answer, error, cause=None):  # noqa: N802
        """Check that an answer of MSAL is this refusal of the catalogue, and that it is understood."""
        self.assertEqual(answer.get("error"), error.error, answer)
        self.assertEqual(answer["error_codes"], [error.number])
        self.assertIn(f"AADSTS{error.number}: ", answer["error_description"])
        if cause:
            self.assertEqual(diagnose(answer, protocol="entra").cause, cause)

    def test_an_app_gets_a_token_for_its_secret_by_tenant_id_and_by_domain(self):
        for tenant in ("", "contoso.example"):
            answer = self.app_token(tenant=tenant)
            self.assertIn("access_token", answer, answer)
        said = jwt.decode(answer["access_token"], options={"verify_signature": False})
        self.assertEqual(said["roles"], ["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"])
        self.assertEqual((said["aud"], said["appid"]), ("https://outlook.office365.com", self.entra.app.client_id))
        self.assertTrue(3600 <= answer["expires_in"] <= 5400)
        self.assertEqual(self.entra.token_requests("client_credentials"), 2)

    def test_tokens_are_signed_with_the_published_key(self):
        token = self.app_token()["access_token"]
        with requests.get(f"{self.entra.authority()}/discovery/v2.0/keys", verify=self.servers.ca_file, timeout=10) as answer:
            key = jwt.PyJWKSet.from_dict(answer.json())[jwt.get_unverified_header(token)["kid"]]
        jwt.decode(token, key.key, algorithms=["RS256"], audience="https://outlook.office365.com")

    def test_an_app_gets_a_token_for_its_certificate(self):
        private, public = key_pair()
        credential = self.certificate(private)
        self.assertRefused(self.app_token(credential=credential), entra_errors.CERTIFICATE_INVALID, "entra_certificate_invalid")
        self.entra.app.add_certificate(public)
        self.assertIn("access_token", self.app_token(credential=credential))
        other, _public = key_pair()
        self.assertRefused(self.app_token(credential=self.certificate(other)), entra_errors.CERTIFICATE_INVALID)

    def test_an_expired_certificate_is_refused(self):
        private, public = key_pair(days=-1)
        self.entra.app.add_certificate(public)
        self.assertRefused(self.app_token(credential=self.certificate(private)), entra_errors.CERTIFICATE_INVALID)

    def test_an_assertion_works_once(self):
        private, public = key_pair()
        self.entra.app.add_certificate(public)
        client = self.client(self.certificate(private))
        self.assertIn("access_token", client.acquire_token_for_client(APP_SCOPE))
        assertion = client.client.client_assertion
        text = assertion() if callable(assertion) else assertion
        form = {"client_id": self.entra.app.client_id, "grant_type": "client_credentials", "scope": APP_SCOPE[0],
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": text}
        answers = [self.post(form) for _time in range(2)]
        self.assertRefused(answers[1], entra_errors.ASSERTION_INVALID, "entra_certificate_invalid")

    def post(self, form, tenant=""):
        """Return the token endpoint's answer to a form."""
        with requests.post(f"{self.entra.authority(tenant)}/oauth2/v2.0/token", data=form, verify=self.servers.ca_file,
                           timeout=10) as answer:
            return answer.json()

    def test_refusals_of_the_app(self):
        app = self.entra.app
        form = {"client_id": app.client_id, "client_secret": app.secret, "grant_type": "client_credentials", "scope": APP_SCOPE[0]}
        self.entra.directory.other_clouds.add("fabrikam.example")
        old = self.entra.directory.add_app()
        old.secrets[0].expires = 0
        table = [
            ({"client_secret": "its-id"}, "", entra_errors.SECRET_INVALID, "entra_secret_invalid"),
            ({"client_id": old.client_id, "client_secret": old.secret}, "", entra_errors.SECRET_EXPIRED, "entra_secret_expired"),
            ({"client_id": "nobody"}, "", entra_errors.APP_UNKNOWN, "entra_app_unknown"),
            ({"scope": "https://outlook.office365.com/SMTP.SendAsApp"}, "", entra_errors.SCOPE_NOT_DEFAULT, "entra_scope_invalid"),
            ({"scope": "https://elsewhere.example/.default"}, "", entra_errors.RESOURCE_UNKNOWN, None),
            ({}, "unknown.example", entra_errors.TENANT_UNKNOWN, "entra_tenant_unknown"),
            ({}, "common", entra_errors.SINGLE_TENANT, "entra_single_tenant"),
            ({}, "fabrikam.example", entra_errors.WRONG_CLOUD, "entra_wrong_cloud"),
            ({"client_secret": None}, "", entra_errors.CREDENTIAL_MISSING, "entra_secret_invalid"),
            ({"grant_type": "password"}, "", entra_errors.GRANT_UNSUPPORTED, None),
        ]
        for change, tenant, error, cause in table:
            with self.subTest(error=error.number):
                values = {key: value for key, value in {**form, **change}.items() if value is not None}
                self.assertRefused(self.post(values, tenant), error, cause)

    def test_every_refusal_of_the_catalogue_can_be_scripted_and_is_understood(self):
        form = {"client_id": self.entra.app.client_id, "client_secret": self.entra.app.secret, "grant_type": "client_credentials",
                "scope": APP_SCOPE[0]}
        catalogue = {name: error for name, error in vars(entra_errors).items() if isinstance(error, entra_errors.EntraError)}
        self.assertGreater(len(catalogue), 30)
        flow = {"DEVICE_PENDING", "DEVICE_SLOW_DOWN", "DEVICE_EXPIRED", "DEVICE_DECLINED"}  # an answer to the flow, no cause
        for name, error in catalogue.items():
            with self.subTest(name=name):
                self.entra.faults.add("TOKEN", error)
                answer = self.post(form)
                self.assertEqual(answer["error"], error.error)
                if name not in flow and name not in ("GRANT_UNSUPPORTED", "VERIFIER_MISMATCH"):
                    self.assertTrue(diagnose(answer, protocol="entra").cause.startswith("entra_"), answer)

    def test_a_service_that_is_down_or_throttles(self):
        self.entra.faults.add("TOKEN", entra_errors.THROTTLED)
        url = f"{self.entra.authority()}/oauth2/v2.0/token"
        with requests.post(url, data={"client_id": self.entra.app.client_id}, verify=self.servers.ca_file, timeout=10) as answer:
            self.assertEqual((answer.status_code, answer.headers["Retry-After"]), (429, "7"))
        self.entra.faults.add("CONNECT", Reset(), times=None)
        with self.assertRaises(requests.ConnectionError):
            self.post({})

    # --- delegated ---

    def test_a_user_signs_in_with_a_code_and_refreshes(self):
        answer = self.sign_in([SMTP, IMAP])
        self.assertEqual(answer["id_token_claims"]["preferred_username"], BRANT)
        said = jwt.decode(answer["access_token"], options={"verify_signature": False})
        self.assertEqual((said["upn"], said["scp"]), (BRANT, "IMAP.AccessAsUser.All SMTP.Send"))
        first = answer["refresh_token"]
        second = self.refresh(first, [SMTP])
        self.assertNotEqual(second["refresh_token"], first, "rotated")
        self.assertIn("access_token", self.refresh(first, [SMTP]), "the old one is not revoked")
        self.assertRefused(self.refresh(first, [POP]), entra_errors.CONSENT_MISSING, "entra_consent_missing")

    def test_a_code_works_once_with_its_verifier_and_its_redirect_address(self):
        client = self.client()
        flow = client.initiate_auth_code_flow([SMTP], redirect_uri=REDIRECT)
        self.entra.next_sign_in(BRANT)
        with requests.get(flow["auth_uri"], verify=self.servers.ca_file, allow_redirects=False, timeout=10) as answer:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
        form = {"client_id": self.entra.app.client_id, "client_secret": self.entra.app.secret, "grant_type": "authorization_code",
                "code": query["code"], "redirect_uri": REDIRECT, "code_verifier": flow["code_verifier"]}
        self.assertRefused(self.post({**form, "code_verifier": "guessed"}), entra_errors.VERIFIER_MISMATCH)
        self.assertRefused(self.post({**form, "redirect_uri": f"{REDIRECT}/"}), entra_errors.REDIRECT_MISMATCH, "entra_redirect_mismatch")
        self.assertIn("access_token", self.post(form))
        self.assertRefused(self.post(form), entra_errors.CODE_USED, "entra_grant_expired")

    def test_a_declined_consent_and_a_blocked_user_go_back_to_the_app(self):
        self.assertIn("AADSTS65004", self.sign_in([SMTP], consent=False)["error_description"])
        self.entra.directory.user(BRANT).blocked_by_policy = True
        answer = self.sign_in([SMTP])
        self.assertEqual(answer["error"], "access_denied")
        self.assertEqual(diagnose(answer, protocol="entra").cause, "entra_conditional_access")

    def test_a_person_picks_an_account_and_consents_on_pages(self):
        flow = self.client().initiate_auth_code_flow([SMTP], redirect_uri=REDIRECT)
        with requests.Session() as browser:
            browser.verify = self.servers.ca_file
            page = browser.get(flow["auth_uri"], timeout=10).text
            self.assertIn("Pick an account", page)
            page = browser.get(flow["auth_uri"], params={"account": BRANT}, timeout=10).text
            self.assertIn("SMTP.Send", page)
            answer = browser.get(flow["auth_uri"], params={"account": BRANT, "consent": "accept"}, allow_redirects=False, timeout=10)
        self.assertTrue(answer.headers["Location"].startswith(f"{REDIRECT}?code="))

    def test_an_unregistered_redirect_address_is_never_followed(self):
        flow = self.client().initiate_auth_code_flow([SMTP], redirect_uri="https://evil.example/")
        with requests.get(flow["auth_uri"], verify=self.servers.ca_file, allow_redirects=False, timeout=10) as answer:
            self.assertEqual(answer.status_code, 400)
            self.assertIn("AADSTS50011", answer.text)

    def test_refresh_tokens_end(self):
        token = self.sign_in([SMTP])["refresh_token"]
        self.entra.directory.user(BRANT).revoked_before = self.entra.clock.now() + 1
        self.assertRefused(self.refresh(token, [SMTP]), entra_errors.GRANT_REVOKED, "entra_grant_expired")
        self.entra.directory.user(BRANT).revoked_before = 0
        self.entra.directory.user(BRANT).mfa = True
        self.assertRefused(self.refresh(token, [SMTP]), entra_errors.MFA_REQUIRED, "entra_mfa_required")
        self.entra.directory.user(BRANT).mfa = False
        self.entra.clock.advance(91 * 86400)
        self.entra.app.secrets[-1].expires += 91 * 86400
        self.assertRefused(self.refresh(token, [SMTP]), entra_errors.GRANT_EXPIRED, "entra_grant_expired")

    def test_a_device_code(self):
        client = self.client(kind=msal.PublicClientApplication)
        self.assertEqual(client.initiate_device_flow([SMTP])["error_codes"], [entra_errors.CREDENTIAL_MISSING.number])
        self.entra.app.public_client = True
        client = self.client(kind=msal.PublicClientApplication)
        flow = client.initiate_device_flow([SMTP])
        once = {"exit_condition": lambda flow: True}
        self.assertEqual(client.acquire_token_by_device_flow(flow, **once)["error"], "authorization_pending")
        self.entra.sign_in_device(flow["user_code"], BRANT)
        client = self.client(kind=msal.PublicClientApplication)  # MSAL would repeat the refusal for a minute
        answer = client.acquire_token_by_device_flow(flow, **once)
        self.assertEqual(answer["id_token_claims"]["preferred_username"], BRANT)
        flow = client.initiate_device_flow([SMTP])
        self.entra.sign_in_device(flow["user_code"], None)
        self.assertEqual(client.acquire_token_by_device_flow(flow, **once)["error"], "authorization_declined")

    # --- mail servers ---

    def smtp(self, mailbox, token):
        """Return the reply to a sign-in over SMTP."""
        with smtplib.SMTP("localhost", self.servers.submission.port, timeout=10) as client:
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
            try:
                code, words = client.auth("XOAUTH2", lambda challenge=None: "" if challenge else self.sasl(mailbox, token))
            except smtplib.SMTPAuthenticationError as error:
                code, words = error.smtp_code, error.smtp_error
            return f"{code} {words.decode()}"

    def imap(self, mailbox, token):
        """Return the answer to a sign-in over IMAP."""
        client = imaplib.IMAP4_SSL("localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=10)
        try:
            return client.authenticate("XOAUTH2", lambda _challenge: self.sasl(mailbox, token).encode())[0]
        except imaplib.IMAP4.error as error:
            return str(error)
        finally:
            client.logout()

    def pop(self, mailbox, token):
        """Return the answer to a sign-in over POP3."""
        client = poplib.POP3_SSL("localhost", self.servers.pop.port, context=ssl.create_default_context(), timeout=10)
        try:
            client._shortcmd("AUTH XOAUTH2")
            return client._shortcmd(base64.b64encode(self.sasl(mailbox, token).encode()).decode()).decode()
        except poplib.error_proto as error:
            return error.args[0].decode()
        finally:
            client.close()

    @staticmethod
    def sasl(mailbox, token):
        return f"user={mailbox}\x01auth=Bearer {token}\x01\x01"

    def signs_in(self, mailbox, token):
        """Return by which protocols a token opens a mailbox."""
        answers = {"smtp": self.smtp(mailbox, token), "imap": self.imap(mailbox, token), "pop": self.pop(mailbox, token)}
        refusals = {"smtp": "535 5.7.3", "imap": "AUTHENTICATE failed", "pop": "unknown user name or bad password"}
        good = {"smtp": "235", "imap": "OK", "pop": "+OK"}
        for protocol, answer in answers.items():
            self.assertTrue(answer.startswith(good[protocol]) or refusals[protocol] in answer, (protocol, answer))
        return {protocol for protocol, answer in answers.items() if answer.startswith(good[protocol])}

    def test_an_app_opens_the_mailboxes_it_was_given(self):
        token = self.app_token()["access_token"]
        self.assertEqual(self.signs_in(ERP, token), {"smtp", "imap", "pop"})
        self.assertEqual(self.signs_in(BRANT, token), {"smtp"}, "over SMTP the right is asked for with the first message")
        self.entra.app.roles = {"IMAP.AccessAsApp"}
        self.assertEqual(self.signs_in(ERP, self.app_token()["access_token"]), {"imap"})
        self.entra.app.roles, self.entra.app.in_scope = set(), {BRANT}
        self.assertEqual(self.signs_in(BRANT, self.app_token()["access_token"]), {"smtp"}, "App RBAC is for SMTP alone")
        self.entra.app.in_exchange = False
        self.assertEqual(self.signs_in(ERP, token), set())

    def test_a_message_in_a_mailbox_without_a_right_on_it(self):
        token = self.app_token()["access_token"]
        with smtplib.SMTP("localhost", self.servers.submission.port, timeout=10) as client:
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
            client.auth("XOAUTH2", lambda challenge=None: self.sasl(INFO, token))
            with self.assertRaisesRegex(smtplib.SMTPDataError, "mailbox logon failure"):
                client.sendmail(INFO, [BRANT], f"From: {INFO}\r\n\r\nHello")

    def test_a_user_opens_his_mailbox_and_a_shared_one_but_not_over_smtp(self):
        token = self.sign_in([SMTP, IMAP, POP])["access_token"]
        self.assertEqual(self.signs_in(BRANT, token), {"smtp", "imap", "pop"})
        self.assertEqual(self.signs_in(INFO, token), set())
        self.servers.directory.account(INFO).full_access.add(BRANT)
        self.assertEqual(self.signs_in(INFO, token), {"imap", "pop"})
        self.assertEqual(self.signs_in(BRANT, self.sign_in([IMAP])["access_token"]), {"imap"})

    def test_expired_revoked_and_forged_tokens_open_nothing(self):
        token = self.app_token()["access_token"]
        self.entra.tokens.revoke(token)
        self.assertEqual(self.signs_in(ERP, token), set())
        token = self.app_token()["access_token"]
        self.entra.clock.advance(6000)
        self.assertEqual(self.signs_in(ERP, token), set())
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        forged = jwt.encode(jwt.decode(token, options={"verify_signature": False}), stranger, algorithm="RS256")
        self.entra.clock.advance(-6000)
        self.assertEqual(self.signs_in(ERP, forged), set())

    def test_passwords_for_imap_and_pop_can_be_ended(self):
        self.servers.directory.end_incoming_passwords()
        client = imaplib.IMAP4_SSL("localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=10)
        with self.assertRaises(imaplib.IMAP4.error):
            client.login(ERP, self.servers.password(ERP))
        client.logout()
        self.assertEqual(self.signs_in(ERP, self.app_token()["access_token"]), {"smtp", "imap", "pop"})
