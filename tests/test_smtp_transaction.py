"""One transaction as values: which commands are written together, what they are, and what the replies come to."""

import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.smtp import transaction as smtp_transaction
from ..tools.smtp.transaction import (
    BDAT,
    CONTENT,
    DATA,
    MAIL,
    MAX_EAGER,
    RCPT,
    Command,
    Progress,
    Transaction,
    after_data,
    canonical,
    octets,
)

SENDER = "erp@contoso.example"
NONE, PIPELINING, CHUNKING = {}, {"pipelining": ""}, {"pipelining": "", "chunking": ""}
ONLY_CHUNKING = {"chunking": ""}
GROUP = smtp_transaction._MAX_GROUP


def shape(groups):
    """Return each group as its verbs, RCPTs counted: ``MAIL 2 BDAT``."""
    shown = []
    for group in groups:
        verbs = [command.verb for command in group]
        recipients = verbs.count(RCPT)
        others = [verb for verb in verbs if verb != RCPT]
        shown.append(" ".join(([MAIL] if MAIL in others else []) + ([str(recipients)] if recipients else [])
                              + [verb for verb in others if verb != MAIL]))
    return shown


@tagged("post_install", "-at_install")
class TestGroups(BaseCase):

    def groups(self, features, recipients, octets, *, eager):
        transaction = Transaction(
            SENDER, [f"{number}@fabrikam.example" for number in range(recipients)], b"x" * octets, features)
        return transaction.groups(eager=eager)

    def test_what_goes_together(self):
        for name, features, eager, recipients, size, expected in [
            ("a server of 1982", NONE, True, 2, 10, ["MAIL", "1", "1", "DATA"]),
            ("no PIPELINING, though CHUNKING", ONLY_CHUNKING, True, 1, 10, ["MAIL", "1", "BDAT"]),
            ("the content after DATA waits for 354 in any case", PIPELINING, True, 2, 10, ["MAIL 2 DATA"]),
            ("and so it is when nothing may be risked", PIPELINING, False, 2, 10, ["MAIL 2 DATA"]),
            ("and for a large one", PIPELINING, True, 1, MAX_EAGER + 1, ["MAIL 1 DATA"]),
            ("one round trip", CHUNKING, True, 2, 10, ["MAIL 2 BDAT"]),
            ("the connection may be dead", CHUNKING, False, 2, 10, ["MAIL 2", "BDAT"]),
            ("just small enough to be risked", CHUNKING, True, 1, MAX_EAGER, ["MAIL 1 BDAT"]),
            ("one octet too much", CHUNKING, True, 1, MAX_EAGER + 1, ["MAIL 1", "BDAT"]),
            ("an empty message", CHUNKING, True, 1, 0, ["MAIL 1 BDAT"]),
            ("MAIL and RCPT just fit", CHUNKING, True, GROUP - 1, 10, [f"MAIL {GROUP - 1} BDAT"]),
            ("one recipient too many to risk the content", CHUNKING, True, GROUP, 10, [f"MAIL {GROUP - 1}", "1", "BDAT"]),
            ("two full groups", CHUNKING, True, 2 * GROUP - 1, 10, [f"MAIL {GROUP - 1}", str(GROUP), "BDAT"]),
            ("and one more", CHUNKING, True, 2 * GROUP, 10, [f"MAIL {GROUP - 1}", str(GROUP), "1", "BDAT"]),
            ("not eager, many", CHUNKING, False, GROUP, 10, [f"MAIL {GROUP - 1}", "1", "BDAT"]),
            ("DATA goes with the last of them", PIPELINING, True, GROUP, 10, [f"MAIL {GROUP - 1}", "1 DATA"]),
            ("DATA after two full groups", PIPELINING, True, 2 * GROUP - 1, 10, [f"MAIL {GROUP - 1}", f"{GROUP} DATA"]),
            ("no PIPELINING, many", NONE, True, GROUP, 10, ["MAIL", *["1"] * GROUP, "DATA"]),
        ]:
            with self.subTest(name):
                self.assertEqual(shape(self.groups(features, recipients, size, eager=eager)), expected)

    def test_nothing_is_left_out_and_nothing_changes_its_place(self):
        for features in (NONE, PIPELINING, CHUNKING, ONLY_CHUNKING):
            for recipients in (1, GROUP - 1, GROUP, 3 * GROUP):
                for eager in (False, True):
                    commands = [command for group in self.groups(features, recipients, 10, eager=eager) for command in group]
                    with self.subTest(features=features, recipients=recipients, eager=eager):
                        self.assertEqual(
                            [command.recipient for command in commands],
                            [None, *(f"{number}@fabrikam.example" for number in range(recipients)), None])
                        self.assertEqual(commands[-1].verb, BDAT if "chunking" in features else DATA)
                        self.assertEqual(commands[-1].content, b"x" * 10 if "chunking" in features else b"")

    def test_the_replies_to_one_group_fit_into_a_small_socket_buffer(self):
        """512 size each (RFC 5321 section 4.5.3.1.5); Linux begins with 128 KiB to receive."""
        self.assertLessEqual(GROUP * 512, 65_536)


