"""Who reads the list of received mail."""

import base64

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import Office365Mixin

RAW = b"From: a@fabrikam.example\r\nTo: erp@contoso.example\r\nSubject: Kept\r\n\r\nConfidential words"


@tagged("post_install", "-at_install")
class TestReaders(Office365Mixin, HttpCase):

    def setUp(self):
        super().setUp()
        self.reader, self.chosen = (new_test_user(
            self.env, f"o365.{name}", groups="mail_office365.group_read_received", password=f"o365.{name}") for name in ("reader", "chosen"))
        self.employee = new_test_user(self.env, "o365.employee", groups="base.group_user", password="o365.employee")
        self.system = new_test_user(self.env, "o365.system", groups="base.group_system", password="o365.system")
        self.open, self.closed = self.incoming(name="Open"), self.incoming(name="Closed", office365_reader_ids=self.chosen.ids)
        self.rows = self.env["office365.inbound"].create([{
            "server_id": server.id, "uid": "1", "validity": "1", "subject": "Kept", "state": "failed", "error": "Cause\nRemedy",
            "raw": base64.b64encode(RAW)} for server in (self.open, self.closed)])
        self.env.flush_all()

    def seen(self, user):
        return self.env["office365.inbound"].with_user(user).search([("id", "in", self.rows.ids)]).mapped("server_name")

    def test_readers_see_servers_without_chosen_readers_and_those_for_which_they_are_chosen(self):
        self.assertEqual(self.seen(self.reader), ["Open"])
        self.assertEqual(sorted(self.seen(self.chosen)), ["Closed", "Open"])
        self.assertEqual(sorted(self.seen(self.system)), ["Closed", "Open"])
        with self.assertRaises(AccessError):
            self.seen(self.employee)

    def test_a_server_whose_only_reader_is_archived_opens_to_nobody(self):
        self.chosen.active = False
        self.assertEqual(self.seen(self.reader), ["Open"])

    def test_an_archived_server_keeps_its_readers(self):
        (self.open | self.closed).active = False
        self.assertEqual(self.seen(self.reader), ["Open"])
        self.assertEqual(sorted(self.seen(self.chosen)), ["Closed", "Open"])

    def test_readers_change_nothing(self):
        mine = self.rows[0].with_user(self.reader)
        for call in (mine.action_retry, mine.action_ignore, mine.action_file_under, mine.unlink, lambda: mine.write({"state": "done"})):
            with self.subTest(call), self.assertRaises(AccessError):
                call()
        with self.assertRaises(AccessError):
            self.env["fetchmail.server"].with_user(self.reader).search([])

    def test_the_screens_open_for_readers(self):
        inbound = self.env["office365.inbound"].with_user(self.reader)
        for view in ("list", "kanban", "form", "search"):
            inbound.get_view(view_type=view)
        with Form(inbound.browse(self.rows[0].id)) as form:
            self.assertEqual(form.server_name, "Open")
            self.assertIn("Confidential words", form.preview)
        shown = inbound.browse(self.rows[0].id).with_context(bin_size=True).web_read({"preview": {}})  # as the browser asks
        self.assertIn("Confidential words", shown[0]["preview"])
        found = inbound.search([("server_name", "ilike", "ope")])
        self.assertEqual(found, self.rows[0].with_user(self.reader))
        groups = inbound.web_read_group([("id", "in", self.rows.ids)], ["server_id"], aggregates=["__count"])["groups"]
        self.assertEqual([group["server_id"][1] for group in groups], ["Open"])

    def status(self, user, path):
        self.authenticate(user.login, user.login)
        answer = self.url_open(path)
        return answer.status_code, RAW in answer.content

    @mute_logger("odoo.http")
    def test_the_source_goes_only_to_those_who_read_the_row(self):
        attachments = self.env["ir.attachment"].search([
            ("res_model", "=", "office365.inbound"), ("res_field", "=", "raw"), ("res_id", "in", self.rows.ids)], order="res_id")
        for number, allowed in enumerate(((self.reader, self.chosen, self.system), (self.chosen, self.system))):
            row, attachment = self.rows[number], attachments[number]
            for user in (self.reader, self.chosen, self.system, self.employee):
                for path in (f"/web/content/office365.inbound/{row.id}/raw?download=1", f"/web/content/{attachment.id}?download=1"):
                    with self.subTest(user=user.login, path=path):
                        self.assertEqual(self.status(user, path), (200, True) if user in allowed else (404, False))

    @mute_logger("odoo.http")
    def test_the_preview_goes_only_to_those_who_read_the_row(self):
        for user, number in ((self.reader, 1), (self.employee, 0), (self.employee, 1)):
            for method, args in (("read", [["preview"]]), ("web_read", [{"preview": {}}])):
                with self.subTest(user=user.login, method=method):
                    self.authenticate(user.login, user.login)
                    answer = self.url_open(f"/web/dataset/call_kw/office365.inbound/{method}", json={"params": {
                        "model": "office365.inbound", "method": method, "args": [self.rows[number].ids, *args], "kwargs": {}}})
                    self.assertNotIn("Confidential", answer.text)
                    self.assertIn("AccessError", answer.text)

    def test_the_menu_is_for_readers(self):
        menu = self.env.ref("mail_office365.office365_inbound_discuss_menu")
        for user, is_shown in ((self.reader, True), (self.system, True), (self.employee, False)):
            with self.subTest(user.login):
                self.assertEqual(menu.id in self.env["ir.ui.menu"].with_user(user)._visible_menu_ids(), is_shown)

    def test_what_needs_attention_comes_first(self):
        done, ignored = self.env["office365.inbound"].create([
            {"server_id": self.open.id, "uid": "2", "validity": "1", "state": "done"},
            {"server_id": self.open.id, "uid": "3", "validity": "1", "state": "ignored"}])
        found = self.env["office365.inbound"].search([("server_id", "=", self.open.id)], order="state, id desc")
        self.assertEqual(found, self.rows[0] | ignored | done)
        self.assertEqual(found[0].error_line, "Cause")

    def test_a_failing_server_says_so_with_its_first_line(self):
        self.open.write({"state": "done", "error_date": "2026-01-01", "error_message": "Sign-in refused\nRemedy"})
        self.assertEqual((self.open.office365_status, self.open.office365_error_line), ("failing", "Sign-in refused"))
        self.open.write({"error_date": False})
        self.assertEqual((self.open.office365_status, self.open.office365_error_line), ("done", False))
        self.assertEqual(self.open.office365_inbound_count, 1)
