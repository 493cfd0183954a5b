"""Receiving with real processes and commits: whatever happens to a worker or the database, a message is in Odoo once or kept."""

import contextlib
import time

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from .servers import CUSTOMER, ERP, Drop
from .servers_case import WorkersCase
from .workers import WorkerDied

NUMBER = 60

# Raises once, at the third message that a record is made of.
FAIL_AT_COMMIT = """
    CREATE SEQUENCE o365_failures;
    CREATE FUNCTION o365_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('o365_failures') = 3 THEN RAISE EXCEPTION 'lost the race' USING ERRCODE = 'serialization_failure'; END IF;
        RETURN NEW;
    END $$;
    CREATE CONSTRAINT TRIGGER o365_fail AFTER INSERT ON mail_message DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.message_type = 'email') EXECUTE FUNCTION o365_fail()
"""


def make_server(env, host, port, password, history):
    """Make an incoming server, and fetch once if there is no mail: then what arrives later is no history."""
    env["fetchmail.server"].search([]).active = False
    server = env["fetchmail.server"].create({
        "office365_preset": "imap", "server": host, "port": port, "user": ERP, "password": password,
        "object_id": env["ir.model"]._get_id("res.partner")})
    server.button_confirm_login()
    env.cr.commit()
    if not history:
        server._fetch_mail()
    return server.id


def fetch(env, server_id):
    """Fetch often enough that nothing is left; return the failures."""
    failures = 0
    for _run in range(20):  # each fault may cost one
        with contextlib.suppress(Exception), env.registry.cursor() as cr:
            if api.Environment(cr, SUPERUSER_ID, {})["fetchmail.server"].browse(server_id)._fetch_mail(batch_limit=25):
                failures += 1
    return failures


@tagged("post_install", "-at_install")
class TestInboundOverWorkers(WorkersCase):
    """Mail that arrives after the first connection, which is fetched whether or not it is unread."""

    is_history = False

    def setUp(self):
        super().setUp()
        at = self.servers.imap
        if self.is_history:
            self.deliver()
        [self.server_id] = self.workers.run(make_server, [at.host, at.port, self.servers.password(ERP), self.is_history])
        self.addCleanup(self.workers.sql, "DELETE FROM fetchmail_server WHERE id = %s", self.server_id)
        self.addCleanup(self.workers.sql, "DELETE FROM mail_message WHERE subject ~ '^m[0-9]+$'")

    def deliver(self, number=NUMBER):
        for each in range(number):
            head = f"From: Carla <{CUSTOMER}>\r\nTo: {ERP}\r\nSubject: m{each}\r\n"
            if each % 10:  # every tenth has no Message-Id
                head += f"Message-Id: <m{each}.{self.id()}@fabrikam.example>\r\n"
            self.servers.mailbox(ERP).deliver(f"{head}\r\nHello\r\n".encode())

    def arrive(self):
        if not self.is_history:
            self.deliver()

    def posted(self):
        return dict(self.workers.sql("SELECT subject, count(*) FROM mail_message WHERE subject ~ '^m[0-9]+$' GROUP BY 1"))

    def assertAllOnce(self):  # noqa: N802
        self.assertEqual(self.posted(), {f"m{each}": 1 for each in range(NUMBER)})
        self.assertEqual(
            self.workers.sql("SELECT state, count(*), count(digest) FROM office365_inbound GROUP BY 1"), [("done", NUMBER, NUMBER)])
        self.assertFalse([message for message in self.servers.mailbox(ERP).messages() if "S" not in message.flags])

    def test_a_killed_worker_loses_and_doubles_nothing(self):
        self.arrive()
        for seen in (3, 30):  # once between two messages of a batch, once later
            [worker] = self.workers.begin(fetch, [self.server_id])
            until = time.monotonic() + 60
            while sum(self.posted().values()) < seen:
                self.assertLess(time.monotonic(), until, "nothing is fetched")
            worker.kill()
            with self.assertRaises(WorkerDied):
                worker.result()
        self.workers.run(fetch, [self.server_id])
        self.assertAllOnce()

    def test_two_workers_at_once(self):
        self.arrive()
        self.workers.run(fetch, [self.server_id], [self.server_id])
        self.assertAllOnce()

    def test_a_commit_that_fails_is_made_up_for(self):
        self.arrive()
        self.workers.sql(FAIL_AT_COMMIT)
        self.addCleanup(self.workers.sql, "DROP FUNCTION o365_fail CASCADE; DROP SEQUENCE o365_failures")
        self.workers.run(fetch, [self.server_id])
        self.assertAllOnce()

    def test_connections_that_end_at_every_step(self):
        self.arrive()
        for step in ("CONNECT", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT"):
            self.servers.imap.faults.add(step, Drop())
        self.servers.imap.faults.add("DOWNLOAD", Drop(), after_bytes=4000)
        self.workers.run(fetch, [self.server_id])
        self.assertAllOnce()


@tagged("post_install", "-at_install")
class TestHistoryOverWorkers(TestInboundOverWorkers):
    """Mail that was there before the first connection: only its being unread says that it is wanted."""

    is_history = True
