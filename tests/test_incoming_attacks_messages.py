"""Messages made to pass for somebody else's, to go round for ever, or to harm a third person."""

from unittest.mock import patch

import psycopg2
from odoo.addons.mail.models.models import Base
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BRANT, CUSTOMER
from .kinds_case import FAIL, RECEIVED, KindsCase


@tagged("post_install", "-at_install")
class TestAttacksByMessages(KindsCase):

    def test_loops_stop(self):
        for head in (RECEIVED * 60, "X-Loop: lead@contoso.example\r\n"):
            row, message = self.take(self.raw("Loop", head=head))
            self.assertEqual((row.state, message, bool(row.raw)), ("ignored", message.browse(), True))

    @mute_logger("odoo.addons.mail.models.fetchmail", "odoo.addons.mail_office365.models.incoming.office365_inbound_actions")
    def test_nobody_is_told_of_a_failure_that_passes(self):
        told, Notice, Partner = [], self.registry["office365.notice"], self.registry["res.partner"]
        failures, make, claim = [psycopg2.errors.SerializationFailure("race")], Partner.message_new, Notice._claim

        def message_new(self, *args, **kwargs):
            if failures:
                raise failures.pop()
            return make(self, *args, **kwargs)

        self.patch(Notice, "_claim", lambda self, address: told.append(address) or claim(self, address))
        self.patch(Partner, "message_new", message_new)
        row, _message = self.take(self.raw("Race"))
        self.assertEqual((row.state, told), ("done", []))

    def test_a_report_about_a_mailing_marks_only_whom_it_was_sent_to(self):
        victim, customer = self.env["res.partner"].create([
            {"name": "Victim", "email": "victim@fabrikam.example"}, {"name": "Got it", "email": "got.it@fabrikam.example"}])
        sent_to = patch.object(self.registry["mail.thread"], "_office365_mailed_to", lambda self, _ids: {"got.it@fabrikam.example"})
        with sent_to, patch.object(self.registry["mail.thread"], "_routing_handle_bounce", autospec=True) as bounce:
            for partner in (victim, customer):
                self.take(self.report(
                    [{"Final-Recipient": f"rfc822;{partner.email}", "Action": "failed", "Status": "5.1.1"}], message_id="<mailing@x>"))
        self.assertEqual([call.args[2]["bounced_email"] for call in bounce.call_args_list], ["got.it@fabrikam.example"])

    def test_a_report_that_exchange_found_forged_marks_nobody_and_another_one_counts_once(self):
        message = self.sent_to(CUSTOMER, "other@elsewhere.example")
        raw = self.report([{"Final-Recipient": "rfc822;other@elsewhere.example", "Action": "failed", "Status": "5.1.1"}])
        forged = f"Authentication-Results: {FAIL.format('contoso.onmicrosoft.com')}\r\n".encode() + raw
        row, _message = self.take(forged)
        self.assertEqual((row.state, self.bounced(message), bool(row.raw)), ("ignored", [], True))
        counted = []
        handle = self.registry["mail.thread"]._routing_handle_bounce
        self.patch(self.registry["mail.thread"], "_routing_handle_bounce",
                   lambda self, *arguments: counted.append(1) or handle(self, *arguments))
        for number in range(3):
            self.take(raw.replace(b"Message-ID: <", b"Message-ID: <%d" % number, 1))
        self.assertEqual((self.bounced(message), len(counted)), (["other@elsewhere.example"], 1))

    def test_an_alias_for_colleagues_takes_no_mail_that_only_claims_to_be_theirs(self):
        """HR's rule looks at From alone."""
        self.set_alias(self.brant, BRANT)
        self.env["mail.alias"].search([("alias_full_name", "=", "lead@contoso.example")]).alias_contact = "followers"
        self.patch(Base, "_alias_get_error", lambda self, message, message_dict, alias: False)
        for results, expected in ((FAIL.format("contoso.example"), "unroutable"), (None, "done")):
            results = results or ("spf=pass smtp.mailfrom=contoso.example; dkim=pass header.d=contoso.example;dmarc=pass action=none "
                                  "header.from=contoso.example;compauth=pass reason=100")
            row, _message = self.take(self.raw(f"Expense {expected}", sender=f"Brant <{BRANT}>", results=results))
            self.assertEqual(row.state, expected)
        self.assertNobodyTold()

    def test_no_spelling_of_from_makes_a_colleague(self):
        self.set_alias(self.brant, BRANT)
        evil, (local, _at, domain) = "evil.example", BRANT.partition("@")
        senders = [
            f"=?utf-8?q?{local}=40{domain}?=", f"<{BRANT}> <x@{evil}>", f"team: {BRANT};", f"{BRANT}, x@{evil}", f"x@{evil}, {BRANT}",
            f"{BRANT}\r\nFrom: x@{evil}", f"x@{evil}\r\nFrom: {BRANT}", f'"x@{evil}" <{BRANT}>', f"{local} @ {domain}", f"<{BRANT}",
            f"Brant <{BRANT}>(c)", f"Brant <{BRANT.upper()}>", f"<@{evil}:{BRANT}>", f"{local}＠{domain}", f"{BRANT}\x00",
            f"\r\nSender: {BRANT}", f"\r\nReply-To: {BRANT}", f"=?utf-8?q?Brant_=3C{local}=40{domain}=3E?=", f"({BRANT})",
            f"x@{evil} ({BRANT})", f'"{local}"@{domain}', f"Brant <mailto:{BRANT}>", f"<<{BRANT}>>", f"{BRANT};", f"\u200b{BRANT}",
        ]
        for number, sender in enumerate(senders):
            with self.subTest(sender=sender):
                row, message = self.take(self.raw(
                    f"V{number}", sender=sender, results=FAIL.format("contoso.example"), message_id=f"<v{number}@{evil}>"))
                self.assertNotEqual(message.author_id, self.brant.partner_id)
                if row.res_id:
                    self.assertNotEqual(self.env[row.model].browse(row.res_id).create_uid, self.brant)
