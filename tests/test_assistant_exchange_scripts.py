"""Scripts for Exchange Online PowerShell: whatever the values are, they are literals; what is made is looked for first, and undone."""

import re
from dataclasses import fields, replace

from odoo.tests import BaseCase, tagged

from ..const import CLOUDS
from ..tools.assistant import exchange
from ..tools.assistant.exchange import KINDS, MissingValue, Values
from ..tools.assistant.exchange.values import VARIABLES
from .powershell import commands, parse, tokens
from .slow import slow

VALUES = Values(
    domain="contoso.example", mailbox="erp@contoso.example", client_id="00000000-0000-4000-8000-000000000001",
    object_id="00000000-0000-4000-8000-000000000002", addresses=("anna@contoso.example", "brant@contoso.example"),
    senders=("anna@contoso.example",), ip_addresses=("192.0.2.1", "198.51.100.0/30"), certificate_name="*.contoso.example",
    catch_all_domain="odoo.contoso.example", hve_account="hve@contoso.example",
)
ODD = [
    "o'brien@contoso.example", "a'; Remove-Mailbox b; '", "a\u2019; Remove-Mailbox b; \u2018", "\u201a\u201b\u2018\u2019", '"; $(calc) "',
    "$(calc)", "${env:x}", "`n`$x", "#> <#", "# x", "'@", '"@', "@'", "{0}", "}", "} }", "&", "m\u00fcller@\u00fcmlaut.example",
    "\U0001f600", "-Confirm", "*", "a\\", "%TEMP%", "'", "''", "'''",
]
BROKEN_LINES = [
    "a\nRemove-Mailbox b", "a\r\nb", "a\u2028b", "a\u2029b", "a\x00b", "a\x85b", "a\x1ab", "a\tb"]

# What makes or changes something, and what undoes it. None: why nothing does is said beside it.
UNDONE_BY = {
    "mailbox_user": {
        "New-Mailbox": "Remove-Mailbox", "Set-User": "Remove-Mailbox", "Set-CASMailbox": "Set-CASMailbox", "Set-Mailbox": "Set-Mailbox"},
    "app_access": {
        "New-ServicePrincipal": "Remove-ServicePrincipal", "Add-MailboxPermission": "Remove-MailboxPermission"},
    "app_rbac": {
        "New-ServicePrincipal": "Remove-ServicePrincipal", "New-DistributionGroup": "Remove-DistributionGroup",
        "Add-DistributionGroupMember": "Remove-DistributionGroup", "Set-CASMailbox": "Set-CASMailbox",
        "New-ManagementScope": "Remove-ManagementScope", "New-ManagementRoleAssignment": "Remove-ManagementRoleAssignment"},
    "send_as": {"Add-RecipientPermission": "Remove-RecipientPermission"},
    "on_behalf": {"Set-Mailbox": "Set-Mailbox"},
    "connector_ip": {"New-InboundConnector": "Remove-InboundConnector", "Set-InboundConnector": "Remove-InboundConnector"},
    "catch_all_subdomain": {
        "New-TransportRule": "Remove-TransportRule", "Set-TransportRule": "Remove-TransportRule",
        "Set-AcceptedDomain": "Set-AcceptedDomain"},
    "hve": {"New-MailUser": "Remove-MailUser", "Add-HVEAppAccess": "Remove-HVEAppAccess"},
}
UNDONE_BY |= {
    "mailbox_shared": UNDONE_BY["mailbox_user"], "connector_certificate": UNDONE_BY["connector_ip"],
    "catch_all_domain": UNDONE_BY["catch_all_subdomain"] | {
        "New-DynamicDistributionGroup": "Remove-DynamicDistributionGroup",
        "Set-DynamicDistributionGroup": "Remove-DynamicDistributionGroup"},
}
LOOKS = {"Get", "Test"}
SHOWS = {"Select", "Write", "Out", "Format", "Where", "Read", "Connect"}
# Needs no look: it sets two values, to the same ones each time.
SETS_ONLY = {"Set-DynamicDistributionGroup"}


def odd(text):
    """Return values that all are this text."""
    return Values(**{
        field.name: (text, f"{text}2") if isinstance(getattr(VALUES, field.name), tuple) else text
        for field in fields(Values) if field.name != "cloud"})


