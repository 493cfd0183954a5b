"""Bases of the tests of who wrote a message that came in, and whom it goes to."""

from itertools import count

from odoo.tests import TransactionCase, new_test_user

from .common import BRANT, CUSTOMER, ERP, Office365Mixin

OWN = "brant@private.example"
number = count()


class AuthorMixin:
    """What the flow tests and the gateway tests look at."""

    def partners_with(self, address):
        """Return the partners that hold the address as their e-mail, archived ones, too."""
        return self.env["res.partner"].with_context(active_test=False).search([("email_normalized", "=", address)])

    def message_of(self, subject):
        message = self.env["mail.message"].search([("subject", "=", subject)])
        self.assertEqual(len(message), 1)
        return message


class GatewayCase(AuthorMixin, TransactionCase):
    """The gateway is given the messages directly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alias_domain = cls.env["mail.alias.domain"].search([("name", "=", "contoso.example")]) or (
            cls.env["mail.alias.domain"].create({"name": "contoso.example"}))
        cls.env.company.alias_domain_id = cls.alias_domain
        cls.env["ir.mail_server"].create({
            "name": "Filter", "smtp_host": "localhost", "smtp_user": ERP, "smtp_pass": "x",
            "office365_preset": "submission", "from_filter": "contoso.example,bücher.example"})
        cls.brant = new_test_user(
            cls.env, "o365.brant", name="Brant Wadsworth", email=OWN,
            groups="base.group_user,base.group_partner_manager")
        cls.brant.office365_alias = BRANT
        cls.partner = cls.brant.partner_id
        cls.customer = cls.env["res.partner"].create({"name": "Carla Customer", "email": CUSTOMER})
        cls.deal = cls.env["res.partner"].create({"name": "Deal"})
        cls.Partner, cls.Thread = cls.env["res.partner"], cls.env["mail.thread"]

    def process(self, sender=BRANT, model="res.partner", **values):
        """Give a mail to the gateway, for the deal unless it is routed elsewhere, and return the message it became."""
        subject = f"Gateway {next(number)}"
        raw = Office365Mixin.message(sender=sender, subject=subject, **values)
        self.Thread.message_process(model, raw, thread_id=self.deal.id if model == "res.partner" else None)
        return self.message_of(subject)

    def creator(self, sender=BRANT):
        """Return the user who created the record that a new mail made."""
        message = self.process(sender, model="discuss.channel")  # of mail's own models the one that holds no e-mail
        return self.env["discuss.channel"].browse(message.res_id).create_uid

    def mail_alias(self, contact, record=None):
        """Create a mail alias that takes mail from these contacts only, and return its address."""
        alias = self.env["mail.alias"].create({
            "alias_name": f"deals-{contact}", "alias_domain_id": self.alias_domain.id, "alias_contact": contact,
            "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_force_thread_id": record.id if record else False})
        return alias.alias_full_name
