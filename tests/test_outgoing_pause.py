from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from psycopg2.pool import PoolError

from ..tools.diagnosis.reader import diagnose
from ..tools.outgoing import clock
from ..tools.transport import Outcome
from .common import BRANT, ERP, INFO
from .servers import replies
from .test_outgoing_governor import TAKEN, GovernorCase

DENIED = "554 5.2.252 SendAsDenied; erp@contoso.example not allowed to send as brant@contoso.example"
BAD_SENDER = str(replies.S550_5_1_8_BAD_OUTBOUND_SENDER)
PENALTY = "550 5.2.252 Sender throttled due to continuous errors: SendAsDenied"
NO_SIGN_IN = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."


class PauseCase(GovernorCase):

    def setUp(self):
        super().setUp()
        self.now = clock.moment(self.time.start)
        self.server = self.outgoing(office365_rate_limit=0, office365_daily_limit=0)

    def refused(self, governor, reply, sender=BRANT):
        """Let a mail be admitted and refused; return what is said about it."""
        admission = governor.admit(sender, 1, False)
        self.assertTrue(admission.go, admission)
        return governor.report(sender, Outcome(ERP, ["x@fabrikam.example"], reply, False, 0.1), diagnose(reply, protocol="smtp"))

    def taken(self, governor, sender=BRANT):
        admission = governor.admit(sender, 1, False)
        if admission.go:
            self.assertIsNone(governor.report(sender, TAKEN, None))
        return admission

    def pauses(self):
        return self.env["office365.pause"].search([("mail_server_id", "=", self.server.id), ("until", "!=", False)])

    def later(self, **time):
        self.time.passed += timedelta(**time).total_seconds()


