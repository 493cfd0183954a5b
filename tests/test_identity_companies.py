"""Companies that no server sends for are warned about."""


from odoo.tests import tagged
from odoo.tools import mute_logger

from .senders_case import SendersCase


@tagged("post_install", "-at_install")
class TestCompanies(SendersCase):

    def setUp(self):
        super().setUp()
        domain = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.company = self.env["res.company"].create({"name": "Fourth Coffee", "alias_domain_id": domain.id})

    def notice(self):
        self.env.invalidate_all()
        return self.company.office365_sender_notice

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_a_company_that_no_server_sends_for_is_warned_about(self):
        server = self.outgoing(from_filter="contoso.example")
        self.user("Fritz", "fritz@fourthcoffee.example", company_id=self.company.id, company_ids=self.company.ids)
        notice = self.notice()
        self.assertIn("no outgoing mail server sends as notifications@fourthcoffee.example", notice)
        self.assertIn("fritz@fourthcoffee.example", notice)
        self.assertIn("Fourth Coffee", server.office365_company_notice)
        self.assertFalse(self.env.company.office365_sender_notice)
        server.from_filter = "contoso.example, fourthcoffee.example"
        self.assertFalse(self.notice())
        self.assertFalse(server.office365_company_notice)

    def test_a_server_for_all_domains_is_enough(self):
        self.outgoing()
        self.assertFalse(self.notice())

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_many_users_cost_as_many_queries_as_few(self):
        self.outgoing(from_filter="contoso.example")
        here = {"company_id": self.company.id, "company_ids": self.company.ids}
        Users = self.env["res.users"].with_context(no_reset_password=True)

        def queries():
            self.env.flush_all()
            self.env["ir.mail_server"]._office365_own()  # kept
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertTrue(self.company.office365_sender_notice)
            return self.cr.sql_log_count - before

        for number in range(5):
            self.user(f"first{number}", f"first{number}@contoso.example", **here)
        queries()
        few = queries()
        Users.create([{"name": f"User {number}", "login": f"o365.{number}", "email": f"user{number}@contoso.example", **here}
                      for number in range(300)])
        queries()  # what is kept is forgotten when users are made
        self.assertLessEqual(queries(), few)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_one_user_among_many_whose_mail_does_not_get_out_is_found(self):
        """Whatever sets him apart: another domain, an alias, no alias where others have one, an address that a filter names."""
        named = "named@fourthcoffee.example"
        self.outgoing(from_filter=f"contoso.example, {named}")
        here = {"company_id": self.company.id, "company_ids": self.company.ids}
        for number in range(5):
            self.set_alias(self.user(f"alias{number}", f"alias{number}@private.example", **here), f"alias{number}@contoso.example")
            self.user(f"plain{number}", f"plain{number}@contoso.example", **here)
        self.user("named", named, **here)
        self.assertNotIn("for example", self.notice())
        for name, email in (("alone", "alone@private.example"), ("beside", "beside@fourthcoffee.example")):
            with self.subTest(name):
                user = self.user(name, email, **here)
                self.assertIn(f"for example from {email}", self.notice())
                user.active = False
        for number in range(5):
            self.user(f"many{number}", f"many{number}@private.example", **here)
        self.assertIn("for example from many0@private.example, many1@private.example, many2@private.example.", self.notice())

    def test_without_a_server_of_ours_it_asks_the_database_nothing(self):
        self.assertFalse(self.notice())
        self.company.name  # noqa: B018
        with self.assertQueryCount(0):
            self.assertFalse(self.company.office365_sender_notice)
        server = self.outgoing(from_filter="contoso.example")
        with mute_logger("odoo.addons.base.models.ir_mail_server"):
            self.assertTrue(self.notice())
        server.active = False
        self.assertFalse(self.notice())
