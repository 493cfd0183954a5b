"""What goes wrong on our side, or about one mail, is nobody else's failure: in worker processes, with real commits."""

import contextlib
import math
import tempfile
import time
from pathlib import Path
from unittest.mock import PropertyMock, patch

import psycopg2
from odoo import SUPERUSER_ID
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import tagged
from odoo.tools import config

from ..tools.outgoing.lifetime import Lifetime
from ..tools.outgoing.queue_run import QueueRun
from ..tools.secrets import vault
from .common import CUSTOMER, ERP
from .queue_case import QueueCase
from .servers import Delay, Drop, Reply
from .servers_case import ServersCase
from .sign_in import SignInMixin
from .test_outgoing_queue_workers import run_queue, send_after_commit
from .workers import WorkerDied, Workers

NUMBER = 5
GONE_WRONG = (ValueError("of another module"), KeyError("a key"), UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), TypeError("None"))


def make_mails(env, host, port, password):
    """Make a server and queued mails of one sender to different recipients; return their ids."""
    env["ir.mail_server"].search([("active", "=", True)]).active = False
    env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
    env["ir.mail_server"].create({
        "office365_preset": "submission", "smtp_host": host, "smtp_port": port, "smtp_user": ERP, "smtp_pass": password,
        "office365_rate_limit": 0})
    mails = [
        env["mail.mail"].create({"subject": str(number), "body_html": "x", "email_to": f"k{number}@fabrikam.example", "email_from": ERP})
        for number in range(NUMBER)]
    return [mail.id for mail in mails]


def run_queue_with_a_broken_module(env, mail_id, error):
    """Run the queue beside a module whose extension of what follows a sent mail fails for one of them."""
    MailMail = env.registry["mail.mail"]
    original = MailMail._postprocess_sent_message

    def broken(self, *args, **kwargs):
        if mail_id in self.ids:
            raise error
        return original(self, *args, **kwargs)

    with patch.object(MailMail, "_postprocess_sent_message", broken):
        run_queue(env)


def run_queue_beside(env, kind, *arguments):
    """Run the queue beside a module that extends a method of mail; one of the functions below makes the extension."""
    model, name, extension = kind(*arguments)
    original = getattr(env.registry[model], name)
    with patch.object(env.registry[model], name, lambda self, *args, **kwargs: extension(original, self, *args, **kwargs)):
        run_queue(env)


def broken_database(mail_id, name):
    """Another database is away, or this one always times out, for one mail."""
    def extension(original, self, *args, **kwargs):
        if mail_id in self.ids:
            raise psycopg2.OperationalError("another database is away")
        return original(self, *args, **kwargs)

    return "mail.mail", name, extension


def leaving_out(recipient):
    """A recipient is left out, as by a module that keeps a list of those who want no mail."""
    def extension(original, self, message, *args, **kwargs):
        return None if recipient in str(message["To"]) else original(self, message, *args, **kwargs)

    return "ir.mail_server", "send_email", extension


def turned_around():
    """The messages of a mail are sent in another order."""
    return "mail.mail", "_prepare_outgoing_list", lambda original, self, *args, **kwargs: original(self, *args, **kwargs)[::-1]


def alerting(ids, server):
    """Send a message that is no mail while a mail is made ready, through the same server or another one of ours."""
    def extension(original, self, *args, **kwargs):
        if self.id in ids:
            Server = self.env["ir.mail_server"]
            message = Server._build_email__(ERP, ["alert@fabrikam.example"], "99", "x")
            with contextlib.suppress(MailDeliveryException):
                Server.send_email(message, mail_server_id=server and Server.sudo().search([("name", "=", server)]).id)
        return original(self, *args, **kwargs)

    return "mail.mail", "_prepare_outgoing_list", extension


def two_partners_each(env, ids):
    """Send each mail to two partners instead."""
    for mail in env["mail.mail"].browse(ids):
        mail.write({"email_to": False, "recipient_ids": [
            (0, 0, {"name": name, "email": f"{name}{mail.subject}@fabrikam.example"}) for name in ("a", "b")]})


