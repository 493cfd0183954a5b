"""Automatic mail, mail that nothing takes, and who is answered."""

from odoo.tests import tagged

from .common import CUSTOMER, ERP
from .kinds_case import FAIL, ORIGINAL, KindsCase


@tagged("post_install", "-at_install")
class TestAutomaticMail(KindsCase):

    ANSWER = f"In-Reply-To: {ORIGINAL}\r\nReferences: {ORIGINAL}\r\n"

    def test_an_out_of_office_is_a_note_and_nobody_is_mailed(self):
        self.outgoing()
        self.sent_to(CUSTOMER)
        self.deal.message_subscribe(self.follower.partner_id.ids)
        self.servers.reset()
        mails = self.env["mail.mail"].search_count([])
        row, message = self.take(self.raw(
            "Automatic reply: Offer 7", "I am away until Monday.", path="",
            head=f"{self.ANSWER}Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
                 f"X-MS-Exchange-Inbox-Rules-Loop: {CUSTOMER}\r\n"))
        self.assertEqual((row.state, message.res_id, message.subtype_id), ("done", self.deal.id, self.env.ref("mail.mt_note")))
        self.assertFalse(message.notification_ids)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertFalse(self.servers.accepted)

    def test_an_out_of_office_that_answers_nothing_makes_no_record(self):
        row, message = self.take(self.raw(
            "Automatic reply: Hello", "I am away.", path="", head="In-Reply-To: <x@elsewhere.example>\r\nAuto-Submitted: auto-replied\r\n"))
        self.assertEqual((row.state, message, bool(row.raw)), ("ignored", message.browse(), True))
        self.assertNobodyTold()

    def test_a_receipt_bounces_nobody_and_makes_no_record(self):
        sent = self.sent_to(CUSTOMER)
        body = ("--=_m\r\nContent-Type: text/plain\r\n\r\nYour message was opened.\r\n--=_m\r\n"
                "Content-Type: message/disposition-notification\r\n\r\n"
                f"Final-Recipient: rfc822;{CUSTOMER}\r\nOriginal-Message-ID: {ORIGINAL}\r\n"
                "Disposition: manual-action/MDN-sent-manually; displayed\r\n--=_m--\r\n")
        row, message = self.take(self.raw("Read: Offer 7", body, path="", head=self.ANSWER + "Auto-Submitted: auto-replied\r\n",
                                          content='multipart/report; report-type=disposition-notification; boundary="=_m"'))
        self.assertEqual((row.state, message, self.bounced(sent), row.res_id), ("ignored", message.browse(), [], self.deal.id))
        self.assertNobodyTold()

    def test_an_answer_to_an_invitation_makes_no_record(self):
        body = ("--=_c\r\nContent-Type: text/plain\r\n\r\n\r\n--=_c\r\nContent-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\n"
                f"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:visit-7\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{CUSTOMER}\r\n"
                "END:VEVENT\r\nEND:VCALENDAR\r\n--=_c--\r\n")
        row, message = self.take(self.raw(
            "Accepted: Visit", body, to=f"{ERP}, lead@contoso.example", content='multipart/alternative; boundary="=_c"'))
        self.assertEqual((row.state, message), ("ignored", message.browse()))
        self.assertNobodyTold()

    def test_what_suppresses_nothing_is_ordinary_mail(self):
        row, message = self.take(self.raw("Please call me", head="X-Auto-Response-Suppress: None\r\n"))
        self.assertEqual((row.state, message.subject), ("done", "Please call me"))

    def test_a_persons_mail_that_a_rule_forwarded_is_theirs(self):
        row, message = self.take(self.raw(
            "Forwarded by a rule", to="somebody@fabrikam.example",
            head="Auto-Submitted: auto-generated\r\nResent-From: <sales@contoso.example>\r\n"
                 "X-MS-Exchange-Inbox-Rules-Loop: sales@contoso.example\r\n"))
        self.assertEqual((row.state, message.author_id), ("done", self.customer))

    def test_a_notice_of_ours_that_comes_back_is_a_loop_with_a_reason(self):
        row, message = self.take(self.raw("Re: Not delivered", head="References: <1.2.3-openerp-loop-detection-bounce-email@host>\r\n"))
        self.assertEqual((row.state, message), ("ignored", message.browse()))
        self.assertIn("notice that Odoo had sent", row.error)


