"""Base of the tests of the SMTP session: it talks to the local servers, without a database."""

import contextlib
import dataclasses
import itertools
from email.message import EmailMessage
from email.policy import SMTP as POLICY

from ..tools.smtp.session import SmtpSession
from ..tools.tls import client_context
from ..tools.transport import Observer
from .servers import CUSTOMER, ERP
from .servers_case import ServersCase

OTHER = "other@fabrikam.example"
PLAIN = {"PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "SIZE", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES"}
SERVERS = {"all": set(), "no CHUNKING": {"CHUNKING"}, "no PIPELINING": {"PIPELINING"}, "plain": PLAIN}

_numbers = itertools.count(1)


class SmtpCase(ServersCase):

    def setUp(self):
        super().setUp()
        self.restart()

    def restart(self, hidden=()):
        """Return the servers to their initial state, with EHLO keywords left out."""
        self.servers.reset()
        self.servers.submission.hidden |= set(hidden)
        self.servers.directory.limits.concurrent_connections = None

    def session(self, *, timeout=10, login=ERP, sign_on=None, slot=contextlib.nullcontext, **options):
        """Open a session; what becomes of its messages is in its ``outcomes``."""
        session = SmtpSession(
            "localhost", self.servers.submission.port, timeout=timeout, local_hostname="odoo.contoso.example", **options)
        session.outcomes, session.stages = outcomes, stages = [], []

        def sign_on_with_password(session, login):
            session.starttls(context=client_context())
            session.login(login, self.servers.password(login))
            session.ehlo_or_helo_if_needed()

        self.addCleanup(session.rest)
        session.open(login, Observer(
            sign_on=sign_on or sign_on_with_password, slot=slot,
            on_stage=lambda name, _seconds, _detail: stages.append(name),
            on_outcome=lambda _message, outcome: outcomes.append(outcome)))
        return session

    @staticmethod
    def observe(session, **changes):
        """Have the next messages of a session sent with other values of its observer."""
        session.begin(dataclasses.replace(session.observer, **changes))

    def send(self, session, text="Hello\n", recipients=(CUSTOMER,), sender=ERP):
        return session.send_message(self.text(text, sender), sender, list(recipients))

    @staticmethod
    def text(text, sender):
        message = EmailMessage(policy=POLICY)
        message["From"], message["To"], message["Subject"] = sender, CUSTOMER, "Offer"
        message["Message-ID"] = f"<{next(_numbers)}@contoso.example>"
        message.set_content(text)
        return message

    @staticmethod
    def content(sent):
        return sent.message.get_content().replace("\r\n", "\n")

    def verbs(self):
        """Return the commands of the last connection after its sign-in."""
        verbs = self.servers.submission.connections[-1].verbs
        return verbs[len(verbs) - verbs[::-1].index("***"):]

    @property
    def connections(self):
        return len(self.servers.submission.connections)

    def sent(self):
        self.servers.transactions.wait_for(len)
        return self.servers.accepted
