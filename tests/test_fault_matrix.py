import os
import unittest

from odoo.tests import BaseCase, tagged

from .faults.matrix import MAILS, Matrix
from .servers import Drop, available, replies


@tagged("post_install", "-at_install")
class TestFaultMatrix(BaseCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "MAIL_OFFICE365_FAULTS_DATABASE" not in os.environ:
            raise unittest.SkipTest("the fault matrix needs a database of its own, which `dev/o365 test` makes")
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers can not run: {reason}")
        cls.matrix = Matrix()
        cls.addClassCleanup(cls.matrix.close)

    def setUp(self):
        super().setUp()
        self.matrix.reset()

    def test_nothing(self):
        import time
        for step in (None, "MAIL", "RCPT"):
            t = time.time()
            self.matrix.reset()
            t2 = time.time()
            if step:
                self.matrix.servers.submission.faults.add(step, Drop(), times=None, every=50)
            first, last = self.matrix.settle()
            print(step, t2 - t, time.time() - t2, first, last)
