from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.tests import tagged

from .attack_case import PASS
from .author_case import OWN, AuthorMixin, GatewayCase
from .common import BRANT, CUSTOMER, Office365Case, Office365Mixin


@tagged("post_install", "-at_install")
class TestIncomingAuthorFlow(AuthorMixin, Office365Case):
    """Messages lie in a mailbox of Dovecot and are fetched by our incoming server."""

    def deal_with_customer(self):
        """Return a record with a message that Brant posted and the customer got."""
        deal = self.env["res.partner"].create({"name": "Deal"})
        deal.message_subscribe(self.customer.ids)
        posted = deal.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.assertEqual(self.sent().recipients, [CUSTOMER])
        self.assertIn(self.brant.partner_id, deal.message_partner_ids)
        return deal, posted

    def test_an_answer_from_the_alias_is_the_users_and_goes_on_as_the_alias(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        deal, posted = self.deal_with_customer()
        self.servers.reset()
        self.deliver_and_fetch(self.message(
            sender=f"Brant <{BRANT}>", to="catchall@contoso.example", subject="Answer", In_Reply_To=posted.message_id,
            Authentication_Results=PASS))
        message = self.message_of("Answer")
        self.assertRecordValues(message, [{
            "author_id": self.brant.partner_id.id, "model": "res.partner", "res_id": deal.id}])
        self.assertIn(BRANT, message.email_from)
        self.assertFalse(self.partners_with(BRANT))
        sent = self.sent()
        self.assertEqual(sent.recipients, [CUSTOMER], "the customer follows and is told, the author is not")
        self.assertEqual(sent.from_address, BRANT)
        self.assertEqual(message.notification_ids.res_partner_id, self.customer)

    def test_a_new_mail_from_the_alias_makes_a_record_of_that_user(self):
        self.set_alias(self.brant, BRANT)
        self.deliver_and_fetch(self.message(sender=BRANT, subject="New deal", Authentication_Results=PASS))
        message = self.message_of("New deal")
        self.assertEqual(message.author_id, self.brant.partner_id)
        self.assertEqual(self.env["discuss.channel"].browse(message.res_id).create_uid, self.brant)
        self.assertFalse(self.partners_with(BRANT))

    def test_what_exchange_does_not_confirm_is_nobodys(self):
        self.set_alias(self.brant, BRANT)
        for number, address in enumerate((BRANT, OWN, self.env.ref("base.partner_root").email)):
            with self.subTest(address=address):
                self.deliver_and_fetch(self.message(sender=f"Brant <{address}>", subject=f"Pay this {number}"))
                message = self.message_of(f"Pay this {number}")
                self.assertFalse(message.author_id)
                self.assertIn(address, message.email_from)
                self.assertEqual(self.env["discuss.channel"].browse(message.res_id).create_uid.id, SUPERUSER_ID)

    def test_an_answer_to_all_neither_makes_a_partner_of_the_alias_nor_tells_its_user_twice(self):
        self.outgoing()
        self.set_alias(self.brant, BRANT)
        deal, posted = self.deal_with_customer()
        self.servers.reset()
        self.deliver_and_fetch(self.message(
            to="catchall@contoso.example", subject="To all", Cc=f"Brant <{BRANT}>", In_Reply_To=posted.message_id))
        message = self.message_of("To all")
        self.assertEqual(message.res_id, deal.id)
        self.assertEqual(message.author_id, self.customer)
        self.assertEqual(message.partner_ids, self.brant.partner_id)
        self.assertFalse(self.partners_with(BRANT))
        self.assertFalse(message.notification_ids)
        self.assertFalse(self.servers.accepted)


@tagged("post_install", "-at_install")
class TestIncomingAuthor(GatewayCase):


    def test_the_alias_gives_what_the_own_address_gives(self):
        """Neither less nor more: a forged From is worth with the alias what it is worth with the e-mail in core."""
        own, alias = (
            (message.author_id, message.create_uid, message.subtype_id, message.is_internal, self.creator(sender))
            for sender in (OWN, BRANT) for message in [self.process(sender)]
        )
        self.assertEqual(alias, own)
        self.assertEqual(alias[0], self.partner)
        self.assertEqual(alias[-1], self.brant)

    def test_the_user_for_the_gateway_is_the_users(self):
        self.assertEqual(self.Thread._mail_find_user_for_gateway(f"Brant <{BRANT}>"), self.brant)

    def test_upper_case_is_the_same_address(self):
        self.assertEqual(self.process("Brant.WADSWORTH@Contoso.Example").author_id, self.partner)

    def test_plus_addressing_is_another_address(self):
        self.assertFalse(self.process("brant.wadsworth+x@contoso.example").author_id)
        self.assertEqual(self.creator("brant.wadsworth+x@contoso.example"), self.env.user)

    def test_a_domain_is_the_same_in_unicode_and_in_punycode(self):
        self.brant.office365_alias = "brant@bücher.example"
        for sender in ("brant@xn--bcher-kva.example", "Brant@XN--BCHER-KVA.example", "brant@bücher.example",
                       "brant@BÜCHER.example"):
            with self.subTest(sender=sender):
                self.assertEqual(self.process(sender).author_id, self.partner)

    def test_a_pending_alias_attributes_nothing(self):
        self.brant.office365_alias = False
        self.brant.with_user(self.brant).write({"office365_alias": BRANT})
        self.assertEqual(self.brant.office365_alias_state, "pending")
        self.assertFalse(self.process().author_id)
        self.assertEqual(self.creator(), self.env.user)

    def test_while_a_change_is_pending_the_confirmed_alias_attributes(self):
        self.brant.with_user(self.brant).write({"office365_alias": "brant@contoso.example"})
        self.assertEqual(self.process().author_id, self.partner)
        self.assertFalse(self.process("brant@contoso.example").author_id)

    def test_a_removed_alias_attributes_nothing(self):
        self.brant.office365_alias = False
        self.assertFalse(self.process().author_id)

    def test_a_partner_that_holds_the_alias_as_its_email_loses_to_the_user(self):
        stray = self.Partner.create({"name": "Stray", "email": BRANT})
        self.assertEqual(self.process().author_id, self.partner)
        self.assertEqual(self.creator(), self.brant)
        self.assertEqual(self.partners_with(BRANT), stray)

    def test_an_archived_user_is_treated_as_core_treats_his_email(self):
        self.brant.active = False
        for sender in (OWN, BRANT):
            with self.subTest(sender=sender):
                self.assertEqual(self.process(sender).author_id, self.partner)
                self.assertEqual(self.creator(sender), self.env.user)
        self.partner.active = False
        for sender in (OWN, BRANT):
            with self.subTest(sender=sender, partner="archived"):
                self.assertFalse(self.process(sender).author_id)

    def test_an_alias_for_partners_takes_the_users_mail(self):
        to = self.mail_alias("partners")
        self.assertEqual(self.process(to=to).author_id, self.partner)

    def test_an_alias_for_followers_takes_the_users_mail_if_he_follows(self):
        to = self.mail_alias("followers", self.deal)
        raw = Office365Mixin.message(sender=BRANT, to=to, subject="Refused")
        self.Thread.message_process(None, raw)
        self.assertFalse(self.env["mail.message"].search_count([("subject", "=", "Refused")]))
        self.deal.message_subscribe(self.partner.ids)
        message = self.process(to=to)
        self.assertEqual((message.author_id, message.res_id), (self.partner, self.deal.id))

    def test_a_rule_that_reads_the_from_header_is_asked_with_the_users_own_email(self):
        """As HR's contact policy "employees" does, which this addon does not depend on."""
        asked = []
        with self.rule_by_header(asked):
            self.assertEqual(self.process(to=self.mail_alias("everyone")).author_id, self.partner)
        self.assertEqual(asked, [BRANT, OWN])

    def test_an_alias_for_employees_takes_the_users_mail(self):
        if "hr.employee" not in self.env:
            self.skipTest("needs HR")
        self.env["hr.employee"].create({"name": "Brant", "user_id": self.brant.id, "work_email": "brant@work.example"})
        self.assertEqual(self.process(to=self.mail_alias("employees")).author_id, self.partner)

    @contextmanager
    def rule_by_header(self, asked):
        """Let the next model that is asked accept nobody but Brant's own e-mail in From."""
        from odoo.addons.mail.models.models import Base
        from odoo.addons.mail.tools.alias_error import AliasError

        def _alias_get_error(record, message, message_dict, alias):
            asked.append(str(message["From"]))
            return False if str(message["From"]) == OWN else AliasError("restricted")

        with patch.object(Base, "_alias_get_error", _alias_get_error):
            yield

    def test_the_author_of_his_own_mail_is_not_notified(self):
        self.deal.message_subscribe((self.partner + self.customer).ids)
        posted = self.deal.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.assertIn(self.partner, posted.notification_ids.res_partner_id)
        message = self.process(to="catchall@contoso.example", In_Reply_To=posted.message_id)
        self.assertEqual(message.notification_ids.res_partner_id, self.customer)

    def test_a_message_posted_with_the_alias_as_its_sender_is_the_users(self):
        message = self.customer.message_post(body="Hello", email_from=f"Brant <{BRANT}>", message_type="email")
        self.assertEqual(message.author_id, self.partner)
