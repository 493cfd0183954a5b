from contextlib import contextmanager
from itertools import count
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.addons.mail.models.res_partner import ResPartner as CorePartner
from odoo.tests import TransactionCase, new_test_user, tagged

from .attack_case import PASS
from .common import BRANT, CUSTOMER, ERP, Office365Case, Office365Mixin

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
class TestIncomingAuthor(AuthorMixin, TransactionCase):
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

    # ------------------------------------------------------------
    # Author and user
    # ------------------------------------------------------------

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

    # ------------------------------------------------------------
    # Recipients
    # ------------------------------------------------------------

    def test_no_way_to_find_or_create_a_partner_makes_one_of_the_alias(self):
        before = self.Partner.with_context(active_test=False).search_count([])
        formatted = f'"Somebody" <{BRANT.upper()}>'
        find = {
            "find_or_create": lambda: self.Partner.find_or_create(formatted),
            "_find_or_create_from_emails": lambda: self.Partner._find_or_create_from_emails([formatted])[0],
            "_partner_find_from_emails": lambda: self.customer._partner_find_from_emails(
                {self.customer: [formatted]})[self.customer.id],
            "_partner_find_from_emails_single": lambda: self.Thread._partner_find_from_emails_single([formatted]),
            "_mail_find_partner_from_emails": lambda: self.Thread._mail_find_partner_from_emails(
                [formatted], force_create=True)[0],
            "_mail_find_partner_from_emails of a record": lambda: self.Thread._mail_find_partner_from_emails(
                [formatted], records=self.customer, force_create=True)[0],
        }
        for name, call in find.items():
            with self.subTest(name):
                self.assertEqual(call(), self.partner)
        self.assertEqual(self.Partner.with_context(active_test=False).search_count([]), before)

    def test_a_template_to_the_alias_goes_to_the_users_partner(self):
        template = self.env["mail.template"].create({
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer",
            "email_to": BRANT, "use_default_to": False})
        rendered = template._generate_template(
            self.customer.ids, ["email_to"], find_or_create_partners=True)
        self.assertEqual(rendered[self.customer.id]["partner_ids"], self.partner.ids)
        self.assertFalse(self.partners_with(BRANT))

    def test_the_order_of_the_answer_is_that_of_the_question(self):
        emails = ["new@fabrikam.example", BRANT, CUSTOMER, "no address", f"Again <{BRANT}>", ""]
        found = self.Partner._find_or_create_from_emails(emails)
        self.assertEqual(found[1:3] + found[4:5], [self.partner, self.customer, self.partner])
        self.assertEqual([found[0].email, found[3].email, found[5].email], ["new@fabrikam.example", "no address", False])

    def test_banned_addresses_and_filters_hold_for_the_alias(self):
        find = self.Partner._find_or_create_from_emails
        self.assertFalse(find([BRANT], ban_emails=[BRANT], no_create=True)[0])
        self.assertFalse(find([BRANT], filter_found=lambda partner: partner.partner_share, no_create=True)[0])

    def suggested(self):
        """Return partners, and e-mails of nobody, that the composer suggests for an answer."""
        recipients = self.deal._message_get_suggested_recipients(reply_discussion=True)
        return [recipient["partner_id"] or recipient["email"] for recipient in recipients]

    def test_the_composer_suggests_the_user_once_for_the_alias_in_cc(self):
        self.process(CUSTOMER, Cc=f"Brant <{BRANT}>, x@fabrikam.example")
        suggested = self.suggested()
        self.assertEqual(suggested.count(self.partner.id), 1)
        self.assertNotIn(BRANT, suggested)
        self.assertIn("x@fabrikam.example", suggested)

    def test_the_composer_suggests_the_user_once_as_the_author(self):
        self.process()
        self.deal.message_unsubscribe(self.partner.ids)
        suggested = self.suggested()
        self.assertEqual(suggested.count(self.partner.id), 1)
        self.assertNotIn(BRANT, suggested)

    def test_the_companies_that_hide_a_partner_hide_him_for_the_alias_too(self):
        """Core shows the partners of internal users to all companies, so this is a user who is one no longer."""
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env, "o365.former", email="former@private.example", company_id=other.id, company_ids=[(6, 0, other.ids)])
        user.office365_alias = "former@contoso.example"
        user.group_ids = self.env.ref("base.group_portal")
        user.partner_id.company_id = other
        for address in ("former@private.example", "former@contoso.example"):
            with self.subTest(address=address):
                find = self.Thread.with_user(self.brant)._partner_find_from_emails_single
                self.assertFalse(find([address], no_create=True))
                self.assertEqual(self.Thread._partner_find_from_emails_single([address], no_create=True), user.partner_id)

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def queries(self, call):
        """Return how many queries a call takes when caches that last are warm."""
        with self.env.cr.savepoint():
            call()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        call()
        return self.env.cr.sql_log_count - before

    def as_core(self):
        """Let core's method find partners, without ours."""
        return patch.object(
            self.registry["res.partner"], "_find_or_create_from_emails", CorePartner._find_or_create_from_emails)

    def test_without_any_alias_finding_and_receiving_take_cores_queries(self):
        self.env["res.users"].search([]).office365_alias = False
        table = {
            "find": lambda: self.Partner._find_or_create_from_emails([BRANT, CUSTOMER], no_create=True),
            "receive": lambda: self.process(CUSTOMER, Cc=f"{BRANT}, x@fabrikam.example"),
        }
        for name, call in table.items():
            ours = self.queries(call)
            with self.as_core():
                self.assertEqual(self.queries(call), ours, name)

    def test_many_addresses_take_the_queries_of_one(self):
        aliases = [BRANT]
        for index in range(20):
            user = new_test_user(self.env, f"o365.user{index}", email=f"user{index}@private.example")
            user.office365_alias = f"user{index}@contoso.example"
            aliases.append(user.office365_alias)
        strangers = [f"stranger{index}@fabrikam.example" for index in range(20)]
        find = self.Partner._find_or_create_from_emails
        with self.as_core():
            core = self.queries(lambda: self.Partner._find_or_create_from_emails(strangers, no_create=True))
        self.assertEqual(self.queries(lambda: find(strangers, no_create=True)), core + 1)
        few = self.queries(lambda: find([aliases[0], strangers[0]], no_create=True))
        self.assertEqual(self.queries(lambda: find(aliases + strangers, no_create=True)), few)
        self.assertLessEqual(few, core + 2)

    def test_the_first_alias_of_a_database_counts_at_once(self):
        self.env["res.users"].search([]).office365_alias = False
        self.assertFalse(self.env["res.users"]._office365_any_alias())
        self.brant.office365_alias = BRANT
        self.assertTrue(self.env["res.users"]._office365_any_alias())
