import ssl

from odoo.tests import BaseCase, tagged

from ..tools.tls import client_context


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
