"""Who sends as what: the screen says what a mail really leaves with."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..tools.identity import preview, probe
from ..wizards.office365_sender_lines import _MODELS
from .common import BRANT, CUSTOMER, ERP, INFO, Office365Mixin
from .languages import InLanguage
from .senders_case import NOTIFICATIONS, SendersCase


@tagged("post_install", "-at_install")
class TestScreen(SendersCase):

    def test_every_line_says_what_a_mail_really_leaves_with(self):
        self.user("Anna", "anna@contoso.example")
        self.user("Carl", "carl@private.example")
        self.user("Payroll", "payroll@contoso.example").partner_id.sudo().office365_verified_email = False
        self.user("Shared", "shared@private.example")
        self.user("Sharing", "shared@private.example")
        self.env.company.email = INFO
        server = self.outgoing(from_filter="contoso.example")
        self.allow_send_as(NOTIFICATIONS, "anna@contoso.example")
        lines = self.lines()
        table = [
            ("Brant Wadsworth", f"Brant Wadsworth <{BRANT}>", preview.ALIAS),
            ("Anna", "Anna <anna@contoso.example>", preview.UNCHANGED),
            ("Carl", f"Carl <{NOTIFICATIONS}>", preview.NOTIFICATIONS),
            ("Payroll", f"Payroll <{ERP}>", "unverified"),
            ("Shared", f"Shared <{NOTIFICATIONS}>", preview.NOTIFICATIONS),
            ("contoso.example", NOTIFICATIONS, preview.UNCHANGED),
            (self.env.company.name, f"{self.env.company.name} <{INFO}>", preview.UNCHANGED),
        ]
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
        self.assertEqual((lines["Carl"].why, lines["Carl"].mail_server_id), (preview.OTHER_SERVER, theirs))
        self.assertEqual(lines["Carl"].email_from, carl.email_formatted.replace('"', ""))
        self.assertEqual((lines["Dora"].why, lines["Dora"].mail_server_id), (preview.PERSONAL_SERVER, personal))
        self.assertEqual((lines["Nobody"].why, lines["Nobody"].email_from), (preview.NO_EMAIL, ""))
        self.env["ir.config_parameter"].set_param("mail.disable_personal_mail_servers", "True")
        self.assertEqual(self.lines()["Dora"].mail_server_id, theirs)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_no_server_at_all(self):
        self.assertEqual(self.lines()["Brant Wadsworth"].why, preview.NO_SERVER)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_a_domain_that_no_server_sends_for(self):
        domain = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.env["res.company"].create({"name": "Fourth Coffee", "alias_domain_id": domain.id})
        server = self.outgoing(from_filter="contoso.example")
        line = self.lines()["fourthcoffee.example"]
        self.assertEqual((line.why, line.mail_server_id), (preview.FALLBACK, server))

    def test_strict_author_and_the_modes(self):
        server = self.outgoing(office365_strict_author=True)
        self.assertEqual(self.lines()["Brant Wadsworth"].address, BRANT)
        server.office365_sender_mode = "mailbox"
        self.assertEqual((self.lines()["Brant Wadsworth"].address, self.lines()["Brant Wadsworth"].why), (ERP, "mode"))

    def test_relay_has_the_bounce_address_as_envelope_sender_if_its_filter_lets_that_pass(self):
        server = self.outgoing("relay", from_filter="contoso.example")
        for from_filter, envelope_from in (("contoso.example", "bounce@contoso.example"), (BRANT, BRANT)):
            server.from_filter = from_filter
            line = self.lines()["Brant Wadsworth"]
            self.assertEqual((line.address, line.envelope_from), (BRANT, envelope_from))

    def many(self, number):
        """Make users, of whom some have an alias, some an address of others' servers, and some none."""
        users = self.env["res.users"].with_context(no_reset_password=True).create([
            {"name": f"User {each:05}", "login": f"o365.{each}",
             "email": (f"user{each}@contoso.example", f"user{each}@private.example", False)[each % 3]} for each in range(number)])
        for each, user in enumerate(users[:number // 10]):
            self.set_alias(user, f"alias{each}@contoso.example")
        return users

    def test_the_first_page_costs_as_many_queries_however_many_users_there_are(self):
        self.outgoing(from_filter="contoso.example")
        columns = ("name", "email", "alias", "alias_state", "email_from", "why", "probe_state", "remedy")
        specification = {name: {} for name in columns} | {"mail_server_id": {"fields": {"display_name": {}}}}

        def first_page():
            self.env.flush_all()
            self.env["ir.mail_server"]._office365_own()  # kept, but forgotten with all that is kept when users are made
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            Senders = self.env["office365.sender"]
            Senders.web_search_read(Senders.action_open()["domain"], specification, limit=80)
            return self.cr.sql_log_count - before

        first_page()
        self.many(90)
        few = first_page()
        self.env["res.users"].with_context(no_reset_password=True).create([
            {"name": f"More {number:05}", "login": f"o365.more{number}", "email": f"more{number}@contoso.example"}
            for number in range(600)])
        self.assertLessEqual(first_page(), few)
        self.assertLessEqual(few, 50)

    def test_a_page_is_found_out_and_no_more(self):
        self.outgoing(from_filter="contoso.example")
        self.many(30)
        Senders, previewed = self.env["office365.sender"], []
        preview = type(self.env["ir.mail_server"])._office365_preview

        def count(model, writer, book, servers):
            previewed.append(writer)
            return preview(model, writer, book, servers)

        domain = Senders.action_open()["domain"]
        with patch.object(type(self.env["ir.mail_server"]), "_office365_preview", count):
            page = Senders.search_fetch(domain, ["email_from"], offset=4, limit=5)
            self.assertEqual(len(page.mapped("email_from")), 5)
            self.assertTrue(0 < len(previewed) <= 5)
            Senders.formatted_read_group(domain, ["mail_server_id"], ["__count"])
            Senders.search(domain + [("name", "ilike", "User 0001")], order="name desc")
            self.assertLessEqual(len(previewed), 5)

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_pages_orders_groups_and_searches_agree_with_the_lines_read_one_by_one(self):
        """In whichever order they are asked for: by what is known from the start, or by what is found out first."""
        self.outgoing(from_filter="contoso.example", sequence=20)
        self.env["ir.mail_server"].create({"name": "Theirs", "smtp_host": "smtp.example", "from_filter": "private.example"})
        self.many(40)
        Senders = self.env["office365.sender"]
        names = ("mail_server_id", "email_from", "address", "envelope_from", "why")
        expected = {}
        for writer, out in Senders._previews():
            name = self.env[_MODELS[writer.kind]].browse(writer.record_id).name
            expected[name] = (out.server_id or False, out.header_from or "", out.address or "", out.envelope_from or "", out.why)
        whys = {values[-1] for values in expected.values()}
        self.assertTrue({preview.ALIAS, preview.UNCHANGED, preview.OTHER_SERVER, preview.NO_EMAIL} <= whys, whys)

        def opened():
            self.env.invalidate_all()
            return Senders.action_open()["domain"]

        def check(found, wanted=expected):
            self.assertEqual({line.name: (line.mail_server_id.id, *(line[name] or "" for name in names[1:])) for line in found}, wanted)
            self.env.invalidate_all()
            self.assertEqual({line.name: (line.mail_server_id.id, *(line[name] or "" for name in names[1:])) for line in found}, wanted)

        with self.subTest("pages"):
            domain = opened()
            pages = [Senders.search(domain, offset=offset, limit=7) for offset in range(0, len(expected), 7)]
            self.assertEqual(sum(map(len, pages)), len(expected))
            check(Senders.union(*pages))
        for order in ("email_from, id", "why desc, id", "address, id", "envelope_from, id"):
            with self.subTest(order=order):
                index = names.index(order.partition(",")[0].partition(" ")[0])
                found = Senders.search(opened(), order=order)
                check(found)
                self.assertEqual([expected[line.name][index] for line in found],
                                 sorted((values[index] for values in expected.values()), reverse="desc" in order))
        for name in ("why", "mail_server_id", "address"):
            with self.subTest(group=name):
                values = [values[names.index(name)] for values in expected.values()]
                found = Senders._read_group(opened(), [name], ["__count"])
                self.assertEqual({(key.id if name == "mail_server_id" else key) or "": number for key, number in found},
                                 {value or "": values.count(value) for value in values})
        ours = self.env["ir.mail_server"].search([("office365_preset", "!=", False)]).id
        for condition, holds in (
            (("why", "=", preview.ALIAS), lambda values: values[4] == preview.ALIAS),
            (("address", "ilike", "alias"), lambda values: "alias" in values[2]),
            (("mail_server_id.office365_preset", "=", "submission"), lambda values: values[0] == ours),
        ):
            with self.subTest(condition=condition):
                wanted = {name: values for name, values in expected.items() if holds(values)}
                self.assertTrue(wanted)
                check(Senders.search(opened() + [condition]), wanted)

    def test_the_result_of_a_probe_is_searched_for(self):
        server = self.outgoing(from_filter="contoso.example")
        self.user("Anna", "anna@contoso.example")
        self.env["office365.probe"].create({
            "mail_server_id": server.id, "address": "anna@contoso.example", "state": "refused", "reply": "554 5.2.252 SendAsDenied",
            "date": "2026-01-01 00:00:00"})
        Senders = self.env["office365.sender"]
        found = Senders.search(Senders.action_open()["domain"] + [("probe_state", "=", "refused")])
        self.assertEqual(found.mapped("name"), ["Anna"])

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
class TestSenderTour(Office365Mixin, HttpCase):

    def test_who_sends_as_what(self):
        self.set_alias(self.brant, BRANT)
        server = self.outgoing()
        self.start_tour("/odoo/who-sends-as-what?debug=1", "mail_office365_senders", login="admin")
        states = {found.address: found.state for found in server.env["office365.probe"].search([])}
        self.assertEqual((states[BRANT], states[NOTIFICATIONS]), ("allowed", "refused"))
        self.assertEqual({sent.recipients[0] for sent in self.servers.accepted}, {ERP})
        self.assertNotIn(CUSTOMER, str(self.servers.transactions))

    def test_many_addresses_are_checked_with_a_counter(self):
        self.set_alias(self.brant, BRANT)
        server = self.outgoing()
        with patch.object(probe, "AT_ONCE", 1):
            self.start_tour(f"/odoo/ir.mail_server/{server.id}?debug=1", "mail_office365_probe_many", login="admin")
        self.assertEqual({found.address for found in server.env["office365.probe"].search([])}, {BRANT, NOTIFICATIONS})


@tagged("post_install", "-at_install")
class TestSenderTourInGerman(InLanguage, TestSenderTour):
    """The same for people who read German."""
