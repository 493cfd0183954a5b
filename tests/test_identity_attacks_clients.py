"""Who tries to send as somebody else over HTTP, by the routes and with the values that a client has.

An administrator, or whose address it is, does the same by the same route, and may: so what fails does not fail for another reason.
"""

import re
from pathlib import Path

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .attack_case import CEO, FAIL, PASS
from .common import BRANT, CUSTOMER, ERP
from .http_attack_case import CHIEF, NOREPLY, PAYROLL, ROUTES, HttpAttackCase, Refused
from .sender_case import NOTIFICATIONS

NOTED = {"office365_actor_uid": 1, "office365_vouch": "administrator"}


@tagged("post_install", "-at_install")
class TestClaimsOverHttp(HttpAttackCase):
    """What somebody says is theirs gives them nothing, and takes nothing from its holder."""

    def test_a_users_own_email_cannot_be_anothers(self):
        table = [
            ("res.users", {"email": CEO}), ("res.users", {"email": f"Chief <{CEO.upper()}>"}), ("res.users", {"email": BRANT}),
            ("res.users", {"email": "brant@private.example"}), ("res.users", {"office365_alias": CEO}),
            ("res.users", {"office365_alias_confirmed": PAYROLL}), ("res.partner", {"email": CEO}),
            ("res.partner", {"office365_verified_email": CEO}),
        ]
        for kind in ("portal", "internal", "editor"):
            user = self.users[kind]
            for model, values in table:
                ids = user.ids if model == "res.users" else user.partner_id.ids
                for route in ROUTES if values == {"email": CEO} else ("call_kw",):
                    with self.subTest(kind, model=model, values=values, route=route), self.assertRaises(Refused):
                        self.call(user, model, "write", ids, route, vals=values)
                with self.subTest(kind, model=model, values=values, route="form"), self.assertRaises(Refused):
                    self.save(user, model, values, ids)
            for route in ROUTES:
                self.call(user, "res.users", "write", user.ids, route, vals={"email": f"{kind}.{route}@private.example"})
                self.assertEqual(user.email, f"{kind}.{route}@private.example")
        self.assertHoldersKept()
        self.save(self.administrator, "res.users", {"email": PAYROLL}, self.mallory.ids)
        self.post_on_record(self.mallory)
        self.assertLeft(PAYROLL)

    def test_a_visitor_signs_up_with_the_address_of_somebody(self):
        self.grant_send_as("catchall@contoso.example")
        for address, holder in ((CEO, self.ceo), (BRANT, self.brant)):
            with self.subTest(address=address):
                eve = self.sign_up(address)
                self.assertEqual((eve.email, eve.share), (address, True))
                self.assertLeft("catchall@contoso.example", to=address)
                self.channel.add_members(partner_ids=eve.partner_id.ids)
                self.post_in_channel(eve)
                self.assertLeft(ERP)
                self.assertHoldersKept()
                self.post_on_record(holder)
                self.assertLeft(address)

    def test_the_portals_form_of_an_address(self):
        if self.env["ir.module.module"]._get("portal").state != "installed":
            self.skipTest("needs Odoo's portal")
        for email, stays in ((CEO, True), (BRANT, True), ("new@private.example", False)):
            with self.subTest(email=email), mute_logger("odoo.http"):
                self.send_form(self.portal, "/my/account", "/my/address/submit", {
                    "partner_id": self.portal.partner_id.id, "name": "Paula", "email": email, "phone": "+49 30 1", "street": "x",
                    "city": "x", "zip": "10115", "country_id": self.env.ref("base.de").id, "address_type": "billing"})
                self.env.invalidate_all()
                self.assertEqual(self.portal.email, "paula@private.example" if stays else email)
        self.assertHoldersKept()

    def test_a_claim_past_the_check(self):
        for kind in ("portal", "internal", "editor"):
            for address, holder in ((CEO, self.ceo), (BRANT, self.brant), ("brant@private.example", self.brant)):
                self.claim(self.users[kind], address)
                with self.subTest(kind, address=address):
                    self.post_in_channel(self.users[kind])
                    self.assertLeft(ERP)
                    self.post_in_channel(holder)
                    self.assertLeft(BRANT if holder == self.brant else CEO)

    def test_the_notice_of_a_changed_email_or_password(self):
        self.env.company.email = False
        for kind in ("portal", "internal", "editor"):
            user = self.users[kind]
            with self.subTest(kind):
                for email in (CUSTOMER, f"pay.{kind}@contoso.example"):
                    self.save(user, "res.users", {"email": email}, user.ids)
                self.assertLeft(ERP)
        self.claim(self.mallory, CEO)
        for user, expected in ((self.mallory, ERP), (self.ceo, CEO)):
            with self.subTest(user=user.name):
                self.call(user, "res.users", "change_password", None, old_passwd=user.login, new_passwd=f"{user.login}.new")
                self.assertLeft(expected, to=CEO)

    def test_who_turned_portal_and_an_alias_of_a_domain_that_left_stop(self):
        self.post_in_channel(self.brant)
        self.assertLeft(BRANT)
        portal = {"group_ids": [Command.set(self.env.ref("base.group_portal").ids)]}
        self.save(self.administrator, "res.users", portal, self.brant.ids)
        self.post_in_channel(self.brant)
        self.assertLeft(NOTIFICATIONS)
        self.servers.directory.accepted_domains.add("left.example")
        self.grant_send_as("mallory@left.example")
        self.save(self.administrator, "ir.mail_server", {"from_filter": "contoso.example,left.example"}, self.server.ids)
        self.save(self.administrator, "res.users", {"office365_alias": "mallory@left.example"}, self.mallory.ids)
        self.post_in_channel(self.mallory)
        self.assertLeft("mallory@left.example")
        self.save(self.administrator, "ir.mail_server", {"from_filter": "contoso.example"}, self.server.ids)
        self.post_in_channel(self.mallory)
        self.assertLeft(NOTIFICATIONS)

    def test_mail_aliases_that_users_named(self):
        model = self.env["ir.model"]._get_id("res.partner")
        for kind in ("portal", "internal", "editor"):
            with self.subTest(kind), self.assertRaises(Refused):
                self.save(self.users[kind], "mail.alias", {"alias_name": "payroll", "alias_model_id": model})
        # An application's form makes one for its user.
        alias = self.env["mail.alias"].with_user(self.mallory).sudo().create({"alias_name": "payroll", "alias_model_id": model})
        with self.assertRaises(Refused):
            self.call(self.mallory, "mail.alias", "write", alias.ids, vals={"office365_verified": True})
        self.post_on_record(self.mallory, email_from=f"Payroll <{PAYROLL}>")
        self.assertLeft(ERP)
        self.save(self.administrator, "mail.alias", {"alias_name": "payroll"}, alias.ids)
        self.post_on_record(self.mallory, email_from=f"Payroll <{PAYROLL}>")
        self.assertLeft(PAYROLL)


