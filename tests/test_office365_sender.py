"""Who sends as what: the screen says what a mail really leaves with."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..tools import leaving
from .common import BRANT, CUSTOMER, ERP, INFO, Office365Case, Office365Mixin

NOTIFICATIONS = "notifications@contoso.example"


class SendersCase(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kept = cls.brant + cls.env.ref("base.user_admin")
        cls.env["res.users"].search([("share", "=", False), ("id", "not in", kept.ids)]).active = False
        cls.env["res.company"].search([]).email = False

    def setUp(self):
        super().setUp()
        self.set_alias(self.brant, BRANT)

    def user(self, name, email, **values):
        return new_test_user(self.env, f"o365.{name}", name=name, email=email, groups="base.group_user", **values)

    def lines(self):
        """Open the screen; return its lines by name."""
        lines = self.env["office365.sender"].search(self.env["office365.sender"].action_open()["domain"])
        return {line.name: line for line in lines}

    def states(self, server):
        return {found.address: found.state for found in server.env["office365.probe"].search([("mail_server_id", "=", server.id)])}

    def message_of(self, action):
        self.assertEqual(action["tag"], "display_notification")
        return action["params"]["message"]


@tagged("post_install", "-at_install")
class TestScreen(SendersCase):

    def test_every_line_says_what_a_mail_really_leaves_with(self):
        self.user("Anna", "anna@contoso.example")
        self.user("Carl", "carl@private.example")
        self.user("Payroll", "payroll@contoso.example").partner_id.sudo().office365_trusted_email = False
        self.user("Shared", "shared@private.example")
        self.user("Sharing", "shared@private.example")
        self.env.company.email = INFO
        server = self.outgoing(from_filter="contoso.example")
        lines = self.lines()
        table = [
            ("Brant Wadsworth", f"Brant Wadsworth <{BRANT}>", leaving.ALIAS),
            ("Anna", "Anna <anna@contoso.example>", leaving.UNCHANGED),
            ("Carl", f"Carl <{NOTIFICATIONS}>", leaving.NOTIFICATIONS),
            ("Payroll", f"Payroll <{ERP}>", "untrusted"),
            ("Shared", f"Shared <{NOTIFICATIONS}>", leaving.NOTIFICATIONS),
            ("contoso.example", NOTIFICATIONS, leaving.UNCHANGED),
            (self.env.company.name, f"{self.env.company.name} <{INFO}>", leaving.UNCHANGED),
        ]
        self.grant_send_as(NOTIFICATIONS, "anna@contoso.example")
        for name, email_from, why in table:
            line = lines[name]
            with self.subTest(name=name):
                self.assertEqual(line.email_from.replace('"', ""), email_from)
                self.assertEqual((line.envelope_from, line.why, line.mail_server_id), (ERP, why, server))
                # and so it does
                self.servers.transactions.clear()
                writer = line.user_id or self.env.user
                written_as = writer.email_formatted if line.user_id else line.email
                self.mail(email_from=written_as, author_id=writer.partner_id.id).with_user(writer).sudo().send()
                sent = self.sent()
                self.assertEqual((sent.from_address, sent.envelope_from), (line.address, line.envelope_from))
        self.assertEqual((lines["Brant Wadsworth"].alias, lines["Brant Wadsworth"].alias_state), (BRANT, "confirmed"))

    def test_servers_that_are_not_ours(self):
        self.outgoing(from_filter="contoso.example")
        carl, dora = self.user("Carl", "carl@private.example"), self.user("Dora", "dora@private.example")
        theirs = self.env["ir.mail_server"].create({"name": "Theirs", "smtp_host": "smtp.example", "from_filter": "private.example"})
        personal = self.env["ir.mail_server"].create({
            "name": "Dora's", "smtp_host": "smtp.example", "from_filter": dora.email, "owner_user_id": dora.id})
        nobody = self.user("Nobody", "nobody@contoso.example")
        nobody.email = False
        lines = self.lines()
        self.assertEqual((lines["Carl"].why, lines["Carl"].mail_server_id), (leaving.OTHER_SERVER, theirs))
        self.assertEqual(lines["Carl"].email_from, carl.email_formatted.replace('"', ""))
        self.assertEqual((lines["Dora"].why, lines["Dora"].mail_server_id), (leaving.PERSONAL_SERVER, personal))
        self.assertEqual((lines["Nobody"].why, lines["Nobody"].email_from), (leaving.NO_EMAIL, ""))
        self.env["ir.config_parameter"].set_param("mail.disable_personal_mail_servers", "True")
        self.assertEqual(self.lines()["Dora"].mail_server_id, theirs)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_no_server_at_all(self):
        self.assertEqual(self.lines()["Brant Wadsworth"].why, leaving.NO_SERVER)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_a_domain_that_no_server_sends_for(self):
        domain = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.env["res.company"].create({"name": "Fourth Coffee", "alias_domain_id": domain.id})
        server = self.outgoing(from_filter="contoso.example")
        line = self.lines()["fourthcoffee.example"]
        self.assertEqual((line.why, line.mail_server_id), (leaving.FALLBACK, server))

    def test_strict_author_and_the_modes(self):
        server = self.outgoing(office365_strict_author=True)
        self.assertEqual(self.lines()["Brant Wadsworth"].address, BRANT)
        server.office365_sender_mode = "mailbox"
        self.assertEqual((self.lines()["Brant Wadsworth"].address, self.lines()["Brant Wadsworth"].why), (ERP, "mode"))

    def test_relay_has_the_bounce_address_as_envelope_sender(self):
        self.outgoing("relay", from_filter="contoso.example")
        line = self.lines()["Brant Wadsworth"]
        self.assertEqual((line.address, line.envelope_from), (BRANT, "bounce@contoso.example"))

    def test_the_number_of_users_costs_no_queries(self):
        self.outgoing()
        self.lines()

        def queries():
            self.env.flush_all()
            self.env["ir.mail_server"]._office365_own()  # kept, but forgotten with all that is kept when users are made
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["office365.sender"].action_open()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        few = queries()
        self.env["res.users"].with_context(no_reset_password=True).create([
            {"name": f"User {number}", "login": f"o365.{number}", "email": f"user{number}@contoso.example"} for number in range(200)])
        self.env["res.users"].search([("login", "like", "o365.1")], limit=50).office365_alias = False
        many = queries()
        self.assertLessEqual(many - few, 6, (few, many))  # inserts go by the hundred

    def test_ordinary_users_reach_none_of_it(self):
        server = self.outgoing()
        line = self.lines()["Brant Wadsworth"]
        server.action_office365_probe()
        found = self.env["office365.probe"].search([], limit=1)
        Senders, me = self.env["office365.sender"].with_user(self.brant), self.brant
        calls = {
            "open": Senders.action_open,
            "read line": lambda: line.with_user(me).read(["address"]),
            "search lines": lambda: Senders.search([]),
            "probe line": line.with_user(me).action_probe,
            "read probe": lambda: found.with_user(me).read(["reply"]),
            "write probe": lambda: found.with_user(me).write({"state": "allowed"}),
            "probe server": server.with_user(me).action_office365_probe,
            "open of server": server.with_user(me).action_office365_senders,
            "remedy": lambda: server.with_user(me).read(["office365_remedy"]),
            "action": lambda: self.env.ref("mail_office365.office365_sender_action").with_user(me).run(),
        }
        self.servers.transactions.clear()
        for name, call in calls.items():
            with self.subTest(name), self.assertRaises(AccessError):
                call()
        self.assertFalse(self.servers.transactions)

    def test_not_even_an_administrator_writes_a_result(self):
        self.outgoing().action_office365_probe()
        admin = self.env.ref("base.user_admin")
        with self.assertRaises(AccessError):
            self.env["office365.probe"].search([], limit=1).with_user(admin).write({"state": "allowed"})


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
        self.assertIn("no outgoing mail server sends for notifications@fourthcoffee.example", notice)
        self.assertIn("fritz@fourthcoffee.example", notice)
        self.assertIn("Fourth Coffee", server.office365_company_notice)
        self.assertFalse(self.env.company.office365_sender_notice)
        server.from_filter = "contoso.example, fourthcoffee.example"
        self.assertFalse(self.notice())
        self.assertFalse(server.office365_company_notice)

    def test_a_server_for_all_domains_is_enough(self):
        self.outgoing()
        self.assertFalse(self.notice())

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


@tagged("post_install", "-at_install")
class TestSenderTour(Office365Mixin, HttpCase):

    def test_who_sends_as_what(self):
        self.set_alias(self.brant, BRANT)
        server = self.outgoing()
        self.start_tour("/odoo/who-sends-as-what?debug=1", "mail_office365_senders", login="admin")
        states = {found.address: found.state for found in server.env["office365.probe"].search([])}
        self.assertEqual((states[BRANT], states[NOTIFICATIONS]), ("allowed", "refused"))
        self.assertEqual({sent.recipients[0] for sent in self.servers.accepted}, {ERP})
        self.assertNotIn(CUSTOMER, str(self.servers.transactions))
