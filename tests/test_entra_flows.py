import imaplib
import poplib
import smtplib
from base64 import b64encode
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, build_opener

from odoo.tests import tagged

from ..const import DELEGATED_PERMISSIONS, ENTRA_CLOUDS
from ..tools import entra
from ..tools.diagnosis.reader import diagnose
from ..tools.entra.tokens import App, EntraRefused
from ..tools.entra.xoauth2 import sasl_string
from ..tools.secrets import key_pair
from ..tools.tls import client_context
from .servers import BRANT, ERP, entra_errors
from .servers_case import ServersCase

CLOUD = ENTRA_CLOUDS["global"]
APP_SCOPES = [CLOUD.app_scope]
SCOPES = [f"{CLOUD.delegated_prefix}{permission}" for permission in DELEGATED_PERMISSIONS.values()]
REDIRECT = "https://odoo.contoso.example/mail_office365/oauth"


class NoRedirect(HTTPRedirectHandler):

    def redirect_request(self, *_args, **_kwargs):
        return None


@tagged("post_install", "-at_install")
class TestEntraFlows(ServersCase):
    """The four ways to a token, at the look-alike of Entra, and the servers that take it, over sockets."""

    def setUp(self):
        super().setUp()
        self.entra = self.servers.entra
        self.entra.app.redirect_uris.add(REDIRECT)
        self.app = App(self.entra.authority(), self.entra.app.client_id, self.entra.app.secret)

    def with_certificate(self):
        pair = key_pair.make("Odoo", 30)
        self.entra.app.add_certificate(pair.certificate)
        return App(self.app.authority, self.app.client_id, pair)

    def browse(self, url):
        """Return what the browser brings back from the sign-in page."""
        opener = build_opener(HTTPSHandler(context=client_context()), NoRedirect)
        with self.assertRaises(HTTPError) as caught:
            opener.open(url)
        location = urlsplit(caught.exception.headers["Location"])
        self.assertEqual(f"{location.scheme}://{location.netloc}{location.path}", REDIRECT)
        return dict(parse_qsl(location.query))

    def by_code(self, account=ERP, **kwargs):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "the state", account)
        self.entra.next_sign_in(account, **kwargs)
        return entra.finish_code_flow(self.app, flow, self.browse(flow["auth_uri"]))

    def by_device(self, account=ERP):
        self.entra.app.public_client = True
        flow = entra.start_device_flow(self.app, SCOPES)
        self.assertIsNone(entra.poll_device_flow(self.app, flow))
        self.entra.sign_in_device(flow["user_code"], account)
        return entra.poll_device_flow(self.app, flow)

    def sign_in(self, protocol, mailbox, token):
        """Sign in as a mail server is signed in to."""
        said = sasl_string(mailbox, token.access_token)
        if protocol == "smtp":
            with smtplib.SMTP(self.servers.submission.host, self.servers.submission.port, timeout=10) as client:
                client.starttls(context=client_context())
                client.ehlo()
                self.assertEqual(client.auth("XOAUTH2", lambda challenge=None: said if challenge is None else "")[0], 235)
        elif protocol == "imap":
            with imaplib.IMAP4_SSL(self.servers.imap.host, self.servers.imap.port, ssl_context=client_context(), timeout=10) as client:
                client.authenticate("XOAUTH2", lambda _challenge: said.encode())
                self.assertEqual(client.select("INBOX", readonly=True)[0], "OK")
        else:
            client = poplib.POP3_SSL(self.servers.pop.host, self.servers.pop.port, context=client_context(), timeout=10)
            client._shortcmd("AUTH XOAUTH2")
            client._shortcmd(b64encode(said.encode()).decode())
            client.stat()
            client.quit()

    def test_every_way_to_a_token_opens_every_protocol(self):
        ways = {
            "secret": lambda: entra.app_only_token(self.app, APP_SCOPES),
            "certificate": lambda: entra.app_only_token(self.with_certificate(), APP_SCOPES),
            "code": self.by_code,
            "device": self.by_device,
        }
        for way, ask in ways.items():
            token = ask()
            for protocol in DELEGATED_PERMISSIONS:
                with self.subTest(way=way, protocol=protocol):
                    self.sign_in(protocol, ERP, token)

    def test_a_token_says_what_it_is_good_for(self):
        said = entra.claims(entra.app_only_token(self.app, APP_SCOPES).access_token)
        self.assertEqual(set(said.roles), {"SMTP.SendAsApp", "IMAP.AccessAsApp", "POP.AccessAsApp"})
        self.assertEqual((said.tenant, said.app_id), (self.entra.directory.tenant_id, self.entra.app.client_id))
        said = entra.claims(self.by_code().access_token)
        self.assertLessEqual(set(DELEGATED_PERMISSIONS.values()), set(said.scopes))
        self.assertEqual(said.account, ERP)

    def test_who_signed_in_is_known(self):
        for account in (ERP, BRANT):
            token = self.by_code(account)
            self.assertEqual((token.account, set(token.scopes)), (account, set(SCOPES)))
        self.assertEqual(self.by_device(BRANT).account, BRANT)

    def test_a_declined_consent_gives_no_token(self):
        with self.assertRaises(EntraRefused) as caught:
            self.by_code(consent=False)
        self.assertEqual(diagnose(caught.exception, protocol="entra").cause, "entra_consent_missing")

    def test_a_code_works_once(self):
        flow = entra.start_code_flow(self.app, SCOPES, REDIRECT, "the state", ERP)
        self.entra.next_sign_in(ERP)
        answer = self.browse(flow["auth_uri"])
        entra.finish_code_flow(self.app, flow, answer)
        with self.assertRaises(EntraRefused) as caught:
            entra.finish_code_flow(self.app, flow, answer)
        self.assertEqual(diagnose(caught.exception, protocol="entra").cause, "entra_grant_expired")

    def test_sign_ins_by_code_and_by_device_are_refreshed(self):
        for way, token, app in (("code", self.by_code(), self.app),
                                ("device", self.by_device(), App(self.app.authority, self.app.client_id))):
            with self.subTest(way):
                again = entra.refresh(app, token.refresh_token, SCOPES)
                self.assertEqual((again.account, again.scopes, again.public_client), (ERP, token.scopes, token.public_client))
                self.assertNotEqual(again.refresh_token, token.refresh_token)
                for protocol in DELEGATED_PERMISSIONS:
                    self.sign_in(protocol, ERP, again)

    def test_every_refusal_of_entra_gets_here_with_its_cause(self):
        refusals = {name: value for name, value in vars(entra_errors).items() if isinstance(value, entra_errors.EntraError)}
        self.assertGreater(len(refusals), 30)
        for name, refusal in refusals.items():
            with self.subTest(name):
                self.entra.faults.add("TOKEN", refusal)
                with self.assertRaises(EntraRefused) as caught:
                    entra.app_only_token(self.app, APP_SCOPES)
                found, expected = diagnose(caught.exception, protocol="entra"), diagnose(refusal.body(0), protocol="entra")
                self.assertEqual(found.cause, expected.cause)
                self.assertEqual(diagnose(str(caught.exception), protocol="entra").cause, expected.cause, "also from what is stored of it")
                if found.retryable and refusal.retry_after:
                    self.assertEqual(found.retry_after, refusal.retry_after)
