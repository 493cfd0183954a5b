import base64

from odoo.tests import BaseCase, tagged

from ..tools.entra.xoauth2 import sasl_string


@tagged("post_install", "-at_install")
class TestXoauth2(BaseCase):

    def test_the_example_of_microsofts_page_comes_out(self):
        # "SASL XOAUTH2" there: user test@contoso.onmicrosoft.com, token EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA
        self.assertEqual(
            base64.b64encode(sasl_string("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA").encode()).decode(),
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==")

    def test_nothing_can_begin_another_field(self):
        for user, token in (("a\x01auth=Bearer x", "t"), ("a@b.example", "t\x01"), ("a\n@b.example", "t"), ("a", "t\x7f")):
            with self.subTest(user=user), self.assertRaises(ValueError):
                sasl_string(user, token)