def second_server(env, password):
    """Make another server of ours."""
    env["ir.mail_server"].search([("office365_preset", "!=", False)], limit=1).copy({
        "name": "Second", "smtp_pass": password, "sequence": 99})


def send_after_commit_beside_one_that_sends(env, ids, mail_id):
    """Send as a user does who posts, beside a module that sends another mail while one is prepared, and then fails."""
    original = env.registry["mail.mail"]._prepare_outgoing_list

    def sending(self, *args, **kwargs):
        if self.id == mail_id:
            self.env["mail.mail"].create({"subject": "99", "email_to": "alert@fabrikam.example", "email_from": ERP}).send()
            raise psycopg2.OperationalError("another database is away")
        return original(self, *args, **kwargs)

    with patch.object(env.registry["mail.mail"], "_prepare_outgoing_list", sending):
        send_after_commit(env, ids)


def set_hours(env, value):
    """Enter how long a mail is tried."""
    env["ir.config_parameter"].set_param("mail_office365.max_queue_hours", value)


@tagged("post_install", "-at_install")
class TestOwnFaults(ServersCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.workers = cls.enterClassContext(Workers())

    def setUp(self):
        super().setUp()
        at = self.servers.submission
        [self.ids] = self.workers.run(make_mails, [at.host, at.port, self.servers.password(ERP)])

    def states(self):
        return [state for state, in self.workers.sql("SELECT state FROM mail_mail WHERE id = ANY(%s) ORDER BY id", self.ids)]

    def arrived(self):
        return sorted(int(sent.message["Subject"]) for sent in self.servers.accepted)

    def due(self):
        self.workers.sql("UPDATE mail_mail SET scheduled_date = NULL WHERE id = ANY(%s)", self.ids)

    def test_a_served_recipient_never_gets_it_again_whatever_fails_afterwards(self):
        for error in GONE_WRONG:
            with self.subTest(error=error):
                self.servers.reset()
                self.workers.sql(
                    "UPDATE mail_mail SET state = 'outgoing', scheduled_date = NULL, office365_recipients = NULL, office365_cause = NULL,"
                    " office365_attempts = 0 WHERE id = ANY(%s)", self.ids)
                for _run in range(3):
                    self.workers.run(run_queue_with_a_broken_module, [self.ids[1], error])
                    self.due()
                self.assertEqual(self.arrived(), list(range(NUMBER)))
                self.assertEqual(self.states(), ["sent"] * NUMBER)

    def test_a_reply_that_the_database_does_not_take(self):
        for code, expected in ((550, "exception"), (451, "outgoing")):
            with self.subTest(code=code):
                self.servers.reset()
                self.workers.sql(
                    "UPDATE mail_mail SET state = 'outgoing', scheduled_date = NULL, office365_recipients = NULL, office365_cause = NULL,"
                    " office365_attempts = 0, office365_stream = NULL WHERE id = ANY(%s)", self.ids)
                reply = Reply(code, f"{str(code)[0]}.2.1 no\0such thing " + "x" * 300)
                self.servers.submission.faults.add("RCPT", reply, recipient="k1@fabrikam.example", times=None)
                self.workers.run(run_queue)
                self.assertEqual(self.arrived(), [0, 2, 3, 4])
                self.assertEqual(self.states(), ["sent", expected, "sent", "sent", "sent"])

    def test_the_hours_of_the_queue_whatever_somebody_entered(self):
        for value in ("99999999", "1e400", "nan", "-5", "two days"):
            with self.subTest(value=value):
                self.servers.reset()
                self.workers.sql(
                    "UPDATE mail_mail SET state = 'outgoing', scheduled_date = NULL, office365_recipients = NULL, office365_cause = NULL,"
                    " office365_attempts = 0, office365_stream = NULL, office365_failed_since = NULL WHERE id = ANY(%s)", self.ids)
                self.workers.run(set_hours, [value])
                self.servers.submission.faults.add("RCPT", Reply(451, "4.2.1 try later"), recipient="k1@fabrikam.example", times=None)
                self.workers.run(run_queue)
                self.assertEqual(self.states(), ["sent", "outgoing", "sent", "sent", "sent"])
                self.assertEqual(self.arrived(), [0, 2, 3, 4])

    def got(self):
        return sorted(address for sent in self.servers.accepted for address in sent.recipients)

    def test_a_served_recipient_never_gets_it_again_if_another_database_is_away(self):
        for _run in range(2):
            self.workers.run(run_queue_beside, [broken_database, self.ids[1], "_postprocess_sent_message"])
            self.due()
        self.assertEqual(self.arrived(), list(range(NUMBER)))
        self.assertEqual(self.states(), ["sent"] * NUMBER)

    def test_what_always_fails_in_the_database_counts_as_a_try(self):
        self.workers.run(run_queue_beside, [broken_database, self.ids[1], "_prepare_outgoing_list"])
        self.assertEqual(self.arrived(), [0, 2, 3, 4])
        self.assertEqual(
            self.workers.sql(
                "SELECT state, office365_attempts, scheduled_date > now() AT TIME ZONE 'UTC' FROM mail_mail WHERE id = %s", self.ids[1]),
            [("outgoing", 1, True)])

    def test_a_module_that_leaves_recipients_out_or_turns_them_around(self):
        for kind, arguments, taken in ((leaving_out, ["a1@"], set()), (turned_around, [], {"a1@fabrikam.example"})):
            with self.subTest(kind=kind.__name__):
                self.setUp()
                self.servers.reset()
                self.workers.run(two_partners_each, [self.ids])
                self.servers.submission.faults.add("RCPT", Reply(451, "4.2.1 later"), recipient="b1@fabrikam.example")
                self.workers.run(run_queue_beside, [kind, *arguments])
                self.assertEqual(self.states(), ["sent", "outgoing", "sent", "sent", "sent"])
                self.assertEqual({address for address in self.got() if "1@" in address}, taken)
                self.due()
                self.workers.run(run_queue_beside, [kind, *arguments])
                self.assertEqual(self.states(), ["sent"] * NUMBER)
                self.assertEqual([address for address in self.got() if "1@" in address], sorted({*taken, "b1@fabrikam.example"}))

    def test_a_message_of_another_module_does_not_come_between(self):
        self.servers.reset()
        self.servers.submission.faults.add("RCPT", Reply(550, "5.1.1 no such"), recipient="alert@fabrikam.example", times=None)
        self.servers.submission.faults.add("END_OF_DATA", Delay(0.3), times=None)
        self.workers.run(run_queue_beside, [alerting, self.ids[1:], None])
        self.assertEqual(self.arrived(), list(range(NUMBER)))
        self.assertEqual(self.states(), ["sent"] * NUMBER)

    def test_a_message_of_another_module_through_another_server_ends(self):
        self.workers.run(second_server, [self.servers.password(ERP)])
        self.servers.submission.faults.add("END_OF_DATA", Delay(0.3), times=None)
        [worker] = self.workers.begin(run_queue_beside, [alerting, self.ids[1::2], "Second"])
        try:
            worker.result(30)
        except WorkerDied:
            self.fail("it waits for itself")
        self.assertEqual(self.states(), ["sent"] * NUMBER)

    def test_a_mail_within_a_mail_does_not_commit_half_of_the_outer_one(self):
        self.workers.run(send_after_commit_beside_one_that_sends, [self.ids, self.ids[1]])
        self.assertEqual(self.states(), ["sent", "outgoing", "sent", "sent", "sent"])

    def test_a_message_in_doubt_goes_twice_and_no_more(self):
        self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=True, recipient="k1@fabrikam.example", times=None)
        for _run in range(6):
            self.workers.run(run_queue)
            self.due()
        self.assertEqual(self.arrived(), [0, 1, 1, 2, 3, 4])
        self.assertEqual(self.states(), ["sent", "exception", "sent", "sent", "sent"])
        [[reason]] = self.workers.sql("SELECT failure_reason FROM mail_mail WHERE id = %s", self.ids[1])
        self.assertIn("Message trace", reason)


