"""What one record, message or name must not do to others: crons, webhook, email log, the form of a server, uninstalling."""

import json
from unittest.mock import Mock, patch

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..hooks import leave_nothing
from ..models.one_by_one import one_by_one
from ..tools.outgoing.log import SENT, Note, Told
from .common import BRANT, Office365Case, SecretsMixin
from .https import HttpsMixin
from .monitor_case import MonitorMixin
from .proof_case import ProofCase

_MODELS = "odoo.addons.mail_office365.models"


@tagged("post_install", "-at_install")
class TestCrons(ProofCase):

    def test_a_set_up_whose_heartbeat_fails_keeps_no_other_from_its_own(self):
        Trips, other = self.env.registry["office365.round.trip"], self.setup.copy({"domain": "fabrikam.example"})
        beaten = []

        def last_beat(_trips, setup):
            if setup == self.setup:
                raise ValueError("broken")
            beaten.append(setup.id)

        with patch.object(Trips, "_last_beat", last_beat), mute_logger(f"{_MODELS}.one_by_one"):
            self.env.flush_all()
            with self.registry.cursor() as cr:
                self.env(cr=cr)["office365.round.trip"]._cron_heartbeat()
        self.assertIn(other.id, beaten)

    def test_a_server_whose_probe_fails_keeps_no_other_from_being_asked(self):
        Servers, other, asked = self.env.registry["ir.mail_server"], self.outgoing(from_filter="fabrikam.example"), []

        def ask(server, *_args):
            if server == self.outgoing_server:
                raise ValueError("broken")
            asked.append(server.id)
            return Mock(stopped=None)

        with (
            patch.object(Servers, "_office365_probe", ask), patch.object(Servers, "_office365_addresses_due", lambda *_args: {"x"}),
            mute_logger(f"{_MODELS}.one_by_one"), self.registry.cursor() as cr,
        ):
            self.env(cr=cr)["office365.probe"]._cron_ask()
        self.assertIn(other.id, asked)

    def test_what_the_database_refuses_to_write_is_the_failure_of_one_alone(self):
        refused, other = self.env["office365.probe"].create([
            {"mail_server_id": self.outgoing_server.id, "address": address, "state": "unknown", "date": fields.Datetime.now()}
            for address in ("refused@contoso.example", "other@contoso.example")])
        self.env.flush_all()
        with self.registry.cursor() as cr, mute_logger(f"{_MODELS}.one_by_one", "odoo.sql_db"):
            probes = (refused | other).with_env(self.env(cr=cr))
            one_by_one(  # written when it is committed, not before
                probes.env, list(probes), lambda each: each.write({"state": each.id == other.id and "allowed"}), "%s failed")
        self.env.invalidate_all()
        self.assertEqual((refused.state, other.state), ("unknown", "allowed"))

    def test_a_round_of_probes_that_breaks_is_stopped_and_ends_no_other(self):
        servers = self.outgoing_server | self.outgoing(from_filter="fabrikam.example")
        at = fields.Datetime.to_string(fields.Datetime.now())
        servers.office365_probe_round = {
            "left": [[BRANT, "user", self.brant.id]], "found": {}, "stopped": None, "next": at, "uid": self.env.uid}
        with (
            patch.object(self.env.registry["ir.mail_server"], "_office365_probe_run", side_effect=ValueError("broken")),
            patch.object(self.env.cr, "commit", self.env.cr.flush), mute_logger(f"{_MODELS}.identity.ir_mail_server_probe_later"),
        ):
            self.env["ir.mail_server"]._office365_continue_rounds()
        self.assertEqual({server.office365_probe_round["stopped"] for server in servers}, {"no_answer"})


@tagged("post_install", "-at_install")
class TestTold(MonitorMixin, HttpsMixin, SecretsMixin, TransactionCase):

    def setUp(self):
        super().setUp()
        self.status = 200
        self.system = self.https(lambda *_request: (self.status, {}, b""))
        self.monitor.webhook_url = f"{self.system.url}/hook"
        self.monitor.action_new_secret()

    def test_no_address_in_a_name_reaches_the_webhook(self):
        self.server.name = "erp@contoso.example (sends)"
        self.pause()
        self.watch()
        [(_method, _path, body)] = self.system.seen
        self.assertEqual(json.loads(body)["data"]["about"], "… (sends)")

    def test_whoever_cannot_be_told_keeps_the_webhook_from_nothing(self):
        self.pause()
        with patch.object(self.env.registry["office365.alert"], "_tell_administrators", side_effect=ValueError("broken")), mute_logger(
                f"{_MODELS}.assistant.office365_alert"):
            self.watch()
        self.assertEqual(len(self.system.seen), 1)

    def test_what_the_webhook_accepted_is_committed_before_the_next_message(self):
        for name in ("fabrikam", "contoso"):
            server = self.server.copy({"name": name})
            now = fields.Datetime.now()
            self.env["office365.pause"].create({
                "mail_server_id": server.id, "cause": "send_as_denied", "reply": "550", "since": now, "last": now, "until": now,
                "failures": 1})
        seen = []
        with patch.object(self.env.cr, "commit", lambda: (self.env.cr.flush(), seen.append(len(self.system.seen)))):
            self.watch()
        self.assertEqual([number for number in seen if number], [1, 2])

    def test_messages_of_a_run_have_a_time_limit_together(self):
        for kind in ("fetch", "server"):
            self.env["office365.alert"].create({
                "key": kind, "kind": kind, "since": fields.Datetime.now(), "changed": fields.Datetime.now()})
        alerts, self.status = self.env["office365.alert"].search([("key", "in", ("fetch", "server"))]), 404
        with patch(f"{_MODELS}.assistant.office365_alert.time.monotonic", side_effect=[0, 1, 61, 62]):
            alerts._report({})
        self.assertEqual(len(self.system.seen), 1)


@tagged("post_install", "-at_install")
class TestLog(Office365Case):

    def test_a_message_with_the_message_id_of_another_companys_does_not_take_its_line(self):
        mine, other = self.env.company, self.env["res.company"].create({"name": "Fabrikam"})
        for company, user in ((mine, self.brant), (other, self.env.user)):
            self.env["office365.email"]._tell([Note(
                "<1@contoso.example>", fields.Datetime.now(), {"carla@fabrikam.example": Told(SENT)},
                {"company_id": company.id, "user_id": user.id})])
        line = self.env["office365.email"].search([("message_id", "=", "<1@contoso.example>")])
        self.assertEqual((line.company_id, line.user_id), (mine, self.brant))


@tagged("post_install", "-at_install")
class TestMany(Office365Case):

    def test_the_form_of_a_server_reads_no_result_but_that_of_the_default_from(self):
        server = self.outgoing(from_filter="contoso.example")
        self.env["office365.probe"].search([]).unlink()
        server._office365_forget()
        self.env["office365.probe"].create([{
            "mail_server_id": server.id, "address": f"n{number}@contoso.example", "state": "allowed", "date": fields.Datetime.now(),
        } for number in range(3)])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(server.office365_default_from_state, "new")
        self.assertFalse(list(self.env["office365.probe"]._fields["address"]._get_cache(self.env)))


@tagged("post_install", "-at_install")
class TestUninstall(TransactionCase):

    def test_parameters_go(self):
        self.env["ir.config_parameter"].set_param("mail_office365.log_days", "7")
        leave_nothing(self.env)
        self.assertFalse(self.env["ir.config_parameter"].get_param("mail_office365.log_days"))
