import base64
import hashlib
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from odoo.tests import HttpCase, tagged
from odoo.tests.common import ChromeBrowser

from .common import BRANT, ERP
from .sign_in import SignInMixin


@tagged("post_install", "-at_install")
class TestSignInTours(SignInMixin, HttpCase):
    """Delegated sign-in as a person does it, in a browser that goes to the look-alike's page and back."""

    def setUp(self):
        super().setUp()
        self.entra_app = self.app("delegated")
        self.entra.app.redirect_uris.add(self.entra_app.redirect_uri)
        self.server = self.outgoing(app=self.entra_app)
        self.enterContext(patch.object(ChromeBrowser, "_spawn_chrome", self._with_trust(ChromeBrowser._spawn_chrome)))
        self.enterContext(patch.object(ChromeBrowser, "_handle_request_paused", self._with_way_out(ChromeBrowser._handle_request_paused)))

    def _with_trust(self, spawn):
        """Let the browser trust the key of the look-alike, and no other: it has a store of its own."""
        certificate = load_pem_x509_certificate(Path(self.servers.authority.server_files("trusted")[0]).read_bytes())
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
        return lambda browser, command: spawn(
            browser, [*command[:-1], f"--ignore-certificate-errors-spki-list={pin}", command[-1]])

    def _with_way_out(self, handle):
        """Let the browser get to the look-alike; Odoo's tests keep it at home."""
        authority = self.entra.authority()

        def paused(browser, **params):
            if params["request"]["url"].startswith(authority):
                browser._websocket_send("Fetch.continueRequest", params={"requestId": params["requestId"]})
            else:
                handle(browser, **params)
        return paused

    def play(self, tour, account=ERP, *, consent=True):
        self.entra.next_sign_in(account, consent=consent)
        self.start_tour(f"/odoo/ir.mail_server/{self.server.id}?debug=1", tour, login="admin")
        return self.env["office365.token"].sudo().search([]).mapped("account")

    def test_sign_in_and_test(self):
        self.assertEqual(self.play("mail_office365_sign_in"), [ERP])
        self.assertEqual(self.servers.submission.connections[-1].mechanism, "XOAUTH2")

    def test_another_account_is_refused(self):
        self.assertFalse(self.play("mail_office365_sign_in_as_another", BRANT))

    def test_a_declined_consent(self):
        self.assertFalse(self.play("mail_office365_sign_in_declined", consent=False))