@tagged("post_install", "-at_install")
class TestPause(PauseCase):

    def test_the_third_send_as_refusal_in_a_row_pauses_the_address_alone(self):
        with self.run_of(self.server) as one:
            self.assertIsNone(self.refused(one, DENIED))
            self.assertIsNone(self.refused(one, DENIED))
            paused = self.refused(one, DENIED)
            self.assertEqual((paused.go, paused.cause, paused.retry_at), (False, "send_as_denied", self.now + timedelta(minutes=15)))
            self.assertEqual(one.admit(BRANT, 1, False), paused)
            self.assertTrue(self.taken(one, INFO).go)
        self.assertRecordValues(self.pauses(), [{
            "mail_server_id": self.server.id, "address": BRANT, "cause": "send_as_denied", "failures": 3, "reply": DENIED}])

    def test_single_refusals_are_forgotten_after_a_day_and_pauses_are_not(self):
        with self.run_of(self.server) as one:
            self.refused(one, DENIED)
            self.refused(one, PENALTY)
        Pauses = self.env["office365.pause"]
        Pauses._gc_pauses()
        self.assertEqual(Pauses.search_count([]), 2)
        Pauses.search([]).last = self.now - timedelta(days=2)
        Pauses._gc_pauses()
        self.assertEqual(Pauses.search([]), self.pauses())

    def test_a_success_in_between_starts_the_count_anew(self):
        for reply in (DENIED, DENIED, None, DENIED, DENIED):
            with self.run_of(self.server) as run:
                self.assertIsNone(self.refused(run, reply) if reply else self.taken(run) and None)
        self.assertFalse(self.pauses())

    def test_a_pause_stops_other_runs_and_other_workers(self):
        with self.run_of(self.server) as one, self.run_of(self.server) as two:
            self.assertTrue(self.taken(two).go)
            self.refused(one, PENALTY)
            self.later(seconds=6)
            self.assertEqual(two.admit(INFO, 1, False).cause, "penalty_box")
        with self.run_of(self.server) as three:
            self.assertFalse(three.admit(INFO, 1, False).go)

    def test_a_refused_sign_in_pauses_the_server_and_keeps_even_the_first_mail(self):
        with self.run_of(self.server) as one:
            self.assertTrue(one.admit(BRANT, 1, False).go)
            kept = one.report(BRANT, None, diagnose(NO_SIGN_IN, protocol="smtp"), reply=NO_SIGN_IN)
        self.assertEqual((kept.go, kept.cause), (False, "smtp_auth_disabled_tenant"))
        self.assertRecordValues(self.pauses(), [{"address": False, "reply": NO_SIGN_IN}])

    def test_a_failure_that_stops_nothing_pauses_nothing(self):
        with self.run_of(self.server) as one:
            for reply in (replies.S421_4_4_2_RATE_LIMITED, replies.S432_4_3_2_CONCURRENT_CONNECTIONS, "550 5.1.10 not found"):
                self.assertIsNone(self.refused(one, str(reply)))
        self.assertFalse(self.env["office365.pause"].search([]))

    def test_a_trial_that_is_taken_ends_the_pause(self):
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
        self.later(minutes=15)
        with self.run_of(self.server) as two:
            self.assertEqual([self.taken(two).go for _mail in range(3)], [True] * 3)
        self.assertFalse(self.env["office365.pause"].search([]))

    def test_a_trial_that_is_refused_doubles_the_pause_and_the_mail_stays_queued(self):
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
        self.later(minutes=15)
        with self.run_of(self.server) as two:
            kept = self.refused(two, PENALTY)
            self.assertEqual(kept.retry_at, self.now + timedelta(minutes=15 + 30))
            self.assertFalse(two.admit(INFO, 1, False).go)
        self.assertRecordValues(self.pauses(), [{"minutes": 30, "failures": 2}])

    def test_two_workers_let_one_trial_through(self):
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
        self.later(minutes=15)
        with self.run_of(self.server) as two, self.run_of(self.server) as three:
            self.assertTrue(two.admit(BRANT, 1, False).go)
            waits = three.admit(BRANT, 1, False)
            self.assertEqual((waits.go, waits.cause), (False, "penalty_box"))
            two.report(BRANT, TAKEN, None)
            self.later(seconds=6)
            self.assertTrue(three.admit(BRANT, 1, False).go)

    def test_a_sign_in_at_a_paused_server_is_the_trial(self):
        with self.run_of(self.server) as one:
            self.assertTrue(one.admit(BRANT, 1, False).go)
            one.report(BRANT, None, diagnose(NO_SIGN_IN, protocol="smtp"), reply=NO_SIGN_IN)
            self.assertFalse(one.admit(BRANT, 1, False).go)
        self.later(minutes=15)
        with self.run_of(self.server) as two, self.run_of(self.server) as three:
            self.assertTrue(two.admit(BRANT, 1, False).go)
            self.assertFalse(three.admit(BRANT, 1, False).go)
            two.report(BRANT, TAKEN, None)
            self.assertTrue(self.taken(two).go)
            self.assertTrue(self.taken(two).go)
        self.assertFalse(self.env["office365.pause"].search([]))

    def test_a_trial_that_says_nothing_leaves_it_to_the_next_mail(self):
        timeout = diagnose("451 4.7.0 Timeout waiting for client input", protocol="smtp")
        ends = [
            lambda run: run.report(BRANT, None, timeout),
            lambda run: run.report(BRANT, None, None),
            lambda run: None,  # only closed
        ]
        for end in ends:
            with self.run_of(self.server) as one:
                self.refused(one, PENALTY)
            self.later(minutes=15)
            with self.run_of(self.server) as two:
                self.assertTrue(two.admit(BRANT, 1, False).go)
                end(two)
            with self.run_of(self.server) as three:
                self.assertTrue(self.taken(three).go)

    def test_a_trial_of_a_killed_worker_is_made_again(self):
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
        self.later(minutes=15)
        self.assertTrue(self.server._office365_governor().admit(BRANT, 1, False).go)
        with self.run_of(self.server) as two:
            self.assertFalse(two.admit(BRANT, 1, False).go)
            self.later(minutes=5)
            self.assertTrue(two.admit(BRANT, 1, False).go)

    def test_a_mail_taken_while_a_pause_begins_does_not_end_it(self):
        with self.run_of(self.server) as one, self.run_of(self.server) as two:
            self.assertTrue(two.admit(INFO, 1, False).go)
            self.refused(one, PENALTY)
            two.report(INFO, TAKEN, None)
        self.assertTrue(self.pauses())

    def test_a_pause_costs_no_quota(self):
        self.server.office365_rate_limit = 30
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
            before = self.env["office365.quota"]._usage(ERP)
            for _mail in range(10):
                one.admit(BRANT, 1, False)
        self.assertLessEqual(self.env["office365.quota"]._usage(ERP), before)

    def test_where_each_signs_in_himself_only_he_is_paused(self):
        server = self.outgoing(app=self.app(), office365_sender_mode="as_sender", office365_rate_limit=0, office365_daily_limit=0)
        with self.run_of(server) as one:
            self.refused(one, PENALTY)
            self.assertFalse(one.admit(BRANT, 1, False).go)
            self.assertTrue(self.taken(one, INFO).go)

    def test_an_unreachable_database_lets_the_mail_wait(self):
        logger = "odoo.addons.mail_office365.models.outgoing.ir_mail_server_governor"
        with (
            self.run_of(self.server) as one,
            patch.object(self.registry, "cursor", self._no_cursor),
            self.assertLogs(logger, "WARNING"),
        ):
            waits = one.admit(BRANT, 1, False)
        self.assertEqual((waits.go, waits.cause), (False, "server_busy"))
        self.assertGreater(waits.retry_at, fields.Datetime.now())

    @staticmethod
    def _no_cursor(*_args, **_kwargs):
        raise PoolError("The Connection Pool Is Full")


