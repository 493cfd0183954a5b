"""Base of the tests of the Entra look-alike: MSAL and a browser as its clients, sockets to the mail servers that take its tokens."""

import base64
import datetime
import html.parser
import imaplib
import poplib
import smtplib
import ssl
import urllib.parse

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .servers import BRANT
from .servers_case import ServersCase

APP_SCOPE = ["https://outlook.office365.com/.default"]
SMTP, IMAP, POP = (f"https://outlook.office.com/{name}" for name in ("SMTP.Send", "IMAP.AccessAsUser.All", "POP.AccessAsUser.All"))
REDIRECT = "https://erp.contoso.example/mail_office365/oauth"
TIMEOUT = 10

# What a mail server answers to a token it does not take, and to one it takes.
REFUSED = {"smtp": "535 5.7.3", "imap": "AUTHENTICATE failed.", "pop": "-ERR Authentication failure: unknown user name or bad password."}
TAKEN = {"smtp": "235 2.7.0", "imap": "OK", "pop": "+OK"}


def key_pair(days=30):
    """Return private key and self-signed certificate as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odoo mail")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - 60 * day).not_valid_after(now + days * day).sign(key, hashes.SHA256()))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


class Page(html.parser.HTMLParser):
    """The form of a page, as a person sees it.

    :ivar buttons: (name, value) by label; ``fields``: hidden ones; ``text``: all words
    """

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.buttons, self.text, self._button = "", {}, {}, "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form":
            self.action = values["action"]
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values["value"]
        elif tag == "button":
            self._button = values.get("name", ""), values.get("value", "")

    def handle_data(self, data):
        self.text += data
        if self._button:
            self.buttons[data], self._button = self._button, None


class EntraCase(ServersCase):
    """Entra's clients, and a redirect address that is registered."""

    def setUp(self):
        super().setUp()
        self.entra = self.servers.entra
        self.app = self.entra.app
        self.app.redirect_uris.add(REDIRECT)

    # --- Entra's clients ---

    def client(self, credential=None, *, tenant="", public=False, app=None):
        """Return an MSAL app that keeps nothing of earlier calls, not even a refusal."""
        app = app or self.app
        options = {"authority": self.entra.authority(tenant), "instance_discovery": False}
        if public:
            return msal.PublicClientApplication(app.client_id, **options)
        return msal.ConfidentialClientApplication(app.client_id, client_credential=credential or app.secret, **options)

    def app_token(self, *args, **options):
        """Return the access token of an app-only sign-in."""
        return self.client(*args, **options).acquire_token_for_client(APP_SCOPE)["access_token"]

    def visit(self, flow, account=BRANT, **decision):
        """Return what the browser brings back from a scripted sign-in."""
        self.entra.next_sign_in(account, **decision)
        with requests.get(flow["auth_uri"], allow_redirects=False, timeout=TIMEOUT) as answer:
            self.assertEqual(answer.status_code, 302, answer.text)
            self.assertEqual(answer.headers["Location"].partition("?")[0], flow["redirect_uri"])
            return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))

    def sign_in(self, scopes, account=BRANT, **decision):
        """Return MSAL's answer to a sign-in by authorization code."""
        client = self.client()
        flow = client.initiate_auth_code_flow(scopes, redirect_uri=REDIRECT)
        return client.acquire_token_by_auth_code_flow(flow, self.visit(flow, account, **decision))

    def refresh(self, token, *scopes):
        """Return what MSAL gets for a refresh token."""
        return self.client().acquire_token_by_refresh_token(token, list(scopes or [SMTP]))

    def form(self, **values):
        """Return an app-only request; a value of None takes a field out."""
        form = {"client_id": self.app.client_id, "client_secret": self.app.secret, "grant_type": "client_credentials",
                "scope": APP_SCOPE[0], **values}
        return {name: value for name, value in form.items() if value is not None}

    def post(self, tenant="", path="oauth2/v2.0/token", **values):
        """Return status, header and content of a token endpoint's answer to :meth:`form`."""
        with requests.post(f"{self.entra.authority(tenant)}/{path}", data=self.form(**values), timeout=TIMEOUT) as answer:
            return answer.status_code, answer.headers, answer.json()

    def assertRefusal(self, answer, error, status=None):  # noqa: N802
        """Check that an answer (or MSAL's) is this refusal of the catalogue, complete as Microsoft documents it."""
        if isinstance(answer, tuple):
            self.assertEqual(answer[0], error.status if status is None else status)
            answer = answer[2]
        self.assertEqual((answer["error"], answer["error_codes"]), (error.error, [error.number] if error.number else []), answer)
        prefix = f"AADSTS{error.number}: " if error.number else ""
        self.assertRegex(answer["error_description"], rf"^{prefix}.+ Trace ID: \S+ Correlation ID: \S+ Timestamp: \S+ \S+Z$")
        self.assertNotRegex(answer["error_description"], r"\{\w+\}")
        self.assertIn(answer["trace_id"], answer["error_description"])
        self.assertIn(answer["correlation_id"], answer["error_description"])
        self.assertIn(answer["timestamp"], answer["error_description"])

    # --- mail ---

    @staticmethod
    def sasl(mailbox, token):
        return f"user={mailbox}\x01auth=Bearer {token}\x01\x01"

    def smtp_session(self):
        """Return an SMTP client inside TLS."""
        client = smtplib.SMTP("localhost", self.servers.submission.port, timeout=TIMEOUT)
        self.addCleanup(client.close)
        client.starttls(context=ssl.create_default_context())
        client.ehlo()
        return client

    def imap_session(self):
        """Return an IMAP client."""
        client = imaplib.IMAP4_SSL("localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        self.addCleanup(client.shutdown)
        return client

    def pop_session(self):
        """Return a POP3 client."""
        client = poplib.POP3_SSL("localhost", self.servers.pop.port, context=ssl.create_default_context(), timeout=TIMEOUT)
        self.addCleanup(client.close)
        return client

    def smtp(self, mailbox, token):
        """Return the reply to a sign-in over SMTP."""
        try:
            code, words = self.smtp_session().auth("XOAUTH2", lambda challenge=None: "" if challenge else self.sasl(mailbox, token))
        except smtplib.SMTPAuthenticationError as error:
            code, words = error.smtp_code, error.smtp_error
        return f"{code} {words.decode()}"

    def imap(self, mailbox, token):
        """Return the answer to a sign-in over IMAP."""
        try:
            return self.imap_session().authenticate("XOAUTH2", lambda _challenge: self.sasl(mailbox, token).encode())[0]
        except imaplib.IMAP4.error as error:
            return str(error)

    def pop(self, mailbox, token):
        """Return the answer to a sign-in over POP3."""
        client = self.pop_session()
        try:
            client._shortcmd("AUTH XOAUTH2")
            return client._shortcmd(base64.b64encode(self.sasl(mailbox, token).encode()).decode()).decode()
        except poplib.error_proto as error:
            return error.args[0].decode()

    def signs_in(self, mailbox, token):
        """Return the protocols that a token signs in with; fail if another answer than the documented ones is given."""
        answers = {protocol: getattr(self, protocol)(mailbox, token) for protocol in ("smtp", "imap", "pop")}
        for protocol, answer in answers.items():
            self.assertTrue(answer.startswith(TAKEN[protocol]) or REFUSED[protocol] in answer, answers)
        return {protocol for protocol, answer in answers.items() if answer.startswith(TAKEN[protocol])}
