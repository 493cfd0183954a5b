"""HTTPS to one authority of Microsoft Entra: every answer that is no success becomes an :class:`EntraRefused`.

MSAL takes any object with ``get`` and ``post``. This one is made for what MSAL's own (`requests`) leaves open: certificates are verified
against the same store as those of the mail servers, all that one client asks has one time limit, nothing is redirected, no credential of
a ``.netrc`` file gets in, and no other host than the authority's is ever asked. Proxies are those of the environment (``https_proxy``,
``no_proxy``).
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from ..bounded import within
from ..tls import client_context

#: Seconds for all that is asked: the endpoints and the token, with names, connections and proxies.
LONGEST: Final = 20
_TIMEOUT: Final = 10  # seconds, to connect and for each read
_LARGEST: Final = 1 << 20  # bytes; a token has a few thousand
_CHUNK: Final = 1 << 16
_SECRETS: Final = ("client_secret", "client_assertion", "refresh_token", "code", "device_code", "code_verifier")
# RFC 6749 section 5.2, and what Entra adds: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_KEPT: Final = ("error", "suberror", "error_description", "error_codes", "trace_id", "correlation_id", "timestamp")


class EntraRefused(Exception):
    """Entra gave no token, or was not reached.

    :ivar answer: ``error`` and ``error_description`` (RFC 6749 section 5.2), often ``error_codes``, perhaps ``retry_after`` (seconds);
        never a secret. :func:`.diagnosis.diagnose` takes the exception
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(dict(answer))

    @property
    def answer(self) -> dict[str, Any]:
        return self.args[0]

    def __str__(self) -> str:
        """Return everything that tells the cause, in one line."""
        words = [str(self.answer[key]) for key in ("error", "suberror", "error_description") if self.answer.get(key)]
        codes = self.answer.get("error_codes")
        numbers = [f"AADSTS{code}" for code in codes] if isinstance(codes, list) else []
        words += [number for number in numbers if number not in words[-1]]
        return ": ".join(" ".join(word.split()) for word in words)


@dataclass(frozen=True)
class Response:
    """What MSAL reads of an answer. ``raise_for_status`` is there by contract, errors never get this far."""

    status_code: int
    headers: dict[str, str]
    text: str

    def raise_for_status(self) -> None:
        """Do nothing: it is a success."""


class HttpClient:
    """Asks the host of one authority."""

    def __init__(self, authority: str, seconds: float = LONGEST) -> None:
        """
        :param authority: ``https://<host>/<directory id>``
        :param seconds: how long all of it may take from now on
        """
        self._until = time.monotonic() + min(seconds, LONGEST)
        self._origin = origin(authority)
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=client_context()), _NoRedirect)

    def get(self, url: str, params: Mapping | None = None, headers: Mapping | None = None, **_ignored: Any) -> Response:
        """Ask with GET."""
        return self._ask(url, params, headers, None)

    def post(
        self, url: str, params: Mapping | None = None, data: Mapping | None = None, headers: Mapping | None = None, **_ignored: Any,
    ) -> Response:
        """Ask with a form."""
        return self._ask(url, params, headers, data or {})

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _ask(self, url: str, params: Mapping | None, headers: Mapping | None, data: Mapping | None) -> Response:
        if origin(url) != self._origin:
            raise EntraRefused({
                "error": "endpoint_elsewhere",
                "error_description": f"{self._origin} leads to {origin(url)}, and was not followed",
            })
        request = urllib.request.Request(
            f"{url}?{urlencode(params)}" if params else url,
            data=None if data is None else urlencode(data).encode(), headers=dict(headers or {}))
        try:
            response = within(max(self._until - time.monotonic(), 0), self._exchange, request)
        except (OSError, http.client.HTTPException) as error:
            raise EntraRefused({"error": "not_reached", "error_description": f"{self._origin}: {_words(error)}"}) from error
        _check(response, {str(data[key]) for key in _SECRETS if data.get(key)} if data else set())
        return response

    def _exchange(self, request: urllib.request.Request) -> Response:
        with self._open(request) as answer:
            return Response(answer.status, dict(answer.headers.items()), _body(answer, self._until))

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            return self._opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as answer:  # an answer like any other
            return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect what it is: the form holds a secret, which is for nobody else."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, as written but in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _body(answer: Any, deadline: float) -> str:
    """Return the body; a server that drips it holds up its reader until the deadline only, by `time.monotonic`."""
    body = b""
    while part := answer.read1(_CHUNK):
        body += part
        if len(body) > _LARGEST:
            raise http.client.HTTPException("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return body.decode("utf-8", "replace")


def _check(response: Response, secrets: set[str]) -> None:
    """Raise what the server refused, without the secrets that it may have repeated.

    :raise EntraRefused: it is no success
    """
    try:
        content = json.loads(response.text)
    except ValueError:
        content = None
    if 200 <= response.status_code < 300 and isinstance(content, dict) and "error" not in content:
        return
    answer = {key: content[key] for key in _KEPT if key in content} if isinstance(content, dict) else {}
    if not answer.get("error"):
        answer = {"error": _word(response.status_code), "error_description": f"HTTP {response.status_code}, and no answer of Entra"}
    for key, value in answer.items():
        if isinstance(value, str):
            for secret in secrets:
                value = value.replace(secret, "…")
            answer[key] = value
    wait = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "")
    if wait.isdigit():
        answer["retry_after"] = int(wait)
    raise EntraRefused(answer)


def _word(status: int) -> str:
    """Return the word of OAuth that an HTTP status stands for (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5)."""
    return "temporarily_unavailable" if status >= 500 else "slow_down" if status == 429 else "invalid_answer"


def _words(error: Exception) -> str:
    """Return what went wrong. The texts of `http.client` may repeat the URL of a proxy, with its password."""
    reason = getattr(error, "reason", error)
    reason = reason if isinstance(reason, BaseException) else error
    if isinstance(reason, http.client.HTTPException) and not isinstance(reason, OSError):
        return type(reason).__name__
    return f"{type(reason).__name__}: {reason}"
