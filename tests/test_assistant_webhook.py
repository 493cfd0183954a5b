"""The webhook: what is sent, signed and accepted, over real TLS."""

import base64
import hashlib
import hmac
import json
import time

from odoo.tests import BaseCase, tagged

from ..tools.assistant import webhook
from .https import HttpsMixin
from .servers.sockets import free_port

OK = (200, {}, b"")


@tagged("post_install", "-at_install")
class TestWebhook(HttpsMixin, BaseCase):

    def send(self, server, seconds=webhook.LONGEST, path="/hook"):
        body = webhook.content("alert.began", "2026-12-01T12:00:00Z", {"kind": "server"})
        self.secret = webhook.new_secret()
        return webhook.deliver(f"{server.url}{path}", webhook.signed(self.secret, "7-1", 1_796_000_000, body), body, seconds)

    def test_the_signature_is_over_id_time_and_body(self):
        server = self.https(lambda *_request: OK)
        self.assertEqual(self.send(server), "")
        [(method, path, body)], [headers] = server.seen, server.headers
        self.assertEqual((method, path, headers["Content-Type"]), ("POST", "/hook", "application/json"))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], f"v1,{expected}")
        self.assertEqual(json.loads(body), {"type": "alert.began", "timestamp": "2026-12-01T12:00:00Z", "data": {"kind": "server"}})

    def test_it_signs_as_the_specification_does(self):
        # The example of https://github.com/standard-webhooks/standard-webhooks
        headers = webhook.signed(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        self.assertEqual(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")

    def test_only_a_2xx_is_acceptance(self):
        for status, answer in ((204, ""), (400, "HTTP 400"), (401, "HTTP 401"), (500, "HTTP 500")):
            server = self.https(lambda *_request, status=status: (status, {}, b""))
            self.assertEqual(self.send(server), answer)

    def test_a_redirect_is_not_followed(self):
        elsewhere = self.https(lambda *_request: OK)
        server = self.https(lambda *_request: (302, {"Location": f"{elsewhere.url}/inside"}, b""))
        self.assertEqual((self.send(server), elsewhere.seen), ("HTTP 302", []))

    def test_a_certificate_that_cannot_be_verified_gets_nothing(self):
        for certificate in ("untrusted", "wrong_host", "expired"):
            with self.subTest(certificate):
                server = self.https(lambda *_request: OK, certificate)
                self.assertIn("CERTIFICATE_VERIFY_FAILED", self.send(server))
                self.assertFalse(server.seen)

    def test_a_silent_system_holds_nobody_up(self):
        server = self.https(lambda *_request: time.sleep(2) or OK)
        began = time.monotonic()
        self.assertIn("timed out", self.send(server, seconds=0.3))
        self.assertLess(time.monotonic() - began, 1.5)

    def test_nobody_there_is_an_answer_too(self):
        body = b"{}"
        self.assertIn("refused", webhook.deliver(f"https://localhost:{free_port()}/", {}, body))

    def test_an_address_is_complete_and_https_without_a_login(self):
        table = {
            "https://monitor.contoso.com/odoo": "", "https://localhost:8443": "", "HTTPS://monitor.contoso.com/?key=1": "",
            "http://monitor.contoso.com/": "scheme", "ftp://x.example/": "scheme", "file:///etc/passwd": "scheme",
            "https://me:secret@monitor.contoso.com/": "login", "https://me@monitor.contoso.com/": "login",
            "monitor.contoso.com": "malformed", "https://": "malformed", "https:///path": "malformed",
            "https://x.example/#part": "malformed", "https://x.example:99999/": "malformed",
            "https://x.example/a b": "malformed", "https://x.example/\r\nX: y": "malformed",
            "https://[::1": "malformed", "https://x.example/" + "a" * 3000: "malformed", "": "malformed"}
        self.assertEqual({url: webhook.url_problem(url) for url in table}, table)
