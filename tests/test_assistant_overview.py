"""What the Overview shows, and where its buttons lead."""

from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase, new_test_user, tagged

from .monitor_case import MonitorMixin


@tagged("post_install", "-at_install")
class TestOverview(MonitorMixin, TransactionCase):

    def lines(self):
        self.env.flush_all()
        action = self.env["office365.overview"].with_user(self.administrator).action_open()
        return self.env["office365.overview"].with_user(self.administrator).search(action["domain"])

    def line(self, kind):
        return self.lines().filtered(lambda line: line.kind == kind)

    def test_passwords_of_all_servers_on_microsofts_hosts_are_listed(self):
        other = self.env["ir.mail_server"].create({
            "name": "Not ours", "smtp_host": "smtp.office365.com", "smtp_user": "x@contoso.example", "smtp_pass": "x"})
        self.env["ir.mail_server"].create({"name": "Elsewhere", "smtp_host": "smtp.fabrikam.example", "smtp_user": "x", "smtp_pass": "x"})
        lines = self.line("password")
        self.assertEqual(set(zip(lines.mapped("res_model"), lines.mapped("res_id"), strict=True)), {
            ("ir.mail_server", self.server.id), ("ir.mail_server", other.id), ("fetchmail.server", self.mailbox.id)})
        line = lines.filtered(lambda line: line.res_id == other.id and line.res_model == "ir.mail_server")
        self.assertEqual((str(line.until), line.state), ("2026-12-31", "todo"))
        self.assertEqual(line.action_go()["res_id"], other.id)

    def test_what_ends_soon_is_listed_with_its_date(self):
        app = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": "5c2f7a10-93b4-4d6e-8a1f-0e7d2b9c4f63",
            "client_secret_expiry": fields.Date.today() + timedelta(days=5)})
        line = self.line("end").filtered(lambda line: line.res_id == app.id)
        self.assertEqual((line.state, line.until, line.action_go()["res_model"]), ("todo", app.client_secret_expiry, "office365.app"))

    def test_users_without_an_address_of_their_own_are_counted_and_the_button_shows_them(self):
        nobody = new_test_user(self.env, "o365.nobody", groups="base.group_user", email=False)
        foreign = new_test_user(self.env, "o365.foreign", groups="base.group_user", email="x@private.example")
        served = new_test_user(self.env, "o365.served", groups="base.group_user", email="served@contoso.example")
        pending = new_test_user(self.env, "o365.pending", groups="base.group_user", email="pending@contoso.example")
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_users SET office365_alias = 'p@contoso.example' WHERE id = %s", [pending.id])
        self.env.invalidate_all()
        for kind, user in (("no_email", nobody), ("no_sender", foreign), ("alias", pending)):
            line = self.line(kind)
            found = self.env["res.users"].search(line.action_go()["domain"])
            self.assertIn(user, found, kind)
            self.assertEqual(line.number, len(found))
            self.assertNotIn(served, found)

    def test_received_mail_and_companies_are_listed(self):
        self.env["office365.inbound"].create([{"server_id": self.mailbox.id, "state": state} for state in ("failed", "set_aside", "done")])
        company = self.env["res.company"].create({"name": "Fabrikam"})
        company.alias_domain_id = self.env["mail.alias.domain"].create({"name": "fabrikam.example"})
        self.assertEqual(self.line("attention").number, 2)
        line = self.line("company")
        self.assertIn("Fabrikam", line.name)
        self.assertIn(company, self.env["res.company"].search(line.action_go()["domain"]))

    def test_every_button_opens_a_screen(self):
        self.pause()
        self.pause("brant@contoso.example")
        self.pause("notifications@contoso.example", until=False)
        self.mailbox.write({"error_message": "x", "error_date": fields.Datetime.now(), "office365_failures": 2})
        self.env["mail.mail"].create({"subject": "Offer", "email_to": "x@fabrikam.example"})
        for line in self.lines():
            action = line.action_go()
            self.assertTrue(line.name)
            if action["type"] == "ir.actions.act_window":
                self.env[action["res_model"]].search(action.get("domain") or [])
        domain = self.line("default_sender").action_go()["domain"]
        self.assertIn("notifications@contoso.example", self.env["office365.pause"].search(domain).mapped("address"))

    def test_checking_again_shows_this_moment(self):
        lines = self.lines()
        self.assertFalse(lines.filtered(lambda line: line.kind == "server" and line.state == "failed"))
        self.pause()
        action = lines.browse().action_refresh()
        self.assertEqual((action["target"], lines.search(action["domain"])[0].kind), ("main", "server"))

    def test_what_is_right_says_so(self):
        done = self.lines().filtered(lambda line: line.state == "done")
        self.assertIn("No server or sender is refused.", done.mapped("name"))

    def test_many_users_and_mails_need_no_more_queries(self):
        self.env.flush_all()
        overview = self.env["office365.overview"]
        overview._lines()

        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            overview._lines()
            return self.env.cr.sql_log_count - before

        few = queries()
        self.env["mail.mail"].create([{"subject": "Offer", "email_to": "x@fabrikam.example"} for _mail in range(50)])
        self.env["res.users"].create([
            {"name": f"User {number}", "login": f"o365.many{number}", "email": f"many{number}@private.example"} for number in range(20)])
        self.env.flush_all()
        self.assertLessEqual(queries(), few + 3)
        self.assertLess(few, 120)
