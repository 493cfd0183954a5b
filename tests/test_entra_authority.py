from odoo.tests import BaseCase, tagged

from ..const import ENTRA_CLOUDS
from ..tools.entra.authority import authority_url, is_authority, is_directory_id, is_guid
from ..tools.entra.tokens import App

GUID = "1b9e4d3e-7c5a-4f0e-9d51-6a2f9c0b8e77"


@tagged("post_install", "-at_install")
class TestEntraAuthority(BaseCase):

    def test_a_directory_is_named_by_its_id_or_a_domain(self):
        for text in (GUID, GUID.upper(), "contoso.com", "contoso.onmicrosoft.com", "a-b.c1.example", "xn--mller-kva.example"):
            with self.subTest(text):
                self.assertTrue(is_directory_id(text))

    def test_nothing_else_names_one(self):
        for text in ("", "common", "Organizations", "consumers", "adfs", "contoso", "contoso.com/", "contoso.com?x=1", "contoso.com#",
                     " contoso.com", "contoso.com\n", "user@contoso.com", "contoso.com:443", "evil.example/contoso.com", "..",
                     "a..b.example", "-a.example", "a-.example", "contoso.com%2f", f"{{{GUID}}}", GUID[:-1], "cöntoso.com", "1.2.3.4",
                     f"{'a' * 64}.example"):
            with self.subTest(text):
                self.assertFalse(is_directory_id(text))

    def test_a_guid_is_one(self):
        for text, expected in ((GUID, True), (GUID.upper(), True), (GUID.replace("-", ""), False), ("contoso.com", False), ("", False),
                               (GUID + "\n", False)):
            with self.subTest(text):
                self.assertEqual(is_guid(text), expected)

    def test_the_authorities_of_all_clouds_are_authorities(self):
        for name, cloud in ENTRA_CLOUDS.items():
            with self.subTest(name):
                self.assertTrue(is_authority(authority_url(cloud.authority, GUID)))
        self.assertTrue(is_authority(f"https://localhost:8443/{GUID}"))

    def test_a_secret_can_not_be_led_elsewhere(self):
        host = "https://login.microsoftonline.com"
        for url in ("", GUID, f"http://login.microsoftonline.com/{GUID}", f"HTTPS://login.microsoftonline.com/{GUID}",
                    f"{host}@evil.example/{GUID}", f"https://user:pass@login.microsoftonline.com/{GUID}", f"{host}\\@evil.example/{GUID}",
                    f"{host}/{GUID}/", f"{host}/{GUID}?x", f"{host}/{GUID}#", f"{host}/{GUID}/../x", f"{host}//{GUID}", f"{host}/", host,
                    f"{host}/common", f"{host}/adfs/{GUID}", f"https:///{GUID}", f"https://[::1]/{GUID}", f"https://[/{GUID}",
                    f"{host}:99999/{GUID}", f"{host}:/{GUID}", f" "
                                                               f"{host}/{GUID}", f"{host}/{GUID}\n", f"https://login.micro\tsoft.com/{GUID}"):
            with self.subTest(url):
                self.assertFalse(is_authority(url))
                with self.assertRaises(ValueError):
                    App(url, GUID, "secret")

    def test_an_app_does_not_show_its_credential(self):
        self.assertNotIn("swordfish", repr(App(f"https://login.microsoftonline.com/{GUID}", GUID, "swordfish")))
