"""What becomes of each kind of message: they lie in a mailbox of Dovecot, and our server fetches them."""

import base64
import struct
import zlib

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import BRANT, CUSTOMER, ERP, Office365Case

ORIGINAL = "<700001.1762077600.987654321098765-openerp-7-res.partner@odoo-host>"
RECEIVED = ("Received: from AM9PR01MB0002.eurprd01.prod.exchangelabs.com by AM0PR01MB0001.eurprd01.prod.exchangelabs.com with HTTPS; "
            "Mon, 2 Nov 2026 10:00:00 +0000\r\n")
PASS = ("spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=fabrikam.example; dkim=pass (signature was verified) "
        "header.d=fabrikam.example;dmarc=pass action=none header.from=fabrikam.example;compauth=pass reason=100")
FAIL = ("spf=fail (sender IP is 198.51.100.7) smtp.mailfrom={0}; dkim=fail (no signature) header.d=none;dmarc=fail action=none "
        "header.from={0};compauth=fail reason=000")
SYSTEM = '"Microsoft Outlook" <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.onmicrosoft.com>'
NOT_FOUND = "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"


def picture(width, height):
    """Return a PNG that claims this size and holds a few octets."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@tagged("post_install", "-at_install")
class KindsCase(Office365Case):
    """A mailbox whose server has no fallback, two aliases, and a message that Odoo has sent to several people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        partner = cls.env["ir.model"]._get_id("res.partner")
        for name in ("lead", "sales"):
            cls.env["mail.alias"].create({"alias_name": name, "alias_domain_id": cls.alias_domain.id, "alias_model_id": partner})
        cls.deal = cls.env["res.partner"].create({"name": "Deal"})
        cls.follower = new_test_user(cls.env, "o365.follower", email="follower@private.example", groups="base.group_user")

    def setUp(self):
        super().setUp()
        self.server = self.incoming()
        self.server.button_confirm_login()
        self.fetch()

    def fetch(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.server.with_env(self.server.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()

    def take(self, raw):
        """Deliver a message and fetch it; return its row and the message it became."""
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        self.servers.mailbox(ERP).deliver(raw)
        self.fetch()
        row = self.env["office365.inbound"].search([("server_id", "=", self.server.id)], order="id desc", limit=1)
        found = self.env["mail.message"].search([("id", ">", before), ("message_type", "=", "email")], order="id")
        return row, found[:1]

    @staticmethod
    def raw(subject="Question", body="Hello", *, sender=f"Carla Customer <{CUSTOMER}>", to="lead@contoso.example", results=PASS,
            path=CUSTOMER, head="", content='text/plain; charset="utf-8"', message_id=None):
        text = RECEIVED
        text += f"Authentication-Results: {results}\r\n" if results else ""
        text += f"Return-Path: <{path}>\r\n" if path is not None else ""
        text += f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"
        text += f"Message-ID: {message_id or f'<{abs(hash((subject, str(body))))}@fabrikam.example>'}\r\n{head}"
        text += f"MIME-Version: 1.0\r\nContent-Type: {content}\r\n\r\n"
        return text.encode() + (body if isinstance(body, bytes) else body.encode()) + b"\r\n"

    # ------------------------------------------------------------
    # What Odoo has sent
    # ------------------------------------------------------------

    def sent_to(self, *addresses):
        """Post a message of Brant's on the deal to these addresses, as it is after it was sent; return it."""
        partners = self.env["res.partner"].create([{"name": address, "email": address} for address in addresses])
        message = self.deal.with_user(self.brant).message_post(
            body="Offer 7", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=partners.ids)
        message.sudo().message_id = ORIGINAL
        message.sudo().notification_ids.filtered(lambda each: each.res_partner_id in partners).write({
            "notification_type": "email", "notification_status": "sent", "failure_type": False, "failure_reason": False})
        return message.sudo()

    def bounced(self, message):
        return sorted(message.notification_ids.filtered(
            lambda each: each.notification_status == "bounce").res_partner_id.mapped("email"))

    def report(self, recipients, *, text="Your message could not be delivered.", copy="message/rfc822", message_id=ORIGINAL, head="",
               subject="Undeliverable: Offer 7", machine=True):
        """Return a delivery report as Exchange writes it.

        :param recipients: rows of fields, a dictionary each
        """
        parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"]
        if machine:
            blocks = "\r\n".join("".join(f"{name}: {value}\r\n" for name, value in each.items()) for each in recipients)
            parts.append(f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;AM0PR01MB0001.example\r\n\r\n{blocks}\r\n")
        if copy:
            parts.append(f"Content-Type: {copy}\r\n\r\nFrom: Brant <{BRANT}>\r\nSubject: Offer 7\r\nMessage-ID: {message_id}\r\n\r\nHello\r\n")
        body = "".join(f"--=_r\r\n{part}" for part in parts) + "--=_r--\r\n"
        return self.raw(
            subject, body, sender=SYSTEM, to=ERP, path="", results="", head=f"Auto-Submitted: auto-replied\r\nX-MS-Exchange-Message-Is-Ndr:\r\n{head}",
            content='multipart/report; report-type=delivery-status; boundary="=_r"')

    def assertNobodyTold(self):  # noqa: N802
        self.assertFalse(self.notices())

    def notices(self):
        return self.env["mail.mail"].search([("subject", "like", "Not delivered%")], order="id")


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

    def take_report(self, raw, *addresses):
        self.message = self.sent_to(*(addresses or ("gone@fabrikam.example", "other@fabrikam.example")))
        return self.take(raw)

    def test_the_message_is_found_by_what_the_report_has_of_it(self):
        text = (f"Remote server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\r\n\r\ngone@fabrikam.example\r\n\r\n"
                f"Original message headers:\r\n\r\nMessage-ID: {ORIGINAL}\r\nTo: gone@fabrikam.example\r\n")
        reports = {
            "headers alone, text in German": self.report(
                [self.failed()], copy="text/rfc822-headers", text="Ihre Nachricht konnte nicht zugestellt werden.", subject="Unzustellbar: Offer"),
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
            "--=_o\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message did not reach some or all of the intended recipients.\r\n\r\n"
            "      gone@fabrikam.example on 02.11.2026 10:00\r\n            The e-mail account does not exist at the organization this message "
            "was sent to. <mail.fabrikam.example #5.1.1>\r\n"
            f"--=_o\r\nContent-Type: message/rfc822\r\n\r\nFrom: Brant <{BRANT}>\r\nTo: gone@fabrikam.example\r\nMessage-ID: {ORIGINAL}\r\n\r\nHi\r\n"
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
        for inner, expected in (("inner@backend.fabrikam.example", ["front@fabrikam.example"]), ("somebody@elsewhere.example", [])):
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
        late = {"Final-Recipient": "rfc822;gone@fabrikam.example", "Action": "delayed", "Status": "4.4.7", "Diagnostic-Code": "smtp;400 4.4.7 delayed"}
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
            head=f"{self.ANSWER}Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nX-MS-Exchange-Inbox-Rules-Loop: {CUSTOMER}\r\n"))
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
        body = ("--=_m\r\nContent-Type: text/plain\r\n\r\nYour message was opened.\r\n--=_m\r\nContent-Type: message/disposition-notification\r\n\r\n"
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
        row, message = self.take(self.raw("Accepted: Visit", body, to=f"{ERP}, lead@contoso.example", content='multipart/alternative; boundary="=_c"'))
        self.assertEqual((row.state, message), ("ignored", message.browse()))
        self.assertNobodyTold()

    def test_what_suppresses_nothing_is_ordinary_mail(self):
        row, message = self.take(self.raw("Please call me", head="X-Auto-Response-Suppress: None\r\n"))
        self.assertEqual((row.state, message.subject), ("done", "Please call me"))

    def test_a_persons_mail_that_a_rule_forwarded_is_theirs(self):
        row, message = self.take(self.raw(
            "Forwarded by a rule", to="somebody@fabrikam.example",
            head="Auto-Submitted: auto-generated\r\nResent-From: <sales@contoso.example>\r\nX-MS-Exchange-Inbox-Rules-Loop: sales@contoso.example\r\n"))
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
class TestAuthors(KindsCase):

    def test_the_address_in_the_brackets_and_never_one_in_the_name(self):
        self.set_alias(self.brant, BRANT)
        row, message = self.take(self.raw("Pay this", sender=f"{BRANT} <attacker@evil.example>"))
        self.assertEqual((row.state, message.author_id.email), ("done", "attacker@evil.example"))
        self.assertIn("attacker@evil.example", message.email_from)
        self.assertNotIn(BRANT, message.email_from)

    def test_two_addresses_are_nobodys(self):
        self.set_alias(self.brant, BRANT)
        _row, message = self.take(self.raw("Pay this", sender=f"Brant <{BRANT}>, Eve <attacker@evil.example>"))
        self.assertFalse(message.author_id)

    def test_an_alias_that_exchange_does_not_confirm(self):
        self.set_alias(self.brant, BRANT)
        for results in (FAIL.format("contoso.example"), ""):
            _row, message = self.take(self.raw(f"Pay this {bool(results)}", sender=f"Brant Wadsworth <{BRANT}>", results=results))
            self.assertFalse(message.author_id)
            self.assertEqual(message.create_uid, self.env.ref("base.user_root"))

    def test_an_alias_that_exchange_confirms(self):
        self.set_alias(self.brant, BRANT)
        _row, message = self.take(self.raw(
            "Mine", sender=f"Brant Wadsworth <{BRANT}>", results=PASS.replace("fabrikam.example", "contoso.example")))
        self.assertEqual(message.author_id, self.brant.partner_id)


@tagged("post_install", "-at_install")
class TestContents(KindsCase):

    def body(self, message):
        return str(message.body)

    def test_charsets_that_are_unknown_or_wrong(self):
        for charset in ("x-unknown-8", "utf-8", "us-ascii", ""):
            with self.subTest(charset=charset):
                row, message = self.take(self.raw(
                    f"Charset {charset}", "Grüße".encode("cp1252"), content=f"text/plain; charset={charset}",
                    head="Content-Transfer-Encoding: 8bit\r\n"))
                self.assertEqual(row.state, "done")
                self.assertIn("Grüße", self.body(message))

    def test_pictures_that_are_too_large_or_cut_off(self):
        whole = picture(60000, 60000)
        for number, image in enumerate((whole, whole[:40], picture(100, 100)[:60])):
            with self.subTest(number=number):
                body = (b"--=_i\r\nContent-Type: text/plain\r\n\r\nSee picture.\r\n--=_i\r\nContent-Type: image/png; name=big.png\r\n"
                        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=big.png\r\n\r\n"
                        + base64.encodebytes(image) + b"\r\n--=_i--\r\n")
                row, message = self.take(self.raw(f"Picture {number}", body, content='multipart/mixed; boundary="=_i"'))
                self.assertEqual((row.state, message.attachment_ids.raw), ("done", image))

    def test_a_group_in_to(self):
        row, message = self.take(self.raw("Group", to="unlisted-recipients:; (no To-header on input), lead@contoso.example"))
        self.assertEqual((row.state, message.subject), ("done", "Group"))

    def test_a_part_of_unknown_type(self):
        body = "--=_p\r\nContent-Type: text/plain\r\n\r\nx\r\n--=_p\r\nContent-Type: signature/plain\r\n\r\nodd\r\n--=_p--\r\n"
        row, message = self.take(self.raw("Odd part", body, content='multipart/mixed; boundary="=_p"'))
        self.assertEqual(row.state, "done")
        self.assertIn(b"odd", message.attachment_ids.raw)

    def test_a_message_that_is_an_attachment(self):
        row, message = self.take(self.raw("Report", "a;b\r\n1;2", content='text/csv; name="report.csv"',
                                          head='Content-Disposition: attachment; filename="report.csv"\r\n'))
        self.assertEqual((row.state, message.attachment_ids.name), ("done", "report.csv"))
        self.assertIn(b"1;2", message.attachment_ids.raw)

    def test_the_original_is_kept_as_it_was_received(self):
        self.server.original = True
        raw = self.raw("Kept", b"Gr\xfc\xdfe", content="text/plain; charset=x-unknown-8")
        _row, message = self.take(raw)
        self.assertEqual((message.attachment_ids.name, message.attachment_ids.raw), ("original_email.eml", raw))

    def test_a_message_that_outlook_encrypted(self):
        body = ("--=_r\r\nContent-Type: text/plain\r\n\r\nYou have received a protected message.\r\n--=_r\r\n"
                "Content-Type: application/x-microsoft-rpmsg-message; name=message_v2.rpmsg\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=message_v2.rpmsg\r\n\r\ncnBtc2c=\r\n--=_r--\r\n")
        row, message = self.take(self.raw("Protected", body, content='multipart/mixed; boundary="=_r"'))
        self.assertEqual((row.state, message.attachment_ids.name), ("done", "message_v2.rpmsg"))
        self.assertIn("encrypted this message for Outlook", self.body(message))

    @mute_logger("odoo.addons.mail_office365.models.incoming.mail_thread_inbound")
    def test_what_exchange_puts_in_place_of_a_message_is_asked_for_again(self):
        raw = ("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nFrom: Microsoft Exchange Server\r\nTo: erp@contoso.example\r\n"
               "Subject: Retrieval using the IMAP4 protocol failed for the following\r\n message: 12\r\n\r\n"
               "The server couldn't retrieve the following message:\r\n\r\nSubject: \"Offer\"\r\nFrom: \"Carla\"\r\n")
        row, message = self.take(raw.encode())
        self.assertEqual((row.state, message, row.digest), ("failed", message.browse(), False))
        self.assertTrue(row.raw)
        self.assertTrue(row.retry_at)
        self.assertEqual(["S" in each.flags for each in self.servers.mailbox(ERP).messages()], [False])

    def test_an_answer_finds_its_record_by_an_odd_message_id(self):
        odd = "<odd id with spaces@fabrikam.example>"
        _row, first = self.take(self.raw("Odd", message_id=odd))
        self.assertEqual(first.message_id, "<oddidwithspaces@fabrikam.example>", "as core looks for it")
        _row, answer = self.take(self.raw("Re: Odd", to="somebody@fabrikam.example", head=f"In-Reply-To: {odd}\r\nReferences: {odd}\r\n"))
        self.assertEqual((answer.model, answer.res_id), (first.model, first.res_id))


@tagged("post_install", "-at_install")
class TestLoopLimit(KindsCase):

    def flood(self, number, received):
        self.env.cr.execute(
            """
            INSERT INTO office365_inbound (server_id, folder, validity, uid, state, sender, received, model, res_id)
            SELECT %s, 'INBOX', 'before', number::text, 'done', %s, now() AT TIME ZONE 'UTC' - interval '1 minute' * %s, 'res.partner', number
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
