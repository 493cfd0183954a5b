"""Who tries to send as somebody else by what stands in a message, by mail from outside, or by remote calls."""

from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import email_normalize

from .attack_case import CEO, FAIL, PASS, AttackCase
from .common import BRANT, CUSTOMER, ERP, INFO, Office365Mixin
from .test_identity_modes import NOTIFICATIONS


@tagged("post_install", "-at_install")
class TestNames(AttackCase):
    """The name beside the address is never another address."""

    def test_names_in_from_and_reply_to(self):
        names = [CEO, "=?utf-8?q?ceo=40contoso.example?=", "ceo＠contoso.example", "ceo﹫contoso.example", f'"{CEO}"',
                 "=?utf-8?b?PT91dGYtOD9xP2Nlbz00MGNvbnRvc28uZXhhbXBsZT89?=", "c\u200beo@contoso.example"]
        for name in names:
            self.servers.transactions.clear()
            self.mallory.name = name
            with self.subTest(name=name):
                self.record.with_user(self.mallory).message_post(
                    body="x", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids,
                    reply_to=f'"{CEO}" <mallory@private.example>')
                sent = self.sent()
                for header in ("From", "Reply-To"):
                    self.assertNotIn("ceo", str(sent.message[header]).replace("o365", ""))

    def test_honest_names_stay(self):
        self.env.company.email = INFO
        for name in ("Help@Work GmbH", INFO, "Ümit @ Home", "R&D (Köln)"):
            self.servers.transactions.clear()
            self.env.company.name = name
            with self.subTest(name=name):
                self.mail(email_from=self.env.company.email_formatted).send()
                self.assertIn(name, str(self.sent().message["From"]).replace('"', ""))

    def test_other_headers_about_the_sender(self):
        self.mail(headers=repr({"Sender": CEO, "Resent-From": CEO, "Resent-Sender": CEO})).send()
        message = self.sent().message
        self.assertEqual([message[name] for name in ("Sender", "Resent-From", "Resent-Sender")], [None] * 3)

    def test_names_of_headers(self):
        for name in ("X-A: b\nSender", "X-A: b\r\nFrom", "From ", "Sender ", "X-A: b\r\n\r\nx", "Sender\u200b"):
            self.servers.transactions.clear()
            with self.subTest(name=name):
                self.record.with_user(self.mallory).message_post(
                    body="x", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=self.customer.ids,
                    mail_headers={name: f"Chief <{CEO}>"})
                self.assertNotIn(b"Chief <", self.sent().raw)
                self.assertIsNone(self.sent().message["Sender"])

    def test_two_addresses_in_from(self):
        for written in (f"{BRANT}, {CEO}", f"Contoso <{NOTIFICATIONS}>, Chief <{CEO}>"):
            self.servers.transactions.clear()
            self.mail(email_from=written).send()
            with self.subTest(written=written):
                self.assertNotIn(CEO, str(self.sent().message["From"]))


