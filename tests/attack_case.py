"""Base of the tests in which somebody tries to send as somebody else. Exchange would let the mailbox send as all of them."""

from odoo.tests import new_test_user

from .common import BRANT, CUSTOMER, ERP, INFO
from .sender_case import SenderCase

CEO = "ceo@contoso.example"
PASS = ("spf=pass (sender IP is 192.0.2.25) smtp.mailfrom=contoso.example; dkim=pass (signature was verified) "
        "header.d=contoso.example;dmarc=pass action=none header.from=contoso.example;compauth=pass reason=100")
FAIL = PASS.replace("=pass", "=fail")


class AttackCase(SenderCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ceo = new_test_user(cls.env, "o365.ceo", name="Clara Chief", email=CEO, groups="base.group_user")
        cls.editor = new_test_user(
            cls.env, "o365.editor", name="Edda", email="edda@private.example",
            groups="base.group_user,base.group_partner_manager,mail.group_mail_template_editor")
        cls.administrator = new_test_user(
            cls.env, "o365.admin", name="Ada", email="ada@private.example", groups="base.group_system,base.group_partner_manager")
        cls.record.user_id = cls.ceo

    def setUp(self):
        super().setUp()
        self.grant_send_as(CEO, BRANT, INFO, "payroll@contoso.example", "noreply@contoso.example")
        self.server = self.outgoing(from_filter="contoso.example", office365_rate_limit=0)

    def left_as(self, *, to=CUSTOMER):
        """Return the addresses of From of what left for somebody."""
        return [sent.from_address for sent in self.servers.accepted if to in sent.recipients]

    def assertAsMailbox(self, reason="other_author"):  # noqa: N802
        sent = self.sent()
        self.assertEqual((sent.from_address, sent.envelope_from, sent.login), (ERP, ERP, ERP))
        self.assertNotIn(CEO, str(sent.message["From"]))
        self.assertEqual(self.delivery().sender_reason, reason)

    def template(self, user, email_from="{{ object.user_id.email_formatted }}", **values):
        """Make a template as a user does."""
        return self.env["mail.template"].with_user(user).create({
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer",
            "email_from": email_from, "email_to": CUSTOMER, "body_html": "<p>Hi</p>", **values})
