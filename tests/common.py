"""Base of the tests that talk to the local mail servers."""

import base64
import contextlib
import logging
import unittest
from email.message import EmailMessage
from unittest.mock import patch

from odoo.addons.base.models import ir_mail_server as core_smtp
from odoo.addons.mail.models import fetchmail as core_fetchmail
from odoo.tests import TransactionCase, new_test_user

from .servers import BRANT, CUSTOMER, ERP, INFO, MailServers, available

__all__ = ["BRANT", "CUSTOMER", "ERP", "INFO", "Office365Case", "Office365Mixin", "SecretsMixin"]

# Seconds. A local server answers at once; a client that waits for the wrong thing has to fail a test, not stall it.
TIMEOUT = 10


class _Capture(logging.Handler):
    """Keep what is logged, whatever the level."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record):
        self.text += f"{record.getMessage()}\n{record.exc_text or ''}\n"


class SecretsMixin:
    """For tests in which secrets are used."""

    @contextlib.contextmanager
    def assertNoSecretLogged(self, *secrets):  # noqa: N802
        """Fail if one of the secrets gets to any log, plain or in base64, at any level."""
        root = logging.getLogger()
        capture, levels = _Capture(), {}
        handlers, root.handlers = root.handlers, [capture]  # so much of it would drown the test log
        loggers = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
        for logger in [root, *loggers]:
            if logger is root or logger.level:
                levels[logger] = logger.level
                logger.setLevel(logging.DEBUG)
        try:
            yield capture
        finally:
            root.handlers = handlers
            for logger, level in levels.items():
                logger.setLevel(level)
        for secret in secrets:
            self.assertNotIn(secret, capture.text)
            self.assertNotIn(base64.b64encode(secret.encode()).decode(), capture.text)


class Office365Mixin(SecretsMixin):
    """Mail over real sockets: sending is on, the certificate authority of the servers is trusted, no other server is used.

    :cvar servers: the local servers, in their initial state at the start of each test
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers cannot run: {reason}")
        # Once a class, not once for all: Odoo ends every process that outlives its class.
        cls.servers = MailServers()
        cls.servers.start()
        cls.addClassCleanup(cls.servers.stop)
        cls.env["ir.mail_server"].search([]).active = False
        cls.env["fetchmail.server"].search([]).active = False
        cls.alias_domain = cls.env["mail.alias.domain"].search([("name", "=", "contoso.example")]) or (
            cls.env["mail.alias.domain"].create({"name": "contoso.example"}))
        # Core gives the first domain all mail aliases that there are; other modules bring some, such as info.
        cls.env["mail.alias"].search([("alias_domain_id", "=", cls.alias_domain.id)]).alias_domain_id = False
        cls.env.company.alias_domain_id = cls.alias_domain
        cls.brant = new_test_user(
            cls.env, "o365.brant", name="Brant Wadsworth", email="brant@private.example",
            groups="base.group_user,base.group_partner_manager")
        cls.customer = cls.env["res.partner"].create({"name": "Carla Customer", "email": CUSTOMER})

    def setUp(self):
        super().setUp()
        self.servers.reset()
        self.proved = set()
        # Cursors of their own (quotas, pauses, deliveries) see what the test wrote, and are undone with it.
        self.enterContext(self.enter_registry_test_mode())
        self.enterContext(self.servers.trusted())
        IrMailServer = self.registry["ir.mail_server"]
        self.enterContext(patch.object(IrMailServer, "_disable_send", classmethod(lambda cls: False)))
        self.enterContext(patch.object(core_smtp, "SMTP_TIMEOUT", TIMEOUT))
        self.enterContext(patch.object(core_fetchmail, "MAIL_TIMEOUT", TIMEOUT))

    @contextlib.contextmanager
    def enter_registry_test_mode(self):
        """Do what core's does; a test that is in that mode already, as all of these are, may do it again."""
        if not type(self)._registry_patched:
            with super().enter_registry_test_mode():
                yield
            return
        self.env.flush_all()
        try:
            yield
        finally:
            self.env.invalidate_all()

    def tearDown(self):
        self.assertFalse(self.servers.errors, "exceptions inside the local servers")
        super().tearDown()

    def outgoing(self, preset="submission", **values):
        """Create an outgoing server of ours at the local one."""
        at = self.servers.mx if preset == "relay" else self.servers.submission
        login = {} if preset == "relay" else {"smtp_user": ERP, "smtp_pass": self.servers.password(ERP)}
        server = self.env["ir.mail_server"].create({
            "office365_preset": preset, "smtp_host": at.host, "smtp_port": at.port, **login, **values})
        self.prove()
        return server

    def incoming(self, preset="imap", **values):
        """Create an incoming server of ours at the local one."""
        at = self.servers.imap if preset == "imap" else self.servers.pop
        return self.env["fetchmail.server"].create({
            "office365_preset": preset, "server": at.host, "port": at.port,
            "user": ERP, "password": self.servers.password(ERP), **values})

    def deliver_and_fetch(self, raw):
        """Deliver a message to the mailbox, and let a server of ours fetch it."""
        server = self.incoming(object_id=self.env["ir.model"]._get_id("discuss.channel"))
        server.button_confirm_login()
        self.servers.mailbox(ERP).deliver(raw)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()

    def set_alias(self, user, alias):
        """Set an alias as an administrator does."""
        user.sudo().office365_alias = alias
        self.assertEqual(user.office365_alias_state, "confirmed")

    def trust_this_host(self):
        """Let a connector in Exchange trust the address that the tests come from."""
        self.servers.directory.add_connector(ip_networks=("127.0.0.1", "::1"))

    def grant_send_as(self, *addresses):
        """Let the ERP mailbox send as these addresses."""
        self.servers.directory.grant_send_as(ERP, *addresses)

    def allow_send_as(self, *addresses):
        """Let the ERP mailbox send as these addresses, and let Odoo know."""
        self.grant_send_as(*addresses)
        self.proved.update(addresses)
        self.prove()

    def prove(self):
        """Let Odoo know, of each server, what Exchange would have shown by now."""
        servers = self.env["ir.mail_server"].search([("office365_preset", "=", "submission")])
        self.env["office365.probe"]._learn({
            (server.id, address): ("allowed", "250 OK") for server in servers for address in self.proved})

    def mail(self, **values):
        """Create a queued mail from Brant to the customer."""
        return self.env["mail.mail"].create({
            "subject": "Offer", "body_html": "<p>Hello</p>", "email_to": CUSTOMER,
            "email_from": self.brant.email_formatted, "author_id": self.brant.partner_id.id, **values})

    def sent(self, number=1):
        """Return what left for outside, to fabrikam.example; fail unless there are this many.

        What colleagues are told of meanwhile is another matter.
        """
        taken = [transaction for transaction in self.servers.accepted
                 if any(address.endswith("@fabrikam.example") for address in transaction.recipients)]
        self.assertEqual(len(taken), number, list(self.servers.transactions))
        return taken[0] if number == 1 else taken

    @staticmethod
    def message(sender=CUSTOMER, to=ERP, subject="Question", body="Hello", **headers) -> bytes:
        """Return a message as it lies in a mailbox."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Message-ID"] = f"<{subject.replace(' ', '.')}.{id(message)}@fabrikam.example>"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(body)
        return message.as_bytes()


class Office365Case(Office365Mixin, TransactionCase):
    """Tests of models."""
