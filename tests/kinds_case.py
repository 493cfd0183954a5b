"""Base of the tests of what becomes of each kind of message."""

from odoo.tests import new_test_user

from .common import BRANT, CUSTOMER, ERP, Office365Case

ORIGINAL = "<700001.1762077600.987654321098765-openerp-7-res.partner@odoo-host>"
RECEIVED = ("Received: from AM9PR01MB0002.eurprd01.prod.exchangelabs.com by AM0PR01MB0001.eurprd01.prod.exchangelabs.com with HTTPS; "
            "Mon, 2 Nov 2026 10:00:00 +0000\r\n")
PASS = ("spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=fabrikam.example; dkim=pass (signature was verified) "
        "header.d=fabrikam.example;dmarc=pass action=none header.from=fabrikam.example;compauth=pass reason=100")
FAIL = ("spf=fail (sender IP is 198.51.100.7) smtp.mailfrom={0}; dkim=fail (no signature) header.d=none;dmarc=fail action=none "
        "header.from={0};compauth=fail reason=000")
SYSTEM = '"Microsoft Outlook" <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.onmicrosoft.com>'
NOT_FOUND = "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"


class KindsCase(Office365Case):
    """A mailbox whose server has no fallback, two aliases, and a message that Odoo has sent to several people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        partner = cls.env["ir.model"]._get_id("res.partner")
        for name in ("lead", "sales"):
            cls.env["mail.alias"].create({"alias_name": name, "alias_domain_id": cls.alias_domain.id, "alias_model_id": partner})
        cls.deal = cls.env["res.partner"].create({"name": "Deal"})
        cls.follower = new_test_user(cls.env, "o365.follower", email="follower@private.example", groups="base.group_user")

    def setUp(self):
        super().setUp()
        self.server = self.incoming()
        self.server.button_confirm_login()
        self.fetch()

    def fetch(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()

    def take(self, raw):
        """Deliver a message and fetch it; return its row and the message it became."""
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self.servers.mailbox(ERP).deliver(raw)
        self.fetch()
        row = self.env["office365.inbound"].search([("server_id", "=", self.server.id)], order="id desc", limit=1)
        found = self.env["mail.message"].search([("id", ">", before), ("message_type", "=", "email")], order="id")
        return row, found[:1]

    @staticmethod
    def raw(subject="Question", body="Hello", *, sender=f"Carla Customer <{CUSTOMER}>", to="lead@contoso.example", results=PASS,
            path=CUSTOMER, head="", content='text/plain; charset="utf-8"', message_id=None):
        text = RECEIVED
        text += f"Authentication-Results: {results}\r\n" if results else ""
        text += f"Return-Path: <{path}>\r\n" if path is not None else ""
        text += f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"
        text += f"Message-ID: {message_id or f'<{abs(hash((subject, str(body))))}@fabrikam.example>'}\r\n{head}"
        text += f"MIME-Version: 1.0\r\nContent-Type: {content}\r\n\r\n"
        return text.encode() + (body if isinstance(body, bytes) else body.encode()) + b"\r\n"

    # ------------------------------------------------------------
    # What Odoo has sent
    # ------------------------------------------------------------

    def sent_to(self, *addresses):
        """Post a message of Brant's on the deal to these addresses, as it is after it was sent; return it."""
        partners = self.env["res.partner"].create([{"name": address, "email": address} for address in addresses])
        message = self.deal.with_user(self.brant).message_post(
            body="Offer 7", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=partners.ids)
        message.sudo().message_id = ORIGINAL
        message.sudo().notification_ids.filtered(lambda each: each.res_partner_id in partners).write({
            "notification_type": "email", "notification_status": "sent", "failure_type": False, "failure_reason": False})
        return message.sudo()

    def bounced(self, message):
        return sorted(message.notification_ids.filtered(
            lambda each: each.notification_status == "bounce").res_partner_id.mapped("email"))

    def report(self, recipients, *, text="Your message could not be delivered.", copy="message/rfc822", message_id=ORIGINAL, head="",
               subject="Undeliverable: Offer 7", machine=True):
        """Return a delivery report as Exchange writes it.

        :param recipients: rows of fields, a dictionary each
        """
        parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"]
        if machine:
            blocks = "\r\n".join("".join(f"{name}: {value}\r\n" for name, value in each.items()) for each in recipients)
            parts.append(f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;AM0PR01MB0001.example\r\n\r\n{blocks}\r\n")
        if copy:
            parts.append(
                f"Content-Type: {copy}\r\n\r\nFrom: Brant <{BRANT}>\r\nSubject: Offer 7\r\nMessage-ID: {message_id}\r\n\r\nHello\r\n")
        body = "".join(f"--=_r\r\n{part}" for part in parts) + "--=_r--\r\n"
        return self.raw(
            subject, body, sender=SYSTEM, to=ERP, path="", results="",
            head=f"Auto-Submitted: auto-replied\r\nX-MS-Exchange-Message-Is-Ndr:\r\n{head}",
            content='multipart/report; report-type=delivery-status; boundary="=_r"')

    def assertNobodyTold(self):  # noqa: N802
        self.assertFalse(self.notices())

    def notices(self):
        return self.env["mail.mail"].search([("headers", "like", "auto-replied")], order="id")