@tagged("post_install", "-at_install")
class TestCommands(BaseCase):
    """What goes over the wire."""

    def commands(self, features, *, recipients=("a@fabrikam.example",), options=(), content=b"Hi\r\n"):
        transaction = Transaction(SENDER, recipients, content, features, options, ("NOTIFY=NEVER",))
        return [command for group in transaction.groups(eager=True) for command in group]

    def test_lines_of_mail_and_rcpt(self):
        table = [  # what EHLO offered, options → lines; without EHLO there are no options
            ({}, (), [b"MAIL FROM:<erp@contoso.example>\r\n", b"RCPT TO:<a@fabrikam.example>\r\n", b"DATA\r\n"]),
            ({"dsn": ""}, ("BODY=8BITMIME",),
             [b"MAIL FROM:<erp@contoso.example> BODY=8BITMIME\r\n", b"RCPT TO:<a@fabrikam.example> NOTIFY=NEVER\r\n", b"DATA\r\n"]),
            ({"size": "", "chunking": ""}, (),
             [b"MAIL FROM:<erp@contoso.example> SIZE=4\r\n", b"RCPT TO:<a@fabrikam.example> NOTIFY=NEVER\r\n", b"BDAT 4 LAST\r\n"]),
        ]
        for features, options, lines in table:
            with self.subTest(features=features):
                self.assertEqual([command.line for command in self.commands(features, options=options)], lines)

    def test_addresses_beyond_ascii_need_smtputf8(self):
        beyond = ("jörg@fabrikam.example",)
        lines = [command.line for command in self.commands({"smtputf8": ""}, recipients=beyond, options=("smtputf8",))]
        self.assertIn("RCPT TO:<jörg@fabrikam.example> NOTIFY=NEVER\r\n".encode(), lines)
        with self.assertRaises(smtplib.SMTPNotSupportedError):
            self.commands({"size": ""}, recipients=beyond, options=("SMTPUTF8",))
        with self.assertRaises(UnicodeEncodeError):
            self.commands({"smtputf8": ""}, recipients=beyond)

    def test_a_line_break_makes_no_second_command(self):
        for recipient in ("a@fabrikam.example>\r\nRCPT TO:<b@fabrikam.example", "a\n@fabrikam.example", "a\r@fabrikam.example"):
            with self.subTest(recipient=recipient), self.assertRaises(ValueError):
                self.commands({"dsn": ""}, recipients=(recipient,))
        for option in ("X=1\r\nRCPT TO:<b@fabrikam.example>", "X\n", "X\r"):
            with self.subTest(option=option), self.assertRaises(ValueError):
                self.commands({"dsn": ""}, options=(option,))

    def test_content_after_data(self):
        table = [
            (b"", b".\r\n"), (b"a\r\n", b"a\r\n.\r\n"), (b".a\r\n.\r\nb.\r\n", b"..a\r\n..\r\nb.\r\n.\r\n"),
        ]
        for content, sent in table:
            with self.subTest(content=content):
                self.assertEqual(octets([after_data(content)]), sent)

    def test_lines_of_a_message(self):
        table = [
            ("a", b"a\r\n"), (b"a\r\n", b"a\r\n"), (b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd\r\n"), (b"", b"\r\n"), (b"a\n\r", b"a\r\n\r\n"),
        ]
        for message, sent in table:
            with self.subTest(message=message):
                self.assertEqual(canonical(message), sent)

    def test_a_message_that_is_too_large_is_not_sent(self):
        for value, size, refused in (("10", 10, False), ("10", 11, True), ("0", 11, False), ("", 11, False), ("x", 11, False)):
            transaction = Transaction(SENDER, ("a@fabrikam.example",), b"x" * size, {"size": value})
            with self.subTest(value=value, size=size):
                if not refused:
                    transaction.check_size()
                    continue
                with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                    transaction.check_size()
                self.assertEqual(caught.exception.smtp_code, 552)


@tagged("post_install", "-at_install")
class TestProgress(BaseCase):
    """What replies come to: pairs of command and code, for one message to two recipients."""

    A, B = "a@fabrikam.example", "b@fabrikam.example"

    def progress(self, *replies):
        progress = Progress(SENDER, (self.A, self.B))
        rcpt = iter((self.A, self.B))
        for verb, code in replies:
            progress.note(Command(verb, b"", recipient=next(rcpt) if verb == RCPT else None), code, b"said")
        return progress

    def test_what_replies_come_to(self):
        fine = ((MAIL, 250), (RCPT, 250), (RCPT, 251))
        table = [  # replies → refusal, refused recipients, all answered, last reply
            ((), None, 0, False, None),
            (((MAIL, 250),), None, 0, False, 250),
            (((MAIL, 550), (RCPT, 503), (RCPT, 503), (DATA, 503)), smtplib.SMTPSenderRefused, 0, False, 550),
            (((MAIL, 300),), smtplib.SMTPSenderRefused, 0, False, 300),
            (((MAIL, 199),), smtplib.SMTPSenderRefused, 0, False, 199),
            (fine, None, 0, True, 251),
            (((MAIL, 250), (RCPT, 550), (RCPT, 250)), None, 1, True, 250),
            (((MAIL, 250), (RCPT, 550)), None, 1, False, 550),
            (((MAIL, 250), (RCPT, 550), (RCPT, 452)), smtplib.SMTPRecipientsRefused, 2, True, 452),
            # 421 ends the session, for the recipient taken before as well
            (((MAIL, 250), (RCPT, 250), (RCPT, 421)), smtplib.SMTPRecipientsRefused, 2, True, 421),
            (((MAIL, 250), (RCPT, 421)), smtplib.SMTPRecipientsRefused, 2, True, 421),
            ((*fine, (DATA, 354)), None, 0, True, 354),
            ((*fine, (DATA, 250)), smtplib.SMTPDataError, 0, True, 250),
            ((*fine, (DATA, 554)), smtplib.SMTPDataError, 0, True, 554),
            ((*fine, (DATA, 354), (CONTENT, 250)), None, 0, True, 250),
            ((*fine, (DATA, 354), (CONTENT, 554)), smtplib.SMTPDataError, 0, True, 554),
            ((*fine, (BDAT, 250)), None, 0, True, 250),
            ((*fine, (BDAT, 452)), smtplib.SMTPDataError, 0, True, 452),
        ]
        for replies, refusal, refused, answered, last in table:
            progress = self.progress(*replies)
            with self.subTest(replies=replies):
                self.assertEqual(
                    (progress.is_refused, len(progress.refused), progress.has_all_recipients, progress.reply and progress.reply[0]),
                    (refusal is not None, refused, answered, last))
                if refusal:
                    self.assertRaises(refusal, progress.raise_refusal)
                else:
                    progress.raise_refusal()

    def test_of_a_session_that_ends_each_recipient_keeps_its_own_answer(self):
        progress = self.progress((MAIL, 250), (RCPT, 550), (RCPT, 421))
        self.assertEqual({address: code for address, (code, _words) in progress.refused.items()}, {self.A: 550, self.B: 421})
