"""What the health address tells, and whom."""

import logging

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.assistant.office365_monitor import HEALTH_PATH
from .monitor_case import MonitorMixin


@tagged("post_install", "-at_install")
class TestHealthAddress(MonitorMixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.mailbox.date = fields.Datetime.now()

    def token(self):
        token = self.monitor.action_new_token()["context"]["default_value"]
        self.env.flush_all()
        return token

    def ask(self, token="", query="", **headers):
        headers = {"Authorization": f"Bearer {token}"} if token else headers
        return self.url_open(f"{HEALTH_PATH}{query}", headers=headers)

    def test_without_a_token_of_this_database_nobody_can_ask(self):
        self.assertEqual(self.ask("x").status_code, 404)
        token = self.token()
        for answer in (self.ask(), self.ask("x"), self.ask(query="?token=x"), self.ask(token[:-1]), self.ask("ü" * 9), self.ask("x" * 5000),
                       self.ask(query="?token=" + "x" * 5000), self.ask(Authorization=f"Basic {token}")):
            self.assertEqual((answer.status_code, answer.json()), (401, {}))
        for login in ("o365.portal", "admin"):
            if login != "admin":
                new_test_user(self.env, login, groups="base.group_portal", password=login)
                self.env.flush_all()
            self.authenticate(login, login)
            self.assertEqual(self.ask().status_code, 401, login)
        self.monitor.action_remove_token()
        self.env.flush_all()
        self.assertEqual(self.ask(token).status_code, 404)

    def test_with_the_token_it_says_how_every_server_is_and_keeps_no_session(self):
        token = self.token()
        for answer in (self.ask(token), self.ask(query=f"?token={token}")):
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual((answer.headers["Cache-Control"], answer.headers.get("Set-Cookie")), ("no-store", None))
            content = answer.json()
            self.assertEqual((content["status"], content["alerts"], content["oldest_waiting_seconds"]), ("ok", [], 0))
            self.assertEqual(content["outgoing"], [{"id": self.server.id, "name": "Sends", "state": "ok"}])
            [box] = content["incoming"]
            self.assertEqual((box["id"], box["state"], box["failures"]), (self.mailbox.id, "ok", 0))
            self.assertTrue(box["last_fetch"].endswith("Z"))

    def test_it_can_only_be_read_and_a_token_in_the_address_is_in_no_log(self):
        token = self.token()
        self.assertEqual(self.url_open(f"{HEALTH_PATH}?token={token}", data={"token": token}).status_code, 405)
        self.assertEqual(self.opener.head(f"{self.base_url()}{HEALTH_PATH}", headers={"Authorization": f"Bearer {token}"}).status_code, 200)
        with self.assertLogs("werkzeug") as log:
            logging.getLogger("werkzeug").info('"GET %s?token=%s HTTP/1.1" 200 -', HEALTH_PATH, token)
        self.assertNotIn(token, log.output[0])

    def test_a_sick_server_is_503_and_a_new_token_replaces_the_old_one(self):
        old, token = self.token(), self.token()
        self.pause()
        self.env.flush_all()
        answer = self.ask(token)
        self.assertEqual((answer.status_code, answer.json()["status"], answer.json()["outgoing"][0]["state"]), (503, "failing", "server"))
        self.assertNotIn("SendAsDenied", answer.text)
        self.assertEqual(self.ask(old).status_code, 401)
