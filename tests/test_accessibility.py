"""What axe-core finds on our screens and dialogs, beside what it finds on core's own, in a desktop's window and in a phone's."""

import base64
import contextlib
import json
import os
import re
import sys
import unittest
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from lxml import etree
from odoo import fields
from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tests.common import ChromeBrowser

from .common import BRANT, CUSTOMER, ERP, INFO, Office365Mixin
from .servers import replies
from .servers.directory import DOMAIN
from .sign_in import SignInMixin

AXE = os.environ.get("MAIL_OFFICE365_AXE")
START = "/odoo/action-mail_office365.office365_cause_action"
DESKTOP, PHONE = 1440, 390
LIST = ".o_list_view .o_data_row, .o_kanban_view .o_kanban_record:not(.o_kanban_ghost)"
FORM = ".o_form_view .o_form_sheet"
CHATTER = ".o_form_view:has(.o-mail-Message) .o-mail-Activity"  # it comes a moment later than the form
DIALOG = ".modal .o_form_view"
CLOSE = ".modal .o_mail_office365_close"
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40}  # by their virtual key codes
ABOUT_NAMES = (
    "aria-command-name", "aria-dialog-name", "aria-input-field-name", "button-name", "image-alt", "label", "link-name", "role-img-alt",
    "select-name")
_TOLD = "office365: "
_WINDOW = {"type": "ir.actions.act_window"}


def screen(name, kind, shows, opens, phone=""):
    return {"name": name, "kind": kind, "shows": shows, "opens": opens, "phone": phone}


def record(records, **more):
    """Return the action that opens the form of a record."""
    return {**_WINDOW, "res_model": records._name, "res_id": records[:1].id, "views": [(False, "form")], **more}


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    """No state is told by a colour alone."""

    # Lists that tell by a text why a line is coloured, all others by a badge.
    TEXTS = {"office365_app_view_list": "expiry_notice"}

    def test_what_is_coloured_is_a_badge_or_has_one_in_its_line(self):
        coloured = 0
        for file in (Path(__file__).parents[1] / "views").glob("*.xml"):
            for node in etree.parse(file).iter("field", "list"):
                if not any(name.startswith("decoration-") for name in node.attrib):
                    continue
                coloured += 1
                [view] = node.xpath("ancestor::record[1]/@id")
                with self.subTest(view=view, field=node.get("name")):
                    if node.tag == "field":
                        self.assertEqual(node.get("widget"), "badge")
                        continue
                    shown = node.xpath("field[not(@optional) and not(@column_invisible)]")
                    self.assertTrue([each for each in shown if each.get("name") == self.TEXTS.get(view) or (
                        each.get("widget") == "badge" and view not in self.TEXTS)])
        self.assertGreater(coloured, 20)


class ListeningMixin:
    """Tours that ask the test for what a page can't do itself: ``console.log("office365: WORD VALUE")``."""

    @contextlib.contextmanager
    def listening(self, **handlers):
        """Call the handler of a word with the browser and the value."""
        handle = ChromeBrowser._handle_console

        def listen(browser, type, args=None, **more):  # noqa: A002 - Chromium's name
            said = str(args[0].get("value")) if args else ""
            word, _space, value = said.removeprefix(_TOLD).partition(" ")
            if said.startswith(_TOLD):
                handlers[word](browser, value)
            else:
                handle(browser, type, args, **more)

        with patch.object(ChromeBrowser, "_handle_console", listen):
            yield


