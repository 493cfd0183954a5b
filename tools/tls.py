"""Client side TLS: always verified, never older than 1.2."""

import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from typing import Any, Final

_SHORT: Final = {"commonName": "CN", "organizationName": "O", "countryName": "C", "organizationalUnitName": "OU"}  # RFC 4514


def client_context(*, certificate: bytes | None = None, private_key: bytes | None = None) -> ssl.SSLContext:
    """Return a context that verifies chain and host name against the system's store (or ``SSL_CERT_FILE``).

    Exchange Online speaks TLS 1.2 and later only; an older version is a downgrade attack or a middlebox.
    There is deliberately no parameter to relax any of it.

    :param certificate: own certificate (chain), PEM, for a connector that trusts by certificate
    :param private_key: its private key, PEM, without passphrase
    :raise ssl.SSLError: certificate and key are unreadable or don't belong together
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    if certificate and private_key:
        with _private_file(certificate) as certificate_path, _private_file(private_key) as key_path:
            # Without `password`, OpenSSL would ask for a passphrase on the terminal.
            context.load_cert_chain(certificate_path, key_path, password="")  # noqa: S106
    return context


def certificate_facts(certificate: dict[str, Any]) -> str:
    """Return subject, issuer and expiry of a certificate in one line.

    :param certificate: as `ssl.SSLSocket.getpeercert` returns it
    """
    def name(field: str) -> str:
        return ", ".join(f"{_SHORT.get(key, key)}={value}" for part in certificate.get(field, ()) for key, value in part)

    expires = certificate.get("notAfter")
    day = time.strftime("%Y-%m-%d", time.gmtime(ssl.cert_time_to_seconds(expires))) if expires else "?"
    return f"subject {name('subject') or '-'}; issuer {name('issuer') or '-'}; valid until {day}"


@contextlib.contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Yield a path to the content; in memory where the system can, as `ssl` only reads keys from files."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("mail_office365"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.NamedTemporaryFile(prefix="mail_office365-") as file:
        file.write(content)
        file.flush()
        yield file.name