@tagged("post_install", "-at_install")
class TestScripts(BaseCase):

    def both(self, values=VALUES):
        """Yield each script and each undo."""
        for kind in KINDS:
            for make in (exchange.script, exchange.undo):
                with self.subTest(kind=kind, make=make.__name__):
                    yield kind, make, make(kind, values)

    def test_every_script_is_powershell(self):
        for _kind, _make, text in self.both():
            parse(text)
            self.assertTrue(tokens(text))
            self.assertLessEqual(max(map(len, text.splitlines())), 140)

    @slow
    def test_no_value_becomes_a_command(self):
        shapes = {(kind, make): self.twice(self.shape(text)) for kind, make, text in self.both()}
        for value in ODD + BROKEN_LINES:
            for kind, make, text in self.both(odd(value)):
                self.assertEqual(self.shape(text), shapes[kind, make], value)

    @staticmethod
    def shape(text):
        """Return the tokens of a script but for what its literals hold."""
        return [(token.kind, token.kind == "literal" or token.text) for token in tokens(text)]

    @staticmethod
    def twice(shape):
        """Return the shape with two entries in each list, as odd values have."""
        result, position = [], 0
        while position < len(shape):
            if shape[position:position + 2] == [("operator", "@"), ("operator", "(")] and shape[position + 2][0] == "literal":
                result += [*shape[position:position + 2], ("literal", True), ("literal", True)]
                position += 2
                while shape[position][0] == "literal":
                    position += 1
            else:
                result.append(shape[position])
                position += 1
        return result

    def test_every_value_is_one_literal(self):
        for value in ODD:
            for _kind, _make, text in self.both(odd(value)):
                found = self.assigned(tokens(text))
                self.assertEqual(found, {name: VARIABLES[name](odd(value)) for name in found})
                self.assertIn(value, [text for each in found.values() for text in ([each] if isinstance(each, str) else each)])

    @staticmethod
    def assigned(found):
        """Return what PowerShell finds in each variable of the head: a text, or a tuple of them."""
        values, position = {}, next(index for index, token in enumerate(found) if token.text == "$Environment")
        while found[position].kind == "variable" and found[position + 1].text == "=":
            name, position = found[position].text[1:], position + 2
            if found[position].kind == "literal":
                values[name] = found[position].text
                position += 1
            else:  # @( … )
                position += 2
                values[name] = ()
                while found[position].kind == "literal":
                    values[name] += (found[position].text,)
                    position += 1
                position += 1
        return values

    def test_a_line_break_in_a_value_begins_no_line(self):
        for value in BROKEN_LINES:
            for _kind, _make, text in self.both(odd(value)):
                self.assertFalse(set(text) & set("\r\x00\x85\x1a\t\u2028\u2029"))
                self.assertFalse([line for line in text.splitlines() if line.lstrip().startswith(("Remove-Mailbox b", "b'"))])

    @slow
    def test_5000_addresses_are_data(self):
        addresses = tuple(f"user{number}@contoso.example" for number in range(5000))
        for kind in ("send_as", "on_behalf"):
            for make in (exchange.script, exchange.undo):
                text = make(kind, replace(VALUES, addresses=addresses))
                literals = [token.text for token in tokens(text) if token.kind == "literal"]
                self.assertEqual([literal for literal in literals if literal in set(addresses)], list(addresses))
                self.assertLess(len(commands(parse(text))), 20)

    def test_nothing_is_made_without_a_look(self):
        for _kind, make, text in self.both():
            for verb, noun, node in commands(parse(text)):
                if verb in LOOKS | SHOWS or f"{verb}-{noun}" in SETS_ONLY or make is exchange.undo and verb == "Set":
                    continue
                self.assertTrue(self.looked_before(node), f"{verb}-{noun}")

    def looked_before(self, node):
        """Tell whether a command is in an `if` that looks, or that is about what was looked up."""
        while node := node.parent:
            if node.type == "if_statement" and (b"Get-" in node.text or b"$" in node.text):
                return True
            if node.type == "foreach_statement" and b"GrantSendOnBehalfTo @{Remove" in node.text:
                return True  # takes what is not there without complaint
        return False

    def test_what_is_made_is_undone(self):
        self.assertEqual(UNDONE_BY.keys(), KINDS.keys())
        for kind, undone in UNDONE_BY.items():
            with self.subTest(kind=kind):
                self.assertEqual(self.changes(exchange.script(kind, VALUES)), undone.keys())
                self.assertLessEqual(set(undone.values()), self.changes(exchange.undo(kind, VALUES)))

    @staticmethod
    def changes(text):
        """Return the commands of a script that make or change something."""
        return {f"{verb}-{noun}" for verb, noun, _node in commands(parse(text)) if verb not in LOOKS | SHOWS}

    def test_what_holds_mail_is_removed_only_after_a_question(self):
        for kind, make, text in self.both():
            for line in text.splitlines():
                if "Remove-Mail" in line and "Remove-MailboxPermission" not in line:
                    self.assertIn("-Confirm:$true", line, (kind, make))

    def test_a_domain_takes_unknown_addresses_only_while_the_rule_is_there(self):
        for kind in ("catch_all_subdomain", "catch_all_domain"):
            made, back = exchange.script(kind, VALUES), exchange.undo(kind, VALUES)
            self.assertLess(made.index("New-TransportRule"), made.index("Set-AcceptedDomain"))
            self.assertLess(back.index("Set-AcceptedDomain"), back.index("Remove-TransportRule"))

    def test_a_rule_without_exception_is_never_for_a_domain_of_people(self):
        made = exchange.script("catch_all_subdomain", VALUES)
        self.assertLess(made.index("if ($Taken) {"), made.index("New-TransportRule"))

    def test_a_rule_waits_for_the_members_of_its_exception(self):
        made = exchange.script("catch_all_domain", VALUES)
        self.assertLess(made.index("Get-DynamicDistributionGroupMember"), made.index("return"))
        self.assertLess(made.index("return"), made.index("New-TransportRule"))

    def test_no_script_without_what_it_is_about(self):
        table = [
            ("mailbox_user", "mailbox", "Mailbox"), ("app_access", "client_id", "ClientId"), ("send_as", "addresses", "Addresses"),
            ("connector_ip", "ip_addresses", "IPAddresses"), ("connector_certificate", "certificate_name", "CertificateName"),
            ("catch_all_domain", "catch_all_domain", "CatchAllDomain"), ("hve", "hve_account", "HveAccount"),
            ("send_as", "domain", "Domain"),
        ]
        for kind, field, variable in table:
            with self.subTest(kind=kind, field=field), self.assertRaises(MissingValue) as caught:
                exchange.script(kind, replace(VALUES, **{field: type(getattr(VALUES, field))()}))
            self.assertEqual(caught.exception.variable, variable)
        self.assertIn("Read-Host", exchange.script("app_access", replace(VALUES, object_id="")))

    def test_every_cloud_has_its_name(self):
        self.assertEqual({cloud: exchange.environment(cloud) for cloud in CLOUDS}, {
            "global": "O365Default", "gcc_high": "O365USGovGCCHigh", "dod": "O365USGovDoD", "china": "O365China"})
        self.assertIn("$Environment = 'O365China'", exchange.script("send_as", replace(VALUES, cloud="china")))

    def test_windows_reads_the_file(self):
        data = exchange.as_file(exchange.script("send_as", replace(VALUES, addresses=("m\u00fcller@contoso.example",))))
        self.assertTrue(data.startswith(b"\xef\xbb\xbf# "))
        self.assertIn("'m\u00fcller@contoso.example'\r\n".encode(), data)
        self.assertEqual(data.count(b"\n"), data.count(b"\r\n"))

    def test_the_file_has_a_name_that_every_system_takes(self):
        table = [
            ("send_as", "contoso.example", False, "odoo-send-as-contoso.example.ps1"),
            ("catch_all_domain", "contoso.example", True, "odoo-undo-catch-all-domain-contoso.example.ps1"),
            ("hve", "../../\u00fc \"x", False, "odoo-hve-x.ps1"), ("hve", "", False, "odoo-hve.ps1"),
        ]
        for kind, domain, is_undo, name in table:
            with self.subTest(name=name):
                self.assertEqual(exchange.file_name(kind, domain, is_undo=is_undo), name)

    def test_addresses_are_sorted_out(self):
        found = exchange.listed(
            ["Brant@Contoso.example", "brant@contoso.example", "anna@contoso.example", "erp@contoso.example", "x@fabrikam.example",
             "x@odoo.contoso.example", "*@contoso.example", "a b", "", "y@notcontoso.example"],
            {"contoso.example"}, "ERP@contoso.example")
        self.assertEqual(found.kept, ("anna@contoso.example", "brant@contoso.example", "x@odoo.contoso.example"))
        self.assertEqual(found.foreign, ("x@fabrikam.example", "y@notcontoso.example"))
        self.assertEqual(found.malformed, ("", "*@contoso.example", "a b"))

    def test_ip_addresses_are_those_that_a_connector_takes(self):
        self.assertEqual(exchange.ip_ranges("192.0.2.1, 8.8.8.0/24;192.0.2.1\n1.2.3.4/32 "), ("192.0.2.1", "8.8.8.0/24", "1.2.3.4"))
        self.assertEqual(exchange.ip_ranges(""), ())
        for text in (
                "10.0.0.1", "192.168.1.0/24", "127.0.0.1", "8.8.0.0/16", "8.8.8.8/24", "2001:db8::1", "erp.contoso.example", "1.2.3", "'"):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, f"^{re.escape(text)}$"):
                exchange.ip_ranges(f"1.2.3.4 {text}")