@tagged("post_install", "-at_install")
class TestMessagesOverHttp(HttpAttackCase):
    """From is another's: who acts decides, not what they send along."""

    def test_values_of_a_message(self):
        ways = {
            "email_from": {"email_from": CHIEF}, "author_id": {"author_id": self.ceo.partner_id.id},
            "all": {"email_from": CHIEF, "author_id": self.ceo.partner_id.id, "reply_to": CHIEF, "message_id": "<x@contoso.example>"},
            "notify": {"method": "message_notify", "subject": "Pay", "email_from": CHIEF, "author_id": self.ceo.partner_id.id},
        }
        for kind in ("internal", "editor", "administrator"):
            for title, values in ways.items():
                for route in ROUTES if title == "all" else ("call_kw",):
                    with self.subTest(title, kind=kind, route=route):
                        self.post_on_record(self.users[kind], route, **values)
                        self.assertLeft(CEO if kind == "administrator" else ERP)
            with self.subTest("noted", kind=kind), self.assertRaises(Refused):
                self.post_on_record(self.users[kind], email_from=CHIEF, **NOTED)
        for kind in ("portal", "internal", "editor", None):
            with self.subTest("in a channel", kind=kind):
                self.post_in_channel(self.users.get(kind), **ways["all"], **NOTED)
                self.assertLeft(ERP, NOTIFICATIONS)

    def test_the_composer(self):
        for kind, expected in (("internal", ERP), ("editor", ERP), ("administrator", CEO)):
            for mode in ("comment", "mass_mail"):
                with self.subTest(kind, mode=mode):
                    self.compose(self.users[kind], mode, email_from=CHIEF, author_id=self.ceo.partner_id.id, reply_to=CHIEF)
                    self.assertLeft(expected)

    def test_a_message_that_is_made_or_changed_by_itself(self):
        for kind, user in (("internal", self.mallory), ("editor", self.editor)):
            message = self.env["mail.message"].browse(self.save(user, "mail.message", {
                "model": "res.partner", "res_id": self.record.id, "body": "x", "email_from": CHIEF, **NOTED}))
            self.call(user, "mail.message", "write", message.ids, vals=NOTED)
            with self.subTest(kind):
                self.assertEqual((message.office365_actor_uid, message.office365_vouch), (user.id, False))
                self.env["mail.mail"].create({"mail_message_id": message.id, "body_html": "x", "email_to": CUSTOMER}).send()
                self.assertLeft(ERP)
                with self.assertRaises(Refused):
                    self.save(user, "mail.mail", {"email_from": CHIEF, "email_to": CUSTOMER, "body_html": "x"})
        mail = self.save(self.administrator, "mail.mail", {"email_from": CHIEF, "email_to": CUSTOMER, "body_html": "x"})
        self.call(self.administrator, "mail.mail", "send", [mail])
        self.assertLeft(CEO)

    def test_strict_is_not_passed_by_a_message_id(self):
        self.server.office365_strict_author = True
        self.post_on_record(self.ceo)
        self.assertLeft(CEO)
        genuine = self.env["mail.message"].search([("author_id", "=", self.ceo.partner_id.id)], order="id desc", limit=1)
        for kind in ("internal", "editor", "administrator"):
            for route in ROUTES:
                with self.subTest(kind, route=route):
                    self.post_on_record(self.users[kind], route, email_from=CHIEF, message_id=genuine.message_id)
                    self.assertLeft(ERP)
        forged = {"email_from": CHIEF, "email_to": CUSTOMER, "body_html": "x", "message_id": genuine.message_id}
        self.call(self.administrator, "mail.mail", "send", [self.save(self.administrator, "mail.mail", forged)])
        self.assertLeft(ERP)

    def hostile_contexts(self):
        """Return what a client may put into its context; of ours, each key that the code looks at."""
        genuine = self.post(self.ceo)
        self.servers.transactions.clear()
        root = Path(__file__).parents[1]
        source = "\n".join(path.read_text() for folder in ("models", "tools", "wizards") for path in (root / folder).rglob("*.py"))
        ours = set(re.findall(r'(?:context\.get\("|with_context\(|CONTEXT_KEY = ")(office365_\w+)', source))
        self.assertGreaterEqual(ours, {"office365_behind", "office365_incoming", "office365_sending"})
        plain = {"uid": 1, "author_uid": self.ceo.id, "mail_id": 1, "message_id": genuine.message_id, "server_ids": self.server.ids}
        return [
            {"domain_notifications_email": CEO, "domain_bounce_address": CEO, "active_test": False, "mail_message_id": genuine.id},
            {**dict.fromkeys(ours, plain), "uid": 1, "su": True},
            {"default_mail_message_id": genuine.id, "default_email_from": CHIEF, "default_reply_to": CHIEF,
             "default_headers": repr({"Sender": CEO, "Return-Path": CEO}), "default_office365_actor_uid": 1,
             "default_office365_vouch": "administrator", "default_message_id": genuine.message_id, "default_author_id": 1},
        ]

    def test_a_callers_context(self):
        contexts, self.env.company.email = self.hostile_contexts(), False
        for preset in ("submission", "relay"):
            self.trust_this_host()
            self.server.active = False
            self.server = self.outgoing(preset, from_filter="contoso.example", office365_rate_limit=0)
            for number, context in enumerate(contexts):
                for route in ROUTES if preset == "submission" else ("call_kw",):
                    with self.subTest(preset=preset, number=number, route=route):
                        self.post_on_record(self.mallory, route, email_from=CHIEF, context=context)
                        self.assertLeft(ERP if preset == "submission" else NOTIFICATIONS)
                for kind in ("portal", "internal"):
                    with self.subTest(preset=preset, number=number, kind=kind):
                        self.post_in_channel(self.users[kind], context)
                        self.assertLeft(NOTIFICATIONS)
                        for email in (CUSTOMER, f"{kind}@private.example"):  # the notice is of no record's company
                            self.save(self.users[kind], "res.users", {"email": email}, self.users[kind].ids, **context)
                        self.assertLeft(ERP, NOTIFICATIONS)
            self.post_on_record(self.administrator, email_from=CHIEF, context=contexts[0])
            self.assertLeft(CEO)

    def test_names_are_no_addresses(self):
        names = [CEO, f'"{CEO}"', "=?utf-8?q?ceo=40contoso.example?=", "ceo＠contoso.example", "c\u200beo@contoso.example"]
        headers = {"Sender": CEO, "X-A: b\nSender": CEO, "Resent-From": CEO}
        for kind, user in (("portal", self.portal), ("internal", self.mallory)):
            for name in names:
                self.save(user, "res.users", {"name": name}, user.ids)
                with self.subTest(kind, name=name):
                    self.post_in_channel(user)
                    self.assertNoName()
                    if kind == "internal":
                        self.post_on_record(user, reply_to=f'"{name.strip(chr(34))}" <mallory@private.example>', mail_headers=headers)
                        self.assertNoName()
        self.save(self.administrator, "res.users", {"name": "Help@Work GmbH"}, self.mallory.ids)
        self.post_on_record(self.mallory)
        self.assertIn("Help@Work GmbH", str(self.sent().message["From"]))

    def assertNoName(self):  # noqa: N802
        for name in ("From", "Reply-To"):
            self.assertNotIn("eo", str(self.sent().message[name]).replace("contoso", "").replace("o365", ""))
        self.assertLeft(ERP, NOTIFICATIONS)


