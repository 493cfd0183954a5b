"""What is written in a certificate, for people to compare with Entra's page."""

import base64
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


@dataclass(frozen=True)
class Facts:
    """The public side of a key pair.

    :ivar thumbprint: SHA-1, upper-case hex, as Entra shows it under Certificates & secrets
    :ivar ends: end of its validity, UTC without time zone
    :ivar subject: its name (RFC 4514)
    :ivar der: the certificate as Entra takes it (.cer), in base64
    """

    thumbprint: str
    ends: datetime
    subject: str
    der: bytes


def read(pem: str | None) -> Facts | None:
    """Return what is in a certificate; the first of a chain is read. None if it is none."""
    try:
        certificate = x509.load_pem_x509_certificate((pem or "").encode())
    except ValueError:
        return None
    ends = getattr(certificate, "not_valid_after_utc", None) or certificate.not_valid_after.replace(tzinfo=timezone.utc)
    return Facts(
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - a name, not a protection
        ends=ends.replace(tzinfo=None),
        subject=certificate.subject.rfc4514_string(),
        der=base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)),
    )
