"""Base of the tests that talk to the local mail servers as a client does."""

import imaplib
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP

from .servers import CUSTOMER, ERP
from .servers_case import ServersCase

TIMEOUT = 5


class ClientCase(ServersCase):
    """Clients of the mail servers."""

    def setUp(self):
        super().setUp()
        self.directory = self.servers.directory

    @staticmethod
    def message(sender=ERP, to=CUSTOMER, body="Hello\n.\n..dots\n", **headers):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "Test"
        message["Message-ID"] = "<one@contoso.example>"
        for name, value in headers.items():
            message[name] = value
        message.set_content(body)
        return message

    def raw(self, *args, **values):
        return self.message(*args, **values).as_bytes(policy=SMTP)

    def connect(self, listener=None, tls=True, context=None):
        listener = listener or self.servers.submission
        client = smtplib.SMTP(listener.host, listener.port, timeout=TIMEOUT)
        self.addCleanup(client.close)
        client.ehlo()
        if tls:
            client.starttls(context=context or ssl.create_default_context())
            client.ehlo()
        return client

    def login(self, mailbox=ERP):
        client = self.connect()
        client.login(mailbox, self.servers.password(mailbox))
        return client

    def imap(self, mailbox=ERP):
        client = imaplib.IMAP4_SSL(
            "localhost", self.servers.imap.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
        )
        self.addCleanup(client.shutdown)
        client.login(mailbox, self.servers.password(mailbox))
        return client

    def transfer(self, client, raw, sender=ERP, recipient=CUSTOMER):
        """MAIL, RCPT, DATA by hand; return the reply to the final dot."""
        self.assertEqual(client.mail(sender)[0], 250)
        self.assertEqual(client.rcpt(recipient)[0], 250)
        return client.data(raw)

    def assertReply(self, found, expected):  # noqa: N802
        code, text = found
        self.assertEqual(f"{code} {text.decode()}", str(expected))
