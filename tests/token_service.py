"""An authority that gives out tokens as a test tells it, and remembers what it was asked for."""

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

from ..tools.entra import token_life
from .https import Answer, HttpsMixin

DIRECTORY = "1b9e4d3e-7c5a-4f0e-9d51-6a2f9c0b8e77"
CLIENT = "5c2f7a10-93b4-4d6e-8a1f-0e7d2b9c4f63"
SECRET = "Swordfish~7.of-the.test"


class TokenServiceMixin(HttpsMixin):
    """Each test has an authority; ``self.asked`` are the forms that it got, without those that only ask for endpoints.

    :ivar refuses: status and answer of every request until it is None again
    :ivar rotates: a refreshed token brings another refresh token
    :ivar says: added to every token that is given
    :ivar answering: the authority answers only while this is set
    """

    def setUp(self) -> None:
        super().setUp()
        self.refuses: tuple[int, dict[str, Any], dict[str, str]] | None = None
        self.rotates = True
        self.says: dict[str, Any] = {}
        self.answering = threading.Event()
        self.answering.set()
        self.addCleanup(self.answering.set)
        self.service = self.https(self._answer)
        self.authority_url = f"{self.service.url}/{DIRECTORY}"

    @property
    def asked(self) -> list[dict[str, str]]:
        return [{name: value for name, [value] in parse_qs(body.decode()).items()}
                for method, _path, body in list(self.service.seen) if method == "POST"]

    def app_values(self, **values: Any) -> dict[str, Any]:
        """Return what an ``office365.app`` of this authority is created with."""
        return {"name": "Contoso", "directory_id": DIRECTORY, "client_id": CLIENT, "client_secret": SECRET,
                "authority_url": self.authority_url, **values}

    def _answer(self, method: str, path: str) -> Answer:
        if method == "GET":
            base = self.authority_url
            return self._json(200, {"issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                                    "device_authorization_endpoint": f"{base}/devicecode"})
        self.answering.wait(60)
        if self.refuses:
            status, content, headers = self.refuses
            return self._json(status, content, headers)
        number, form = len(self.asked), self.asked[-1]
        if path.endswith("/devicecode"):
            return self._json(200, {"device_code": "Device~of.the-test", "user_code": "ABCD-EFGH", "expires_in": 900, "interval": 5,
                                    "verification_uri": f"{self.service.url}/device", "message": "Enter the code"})
        token = {"token_type": "Bearer", "expires_in": 3600, "access_token": f"Access~{number}", "scope": form.get("scope", ""),
                 **self.says}
        if form["grant_type"] != "client_credentials" and self.rotates:
            token["refresh_token"] = f"Refresh~{number}"
        return self._json(200, token)

    @staticmethod
    def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
        return status, headers or {}, json.dumps(content).encode()


@contextlib.contextmanager
def clock(minutes: float) -> Iterator[None]:
    """Set the clock by which tokens live ahead."""
    now = token_life.now
    with patch.object(token_life, "now", lambda: now() + timedelta(minutes=minutes)):
        yield
