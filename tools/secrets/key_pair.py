"""Key pair and certificate by which an app proves who it is, instead of a secret.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

import base64
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from .certificate import Certificate

_PEM: Final = serialization.Encoding.PEM
_KEY_SIZE: Final = 2048  # bits; Entra takes RSA keys of 2048 to 4096
_LONGEST: Final = 3650  # days
_ASSERTION_LIFETIME: Final = 300  # seconds


class KeyPairUnusable(Exception):
    """What is wrong with a key pair. No part of the private key is in its text.

    :ivar slug: ``certificate_unreadable``, ``key_unreadable``, ``passphrase_missing``, ``passphrase_wrong``, ``not_rsa``, ``too_short``,
        ``mismatch``, ``pfx_unreadable`` (also for a wrong passphrase), ``pfx_incomplete``, ``expired``, ``not_yet_valid`` or
        ``bad_request``
    """

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True)
class KeyPair(Certificate):
    """A certificate and its private key, as :func:`make`, :func:`from_pem` and :func:`from_pfx` found them to be usable.

    :ivar private_key: PEM (PKCS #8), without passphrase
    """

    private_key: str = field(repr=False)

    def check_dates(self, now: datetime) -> None:
        """Refuse a certificate outside its dates.

        :param now: UTC without time zone
        :raise KeyPairUnusable: ``expired`` or ``not_yet_valid``
        """
        if now >= self.not_after:
            raise KeyPairUnusable("expired")
        if now < self.not_before:
            raise KeyPairUnusable("not_yet_valid")


def make(name: str, days: int, now: datetime | None = None) -> KeyPair:
    """Make an RSA key pair and a certificate that it signs itself: Entra compares the certificate with the one uploaded, no more.

    :param name: common name, at most 64 characters (RFC 5280 appendix A.1)
    :param days: how long it is valid
    :param now: UTC without time zone
    :raise KeyPairUnusable: ``bad_request``
    """
    if not 1 <= len(name) <= 64 or not 1 <= days <= _LONGEST:
        raise KeyPairUnusable("bad_request")
    start = (now or datetime.now(timezone.utc).replace(tzinfo=None)).replace(microsecond=0)
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_SIZE)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))  # the clocks of Entra and of this server may differ
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def from_pem(certificate: bytes | str, private_key: bytes | str, passphrase: str | None = None) -> KeyPair:
    """Read a pair from PEM texts; the certificate may come first in a chain.

    :raise KeyPairUnusable: see there
    """
    try:
        read = x509.load_pem_x509_certificate(_bytes(certificate))
    except ValueError:
        raise KeyPairUnusable("certificate_unreadable") from None
    return _pair(read, _private_key(_bytes(private_key), passphrase))


def from_pfx(content: bytes, passphrase: str | None = None) -> KeyPair:
    """Read a pair from a PKCS #12 file (.pfx, .p12).

    :raise KeyPairUnusable: see there
    """
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(content, passphrase.encode() if passphrase else None)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyPairUnusable("pfx_unreadable") from None
    if key is None or certificate is None:
        raise KeyPairUnusable("pfx_incomplete")
    return _pair(certificate, key)


def assertion(pair: KeyPair, client_id: str, token_endpoint: str) -> str:
    """Return the proof that we have the private key (RFC 7523 section 2.2), good for a few minutes.

    MSAL makes one as well, but names a certificate given as PEM by its SHA-1, in the versions of today's distributions.
    """
    now = int(time.time())
    thumbprint = base64.urlsafe_b64encode(bytes.fromhex(pair.thumbprint_sha256)).rstrip(b"=").decode()
    return jwt.encode(
        {"aud": token_endpoint, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()),
         "nbf": now, "iat": now, "exp": now + _ASSERTION_LIFETIME},
        pair.private_key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def _private_key(pem: bytes, passphrase: str | None) -> object:
    try:
        return serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:  # one is needed, or one is given and none is needed
        if passphrase:
            return _private_key(pem, None)
        raise KeyPairUnusable("passphrase_missing") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyPairUnusable("passphrase_wrong" if passphrase and b"ENCRYPTED" in pem else "key_unreadable") from None


def _pair(certificate: x509.Certificate, key: object) -> KeyPair:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyPairUnusable("not_rsa")
    if key.key_size < _KEY_SIZE:
        raise KeyPairUnusable("too_short")
    if _public(certificate.public_key()) != _public(key.public_key()):
        raise KeyPairUnusable("mismatch")
    return KeyPair(
        certificate.public_bytes(_PEM).decode(),
        key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
    )


def _public(key: Any) -> bytes:
    return key.public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
