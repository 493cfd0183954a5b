"""The heartbeat: one email a day where a proof has succeeded; its failure is told in Odoo, and taken back by itself."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .proof_case import ProofCase


@tagged("post_install", "-at_install")
class TestHeartbeat(ProofCase):

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger("odoo.addons.mail_office365.models.outgoing.mail_mail_outcome", "odoo.addons.mail.models.fetchmail"))

    def cron(self, hours=0):
        """Let the cron run when so many hours have passed since the last email."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE office365_round_trip SET date = date - interval '1 hour' * %(hours)s, ends = ends - interval '1 hour' * %(hours)s",
            {"hours": hours})
        self.env.invalidate_all()
        with self.registry.cursor() as cr:
            self.env(cr=cr)["office365.round.trip"]._cron_heartbeat()
        self.env.invalidate_all()

    def beats(self):
        return self.setup.round_trip_ids.filtered(lambda trip: trip.kind == "heartbeat").sorted("id")

    def alerts(self):
        """Let the job look; return the activities about the heartbeat."""
        self.env.flush_all()
        with self.registry.cursor() as cr:
            self.env(cr=cr)["office365.alert"]._watch()
        self.env.invalidate_all()
        return self.env["office365.alert"].search([("kind", "=", "heartbeat"), ("ended", "=", False)]).activity_ids

    def said_in_discuss(self):
        return self.env["mail.message"].search([
            ("model", "=", "discuss.channel"), ("body", "like", "the daily test email does not come back")])

    def state(self):
        [state] = [each for each in self.env["office365.setup"]._heartbeat_states() if each["setup_id"] == self.setup.id]
        return state["state"], bool(state["last_success"])

    def test_once_a_day_after_the_first_proof_that_succeeded(self):
        self.cron(24)
        self.assertFalse(self.beats())
        self.assertEqual(self.state(), ("idle", False))
        self.assertEqual(self.round_trip().state, "done")
        self.cron(1)
        self.assertFalse(self.beats())
        self.cron(23)
        self.assertEqual(self.beats().mapped("state"), ["waiting"])
        self.cron()
        self.assertEqual(len(self.beats()), 1)  # it is on its way
        self.fetch()
        self.assertEqual(self.beats().mapped("state"), ["done"])
        self.assertEqual(self.state(), ("working", True))
        self.assertNothingMade()
        self.setup.heartbeat = False
        self.cron(24)
        self.assertEqual((len(self.beats()), self.state()), (1, ("off", True)))

    def test_the_second_failure_is_told_and_taken_back_when_it_works_again(self):
        self.round_trip()
        self.servers.directory.policy.catch_all = None
        sent = len(self.servers.transactions)
        self.cron(24)
        self.fetch()
        self.assertEqual((self.beats().mapped("state"), self.state()), (["failed"], ("failing", True)))
        self.assertFalse(self.alerts())  # the first one is often the network
        self.cron(1)
        self.fetch()
        self.assertEqual(self.beats().mapped("state"), ["failed"] * 2)
        administrators = self.env["office365.reminder.mixin"]._administrators()
        self.assertIn(self.admin, administrators)
        self.assertEqual(self.alerts().user_id, administrators)
        self.assertEqual(len(self.said_in_discuss()), len(administrators))
        alert = self.alerts().filtered(lambda activity: activity.user_id == self.admin)
        self.assertEqual(alert.summary, "Office 365 Set-up: contoso.example: the daily test email does not come back")
        self.assertIn("Set up the catch-all for contoso.example", alert.note)
        self.assertIn("550 5.1.10", self.said_in_discuss()[0].body)
        self.assertNothingMade()
        self.cron(1)
        self.cron(23)
        self.fetch()
        self.assertTrue(self.alerts())
        self.assertEqual((len(self.beats()), len(self.said_in_discuss())), (3, len(administrators)))  # once for one alert
        self.assertEqual(len(self.servers.transactions), sent + 3)  # and nothing was mailed
        self.servers.directory.policy.catch_all = self.incoming_server.user
        self.cron(24)
        self.fetch()
        self.assertEqual((self.beats()[-1].state, self.state()), ("done", ("working", True)))
        self.assertFalse(self.alerts())

    def test_what_has_not_come_back_in_an_hour_is_given_up(self):
        self.round_trip()
        self.servers.directory.policy.transport_rule = lambda _raw: None
        self.cron(24)
        self.cron()
        self.assertEqual(self.beats().mapped("state"), ["waiting"])
        self.let_pass(self.beats(), 3600)
        self.cron(1)
        self.assertEqual(self.beats().mapped("leg"), ["arrived", False])
        self.assertIn("did not reach the mailbox within 36", self.beats()[0].cause)
        self.incoming_server.write({"error_date": fields.Datetime.now(), "error_message": "The mailbox is locked."})
        self.cron(1)
        self.assertEqual((self.beats()[1].leg, self.beats()[1].cause), ("fetched", "The mailbox is locked."))

    def test_a_server_that_is_archived_is_a_failure(self):
        self.round_trip()
        self.outgoing_server.active = False
        self.cron(24)
        self.cron(1)
        self.assertEqual(self.beats().mapped("state"), ["failed"] * 2)
        self.assertIn("archived", self.alerts()[0].note)
        self.assertEqual(self.beats().mapped("leg"), ["sent"] * 2)

    def test_none_in_a_copy_nor_in_a_neutralized_database_nor_of_another_set_up(self):
        self.round_trip()
        Token = self.registry["office365.token"]
        with patch.object(Token, "_is_ours", lambda _self, _mark: False):
            self.cron(24)
            self.assertEqual(self.state(), ("idle", True))
        with patch.object(Token, "_is_copied__", lambda _self: True):
            self.cron()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", True)
        self.cron()
        self.assertEqual(self.state(), ("idle", True))
        self.env["ir.config_parameter"].set_param("database.is_neutralized", False)
        self.setup.mailbox = "other@contoso.example"
        self.cron()
        self.assertFalse(self.beats())
        self.setup.mailbox = self.incoming_server.user
        self.cron()
        self.assertTrue(self.beats())

    def test_a_monitor_is_told_if_the_cron_does_not_run(self):
        self.round_trip()
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_round_trip SET date = %s", [fields.Datetime.now() - timedelta(hours=51)])
        self.env.invalidate_all()
        self.assertEqual(self.state(), ("late", True))

    def test_a_dialog_that_was_left_waits_for_ever_nowhere(self):
        left = self.begin()
        sent = self.begin()
        self.proceed(sent)
        self.cron(1)
        self.assertEqual((left.state, sent.state, sent.leg), ("cancelled", "failed", "arrived"))

    def test_old_rows_go_but_for_the_last_success(self):
        success, later = self.round_trip(), self.begin()
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_round_trip SET date = '2020-01-01'")
        self.env.invalidate_all()
        self.env["office365.round.trip"]._gc_round_trips()
        self.assertEqual((success | later).exists(), success)
