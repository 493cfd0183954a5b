"""Delivery reports: whom they mark as bounced, and whom they do not."""

from odoo.tests import tagged

from .common import BRANT, ERP
from .kinds_case import NOT_FOUND, ORIGINAL, KindsCase


@tagged("post_install", "-at_install")
class TestDeliveryReports(KindsCase):

    def failed(self, address="gone@fabrikam.example", **fields):
        return {"Final-Recipient": f"rfc822;{address}", "Action": "failed", "Status": "5.1.10", "Diagnostic-Code": NOT_FOUND, **fields}

    def test_a_report_marks_whom_it_failed_for_and_says_why(self):
        row, _message = self.take_report(self.report([self.failed()]))
        self.assertEqual(row.state, "done")
        self.assertEqual(self.bounced(self.message), ["gone@fabrikam.example"])
        reason = self.message.notification_ids.filtered(lambda each: each.notification_status == "bounce").failure_reason
        self.assertIn("5.1.10", reason)
        self.assertIn("recipient", reason.lower(), "the cause in words")
        self.assertEqual((row.model, row.res_id), ("res.partner", self.deal.id))
        self.assertNobodyTold()

    def test_whose_mailbox_is_full_is_the_recipients(self):
        """When a mail is submitted, the same words are about the mailbox that sends."""
        self.take_report(self.report([self.failed(**{"Status": "5.2.2", "Diagnostic-Code": "smtp;554 5.2.2 mailbox full"})]))
        reason = self.message.notification_ids.filtered(lambda each: each.notification_status == "bounce").failure_reason
        self.assertIn("The recipient's mailbox is full", reason)

    def take_report(self, raw, *addresses):
        self.message = self.sent_to(*(addresses or ("gone@fabrikam.example", "other@fabrikam.example")))
        return self.take(raw)

    def test_the_message_is_found_by_what_the_report_has_of_it(self):
        text = (f"Remote server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\r\n\r\ngone@fabrikam.example\r\n\r\n"
                f"Original message headers:\r\n\r\nMessage-ID: {ORIGINAL}\r\nTo: gone@fabrikam.example\r\n")
        reports = {
            "headers alone, text in German": self.report(
                [self.failed()], copy="text/rfc822-headers", text="Ihre Nachricht konnte nicht zugestellt werden.",
                subject="Unzustellbar: Offer"),
            "references alone": self.report([self.failed()], copy="", head=f"In-Reply-To: {ORIGINAL}\r\nReferences: {ORIGINAL}\r\n"),
            "text alone": self.report([], copy="", machine=False, text=text),
        }
        for what, raw in reports.items():
            with self.subTest(what):
                row, _message = self.take_report(raw)
                self.assertEqual((row.state, self.bounced(self.message)), ("done", ["gone@fabrikam.example"]))
                self.message.unlink()

    def test_a_report_of_an_old_exchange(self):
        body = (
            "--=_o\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message did not reach some or all of the intended recipients."
            "\r\n\r\n      gone@fabrikam.example on 02.11.2026 10:00\r\n            The e-mail account does not exist at the organization "
            "this message was sent to. <mail.fabrikam.example #5.1.1>\r\n"
            f"--=_o\r\nContent-Type: message/rfc822\r\n\r\nFrom: Brant <{BRANT}>\r\nTo: gone@fabrikam.example\r\n"
            f"Message-ID: {ORIGINAL}\r\n\r\nHi\r\n"
            "--=_o--\r\n")
        row, _message = self.take_report(self.raw(
            "Undeliverable: Offer 7", body, sender="System Administrator <postmaster@fabrikam.example>", to=ERP, path="", results="",
            content='multipart/mixed; boundary="=_o"'))
        self.assertEqual((row.state, self.bounced(self.message)), ("done", ["gone@fabrikam.example"]))

    def test_of_several_recipients_only_those_that_failed(self):
        late = {"Final-Recipient": "rfc822;late2@fabrikam.example", "Action": "delayed", "Status": "4.4.7"}
        row, _message = self.take_report(
            self.report([self.failed("gone1@fabrikam.example"), late, self.failed("gone3@fabrikam.example")]),
            "gone1@fabrikam.example", "late2@fabrikam.example", "gone3@fabrikam.example")
        self.assertEqual((row.state, self.bounced(self.message)), ("done", ["gone1@fabrikam.example", "gone3@fabrikam.example"]))

    def test_whom_we_wrote_to_and_not_where_their_server_sent_it_on(self):
        fields = {"Original-Recipient": "rfc822;front@fabrikam.example", **self.failed("inner@backend.fabrikam.example")}
        row, _message = self.take_report(self.report([fields]), "front@fabrikam.example", "other@fabrikam.example")
        self.assertEqual((row.state, self.bounced(self.message)), ("done", ["front@fabrikam.example"]))

    def test_an_only_recipient_whose_server_does_not_say_whom_we_wrote_to(self):
        for inner, expected in (
            ("inner@backend.fabrikam.example", ["front@fabrikam.example"]), ("colleague@fabrikam.example", []),
            ("somebody@elsewhere.example", []),
        ):
            with self.subTest(inner=inner):
                row, _message = self.take_report(self.report([self.failed(inner)]), "front@fabrikam.example")
                self.assertEqual((row.state, self.bounced(self.message)), ("done" if expected else "ignored", expected))
                self.message.unlink()

    def test_somebody_to_whom_we_did_not_write(self):
        partner = self.env["res.partner"].create({"name": "Victim", "email": "victim@fabrikam.example"})
        row, _message = self.take_report(self.report([self.failed("victim@fabrikam.example")]))
        self.assertEqual((row.state, self.bounced(self.message), bool(row.raw)), ("ignored", [], True))
        self.assertEqual(partner.message_bounce if "message_bounce" in partner else 0, 0)

    def test_what_is_only_late_is_not_bounced(self):
        late = {"Final-Recipient": "rfc822;gone@fabrikam.example", "Action": "delayed", "Status": "4.4.7",
                "Diagnostic-Code": "smtp;400 4.4.7 delayed"}
        row, _message = self.take_report(self.report([late], subject="Delivery delayed: Offer 7"))
        self.assertEqual((row.state, self.bounced(self.message), row.res_id), ("ignored", [], self.deal.id))
        self.assertIn("delayed", row.error)

    def test_a_report_about_a_message_that_odoo_does_not_know_is_kept(self):
        row, _message = self.take_report(self.report([self.failed()], message_id="<unknown@elsewhere.example>"))
        self.assertEqual((row.state, bool(row.raw), self.bounced(self.message)), ("ignored", True, []))
        self.assertNobodyTold()

    def test_a_report_to_the_bounce_alias_and_a_persons_mail_to_it(self):
        bounce = self.alias_domain.bounce_email
        self.take_report(self.report([self.failed()]).replace(f"To: {ERP}".encode(), f"To: {bounce}".encode()))
        self.assertEqual(self.bounced(self.message), ["gone@fabrikam.example"])
        row, message = self.take(self.raw("To whom it concerns", to=f"{bounce}, lead@contoso.example"))
        self.assertEqual((row.state, message.subject), ("done", "To whom it concerns"))

    def test_the_delivery_says_it(self):
        self.env["office365.delivery"].create({"message_id": ORIGINAL, "state": "sent", "recipient_count": 2})
        self.take_report(self.report([self.failed()]))
        delivery = self.env["office365.delivery"].search([("message_id", "=", ORIGINAL)])
        self.assertIn("gone@fabrikam.example: 550 5.1.10", delivery.bounced)
