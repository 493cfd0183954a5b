import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.author import from_address


def author(*values):
    head = "".join(f"From: {value}\r\n" for value in values)
    return from_address(email.message_from_bytes(f"{head}\r\nHello\r\n".encode("utf-8", "surrogateescape"), policy=email.policy.SMTP))


@tagged("post_install", "-at_install")
class TestAuthor(BaseCase):

    def test_the_address_is_the_one_in_the_brackets(self):
        x, chief = "x@fabrikam.example", "chief@contoso.example"
        table = {
            "plain": (f"Ana <{x}>", "Ana"), "bare": (x, ""), "brackets alone": (f"<{x}>", ""), "bare with a comment": (f"{x} (Ana)", "Ana"),
            "an address as the name": (f"{chief} <{x}>", chief), "quoted": (f'"{chief}" <{x}>', chief),
            "an address with a name as the name": (f'"Chief <{chief}>" <{x}>', f"Chief <{chief}>"),
            "an encoded address": (f"=?utf-8?Q?chief=40contoso.example?= <{x}>", chief),
            "encoded brackets": (f"=?utf-8?B?Q2hpZWYgPGNoaWVmQGNvbnRvc28uZXhhbXBsZT4=?= <{x}>", f"Chief <{chief}>"),
            "encoded brackets and a comma": (f"=?utf-8?Q?=3Cchief=40contoso.example=3E=2C?= <{x}>", f"<{chief}>,"),
            "an address in a comment": (f"{x} (Chief <{chief}>)", f"Chief <{chief}>"), "a comment before": (f"({chief}) <{x}>", ""),
            "a nested comment": (f"Ana (a (b <{chief}>) c) <{x}>", "Ana"), "a comment behind": (f"Ana <{x}> (<{chief}>)", "Ana"),
            "a comma in quotes": (f'"Doe, Ana" <{x}>', "Doe, Ana"), "a comma without": (f"Doe, Ana <{x}>", "Doe, Ana"),
            "an escaped quote": (f'"A \\"<{chief}>" <{x}>', f'A "<{chief}>'), "folded": (f'"{chief}"\r\n <{x}>', chief),
            "an encoded name in two words": (f"=?utf-8?Q?J=C3=B6?= =?utf-8?Q?rg?= <{x}>", "Jörg"), "latin-1": (f"J\udcf6rg <{x}>", "Jörg"),
            "a charset that nobody knows": (f"=?x-none?Q?J=F6rg?= <{x}>", "Jörg"),
            "a NUL in the charset": (f"=?a\0b?Q?J=F6rg?= <{x}>", "Jörg"),
        }
        for name, (value, shown) in table.items():
            with self.subTest(name):
                self.assertEqual(author(value), (shown, x))

    def test_nobody_is_the_author_if_it_is_not_certain(self):
        x, chief = "x@fabrikam.example", "chief@contoso.example"
        table = {
            "two mailboxes": [f"Ana <{x}>, Chief <{chief}>"], "two addresses": [f"{chief}, {x}"],
            "two without a comma": [f"<{chief}> <{x}>"],
            "one bare, one in brackets": [f"{chief}, Ana <{x}>"], "one quoted, one in brackets": [f'"{chief}", Ana <{x}>'],
            "the second bare": [f"Ana <{x}>, {chief}"], "text behind": [f"<{x}> {chief}"], "quoted text behind": [f'<{x}> "{chief}"'],
            "two bare without a comma": [f"{chief} {x}"], "a name without brackets": [f"Ana {x}"],
            "a semicolon in the name": [f"Doe; Ana <{x}>"], "a comma and no brackets": [f'"Doe", {x}'],
            "two headers": [x, chief], "the same twice": [x, x], "none": [], "empty": [""], "a name": ["Ana"], "empty brackets": ["Ana <>"],
            "a group": [f"Team: {x};"], "a group in front": [f"Team:; {x}"], "a semicolon": [f"Ana <{x}>;"],
            "all of it encoded": ["=?utf-8?Q?Chief_=3Cchief=40contoso.example=3E?="],
            "an encoded local part": ["=?utf-8?Q?chief?=@contoso.example"],
            "an encoded address in brackets": ["Chief <=?utf-8?Q?chief=40contoso.example?=>"],
            "a quoted local part": ['"chief@contoso.example"@fabrikam.example'],
            "a quoted local part in brackets": [f'<"{chief}"@fabrikam.example>'], "a route": [f"<@relay.example:{x}>"],
            "two at": ["<chief@contoso.example@fabrikam.example>"],
            "brackets in brackets": [f"<<{chief}>{x}>"], "not closed": [f"Ana <{x}"], "a quote not closed": [f'"{chief} <{x}>'],
            "a comment not closed": [f"({chief} <{x}>"],
            "a comment in the address": ["chief(@contoso.example)@fabrikam.example"], "a space in it": ["<ch ief@contoso.example>"],
            "a hidden character": ["<chief\u200b@contoso.example>"], "a NUL": ["<chief\0@contoso.example>"],
            "another direction": ["<chief\u202e@contoso.example>"],
            "an address literal": ["<x@[192.0.2.1]>"], "too long": [f"<{'x' * 320}@fabrikam.example>"],
            "a name too long": [f"{'x' * 4000} <{x}>"],
        }
        for name, values in table.items():
            with self.subTest(name):
                self.assertIsNone(author(*values))
