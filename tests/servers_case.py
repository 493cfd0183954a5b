"""Base of the tests that talk to the local mail servers without a database of Odoo."""

import unittest

from odoo.tests import BaseCase

from .servers import MailServers, available
from .workers import Workers


class ServersCase(BaseCase):
    """One set of servers for the class, trusted, and as new before each test.

    :cvar servers: they
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers cannot run: {reason}")
        cls.servers = cls.enterClassContext(MailServers())
        cls.enterClassContext(cls.servers.trusted())

    def setUp(self):
        super().setUp()
        self.servers.reset()

    def tearDown(self):
        self.assertFalse(self.servers.errors, "exceptions inside the local servers")
        super().tearDown()


class WorkersCase(ServersCase):
    """Worker processes beside the local servers: each has connections of its own to one database, and commits.

    :cvar workers: makes them
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.workers = cls.enterClassContext(Workers())
