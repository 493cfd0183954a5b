"""The Entra look-alike: discovery, credentials, scopes and grants; MSAL itself asks, and plain HTTP where MSAL would be too polite."""

import tempfile
import time
import uuid

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from odoo.tests import tagged

from .entra_case import APP_SCOPE, IMAP, POP, SMTP, TIMEOUT, EntraCase, key_pair
from .servers import BRANT, ERP, entra_errors

DAY = 86400


@tagged("post_install", "-at_install")
class TestEntraGrants(EntraCase):

    # --- discovery and keys ---

    def test_the_configuration_names_the_endpoints_of_the_tenant_that_was_asked_for(self):
        for tenant in (self.entra.directory.tenant_id, "contoso.example", "common", "organizations"):
            with self.subTest(tenant=tenant):
                base = self.entra.authority(tenant)
                said = requests.get(f"{base}/v2.0/.well-known/openid-configuration", timeout=TIMEOUT).json()
                self.assertEqual(said["token_endpoint"], f"{base}/oauth2/v2.0/token")
                self.assertEqual(said["authorization_endpoint"], f"{base}/oauth2/v2.0/authorize")
                self.assertEqual(said["device_authorization_endpoint"], f"{base}/oauth2/v2.0/devicecode")
                named = "{tenantid}" if tenant in ("common", "organizations") else self.entra.directory.tenant_id
                self.assertEqual(said["issuer"], f"{self.entra.origin}/{named}/v2.0")

    def test_a_tenant_that_does_not_exist(self):
        for tenant, error in (("unknown.example", entra_errors.TENANT_UNKNOWN), (str(uuid.uuid4()), entra_errors.TENANT_UNKNOWN),
                              ("nonsense", entra_errors.TENANT_MALFORMED)):
            with self.subTest(tenant=tenant):
                answer = requests.get(f"{self.entra.authority(tenant)}/v2.0/.well-known/openid-configuration", timeout=TIMEOUT)
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_tenant"))
                self.assertEqual(answer.json()["error_codes"], [error.number])
                self.assertRefusal(self.post(tenant), error)
        with self.assertRaises(ValueError):
            self.client(tenant="unknown.example")

    def test_tokens_are_signed_with_a_published_key(self):
        tokens = self.sign_in([SMTP])
        keys = jwt.PyJWKSet.from_dict(requests.get(f"{self.entra.authority()}/discovery/v2.0/keys", timeout=TIMEOUT).json())
        for token, audience in ((tokens["access_token"], "https://outlook.office.com"), (tokens["id_token"], self.app.client_id)):
            header = jwt.get_unverified_header(token)
            said = jwt.decode(token, keys[header["kid"]].key, algorithms=["RS256"], audience=audience)
            self.assertEqual(said["tid"], self.entra.directory.tenant_id)

    # --- app-only ---

    def test_an_app_gets_a_token_for_its_secret(self):
        for tenant in ("", "contoso.example"):
            answer = self.client(tenant=tenant).acquire_token_for_client(APP_SCOPE)
            self.assertIn("access_token", answer, answer)
        said = jwt.decode(answer["access_token"], options={"verify_signature": False})
        self.assertEqual(said["roles"], ["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"])
        self.assertEqual((said["aud"], said["appid"]), ("https://outlook.office365.com", self.app.client_id))
        self.assertEqual((said["oid"], said["tid"]), (self.app.principal_id, self.entra.directory.tenant_id))
        self.assertEqual((said["exp"] - said["iat"], said["nbf"]), (answer["expires_in"], said["iat"]))
        self.assertTrue(3600 <= answer["expires_in"] <= 5400)
        self.assertNotIn("refresh_token", answer)
        self.assertEqual(self.entra.requests.by_grant(), {"client_credentials": 2})
        self.assertEqual(self.entra.tokens.issued[-1], answer["access_token"])

    def test_an_app_gets_a_token_for_its_certificate(self):
        private, public = key_pair()
        for credential in self.msal_credentials(private, public):
            with self.subTest(credential=sorted(credential)):
                self.app.certificates.clear()
                self.assertRefusal(self.client(credential).acquire_token_for_client(APP_SCOPE), entra_errors.CERTIFICATE_INVALID)
                self.app.add_certificate(public)
                self.assertIn("access_token", self.client(credential).acquire_token_for_client(APP_SCOPE))
                self.assertEqual(self.entra.requests[-1].how, "assertion")
        stranger = key_pair()[0]
        self.assertRefusal(self.post(**self.assertion(stranger, public)), entra_errors.CERTIFICATE_INVALID)
        self.entra.clock.advance(31 * DAY)
        self.assertRefusal(self.client(credential).acquire_token_for_client(APP_SCOPE), entra_errors.CERTIFICATE_INVALID)

    def msal_credentials(self, private, public):
        """Return the ways in which this MSAL takes a key pair: PS256 with ``x5t#S256`` from a PFX file, RS256 with ``x5t`` from PEM.

        Releases from 1.35 on take PEM with PS256, too.
        """
        certificate = x509.load_pem_x509_certificate(public.encode())
        key = serialization.load_pem_private_key(private.encode(), None)
        file = self.enterContext(tempfile.NamedTemporaryFile(suffix=".pfx"))
        file.write(pkcs12.serialize_key_and_certificates(b"Odoo", key, certificate, None, serialization.NoEncryption()))
        file.flush()
        return [{"private_key_pfx_path": file.name},
                {"private_key": private, "thumbprint": certificate.fingerprint(hashes.SHA1()).hex()}]

    def assertion(self, private, public, header=None, **changes):
        """Return the fields of a client assertion, as MSAL or somebody less careful makes it."""
        now, client_id = int(time.time()), changes.pop("client_id", self.app.client_id)
        claims = {"aud": f"{self.entra.authority()}/oauth2/v2.0/token", "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()),
                  "nbf": now, "exp": now + 300, **changes}
        thumbprint = self.thumbprint(public)
        text = jwt.encode({name: value for name, value in claims.items() if value is not None}, private, algorithm="PS256",
                          headers={"x5t#S256": thumbprint} if header is None else header)
        return {"client_secret": None, "client_assertion": text,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}

    def thumbprint(self, public):
        scratch = type(self.app)()
        scratch.add_certificate(public)
        return next(iter(scratch.certificates))

    def test_each_flaw_of_an_assertion_is_found(self):
        private, public = key_pair()
        self.app.add_certificate(public)
        self.assertEqual(self.post(**self.assertion(private, public))[0], 200)
        for changes, error in (
            ({"aud": "https://login.microsoftonline.com/"}, entra_errors.ASSERTION_AUDIENCE),
            ({"iss": "somebody"}, entra_errors.ASSERTION_OF_ANOTHER), ({"sub": "somebody"}, entra_errors.ASSERTION_OF_ANOTHER),
            ({"exp": int(time.time()) - 3600}, entra_errors.ASSERTION_EXPIRED),
            ({"nbf": int(time.time()) + 3600}, entra_errors.ASSERTION_EXPIRED),
            ({"exp": int(time.time()) + 3 * DAY}, entra_errors.ASSERTION_EXPIRED),
            ({"jti": None}, entra_errors.ASSERTION_INVALID), ({"header": {}}, entra_errors.CERTIFICATE_INVALID),
        ):
            with self.subTest(**changes):
                self.assertRefusal(self.post(**self.assertion(private, public, **changes)), error)
        once = self.assertion(private, public)
        self.assertEqual(self.post(**once)[0], 200)
        self.assertRefusal(self.post(**once), entra_errors.ASSERTION_INVALID)
        self.assertRefusal(self.post(**{**once, "client_assertion": "no.jwt"}), entra_errors.ASSERTION_INVALID)
        self.assertRefusal(self.post(**{**once, "client_assertion_type": None}), entra_errors.PARAMETER_MISSING)

    def test_refusals_of_the_app_and_its_request(self):
        directory = self.entra.directory
        directory.other_clouds.add("fabrikam.example")
        old, gone = directory.add_app(), directory.add_app(disabled=True)
        old.secrets[0].expires = self.entra.clock.now() - 1
        many = directory.add_app(multi_tenant=True)
        for values, tenant, error in (
            ({"client_secret": self.app.secrets[0].secret_id}, "", entra_errors.SECRET_INVALID),
            ({"client_id": old.client_id, "client_secret": old.secret}, "", entra_errors.SECRET_EXPIRED),
            ({"client_secret": None}, "", entra_errors.CREDENTIAL_MISSING),
            ({"client_id": str(uuid.uuid4())}, "", entra_errors.APP_UNKNOWN),
            ({"client_id": gone.client_id, "client_secret": gone.secret}, "", entra_errors.APP_DISABLED),
            ({"client_id": None}, "", entra_errors.PARAMETER_MISSING), ({"grant_type": None}, "", entra_errors.PARAMETER_MISSING),
            ({"grant_type": "password"}, "", entra_errors.GRANT_UNSUPPORTED),
            ({}, "common", entra_errors.SINGLE_TENANT), ({}, "organizations", entra_errors.SINGLE_TENANT),
            ({"client_id": many.client_id, "client_secret": many.secret}, "common", entra_errors.GRANT_NOT_AT_COMMON),
            ({}, "fabrikam.example", entra_errors.WRONG_CLOUD),
            ({"scope": None}, "", entra_errors.PARAMETER_MISSING),
            ({"scope": "https://outlook.office365.com/SMTP.SendAsApp"}, "", entra_errors.SCOPE_NOT_DEFAULT),
            ({"scope": ".default"}, "", entra_errors.SCOPE_NOT_DEFAULT),
            ({"scope": f"{APP_SCOPE[0]} https://graph.microsoft.com/.default"}, "", entra_errors.SCOPE_INVALID),
            ({"scope": "https://outlook.office356.com/.default"}, "", entra_errors.RESOURCE_UNKNOWN),
            ({"scope": "https://outlook.office365.us/.default"}, "", entra_errors.RESOURCE_UNKNOWN),
        ):
            with self.subTest(error=error.number, tenant=tenant, **values):
                self.assertRefusal(self.post(tenant, **values), error)
        directory.exchange_subscribed = False
        self.assertRefusal(self.post(), entra_errors.PERMISSION_MISSING)

    def test_other_clouds_have_other_resources(self):
        for cloud, scope in (("gcc_high", "https://outlook.office365.us/.default"), ("dod", "https://outlook.office365.us/.default"),
                             ("china", "https://partner.outlook.cn/.default")):
            with self.subTest(cloud=cloud):
                self.entra.directory.cloud = cloud
                status, _headers, answer = self.post(scope=scope)
                self.assertEqual(status, 200, answer)
                self.assertEqual(self.signs_in(ERP, answer["access_token"]), {"smtp", "imap", "pop"})
                self.assertRefusal(self.post(), entra_errors.RESOURCE_UNKNOWN)

    def test_a_secret_expires_by_the_clock_and_another_one_goes_on(self):
        self.entra.clock.advance(181 * DAY)
        self.assertRefusal(self.post(), entra_errors.SECRET_EXPIRED)
        first = self.app.secret
        self.app.add_secret(expires=self.entra.clock.now() + DAY)
        self.assertEqual(self.post()[0], 200)
        self.assertRefusal(self.post(client_secret=first), entra_errors.SECRET_EXPIRED)

    # --- refresh tokens ---

    def test_a_refresh_token_is_replaced_and_the_old_one_goes_on(self):
        answer = self.sign_in([SMTP, IMAP])
        said = jwt.decode(answer["access_token"], options={"verify_signature": False})
        self.assertEqual((said["aud"], said["upn"], said["scp"]), ("https://outlook.office.com", BRANT, "IMAP.AccessAsUser.All SMTP.Send"))
        first = answer["refresh_token"]
        second = self.refresh(first)
        self.assertNotEqual(second["refresh_token"], first)
        self.assertIn("access_token", self.refresh(first, IMAP))
        self.assertRefusal(self.refresh(first, POP), entra_errors.CONSENT_MISSING)
        self.assertEqual(self.entra.requests.by_grant(), {"authorization_code": 1, "refresh_token": 3})

    def test_90_days_without_use_end_it_and_each_use_begins_anew(self):
        token = self.sign_in([SMTP])["refresh_token"]
        self.app.add_secret(expires=self.entra.clock.now() + 900 * DAY)
        for _time in range(3):
            self.entra.clock.advance(89 * DAY)
            token = self.refresh(token)["refresh_token"]
        self.entra.clock.advance(91 * DAY)
        self.assertRefusal(self.refresh(token), entra_errors.GRANT_EXPIRED)

    def test_what_an_administrator_does_to_the_user_ends_it(self):
        token, user = self.sign_in([SMTP])["refresh_token"], self.entra.directory.user(BRANT)
        for attribute, value, error in (
            ("disabled", True, entra_errors.USER_DISABLED), ("locked", True, entra_errors.USER_LOCKED),
            ("password_expired", True, entra_errors.PASSWORD_EXPIRED), ("blocked_by_policy", True, entra_errors.CONDITIONAL_ACCESS),
            ("mfa", True, entra_errors.MFA_REQUIRED), ("sign_in_frequency", -1, entra_errors.SIGN_IN_FREQUENCY),
            ("consents", {}, entra_errors.CONSENT_MISSING),
        ):
            with self.subTest(attribute):
                before = getattr(user, attribute)
                setattr(user, attribute, value)
                self.assertRefusal(self.refresh(token), error)
                setattr(user, attribute, before)
        user.mfa, user.mfa_registered = True, False
        self.assertRefusal(self.refresh(token), entra_errors.MFA_REGISTRATION)
        self.assertIn("access_token", self.refresh(self.sign_in([SMTP])["refresh_token"]), "who gave it in the browser needs no more")
        user.mfa = False
        self.app.assigned = {ERP}
        self.assertRefusal(self.refresh(token), entra_errors.USER_NOT_ASSIGNED)
        self.app.assigned = None
        self.entra.revoke_sessions(BRANT)
        self.assertRefusal(self.refresh(token), entra_errors.GRANT_REVOKED)
        self.assertIn("access_token", self.refresh(self.sign_in([SMTP])["refresh_token"]))
        del self.entra.directory.users[BRANT]
        self.assertRefusal(self.refresh(token), entra_errors.GRANT_REVOKED)

    def test_a_refresh_token_is_for_its_app_and_one_resource_at_a_time(self):
        token = self.sign_in([SMTP])["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token, "scope": SMTP}
        other = self.entra.directory.add_app()
        for values, error in (
            ({"client_id": other.client_id, "client_secret": other.secret}, entra_errors.GRANT_INVALID),
            ({"client_secret": None}, entra_errors.CREDENTIAL_MISSING), ({"refresh_token": "guessed"}, entra_errors.GRANT_INVALID),
            ({"scope": f"{SMTP} https://graph.microsoft.com/User.Read"}, entra_errors.SEVERAL_RESOURCES),
        ):
            with self.subTest(error=error.number):
                self.assertRefusal(self.post(**{**form, **values}), error)
