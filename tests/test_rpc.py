"""What portal and internal users may call over HTTP."""

import inspect

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, Office365Mixin
from .test_outgoing_session_ends import SlotsMixin

# Of core, with its own access checks; we only extend them.
CORES = {
    "create", "write", "unlink", "search", "message_process", "message_parse", "message_route", "onchange_server_type", "find_or_create",
    "format_failure_reason", "fetch_mail", "send_mail_batch", "get_empty_list_help", "fields_get"}
# What a user does about his own address, checked against himself.
FOR_EVERYBODY = {
    ("res.users", "action_office365_cancel_alias"), ("res.users", "action_office365_confirm_alias"),
    ("res.users", "action_office365_confirm_email"), ("res.users", "action_office365_resend_link"),
    # Says which screen to open, nothing else; the screen's model is closed.
    ("ir.mail_server", "action_office365_deliveries"), ("ir.mail_server", "action_office365_switch"),
    ("fetchmail.server", "action_office365_switch"), ("mail.message", "action_office365_deliveries"),
}
# Of the model, not of records.
OF_THE_MODEL = {
    ("office365.sender", "action_open"), ("office365.overview", "action_open"), ("office365.monitor", "action_open"),
    ("office365.setup", "action_open")}


@tagged("post_install", "-at_install")
class TestFromOutside(SlotsMixin, Office365Mixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "o365.portal", groups="base.group_portal", password="o365.portal")
        cls.employee = new_test_user(cls.env, "o365.employee", groups="base.group_user", password="o365.employee")

    def call(self, user, model, method, *args, **kwargs):
        """Call a method as a browser does; return the name of the exception, "" if there is none."""
        self.authenticate(user.login, user.login)
        answer = self.url_open(f"/web/dataset/call_kw/{model}/{method}", json={
            "jsonrpc": "2.0", "method": "call", "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}).json()
        return answer.get("error", {}).get("data", {}).get("name", "")

    @mute_logger("odoo.http")
    def test_nobody_signs_in_by_calling_the_mail_server(self):
        mail = self.mail()
        self.env.flush_all()
        refused = f"{AccessError.__module__}.{AccessError.__name__}"
        calls = [
            ("ir.mail_server", "send_email", [{}]),
            ("ir.mail_server", "send_email", [{"From": ERP, "To": CUSTOMER}]),
            ("ir.mail_server", "send_email", ["text", self.server.id]),
            ("ir.mail_server", "connect", [[self.server.id]]),
            ("ir.mail_server", "build_email", [ERP, [CUSTOMER], "x", "x"]),
            ("ir.mail_server", "test_smtp_connection", [[self.server.id]]),
            ("ir.mail_server", "action_retrieve_max_email_size", [[self.server.id]]),
            ("ir.mail_server", "action_office365_probe", [[self.server.id]]),
            ("ir.mail_server", "office365_probe_some", [[self.server.id]]),
            ("ir.mail_server", "office365_test_part", [[self.server.id], "send", CUSTOMER]),
            ("mail.mail", "send", [[mail.id]]),
            ("mail.mail", "send_after_commit", [[mail.id]]),
            ("mail.mail", "process_email_queue", []),
            ("mail.mail", "process_email_queue", [[mail.id]]),
        ]
        for user in (self.portal, self.employee):
            for model, method, args in calls:
                with self.subTest(user=user.login, method=method, args=args):
                    name = self.call(user, model, method, *args)
                    if method in ("connect", "build_email"):  # core made them private, and renamed them
                        self.assertTrue(name)
                    else:
                        self.assertEqual(name, refused)
        self.assertEqual(len(self.servers.submission.connections), 0)
        self.assertEqual(mail.state, "outgoing")
        self.assertAllFree()

    @mute_logger("odoo.http")
    def test_an_administrator_holds_no_connection_either(self):
        self.env.ref("base.user_admin").write({"password": "admin"})
        for _call in range(4):
            self.assertTrue(self.call(self.env.ref("base.user_admin"), "ir.mail_server", "send_email", {"From": ERP}, self.server.id))
        self.assertAllFree()

    @mute_logger("odoo.http")
    def test_another_server_is_cores_business(self):
        other = self.env["ir.mail_server"].create({"name": "Other", "smtp_host": "localhost", "smtp_port": 1})
        name = self.call(self.portal, "ir.mail_server", "send_email", {"From": ERP}, other.id)
        self.assertNotIn("AccessError", name)

    def a_record_of_each_model(self):
        """Make records for what is called; models of which an administrator makes none by hand have rows by now, or need none."""
        env, now = self.env, fields.Datetime.now()
        app = env["office365.app"].create({
            "name": "Contoso", "directory_id": "contoso.example", "client_id": "00000000-0000-4000-8000-000000000001"})
        server, incoming, mail = self.server, self.incoming(), self.mail()
        setup = env["office365.setup"].create({})
        return {
            "ir.mail_server": server, "fetchmail.server": incoming, "mail.mail": mail, "office365.app": app,
            "office365.switch": env["office365.switch"].create({"res_model": server._name, "res_id": server.id, "app_id": app.id}),
            "office365.device.sign.in": env["office365.device.sign.in"].create({"app_id": app.id, "account": ERP}),
            "office365.pause": env["office365.pause"].create({
                "mail_server_id": server.id, "cause": "unknown", "since": now, "last": now}),
            "office365.delivery": env["office365.delivery"].create({"mail_server_id": server.id, "state": "sent"}),
            "office365.overview": env["office365.overview"].create({"kind": "waiting"}),
            "office365.alert": env["office365.alert"].create({"key": "copy", "kind": "copy", "since": now}),
            "office365.monitor": env["office365.monitor"].create({}),
            "office365.email": env["office365.email"].create({"message_id": "<log@contoso.example>", "state": "failed"}),
            "office365.resume": env["office365.resume"].create({}),
            "office365.inbound": env["office365.inbound"].create({"server_id": incoming.id, "state": "failed"}),
            "office365.reconciliation": env["office365.reconciliation"].create({"server_id": incoming.id}),
            "office365.reconciliation.line": env["office365.reconciliation.line"].create({
                "reconciliation_id": env["office365.reconciliation"].create({"server_id": incoming.id}).id}),
            "office365.setup": setup,
            "office365.exchange.script": env["office365.exchange.script"].create({"setup_id": setup.id, "kind": "mailbox_user"}),
            "office365.file.under": env["office365.file.under"].create({}),
            "office365.setup.value": env["office365.setup.value"].create({
                "setup_id": setup.id, "res_model": "ir.mail_server", "res_id": server.id, "field": "from_filter", "state": "todo"}),
            "office365.round.trip": env["office365.round.trip"].create({
                "setup_id": env["office365.setup"].create({}).id, "kind": "proof", "nonce": "1", "ends": now}),
            "office365.setup.alias": env["office365.setup.alias"].create({
                "setup_id": setup.id, "user_id": self.employee.id, "state": "ready"}),
            "office365.sender": env["office365.sender"],  # each administrator gets lines of his own when he opens the screen
            "office365.server.mixin": env["office365.server.mixin"],
            "mail.template": env["mail.template"].create({"name": "Offer", "model_id": env["ir.model"]._get_id("res.partner")}),
        }

    @mute_logger("odoo.http")
    def test_no_button_of_ours_is_for_everybody(self):
        """Every public method that the addon adds to a model."""
        records, found, let_in = self.a_record_of_each_model(), set(), []
        self.env.flush_all()
        refused = f"{AccessError.__module__}.{AccessError.__name__}"
        for model in sorted(self.env):
            for method in self.public_methods(model):
                if (model, method) in FOR_EVERYBODY or method in CORES:
                    continue
                found.add(model)
                for user in (self.portal, self.employee):
                    ids = [] if (model, method) in OF_THE_MODEL else [records[model].ids]
                    answer = self.call(user, model, method, *ids)
                    if answer != refused and not (answer and self.env[model]._abstract):  # of which there is no record
                        let_in.append((user.login, model, method, answer))
        self.assertFalse(let_in, "\n".join(map(str, let_in)))
        self.assertEqual(sorted(found), sorted(records))
        self.assertEqual(len(self.servers.submission.connections), 0)

    def public_methods(self, model):
        """Return the names of what our part of a model's class adds, as RPC finds them."""
        ours = [each for each in type(self.env[model]).mro() if ".mail_office365." in each.__module__]
        return sorted({
            name for each in ours for name, method in vars(each).items()
            if inspect.isfunction(method) and not name.startswith("_") and not getattr(method, "_api_private", False)})
