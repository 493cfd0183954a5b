from odoo.tests import BaseCase, tagged

from ..tools.servers.powershell import grant_line, quote

ERP = "erp@contoso.example"


@tagged("post_install", "-at_install")
class TestPowerShell(BaseCase):

    def test_a_literal_holds_any_text(self):
        table = [
            ("brant@contoso.example", "'brant@contoso.example'"),
            ("o'brien@contoso.example", "'o''brien@contoso.example'"),
            ("$(calc)`$x\"@contoso.example", "'$(calc)`$x\"@contoso.example'"),  # nothing is expanded in single quotes
            ("a'; Remove-Mailbox b; '", "'a''; Remove-Mailbox b; '''"),
            ("a\u2019; Remove-Mailbox b; \u2018\u201a\u201b", "'a\u2019\u2019; Remove-Mailbox b; \u2018\u2018\u201a\u201a\u201b\u201b'"),
            ("two\r\nlines\x00", "'twolines'"),
            ("", "''"),
        ]
        for text, literal in table:
            with self.subTest(text=text):
                self.assertEqual(quote(text), literal)

    def test_the_line_that_grants_the_permission(self):
        table = [
            ("send_as", ["a@c.example"],
             "Add-RecipientPermission 'a@c.example' -Trustee 'erp@contoso.example' -AccessRights SendAs -Confirm:$false"),
            ("send_as", ["a@c.example", "o'b@c.example"],
             "'a@c.example','o''b@c.example' | ForEach-Object { "
             "Add-RecipientPermission $_ -Trustee 'erp@contoso.example' -AccessRights SendAs -Confirm:$false }"),
            ("on_behalf", ["{}@c.example"], "Set-Mailbox '{}@c.example' -GrantSendOnBehalfTo @{Add='erp@contoso.example'}"),
            ("on_behalf", ["a@c.example", "b@c.example"],
             "'a@c.example','b@c.example' | ForEach-Object { Set-Mailbox $_ -GrantSendOnBehalfTo @{Add='erp@contoso.example'} }"),
            ("mailbox", ["a@c.example"], ""),
            ("as_sender", ["a@c.example"], ""),
            ("send_as", [], ""),
        ]
        for mode, addresses, line in table:
            with self.subTest(mode=mode, addresses=addresses):
                self.assertEqual(grant_line(mode, ERP, addresses), line)
