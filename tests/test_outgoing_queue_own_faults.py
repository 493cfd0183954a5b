"""What goes wrong on our side, or about one mail, is nobody else's failure: in worker processes, with real commits."""

import contextlib
from unittest.mock import patch

import psycopg2
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tests import tagged

from .common import ERP
from .servers import Delay, Drop, Reply
from .servers_case import WorkersCase
from .test_outgoing_queue_workers import run_queue, send_after_commit
from .workers import WorkerDied

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
class TestOwnFaults(WorkersCase):

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
