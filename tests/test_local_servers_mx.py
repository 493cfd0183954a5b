"""The local MX host behaves as that of a tenant is documented to behave: relay, connector, unknown recipients."""

import ssl

from odoo.tests import tagged

from .servers import BRANT, CUSTOMER, ERP, replies
from .servers_client import ClientCase


@tagged("post_install", "-at_install")
class TestMx(ClientCase):
    def refused(self, client, sender, recipient):
        client.rset()
        self.assertEqual(client.docmd(f"MAIL FROM:<{sender}>")[0], 250)
        code, text = client.rcpt(recipient)
        return "" if code == 250 else f"{code} {text.decode()}"

    def test_auth_is_never_offered(self):
        client = self.connect(self.servers.mx)
        self.assertNotIn("auth", client.esmtp_features)
        self.assertEqual(client.docmd("AUTH LOGIN")[0], 504)

    def test_mail_to_the_tenant_is_taken_from_anybody_and_stamped(self):
        self.directory.policy.dmarc = "fail"
        client = self.connect(self.servers.mx, tls=False)
        client.send_message(self.message(CUSTOMER, BRANT))
        (received,) = self.servers.mailbox(BRANT).messages()
        self.assertIn("dmarc=fail", received["Authentication-Results"])
        self.assertEqual(received["Message-ID"], "<one@contoso.example>")
        self.assertEqual(received.return_path, CUSTOMER)

    def test_an_unknown_recipient_reaches_the_catch_all_or_is_refused(self):
        client = self.connect(self.servers.mx)
        client.send_message(self.message(CUSTOMER, "nobody@contoso.example"))
        (received,) = self.servers.mailbox(ERP).messages()
        self.assertEqual(received["To"], "nobody@contoso.example")
        self.directory.policy.catch_all = None
        self.assertIn(
            "550 5.4.1 Recipient address rejected: Access denied",
            self.refused(client, CUSTOMER, "nobody@contoso.example"),
        )
        self.assertEqual(self.refused(client, CUSTOMER, BRANT), "")

    def test_relay_by_address_is_for_senders_of_the_accepted_domain(self):
        client = self.connect(self.servers.mx)
        self.assertEqual(self.refused(client, ERP, CUSTOMER), str(replies.S550_5_7_64_RELAY_DENIED))
        self.directory.add_connector(ip_networks=("127.0.0.1", "::1"))
        self.assertEqual(self.refused(client, BRANT, CUSTOMER), "")
        for sender in ("someone@elsewhere.example", ""):
            self.assertEqual(self.refused(client, sender, CUSTOMER), str(replies.S550_5_7_64_RELAY_DENIED_ATTR36))

    def test_relay_by_certificate_is_for_any_sender(self):
        self.directory.add_connector(certificate_names=("*.contoso.example",))
        context = ssl.create_default_context()
        for names, expected in (((), ""), (("odoo.contoso.example",), ""), (("odoo.other.example",), "550 5.7.64")):
            with self.subTest(names=names):
                context.load_cert_chain(*self.servers.client_certificate(*names))
                client = self.connect(self.servers.mx, context=context)
                for sender in (ERP, "someone@elsewhere.example", ""):
                    self.assertEqual(self.refused(client, sender, CUSTOMER)[:10], expected)
        self.assertEqual(self.refused(self.connect(self.servers.mx), ERP, CUSTOMER)[:10], "550 5.7.64")

    def test_direct_send_can_be_rejected(self):
        client = self.connect(self.servers.mx)
        self.assertEqual(self.refused(client, ERP, BRANT), "")
        self.directory.policy.reject_direct_send = True
        self.assertEqual(self.refused(client, ERP, BRANT), str(replies.S550_5_7_68_DIRECT_SEND_REJECTED))
        self.assertEqual(self.refused(client, CUSTOMER, BRANT), "")
        self.directory.add_connector(ip_networks=("127.0.0.0/8", "::1"))
        self.assertEqual(self.refused(client, ERP, BRANT), "")
