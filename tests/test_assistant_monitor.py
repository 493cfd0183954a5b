"""Who is told when mail fails: administrators in Odoo, a webhook, and monitors that ask."""

import base64
import hashlib
import hmac
import json
import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.module import load_script
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged
from odoo.tools import file_path, html2plaintext, mute_logger

from ..models.assistant.office365_monitor import HEALTH_PATH
from ..models.assistant.office365_trouble import Office365Trouble
from .common import ERP, Office365Case, SecretsMixin
from .https import HttpsMixin

OK = (200, {}, b"")
DENIED = "550 5.2.252 SendAsDenied; notifications@contoso.example"


class MonitorMixin:
    """Servers of ours that are never connected to, and troubles of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.env["fetchmail.server"].search([]).active = False
        cls.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()
        cls.env["office365.pause"].search([]).unlink()
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].search([("name", "=", "contoso.example")]) or (
            cls.env["mail.alias.domain"].create({"name": "contoso.example"}))
        cls.server = cls.env["ir.mail_server"].create({
            "name": "Sends", "office365_preset": "submission", "smtp_user": "erp@contoso.example", "smtp_pass": "x",
            "from_filter": "contoso.example"})
        cls.mailbox = cls.env["fetchmail.server"].create({
            "name": "Fetches", "office365_preset": "imap", "user": "erp@contoso.example", "password": "x", "state": "done"})
        cls.administrator = new_test_user(cls.env, "o365.admin", groups="base.group_system", email="admin@contoso.example")
        cls.monitor = cls.env["office365.monitor"].create({})

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(self.env.cr, "commit", self.env.cr.flush))

    def pause(self, address=False, until=True, reply=DENIED):
        now = fields.Datetime.now()
        return self.env["office365.pause"].create({
            "mail_server_id": self.server.id, "address": address, "cause": "send_as_denied", "reply": reply, "since": now, "last": now,
            "until": until and now + timedelta(minutes=15), "failures": 1})

    def watch(self):
        self.env.flush_all()
        self.env["office365.trouble"]._watch()

    def troubles(self):
        return self.env["office365.trouble"].search([("ended", "=", False)])

    def chats(self, user=None):
        """Return what OdooBot has told an administrator, the oldest first."""
        chat = self.env["discuss.channel"].with_user(1)._get_or_create_chat([(user or self.administrator).partner_id.id])
        return chat.message_ids.filtered(lambda message: "office365-overview" in message.body).sorted("id").mapped("body")


@tagged("post_install", "-at_install")
class TestTroubles(MonitorMixin, TransactionCase):

    def test_one_activity_and_one_message_per_trouble_and_administrator_and_no_email(self):
        mails = self.env["mail.mail"].search_count([])
        self.pause()
        for _run in range(3):
            self.watch()
        activities = self.troubles().activity_ids
        self.assertEqual(len(self.troubles()), 1)
        self.assertEqual(activities.user_id, self.env["office365.reminder.mixin"]._administrators())
        self.assertEqual(len(activities), len(activities.user_id))
        [message] = self.chats()
        self.assertIn("Sends: Exchange refuses this server", message)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_the_activity_goes_when_it_works_again_however_that_came(self):
        ways = [lambda pause: pause.unlink(), lambda pause: pause.action_resume(), lambda _pause: self.server.write({"active": False})]
        for way in ways:
            pause = self.pause()
            self.watch()
            activities = self.troubles().activity_ids
            self.assertTrue(activities)
            way(pause)
            self.watch()
            self.assertFalse(activities.exists() or self.troubles())
            self.server.active = True
            self.env["office365.pause"].search([]).unlink()

    def test_what_comes_back_within_an_hour_is_no_news(self):
        for number in range(3):
            pause = self.pause()
            self.watch()
            self.assertTrue(self.troubles().activity_ids)
            self.assertEqual(len(self.chats()), 1, number)
            pause.unlink()
            self.watch()
        trouble = self.env["office365.trouble"].search([])
        trouble.ended -= timedelta(hours=2)
        self.watch()
        self.assertFalse(trouble.exists())
        self.pause()
        self.watch()
        self.assertEqual(len(self.chats()), 2)

    def test_a_hundred_refused_users_are_one_trouble(self):
        for number in range(100):
            self.pause(f"user{number}@contoso.example")
        self.watch()
        self.assertRecordValues(self.troubles(), [{"kind": "sender", "res_id": self.server.id}])
        self.assertIn("100 senders, such as user0@", self.chats()[0])

    def test_the_first_refusal_of_the_default_sender_is_told_and_of_a_user_is_not(self):
        self.pause("brant@contoso.example", until=False)
        self.watch()
        self.assertFalse(self.troubles())
        self.pause("notifications@contoso.example", until=False)
        self.watch()
        self.assertEqual(self.troubles().kind, "default_sender")
        self.assertIn(
            "Add-RecipientPermission 'notifications@contoso.example' -Trustee 'erp@contoso.example'",
            html2plaintext(self.troubles().activity_ids[0].note))

    def test_fetching_is_told_at_the_second_failure_and_a_refused_sign_in_at_the_first(self):
        since = fields.Datetime.now()
        for words, failures, expected in (("Connection reset by peer", 1, []), ("Connection reset by peer", 2, ["fetch"]),
                                          ("NO AUTHENTICATE failed.", 1, ["fetch"]), (False, 0, [])):
            self.mailbox.write({"error_message": words, "error_date": words and since, "office365_failures": failures})
            self.watch()
            self.assertEqual(self.troubles().mapped("kind"), expected, (words, failures))

    def test_a_failing_fetch_and_its_end_have_the_job_look(self):
        with patch.object(Office365Trouble, "_look", autospec=True) as look:
            for is_failed, looks in ((True, 1), (True, 2), (True, 2), (False, 3), (False, 3)):
                self.mailbox._office365_count_failure(is_failed)
                self.assertEqual(look.call_count, looks)

    def test_looking_runs_the_job_soon_and_costs_the_caller_a_row(self):
        cron = self.env.ref("mail_office365.ir_cron_watch")
        before = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.env["office365.trouble"]._look()
        self.assertEqual(len(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - before), 1)
        self.assertFalse(self.chats())

    def test_mail_that_waits_longer_than_an_hour_is_told(self):
        mail = self.env["mail.mail"].create({"subject": "Offer", "email_to": "x@fabrikam.example"})
        self.age(mail, minutes=59)
        self.watch()
        self.assertFalse(self.troubles())
        self.age(mail, minutes=61)
        self.watch()
        self.assertEqual(self.troubles().kind, "waiting")
        mail.state = "sent"
        self.watch()
        self.assertFalse(self.troubles())

    def test_mail_that_is_scheduled_or_mass_mail_in_line_is_no_trouble(self):
        later, bulk = self.env["mail.mail"].create([{"subject": "Offer", "email_to": "x@fabrikam.example"} for _mail in range(2)])
        later.write({"scheduled_date": fields.Datetime.now() + timedelta(hours=5), "office365_bulk": False})
        self.age(later + bulk, minutes=600)
        self.assertTrue(bulk.office365_bulk)
        self.watch()
        self.assertFalse(self.troubles())
        bulk.office365_failed_since = fields.Datetime.now() - timedelta(hours=2)
        self.watch()
        self.assertEqual(self.troubles().kind, "waiting")

    def age(self, mails, minutes):
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_mail SET create_date = %s WHERE id IN %s", [
            fields.Datetime.now() - timedelta(minutes=minutes), mails._ids])
        mails.invalidate_recordset()

    @mute_logger("odoo.addons.mail_office365.models.assistant.office365_trouble")
    def test_an_administrator_who_cannot_be_told_keeps_nobody_from_being_told(self):
        chat = Office365Trouble._chat

        def broken(trouble, user, *words):
            if user == self.env.ref("base.user_admin"):
                raise ValueError("no chat")
            chat(trouble, user, *words)

        self.pause()
        with patch.object(Office365Trouble, "_chat", broken):
            self.watch()
        self.assertEqual(len(self.chats()), 1)
        self.assertIn(self.env.ref("base.user_admin"), self.troubles().activity_ids.user_id)

    def test_words_of_a_server_are_text_and_no_markup(self):
        self.pause(reply='535 <img src=x onerror="alert(1)">')
        self.watch()
        self.assertNotIn("<img", self.chats()[0] + str(self.troubles().activity_ids[0].note))

    def test_each_is_told_in_their_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.administrator.lang = "de_DE"
        seen = []
        radar = type(self.env["office365.radar"])
        words = radar._words

        def noted(self, line):
            seen.append(self.env.lang)
            return words(self, line)

        self.pause()
        with patch.object(radar, "_words", noted):
            self.watch()
        self.assertLessEqual({"de_DE", "en_US"}, set(seen))


    def test_activities_of_earlier_versions_are_removed(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.5.0/post-alerts.py"), "post_alerts")
        alert, other = self.env["mail.activity"].create([
            {"user_id": self.administrator.id, "activity_type_id": self.env.ref("mail_office365.activity_type_fetch").id}
            for _activity in range(2)])
        self.env.cr.execute("CREATE TABLE fetchmail_server_mail_activity_rel (fetchmail_server_id INTEGER, mail_activity_id INTEGER)")
        self.env.cr.execute("INSERT INTO fetchmail_server_mail_activity_rel VALUES (%s, %s)", [self.mailbox.id, alert.id])
        for _time in range(2):
            script.migrate(self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual((alert | other).exists(), other)


@tagged("post_install", "-at_install")
class TestFirstRefusals(Office365Case):
    """What Exchange refuses, to what is told."""

    def setUp(self):
        super().setUp()
        self.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()

    def kinds(self):
        self.env.invalidate_all()
        return [line.kind for line in self.env["office365.radar"]._troubles()]

    def test_the_first_refused_sign_in_of_an_outgoing_server_is_a_trouble_until_it_is_mended(self):
        server = self.outgoing(smtp_pass="wrong")
        self.mail().send()
        self.assertEqual(self.kinds(), ["server"])
        server.smtp_pass = self.servers.password(ERP)
        self.assertEqual(self.kinds(), [])

    def test_the_first_refusal_of_the_default_sender_is_a_trouble_until_it_is_accepted(self):
        self.outgoing()
        sender = self.alias_domain.default_from_email
        self.mail(email_from=sender, author_id=False).send()
        self.assertEqual(self.kinds(), ["default_sender"])
        self.grant_send_as(sender)
        self.mail(email_from=sender, author_id=False).send()
        self.assertEqual(self.kinds(), [])

    @mute_logger("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.desk")
    def test_the_first_refused_sign_in_of_an_incoming_server_is_a_trouble(self):
        server = self.incoming(password="wrong", state="done")
        with self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr))._fetch_mail()
        self.assertEqual(self.kinds(), ["fetch"])


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
        self.watch()
        self.watch()
        self.assertEqual(self.events(), ["trouble.began"])
        pause.unlink()
        self.watch()
        self.watch()
        self.assertEqual(self.events(), ["trouble.began", "trouble.ended"])
        for (_method, _path, body), headers in zip(self.system.seen, self.system.headers, strict=True):
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(base64.b64decode(self.secret.removeprefix("whsec_")), signed, hashlib.sha256)
            self.assertEqual(headers["webhook-signature"], f"v1,{base64.b64encode(digest).decode()}")
        data = json.loads(self.system.seen[0][2])["data"]
        self.assertEqual((data["kind"], data["about"], data["record"], data["count"]), ("sender", "Sends", self.server.id, 1))
        self.assertNotIn("brant", str(self.system.seen))

    def test_a_webhook_that_fails_is_shown_and_told_later_and_keeps_nobody_from_being_told(self):
        self.status = 503
        self.pause()
        self.watch()
        self.assertRecordValues(self.monitor, [{"webhook_error": "HTTP 503", "webhook_failures": 1}])
        self.assertEqual(len(self.chats()), 1)
        self.assertIn("webhook", [line.kind for line in self.env["office365.radar"]._lines()])
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
        self.assertEqual((len(self.troubles()), len(self.system.seen)), (3, 1))
        self.status = 400  # of each message
        self.watch()
        self.assertEqual(len(self.system.seen), 4)

    def test_it_is_told_after_what_people_are_told_is_committed(self):
        order = []
        send = type(self.monitor)._send
        self.pause()
        with (
            patch.object(self.env.cr, "commit", lambda: order.append("commit")),
            patch.object(type(self.monitor), "_send", lambda monitor, *args: (order.append("send"), send(monitor, *args))[1]),
        ):
            self.watch()
        self.assertEqual(order, ["commit", "send"])

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
                     self.env["office365.radar"].with_user(employee).action_open):
            with self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            self.monitor.with_user(self.administrator).read(["token_digest"])
        with self.assertRaises(AccessError):
            self.monitor.with_user(self.administrator).write({"token_digest": "x"})


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
            self.assertEqual((content["status"], content["troubles"], content["oldest_waiting_seconds"]), ("ok", [], 0))
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


@tagged("post_install", "-at_install")
class TestOverview(MonitorMixin, TransactionCase):

    def lines(self):
        self.env.flush_all()
        action = self.env["office365.radar"].with_user(self.administrator).action_open()
        return self.env["office365.radar"].with_user(self.administrator).search(action["domain"])

    def line(self, kind):
        return self.lines().filtered(lambda line: line.kind == kind)

    def test_passwords_of_all_servers_on_microsofts_hosts_are_listed(self):
        other = self.env["ir.mail_server"].create({
            "name": "Not ours", "smtp_host": "smtp.office365.com", "smtp_user": "x@contoso.example", "smtp_pass": "x"})
        self.env["ir.mail_server"].create({"name": "Elsewhere", "smtp_host": "smtp.fabrikam.example", "smtp_user": "x", "smtp_pass": "x"})
        lines = self.line("password")
        self.assertEqual(set(zip(lines.mapped("res_model"), lines.mapped("res_id"), strict=True)), {
            ("ir.mail_server", self.server.id), ("ir.mail_server", other.id), ("fetchmail.server", self.mailbox.id)})
        line = lines.filtered(lambda line: line.res_id == other.id and line.res_model == "ir.mail_server")
        self.assertEqual((str(line.until), line.state), ("2026-12-31", "todo"))
        self.assertEqual(line.action_go()["res_id"], other.id)

    def test_what_ends_soon_is_listed_with_its_date(self):
        app = self.env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": "5c2f7a10-93b4-4d6e-8a1f-0e7d2b9c4f63",
            "client_secret_expiry": fields.Date.today() + timedelta(days=5)})
        line = self.line("end").filtered(lambda line: line.res_id == app.id)
        self.assertEqual((line.state, line.until, line.action_go()["res_model"]), ("todo", app.client_secret_expiry, "office365.app"))

    def test_users_without_an_address_of_their_own_are_counted_and_the_button_shows_them(self):
        nobody = new_test_user(self.env, "o365.nobody", groups="base.group_user", email=False)
        foreign = new_test_user(self.env, "o365.foreign", groups="base.group_user", email="x@private.example")
        served = new_test_user(self.env, "o365.served", groups="base.group_user", email="served@contoso.example")
        pending = new_test_user(self.env, "o365.pending", groups="base.group_user", email="pending@contoso.example")
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_users SET office365_alias = 'p@contoso.example' WHERE id = %s", [pending.id])
        self.env.invalidate_all()
        for kind, user in (("no_email", nobody), ("no_sender", foreign), ("alias", pending)):
            line = self.line(kind)
            found = self.env["res.users"].search(line.action_go()["domain"])
            self.assertIn(user, found, kind)
            self.assertEqual(line.number, len(found))
            self.assertNotIn(served, found)

    def test_received_mail_and_companies_are_listed(self):
        self.env["office365.inbound"].create([{"server_id": self.mailbox.id, "state": state} for state in ("failed", "set_aside", "done")])
        company = self.env["res.company"].create({"name": "Fabrikam"})
        company.alias_domain_id = self.env["mail.alias.domain"].create({"name": "fabrikam.example"})
        self.assertEqual(self.line("attention").number, 2)
        line = self.line("company")
        self.assertIn("Fabrikam", line.name)
        self.assertIn(company, self.env["res.company"].search(line.action_go()["domain"]))

    def test_every_button_opens_a_screen(self):
        self.pause()
        self.pause("brant@contoso.example")
        self.pause("notifications@contoso.example", until=False)
        self.mailbox.write({"error_message": "x", "error_date": fields.Datetime.now(), "office365_failures": 2})
        self.env["mail.mail"].create({"subject": "Offer", "email_to": "x@fabrikam.example"})
        for line in self.lines():
            action = line.action_go()
            self.assertTrue(line.name)
            if action["type"] == "ir.actions.act_window":
                self.env[action["res_model"]].search(action.get("domain") or [])
        domain = self.line("default_sender").action_go()["domain"]
        self.assertIn("notifications@contoso.example", self.env["office365.pause"].search(domain).mapped("address"))

    def test_checking_again_shows_this_moment(self):
        lines = self.lines()
        self.assertFalse(lines.filtered(lambda line: line.kind == "server" and line.state == "failed"))
        self.pause()
        action = lines.browse().action_refresh()
        self.assertEqual((action["target"], lines.search(action["domain"])[0].kind), ("main", "server"))

    def test_what_is_right_says_so_and_the_card_counts_the_rest(self):
        done = self.lines().filtered(lambda line: line.state == "done")
        self.assertIn("No server or sender is refused.", done.mapped("name"))
        self.pause()
        summary = self.env["office365.radar"]._summary()
        self.assertEqual((summary["state"], summary["first"][0].state), ("failed", "failed"))
        self.assertGreaterEqual(summary["failed"], 1)

    def test_many_users_and_mails_need_no_more_queries(self):
        self.env.flush_all()
        radar = self.env["office365.radar"]
        radar._lines()

        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            radar._lines()
            return self.env.cr.sql_log_count - before

        few = queries()
        self.env["mail.mail"].create([{"subject": "Offer", "email_to": "x@fabrikam.example"} for _mail in range(50)])
        self.env["res.users"].create([
            {"name": f"User {number}", "login": f"o365.many{number}", "email": f"many{number}@private.example"} for number in range(20)])
        self.env.flush_all()
        self.assertLessEqual(queries(), few + 3)
        self.assertLess(few, 120)
