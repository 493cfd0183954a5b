from odoo.tests import BaseCase

from ..tools.outgoing.route import Route, alike

SOMEBODY = "somebody@other.example"


class TestRoute(BaseCase):

    def test_a_route_is_read_as_it_is_written(self):
        table = [
            (Route(7), "7"),
            (Route(0, 3, SOMEBODY), f"0/3/{SOMEBODY}"),
            (Route(0, 0, SOMEBODY), f"0/0/{SOMEBODY}"),
            (Route(0, 3, "a/b@other.example"), "0/3/a/b@other.example"),
            (Route(), "0/0/"),
        ]
        for route, text in table:
            with self.subTest(text):
                self.assertEqual(route.text, text)
                self.assertEqual(Route.parse(text), route)

    def test_of_a_mail_that_names_its_server_nothing_else_counts(self):
        self.assertEqual(Route(7, 3, SOMEBODY).text, "7")

    def test_what_an_index_can_not_hold_is_not_noted(self):
        for length, noted in ((320, True), (321, False)):
            with self.subTest(length=length):
                self.assertEqual(Route(0, 3, "x" * length).text is not None, noted)
        self.assertIsNone(Route(0, 3, "x" * 3000 + "@other.example").text)
        self.assertEqual(Route(7, 3, "x" * 3000).text, "7")

    def test_senders_between_whom_no_filter_tells_a_difference_are_alike(self):
        named = {"chief@contoso.example"}
        table = [
            (("a@contoso.example", None), ("b@contoso.example", None), True),
            (("a@contoso.example", None), ("a@other.example", None), False),
            (("a@contoso.example", None), ("chief@contoso.example", None), False),
            (("a@private.example", "a@contoso.example"), ("b@private.example", "b@contoso.example"), True),
            (("a@private.example", "a@contoso.example"), ("b@private.example", None), False),
            (("a@private.example", "a@contoso.example"), ("b@private.example", "chief@contoso.example"), False),
            (("", None), ("a@contoso.example", None), False),
        ]
        for one, other, are_alike in table:
            with self.subTest(one=one, other=other):
                self.assertEqual(alike(*one, named) == alike(*other, named), are_alike)