@unittest.skipUnless(AXE, "axe-core was not provisioned: npm is not installed")
@tagged("post_install", "-at_install")
class TestAccessibility(ListeningMixin, SignInMixin, HttpCase):
    browser_size = f"{DESKTOP}x900"

    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.admin.email = f"admin@{DOMAIN}"
        self.set_alias(self.brant, BRANT)
        self.server = self.outgoing(office365_rate_limit=0)
        self.servers.directory.account(INFO).smtp_auth_disabled = True
        self.refused_server = self.outgoing(name="Refused", smtp_user=INFO, smtp_pass=self.servers.password(INFO))
        self.mailbox = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        self.mailbox.button_confirm_login()
        self.setup = self.env["office365.setup"].create({
            "domain": DOMAIN, "mailbox": ERP, "alias_domain_id": self.alias_domain.id,
            "mail_server_id": self.server.id, "fetchmail_server_id": self.mailbox.id})
        self.entra_app = self.app(client_secret_expiry=fields.Date.today())
        self._send()
        self._receive()
        self._have_alerts()

    def _send(self):
        """Have an email of each state in the log."""
        faults = self.servers.submission.faults
        self.mail(subject="Offer").send()
        faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
        self.mail(subject="Refused offer").send()
        faults.add("END_OF_DATA", replies.S451_4_7_500_GREYLISTED)
        self.mail(subject="Late offer").send()
        self.emails = self.env["office365.email"].search([])
        self.assertEqual(set(self.emails.mapped("state")), {"sent", "failed", "deferred"})

    def _receive(self):
        """Have a message of each state in the list."""
        self.received = self.env["office365.inbound"].create([{
            "server_id": self.mailbox.id, "folder": "INBOX", "validity": "1", "uid": state, "subject": f"Question {state}",
            "email_from": CUSTOMER, "state": state, "error": state != "done" and "No alias takes mail to stray@contoso.example.",
            "raw": state != "done" and base64.b64encode(self.message()), "digest": state, "attempts": 1,
        } for state in ("unroutable", "failed", "set_aside", "ignored", "done")])

    def _have_alerts(self):
        now = fields.Datetime.now()
        self.pause = self.env["office365.pause"].create({
            "mail_server_id": self.refused_server.id, "address": INFO, "cause": "send_as_denied", "reply": "550 5.2.252 SendAsDenied",
            "since": now, "last": now, "until": now, "failures": 1})
        self.env["office365.probe"]._learn({(self.server.id, INFO): ("refused", "550 5.2.252 SendAsDenied")})

    def our_screens(self):
        badge = ".o_kanban_record .badge"
        new = {**_WINDOW, "res_model": "ir.mail_server", "views": [(False, "form")], "context": {"default_office365_preset": "submission"}}
        failed = self.emails.filtered(lambda email: email.state == "failed")
        return [
            screen("Set-up", "form", ".o_mail_office365_steps", record(self.setup), "button[name=action_check]"),
            screen("Users' Aliases", "list", LIST, self.setup.action_aliases(), badge),
            screen("Overview", "list", LIST, "mail_office365.office365_overview_action", badge),
            screen("Email Log", "list", LIST, "mail_office365.office365_delivery_action", badge),
            screen("Email Log: an email", "form", FORM, record(failed), "button[name=action_retry]"),
            screen("Received Mail", "list", LIST, "mail_office365.office365_inbound_action", badge),
            screen("Received Mail: a message", "form", FORM, record(self.received), "button[name=action_retry]"),
            screen("Sender Overview", "list", LIST, "mail_office365.office365_sender_action", badge),
            screen("Pauses", "list", LIST, "mail_office365.office365_pause_action", "button[name=action_resume]"),
            screen("Pauses: a pause", "form", FORM, record(self.pause), "button[name=action_resume]"),
            screen("Entra apps", "list", LIST, "mail_office365.office365_app_action", ".o_kanban_record [name=ends]"),
            screen("Entra app", "form", CHATTER, record(self.entra_app), "button[name=action_check_sign_in]"),
            screen("Outgoing server", "form", FORM, record(self.server), "button[name=action_office365_test]"),
            screen("Outgoing server, new", "form", FORM, new, "button[name=action_office365_test]"),
            screen("Incoming server", "form", FORM, record(self.mailbox), "button[name=action_office365_fetch]"),
        ]

    def our_dialogs(self):
        """Return the dialogs, each in the state in which it has the most to show."""
        setup = self.setup
        check = {"type": "ir.actions.client", "tag": "mail_office365.check_steps", "params": {
            "setup_id": setup.id, "steps": [["aliases", "Users' Aliases"], ["nowhere", "A step that fails"]]}}
        batch = {"type": "ir.actions.client", "tag": "mail_office365.batch", "params": {
            "model": "office365.setup.alias", "method": "office365_set", "ids": [], "title": "Set Aliases"}}
        again = ".o_mail_office365_again"
        return [
            screen("Test Connection, failed", "dialog", ".modal .alert-danger", self.refused_server.action_office365_test(), again),
            screen("Test Connection, passed", "dialog", ".modal .alert-success", self.server.action_office365_test(), again),
            screen("Send Test Email", "dialog", ".modal input", self.server.with_user(self.admin).action_office365_test_mail(),
                   ".o_mail_office365_send"),
            screen("Fetch Now", "dialog", CLOSE, self.mailbox.action_office365_fetch(), CLOSE),
            screen("Check Send As", "dialog", CLOSE, self.server._office365_probe_action(), CLOSE),
            screen("Proof", "dialog", CLOSE, setup.action_office365_proof(), CLOSE),
            screen("Check", "dialog", CLOSE, check, CLOSE),
            screen("Set Aliases", "dialog", CLOSE, batch, CLOSE),
            screen("File Under", "dialog", DIALOG, self.received[0].action_file_under(), "button[name=action_file]"),
            screen("Script", "dialog", DIALOG, setup.with_context(office365_script="mailbox_user").action_script(),
                   "button[name=action_download]"),
            screen("Create the Entra App", "dialog", DIALOG, record(self.entra_app.browse(), target="new")),
            screen("Preferences", "dialog", ".modal [name=office365_alias]", {
                **self.env.ref("base.action_res_users_my")._get_action_dict(), "res_id": self.admin.id}),
        ]

    def cores_screens(self):
        """Return core's own equivalents, in core's own views."""
        def view(xmlid, kind):
            # A copy, which no addon extends.
            return [(self.env.ref(xmlid).copy({"name": f"core's {xmlid}", "priority": 999}).id, kind)]

        def records(model, xmlid, **more):
            return {**_WINDOW, "res_model": model, "views": view(xmlid, "list"), **more}

        cores_server = self.env["ir.mail_server"].create({"name": "Core's", "smtp_host": "localhost"})
        mail = self.mail(subject="Core's", state="exception", failure_reason="Refused", mail_server_id=cores_server.id)
        self.customer.message_post(body="Hello")
        company = self.env["res.partner"].create({"name": "Core's", "is_company": True, "child_ids": [(0, 0, {"name": "Child"})]})
        activity = self.customer.activity_schedule("mail.mail_activity_data_todo", user_id=self.admin.id, date_deadline=fields.Date.today())
        plan = self.env["mail.activity.plan"].create({"name": "Core's", "res_model": "res.partner"})
        return [
            screen("core: outgoing servers", "list", LIST, records("ir.mail_server", "base.ir_mail_server_list")),
            screen("core: mails", "list", LIST, records("mail.mail", "mail.view_mail_tree")),
            screen("core: apps", "list", LIST, records(
                "ir.module.module", "base.module_tree", domain=[("name", "in", ("base", "mail", "crm"))])),
            screen("core: activities", "list", LIST, records(activity._name, "mail.mail_activity_view_tree")),
            screen("core: contacts", "list", LIST, "base.action_partner_form"),
            screen("core: users", "list", LIST, "base.action_res_users"),
            screen("core: outgoing server", "form", FORM, record(cores_server, views=view("base.ir_mail_server_form", "form"))),
            screen("core: a mail", "form", FORM, record(mail, views=view("mail.view_mail_form", "form"))),
            screen("core: a contact", "form", CHATTER, record(self.customer)),
            screen("core: a company", "form", FORM, record(company)),
            screen("core: a language", "form", FORM, record(self.env.ref("base.lang_en"), views=view("base.res_lang_form", "form"))),
            screen("core: an activity", "form", DIALOG, record(activity, target="new")),
            screen("core: a plan", "form", FORM, record(plan)),
            screen("core: settings", "form", ".o_setting_box", "base_setup.action_general_configuration"),
            screen("core: preferences", "dialog", DIALOG, record(
                self.admin, target="new", views=view("base.view_users_form_simple_modif", "form"))),
            screen("core: key", "dialog", DIALOG, record(
                self.env["res.users.apikeys.show"], target="new", context={"default_key": "secret"})),
            screen("core: composer", "dialog", DIALOG, record(self.env["mail.compose.message"], target="new")),
        ]

    def test_axe_finds_nothing_that_it_does_not_find_in_core(self):
        looked = self.look([*self.our_screens(), *self.our_dialogs(), *self.cores_screens()])
        self._print_table(looked)
        core = [seen for seen in looked if seen["name"].startswith("core:")]
        problems = []
        for seen in (each for each in looked if each not in core):
            known = {
                self._key(found) for each in core if each["width"] == seen["width"]
                # Dialogs are mostly forms. A colour or a part that core uses is core's wherever it is.
                for found in each["found"] if self._key(found)[1] or (each["kind"] == "list") == (seen["kind"] == "list")}
            problems += [
                f"{seen['width']} {seen['name']}: {found['impact']} {' '.join(self._key(found))}\n    {found['html']}"
                for found in seen["found"] if self._key(found) not in known]
        for seen in (each for each in looked if each["width"] == PHONE and each not in core):
            problems += [f"{seen['name']} is scrolled sideways on a phone"] * seen["isWide"]
            problems += [f"{seen['name']} does not show what it must on a phone"] * (not seen["isShown"])
        self.assertFalse(problems, "\n".join(problems))

    @staticmethod
    def _key(found):
        """Return the rule, and what tells a fault of ours from core's: the two colours, or which part it is that has no name."""
        if found["rule"] not in ABOUT_NAMES:
            return found["rule"], found["colours"]
        tag, classes = re.match(r"<(\w+)", found["html"])[1], re.search(r'class="([^"]*)', found["html"])
        return found["rule"], ".".join([tag, *sorted(classes[1].split() if classes else [])])

    def _print_table(self, looked):
        """Print how much was found where; ``dev/o365 test`` shows it also when the test passes."""
        lines = [f"| axe-core: rules broken (elements) | {DESKTOP} px | {PHONE} px |", "| --- | --- | --- |"]
        for name in dict.fromkeys(seen["name"] for seen in looked):
            cells = [
                ", ".join(f"{rule} {number}" for rule, number in sorted(Counter(found["rule"] for found in seen["found"]).items()))
                for width in (DESKTOP, PHONE) for seen in looked if (seen["name"], seen["width"]) == (name, width)]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        sys.stdout.write("\n".join(["", *lines, ""]))

    def look(self, screens):
        """Return what axe finds on each of these screens, in windows of each width."""
        looked = []
        plan = json.dumps([{"width": width, "screens": screens} for width in (DESKTOP, PHONE)], default=str)
        brought = f"{Path(AXE).read_text(encoding='utf-8')}; window.office365Accessibility = {plan}; true"
        start = ChromeBrowser._wait_code_ok

        def bring(browser, *args, **more):
            browser._websocket_request("Runtime.evaluate", params={"expression": brought})
            return start(browser, *args, **more)

        def widen(browser, width):
            browser._websocket_send("Emulation.setDeviceMetricsOverride", params={
                "mobile": False, "width": int(width), "height": 900, "deviceScaleFactor": 1})

        with self.listening(width=widen, found=lambda _browser, value: looked.append(json.loads(value))), patch.object(
                ChromeBrowser, "_wait_code_ok", bring):
            self.start_tour(START, "mail_office365_accessibility", login="admin", timeout=240)
        return looked


