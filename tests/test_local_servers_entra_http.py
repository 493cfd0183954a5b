"""The Entra look-alike: faults, connections that break, and HTTP; MSAL itself asks, and plain HTTP where MSAL would be too polite."""

import concurrent.futures
import contextlib
import json
import socket
import ssl
import urllib.error
import urllib.request

import requests
from odoo.tests import tagged

from ..tools.diagnosis.causes import entra as causes_entra
from ..tools.diagnosis.reader import diagnose
from .entra_case import APP_SCOPE, SMTP, TIMEOUT, EntraCase
from .servers import BRANT, ERP, Delay, Dribble, Drop, Reset, Say, entra_errors

DAY = 86400


@tagged("post_install", "-at_install")
class TestEntraHttp(EntraCase):

    def test_every_refusal_of_the_catalogue_can_be_scripted(self):
        self.assertEqual(len({(error.number, error.error, error.text) for error in entra_errors.ALL.values()}), len(entra_errors.ALL) - 1,
                         "each once, but for the one that differs by its Retry-After")
        causes = set()
        for name, error in entra_errors.ALL.items():
            with self.subTest(name):
                self.entra.faults.add("TOKEN", error.fill(**dict.fromkeys(
                    ("account", "allowed", "app", "expected", "grant", "issued", "kind", "lifetime", "method", "mode", "name", "parameter",
                     "prompt", "reason", "resource", "scope", "subject", "tenant", "uri", "valid_from"), "x")))
                answer = self.post()
                self.assertRefusal(answer, error)
                causes.add(diagnose(json.dumps(answer[2]), protocol="entra").cause)
                self.assertEqual(answer[1].get("Retry-After"), None if error.retry_after is None else str(error.retry_after))
                self.assertEqual(answer[2].get("suberror", ""), error.suberror)
                self.assertEqual((self.entra.requests[-1].error, self.entra.requests[-1].number), (error.error, error.number))
        self.assertLessEqual({cause.slug for cause in causes_entra.NUMBERS}, causes, "each cause that the addon knows can be produced")

    def test_a_fault_strikes_its_step_and_its_app(self):
        self.entra.faults.add("TOKEN", entra_errors.UNAVAILABLE, login="another")
        self.assertIn("access_token", self.client().acquire_token_for_client(APP_SCOPE))
        self.entra.faults.add("CONFIGURATION", entra_errors.UNAVAILABLE)
        answer = requests.get(f"{self.entra.authority()}/v2.0/.well-known/openid-configuration", timeout=TIMEOUT)
        self.assertEqual(answer.status_code, 503)
        self.entra.faults.add("TOKEN", entra_errors.THROTTLED, times=2)
        self.assertEqual([self.post()[0] for _time in range(3)], [429, 429, 200])

    def test_answers_get_lost(self):
        token = self.sign_in([SMTP])["refresh_token"]
        before = len(self.entra.grants.refresh_tokens)
        for action, delivered in ((Drop(), False), (Reset(), False), (Drop(), True)):
            self.entra.faults.add("TOKEN", action, delivered=delivered)
            with self.assertRaises(requests.ConnectionError):
                self.post(grant_type="refresh_token", refresh_token=token, scope=SMTP)
        self.assertEqual(len(self.entra.grants.refresh_tokens), before + 1)
        self.entra.faults.add("TOKEN", Say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", close=True))
        with self.assertRaises(requests.JSONDecodeError):
            self.post()

    def test_answers_come_late_or_byte_by_byte(self):
        self.entra.faults.add("TOKEN", Dribble(0.0001))
        self.assertEqual(self.post()[0], 200)
        self.entra.faults.add("TOKEN", Delay(30))
        with self.assertRaises(requests.Timeout):
            requests.post(f"{self.entra.authority()}/oauth2/v2.0/token", data=self.form(), timeout=0.2)

    def test_nothing_listens(self):
        with self.entra.unreachable(), self.assertRaises(requests.ConnectionError) as caught:
            self.post()
        self.assertIn("Connection refused", str(caught.exception))
        self.assertEqual(self.post()[0], 200)

    def test_certificates_that_nobody_should_trust(self):
        for certificate in ("untrusted", "wrong_host", "expired"):
            with self.subTest(certificate):
                self.entra.tls.configure(certificate=certificate)
                with self.assertRaises(requests.exceptions.SSLError):
                    self.post()
                with self.assertRaises(urllib.error.URLError) as caught:
                    urllib.request.urlopen(f"{self.entra.authority()}/discovery/v2.0/keys", context=ssl.create_default_context())
                self.assertIsInstance(caught.exception.reason, ssl.SSLCertVerificationError)

    def test_paths_and_methods(self):
        self.assertEqual(requests.get(f"{self.entra.origin}/nowhere", timeout=TIMEOUT).status_code, 404)
        answer = requests.get(f"{self.entra.authority()}/oauth2/v2.0/token", timeout=TIMEOUT)
        self.assertRefusal((answer.status_code, answer.headers, answer.json()), entra_errors.METHOD_NOT_ALLOWED)
        for garbage in (b"\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\x00" * 300):
            with socket.create_connection(("localhost", self.entra.port), TIMEOUT) as plain, ssl.create_default_context().wrap_socket(
                    plain, server_hostname="localhost") as client:
                client.sendall(garbage)
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.post()[0], 200)

    def test_the_correlation_id_of_the_client_comes_back(self):
        answer = requests.post(f"{self.entra.authority()}/oauth2/v2.0/token", data=self.form(client_secret="x"),
                               headers={"client-request-id": "c0ffee"}, timeout=TIMEOUT).json()
        self.assertEqual(answer["correlation_id"], "c0ffee")

    def test_many_ask_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _number: self.post()[0], range(48)))
        self.assertEqual((set(answers), self.entra.token_requests("client_credentials")), ({200}, 48))

    def test_requests_hold_no_secret(self):
        token = self.sign_in([SMTP])["refresh_token"]
        self.refresh(token)
        seen = repr((list(self.entra.requests), list(self.servers.connections), self.app, self.entra.directory.apps))
        for secret in (self.app.secret, token, *self.entra.tokens.issued, *self.entra.grants.codes):
            self.assertNotIn(secret, seen)

    def test_a_reset_forgets_everything_but_ids_and_the_secret(self):
        token, secret, tenant = self.app_token(), self.app.secret, self.entra.directory.tenant_id
        self.entra.clock.advance(DAY)
        self.app.roles.clear()
        self.entra.next_sign_in(BRANT)
        self.servers.directory.add_account("new@contoso.example")
        self.assertIn("new@contoso.example", self.entra.directory.users)
        self.servers.reset()
        self.assertEqual((self.entra.app.secret, self.entra.directory.tenant_id), (secret, tenant))
        self.assertEqual((len(self.entra.requests), self.entra.clock.ahead, self.entra.app.redirect_uris), (0, 0, set()))
        self.assertNotIn("new@contoso.example", self.entra.directory.users)
        self.assertEqual(self.signs_in(ERP, token), {"smtp", "imap", "pop"})

    def test_msal_repeats_a_refusal_for_a_minute_unless_the_app_object_is_new(self):
        """So the product must not keep MSAL's app objects: a "check" right after the mending would fail."""
        client = self.client("wrong")
        self.assertRefusal(client.acquire_token_for_client(APP_SCOPE), entra_errors.SECRET_INVALID)
        self.entra.faults.add("TOKEN", entra_errors.SCOPE_NOT_FOR_ACCESS_TOKEN.fill(scope="x"))
        client = self.client()
        for _time in range(2):
            self.assertRefusal(client.acquire_token_for_client(APP_SCOPE), entra_errors.SCOPE_NOT_FOR_ACCESS_TOKEN)
        self.assertIn("access_token", self.client().acquire_token_for_client(APP_SCOPE))
        self.assertEqual(self.entra.token_requests(), 3)
