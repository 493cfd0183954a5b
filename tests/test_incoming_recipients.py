import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.recipients import HEADERS, named

OWN = ["contoso.example", "Bücher.example"]


def found(head):
    return named(email.message_from_bytes(f"{head}\r\n\r\nHello\r\n".encode("utf-8", "surrogateescape"), policy=email.policy.SMTP), OWN)


@tagged("post_install", "-at_install")
class TestRecipients(BaseCase):

    def test_the_headers_are_read_in_their_order_whatever_stands_first(self):
        head = "\r\n".join(f"{name}: a{number}@contoso.example" for number, name in reversed(list(enumerate(HEADERS))))
        self.assertEqual(found(head), [(name, [f"a{number}@contoso.example"]) for number, name in enumerate(HEADERS)])
        self.assertEqual(HEADERS[:5], ("To", "Cc", "Resent-To", "Resent-Cc", "Resent-From"))

    def test_an_address_is_named_once_at_its_first_place(self):
        head = ("Delivered-To: B@contoso.example\r\nTo: b@contoso.example, a@contoso.example, A@Contoso.Example\r\n"
                "Cc: a@contoso.example, c@contoso.example")
        self.assertEqual(found(head), [("To", ["b@contoso.example", "a@contoso.example"]), ("Cc", ["c@contoso.example"])])

    def test_all_instances_of_a_header_are_read(self):
        head = ("X-MS-Exchange-Inbox-Rules-Loop: a@contoso.example\r\nTo: x@fabrikam.example\r\n"
                "X-MS-Exchange-Inbox-Rules-Loop: b@contoso.example")
        self.assertEqual(found(head), [("X-MS-Exchange-Inbox-Rules-Loop", ["a@contoso.example", "b@contoso.example"])])

    def test_addresses_survive_what_stands_around_them(self):
        a, b = "a@contoso.example", "b@contoso.example"
        table = {
            "bare": (a, [a]), "brackets": (f"<{a}>", [a]), "a name": (f"Sales <{a}>", [a]),
            "quoted comma": (f'"Sales, EU" <{a}>, {b}', [a, b]),
            "apostrophes": (f"'{a}'", [a]), "apostrophe in it": ("o'neil@contoso.example", ["o'neil@contoso.example"]),
            "empty group": (f"undisclosed-recipients:;, {a}", [a]),
            "group and comment": (f"unlisted-recipients:; (no To on input), {a}", [a]),
            "members": (f"Team: Ana <{a}>, {b};", [a, b]), "quoted group": (f'"The: Team": {a}; , {b}', [a, b]),
            "comment": (f"{a} (ask (only) her), {b}", [a, b]), "comment before": (f"(x) {a}", [a]),
            "escaped quote": (f'"A \\" B" <{a}>', [a]),
            "encoded name": (f"=?utf-8?Q?Verk=C3=A4ufe=2C_EU?= <{a}>", [a]), "semicolons": (f"{a}; {b}", [a, b]),
            "folded": (f"Ana\r\n <{a}>,\r\n\t{b}", [a, b]),
            "quote not closed": (f'"Sales <{a}>, {b}', [a, b]), "comment not closed": (f"(Sales <{a}>, {b}", [a, b]),
            "bracket not closed": (f"Sales <{a}", [a]),
            "no comma": (f"<{a}> <{b}>", [a, b]), "spaces only": (f"{a} {b}", [a, b]), "capitals": ("A@CONTOSO.EXAMPLE", [a]),
            "raw name": (f"Verkäufe <{a}>", [a]), "latin-1 name": (f"Verk\udce4ufe <{a}>", [a]), "empty elements": (f", ,{a},,", [a]),
            "IDN": ("a@bücher.example", ["a@bücher.example"]), "IDN in ASCII": ("a@xn--bcher-kva.example", ["a@bücher.example"]),
        }
        for name, (value, expected) in table.items():
            with self.subTest(name):
                self.assertEqual(found(f"To: {value}"), [("To", expected)])

    def test_what_is_no_address_of_ours_does_not_count(self):
        table = {
            "as a name": "a@contoso.example <x@fabrikam.example>", "as a quoted name": '"a@contoso.example" <x@fabrikam.example>',
            "as an encoded name": "=?utf-8?Q?a=40contoso.example?= <x@fabrikam.example>",
            "as an encoded text": "=?utf-8?Q?a=40contoso.example?=",
            "encoded brackets": "=?utf-8?Q?=3Ca=40contoso.example=3E?= <x@fabrikam.example>", "quoted": '"a@contoso.example"',
            "in a comment": "x@fabrikam.example (a@contoso.example)", "in a nested comment": "x@fabrikam.example ((<a@contoso.example>))",
            "quoted brackets": '"<a@contoso.example>" <x@fabrikam.example>',
            "the name of a group": "a@contoso.example: x@fabrikam.example;",
            "a subdomain": "a@mail.contoso.example", "a longer domain": "a@contoso.example.fabrikam.example",
            "ends alike": "a@xcontoso.example",
            "no local part": "@contoso.example", "two at": "a@b@contoso.example", "quoted local part": '"a b"@contoso.example',
            "hidden": "a\u200b@contoso.example",
            "empty group": "undisclosed-recipients:;", "nothing": "", "foreign": "x@fabrikam.example",
            "encoded local part": "=?utf-8?Q?a?=@contoso.example",
        }
        for name, value in table.items():
            with self.subTest(name):
                self.assertEqual(found(f"To: {value}"), [])

    def test_who_is_in_other_headers_is_not_named(self):
        head = "From: a@contoso.example\r\nReply-To: b@contoso.example\r\nBcc: c@contoso.example\r\nSubject: d@contoso.example"
        self.assertEqual(found(head), [])