@tagged("post_install", "-at_install")
class TestKeyboard(ListeningMixin, Office365Mixin, HttpCase):
    browser_size = f"{DESKTOP}x900"

    def test_who_has_no_mouse_sets_up_tests_and_retries(self):
        self.set_alias(self.brant, BRANT)
        server = self.outgoing()
        self.env["office365.setup"].create({"domain": DOMAIN, "mailbox": ERP, "mail_server_id": server.id})
        self.env["office365.email"].search([]).unlink()
        self.servers.submission.faults.add("RCPT", replies.S550_5_1_10_RECIPIENT_NOT_FOUND)
        self.mail(subject="Refused offer").send()
        email = self.env["office365.email"].search([("subject", "=", "Refused offer")])
        self.assertEqual(email.state, "failed")
        with self.listening(key=self.press):
            self.start_tour(f"/odoo/ir.mail_server/{server.id}", "mail_office365_keyboard", login="admin", timeout=180)
        self.env.invalidate_all()
        self.assertEqual(email.state, "sent")

    @staticmethod
    def press(browser, name):
        shift, _plus, key = name.rpartition("+")
        what = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        browser._websocket_send("Input.dispatchKeyEvent", params={
            "type": "keyDown", **what, **({"text": "\r"} if key == "Enter" else {})})
        browser._websocket_send("Input.dispatchKeyEvent", params={"type": "keyUp", **what})