@tagged("post_install", "-at_install")
class TestFromOutside(AttackCase):
    """A mail from outside goes on as its author only if Exchange says that it is."""

    def fetch(self, raw):
        server = self.incoming(object_id=self.env["ir.model"]._get_id("discuss.channel"))
        server.button_confirm_login()
        self.servers.mailbox(ERP).deliver(raw)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()

    def posted(self):
        self.record.message_subscribe(self.customer.ids)
        posted = self.record.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.servers.reset()
        self.grant_send_as(CEO, BRANT, INFO, NOTIFICATIONS)
        return posted

    def test_what_exchange_says(self):
        table = [
            ("pass", {"Authentication_Results": PASS}, CEO),
            ("a colleague who is signed in", {
                "Authentication_Results":
                    "dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=contoso.example;",
                "X_MS_Exchange_Organization_AuthAs": "Internal"}, CEO),
            ("fail", {"Authentication_Results": FAIL}, ERP),
            ("nothing", {}, ERP),
        ]
        for title, headers, expected in table:
            posted = self.posted()
            with self.subTest(title):
                self.fetch(self.message(
                    sender=f"Clara <{CEO}>", to="catchall@contoso.example", subject=f"Answer {title}",
                    In_Reply_To=posted.message_id, **headers))
                self.assertEqual(self.left_as(), [expected])

    def test_a_from_that_can_be_read_in_two_ways(self):
        """Of a colleague who may send for the domain, so that DMARC passes."""
        table = [
            b"ceo@contoso.example, mallory@contoso.example", b"ceo@contoso.example (x) <mallory@contoso.example>",
            b"ceo@contoso.example:mallory@contoso.example;", b"<ceo@contoso.example>(<mallory@contoso.example>)",
            b"=?utf-8?q?ceo=40contoso=2Eexample?=\\ <mallory@contoso.example>",
        ]
        for number, written in enumerate(table):
            posted = self.posted()
            raw = self.message(
                sender="FROM@contoso.example", to="catchall@contoso.example", subject=f"Answer {number}",
                In_Reply_To=posted.message_id, Authentication_Results=PASS)
            with self.subTest(written=written):
                self.fetch(raw.replace(b"FROM@contoso.example", written))
                self.assertEqual(self.left_as(), [ERP])

    def test_mail_that_a_user_hands_to_the_gateway(self):
        posted = self.posted()
        raw = self.message(
            sender=f"Clara <{CEO}>", to="catchall@contoso.example", subject="Forged", In_Reply_To=posted.message_id,
            Authentication_Results=PASS)
        self.env["mail.thread"].with_user(self.mallory).sudo().with_context(
            default_fetchmail_server_id=self.incoming().id, office365_fetching={"server_ids": [1]},
        ).message_process("discuss.channel", raw)
        self.assertEqual(self.left_as(), [ERP])


@tagged("post_install", "-at_install", "office365_http")
class TestOverHttp(Office365Mixin, HttpCase):
    """The same by remote calls, as a client makes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ceo = new_test_user(cls.env, "o365.ceo", name="Clara Chief", email=CEO, groups="base.group_user")
        cls.accounts = {
            "internal": new_test_user(
                cls.env, "o365.mallory", password="mallory@o365", name="Mallory", email="mallory@private.example",
                groups="base.group_user,base.group_partner_manager"),
            "editor": new_test_user(
                cls.env, "o365.editor", password="editor@o365", name="Edda", email="edda@private.example",
                groups="base.group_user,base.group_partner_manager,mail.group_mail_template_editor"),
            "administrator": new_test_user(
                cls.env, "o365.admin", password="admin@o365", name="Ada", email="ada@private.example",
                groups="base.group_system,base.group_partner_manager"),
        }
        cls.portal = new_test_user(
            cls.env, "o365.portal", password="portal@o365", name="Paula", email="paula@private.example", groups="base.group_portal")
        cls.record = cls.env["res.partner"].create({"name": "Deal", "user_id": cls.ceo.id, "email": CUSTOMER})

    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", {"model": model, "method": method, "args": list(args), "kwargs": kwargs})

    def test_message_post_with_anothers_from(self):
        self.grant_send_as(CEO)
        self.outgoing(from_filter="contoso.example")
        for kind, user in self.accounts.items():
            self.servers.transactions.clear()
            self.authenticate(user.login, f"{user.login.split('.')[1]}@o365")
            with self.subTest(kind):
                self.call(
                    "res.partner", "message_post", self.record.ids, body="Pay", message_type="comment",
                    partner_ids=self.customer.ids, email_from=f"Clara <{CEO}>", author_id=self.ceo.partner_id.id,
                    context={"office365_behind": {"uid": 1}, "domain_notifications_email": CEO})
                self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
                self.assertEqual(email_normalize(self.sent().header_from), CEO if kind == "administrator" else ERP)

    def test_portal_user_takes_the_chiefs_address(self):
        self.outgoing(from_filter="contoso.example")
        self.authenticate("o365.portal", "portal@o365")
        with self.assertRaises(JsonRpcException) as caught:
            self.call("res.users", "write", self.portal.ids, {"email": CEO})
        self.assertIn("ValidationError", str(caught.exception.__dict__) + repr(caught.exception))
        self.assertEqual(self.portal.email, "paula@private.example")