@tagged("post_install", "-at_install")
class TestBeforeMail(SignInMixin, QueueCase):
    """Before MAIL nothing can be about a mail."""

    def assertPaused(self, mails, words):  # noqa: N802
        """Fail unless the mails wait, as their server does, and administrators are told of it, once."""
        self.assertEqual(set(mails.mapped("state")), {"outgoing"}, mails.mapped("failure_reason"))
        self.assertIn(words, mails[0].failure_reason)
        pause = self.server.office365_pause_ids.filtered(lambda pause: not pause.address and pause.until)
        self.assertEqual(len(pause), 1)
        administrators = self.env.ref("base.group_system").all_user_ids.filtered(lambda user: user.active and user.id != SUPERUSER_ID)
        self.assertCountEqual(pause.activity_ids.user_id, administrators)
        self.assertEqual(len(pause.activity_ids), len(administrators))

    def test_a_certificate_that_is_not_trusted_for_a_moment_ends_no_mail(self):
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        self.servers.submission.tls.configure(certificate="untrusted")
        self.addCleanup(self.servers.submission.tls.configure, certificate="trusted")
        self.run_queue()
        self.run_queue(minutes=1)
        self.assertPaused(mails, "certificate")
        self.servers.submission.tls.configure(certificate="trusted")
        self.goes(mails)

    def test_a_key_file_that_cannot_be_read_for_a_moment_ends_no_mail(self):
        """As while a volume is not mounted: the token of the server can't be decrypted, nor a new one be asked for."""
        app = self.app()
        self.server.write({"office365_app_id": app.id, "smtp_authentication": "office365", "smtp_pass": False})
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        first = self.mail(auto_delete=False)
        first.send()
        self.assertEqual(first.state, "sent", first.failure_reason)
        folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(folder, *vault._FILE).mkdir(parents=True)
        with patch.dict(config.options, {"data_dir": folder}):
            self.run_queue()
            self.run_queue(minutes=1)
        self.assertPaused(mails, "secret.key")
        self.goes(mails)

    def goes(self, mails):
        """Fail unless mails go by themselves once the pause is over."""
        self.env.cr.execute("UPDATE office365_pause SET until = now() AT TIME ZONE 'UTC' - interval '1 second'")
        self.env.invalidate_all()
        self.run_queue(hours=1)
        self.assertEqual(set(mails.mapped("state")), {"sent"}, mails.mapped("failure_reason"))
        self.assertFalse(self.server.office365_pause_ids)

    def test_what_a_server_says_before_mail_keeps_the_mail_and_pauses_the_server(self):
        table = [
            ("CONNECT", Reply(554, "5.3.2 down for maintenance")), ("EHLO", Reply(550, "5.7.1 no")),
            ("STARTTLS", Reply(554, "5.7.3 no TLS")),
            ("AUTH", Reply(550, "5.2.1 Mailbox cannot be accessed")), ("AUTH", Reply(535, "5.7.3 Authentication unsuccessful")),
            ("CONNECT", Reply(421, "4.3.2 later")),
        ]
        for step, reply in table:
            with self.subTest(step=step, reply=reply):
                self.servers.submission.faults.clear()
                self.env["office365.pause"].search([]).unlink()
                mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
                self.servers.submission.faults.add(step, reply, times=None)
                self.run_queue()
                words = reply.text.split(" ", 1)[1]  # the server's own
                if reply.code >= 500:
                    self.assertPaused(mails, words)
                else:
                    self.assertEqual(mails.mapped("state"), ["outgoing"] * 2, mails.mapped("failure_reason"))
                    self.assertIn(words, mails[0].failure_reason)
                self.run_queue(hours=49)
                self.run_queue(hours=49)
                self.assertEqual(set(mails.mapped("state")), {"exception"}, "only the 48 hours end it")

    def test_a_full_mailbox_of_one_recipient_pauses_nothing(self):
        self.servers.submission.faults.add("RCPT", Reply(552, "5.2.2 mailbox full"), recipient="full@fabrikam.example", times=None)
        bad = self.mail(email_to="full@fabrikam.example", auto_delete=False)
        good = self.mail(auto_delete=False)
        for _run in range(2):
            self.run_queue()
        self.assertEqual((bad.state, good.state), ("exception", "sent"))
        self.assertFalse(self.server.office365_pause_ids)

    def test_mails_that_vanish_end_nothing(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(3)))
        gone = mails[1]
        original = type(mails)._office365_send_one

        def send_and_remove(self, run, send):
            original(self, run, send)
            if self == mails[0]:
                gone.exists().unlink()

        with patch.object(self.registry["mail.mail"], "_office365_send_one", send_and_remove):
            mails.send()
        self.assertEqual([mails[0].state, mails[2].state], ["sent", "sent"])
        self.sent(2)

    def test_sending_what_is_gone_does_what_core_does(self):
        for active in (True, False):
            self.server.active = active
            mails = self.mail() + self.mail(auto_delete=False)
            mails[0].unlink()
            with self.subTest(ours=active):
                self.env.flush_all()
                self.env.invalidate_all()
                if active:
                    mails.send()
                    self.assertEqual(mails[1].state, "sent")
                else:
                    with patch.object(self.registry["ir.mail_server"], "_disable_send", classmethod(lambda cls: True)):
                        mails.send()

    def test_retry_of_a_mail_in_doubt_starts_anew(self):
        mail = self.mail(auto_delete=False)
        self.servers.submission.faults.add("END_OF_DATA", Drop(), delivered=False, times=None)
        self.run_queue()
        self.run_queue(hours=1)
        self.assertEqual(mail.state, "exception", mail.failure_reason)
        self.servers.submission.faults.clear()
        mail.action_retry()
        self.assertEqual((mail.state, mail.office365_doubts), ("outgoing", False))
        self.run_queue()
        self.assertEqual(mail.state, "sent")
        self.assertEqual({sent.recipients[0] for sent in self.servers.accepted}, {CUSTOMER})

    def test_a_run_begins_no_mail_that_would_outlive_its_worker(self):
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(4)))
        trigger = self.enterContext(patch.object(self.registry["ir.cron"], "_trigger"))
        original = type(mails)._office365_send_one

        def send_slowly(self, run, send):
            original(self, run, send)
            if self == mails[1]:
                late.return_value = True

        with patch.object(QueueRun, "is_late", new_callable=PropertyMock, return_value=False) as late, \
                patch.object(self.registry["mail.mail"], "_office365_send_one", send_slowly):
            mails.send()
        self.assertEqual(mails.mapped("state"), ["sent", "sent", "outgoing", "outgoing"])
        self.assertEqual([mail.scheduled_date or mail.office365_cause for mail in mails[2:]], [False, False], "untouched")
        trigger.assert_called_once_with()
        self.run_queue()
        self.assertEqual(set(mails.mapped("state")), {"sent"})

    def test_a_run_ends_in_time(self):
        for limits, expected in (((120, -1), 60), ((120, 600), 540), ((120, 0), math.inf)):
            with self.subTest(limits=limits), patch.dict(config.options, limit_time_real=limits[0], limit_time_real_cron=limits[1]), \
                    patch.object(Lifetime, "of", wraps=Lifetime.of) as of:
                self.mail().send()
                self.assertAlmostEqual(Lifetime.of(*of.call_args.args).last_start - time.monotonic(), expected, delta=5)
