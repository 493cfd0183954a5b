import base64
import hashlib
import ssl
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from odoo.tests import BaseCase, tagged

from ..tools.secrets import key_pair
from ..tools.secrets.key_pair import KeyPair, KeyPairUnusable

PASSPHRASE = "open sesame"
NOW = datetime(2026, 11, 24, 12, 0)


def pem(key, passphrase=None, form=serialization.PrivateFormat.PKCS8):
    encryption = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


@tagged("post_install", "-at_install")
class TestKeyPair(BaseCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pair = key_pair.make("Odoo of Contoso", 365, NOW)
        cls.key = serialization.load_pem_private_key(cls.pair.private_key.encode(), None)
        cls.certificate = load_pem_x509_certificate(cls.pair.certificate.encode())

    def pfx(self, passphrase=PASSPHRASE, key=True, certificate=True):
        encryption = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        return pkcs12.serialize_key_and_certificates(
            b"odoo", self.key if key else None, self.certificate if certificate else None, None, encryption)

    def assertUnusable(self, slug, function, *args):  # noqa: N802
        with self.assertRaises(KeyPairUnusable) as caught:
            function(*args)
        self.assertEqual(caught.exception.slug, slug)

    def test_a_new_pair_has_name_dates_and_thumbprints(self):
        der = ssl.PEM_cert_to_DER_cert(self.pair.certificate)
        self.assertEqual(self.pair.subject, "CN=Odoo of Contoso")
        self.assertEqual(self.pair.thumbprint, hashlib.sha1(der).hexdigest().upper())
        self.assertEqual(self.pair.thumbprint_sha256, hashlib.sha256(der).hexdigest().upper())
        self.assertEqual(self.pair.not_after, NOW + timedelta(days=365))
        self.assertLess(self.pair.not_before, NOW)
        self.assertEqual(self.key.key_size, 2048)

    def test_the_private_key_is_not_shown(self):
        self.assertNotIn("PRIVATE", repr(self.pair))
        self.assertNotIn("PRIVATE", str(self.pair))

    def test_an_assertion_is_signed_by_the_key_and_names_the_certificate(self):
        signed = key_pair.assertion(self.pair, "client", "https://login.example/token")
        said = jwt.decode(signed, self.certificate.public_key(), algorithms=["PS256"], audience="https://login.example/token")
        self.assertEqual((said["iss"], said["sub"]), ("client", "client"))
        self.assertLessEqual(said["exp"] - said["iat"], 600)
        header = jwt.get_unverified_header(signed)
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pair.certificate)).digest()
        self.assertEqual(header["x5t#S256"], base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        self.assertNotEqual(signed, key_pair.assertion(self.pair, "client", "https://login.example/token"), "each can be used once")

    def test_dates_are_checked(self):
        self.pair.check_dates(NOW)
        self.assertUnusable("expired", self.pair.check_dates, NOW + timedelta(days=365))
        self.assertUnusable("not_yet_valid", self.pair.check_dates, NOW - timedelta(days=1))

    def test_a_name_or_validity_out_of_range_is_refused(self):
        for name, days in (("", 365), ("x" * 65, 365), ("x", 0), ("x", 5000)):
            self.assertUnusable("bad_request", key_pair.make, name, days)

    def test_the_same_pair_is_read_from_every_form(self):
        rows = [
            (key_pair.from_pem, (self.pair.certificate, self.pair.private_key)),
            (key_pair.from_pem, (self.pair.certificate.encode(), pem(self.key).encode())),
            (key_pair.from_pem, (self.pair.certificate, pem(self.key, PASSPHRASE), PASSPHRASE)),
            (key_pair.from_pem, (self.pair.certificate, pem(self.key, None, serialization.PrivateFormat.TraditionalOpenSSL))),
            # A passphrase that is not needed does no harm, and text around the PEM neither.
            (key_pair.from_pem, (self.pair.certificate, pem(self.key), PASSPHRASE)),
            (key_pair.from_pem, (f"Bag Attributes\n{self.pair.certificate}\n{self.pair.certificate}", pem(self.key))),
            (key_pair.from_pfx, (self.pfx(), PASSPHRASE)),
            (key_pair.from_pfx, (self.pfx(None),)),
        ]
        for number, (read, arguments) in enumerate(rows):
            with self.subTest(number):
                self.assertEqual(read(*arguments), KeyPair(self.pair.certificate, self.pair.private_key))

    def test_what_can_not_work_is_refused_by_name(self):
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        curve = ec.generate_private_key(ec.SECP256R1())
        certificate, private_key = self.pair.certificate, self.pair.private_key
        rows = [
            ("certificate_unreadable", key_pair.from_pem, "no certificate", private_key),
            ("certificate_unreadable", key_pair.from_pem, private_key, private_key),
            ("key_unreadable", key_pair.from_pem, certificate, "no key"),
            ("key_unreadable", key_pair.from_pem, certificate, certificate),
            ("passphrase_missing", key_pair.from_pem, certificate, pem(self.key, PASSPHRASE)),
            ("passphrase_wrong", key_pair.from_pem, certificate, pem(self.key, PASSPHRASE), "wrong"),
            ("mismatch", key_pair.from_pem, certificate, pem(other)),
            ("too_short", key_pair.from_pem, certificate, pem(short)),
            ("not_rsa", key_pair.from_pem, certificate, pem(curve)),
            ("pfx_unreadable", key_pair.from_pfx, b"no file"),
            ("pfx_unreadable", key_pair.from_pfx, self.pfx(), "wrong"),
            ("pfx_unreadable", key_pair.from_pfx, self.pfx()),
            ("pfx_incomplete", key_pair.from_pfx, self.pfx(key=False), PASSPHRASE),
        ]
        for slug, read, *arguments in rows:
            with self.subTest(slug=slug):
                self.assertUnusable(slug, read, *arguments)
