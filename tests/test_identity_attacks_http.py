"""What a client asks for over HTTP, with every value and every key of the context that it can set, so that mail leaves as somebody else."""

import re
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import email_normalize, mute_logger

from .attack_case import CEO
from .common import BRANT, CUSTOMER, ERP, Office365Mixin
from .sender_case import NOTIFICATIONS

CHIEF = f"Clara <{CEO}>"
NOREPLY = "noreply@contoso.example"
# Keys of core's and of ours; the last ones hold instances of our classes, which nobody can make up in JSON.
CONTEXT = {
    "domain_notifications_email": CEO, "domain_bounce_address": CEO, "active_test": False, "default_email_from": CHIEF,
    "default_office365_actor_uid": 1, "default_office365_vouch": "administrator",
    **{f"office365_{name}": {"uid": 1, "author_uid": 1, "mail_id": 1, "message_id": "x", "server_ids": [1], "is_genuine": True,
                             "book": {CEO: True}, "run": {}, "pool": {}, "is_queue": True, "is_after_commit": True}
       for name in ("behind", "incoming", "fetching", "away", "sending")},
}


@tagged("post_install", "-at_install")
class TestOverHttp(Office365Mixin, HttpCase):
    """Exchange would let the mailbox send as everybody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def user(name, *groups):
            return new_test_user(
                cls.env, f"o365.{name}", password=f"{name}@o365", name=name.title(), email=f"{name}@private.example",
                groups=",".join(groups))

        cls.ceo = new_test_user(cls.env, "o365.ceo", name="Clara", email=CEO, groups="base.group_user")
        cls.portal = user("portal", "base.group_portal")
        cls.internal = user("internal", "base.group_user", "base.group_partner_manager")
        cls.editor = user("editor", "base.group_user", "base.group_partner_manager", "mail.group_mail_template_editor")
        cls.administrator = user("admin", "base.group_system", "base.group_partner_manager")
        cls.record = cls.env["res.partner"].create({"name": "Deal", "user_id": cls.ceo.id, "email": CUSTOMER})
        cls.template = cls.env["mail.template"].with_user(cls.administrator).create({
            "name": "Offer", "model_id": cls.env["ir.model"]._get_id("res.partner"), "subject": "Offer", "email_to": CUSTOMER,
            "email_from": "{{ object.user_id.email_formatted }}", "body_html": "<p>Hi</p>"})

    def setUp(self):
        super().setUp()
        self.allow_send_as(CEO, BRANT, NOTIFICATIONS, NOREPLY)
        self.outgoing(from_filter="contoso.example", office365_rate_limit=0)
        self.genuine = self.record.with_user(self.ceo).message_post(body="Hello", message_type="comment")

    # ------------------------------------------------------------
    # Clients
    # ------------------------------------------------------------

    def call_kw(self, model, method, *args, **kwargs):
        """Call as the web client does."""
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": list(args), "kwargs": kwargs})

    def jsonrpc(self, model, method, *args, **kwargs):
        """Call as scripts do."""
        user = self.as_user
        return self.make_jsonrpc_request("/jsonrpc", {"service": "object", "method": "execute_kw", "args": [
            self.env.cr.dbname, user.id, f"{user.login.split('.')[1]}@o365", model, method, list(args), kwargs]})

    def comes_as(self, user, ask, *, once=True):
        """Return the address of From, the envelope sender and the other headers about the sender of what a user gets to leave.

        :param ask: called with what calls a method of a model
        """
        found = []
        for client in (self.call_kw, self.jsonrpc)[:1 if once else 2]:
            self.as_user = user
            self.authenticate(user.login, f"{user.login.split('.')[1]}@o365")
            self.servers.transactions.clear()
            try:
                ask(client)
            except JsonRpcException:
                found.append(None)  # refused
                continue
            self.env.invalidate_all()
            self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
            for sent in self.servers.accepted:
                if CUSTOMER in sent.recipients:
                    about = [str(sent.message[name] or "") for name in ("From", "Reply-To", "Sender", "Return-Path")]
                    found.append((email_normalize(about[0]), sent.envelope_from, " ".join(about[1:])))
        return found

    def assertNotAsChief(self, user, ask, *, leaves=True, once=True):  # noqa: N802
        """Fail unless mail leaves as the mailbox, with the chief's address nowhere; or does not leave, if it is refused."""
        found = self.comes_as(user, ask, once=once)
        for each in filter(None, found):
            self.assertNotIn(CEO, " ".join(each))
            self.assertIn(each[0], (ERP, NOTIFICATIONS))
        self.assertEqual(any(found), leaves, "a refusal and a mail are told apart, or this would prove nothing")

    def assertAsChief(self, user, ask):  # noqa: N802
        self.assertEqual({each and each[0] for each in self.comes_as(user, ask)}, {CEO})

    # ------------------------------------------------------------
    # Ways
    # ------------------------------------------------------------

    def post(self, **values):
        def ask(call):
            call("res.partner", "message_post", self.record.ids, body="Pay", message_type="comment",
                 partner_ids=self.customer.ids, **values)
        return ask

    def notify(self, call):
        call("res.partner", "message_notify", self.record.ids, body="Pay", subject="Pay", partner_ids=self.customer.ids,
             author_id=self.ceo.partner_id.id, email_from=CHIEF, context=CONTEXT)

    def route(self, _call):
        """The chatter's own route, with values that it does not offer."""
        self.make_jsonrpc_request("/mail/message/post", {
            "thread_model": "res.partner", "thread_id": self.record.id, "context": CONTEXT,
            "post_data": {"body": "Pay", "message_type": "comment", "subtype_xmlid": "mail.mt_comment", "partner_ids": self.customer.ids,
                          "email_from": CHIEF, "author_id": self.ceo.partner_id.id, "reply_to": CHIEF, "office365_actor_uid": 1}})

    def compose(self, mode, **values):
        def ask(call):
            context = {**CONTEXT, "default_model": "res.partner", "default_res_ids": self.record.ids, "default_composition_mode": mode,
                       "default_mail_message_id": self.genuine.id}
            made = call("mail.compose.message", "create", {
                "body": "Pay", "subject": "Pay", "email_from": CHIEF, "author_id": self.ceo.partner_id.id, "force_send": True,
                "partner_ids": [Command.set(self.customer.ids)], **values}, context=context)
            call("mail.compose.message", "action_send_mail", [made], context=context)
        return ask

    def use_template(self, template, **email_values):
        def ask(call):
            call("mail.template", "send_mail", template.ids, self.record.id, force_send=True, email_values=email_values, context=CONTEXT)
        return ask

    def make_template(self, call):
        made = call("mail.template", "create", {
            "name": "Own", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Pay", "email_to": CUSTOMER,
            "email_from": CHIEF, "body_html": "Pay"}, context=CONTEXT)
        call("mail.template", "send_mail", [made], self.record.id, force_send=True, context=CONTEXT)

    def make_mail(self, call):
        made = call("mail.mail", "create", {
            "subject": "Pay", "body_html": "Pay", "email_to": CUSTOMER, "email_from": CHIEF, "headers": repr({"Return-Path": CEO})},
            context=CONTEXT)
        call("mail.mail", "send", [made], context=CONTEXT)

    def schedule(self, call):
        made = call("mail.scheduled.message", "create", {
            "model": "res.partner", "res_id": self.record.id, "body": "Pay", "author_id": self.as_user.partner_id.id,
            "partner_ids": [Command.set(self.customer.ids)], "office365_vouch": "administrator",
            "scheduled_date": fields.Datetime.to_string(fields.Datetime.now() + timedelta(hours=1)),
            "notification_parameters": f'{{"email_from": "{CHIEF}"}}'}, context=CONTEXT)
        call("mail.scheduled.message", "post_message", [made], context=CONTEXT)

    # ------------------------------------------------------------
    # Who acts
    # ------------------------------------------------------------

    @mute_logger("odoo.http")
    def test_values_and_context_of_a_message(self):
        ways = {
            "the context alone": self.post(context=CONTEXT),
            "email_from": self.post(email_from=CHIEF, context=CONTEXT),
            "author_id": self.post(author_id=self.ceo.partner_id.id, context=CONTEXT),
            "all of it": self.post(
                email_from=CHIEF, author_id=self.ceo.partner_id.id, context=CONTEXT,
                message_id=self.genuine.message_id),
        }
        for user in (self.internal, self.editor):
            for title, ask in ways.items():
                with self.subTest(title, user=user.login):
                    self.assertNotAsChief(user, ask, once=False)
        self.assertAsChief(self.administrator, ways["email_from"])

    @mute_logger("odoo.http")
    def test_what_is_noted_of_who_acts_is_no_value_of_a_call(self):
        self.authenticate(self.internal.login, "internal@o365")
        values = {"office365_actor_uid": 1, "office365_vouch": "administrator"}
        message_id = self.call_kw("mail.message", "create", {
            "body": "Pay", "model": "res.partner", "res_id": self.record.id, "email_from": CHIEF, **values}, context=CONTEXT)
        message = self.env["mail.message"].browse(message_id)
        self.assertEqual((message.office365_actor_uid, message.office365_vouch), (self.internal.id, False))
        for name, value in {"office365_actor_uid": 1, "office365_vouch": "administrator", "reply_to": CHIEF}.items():
            with self.subTest(name):
                found = self.comes_as(self.internal, self.post(email_from=CHIEF, **{name: value}))
                # Where answers go, a client may say: whoever answers sees it, and nothing says that the chief has written.
                self.assertNotIn(CEO, str([each and each[:2 if name == "reply_to" else 3] for each in found]))

    @mute_logger("odoo.http")
    def test_other_ways_to_a_message(self):
        ways = {
            "notify": self.notify, "the chatter's route": self.route, "composer": self.compose("comment"),
            "composer, many records": self.compose("mass_mail"),
        }
        for user in (self.internal, self.editor):
            for title, ask in ways.items():
                with self.subTest(title, user=user.login):
                    self.assertNotAsChief(user, ask)
        for title, ask in ways.items():
            if ask != self.route:  # offers nobody another From
                with self.subTest(title, user="administrator"):
                    self.assertAsChief(self.administrator, ask)

    @mute_logger("odoo.http")
    def test_portal_users_and_visitors_reach_none_of_them(self):
        for ask in (self.post(email_from=CHIEF), self.notify, self.route, self.compose("comment"), self.make_mail, self.make_template,
                    self.schedule, self.use_template(self.template)):
            with self.subTest(ask):
                self.assertNotAsChief(self.portal, ask, leaves=False)
        self.authenticate(None, None)
        with self.assertRaises(JsonRpcException):
            self.route(None)

    @mute_logger("odoo.http")
    def test_mails_and_scheduled_messages(self):
        for user in (self.internal, self.editor):
            with self.subTest("mail", user=user.login):
                self.assertNotAsChief(user, self.make_mail, leaves=False)
            with self.subTest("scheduled", user=user.login):
                self.assertNotAsChief(user, self.schedule)
        self.assertAsChief(self.administrator, self.make_mail)

    # ------------------------------------------------------------
    # Templates and names
    # ------------------------------------------------------------

    @mute_logger("odoo.http")
    def test_templates(self):
        self.assertAsChief(self.internal, self.use_template(self.template))
        own = {"email_from": CHIEF, "mail_message_id": self.genuine.id, "reply_to": False, "body_html": "Pay"}
        self.env["res.partner"].browse(self.record.id).user_id = self.internal
        self.assertNotAsChief(self.internal, self.use_template(self.template, **own))
        with self.subTest("a template of one's own"):
            self.assertNotIn(CEO, str(self.comes_as(self.internal, self.make_template)))
        with self.subTest("an editor's, who may let templates stand for others"):
            self.assertAsChief(self.editor, self.make_template)
        with self.subTest("somebody else's, rewritten"):
            self.assertNotAsChief(self.internal, lambda call: (
                call("mail.template", "write", self.template.ids, {"email_from": CHIEF}),
                call("mail.template", "send_mail", self.template.ids, self.record.id, force_send=True)), leaves=False)

    @mute_logger("odoo.http")
    def test_an_address_that_an_administrator_wrote_into_a_template(self):
        self.template.email_from = f"Contoso <{NOREPLY}>"
        self.assertEqual({each[0] for each in self.comes_as(self.internal, self.use_template(self.template))}, {NOREPLY})
        self.assertEqual({each[0] for each in self.comes_as(self.internal, self.post(email_from=f"Contoso <{NOREPLY}>"))}, {ERP})

    @mute_logger("odoo.http")
    def test_names_that_show_another_address(self):
        for name in (CEO, CEO.replace("@", "＠"), CEO.replace("@", "﹫"), "=?utf-8?q?ceo=40contoso=2Eexample?="):
            for values in ({"email_from": f'"{name}" <internal@private.example>'}, {"reply_to": f'"{name}" <internal@private.example>'}):
                self.as_user = self.internal
                with self.subTest(values=values):
                    self.comes_as(self.internal, self.post(**values))
                    for sent in self.servers.accepted:
                        shown = f"{sent.message['From']} {sent.message['Reply-To']}"
                        self.assertNotRegex(shown, r"(?i)ceo.{1,3}contoso")

    # ------------------------------------------------------------
    # Whose address
    # ------------------------------------------------------------

    @mute_logger("odoo.http")
    def test_nobody_takes_the_chiefs_address(self):
        for user in (self.portal, self.internal, self.editor):
            for values in ({"email": CEO}, {"email": f"x <{CEO.upper()}>"}, {"office365_alias": CEO}):
                self.authenticate(user.login, f"{user.login.split('.')[1]}@o365")
                with self.subTest(user=user.login, values=values), self.assertRaises(JsonRpcException):
                    self.call_kw("res.users", "write", user.ids, values)
            self.assertEqual(email_normalize(user.email), f"{user.login.split('.')[1]}@private.example")
            self.assertFalse(user.office365_alias)

    @mute_logger("odoo.http")
    def test_a_claim_by_the_portals_page(self):
        """The form of the portal, where it is installed, changes the e-mail of a portal user."""
        if "portal.mixin" not in self.env:
            self.skipTest("needs the portal")
        self.authenticate("o365.portal", "portal@o365")
        for email, expected in ((CEO, "portal@private.example"), ("other@private.example", "other@private.example")):
            token = re.search(r'csrf_token: "(\w+)"', self.url_open("/my").text)[1]
            self.url_open("/my/address/submit", data={
                "partner_id": self.portal.partner_id.id, "name": "Portal", "email": email, "phone": "+32 1 23 45 67", "street": "Street 1",
                "zip": "1000", "city": "Brussels", "country_id": self.env.ref("base.be").id, "address_type": "billing",
                "use_delivery_as_billing": "true", "csrf_token": token})
            self.env.invalidate_all()
            with self.subTest(email):
                self.assertEqual(email_normalize(self.portal.email), expected)

    @mute_logger("odoo.http")
    def test_a_claim_of_anothers_alias_harms_them_not(self):
        self.set_alias(self.brant, BRANT)
        for values in ({"email": BRANT}, {"email": self.brant.email}):
            self.authenticate("o365.portal", "portal@o365")
            with self.subTest(values), self.assertRaises(JsonRpcException):
                self.call_kw("res.users", "write", self.portal.ids, values)
        self.brant.password = "brant@o365"
        self.brant.login = "o365.brant"
        self.assertEqual({each[0] for each in self.comes_as(self.brant, self.post())}, {BRANT})
