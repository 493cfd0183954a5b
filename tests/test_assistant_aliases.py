"""The steps of the assistant for alias domains and users' aliases."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import BRANT, ERP, Office365Case, Office365Mixin
from .servers import replies

NOTIFICATIONS = "notifications@contoso.example"


class SetupMixin(Office365Mixin):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.env["res.users"].search([("share", "=", False), ("id", "not in", (cls.brant + cls.admin).ids)]).active = False
        cls.admin.email = "admin@contoso.example"
        cls.env["mail.alias.domain"].search([("id", "!=", cls.alias_domain.id)]).unlink()
        cls.env["res.company"].search([("id", "!=", cls.env.company.id)]).active = False

    def setUp(self):
        super().setUp()
        self.server = self.outgoing()
        self.setup = self.env["office365.setup"].with_user(self.admin).create({
            "domain": "contoso.example", "mailbox": ERP, "mail_server_id": self.server.id})

    def user(self, login, name, email=False, **values):
        return new_test_user(self.env, login, name=name, email=email, groups="base.group_user", **values)

    def states(self, step):
        self.setup._prove(step)
        return {check.name: check.state for check in self.setup.check_ids if check.step == step}


@tagged("post_install", "-at_install")
class TestAliasDomainStep(SetupMixin, Office365Case):

    def values(self):
        return {(line.res_model, line.field): (line.present, line.proposed, line.state) for line in self.setup.value_ids}

    def test_what_is_there_stands_beside_what_is_proposed_and_stays_until_the_click(self):
        self.setup.step = "alias_domain"
        self.assertEqual(self.values(), {
            ("mail.alias.domain", "catchall_alias"): ("catchall", "erp", "todo"),
            ("mail.alias.domain", "bounce_alias"): ("bounce", "bounce", "same"),
            ("mail.alias.domain", "default_from"): ("notifications", "erp", "todo"),
            ("ir.mail_server", "from_filter"): (False, "contoso.example", "todo"),
        })
        self.assertEqual((self.alias_domain.catchall_alias, self.server.from_filter), ("catchall", False))

    def test_set_and_undo(self):
        self.setup.step = "alias_domain"
        self.assertIn("todo", self.states("alias_domain").values())
        self.setup.value_ids.filtered(lambda line: line.field == "from_filter").proposed = "contoso.example,noreply@single.example"
        self.setup.action_set_values()
        domain = self.alias_domain
        self.assertEqual((domain.catchall_email, domain.default_from_email, domain.bounce_alias), (ERP, ERP, "bounce"))
        self.assertEqual(self.server.from_filter, "contoso.example,noreply@single.example")
        self.assertEqual(set(self.states("alias_domain").values()), {"done"})
        self.assertFalse(self.server.office365_default_from_notice)
        domain.catchall_alias = "answers"
        self.setup.action_undo_values()
        self.assertEqual((domain.catchall_alias, domain.default_from), ("answers", "notifications"), "what was changed since stays")
        self.assertFalse(self.server.from_filter)

    def test_a_company_without_a_domain_gets_one_by_one_click(self):
        self.alias_domain.unlink()
        self.setup.step = "alias_domain"
        company = self.setup.value_ids.filtered(lambda line: line.res_model == "res.company")
        self.assertEqual((company.proposed, company.state), ("contoso.example", "todo"))
        company.action_set()
        domain = self.env.company.alias_domain_id
        self.assertEqual((domain.name, domain.catchall_email, domain.default_from_email), ("contoso.example", ERP, ERP))
        company.action_undo()
        self.assertFalse(self.env.company.alias_domain_id)

    def test_every_company_has_its_own(self):
        second = self.env["mail.alias.domain"].create({"name": "fourthcoffee.example"})
        self.env["res.company"].create({"name": "Fourth Coffee", "alias_domain_id": second.id})
        elsewhere = self.env["mail.alias.domain"].create({"name": "else.example"})
        self.env["res.company"].create({"name": "Elsewhere", "alias_domain_id": elsewhere.id})
        self.env["ir.mail_server"].create({"name": "Theirs", "smtp_host": "smtp.example", "from_filter": "else.example"})
        self.setup.step = "alias_domain"
        lines = {line.label: line.proposed for line in self.setup.value_ids}
        self.assertEqual(lines["fourthcoffee.example: Default From"], ERP)
        self.assertEqual(lines["fourthcoffee.example: Catch-all"], "catchall")
        self.assertNotIn("else.example: Catch-all", lines)
        self.assertEqual(lines[f"{self.server.display_name}: FROM Filtering"], "contoso.example,fourthcoffee.example")

    def test_a_default_from_is_done_when_exchange_has_shown_it(self):
        name = f"The mailbox may send as {NOTIFICATIONS}, the default From of contoso.example"
        self.assertEqual(self.states("alias_domain")[name], "todo")
        self.server.action_office365_probe_default_from()
        self.assertEqual(self.states("alias_domain")[name], "failed")
        remedy = self.setup.check_ids.filtered(lambda check: check.name == name).remedy
        self.assertIn(f"Add-RecipientPermission '{NOTIFICATIONS}' -Trustee '{ERP}'", remedy)
        self.grant_send_as(NOTIFICATIONS)
        self.server.action_office365_probe_default_from()
        self.assertEqual(self.states("alias_domain")[name], "done")
        default_from = self.setup.value_ids.filtered(lambda line: line.field == "default_from")
        self.assertEqual((default_from.proposed, default_from.state), ("notifications", "same"))

    def test_the_from_filter_has_to_cover_every_alias(self):
        name = "The FROM Filtering of the outgoing mail server covers all aliases"
        self.server.from_filter = "contoso.example,one@single.example"
        self.set_alias(self.brant, "one@single.example")
        self.assertEqual(self.states("alias_domain")[name], "done")
        self.server.from_filter = "contoso.example"
        self.assertEqual(self.states("alias_domain")[name], "todo")

    def test_a_client_sets_nothing_but_what_is_proposed(self):
        self.setup.step = "alias_domain"
        line = self.setup.value_ids.filtered(lambda line: line.field == "from_filter")
        line.write({"field": "smtp_pass", "res_model": "res.users", "state": "set", "proposed": "contoso.example"})
        self.assertEqual((line.field, line.res_model, line.state), ("from_filter", "ir.mail_server", "todo"))
        with self.assertRaises(AccessError):
            line.with_user(self.brant).action_set()


@tagged("post_install", "-at_install")
class TestAliasesStep(SetupMixin, Office365Case):

    def lines(self):
        action = self.setup.action_aliases()
        return {line.user_id.name: line for line in self.env["office365.setup.alias"].with_user(self.admin).search(action["domain"])}

    def test_a_table_of_users_with_a_sentence_beside_each(self):
        self.user("o365.anna", "Anna Berg", "team@contoso.example")
        self.user("o365.bert", "Bert", "team@contoso.example")
        self.user("o365.cora", "Cora", "info@contoso.example")
        self.user("o365.dora@private.example", "Dora Weiß")
        self.user("o365.old", "Old", "old@contoso.example").active = False
        new_test_user(self.env, "o365.kim", name="Kim", email="kim@contoso.example", groups="base.group_portal")
        self.env["mail.alias"].create({
            "alias_name": "info", "alias_domain_id": self.alias_domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})
        self.set_alias(self.admin, "admin@contoso.example")
        lines = self.lines()
        self.assertEqual({name: (line.proposed, line.state) for name, line in lines.items()}, {
            "Anna Berg": ("team@contoso.example", "open"), "Bert": ("team@contoso.example", "open"),
            "Cora": ("info@contoso.example", "open"), "Dora Weiß": ("dora.weiss@contoso.example", "guess"),
            "Brant Wadsworth": ("o365.brant@contoso.example", "guess"), self.admin.name: ("admin@contoso.example", "same"),
        })
        self.assertEqual(lines["Anna Berg"].note, "team@contoso.example is also the address of Bert: choose who gets it.")
        self.assertIn("a mail alias", lines["Cora"].note)
        self.assertIn("private.example, which Odoo does not send for", lines["Brant Wadsworth"].note)

    def test_set_all_puts_them_in_force_and_says_what_did_not_work(self):
        anna = self.user("o365.anna", "Anna Berg", "anna@contoso.example")
        self.user("o365.bert", "Bert", "bert@contoso.example")
        lines = self.lines()
        lines["Bert"].proposed = "anna@contoso.example"
        lines["Brant Wadsworth"].proposed = BRANT
        chosen = lines["Bert"] + lines["Brant Wadsworth"] + lines["Anna Berg"]
        action = chosen.action_set()
        self.assertEqual(action["params"]["message"], "2 done, 1 failed.")
        self.assertEqual((self.brant.office365_alias_state, anna.office365_alias_state), ("confirmed", "confirmed"))
        self.assertEqual((lines["Bert"].state, lines["Anna Berg"].state), ("failed", "set"))
        self.assertIn("login or email of another user", lines["Bert"].note)
        self.assertFalse(self.admin.office365_alias, "only those that were selected")

    def test_undo_gives_back_what_was_there(self):
        self.set_alias(self.brant, "brant@contoso.example")
        line = self.lines()["Brant Wadsworth"]
        self.assertEqual(line.state, "same")
        anna = self.user("o365.anna", "Anna", "anna@contoso.example")
        lines = self.lines()
        lines["Anna"].action_set()
        lines = self.lines()
        self.assertEqual((lines["Anna"].state, lines["Anna"].before), ("set", False), "it can be undone after the list was opened again")
        lines["Anna"].action_undo()
        self.assertFalse(anna.office365_alias)
        lines["Anna"].action_set()
        anna.sudo().office365_alias = "anna.berg@contoso.example"
        lines["Anna"].action_undo()
        self.assertEqual(anna.office365_alias, "anna.berg@contoso.example")
        self.assertIn("changed since", lines["Anna"].note)

    def test_invited_users_confirm_by_a_link(self):
        line = self.lines()["Brant Wadsworth"]
        line.proposed = BRANT
        line.action_invite()
        self.assertEqual((line.state, self.brant.office365_alias_state), ("invited", "pending"))
        self.assertFalse(self.servers.transactions, "the queue sends it, as one of many")
        self.assertEqual(self.brant.with_user(self.brant).office365_link_state, "waiting")
        self.env["mail.mail"].process_email_queue()
        self.assertEqual([sent.recipients for sent in self.servers.accepted], [[BRANT]])
        line.action_invite()
        self.assertEqual(line.state, "failed", "one link a minute")

    def test_many_are_done_by_the_client(self):
        for number in range(12):
            self.user(f"o365.user{number}", f"User {number}", f"user{number}@contoso.example")
        lines = self.env["office365.setup.alias"].with_user(self.admin).browse(line.id for line in self.lines().values())
        action = lines.action_set()
        self.assertEqual(action["tag"], "mail_office365.batch")
        self.assertEqual((action["params"]["method"], len(action["params"]["ids"])), ("office365_set", 14))
        self.assertEqual(lines[:5].office365_set(), {"done": 5, "failed": 0})

    def test_facts(self):
        name = "Every internal user has an address to send as"
        self.admin.partner_id.sudo().office365_verified_email = "admin@contoso.example"
        self.assertEqual(self.states("aliases"), {name: "todo"})
        self.set_alias(self.brant, BRANT)
        exchange = "Exchange lets the mailbox send as the aliases"
        self.assertEqual(self.states("aliases"), {name: "done", exchange: "todo"})
        self.mail().send()
        self.assertEqual(self.states("aliases"), {name: "done", exchange: "done"})
        self.servers.directory.revoke_send_as(ERP, BRANT)
        self.mail().send()
        self.env.invalidate_all()
        self.assertEqual(self.states("aliases"), {name: "done", exchange: "failed"})
        self.assertIn(f"Add-RecipientPermission '{BRANT}'", "".join(self.setup.check_ids.mapped("remedy")))

    def test_the_number_of_queries_does_not_grow_with_the_users(self):
        def queries():
            self.setup._proposals(self.setup._people_rows())  # whatever is kept is known
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.setup._proposals(self.setup._people_rows())
            return self.env.cr.sql_log_count - before

        few = queries()
        for number in range(30):
            self.user(f"o365.user{number}", f"User {number}", f"user{number}@contoso.example")
        self.assertLessEqual(queries(), few)

    def test_nobody_but_an_administrator(self):
        line = self.lines()["Brant Wadsworth"]
        for method in ("action_set", "action_invite", "action_undo", "office365_set", "office365_invite", "office365_undo"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(line.with_user(self.brant), method)()
        line.write({"user_id": self.admin.id, "state": "set", "before": "x@contoso.example"})
        self.assertEqual((line.user_id, line.state, line.before), (self.brant, "guess", False), "a client writes the proposal alone")


@tagged("post_install", "-at_install")
class TestAliasTours(SetupMixin, HttpCase):

    def test_set_many_with_progress(self):
        for number in range(11):
            self.user(f"o365.user{number}", f"User {number}", f"user{number}@contoso.example")
        self.setup.step = "aliases"
        self.start_tour(f"/odoo/office365.setup/{self.setup.id}", "mail_office365_setup_aliases", login="admin")
        users = self.env["res.users"].search([("login", "like", "o365.user")])
        self.assertEqual(set(users.mapped("office365_alias_state")), {"confirmed"})

    def test_preferences_say_what_became_of_the_link(self):
        self.brant.tz = "Europe/Brussels"
        self.servers.submission.faults.add("END_OF_DATA", replies.S554_5_2_252_SEND_AS_DENIED)
        self.start_tour("/odoo", "mail_office365_link_refused", login=self.brant.login)
        self.assertEqual(self.brant.office365_alias_state, "pending")
