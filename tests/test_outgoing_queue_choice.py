"""Which mails a run takes when more wait than it takes, and many of them are others'."""

import random

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..tools.sending import Sending
from .common import BRANT, CUSTOMER, ERP, INFO
from .queue_case import QueueCase

DUE = [("state", "=", "outgoing")]
LIMIT = 20


class ChoiceCase(QueueCase):

    def setUp(self):
        super().setUp()
        self.env["mail.mail"].search([]).unlink()
        self.other = self.env["ir.mail_server"].create({
            "name": "Other", "smtp_host": "smtp.example", "from_filter": "other.example", "sequence": 99})

    def foreign(self, number, senders=1, **message):
        """Queue mails that leave through the other server, as its From filter or the message says."""
        return self.env["mail.mail"].create([
            {"subject": "Foreign", "body_html": "x", "email_to": CUSTOMER, "email_from": f"somebody{each % senders}@other.example",
             "auto_delete": False, **message} for each in range(number)])

    def taken(self, limit=LIMIT):
        return self.env["mail.mail"].with_context(**Sending.noted({}, is_queue=True)).search(DUE, limit=limit)

    def expected(self, limit=LIMIT):
        """Return what is to be taken, found out mail by mail, with the code that sends."""
        queue = self.env["mail.mail"].search(DUE, order="id DESC")
        ours = self.env["ir.mail_server"]._office365_own().servers
        groups = queue._office365_with_sender_book()._split_by_mail_configuration()
        ours = self.env["mail.mail"].browse(mail_id for server, *_rest, ids in groups if server in ours for mail_id in ids)
        newest = queue[:limit] & ours
        oldest = ours.sorted(lambda mail: (bool(mail.office365_bulk), mail.id))[:len(newest)]
        return queue[:limit] - newest + oldest

    def queries(self):
        """Return what a run asks the database before it hands the mails to be sent, without what core asks."""
        self.env.flush_all()
        self.env["ir.mail_server"]._office365_own()  # kept
        self.env["ir.config_parameter"].get_param("mail.disable_personal_mail_servers")
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.env["mail.mail"].search(DUE, limit=LIMIT)
        core = self.cr.sql_log_count - before
        self.env.invalidate_all()
        self.env.company.default_from_email  # noqa: B018  core reads it to choose any server
        before = self.cr.sql_log_count
        self.taken()
        return self.cr.sql_log_count - before - core


@tagged("post_install", "-at_install")
class TestChoice(ChoiceCase):

    def test_mails_of_another_server_cost_no_queries_however_many_they_are(self):
        for message in ({}, {"mail_server_id": self.other.id}):
            with self.subTest(**message):
                self.env["mail.mail"].search([]).unlink()
                self.mail()
                self.foreign(2 * LIMIT, **message)
                latest = self.mail()
                few = self.queries()
                self.foreign(2000, senders=500, **message)
                self.mail()
                self.assertEqual(self.taken(), self.expected())
                self.assertNotIn(latest, self.taken())
                self.assertLessEqual(self.queries(), few)
                self.assertLessEqual(few, 5)

    def test_mails_that_somebody_wrote_by_sql_cost_no_more(self):
        self.mail()
        self.foreign(2 * LIMIT)
        self.mail()
        few = self.queries()
        self.foreign(2000, senders=50)
        self.env.flush_all()
        self.cr.execute("UPDATE mail_mail SET office365_route = NULL")
        self.mail()
        self.assertLessEqual(self.queries(), few)
        self.assertEqual(self.taken(), self.expected())

    @mute_logger("odoo.addons.base.models.ir_mail_server")
    def test_of_ours_the_oldest_go_whatever_makes_them_ours(self):
        """Against the same found out mail by mail: servers named and not, aliases, whole addresses in filters, personal servers."""
        self.server.from_filter = f"contoso.example, vip@other.example, {BRANT}"
        kim = new_test_user(self.env, "o365.kim", name="Kim", email="kim@other.example")
        self.set_alias(kim, INFO)
        dora = new_test_user(self.env, "o365.dora", name="Dora", email="dora@contoso.example")
        self.env["ir.mail_server"].create({
            "name": "Dora's", "smtp_host": "smtp.example", "from_filter": dora.email, "owner_user_id": dora.id})
        domain = self.env["mail.alias.domain"].create({"name": "other.example"})
        self.foreign(5)
        froms = [self.brant.email_formatted, kim.email_formatted, "somebody@other.example", "vip@other.example", "x@nowhere.example",
                 dora.email_formatted, ERP, "Two <two@other.example>, Three <three@contoso.example>", False]
        draw = random.Random(11)
        for number in range(150):
            vals = {
                "subject": f"Mail {number}", "body_html": "x", "email_to": CUSTOMER, "email_from": draw.choice(froms),
                "mail_server_id": draw.choice([False] * 6 + [self.server.id, self.other.id]),
                "record_alias_domain_id": draw.choice([False, self.alias_domain.id, domain.id]),
            }
            self.env["mail.mail"].with_user(draw.choice([self.env.user, dora])).sudo().create([vals] * draw.choice([1, 1, 1, 2]))
        self.env.flush_all()
        self.cr.execute("UPDATE mail_mail SET office365_route = NULL WHERE MOD(id, 5) = 0")
        self.env.invalidate_all()
        for limit in (10, LIMIT, 60):
            expected = self.expected(limit)
            self.assertNotEqual(expected, self.env["mail.mail"].search(DUE, limit=limit, order="id DESC"))
            self.assertEqual(self.taken(limit).sorted("id"), expected.sorted("id"))
        self.env["ir.config_parameter"].set_param("mail.disable_personal_mail_servers", "True")
        self.assertEqual(self.taken().sorted("id"), self.expected().sorted("id"))

    def test_a_mail_whose_message_changes_is_found_by_what_it_says_now(self):
        first = self.foreign(1)
        self.foreign(2 * LIMIT)
        self.mail()
        self.assertNotIn(first, self.taken())
        first.email_from = self.brant.email_formatted
        self.assertIn(first, self.taken())
        first.mail_message_id.mail_server_id = self.other
        self.assertNotIn(first, self.taken())

    def test_a_notification_has_the_route_of_its_message(self):
        message = self.customer.message_post(
            body="x", message_type="comment", subtype_xmlid="mail.mt_comment", email_from=self.brant.email_formatted)
        notification = self.env["mail.mail"].create({"mail_message_id": message.id, "email_to": CUSTOMER})
        plain = self.mail(record_alias_domain_id=message.record_alias_domain_id.id)
        self.assertTrue(notification.office365_route)
        self.assertEqual(notification.office365_route, plain.office365_route)

    def test_an_endless_from_is_no_mail_less(self):
        mail = self.mail(email_from=f"{'x' * 5000}@other.example")
        self.env.flush_all()
        self.assertFalse(mail.office365_route)

    def test_without_a_server_of_ours_nothing_is_noted(self):
        self.server.unlink()
        self.assertFalse(self.foreign(1).office365_route)
