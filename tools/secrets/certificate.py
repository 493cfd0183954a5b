"""What is written in a certificate."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """The public side of a key pair.

    :ivar certificate: PEM
    """

    certificate: str

    @cached_property
    def _parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.encode())

    @property
    def thumbprint(self) -> str:
        """Return the SHA-1 in upper-case hex, as Entra shows it under Certificates & secrets."""
        return self._parsed.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a protection

    @property
    def thumbprint_sha256(self) -> str:
        """Return the SHA-256 in upper-case hex, which the assertion names."""
        return self._parsed.fingerprint(hashes.SHA256()).hex().upper()

    @property
    def subject(self) -> str:
        """Return its name (RFC 4514)."""
        return self._parsed.subject.rfc4514_string()

    @property
    def names(self) -> list[str]:
        """Return the host names that it is made for, in lower case: alternative ones (RFC 5280 section 4.2.1.6), then the common one."""
        found = [name.value for name in self._parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        with contextlib.suppress(x509.ExtensionNotFound):
            alternatives = self._parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            found = [*alternatives.get_values_for_type(x509.DNSName), *found]
        return list(dict.fromkeys(str(name).lower() for name in found))

    @property
    def not_before(self) -> datetime:
        """Return when it begins to be valid: UTC without time zone, as Odoo stores times."""
        return _utc(self._parsed, "not_valid_before")

    @property
    def not_after(self) -> datetime:
        """Return when it ends, likewise."""
        return _utc(self._parsed, "not_valid_after")

    @property
    def der(self) -> bytes:
        """Return it as Entra takes it (.cer), in base64."""
        return base64.b64encode(self._parsed.public_bytes(serialization.Encoding.DER))


def read(pem: str | None) -> Certificate | None:
    """Return a certificate, the first of a chain; None if it is none."""
    certificate = Certificate(pem or "")
    try:
        certificate._parsed  # noqa: B018
    except ValueError:
        return None
    return certificate


def _utc(certificate: x509.Certificate, name: str) -> datetime:
    """Return a date of the certificate; cryptography 42 gave it a time zone and another name."""
    if hasattr(certificate, f"{name}_utc"):
        return getattr(certificate, f"{name}_utc").replace(tzinfo=None)
    return getattr(certificate, name)
