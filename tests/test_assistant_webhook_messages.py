"""What a webhook is told when mail fails, and what becomes of a message that it does not accept."""

import base64
import hashlib
import hmac
import json
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import TransactionCase, new_test_user, tagged

from .common import SecretsMixin
from .https import HttpsMixin
from .monitor_case import MonitorMixin


@tagged("post_install", "-at_install")
class TestWebhookMessages(MonitorMixin, HttpsMixin, SecretsMixin, TransactionCase):

    def setUp(self):
        super().setUp()
        self.status = 200
        self.system = self.https(lambda *_request: (self.status, {}, b"private"))
        self.monitor.webhook_url = f"{self.system.url}/hook?key=1"
        self.secret = self.monitor.action_new_secret()["context"]["default_value"]

    def events(self):
        return [json.loads(body)["type"] for _method, _path, body in self.system.seen]

    def test_it_is_told_what_began_and_what_ended_once_each_and_signed(self):
        pause = self.pause("brant@contoso.example")
        with patch.object(fields.Datetime, "now", return_value=fields.Datetime.now()):  # all of it within a second
            self.watch()
            self.watch()
            self.assertEqual(self.events(), ["alert.began"])
            pause.unlink()
            self.watch()
            self.watch()
        self.assertEqual(self.events(), ["alert.began", "alert.ended"])
        for (_method, _path, body), headers in zip(self.system.seen, self.system.headers, strict=True):
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(base64.b64decode(self.secret.removeprefix("whsec_")), signed, hashlib.sha256)
            self.assertEqual(headers["webhook-signature"], f"v1,{base64.b64encode(digest).decode()}")
        # Who has seen an id does not look at another message with it.
        self.assertEqual(len({headers["webhook-id"] for headers in self.system.headers}), 2)
        data = json.loads(self.system.seen[0][2])["data"]
        self.assertEqual((data["kind"], data["about"], data["record"], data["count"]), ("sender", "Sends", self.server.id, 1))
        self.assertNotIn("brant", str(self.system.seen))

    def test_a_webhook_that_fails_is_shown_and_told_later_and_keeps_nobody_from_being_told(self):
        self.status = 503
        self.pause()
        self.watch()
        self.assertRecordValues(self.monitor, [{"webhook_error": "HTTP 503", "webhook_failures": 1}])
        self.assertEqual(len(self.chats()), 1)
        self.assertIn("webhook", [line.kind for line in self.env["office365.overview"]._lines()])
        self.status = 200
        self.watch()
        self.assertRecordValues(self.monitor, [{"webhook_error": "Accepted", "webhook_failures": 0}])
        first, second = (headers["webhook-id"] for headers in self.system.headers)
        self.assertEqual(first, second)
        self.assertEqual(len(self.chats()), 1)

    def test_after_the_first_failure_the_rest_waits(self):
        self.status = 500
        self.pause()
        self.pause("brant@contoso.example")
        self.pause("notifications@contoso.example")
        self.watch()
        self.assertEqual((len(self.alerts()), len(self.system.seen)), (3, 1))
        self.status = 429  # too many messages
        self.watch()
        self.assertEqual(len(self.system.seen), 2)
        self.status = 400  # of each message
        self.watch()
        self.assertEqual(len(self.system.seen), 5)

    def test_it_is_told_after_what_people_are_told_is_committed(self):
        order = []
        send = type(self.monitor)._send
        self.pause()
        with (
            patch.object(self.env.cr, "commit", lambda: order.append("commit")),
            patch.object(type(self.monitor), "_send", lambda monitor, *args: (order.append("send"), send(monitor, *args))[1]),
        ):
            self.watch()
        self.assertEqual(order[:2], ["commit", "send"])

    def test_a_copy_of_the_database_tells_nobody(self):
        self.pause()
        self.env["office365.secret"].search([]).fingerprint = "another"
        self.watch()
        self.assertFalse(self.system.seen)
        self.assertIn("copy", self.monitor.webhook_error)

    def test_the_secret_is_shown_once_and_stored_encrypted(self):
        with self.assertNoSecretLogged(self.secret.removeprefix("whsec_")):
            self.pause()
            self.watch()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(m)::text FROM office365_monitor m UNION SELECT row_to_json(s)::text FROM office365_secret s")
        self.assertNotIn(self.secret[6:20], str(self.env.cr.fetchall()))
        self.assertEqual(self.monitor.webhook_secret_state, "Stored, not shown")
        other = self.monitor.action_new_secret()["context"]["default_value"]
        self.assertNotEqual(other, self.secret)
        shown = self.env["office365.monitor.shown"].with_user(self.administrator).with_context(default_value=other)
        self.assertEqual(shown.onchange({}, [], {"value": {}})["value"]["value"], other)

    def test_the_test_message_says_what_was_answered(self):
        self.assertEqual(self.monitor.action_test_webhook()["params"]["type"], "success")
        self.status = 404
        self.assertIn("HTTP 404", self.monitor.action_test_webhook()["params"]["message"])
        self.assertNotIn("private", str(self.monitor.read()))
        self.monitor.webhook_url = False
        with self.assertRaises(UserError):
            self.monitor.action_test_webhook()

    def test_without_a_secret_nothing_is_sent(self):
        self.env["office365.secret"]._drop__(self.monitor)
        self.monitor.action_test_webhook()
        self.assertFalse(self.system.seen)

    def test_only_https_is_taken(self):
        for url in ("http://monitor.contoso.com/", "https://me:secret@monitor.contoso.com/", "monitor"):
            with self.assertRaises(ValidationError):
                self.monitor.webhook_url = url

    def test_a_neutralized_copy_has_neither_webhook_nor_token(self):
        self.monitor.action_new_token()
        self.env.flush_all()
        for query in get_neutralization_queries(["mail_office365"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.monitor.webhook_url or self.env["office365.monitor"]._is_token("x"))
        self.assertIsNone(self.env["office365.monitor"]._is_token("x"))

    def test_settings_are_for_administrators(self):
        employee = new_test_user(self.env, "o365.employee", groups="base.group_user")
        monitor = self.monitor.with_user(employee)
        for call in (monitor.action_new_token, monitor.action_new_secret, monitor.action_remove_token, monitor.action_test_webhook,
                     monitor.action_open, lambda: monitor.write({"webhook_url": "https://evil.example/"}), lambda: monitor.read(),
                     self.env["office365.overview"].with_user(employee).action_open):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            self.monitor.with_user(self.administrator).read(["token_digest"])
        with self.assertRaises(AccessError):
            self.monitor.with_user(self.administrator).write({"token_digest": "x"})
