"""Base of the tests of what IMAP and POP of the local servers do wrong."""

import imaplib
import poplib
import re
import ssl

from .servers import ERP
from .servers_client import TIMEOUT, ClientCase

LOST = (imaplib.IMAP4.abort, OSError, EOFError)


class FrontCase(ClientCase):
    """A mailbox with messages, and clients."""

    def setUp(self):
        super().setUp()
        self.mailbox = self.servers.mailbox(ERP)
        self.faults, self.pop_faults = self.servers.imap.faults, self.servers.pop.faults

    def deliver(self, *subjects, **options):
        """Deliver messages and return their UIDs."""
        for subject in subjects:
            self.mailbox.deliver(f"Subject: {subject}\r\n\r\nThe text of {subject}\r\n".encode(), **options)
        return list(self.mailbox.uids(options.get("folder", "INBOX")))[-len(subjects) :]

    def selected(self):
        client = self.imap()
        client.select()
        return client

    def pop(self):
        client = poplib.POP3_SSL("localhost", self.servers.pop.port, context=ssl.create_default_context(), timeout=TIMEOUT)
        self.addCleanup(client.close)
        client.user(ERP)
        client.pass_(self.servers.password(ERP))
        return client

    def subjects(self, folder="INBOX"):
        return [str(message["Subject"]) for message in self.mailbox.messages(folder)]

    def flags(self):
        return [message.flags for message in self.mailbox.messages()]

    def answer(self, command):
        """Return all that comes for a command until the connection ends or the answer does."""
        client = self.selected()
        client.send(b"t1 " + command + b"\r\n")
        octets = b""
        while not re.search(rb"^t1 .*\n", octets, re.MULTILINE) and (more := client.sock.recv(2**16)):
            octets += more
        return octets
