"""An HTTPS server that answers what a test says, for answers that no server of Microsoft's gives."""

import contextlib
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

from .servers.tls import Authority

#: What a test's function returns: status, headers, body.
Answer = tuple[int, dict[str, str], bytes]


class Https:
    """A server on this machine, with a certificate of a throw-away authority.

    :ivar url: its address, without path
    :ivar seen: method, path and body of each request
    :ivar headers: of each request
    """

    def __init__(self, answer: Callable[[str, str], Answer], certificate: tuple[Path, Path] | None) -> None:
        """
        :param answer: called with method and path
        :param certificate: files of certificate and key; without, it speaks plain HTTP, as a proxy does
        """
        self.seen: list[tuple[str, str, bytes]] = []
        self.headers: list[Message] = []
        handler = type("Handler", (_Handler,), {"server_says": staticmethod(answer), "seen": self.seen, "headers_seen": self.headers})
        self._server = _Server(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake belongs to the thread of the connection: a client that gives up must not stop the server.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://localhost:{self.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Https"]:
        """Serve inside the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)  # its end takes as long
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Pass over a client that does not like the certificate, or is gone."""
        return None if isinstance(sys.exc_info()[1], OSError) else super().handle_error(*args)


class _Handler(BaseHTTPRequestHandler):
    server_says: Callable[[str, str], Answer]
    seen: list[tuple[str, str, bytes]]
    headers_seen: list[Message]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, body))
        self.headers_seen.append(self.headers)
        status, headers, content = self.server_says(self.command, self.path)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_CONNECT = _answer  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class HttpsMixin:
    """A throw-away authority, which is trusted, and servers with certificates of it."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.authority = cls.make_authority()
        cls.enterClassContext(patch.dict("os.environ", {"SSL_CERT_FILE": str(cls.authority.ca_file), "no_proxy": "localhost"}))

    @classmethod
    def make_authority(cls) -> Authority:
        """Return the authority of this class's servers."""
        return Authority(Path(cls.enterClassContext(tempfile.TemporaryDirectory())))

    def https(self, answer: Callable[[str, str], Answer], certificate: str = "trusted") -> Https:
        """Start a server for this test.

        :param certificate: of :data:`.servers.tls.CERTIFICATES`; empty for plain HTTP
        """
        files = self.authority.server_files(certificate) if certificate else None
        return self.enterContext(Https(answer, files).running())
