from odoo.tests import tagged

from .faults.case import FaultCase
from .faults.matrix import MAILS
from .servers import Drop, entra_errors, replies


@tagged("post_install", "-at_install")
class TestFaultMatrixToken(FaultCase):
    """Faults where a token opens the mailbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.matrix.sign_in_by_token()
        cls.addClassCleanup(cls.matrix.sign_in_by_password)

    def test_the_token_endpoint_is_down(self):
        faults = [("TOKEN", entra_errors.UNAVAILABLE), ("TOKEN", Drop())]
        self.check("503, then a closed connection,", faults, at="entra", times=1)

    def test_a_token_is_refused_in_the_middle_of_a_run(self):
        # The second connection's token is refused once; another one is asked for and the sign-in tried again, within the run.
        faults = [("RCPT", replies.S421_4_3_2_SERVICE_NOT_AVAILABLE), ("AUTH", replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL)]
        self.check("421, then 535 to a token,", faults, every=2, times=1, sent_at_once=MAILS // 2)
