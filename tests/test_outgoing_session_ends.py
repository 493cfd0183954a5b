"""Every way out of a session frees its slot, its socket and its cursor at once, without Python's collector."""

import contextlib
import gc
import weakref
from unittest.mock import patch

from odoo import sql_db
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools.smtp.session import SmtpSession
from .common import CUSTOMER, ERP, Office365Case
from .servers import Drop, replies


class SlotsMixin:
    """The collector is off: what only it would free stays."""

    def setUp(self):
        super().setUp()
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.server = self.outgoing()

    @property
    def slots(self):
        """Connections of the mailbox that are taken, as every worker sees them."""
        with contextlib.closing(sql_db.db_connect(self.env.cr.dbname).cursor()) as cr:
            env = self.env(cr=cr)
            return env["ir.mail_server"]._office365_connections(ERP)

    def assertAllFree(self):  # noqa: N802
        self.assertEqual(self.slots, 0, "slots are taken")
        self.servers.submission.connections.wait_for(lambda seen: all(each.closed for each in seen))
        for connection in self.servers.submission.connections:
            self.assertTrue(connection.closed, connection)


@tagged("post_install", "-at_install")
class TestEnds(SlotsMixin, Office365Case):

    def message(self, **values):
        return self.env["ir.mail_server"]._build_email__(ERP, [CUSTOMER], "Direct", "Hi", **values)

    def test_a_slot_is_seen_while_it_is_taken(self):
        session = self.server._connect__(mail_server_id=self.server.id, smtp_from=ERP)
        self.assertEqual(self.slots, 1)
        session.quit()
        self.assertAllFree()

    def test_a_message_that_is_none(self):
        kept = []  # as a traceback is that a logger, a debugger or a web server keeps
        for message in ({}, {"From": ERP, "To": CUSTOMER}, "text", ["list"], 7, None):
            with self.subTest(message=message):
                for _call in range(4):
                    with self.assertRaises(Exception) as caught:
                        self.env["ir.mail_server"].send_email(message, self.server.id)
                    self.assertNotIn("connections that may be open", str(caught.exception))
                    kept.append(caught.exception)
                self.assertAllFree()

    def test_what_fails_between_signing_in_and_sending(self):
        kept = []
        for exception in (ValueError("a third party's"), MailDeliveryException("x", "y"), AssertionError("core's"), KeyboardInterrupt):
            def fail(*_args, exception=exception, **_kwargs):
                raise exception

            with self.subTest(exception=exception), patch.object(type(self.server), "_prepare_smtp_to_list", fail):
                with self.assertRaises(BaseException) as caught:
                    self.env["ir.mail_server"].send_email(self.message(), self.server.id)
                kept.append(caught.exception)
            self.assertEqual(len(self.servers.submission.connections), len(kept), "it was signed in before")
            self.assertAllFree()

    def test_every_refusal(self):
        kept = []
        for step, fault in [
            ("END_OF_DATA", Drop()), ("END_OF_DATA", replies.S554_5_2_0_OUTBOUND_SPAM), ("MAIL", replies.S421_4_4_2_RATE_LIMITED),
            ("RCPT", replies.S550_5_1_1_RECIPIENT_UNKNOWN), ("AUTH", replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL),
            ("CONNECT", Drop()), ("STARTTLS", replies.S454_4_7_0_TEMPORARY_AUTH_FAILURE),
        ]:
            self.servers.submission.faults.add(step, fault)
            with self.subTest(step=step, fault=fault):
                with self.assertRaises(Exception) as caught:
                    self.env["ir.mail_server"].send_email(self.message(), self.server.id)
                kept.append(caught.exception)
                self.assertAllFree()
        self.env["ir.mail_server"].send_email(self.message(), self.server.id)
        self.sent()
        self.assertAllFree()

    def test_an_interrupted_sign_in(self):
        with patch.object(type(self.server), "_office365_sign_in", side_effect=KeyboardInterrupt), \
                self.assertRaises(KeyboardInterrupt) as caught:
            self.env["ir.mail_server"].send_email(self.message(), self.server.id)
        self.assertAllFree()
        del caught

    def test_who_opens_a_session_and_fails_frees_it_with_the_transaction(self):
        kept, sessions = [], []

        def third_party(env, *, commits):
            session = env["ir.mail_server"]._connect__(mail_server_id=self.server.id, smtp_from=ERP)
            sessions.append(session)
            for each in range(2):
                env["ir.mail_server"].send_email(self.message(), smtp_session=session)
                if commits and not each:
                    env.cr.commit()
            raise ValueError

        for commits in (False, True):
            with self.subTest(commits=commits):
                try:
                    with self.registry.cursor() as cr:
                        third_party(self.env(cr=cr), commits=commits)
                except ValueError as error:
                    kept.append(error)
                self.assertAllFree()
        self.assertEqual(len(self.servers.submission.connections), 2, "a commit costs no connection")
        self.env["ir.mail_server"].send_email(self.message(), smtp_session=sessions[0])
        self.sent(5)
        sessions[0].quit()
        self.assertAllFree()

    def test_a_session_that_nobody_has_any_more_is_freed_at_once(self):
        session = self.server._connect__(mail_server_id=self.server.id, smtp_from=ERP)
        self.env["ir.mail_server"].send_email(self.message(), smtp_session=session)
        gone = weakref.ref(session)
        del session
        self.assertIsNone(gone(), "it refers to itself")
        self.assertAllFree()

    def test_a_rollback_frees_each_session_of_the_transaction_once(self):
        with self.registry.cursor() as cr:
            IrMailServer = self.env(cr=cr)["ir.mail_server"]
            sessions = [IrMailServer._connect__(mail_server_id=self.server.id, smtp_from=ERP) for _each in range(2)]
            self.assertEqual(self.slots, 2)
            with patch.object(SmtpSession, "rest", autospec=True, side_effect=SmtpSession.rest) as rest:
                cr.rollback()
                cr.rollback()
            self.assertCountEqual([call.args[0] for call in rest.call_args_list], sessions)
        self.assertAllFree()

    @mute_logger("odoo.sql_db")
    def test_a_slot_whose_database_session_is_gone_is_no_error(self):
        session = self.server._connect__(mail_server_id=self.server.id, smtp_from=ERP)
        with contextlib.closing(sql_db.db_connect(self.env.cr.dbname).cursor()) as cr:
            cr.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2")
        for _each in range(100):
            if not self.slots:
                break
        self.assertEqual(session.quit()[0], 221)
        self.assertAllFree()
