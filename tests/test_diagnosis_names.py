"""Each cause has a name and a remedy, and remedies are filled with values that mean nothing to PowerShell."""

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import RECIPIENT, SENDER, SERVER, TOPIC_OF
from ..tools.diagnosis.names import NAMES
from ..tools.diagnosis.reader import CAUSES, diagnose
from ..tools.servers.remedies import commands, filled, told, values_for

ERP, BRANT, CUSTOMER = "erp@contoso.example", "brant.wadsworth@contoso.example", "customer@fabrikam.example"


@tagged("post_install", "-at_install")
class TestNames(BaseCase):

    def test_every_cause_has_a_name_of_its_own_and_a_remedy(self):
        self.assertEqual(list(NAMES), list(TOPIC_OF))
        self.assertEqual(len(set(NAMES.values())), len(NAMES))
        self.assertEqual({cause.slug for cause in CAUSES} | {"unknown"}, set(NAMES))
        self.assertFalse([cause.slug for cause in CAUSES if not cause.remedy.strip()])

    def test_a_remedy_names_the_mailbox_and_the_address_that_was_refused(self):
        diagnosis = diagnose("554 5.2.252 SendAsDenied; not allowed to send as", protocol="smtp")
        values = values_for(SENDER, mailbox=ERP, sender=BRANT, recipient=CUSTOMER)
        line = f"Add-RecipientPermission {BRANT} -Trustee {ERP} -AccessRights SendAs -Confirm:$false"
        self.assertIn(line, told(diagnosis, str, values))
        self.assertEqual(commands(diagnosis, values), [line])

    def test_the_address_is_the_recipients_where_the_remedy_is_about_that(self):
        self.assertEqual(values_for(RECIPIENT, mailbox=ERP, sender=BRANT, recipient=CUSTOMER)["address"], CUSTOMER)
        self.assertEqual(values_for(RECIPIENT, mailbox=ERP, sender=BRANT, recipient=CUSTOMER)["domain"], "fabrikam.example")
        self.assertEqual(values_for(SERVER, mailbox=ERP, sender="x@other.example")["domain"], "contoso.example")
        self.assertEqual(values_for("", mailbox="", client_id="4711")["client id"], "4711")

    def test_what_is_not_known_stays_a_placeholder(self):
        self.assertEqual(filled("Set-X -Identity <policy> <mailbox>", {"mailbox": ""}), "Set-X -Identity <policy> <mailbox>")

    def test_no_address_means_anything_to_powershell(self):
        for address, plain, inside in (
                (ERP, ERP, f"'{ERP}'"),
                ("o'brien@contoso.example", "'o''brien@contoso.example'", "'o''brien@contoso.example'"),
                ("$(calc)@contoso.example", "'$(calc)@contoso.example'", "'$(calc)@contoso.example'"),
                ("a;calc@contoso.example", "'a;calc@contoso.example'", "'a;calc@contoso.example'"),
                ("-Force", "'-Force'", "'-Force'"),
                ("a\n<mailbox>", "'a<mailbox>'", "'a<mailbox>'")):
            with self.subTest(address=address):
                self.assertEqual(filled("<address>", {"address": address, "mailbox": ERP}), plain)
                self.assertEqual(filled("@{Add='<address>'}", {"address": address, "mailbox": ERP}), f"@{{Add={inside}}}")

    def test_every_command_with_parameters_is_found_whole(self):
        found = {line for cause in CAUSES for line in commands(_of(cause), {})}
        for line in (
                "Set-CASMailbox -Identity <mailbox> -SmtpClientAuthenticationDisabled $false",
                "Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs",
                "Add-MailboxPermission -Identity <mailbox> -User <service principal> -AccessRights FullAccess",
                "Set-InboundConnector -Identity <connector> -SenderIPAddresses @{Add='<public address of Odoo>'}",
                "Set-DistributionGroup -Identity <address> -AcceptMessagesOnlyFromSendersOrMembers @{Add='<mailbox>'}",
                "Set-DistributionGroup -Identity <address> -RequireSenderAuthenticationEnabled $false",
                "Set-Mailbox -Identity <mailbox> -MaxSendSize 150MB",
                "New-MgServicePrincipal -AppId <client id>",
                "Get-MailboxStatistics <mailbox>",
                "Set-AuthenticationPolicy -Identity <policy> -AllowBasicAuthSmtp:$true"):
            self.assertIn(line, found)
        # A placeholder in a command that is not copied with it would be filled in the text and not in the line.
        for line in found:
            self.assertNotRegex(line, r"[ ,;.]$|\bfor\b|\bthen\b")


def _of(cause):
    from ..tools.diagnosis.reader import Diagnosis
    return Diagnosis(cause.slug, False, None, cause.remedy, "", template=cause.remedy)
