import os
import ssl
import tempfile
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..tools.secrets import key_pair
from ..tools.tls import certificate_facts, client_context


@tagged("post_install", "-at_install")
class TestTls(BaseCase):

    def test_every_context_verifies_chain_and_host_name(self):
        context = client_context()
        self.assertEqual(context.verify_mode, ssl.CERT_REQUIRED)
        self.assertTrue(context.check_hostname)
        self.assertGreaterEqual(context.minimum_version, ssl.TLSVersion.TLSv1_2)

    def test_a_client_certificate_without_its_key_is_refused(self):
        with self.assertRaises(ssl.SSLError):
            client_context(certificate=b"no certificate", private_key=b"no key")

    def test_certificate_and_key_are_shown_to_the_server_only_together(self):
        one, other = ((pair.certificate.encode(), pair.private_key.encode()) for pair in (key_pair.make("x", 1), key_pair.make("y", 1)))
        for certificate, private_key in (one, other, (one[0], None), (None, one[1]), (None, None)):
            client_context(certificate=certificate, private_key=private_key)
        with self.assertRaises(ssl.SSLError):
            client_context(certificate=one[0], private_key=other[1])

    def test_a_private_key_is_on_no_disk_or_at_least_not_after_its_use(self):
        pair = key_pair.make("x", 1)
        certificate, private_key = pair.certificate.encode(), pair.private_key.encode()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        if hasattr(os, "memfd_create"):
            self.patch(tempfile, "tempdir", f"{folder}/none")
            client_context(certificate=certificate, private_key=private_key)
        self.patch(tempfile, "tempdir", folder)
        with patch.object(os, "memfd_create", create=True):
            del os.memfd_create  # as on a system that has none
            client_context(certificate=certificate, private_key=private_key)
        self.assertEqual(os.listdir(folder), [])

    def test_what_a_certificate_says(self):
        table = [
            ({"subject": ((("countryName", "US"),), (("organizationName", "Microsoft Corporation"), ("organizationalUnitName", "Mail")),
                          (("commonName", "outlook.com"),)),
              "issuer": ((("serialNumber", "7"),), (("commonName", "DigiCert Cloud Services CA-1"),)),
              "notAfter": "Nov  4 23:59:59 2026 GMT"},
             "subject C=US, O=Microsoft Corporation, OU=Mail, CN=outlook.com; issuer serialNumber=7, CN=DigiCert Cloud Services CA-1; "
             "valid until 2026-11-04"),
            ({}, "subject -; issuer -; valid until ?"),
        ]
        for certificate, facts in table:
            with self.subTest(facts):
                self.assertEqual(certificate_facts(certificate), facts)