@tagged("post_install", "-at_install")
class TestTemplatesOverHttp(HttpAttackCase):
    """A template stands for others only as far as its writer may let it."""

    def test_of_whom(self):
        for kind, expected in (("internal", ERP), ("editor", CEO), ("administrator", CEO)):
            template = self.template_of(self.users[kind])
            for route in ROUTES:
                with self.subTest(kind, route=route):
                    self.send_template(self.mallory, template, route)
                    self.assertLeft(expected)

    def test_noreply_that_an_administrator_wrote(self):
        for kind, expected in (("internal", ERP), ("editor", ERP), ("administrator", NOREPLY)):
            template = self.template_of(self.users[kind], f'"Contoso" <{NOREPLY}>')
            with self.subTest(kind):
                self.send_template(self.mallory, template)
                self.assertLeft(expected)
                self.compose(self.mallory, template_id=template)
                self.assertLeft(expected)

    def test_who_vouches_is_not_written(self):
        template = self.template_of(self.mallory)
        vouched = {"office365_vouched_from": f"res.partner {CHIEF}", "office365_vouched_by": "administrator"}
        for kind in ("internal", "editor", "administrator"):
            for route in ROUTES:
                with self.subTest(kind, route=route), self.assertRaises(Refused):
                    self.call(self.users[kind], "mail.template", "write", [template], route, vals=vouched)
            with self.subTest(kind, route="form"), self.assertRaises(Refused):
                self.template_of(self.users[kind], **vouched)
        for kind in ("portal", "internal", "editor"):
            with self.subTest(kind, route="button"), self.assertRaises(Refused):
                self.call(self.users[kind], "mail.template", "action_office365_vouch", [template], "call_button")
        copies = self.call(self.mallory, "mail.template", "copy", [self.template_of(self.administrator)])
        for mine in (template, *(copies if isinstance(copies, list) else [copies])):
            self.send_template(self.mallory, mine)
            self.assertLeft(ERP)
        self.call(self.administrator, "mail.template", "action_office365_vouch", [template], "call_button")
        self.send_template(self.mallory, template)
        self.assertLeft(CEO)

    def test_other_values_and_another_message(self):
        genuine = self.post(self.ceo)
        self.servers.transactions.clear()
        template = self.template_of(self.administrator, "{{ user.email_formatted }}")
        for values in ({}, {"mail_message_id": genuine.id}, {"office365_actor_uid": 1}, {"message_id": genuine.message_id}):
            for context in ({}, {"default_mail_message_id": genuine.id}):
                with self.subTest(values=values, context=context):
                    self.send_template(self.mallory, template, email_values={"email_from": genuine.email_from, **values}, context=context)
                    self.assertLeft(ERP)
        self.send_template(self.administrator, template, email_values={"email_from": CHIEF})
        self.assertLeft(CEO)

    def test_a_template_from_who_acts_does_not_prove_what_they_call_their_own(self):
        template = self.template_of(self.administrator, "{{ user.email_formatted }}")
        for address in (CEO, BRANT):
            self.claim(self.mallory, address)
            with self.subTest(address=address):
                self.send_template(self.mallory, template)
                self.assertLeft(ERP)
                self.compose(self.mallory, template_id=template)
                self.assertLeft(ERP)
        self.send_template(self.ceo, template)
        self.assertLeft(CEO)


