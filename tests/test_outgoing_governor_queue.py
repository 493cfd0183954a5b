import threading
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .common import BRANT, CUSTOMER, ERP
from .queue_case import QueueCase


@tagged("post_install", "-at_install")
class TestGovernorInTheQueue(QueueCase):
    """Pauses and quotas as the queue meets them, over real sockets."""

    def mails(self, number, **values):
        return self.env["mail.mail"].union(*(self.mail(auto_delete=False, **values) for _mail in range(number)))

    def pauses(self):
        return self.env["office365.pause"].search([("until", "!=", False)])

    def over(self):
        """Let the time of the pauses pass."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_pause SET until = until - interval '1 day'")
        self.env.invalidate_all()

    def test_refused_addresses_stop_after_three_and_the_rest_waits(self):
        self.servers.directory.revoke_send_as(ERP, BRANT)
        mails = self.mails(6)
        mails.send()
        self.assertEqual(mails.mapped("state"), ["exception"] * 2 + ["outgoing"] * 4)
        self.assertEqual(set(mails.mapped("office365_cause")), {"send_as_denied"})
        self.assertEqual(len(self.servers.transactions), 3)
        self.assertEqual(self.pauses().address, BRANT)
        self.assertTrue(all(mail.scheduled_date >= self.pauses().until for mail in mails[2:]))

        self.run_queue(minutes=1)
        self.assertEqual(len(self.servers.transactions), 3, "nothing is tried while it is paused")

        self.grant_send_as(BRANT)
        self.over()
        self.run_queue(hours=1)
        self.assertEqual(mails.mapped("state"), ["exception"] * 2 + ["sent"] * 4)
        self.assertFalse(self.pauses())

    def test_a_refused_sign_in_is_tried_once_and_no_mail_fails(self):
        self.server.smtp_pass = "wrong"
        mails = self.mails(3)
        mails.send()
        self.run_queue(minutes=1)
        self.assertEqual(mails.mapped("state"), ["outgoing"] * 3)
        self.assertEqual(len(self.servers.connections), 1)
        self.assertFalse(self.pauses().address)

        self.over()
        self.run_queue(hours=1)
        self.assertEqual(len(self.servers.connections), 2)
        self.assertEqual(self.pauses().minutes, 30)

        self.server.smtp_pass = self.servers.password(ERP)
        self.assertFalse(self.pauses())
        self.run_queue(hours=2)
        self.assertEqual(mails.mapped("state"), ["sent"] * 3)

    def test_mail_beyond_the_rate_waits_and_is_no_failure(self):
        self.server.office365_rate_limit = 5
        mails = self.mails(8)
        mails.send()
        self.assertEqual(mails.mapped("state"), ["sent"] * 5 + ["outgoing"] * 3)
        waiting = mails[5:]
        self.assertEqual(set(waiting.mapped("office365_cause")), {"rate_limited"})
        self.assertEqual(waiting.mapped("office365_attempts"), [0] * 3)
        self.assertEqual(len(set(waiting.mapped("scheduled_date"))), 3)

    def test_a_mail_that_waits_keeps_its_place_when_it_is_asked_again(self):
        for limit, recipients in (("office365_rate_limit", 1), ("office365_daily_limit", 2)):
            with self.subTest(limit):
                self.env["office365.quota"].search([]).unlink()
                self.server.write({"office365_rate_limit": 0, "office365_daily_limit": 0, limit: 3 * recipients})
                mails = self.mails(9, email_to=", ".join([CUSTOMER, "b@fabrikam.example"][:recipients]))
                mails.send()
                waiting = mails[3:]
                places = waiting.mapped("scheduled_date")
                for _press in range(3):
                    waiting.action_office365_send_now()
                self.assertEqual(waiting.mapped("scheduled_date"), places)

    def test_who_waits_gets_a_better_place_when_others_have_left_the_line(self):
        self.server.office365_rate_limit = 3
        mails = self.mails(60)
        mails.send()
        place = mails[-1].scheduled_date
        mails[3:-1].cancel()
        mails[-1].action_office365_send_now()
        self.assertLess(mails[-1].scheduled_date, place - timedelta(minutes=10))

    def test_who_is_retried_has_left_the_line(self):
        self.server.office365_rate_limit = 3
        mails = self.mails(60)
        mails.send()
        places = mails[3:].mapped("scheduled_date")
        mails.action_retry()
        mails[3:].send()
        self.assertLess(max(mails[3:].mapped("scheduled_date")) - max(places), timedelta(minutes=2))

    def test_a_mass_mailing_leaves_room_for_a_single_mail(self):
        self.server.office365_rate_limit = 6
        bulk, single = self.mails(6, office365_bulk=True), self.mail(auto_delete=False)
        bulk.send()
        single.send()
        self.assertEqual(bulk.mapped("state"), ["sent"] * 4 + ["outgoing"] * 2)
        self.assertEqual(single.state, "sent")

    def test_a_mail_with_too_many_recipients_for_any_day_fails_and_says_why(self):
        self.server.office365_daily_limit = 2
        mail = self.mail(auto_delete=False, email_to=", ".join([CUSTOMER, "b@fabrikam.example", "c@fabrikam.example"]))
        mail.send()
        self.assertEqual((mail.state, mail.office365_cause), ("exception", "daily_recipient_limit"))
        self.assertIn("3 recipients", mail.failure_reason)

    def test_one_connection_too_many_waits(self):
        self.server.office365_max_connections = 1
        mail = self.mail(auto_delete=False)
        with self.server._office365_connection_slot(ERP):
            self.assertEqual(self.server.office365_connections_open, 1)
            mail.send()
            self.assertDeferred(mail, "concurrent_connections")
            self.assertFalse(self.servers.connections)
        self.run_queue(hours=1)
        self.assertEqual(mail.state, "sent")

    def test_the_servers_of_others_cost_no_query_more(self):
        at, queries = self.servers.submission, []
        self.grant_send_as("bounce@contoso.example")
        other = self.env["ir.mail_server"].create({
            "name": "Not ours", "smtp_host": at.host, "smtp_port": at.port, "smtp_encryption": "starttls",
            "smtp_user": ERP, "smtp_pass": self.servers.password(ERP)})
        mail = self.mail(auto_delete=False, mail_server_id=other.id, email_from=ERP)
        hooks = [lambda _cr, query, _params, _start, _delay: queries.append(str(query))]
        with patch.object(threading.current_thread(), "query_hooks", hooks, create=True):
            mail.send()
        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertTrue(queries)
        for table in ("office365_quota", "office365_pause", "office365_delivery", "pg_locks", "advisory"):
            self.assertFalse([query for query in queries if table in query])
