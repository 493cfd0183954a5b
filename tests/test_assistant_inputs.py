from odoo.tests import BaseCase

from ..const import CLOUDS, ENTRA_CLOUDS, portal_page
from ..tools.assistant import inputs

DIRECTORY, CLIENT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"


class TestInputs(BaseCase):

    def table(self, function, rows):
        for *values, expected in rows:
            with self.subTest(function=function.__name__, values=values):
                self.assertEqual(function(*values), expected)

    def test_what_is_meant_one_way_only_is_tidied(self):
        self.table(inputs.tidy_domain, [
            (" contoso.com ", "contoso.com"), ("https://Contoso.com/", "contoso.com"), ("@contoso.com", "contoso.com"),
            ("erp@contoso.com", "contoso.com"), ("http://contoso.com/mail?x", "contoso.com"), ("contoso.com.", "contoso.com"),
            ("mailto:erp@contoso.com", "contoso.com"), ("", ""), ("contoso", "contoso"), ("https://", ""),
        ])
        self.table(inputs.tidy_mailbox, [
            (" ERP@contoso.com\n", "erp@contoso.com"), ("ERP <erp@contoso.com>", "erp@contoso.com"),
            ("mailto:erp@contoso.com", "erp@contoso.com"),
            ("a@b.com, c@b.com", "a@b.com, c@b.com"), ("erp", "erp"), ("", ""), ("erp @contoso.com", "erp @contoso.com"),
        ])
        self.table(inputs.tidy_id, [(f" {{{DIRECTORY.upper()}}} ", DIRECTORY), (f'"{CLIENT}"', CLIENT), ("", "")])

    def test_a_domain_is_a_domain_of_an_organization(self):
        self.table(inputs.domain_problem, [
            ("", ""), ("contoso.com", ""), ("mail.contoso.com", ""), ("müller.de", ""),
            ("xn--mller-kva.de", ""), ("contoso.onmicrosoft.com", ""),
            ("contoso", "malformed"), ("con toso.com", "malformed"), ("192.0.2.1", "malformed"), ("contoso..com", "malformed"),
            ("con'toso.com", "malformed"), ("outlook.com", "of_persons"), ("gmail.com", "of_persons"),
        ])

    def test_a_mailbox_is_one_address_most_likely_of_the_domain(self):
        self.table(inputs.mailbox_problem, [
            ("", "contoso.com", ""), ("erp@contoso.com", "contoso.com", ""), ("erp@contoso.com", "", ""),
            ("erp@Contoso.com", "contoso.com", ""),
            ("erp@mail.contoso.com", "contoso.com", ""), ("erp@contoso.onmicrosoft.com", "contoso.com", ""),
            ("erp@müller.de", "xn--mller-kva.de", ""),
            ("erp@fabrikam.com", "contoso.com", "other_domain"), ("erp@notcontoso.com", "contoso.com", "other_domain"),
            ("erp", "contoso.com", "malformed"), ("erp@", "contoso.com", "malformed"), ("erp @contoso.com", "contoso.com", "malformed"),
            ("erp@192.0.2.1", "contoso.com", "malformed"), ("a@contoso.com, b@contoso.com", "contoso.com", "several"),
            ("a@contoso.com\r\nBcc: b@contoso.com", "contoso.com", "malformed"),
        ])

    def test_an_id_is_the_right_one(self):
        self.table(inputs.directory_problem, [
            ("", ""), (DIRECTORY, ""), ("contoso.onmicrosoft.com", ""), ("common", "common"), ("organizations", "common"),
            ("contoso", "malformed"),            (DIRECTORY[:-1], "malformed"),
        ])
        self.table(inputs.client_problem, [
            ("", DIRECTORY, ""), (CLIENT, DIRECTORY, ""), (CLIENT, "", ""), (DIRECTORY, DIRECTORY, "is_directory"),
            ("x", DIRECTORY, "malformed"),
            ("contoso.com", "", "malformed"),
        ])

    def test_a_secret_id_is_not_taken_for_the_secret(self):
        self.table(inputs.secret_problem, [("", ""), (f" {CLIENT} ", "is_id"), ("abc~8Q-value", "")])

    def test_each_cloud_has_its_own_portal(self):
        for cloud in CLOUDS:
            host = ENTRA_CLOUDS[cloud].portal.split("#")[0]
            with self.subTest(cloud=cloud):
                of_app = rf"^{host}#view/\w+/ApplicationMenuBlade/~/\w+/appId/{CLIENT}/isMSAApp~/false$"
                for page in ("overview", "authentication", "credentials", "permissions"):
                    self.assertRegex(portal_page(cloud, page, CLIENT), of_app)
                self.assertRegex(portal_page(cloud, "new", ""), rf"^{host}#view/\w+/CreateApplicationBlade/")
                for page, client in (("credentials", ""), ("elsewhere", CLIENT), (None, CLIENT)):
                    self.assertEqual(portal_page(cloud, page, client), ENTRA_CLOUDS[cloud].portal)
