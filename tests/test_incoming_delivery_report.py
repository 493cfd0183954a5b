import email.policy
import random
import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.delivery_report import read
from .messages import exchange_online, exchange_server, mail_services, mail_systems, no_reports, odd_reports
from .messages.written import BACK, ID, SAID, head, multipart, original, part, recipient, status
from .slow import slow

EXCHANGE = [*exchange_online.REPORTS, *exchange_server.REPORTS]
REPORTS = [*EXCHANGE, *mail_systems.REPORTS, *mail_services.REPORTS, *odd_reports.REPORTS]


def parsed(source):
    return email.message_from_bytes(source.encode() if isinstance(source, str) else source, policy=email.policy.SMTP)


def outcome(source):
    """Return what became of a message for whom we wrote to, None if it is no report."""
    report = read(parsed(source))
    return report and {(each.addresses or ("",))[0]: each.action for each in report.recipients}


def report(*parts, more=BACK):
    return head("Mail Delivery System <MAILER-DAEMON@mx.fabrikam.example>", "Mail system", multipart(*parts), more)


@tagged("post_install", "-at_install")
class TestDeliveryReport(BaseCase):

    def test_what_became_of_a_message_for_whom(self):
        for message in REPORTS:
            with self.subTest(message.name):
                self.assertEqual(outcome(message.source), message.expected)

    def test_which_message_it_is_about(self):
        for message in REPORTS:
            with self.subTest(message.name):
                self.assertEqual(read(parsed(message.source)).message_ids[:1], (ID,))

    def test_what_is_no_report(self):
        for message in no_reports.NO_REPORTS:
            with self.subTest(message.name):
                self.assertIsNone(read(parsed(message.source)))

    @slow
    def test_line_ends_do_not_matter(self):
        for message in (*REPORTS, *no_reports.NO_REPORTS):
            mixed = "".join(line + ("\r\n", "\n")[number % 2] for number, line in enumerate(message.source.split("\n")))
            for name, source in (("CRLF", message.source.replace("\n", "\r\n")), ("both", mixed)):
                with self.subTest(message.name, ends=name):
                    self.assertEqual(outcome(source), message.expected)

    def test_an_address_is_bare_and_decoded(self):
        for field, expected in (
            ("rfc822; Gone@Fabrikam.example", "gone@fabrikam.example"),
            ("RFC822;<gone@fabrikam.example>", "gone@fabrikam.example"),
            ("rfc822; gone@fabrikam.example (Gone <x@y>)", "gone@fabrikam.example"),
            ("gone@fabrikam.example", "gone@fabrikam.example"),
            ("rfc822; gone+2Bnews@fabrikam.example", "gone+news@fabrikam.example"),
            ("rfc822; gone+3Dx@fabrikam.example", "gone=x@fabrikam.example"),
            ("rfc822; gone+2024@fabrikam.example", "gone+2024@fabrikam.example"),
            ("rfc822; gr+C3+BC+C3+9Fe@fabrikam.example", "grüße@fabrikam.example"),
            (r"utf-8; gr\x{FC}\x{DF}e@fabrikam.example", "grüße@fabrikam.example"),
            ("utf-8; grüße@fabrikam.example", "grüße@fabrikam.example"),
            ('rfc822; "gone.x"@fabrikam.example', "gone.x@fabrikam.example"),
            ("rfc822;IMCEASMTP-gone+40fabrikam+2Eexample@in.example", "gone@fabrikam.example"),
            ("rfc822; o'brien@fabrikam.example", "o'brien@fabrikam.example"),
            ("rfc822; 'gone@fabrikam.example'", "gone@fabrikam.example"),
        ):
            with self.subTest(field):
                block = recipient().replace("rfc822; gone@fabrikam.example", field)
                self.assertEqual(outcome(report(status(block), part("message/rfc822", original("nobody@a.example")))), {expected: "failed"})

    def test_an_action_is_read_before_a_code(self):
        for action, code, words, expected in (
            ("Action: failed", "4.4.7", "smtp;550 4.4.7 QUEUE.Expired", "failed"),
            ("Action: failed (bad)", "5.0.0", "", "failed"),
            ("Action: DELAYED", "5.1.1", "smtp;550 5.1.1", "delayed"),
            ("Action: expanded", "2.0.0", "", "expanded"),
            ("Action: delivered", "5.0.0", "", "delivered"),
            ("X-Nothing: 1", "5.1.1", "", "failed"),
            ("X-Nothing: 1", "4.2.0", "smtp; 450 4.2.0 later", "delayed"),
            ("X-Nothing: 1", "", "smtp; 550 no", "failed"),
            ("X-Nothing: 1", "4.4.7", "smtp;550 4.4.7 QUEUE.Expired", "failed"),
            ("Action: perplexed", "4.0.0", "", "delayed"),
        ):
            with self.subTest(action=action, code=code, words=words):
                block = f"Final-Recipient: rfc822; gone@fabrikam.example\n{action}\nStatus: {code}\nDiagnostic-Code: {words}\n"
                self.assertEqual(outcome(report(status(block))), {"gone@fabrikam.example": expected})

    def test_what_the_server_said_is_one_line(self):
        block = recipient(words="smtp;550-5.1.1 The account\n 550 5.1.1 does not\texist", code="5.0.0")
        [found] = read(parsed(report(status(block)))).recipients
        self.assertEqual((found.words, found.status), ("550-5.1.1 The account 550 5.1.1 does not exist", "5.1.1"))

    def test_the_words_end_where_another_section_begins(self):
        text = (
            "The following addresses had permanent fatal errors:\n\n<gone@fabrikam.example>\nuser unknown\n\n"
            "----- Transcript of session follows -----\n"
        )
        source = report(part("text/plain", text), part("message/rfc822", original()))
        self.assertEqual([each.words for each in read(parsed(source)).recipients], ["user unknown"])

    def test_fields_without_an_address_still_say_what_happened(self):
        source = report(
            status("Final-Recipient: x400; /S=gone/\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Full\n"),
            part("message/rfc822", original()),
        )
        [found] = read(parsed(source)).recipients
        self.assertEqual((found.addresses, found.status, found.words), (("gone@fabrikam.example",), "5.2.2", "552 5.2.2 Full"))

    def test_the_surest_message_id_comes_first(self):
        source = report(
            status(recipient(), top="X-Original-Message-ID: <3@a>\n"),
            part("message/rfc822", original(message_id="<2@a>", more="X-Microsoft-Original-Message-ID: <1@a>\n") + "\nMessage-ID: <9@a>"),
            part("text/plain", "Message-ID: <6@a>"),
            more=f"{BACK}In-Reply-To: <4@a>\nReferences: <8@a> <5@a>\n",
        )
        self.assertEqual(read(parsed(source)).message_ids, ("<1@a>", "<2@a>", "<3@a>", "<4@a>", "<5@a>", "<8@a>", "<6@a>"))

    def test_an_id_without_brackets_is_one(self):
        self.assertEqual(
            read(parsed(report(status(recipient()), part("message/rfc822", original(message_id="1@a"))))).message_ids, ("<1@a>",)
        )

    def test_the_references_of_the_original_are_other_messages(self):
        source = report(status(recipient()), part("message/rfc822", original(more="References: <other@a>\nIn-Reply-To: <other@a>\n")))
        self.assertEqual(read(parsed(source)).message_ids, (ID,))

    def test_whom_we_wrote_to_comes_before_whom_the_server_wrote_to(self):
        [found] = read(
            parsed(report(status(recipient("in@b.example", before="Original-Recipient: rfc822;GONE@fabrikam.example\n"))))
        ).recipients
        self.assertEqual(found.addresses, ("gone@fabrikam.example", "in@b.example"))

    def test_of_several_recipients_only_those_that_the_text_names_failed(self):
        text = f"This message could not be delivered.\n\n<gone@fabrikam.example>: 550 5.1.1 User unknown\n\nSender: {SAID}"
        source = head(
            "MAILER-DAEMON@a.example",
            "Undelivered",
            multipart(
                part("text/plain", text), part("message/rfc822", original("fine@fabrikam.example, gone@fabrikam.example")), kind="mixed"
            ),
        )
        self.assertEqual(outcome(source), {"gone@fabrikam.example": "failed"})

    def test_nobody_failed_where_nothing_is_said(self):
        source = report(part("text/plain", "Hello gone@fabrikam.example"), part("message/rfc822", original()))
        self.assertEqual(outcome(source), {})

    @slow
    def test_no_octets_make_it_raise(self):
        rng = random.Random(1)
        for message in (*REPORTS, *no_reports.NO_REPORTS):
            octets = message.source.encode()
            for number in range(12):
                broken = bytearray(octets)
                for _time in range(rng.randrange(1, 30)):
                    at = rng.randrange(len(broken))
                    broken[at : at + rng.randrange(3)] = rng.choice(
                        (b"", b"\r", b"\n", b"\0", b"\xff", b"=?x?b?", b"<", b"@", b":", b";", b'"', b"\r\n\r\n", b"=")
                    )
                cut = bytes(broken[: rng.randrange(len(broken))] if number % 3 == 0 else broken)
                try:
                    whole = parsed(cut)
                except (
                    Exception
                ):  # # it is the parser that raises: there is no message
                    continue
                with self.subTest(message.name, number=number):
                    read(whole)

    def test_charsets_that_there_are_not(self):
        for charset in ("x", "hex", "punycode", "idna", "undefined", "utf-16", "a\0b", "", "'", "unicode_escape", "base64"):
            with self.subTest(charset):
                source = report(
                    part(f"text/plain; charset={charset}", "-"), status(recipient()), part(f"message/rfc822; charset={charset}", original())
                )
                self.assertEqual(outcome(source), {"gone@fabrikam.example": "failed"})

    @slow
    def test_no_text_takes_long(self):
        texts = (
            "a" * 200_000,
            "@" * 200_000,
            "a@" * 100_000,
            "a@b.c " * 40_000,
            "<" * 200_000,
            "<a" * 100_000,
            "<style>" * 30_000,
            " " * 200_000,
            "\t\n" * 100_000,
            "From: a\n" * 30_000,
            "Final-Recipient: rfc822; a@b.example\n" * 8000,
            "550 " * 50_000,
            "5.1." * 50_000,
            "-" * 200_000,
            "- \n" * 70_000,
            "(" * 200_000,
            "message-id" + " " * 200_000,
            "Message-ID:<" * 17_000,
            "bezorg " * 30_000,
            "delivery to " * 17_000,
            "=?utf-8?q?" * 20_000,
            "&" * 200_000,
            "&#x1;" * 40_000,
            "from " * 40_000,
            "x: y\n " * 40_000,
            "=\n" * 100_000,
            "attempt to deliver " * 10_000,
            "user " * 40_000,
            '"' * 200_000,
            "user@" + "a" * 200_000,
        )
        for text in texts:
            for content in (
                "text/plain",
                "text/html",
                "message/delivery-status",
                "message/rfc822",
                "text/rfc822-headers",
                "message/global-headers",
                "message/delivery-status; charset=punycode",
                "text/html; charset=idna",
            ):
                whole = parsed(
                    report(
                        part(content, text),
                        more=f"{BACK}X-Failed-Recipients: a@b.example\nReferences: {text[:60_000].replace(chr(10), ' ')}\n",
                    )
                )
                began = time.process_time()
                read(whole)
                with self.subTest(text[:20], content=content):
                    self.assertLess(time.process_time() - began, 2)

    @slow
    def test_many_parts_are_not_all_read(self):
        whole = parsed(report(*[status(recipient(f"a{number}@b.example")) for number in range(3000)]))
        began = time.process_time()
        self.assertLess(len(read(whole).recipients), 200)
        self.assertLess(time.process_time() - began, 2)
