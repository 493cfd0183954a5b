import base64
import ssl
from datetime import datetime

from odoo.tests import BaseCase, tagged

from ..tools.secrets import certificate, key_pair

NOW = datetime(2026, 11, 24, 12, 0)


@tagged("post_install", "-at_install")
class TestCertificate(BaseCase):

    def test_the_first_certificate_of_a_text_is_read(self):
        one, other = key_pair.make("Odoo of Contoso", 30, NOW), key_pair.make("Other", 60, NOW)
        facts = certificate.read(f"Bag Attributes\n{one.certificate}\n{other.certificate}")
        self.assertEqual((facts.thumbprint, facts.subject), (one.thumbprint, "CN=Odoo of Contoso"))
        self.assertEqual(facts.not_after, datetime(2026, 12, 24, 12, 0))
        self.assertEqual(base64.b64decode(facts.der), ssl.PEM_cert_to_DER_cert(one.certificate))

    def test_what_is_no_certificate_has_no_facts(self):
        for text in (None, "", "x", key_pair.make("x", 1, NOW).private_key):
            self.assertIsNone(certificate.read(text))
