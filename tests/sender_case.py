"""Base of the tests of who a mail comes from, over real sockets."""

from odoo.tests import new_test_user

from .common import BRANT, CUSTOMER, Office365Case

NOTIFICATIONS = "notifications@contoso.example"


class SenderCase(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mallory = new_test_user(
            cls.env, "o365.mallory", name="Mallory", email="mallory@private.example",
            groups="base.group_user,base.group_partner_manager")
        cls.portal = new_test_user(cls.env, "o365.portal", name="Paula", email="paula@private.example", groups="base.group_portal")
        cls.record = cls.env["res.partner"].create({"name": "Deal", "user_id": cls.brant.id, "email": CUSTOMER})

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)
        self.allow_send_as(NOTIFICATIONS)

    def post(self, user, **values):
        """Post on the record as a user, to the customer."""
        return self.record.with_user(user).message_post(**{
            "body": "Hello", "message_type": "comment", "subtype_xmlid": "mail.mt_comment",
            "partner_ids": self.customer.ids, **values})

    def delivery(self):
        """Return the record of what left for outside."""
        return self.env["office365.delivery"].search([("message_id", "=", self.sent().message_id)], limit=1)
