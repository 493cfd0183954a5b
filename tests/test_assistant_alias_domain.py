"""What the assistant proposes for an alias domain."""

from odoo.tests import BaseCase, tagged

from ..tools.assistant.alias_domain import (
    ALLOWED,
    BOUNCE,
    CATCHALL,
    CONNECTOR,
    DEFAULT_FROM,
    EMPTY,
    NEEDS_CATCH_ALL,
    NEEDS_NO_PERMISSION,
    REACHES,
    filter_with,
    propose,
    uncovered,
)

ERP = "erp@contoso.example"
CORES = {CATCHALL: "catchall", BOUNCE: "bounce", DEFAULT_FROM: "notifications"}


@tagged("post_install", "-at_install")
class TestAliasDomain(BaseCase):

    def test_what_fits_the_mailbox(self):
        table = [
            # title, name, mailbox, preset, present, allowed, taken -> catch-all, default From
            ("core's values", "contoso.example", ERP, "submission", CORES, (), (), ("erp", REACHES), ("erp", NEEDS_NO_PERMISSION)),
            ("a new domain", "contoso.example", ERP, "submission", {}, (), (), ("erp", REACHES), ("erp", NEEDS_NO_PERMISSION)),
            ("in any spelling", "Contoso.example", "ERP@contoso.example", "submission", CORES, (), (),
             ("erp", REACHES), ("erp", NEEDS_NO_PERMISSION)),
            ("a default From that Exchange allows", "contoso.example", ERP, "submission", CORES, {"notifications@contoso.example"}, (),
             ("erp", REACHES), ("notifications", ALLOWED)),
            ("a connector takes any", "contoso.example", ERP, "relay", CORES, (), (), ("erp", REACHES), ("notifications", CONNECTOR)),
            ("High Volume Email sends as its account", "contoso.example", ERP, "hve", CORES, (), (),
             ("erp", REACHES), ("erp", NEEDS_NO_PERMISSION)),
            ("a company with another domain", "fabrikam.example", ERP, "submission", CORES, (), (),
             ("catchall", NEEDS_CATCH_ALL), (ERP, NEEDS_NO_PERMISSION)),
            ("it fits already", "contoso.example", ERP, "submission", {**CORES, DEFAULT_FROM: "erp"}, (), (),
             ("erp", REACHES), ("erp", NEEDS_NO_PERMISSION)),
            ("an alias of a project has the address", "contoso.example", ERP, "submission", CORES, (), {ERP},
             ("catchall", NEEDS_CATCH_ALL), ("erp", NEEDS_NO_PERMISSION)),
            ("bounces go to the mailbox by name", "contoso.example", ERP, "submission", {**CORES, BOUNCE: "erp"}, (), (),
             ("catchall", NEEDS_CATCH_ALL), ("erp", NEEDS_NO_PERMISSION)),
            ("no mailbox yet", "contoso.example", "", "submission", {}, (), (), ("catchall", NEEDS_CATCH_ALL), ("", EMPTY)),
        ]
        for title, name, mailbox, preset, present, allowed, taken, catchall, default_from in table:
            with self.subTest(title):
                found = {each.field: (each.value, each.why) for each in propose(
                    name, mailbox, preset, present=present, allowed=allowed, taken=taken)}
                self.assertEqual((found[CATCHALL], found[DEFAULT_FROM]), (catchall, default_from))
                self.assertEqual(found[BOUNCE], (present.get(BOUNCE) or "bounce", NEEDS_CATCH_ALL))

    def test_the_from_filter_keeps_what_is_there(self):
        table = [
            ("", ["contoso.example"], "", "contoso.example"),
            ("contoso.example", ["contoso.example"], ERP, "contoso.example"),
            ("Contoso.example , a@b.example", ["contoso.example", "fabrikam.example"], "", "Contoso.example,a@b.example,fabrikam.example"),
            ("bücher.example", ["xn--bcher-kva.example"], "", "bücher.example"),
            ("fabrikam.example", ["fabrikam.example"], ERP, f"fabrikam.example,{ERP}"),
            (ERP, [], ERP, ERP),
        ]
        for present, domains, mailbox, expected in table:
            with self.subTest(present=present, domains=domains):
                self.assertEqual(filter_with(present, domains, mailbox), expected)

    def test_what_a_from_filter_does_not_let_pass(self):
        addresses = ["a@contoso.example", "b@fabrikam.example", "c@single.example"]
        self.assertEqual(uncovered("contoso.example, c@single.example", addresses), ["b@fabrikam.example"])
        self.assertEqual(uncovered("", addresses), [])
