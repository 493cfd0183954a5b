"""Who tries to send as somebody else by what stands in a message, by mail from outside, or by remote calls."""

from odoo.tests import tagged

from .attack_case import CEO, FAIL, PASS, AttackCase
from .common import BRANT, ERP, INFO
from .sender_case import NOTIFICATIONS


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

    def posted(self):
        self.record.message_subscribe(self.customer.ids)
        posted = self.record.with_user(self.brant).message_post(
            body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.servers.reset()
        self.allow_send_as(CEO, BRANT, INFO, NOTIFICATIONS)
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
                self.deliver_and_fetch(self.message(
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
                self.deliver_and_fetch(raw.replace(b"FROM@contoso.example", written))
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
