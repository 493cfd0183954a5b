"""One session a queue run: through Odoo's queue, over real sockets."""

import contextlib
import smtplib
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.errors import ConnectionLost
from ..tools.outgoing.session_pool import SessionPool
from ..tools.sending import Sending
from .common import BRANT, CUSTOMER, ERP, INFO, Office365Case
from .servers import Drop, replies


@tagged("post_install", "-at_install")
class TestSessionPool(Office365Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = new_test_user(cls.env, "o365.anna", name="Anna", email="anna@private.example")

    def mails(self, number=4):
        """Create mails of Brant and Anna in turn."""
        self.set_alias(self.brant, BRANT)
        self.set_alias(self.anna, INFO)
        return self.env["mail.mail"].union(*(
            self.mail(email_from=(self.brant, self.anna)[each % 2].email_formatted, auto_delete=False) for each in range(number)))

    @property
    def connections(self):
        return self.servers.submission.connections

    def test_one_connection_for_all_senders_and_quit_at_the_end(self):
        self.outgoing()
        self.mails().send()
        self.assertEqual({sent.from_address for sent in self.sent(4)}, {BRANT, INFO})
        self.assertEqual(len(self.connections), 1)
        self.assertEqual(self.connections[0].verbs.count("QUIT"), 1)
        self.connections.wait_for(lambda seen: seen[0].closed)

    def test_each_server_has_a_session(self):
        self.trust_this_host()
        mails = self.mails(4)
        mails[:2].mail_server_id = self.outgoing()
        mails[2:].mail_server_id = self.outgoing("relay")
        mails.send()
        self.assertEqual((len(self.connections), len(self.servers.mx.connections)), (1, 1))
        self.sent(4)

    def test_a_context_from_outside_is_no_pool(self):
        server = self.outgoing()
        closed = SessionPool()
        closed.close()
        for sending in ({"pool": "x"}, True, "pool", Sending(pool=closed)):
            with self.subTest(sending=sending):
                IrMailServer = self.env["ir.mail_server"].with_context(**{Sending.CONTEXT_KEY: sending})
                session = IrMailServer._connect__(mail_server_id=server.id, smtp_from=ERP)
                self.assertIsNone(session.kept_until)
                session.quit()

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_lost_connection_defers_one_mail_and_the_next_go_on(self):
        self.outgoing()
        mails = self.mails(4)
        self.servers.submission.faults.add("END_OF_DATA", Drop())
        mails.send()
        self.assertEqual(sorted(mails.mapped("state")), ["outgoing", "sent", "sent", "sent"])
        deferred = mails.filtered(lambda mail: mail.state == "outgoing")
        self.assertIn("unexpectedly closed", deferred.failure_reason)
        self.assertTrue(deferred.scheduled_date)
        self.sent(3)
        self.assertEqual(len(self.connections), 2)

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_without_a_run_the_caller_gets_cores_exception(self):
        self.outgoing()
        self.servers.submission.faults.add("END_OF_DATA", Drop(), times=None)
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            self.mails(1).send(raise_exception=True)
        message = self.env["ir.mail_server"]._build_email__(BRANT, [CUSTOMER], "Direct", "Hi")
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            self.env["ir.mail_server"].send_email(message)

    def test_the_error_of_a_mail_leads_to_its_cause(self):
        server = self.outgoing()
        IrMailServer = self.env["ir.mail_server"]
        for fault, error in [(Drop(), ConnectionLost), (replies.S554_5_2_0_OUTBOUND_SPAM, smtplib.SMTPDataError)]:
            self.servers.submission.faults.add("END_OF_DATA", fault)
            with SessionPool() as pool, self.subTest(fault=fault):
                session = IrMailServer.with_context(**Sending.noted({}, pool=pool))._connect__(
                    mail_server_id=server.id, smtp_from=ERP)
                with self.assertRaises(MailDeliveryException) as caught:
                    IrMailServer.send_email(
                        IrMailServer._build_email__(ERP, [CUSTOMER], "Direct", "Hi"), smtp_session=session)
                self.assertIsInstance(caught.exception.__cause__, error)
                self.assertEqual(len(caught.exception.args), 2)

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_server_that_refuses_is_asked_once_a_run(self):
        self.outgoing(smtp_pass="wrong")
        mails = self.mails(4)
        mails.send()
        self.assertEqual(mails.mapped("state"), ["outgoing"] * 4, "they wait: the server pauses")
        self.assertEqual(len(self.connections), 1)

    def test_the_slot_is_held_until_the_run_is_over(self):
        held = []

        @contextlib.contextmanager
        def slot(server, login=None):
            held.append(login)
            yield
            held.remove(login)

        server = self.outgoing()
        with patch.object(self.registry["ir.mail_server"], "_office365_connection_slot", slot), SessionPool() as pool:
            server.with_context(**Sending.noted({}, pool=pool))._connect__(mail_server_id=server.id, smtp_from=ERP).quit()
            self.assertEqual(held, [ERP], "core only gives the session back")
            pool.close()
            self.assertEqual(held, [])
