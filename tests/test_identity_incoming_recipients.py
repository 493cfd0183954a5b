from unittest.mock import patch

from odoo.addons.mail.models.res_partner import ResPartner as CorePartner
from odoo.tests import new_test_user, tagged

from .author_case import GatewayCase
from .common import BRANT, CUSTOMER


@tagged("post_install", "-at_install")
class TestIncomingRecipients(GatewayCase):

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
