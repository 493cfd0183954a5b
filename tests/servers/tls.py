"""A throw-away certificate authority for the local servers, and TLS contexts that can be changed while they run.

Nothing here may be trusted outside a test or the sandbox: keys live in the state folder and die with it.
"""

from __future__ import annotations

import datetime
import ssl
import threading
import warnings
from pathlib import Path

try:
    import trustme
except ImportError:  # reported by mail_servers.available()
    trustme = None

#: Names of the server certificates the authority issues.
CERTIFICATES = ("trusted", "untrusted", "wrong_host", "expired")

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Authority:
    """A test CA, server certificates good and bad, and client certificates.

    :ivar ca_file: PEM file of the CA (the only thing a client needs to trust).
    """

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ca = trustme.CA(organization_name="Throw-away CA of the mail_office365 test servers")
        stranger = trustme.CA(organization_name="A CA nobody trusts")
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca_file)
        yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        leaves = {
            "trusted": self._ca.issue_cert(*_LOCAL_NAMES, common_name="localhost"),
            "untrusted": stranger.issue_cert(*_LOCAL_NAMES, common_name="localhost"),
            "wrong_host": self._ca.issue_cert("mail.elsewhere.example", common_name="mail.elsewhere.example"),
            "expired": self._ca.issue_cert(*_LOCAL_NAMES, common_name="localhost", not_after=yesterday),
        }
        self._files = {name: self._write(name, leaf) for name, leaf in leaves.items()}

    def _write(self, name: str, leaf: trustme.LeafCert) -> tuple[Path, Path]:
        """Write certificate chain and private key; return both paths."""
        chain, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        key.touch(mode=0o600)
        leaf.private_key_pem.write_to_path(key)
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        return chain, key

    def server_files(self, name: str) -> tuple[Path, Path]:
        """Return the (certificate chain, private key) files of the server certificate ``name``, one of CERTIFICATES."""
        return self._files[name]

    def client_certificate(self, *names: str, filename: str = "client") -> tuple[Path, Path]:
        """Issue a client certificate for these names; return the (certificate, private key) PEM files.

        The inbound connector's default is the wildcard name of the accepted domain (``New-InboundConnector
        -TlsSenderCertificateName``).
        """
        names = names or ("*.contoso.example",)
        return self._write(filename, self._ca.issue_cert(*names, common_name=names[0]))


class TlsSettings:
    """What one listener offers; may be changed while it runs and then holds for new connections.

    Exchange Online: TLS 1.2 or later only.
    """

    def __init__(self, authority: Authority, *, certificate: str = "trusted", request_client_certificate: bool = False):
        self._authority = authority
        self._initial_certificate = certificate
        self._request_client_certificate = request_client_certificate
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Return to the start values."""
        self.configure(certificate=self._initial_certificate)

    def configure(
        self,
        *,
        certificate: str | None = None,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        """Choose the certificate (one of CERTIFICATES; None keeps the present one) and the TLS versions offered."""
        with self._lock:
            if certificate is not None:
                if certificate not in CERTIFICATES:
                    raise ValueError(f"unknown certificate {certificate!r}, choose one of {CERTIFICATES}")
                self.certificate = certificate
            self.minimum, self.maximum = minimum, maximum
            self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return the server-side context of the present settings."""
        with self._lock:
            if self._context is None:
                self._context = self._build()
            return self._context

    def _build(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._authority.server_files(self.certificate))
        old = self.maximum != ssl.TLSVersion.MAXIMUM_SUPPORTED and self.maximum < ssl.TLSVersion.TLSv1_2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0/1.1 are offered on purpose, to be refused
            if old:
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = min(self.minimum, self.maximum)
            else:
                context.minimum_version = self.minimum
            context.maximum_version = self.maximum
        if self._request_client_certificate:
            # Optional, yet verified when given: a certificate of another CA ends the handshake (Exchange would go
            # on and just not match the connector; Python's ssl has no such mode).
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self._authority.ca_file)
        return context


def certificate_names(peer_certificate: dict | None) -> list[str]:
    """Return the DNS names (subject alternative names, then common names) of ``SSLObject.getpeercert()``, in lower
    case.
    """
    if not peer_certificate:
        return []
    names = [value for kind, value in peer_certificate.get("subjectAltName", ()) if kind == "DNS"]
    names += [
        value for relative in peer_certificate.get("subject", ()) for kind, value in relative if kind == "commonName"
    ]
    return list(dict.fromkeys(name.lower() for name in names))
