import json
import threading
import time
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools import entra
from ..tools.diagnosis.reader import diagnose
from ..tools.entra import https as entra_http
from ..tools.entra.https import HttpClient
from ..tools.entra.tokens import App, EntraRefused
from .common import SecretsMixin
from .https import HttpsMixin

GUID = "1b9e4d3e-7c5a-4f0e-9d51-6a2f9c0b8e77"
SECRET = "Swordfish~7.of-the.test"
FORM = {"client_id": GUID, "client_secret": SECRET, "grant_type": "client_credentials"}


def says(status, content, **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda _method, _path: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@tagged("post_install", "-at_install")
class TestEntraHttp(HttpsMixin, SecretsMixin, BaseCase):

    def post(self, server, path="/token"):
        return HttpClient(f"{server.url}/{GUID}").post(server.url + path, data=FORM)

    def refused(self, server, **kwargs):
        with self.assertRaises(EntraRefused) as caught:
            self.post(server, **kwargs)
        return caught.exception

    def assertCause(self, error, cause):  # noqa: N802
        self.assertEqual(diagnose(error, protocol="entra").cause, cause, str(error))

    def test_a_form_is_posted_and_its_answer_returned(self):
        server = self.https(says(200, {"access_token": "t"}))
        response = self.post(server)
        self.assertEqual((response.status_code, json.loads(response.text)), (200, {"access_token": "t"}))
        [(method, path, body)] = server.seen
        self.assertEqual((method, path), ("POST", "/token"))
        self.assertIn(b"client_secret=Swordfish~7.of-the.test", body)

    def test_what_is_asked_reaches_the_server_as_it_is(self):
        server = self.https(says(200, {}))
        client = HttpClient(f"{server.url}/{GUID}")
        client.get(f"{server.url}/keys", params={"x": "a b"}, headers={"X-Client": "Odoo"})
        client.get(f"{server.url}/keys")
        client.post(f"{server.url}/token", params={"dc": "7"}, headers={"X-Client": "Odoo"})
        self.assertEqual(server.seen, [("GET", "/keys?x=a+b", b""), ("GET", "/keys", b""), ("POST", "/token?dc=7", b"")])
        self.assertEqual([headers["X-Client"] for headers in server.headers], ["Odoo", None, "Odoo"])

    def test_only_a_success_without_an_error_is_an_answer(self):
        token, error = {"access_token": "t"}, {"error": "invalid_grant"}
        table = [
            (500, token, "temporarily_unavailable"), (429, token, "slow_down"),
            (400, token, "invalid_answer"), (300, token, "invalid_answer"),
            (200, {**token, **error}, "invalid_grant"), (400, error, "invalid_grant"),
        ]
        for status, content, word in table:
            with self.subTest(status=status, content=content):
                self.assertEqual(self.refused(self.https(says(status, content))).answer["error"], word)
        self.assertEqual(self.post(self.https(says(201, token))).status_code, 201)

    def test_hosts_are_told_apart_by_name_and_port_and_not_by_letter_case(self):
        here = entra_http.origin("https://login.example/common")
        for url, same in (("HTTPS://Login.Example/x?y", True), ("https://login.example:8443/common", False),
                          ("http://login.example/common", False), ("https://login.example.evil.example/", False)):
            with self.subTest(url=url):
                self.assertEqual(entra_http.origin(url) == here, same)

    def test_a_server_that_can_not_be_verified_gets_nothing(self):
        for certificate in ("untrusted", "wrong_host", "expired"):
            with self.subTest(certificate):
                server = self.https(says(200, {}), certificate)
                self.assertCause(self.refused(server), "certificate_untrusted")
                self.assertFalse(server.seen)

    def test_only_the_trusted_store_of_the_mail_servers_counts(self):
        server = self.https(says(200, {}))
        with patch.dict("os.environ", {"SSL_CERT_FILE": "/dev/null", "REQUESTS_CA_BUNDLE": str(self.authority.ca_file)}):
            self.assertCause(self.refused(server), "certificate_untrusted")

    def test_a_redirect_is_not_followed(self):
        other = self.https(says(200, {"access_token": "stolen"}))
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.refused(self.https(says(status, b"", Location=other.url + "/token")))
        self.assertFalse(other.seen)

    def test_another_host_is_not_even_connected_to(self):
        server, other = self.https(says(200, {})), self.https(says(200, {}))
        client = HttpClient(f"{server.url}/{GUID}")
        for url in (other.url + "/token", server.url.replace("https", "http") + "/token", "file:///etc/passwd"):
            with self.subTest(url), self.assertRaises(EntraRefused) as caught:
                client.post(url, data=FORM)
            self.assertCause(caught.exception, "entra_wrong_cloud")
        self.assertFalse(other.seen)

    def test_endpoints_on_another_host_get_no_secret(self):
        other = self.https(says(200, {"access_token": "t", "expires_in": 3600}))
        server = self.https(says(200, {
            "issuer": "x", "authorization_endpoint": other.url + "/authorize", "token_endpoint": f"{other.url}/{GUID}/token",
            "device_authorization_endpoint": other.url + "/devicecode"}))
        app, scopes = App(f"{server.url}/{GUID}", GUID, SECRET), ["https://outlook.office365.com/.default"]
        for ask in (
            lambda: entra.app_only_token(app, scopes),
            lambda: entra.refresh(app, SECRET, scopes),
            lambda: entra.start_code_flow(app, scopes, "https://odoo.example/", "state"),
            lambda: entra.start_device_flow(app, scopes),
        ):
            with self.assertRaises(EntraRefused) as caught:
                ask()
            self.assertCause(caught.exception, "entra_wrong_cloud")
        self.assertFalse(other.seen)

    def test_what_is_no_answer_of_entra_is_told_by_its_status_alone(self):
        page = b"<html>Sign in to the guest network. " + SECRET.encode()
        for status, cause, retryable in ((200, "unknown", False), (404, "unknown", False), (429, "entra_throttled", True),
                                         (500, "entra_unavailable", True), (503, "entra_unavailable", True)):
            with self.subTest(status):
                error = self.refused(self.https(says(status, page)))
                self.assertCause(error, cause)
                self.assertEqual(diagnose(error, protocol="entra").retryable, retryable)
                self.assertNotIn("guest network", str(error))
        for content in ([], "text", None, {"error": ""}):
            with self.subTest(content=content):
                self.refused(self.https(says(400, content)))

    def test_a_refusal_keeps_the_words_and_the_wait(self):
        answer = {"error": "invalid_client", "error_codes": [7000222], "access_token": "x", "claims": "y",
                  "error_description": "AADSTS7000222: The provided client secret keys are expired.\r\nTrace ID: 1"}
        error = self.refused(self.https(says(401, answer)))
        self.assertEqual(set(error.answer), {"error", "error_description", "error_codes"})
        self.assertEqual(str(error), "invalid_client: AADSTS7000222: The provided client secret keys are expired. Trace ID: 1")
        self.assertCause(error, "entra_secret_expired")

        error = self.refused(self.https(says(503, {"error": "temporarily_unavailable", "error_codes": [90033]}, Retry_After="17")))
        self.assertEqual(str(error), "temporarily_unavailable: AADSTS90033")
        self.assertEqual(diagnose(error, protocol="entra").retry_after, 17)

    def test_a_secret_that_is_repeated_is_taken_out(self):
        error = self.refused(self.https(says(400, {"error": "invalid_client", "error_description": f"The secret {SECRET} is wrong"})))
        self.assertEqual(str(error), "invalid_client: The secret … is wrong")
        self.assertNotIn(SECRET, repr(error))

    def test_who_is_not_reached_is_named(self):
        server = self.https(says(200, {}))
        with self.assertRaises(EntraRefused) as caught:
            HttpClient(f"https://localhost:1/{GUID}").post("https://localhost:1/token", data=FORM)
        self.assertCause(caught.exception, "connection_refused")
        self.assertIn("https://localhost:1", str(caught.exception))
        with self.assertRaises(EntraRefused) as caught:
            HttpClient(f"https://nowhere.invalid/{GUID}").get("https://nowhere.invalid/x")
        self.assertCause(caught.exception, "name_not_resolved")
        self.assertFalse(server.seen)

    def test_a_server_that_does_not_answer_is_given_up(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def wait(_method, _path):
            done.wait(60)
            return 200, {}, b"{}"

        with patch.object(entra_http, "_TIMEOUT", 0.2):
            self.assertCause(self.refused(self.https(wait)), "timeout")

    def test_an_answer_that_does_not_end_is_given_up(self):
        with patch.object(entra_http, "_LARGEST", 1000):
            self.refused(self.https(says(200, b'{"access_token": "' + b"x" * 2000 + b'"}')))
        self.assertCause(self.refused(self.https(says(200, b"{}", Content_Length="50"))), "connection_lost")

    def test_all_that_a_client_asks_has_one_time_limit(self):
        """A server that is slow but never silent, an answer that drips, a resolver that waits for a dead name server."""
        def slow(_method, _path):
            time.sleep(0.4)
            return 200, {}, b"{}"

        client = HttpClient(f"{(server := self.https(slow)).url}/{GUID}", 0.6)
        client.get(f"{server.url}/endpoints")
        began = time.monotonic()
        with self.assertRaises(EntraRefused) as caught:
            client.post(f"{server.url}/token", data=FORM)
        self.assertCause(caught.exception, "timeout")
        self.assertLess(time.monotonic() - began, 0.4)
        self.assertEqual([method for method, _path, _body in server.seen], ["GET", "POST"])
        released = threading.Event()
        self.addCleanup(released.set)
        with patch("socket.getaddrinfo", lambda *_args, **_kwargs: released.wait(30)):
            began = time.monotonic()
            with self.assertRaises(EntraRefused) as caught:
                HttpClient(f"{server.url}/{GUID}", 0.3).get(f"{server.url}/endpoints")
        self.assertCause(caught.exception, "timeout")
        self.assertLess(time.monotonic() - began, 2)

    def test_the_proxy_of_the_environment_is_asked_and_its_password_not_told(self):
        proxy = self.https(says(407, b""), certificate="")
        at = proxy.url.removeprefix("http://").replace("localhost", "127.0.0.1")
        for name, number in (("unrelated.example", 1), ("localhost", 0)):
            server = self.https(says(200, {}))
            with self.subTest(no_proxy=name), patch.dict("os.environ", {"https_proxy": f"http://me:{SECRET}@{at}", "no_proxy": name}):
                if number:
                    error = self.refused(server)
                    self.assertNotIn(SECRET, str(error))
                    self.assertIn("407", str(error))
                else:
                    self.post(server)
                self.assertEqual([method for method, _path, _body in proxy.seen], ["CONNECT"])
        # Unquoted, a part of a password reads as a host and its port, which http.client quotes.
        for broken in (f"http://me:{SECRET}:x@{at}:y", f"http://me:a@b:{SECRET}/x@{at}"):
            with self.subTest(broken=broken), patch.dict("os.environ", {"https_proxy": broken, "no_proxy": ""}):
                error = self.refused(server)
                self.assertNotIn(SECRET, str(error))
                self.assertIn("InvalidURL", str(error))

    def test_nothing_secret_is_logged_at_any_level(self):
        server = self.https(lambda method, path: (200, {}, json.dumps(
            {"access_token": "Token~of.the-test", "refresh_token": "Refresh~of.the-test", "expires_in": 3600} if method == "POST" else
            {"issuer": "x", "authorization_endpoint": f"{server.url}/authorize", "token_endpoint": f"{server.url}/{GUID}/token"}).encode()))
        app, scopes = App(f"{server.url}/{GUID}", GUID, SECRET), ["https://outlook.office365.com/.default"]
        secrets = (SECRET, "Token~of", "Refresh~of", "Refresh~before", "Verifier~of", "Code~of")
        with self.assertNoSecretLogged(*secrets) as log:
            entra.app_only_token(app, scopes)
            entra.refresh(app, "Refresh~before.the-test", scopes)
            entra.finish_code_flow(app, {"state": "s", "scope": scopes, "code_verifier": "Verifier~of.the-test", "nonce": "n"},
                                   {"state": "s", "code": "Code~of.the-test"})
        self.assertIn("correlation_id", log.text, "MSAL was listened to")