@tagged("post_install", "-at_install")
class TestPauseScreen(PauseCase):

    def setUp(self):
        super().setUp()
        self.administrator = new_test_user(self.env, "o365.admin", groups="base.group_system", email="admin@contoso.example")
        self.mails_before = self.env["mail.mail"].search_count([])
        with self.run_of(self.server) as one:
            self.refused(one, PENALTY)
        self.pause = self.pauses()

    def test_the_job_that_tells_administrators_runs_at_the_first_refusal_when_a_pause_begins_and_when_it_ends(self):
        self.pause.unlink()
        with patch.object(type(self.env["office365.alert"]), "_look", autospec=True) as look:
            with self.run_of(self.server) as two:
                for looks in (1, 1, 2):
                    self.refused(two, DENIED, INFO)
                    self.assertEqual(look.call_count, looks)
            self.later(minutes=15)
            with self.run_of(self.server) as three:
                self.taken(three, INFO)
            self.assertEqual(look.call_count, 3)
        self.assertEqual(self.env["mail.mail"].search_count([]), self.mails_before)

    def test_the_server_shows_it(self):
        self.assertIn(PENALTY, self.server.office365_pause_notice)
        self.assertEqual(self.pause.display_name, self.server.display_name)
        self.assertFalse(self.outgoing().office365_pause_notice)

    def test_the_banner_says_each_remedy_once_and_the_time_of_the_next_attempt(self):
        server, until = self.outgoing(), self.now + timedelta(minutes=15)
        values = {"mail_server_id": server.id, "cause": "sender_restricted", "since": self.now, "last": self.now}
        anna, info, whole = self.env["office365.pause"].create([
            {**values, "address": address, "reply": reply, "until": end} for address, reply, end in (
                (BRANT, BAD_SENDER, until), (INFO, BAD_SENDER, until + timedelta(hours=1)), (False, NO_SIGN_IN, until))])
        whole.reply = f"{NO_SIGN_IN} {whole.remedy}"  # as the words of a sign-in that failed
        server.invalidate_recordset(["office365_pause_notice"])
        notice = server.office365_pause_notice
        self.assertEqual(anna.remedy, info.remedy)
        self.assertEqual([notice.count(words) for words in (BRANT, INFO, anna.remedy, whole.remedy)], [1, 1, 1, 1])
        self.assertEqual(whole._notice().count(whole.remedy), 1)
        self.assertEqual(server.office365_pause_until, until)

    def test_resume_now_ends_it(self):
        self.server.with_user(self.administrator).action_office365_resume()
        self.assertFalse(self.pause.exists())
        with self.run_of(self.server) as two:
            self.assertTrue(self.taken(two).go)

    def test_resume_now_has_waiting_mail_tried_and_offers_what_failed(self):
        waiting, failed, other = (self.mail(auto_delete=False) for _mail in range(3))
        until = self.now + timedelta(hours=1)
        waiting.write({"office365_cause": "penalty_box", "scheduled_date": until})
        failed.write({"office365_cause": "penalty_box", "state": "exception"})
        other.write({"office365_cause": "greylisted", "scheduled_date": until})
        action = self.pause.with_user(self.administrator).action_resume()
        self.assertLess(waiting.scheduled_date, until)
        self.assertEqual(other.scheduled_date, until)
        resume = self.env[action["res_model"]].with_user(self.administrator).browse(action["res_id"])
        self.assertEqual((resume.mail_ids, resume.summary), (failed, "1 email failed while it was refused."))
        self.assertEqual(self.env["mail.mail"].search(resume.action_show()["domain"]), failed)
        resume.action_retry_all()
        self.assertEqual(failed.state, "outgoing")

    def test_what_failed_long_before_the_refusals_is_not_offered_again(self):
        old = self.mail(auto_delete=False)
        old.write({"office365_cause": "penalty_box", "state": "exception"})
        old.flush_recordset()
        self.env.cr.execute("UPDATE mail_mail SET write_date = %s WHERE id = %s", [self.pause.since - timedelta(hours=2), old.id])
        old.invalidate_recordset()
        self.assertEqual(self.pause.with_user(self.administrator).action_resume()["tag"], "soft_reload")

    def test_others_than_administrators_neither_see_nor_end_it(self):
        for work in (self.pause.with_user(self.brant).read, self.pause.with_user(self.brant).action_resume):
            with self.assertRaises(AccessError):
                work()

    def test_another_login_preset_or_password_ends_it_and_a_name_does_not(self):
        self.server.name = "Renamed"
        self.assertTrue(self.pause.exists())
        self.server.smtp_pass = "another"
        self.assertFalse(self.pause.exists())
