import time
import unittest

from odoo.tests import BaseCase, tagged

from ..models.entra.office365_token import SignInRefused
from ..tools.entra import token_life
from ..tools.entra.tokens import Token
from .servers import MailServers, available
from .token_service import TokenServiceMixin, clock
from .workers import WorkerDied, Workers

BOX = "erp@contoso.example"
WRONG_SECRET = (401, {"error": "invalid_client", "error_codes": [7000215]}, {})


def make_app(env, values):
    return env["office365.app"].create(values).id


def user_signs_in(env, app_id):
    app = env["office365.app"].browse(app_id)
    scopes = tuple(app._scopes("smtp", "delegated"))
    token = Token("Access~0", token_life.to_epoch(token_life.now()) + 60, "Refresh~0", BOX, scopes)
    env["office365.token"]._keep__(app, token, BOX)


def sign_in(env, app_id, times, first_minute, last_minute, account=None):
    """Sign in again and again, spread over the minutes, a transaction each; return the tokens, or why there was none."""
    app, said = env["office365.app"].browse(app_id), set()
    for number in range(times):
        with clock(first_minute + (last_minute - first_minute) * number / times):
            try:
                said.add(env["office365.token"]._access_token__(app, ("smtp", "imap", "pop")[number % 3], account))
            except SignInRefused as error:
                said.add(error.diagnosis.cause)
        env.cr.commit()
        env.invalidate_all()
    return said


def send_and_roll_back(env, app_id):
    """Do what a worker does whose sending fails after the sign-in."""
    env["res.partner"].create({"name": "o365 rolled back"})
    token = env["office365.token"]._access_token__(env["office365.app"].browse(app_id), "smtp", BOX)
    env.cr.rollback()
    return token


def sign_in_impatiently(env, app_id):
    """Sign in as when little is left of the time that a connection may take; return how long it took as well."""
    began = time.monotonic()
    try:
        env["office365.token"]._access_token__(env["office365.app"].browse(app_id), "smtp", None, seconds=0.2)
    except SignInRefused as error:
        return error.diagnosis.cause, error.diagnosis.retryable, time.monotonic() - began


@tagged("post_install", "-at_install")
class TestTokenRace(TokenServiceMixin, BaseCase):
    """Eight workers, as real processes, and one authority."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.workers = cls.enterClassContext(Workers())

    @classmethod
    def make_authority(cls):
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers cannot run: {reason}")
        cls.servers = cls.enterClassContext(MailServers())
        return cls.servers.authority

    def setUp(self):
        super().setUp()
        [self.app_id] = self.workers.run(make_app, [self.app_values()])

    def test_two_hundred_sign_ins_of_an_hour_take_one_request(self):
        entra = self.servers.entra
        entra.directory.token_lifetime = 3600  # the shortest that Entra gives
        [app_id] = self.workers.run(make_app, [self.app_values(
            authority_url=entra.authority(), directory_id=entra.directory.tenant_id,
            client_id=entra.app.client_id, client_secret=entra.app.secret)])
        [first, *others] = self.workers.run(sign_in, *[[app_id, 25, 0, 54]] * 8)
        self.assertEqual(len(first), 1)
        self.assertEqual(others, [first] * 7)
        self.assertEqual(entra.token_requests("client_credentials"), 1)
        # The next hour takes the next one, though all find the old one expired at the same moment.
        [second, *others] = self.workers.run(sign_in, *[[app_id, 25, 56, 110]] * 8)
        self.assertEqual(others, [second] * 7)
        self.assertNotEqual(second, first)
        self.assertEqual(entra.token_requests("client_credentials"), 2)

    def test_a_wrong_secret_is_tried_once_for_all(self):
        self.refuses = WRONG_SECRET
        said = self.workers.run(sign_in, *[[self.app_id, 5, 0, 0]] * 8)
        self.assertEqual(said, [{"entra_secret_invalid"}] * 8)
        self.assertEqual(len(self.asked), 1)

    def test_one_refresh_token_is_used_once_by_all(self):
        self.workers.run(user_signs_in, [self.app_id])
        said = self.workers.run(sign_in, *[[self.app_id, 1, 0, 0, BOX]] * 8)
        self.assertEqual(said, [{"Access~1"}] * 8)
        self.assertEqual([form["refresh_token"] for form in self.asked], ["Refresh~0"])

    def test_sending_that_is_rolled_back_loses_no_refresh_token(self):
        self.workers.run(user_signs_in, [self.app_id])
        self.assertEqual(self.workers.run(send_and_roll_back, [self.app_id]), ["Access~1"])
        self.assertEqual(self.workers.sql("SELECT count(*) FROM res_partner WHERE name = 'o365 rolled back'"), [(0,)])
        self.workers.run(sign_in, [self.app_id, 1, 56, 56, BOX])
        self.assertEqual([form["refresh_token"] for form in self.asked], ["Refresh~0", "Refresh~1"])

    def test_a_worker_that_is_killed_while_it_asks_does_not_hold_up_the_others(self):
        self.answering.clear()
        [killed] = self.workers.begin(sign_in, [self.app_id, 1, 0, 0])
        while not self.asked:  # it holds the row now, and waits for the answer
            self.assertFalse(killed.is_done(wait=0.05))
        killed.kill()
        with self.assertRaises(WorkerDied):
            killed.result()
        self.answering.set()
        [said] = self.workers.run(sign_in, [self.app_id, 1, 0, 0])
        self.assertEqual(said, {"Access~2"})

    def test_waiting_for_another_worker_ends(self):
        self.answering.clear()
        [asking] = self.workers.begin(sign_in, [self.app_id, 1, 0, 0])
        while not self.asked:
            self.assertFalse(asking.is_done(wait=0.05))
        [(*said, seconds)] = self.workers.run(sign_in_impatiently, [self.app_id])
        self.assertEqual(said, ["entra_unavailable", True])
        self.assertLess(seconds, 2)
        self.answering.set()
        self.assertEqual(asking.result(), {"Access~1"})

    def test_without_time_for_an_answer_nothing_is_asked_and_nothing_noted(self):
        """What one connection had no time for says nothing of Microsoft, and keeps no other worker from asking."""
        [(*said, _seconds)] = self.workers.run(sign_in_impatiently, [self.app_id])
        self.assertEqual((said, self.asked), (["entra_unavailable", True], []))
        [said] = self.workers.run(sign_in, [self.app_id, 1, 0, 0])
        self.assertEqual(said, {"Access~1"})
