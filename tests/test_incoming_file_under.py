"""Messages that somebody files under a record."""

import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CUSTOMER, ERP, Office365Case

_LOG = "odoo.addons.mail_office365.models.incoming.mail_thread_inbound"


@tagged("post_install", "-at_install")
class TestFileUnder(Office365Case):

    def setUp(self):
        super().setUp()
        self.admin = new_test_user(self.env, "o365.system", groups="base.group_system,base.group_partner_manager")
        self.server = self.incoming()
        self.deal = self.env["res.partner"].create({"name": "Deal"})
        self.alias = self.env["mail.alias"].create({
            "alias_name": "sales", "alias_domain_id": self.alias_domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})

    def kept(self, subject="Question", source=None, **values):
        source = source or self.message(subject=subject, to="nobody@contoso.example")
        return self.env["office365.inbound"].create({
            "server_id": self.server.id, "folder": "INBOX", "validity": "1",
            "uid": str(self.env["office365.inbound"].search_count([]) + 1), "subject": subject, "state": "unroutable",
            "error": "Nobody takes it.",
            "raw": base64.b64encode(source), "digest": "of the source", "attempts": 1, **values})

    def file(self, rows, *, user=None, **values):
        if "record" in values:
            values["record"] = f"{values['record']._name},{values['record'].id}"
        action = rows.with_user(user or self.admin).action_file_under()
        wizard = self.env[action["res_model"]].with_user(user or self.admin).with_context(**action["context"]).create(values)
        result = wizard.action_file()
        self.env.invalidate_all()
        return result

    def test_it_is_posted_on_the_chosen_record_and_its_source_is_not_kept(self):
        row = self.kept()
        result = self.file(row, record=self.deal)
        self.assertEqual(self.deal.message_ids[0].subject, "Question")
        self.assertEqual((row.state, row.model, row.res_id, row.error, row.raw), ("done", "res.partner", self.deal.id, False, False))
        self.assertEqual(result["params"]["links"][0]["url"], f"/odoo/res.partner/{self.deal.id}")

    def test_an_alias_a_reply_and_another_model_of_the_server_do_not_take_it(self):
        self.server.object_id = self.env["ir.model"]._get_id("discuss.channel")
        other = self.env["res.partner"].create({"name": "Other"}).message_post(body="x", subject="Other")
        row = self.kept(source=self.message(to="sales@contoso.example", In_Reply_To=other.message_id, subject="Question"))
        self.file(row, record=self.deal)
        message = self.deal.message_ids[0]
        self.assertEqual(message.subject, "Question")
        self.assertNotEqual(message.parent_id, other)
        self.assertEqual(row.state, "done")

    def test_what_a_filter_ignores_becomes_a_note_about_which_nobody_is_mailed(self):
        self.deal.message_subscribe(self.brant.partner_id.ids)
        row = self.kept(state="ignored", source=self.message(subject="Away", Auto_Submitted="auto-replied"))
        before = self.env["mail.mail"].search_count([])
        self.file(row, record=self.deal)
        self.assertEqual((row.state, self.deal.message_ids[0].subject), ("done", "Away"))
        self.assertTrue(self.deal.message_ids[0].is_internal)
        self.assertEqual(self.env["mail.mail"].search_count([]), before)

    def test_a_copy_of_what_odoo_has_is_filed_as_well(self):
        source = self.message(subject="Twice")
        first, second = self.kept("Twice", source), self.kept("Twice", source, state="ignored", error="A copy")
        other = self.env["res.partner"].create({"name": "Other"})
        self.file(first, record=self.deal)
        self.file(second, record=other)
        self.assertEqual((second.state, other.message_ids[0].subject), ("done", "Twice"))
        self.assertNotEqual(other.message_ids[0].message_id, self.deal.message_ids[0].message_id)

    def test_an_answer_to_a_notice_of_odoo_is_filed_as_well(self):
        row = self.kept(state="ignored", source=self.message(
            subject="Loop", References="<1-openerp-loop-detection-bounce-email@contoso.example>"))
        self.file(row, record=self.deal)
        self.assertEqual((row.state, self.deal.message_ids[0].subject), ("done", "Loop"))

    def test_each_message_becomes_a_record_of_its_own(self):
        rows = self.kept("New one") | self.kept("New two")
        self.file(rows, target="new", model="res.partner")
        self.assertEqual(rows.mapped("state"), ["done", "done"])
        self.assertEqual(len(set(rows.mapped("res_id"))), 2)
        self.assertEqual(self.env["res.partner"].browse(rows[0].res_id).message_ids.mapped("subject")[-1], "New one")

    def test_who_may_not_write_to_the_record_or_create_one_files_nothing(self):
        plain = new_test_user(self.env, "o365.plain", groups="base.group_system")
        plain.write({"group_ids": [(3, self.env.ref("base.group_partner_manager").id)]})
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.deal.company_id = company
        row = self.kept()
        with self.assertRaises(AccessError):
            self.file(row, record=self.deal)
        self.assertEqual(row.state, "unroutable")
        reader = new_test_user(self.env, "o365.reader", groups="mail_office365.group_read_received")
        with self.assertRaises(AccessError):
            self.file(row, user=reader, record=self.customer)

    def test_what_cannot_be_filed_says_so(self):
        done = self.kept(state="done", raw=False)
        table = [(done, {"record": self.deal}), (self.kept(), {}), (self.kept(), {"target": "new"})]
        for rows, values in table:
            with self.subTest(values), self.assertRaises(UserError):
                self.file(rows, **values)

    @mute_logger(_LOG)
    def test_a_message_that_fails_keeps_its_source_and_the_reason(self):
        row = self.kept()
        self.patch(self.registry["res.partner"], "message_update", lambda *_args: 1 / 0)
        result = self.file(row, record=self.deal)
        self.assertEqual((row.state, bool(row.raw), result["params"]["type"]), ("failed", True, "danger"))
        self.assertIn("ZeroDivisionError", row.error)

    def test_models_that_take_mail_are_offered(self):
        offered = [model for model, _name in self.env["office365.file.under"].with_user(self.admin)._selection_model()]
        self.assertIn("res.partner", offered)
        self.assertNotIn("mail.thread", offered)
        self.assertNotIn("res.users", offered)

    def test_a_retry_still_goes_where_aliases_say(self):
        row = self.kept(source=self.message(sender=f"New <new.{CUSTOMER}>", to="sales@contoso.example", Cc=ERP))
        row.action_retry()
        self.assertEqual((row.state, row.model), ("done", "res.partner"))