@tagged("post_install", "-at_install")
class TestCatchAll(KindsCase):

    def test_a_redirect_that_only_a_header_names(self):
        row, message = self.take(self.raw(
            "Redirected", to="somebody.else@fabrikam.example",
            head="Resent-From: <sales@contoso.example>\r\nX-MS-Exchange-Inbox-Rules-Loop: sales@contoso.example\r\n"))
        self.assertEqual((row.state, message.subject, message.model), ("done", "Redirected", "res.partner"))

    def test_an_alias_that_only_bcc_named_cannot_be_known(self):
        row, _message = self.take(self.raw("Secretly", to="undisclosed-recipients:;"))
        self.assertEqual(row.state, "unroutable")
        self.assertIn("Bcc", row.error)
        self.assertTrue(row.raw)
        self.assertEqual(self.notices().email_to, CUSTOMER)

    def test_its_sender_is_told_once_a_day_in_their_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.customer.lang = "de_DE"
        for number in range(3):
            row, _message = self.take(self.raw(f"Hello {number}", to="no.such.team@contoso.example"))
            self.assertEqual((row.state, bool(row.raw)), ("unroutable", True))
            self.assertIn("no.such.team@contoso.example", row.error)
        notice = self.notices()
        self.assertEqual((len(notice), notice.email_to), (1, CUSTOMER))
        self.assertIn("auto-replied", notice.headers)
        self.assertIn("loop-detection-bounce-email", notice.references)
        self.assertIn("no.such.team@contoso.example", notice.body_html)
        self.assertEqual(notice.subject, "Nicht zugestellt: Hello 0")
        self.env.cr.execute("UPDATE office365_notice SET date = date - interval '25 hours'")
        self.take(self.raw("Next day", to="no.such.team@contoso.example"))
        self.assertEqual(len(self.notices()), 2)

    def test_a_notice_is_sent_from_the_mailbox(self):
        self.outgoing()
        self.take(self.raw("Hello", to="no.such.team@contoso.example"))
        self.notices().send()
        sent = self.sent()
        self.assertEqual((sent.from_address, sent.recipients, sent.message["Auto-Submitted"]), (ERP, [CUSTOMER], "auto-replied"))

    def test_nobody_is_told_whom_exchange_does_not_confirm_or_who_wants_no_answer(self):
        to = "no.such.team@contoso.example"
        table = {
            "forged": self.raw("A", to=to, results=FAIL.format("fabrikam.example")),
            "no result": self.raw("B", to=to, results=""),
            "bulk": self.raw("C", to=to, head="Precedence: bulk\r\n"),
            "list": self.raw("D", to=to, head="List-Id: <x.fabrikam.example>\r\n"),
            "null return path": self.raw("E", to=to, path=""),
            "suppressed": self.raw("F", to=to, head="X-Auto-Response-Suppress: All\r\n"),
            "another return path": self.raw("G", to=to, path="victim@elsewhere.example"),
        }
        for what, raw in table.items():
            with self.subTest(what):
                row, _message = self.take(raw)
                self.assertEqual((row.state, bool(row.raw)), ("unroutable", True))
                self.assertNobodyTold()

    def test_nobody_is_told_if_that_is_not_wanted(self):
        self.server.office365_notify_unroutable = False
        self.take(self.raw("Hello", to="no.such.team@contoso.example"))
        self.assertNobodyTold()

    def test_cores_own_answers_go_through_the_same_gate(self):
        catchall = self.alias_domain.catchall_email
        row, _message = self.take(self.raw("To the catch-all", to=catchall, results=FAIL.format("fabrikam.example")))
        self.assertEqual((row.state, bool(row.raw)), ("unroutable", True))
        self.assertNobodyTold()
        self.env["mail.alias"].search([("alias_full_name", "=", "lead@contoso.example")]).alias_contact = "partners"
        self.customer.unlink()
        row, _message = self.take(self.raw("Refused by the alias"))
        self.assertEqual(row.state, "unroutable")
        self.assertIn("lead@contoso.example does not accept", row.error)
        self.assertEqual(self.notices().email_to, CUSTOMER)

    def test_a_retry_tells_nobody_again(self):
        row, _message = self.take(self.raw("Hello", to="no.such.team@contoso.example"))
        self.notices().unlink()
        self.env["office365.notice"].search([]).unlink()
        row.action_retry()
        self.assertEqual(row.state, "unroutable")
        self.assertNobodyTold()


@tagged("post_install", "-at_install")
class TestLoopLimit(KindsCase):

    def flood(self, number, received):
        self.env.cr.execute(
            """
            INSERT INTO office365_inbound (server_id, folder, validity, uid, state, sender, received, model, res_id)
            SELECT %s, 'INBOX', 'before', number::text, 'done', %s, now() AT TIME ZONE 'UTC' - interval '1 minute' * %s,
                   'res.partner', number
              FROM generate_series(1, %s) number
            """, [self.server.id, CUSTOMER, received, number])

    def test_a_flood_is_kept_and_can_be_retried(self):
        self.flood(20, received=10)
        row, message = self.take(self.raw("One more"))
        self.assertEqual((row.state, message, bool(row.raw)), ("ignored", message.browse(), True))
        self.assertIn("20 messages within 120 minutes", row.error)
        self.assertNobodyTold()
        row.action_retry()
        self.assertEqual(row.state, "done")

    def test_a_backlog_is_no_flood(self):
        self.flood(20, received=600)
        row, _message = self.take(self.raw("After a weekend"))
        self.assertEqual(row.state, "done")

    def test_who_may_write_so_much(self):
        self.flood(20, received=10)
        self.env["mail.gateway.allowed"].create({"email": CUSTOMER})
        row, _message = self.take(self.raw("Allowed"))
        self.assertEqual(row.state, "done")