@tagged("post_install", "-at_install")
class TestFromOutsideOverHttp(HttpAttackCase):
    """A mail from outside goes on as its author only if Exchange says that it is."""

    def answer(self, result, number=0):
        self.record.message_subscribe(self.customer.ids)
        posted = self.post(self.brant)
        self.servers.transactions.clear()
        return self.message(
            sender=f"Clara <{CEO}>", to="catchall@contoso.example", subject=f"Answer {number}", In_Reply_To=posted.message_id,
            Authentication_Results=result)

    def test_what_an_administrator_fetches(self):
        server = self.incoming(object_id=self.env["ir.model"]._get_id("discuss.channel"), state="done")
        for result, expected in ((FAIL, ERP), (PASS, CEO)):
            with self.subTest(result=result):
                self.servers.mailbox(ERP).deliver(self.answer(result))
                self.call(self.administrator, "fetchmail.server", "fetch_mail", server.ids, "call_button")
                self.assertLeft(expected)

    def test_what_a_user_hands_to_the_gateway(self):
        context = {"default_fetchmail_server_id": self.incoming().id, "office365_fetching": {"server_ids": [1]}}
        for kind in ("portal", "internal", "editor", "administrator"):
            for number, route in enumerate(ROUTES):
                raw = self.answer(PASS, f"{kind} {number}").decode()
                values = {"model": "discuss.channel", "message": raw, "context": context}
                with self.subTest(kind, route=route):
                    try:
                        self.call(self.users[kind], "mail.thread", "message_process", None, route, **values)
                    except Refused:
                        self.assertEqual(self.left_as(), [])
                    else:
                        self.assertLeft(ERP)
