"""What administrators are told when mail fails, and when not."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.modules.module import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path, html2plaintext, mute_logger

from ..models.assistant.office365_alert import Office365Alert
from .common import ERP, Office365Case
from .monitor_case import MonitorMixin


@tagged("post_install", "-at_install")
class TestAlerts(MonitorMixin, TransactionCase):

    def test_one_activity_and_one_message_per_alert_and_administrator_and_no_email(self):
        mails = self.env["mail.mail"].search_count([])
        self.pause()
        for _run in range(3):
            self.watch()
        activities = self.alerts().activity_ids
        self.assertEqual(len(self.alerts()), 1)
        self.assertEqual(activities.user_id, self.env["office365.reminder.mixin"]._administrators())
        self.assertEqual(len(activities), len(activities.user_id))
        [message] = self.chats()
        self.assertIn("Sends: Exchange refuses this server", message)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_what_to_do_names_the_mailbox(self):
        self.pause(reply="550 5.2.252 Sender throttled due to continuous send as denied errors")
        self.watch()
        self.assertIn("Get-MailboxStatistics erp@contoso.example", self.alerts().remedy)
        self.assertNotIn("<mailbox>", self.alerts().remedy)

    def test_the_activity_goes_when_it_works_again_however_that_came(self):
        ways = [lambda pause: pause.unlink(), lambda pause: pause.action_resume(), lambda _pause: self.server.write({"active": False})]
        for way in ways:
            pause = self.pause()
            self.watch()
            activities = self.alerts().activity_ids
            self.assertTrue(activities)
            way(pause)
            self.watch()
            self.assertFalse(activities.exists() or self.alerts())
            self.server.active = True
            self.env["office365.pause"].search([]).unlink()

    def test_what_comes_back_within_an_hour_is_no_news(self):
        for number in range(3):
            pause = self.pause()
            self.watch()
            self.assertTrue(self.alerts().activity_ids)
            self.assertEqual(len(self.chats()), 1, number)
            pause.unlink()
            self.watch()
        alert = self.env["office365.alert"].search([])
        alert.ended -= timedelta(hours=2)
        self.watch()
        self.assertFalse(alert.exists())
        self.pause()
        self.watch()
        self.assertEqual(len(self.chats()), 2)

    def test_a_hundred_refused_users_are_one_alert(self):
        for number in range(100):
            self.pause(f"user{number}@contoso.example")
        self.watch()
        self.assertRecordValues(self.alerts(), [{"kind": "sender", "res_id": self.server.id}])
        self.assertIn("100 senders, such as user0@", self.chats()[0])

    def test_the_first_refusal_of_the_default_sender_is_told_and_of_a_user_is_not(self):
        self.pause("brant@contoso.example", until=False)
        self.watch()
        self.assertFalse(self.alerts())
        self.pause("notifications@contoso.example", until=False)
        self.watch()
        self.assertEqual(self.alerts().kind, "default_sender")
        self.assertIn(
            "Add-RecipientPermission 'notifications@contoso.example' -Trustee 'erp@contoso.example'",
            html2plaintext(self.alerts().activity_ids[0].note))

    def test_fetching_is_told_at_the_second_failure_and_a_refused_sign_in_at_the_first(self):
        since = fields.Datetime.now()
        for words, failures, expected in (("Connection reset by peer", 1, []), ("Connection reset by peer", 2, ["fetch"]),
                                          ("NO AUTHENTICATE failed.", 1, ["fetch"]), (False, 0, [])):
            self.mailbox.write({"error_message": words, "error_date": words and since, "office365_failures": failures})
            self.watch()
            self.assertEqual(self.alerts().mapped("kind"), expected, (words, failures))

    def test_a_failing_fetch_and_its_end_have_the_job_look(self):
        with patch.object(Office365Alert, "_look", autospec=True) as look:
            for is_failed, looks in ((True, 1), (True, 2), (True, 2), (False, 3), (False, 3)):
                self.mailbox._office365_count_failure(is_failed)
                self.assertEqual(look.call_count, looks)

    def test_looking_runs_the_job_soon_and_costs_the_caller_a_row(self):
        cron = self.env.ref("mail_office365.ir_cron_watch")
        before = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.env["office365.alert"]._look()
        self.assertEqual(len(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - before), 1)
        self.assertFalse(self.chats())

    def test_mail_that_waits_longer_than_an_hour_is_told(self):
        mail = self.env["mail.mail"].create({"subject": "Offer", "email_to": "x@fabrikam.example"})
        self.age(mail, minutes=59)
        self.watch()
        self.assertFalse(self.alerts())
        self.age(mail, minutes=61)
        self.watch()
        self.assertEqual(self.alerts().kind, "waiting")
        mail.state = "sent"
        self.watch()
        self.assertFalse(self.alerts())

    def test_mail_that_is_scheduled_or_mass_mail_in_line_is_no_alert(self):
        later, bulk = self.env["mail.mail"].create([{"subject": "Offer", "email_to": "x@fabrikam.example"} for _mail in range(2)])
        later.write({"scheduled_date": fields.Datetime.now() + timedelta(hours=5), "office365_bulk": False})
        self.age(later + bulk, minutes=600)
        self.assertTrue(bulk.office365_bulk)
        self.watch()
        self.assertFalse(self.alerts())
        bulk.office365_failed_since = fields.Datetime.now() - timedelta(hours=2)
        self.watch()
        self.assertEqual(self.alerts().kind, "waiting")

    def age(self, mails, minutes):
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_mail SET create_date = %s WHERE id IN %s", [
            fields.Datetime.now() - timedelta(minutes=minutes), mails._ids])
        mails.invalidate_recordset()

    @mute_logger("odoo.addons.mail_office365.models.assistant.office365_alert")
    def test_an_administrator_who_cannot_be_told_keeps_nobody_from_being_told(self):
        chat = Office365Alert._chat

        def broken(alert, user, *words):
            if user == self.env.ref("base.user_admin"):
                raise ValueError("no chat")
            chat(alert, user, *words)

        self.pause()
        with patch.object(Office365Alert, "_chat", broken):
            self.watch()
        self.assertEqual(len(self.chats()), 1)
        self.assertIn(self.env.ref("base.user_admin"), self.alerts().activity_ids.user_id)

    def test_what_nobody_could_be_told_is_told_by_the_next_run(self):
        tell, pause = Office365Alert._tell, self.pause()
        for _time in ("when it begins", "when it comes back"):
            with (
                patch.object(Office365Alert, "_tell", lambda *args, **kwargs: (tell(*args, **kwargs), 1 / 0)),
                mute_logger("odoo.addons.mail_office365.models.assistant.office365_alert"),
            ):
                self.watch()
            self.assertFalse(self.alerts().activity_ids)
            for _run in range(2):
                self.watch()
            self.assertEqual(len(self.alerts().activity_ids), len(self.env["office365.reminder.mixin"]._administrators()))
            pause.unlink()
            self.watch()
            self.assertFalse(self.alerts())
            pause = self.pause()

    def test_words_of_a_server_are_text_and_no_markup(self):
        self.pause(reply='535 <img src=x onerror="alert(1)">')
        self.watch()
        self.assertNotIn("<img", self.chats()[0] + str(self.alerts().activity_ids[0].note))

    def test_each_is_told_in_their_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.administrator.lang = "de_DE"
        seen = []
        overview = type(self.env["office365.overview"])
        words = overview._words

        def noted(self, line):
            seen.append(self.env.lang)
            return words(self, line)

        self.pause()
        with patch.object(overview, "_words", noted):
            self.watch()
        self.assertLessEqual({"de_DE", "en_US"}, set(seen))

    def test_activities_of_earlier_versions_are_removed(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.6.0/post-alerts.py"), "post_alerts")
        failing, differing, other = self.env["mail.activity"].create([
            {"user_id": self.administrator.id, "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id}
            for _activity in range(3)])
        self.env.cr.execute("CREATE TABLE fetchmail_server_mail_activity_rel (fetchmail_server_id INTEGER, mail_activity_id INTEGER)")
        self.env.cr.execute("INSERT INTO fetchmail_server_mail_activity_rel VALUES (%s, %s)", [self.mailbox.id, failing.id])
        self.env.cr.execute("CREATE TABLE office365_difference_alert_rel (server_id INTEGER, activity_id INTEGER)")
        self.env.cr.execute("INSERT INTO office365_difference_alert_rel VALUES (%s, %s)", [self.mailbox.id, differing.id])
        for _time in range(2):
            script.migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        self.assertEqual((failing | differing | other).exists(), other)

    def test_records_of_files_that_are_gone_are_removed(self):
        script = load_script(file_path("mail_office365/migrations/19.0.1.6.0/post-alerts.py"), "post_alerts")
        kind = self.env["mail.activity.type"].create({"name": "Mail Not Fetched"})
        activity = self.env["mail.activity"].create({"user_id": self.administrator.id, "activity_type_id": kind.id})
        cron = self.env["ir.cron"].create({
            "name": "Probe", "model_id": self.env["ir.model"]._get_id("ir.mail_server"), "state": "code", "code": "model._gone()"})
        action = cron.ir_actions_server_id
        for name, record in (("activity_type_fetch", kind), ("ir_cron_probe", cron)):
            self.env["ir.model.data"].create({
                "module": "mail_office365", "name": name, "model": record._name, "res_id": record.id, "noupdate": True})
        for _time in range(2):
            script.migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        for record in (kind, activity, cron, action):
            self.assertFalse(record.exists(), record)

    def test_a_type_of_activity_that_somebody_uses_is_archived(self):
        kind = self.env["mail.activity.type"].create({"name": "Mail Not Fetched"})
        self.env["ir.model.data"].create({
            "module": "mail_office365", "name": "activity_type_fetch", "model": kind._name, "res_id": kind.id, "noupdate": True})
        plan = self.env["mail.activity.plan"].create({"name": "Theirs", "res_model": "res.partner"})
        self.env["mail.activity.plan.template"].create({
            "plan_id": plan.id, "activity_type_id": kind.id, "responsible_type": "other", "responsible_id": self.administrator.id})
        self.env.flush_all()
        with mute_logger("odoo.sql_db"):
            load_script(file_path("mail_office365/migrations/19.0.1.6.0/post-alerts.py"), "post_alerts").migrate(self.env.cr, "19.0.1.5.0")
        self.assertFalse(kind.active)
        self.assertEqual(plan.template_ids.activity_type_id, kind)

    def test_what_extends_a_view_has_no_old_content_while_an_update_reads_the_files(self):
        base, extension = (self.env.ref(f"mail_office365.office365_setup_view_form{name}") for name in ("", "_relay"))
        # As if this version had no such field any more.
        self.env.cr.execute(
            "UPDATE ir_ui_view SET arch_db = jsonb_build_object('en_US', %s::text) WHERE id = %s",
            ['<form position="inside"><field name="road"/></form>', extension.id])
        self.env.invalidate_all()
        with mute_logger("odoo.addons.base.models.ir_ui_view"), self.assertRaises(ValidationError):
            base._check_xml()
        load_script(file_path("mail_office365/migrations/19.0.1.6.0/pre-views.py"), "pre_views").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        base._check_xml()
        self.assertIn("<form", base.arch)

    def test_a_view_that_no_update_replaces_keeps_its_content(self):
        kept = self.env.ref("mail_office365.office365_setup_view_form_relay")
        arch = kept.arch
        self.env["ir.model.data"].search([
            ("module", "=", "mail_office365"), ("model", "=", kept._name), ("res_id", "=", kept.id)]).noupdate = True
        self.env.flush_all()
        load_script(file_path("mail_office365/migrations/19.0.1.6.0/pre-views.py"), "pre_views").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        self.assertEqual(kept.arch, arch)

    def test_what_development_named_otherwise_keeps_its_content(self):
        self.env.flush_all()
        cr, action = self.env.cr, self.env.ref("mail_office365.office365_overview_action")
        cr.execute("ALTER TABLE office365_alert RENAME TO office365_trouble")
        cr.execute("UPDATE ir_model SET model = 'office365.trouble' WHERE model = 'office365.alert'")
        cr.execute("ALTER TABLE office365_setup RENAME preset TO road")
        cr.execute("UPDATE ir_model_data SET name = 'office365_radar_action' WHERE module = 'mail_office365' "
                   "AND name = 'office365_overview_action'")
        for _time in range(2):
            load_script(file_path("mail_office365/migrations/19.0.1.6.0/pre-renamed.py"), "pre_renamed").migrate(cr, "19.0.1.5.0")
        cr.execute("SELECT to_regclass('office365_alert'), count(preset) FROM office365_setup")
        self.assertEqual(cr.fetchone()[0], "office365_alert")
        cr.execute("SELECT count(*) FROM ir_model WHERE model = 'office365.alert'")
        self.assertEqual(cr.fetchone(), (1,))
        cr.execute("SELECT res_id FROM ir_model_data WHERE module = 'mail_office365' AND name = 'office365_overview_action'")
        self.assertEqual(cr.fetchone(), (action.id,), "else two have the path of the page")


@tagged("post_install", "-at_install")
class TestFirstRefusals(Office365Case):
    """What Exchange refuses, to what is told."""

    def setUp(self):
        super().setUp()
        self.env["mail.mail"].search([("state", "=", "outgoing")]).unlink()

    def kinds(self):
        self.env.invalidate_all()
        return [line.kind for line in self.env["office365.overview"]._alerts()]

    def test_the_first_refused_sign_in_of_an_outgoing_server_is_an_alert_until_it_is_mended(self):
        server = self.outgoing(smtp_pass="wrong")
        self.mail().send()
        self.assertEqual(self.kinds(), ["server"])
        server.smtp_pass = self.servers.password(ERP)
        self.assertEqual(self.kinds(), [])

    def test_the_first_refusal_of_the_default_sender_is_an_alert_until_it_is_accepted(self):
        server, sender = self.outgoing(), self.alias_domain.default_from_email
        self.allow_send_as(sender)
        self.servers.directory.accounts[ERP].send_as.discard(sender)
        self.mail(email_from=sender, author_id=False).send()
        self.assertEqual(self.kinds(), ["default_sender"])
        self.grant_send_as(sender)
        server.action_office365_probe_default_from()
        self.assertEqual(self.kinds(), [])

    @mute_logger("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.desk")
    def test_the_first_refused_sign_in_of_an_incoming_server_is_an_alert(self):
        server = self.incoming(password="wrong", state="done")
        with self.registry.cursor() as cr:
            server.with_env(server.env(cr=cr))._fetch_mail()
        self.assertEqual(self.kinds(), ["fetch"])
