"""Which commands of a transaction are written together: a table."""

import smtplib

from odoo.tests import BaseCase, tagged

from ..tools import smtp_transaction
from ..tools.smtp_transaction import (
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
    names,
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

    def groups(self, features, recipients, length, *, eager):
        transaction = Transaction(
            SENDER, [f"{number}@fabrikam.example" for number in range(recipients)], b"x" * length, features)
        return transaction.groups(eager=eager)

    def test_what_goes_together(self):
        for name, features, eager, recipients, length, expected in [
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
                self.assertEqual(shape(self.groups(features, recipients, length, eager=eager)), expected)

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
        """512 octets each (RFC 5321 section 4.5.3.1.5); Linux begins with 128 KiB to receive."""
        self.assertLessEqual(GROUP * 512, 65_536)


@tagged("post_install", "-at_install")
class TestContent(BaseCase):

    def test_every_line_ends_as_on_the_wire(self):
        for message, content in [
            (b"", b"\r\n"), (b"a", b"a\r\n"), (b"a\r\n", b"a\r\n"), (b"a\n", b"a\r\n"), (b"a\r", b"a\r\n"), (b"a\rb\r\n", b"a\r\nb\r\n"),
            (b"a\nb\rc", b"a\r\nb\r\nc\r\n"), (b"a\n\rb\r\n", b"a\r\n\r\nb\r\n"), (b"a\r\r\n", b"a\r\n\r\n"), ("a\nb", b"a\r\nb\r\n"),
            (bytearray(b"a\r\nb\r\n"), b"a\r\nb\r\n"), (b"a\r\n.\n", b"a\r\n.\r\n"),
        ]:
            with self.subTest(message=message):
                self.assertEqual(canonical(message), content)
        with self.assertRaises(UnicodeEncodeError):
            canonical("ä")

    def test_no_line_of_the_message_is_the_lone_dot(self):
        for content, sent in [(b"", b".\r\n"), (b"a\r\n", b"a\r\n.\r\n"), (b".\r\n", b"..\r\n.\r\n"),
                              (b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n.\r\n")]:
            with self.subTest(content=content):
                self.assertEqual(octets([after_data(content)]), sent)

    def test_commands_and_what_follows_them_are_written_in_their_order(self):
        self.assertEqual(octets([Command(MAIL, b"MAIL\r\n"), Command(BDAT, b"BDAT 1 LAST\r\n", b"x")]), b"MAIL\r\nBDAT 1 LAST\r\nx")

    def test_a_parameter_is_known_by_its_name(self):
        for options, found in [(["SMTPUTF8"], True), (["smtputf8"], True),
                               (["BODY=8BITMIME", "smtputf8=x"], True), (["XSMTPUTF8"], False), ([], False)]:
            with self.subTest(options=options):
                self.assertIs(names(options, "SMTPUTF8"), found)


@tagged("post_install", "-at_install")
class TestCommands(BaseCase):

    def lines(self, features, mail_options=(), rcpt_options=(), sender=SENDER, recipient="a@fabrikam.example"):
        transaction = Transaction(sender, [recipient], b"x" * 10, features, mail_options, rcpt_options)
        return [command.line.decode() for group in transaction.groups(eager=True) for command in group]

    def test_a_parameter_is_sent_to_whom_knows_it(self):
        size = {"size": "1000", "smtputf8": ""}
        for features, mail_options, rcpt_options, lines in [
            ({}, ["BODY=7BIT"], ["NOTIFY=NEVER"], [f"MAIL FROM:<{SENDER}>", "RCPT TO:<a@fabrikam.example>", "DATA"]),
            ({"dsn": ""}, ["RET=HDRS"], ["NOTIFY=NEVER"],
             [f"MAIL FROM:<{SENDER}> RET=HDRS", "RCPT TO:<a@fabrikam.example> NOTIFY=NEVER", "DATA"]),
            (size, (), (), [f"MAIL FROM:<{SENDER}> SIZE=10", "RCPT TO:<a@fabrikam.example>", "DATA"]),
            (size, ["SMTPUTF8"], [], [f"MAIL FROM:<{SENDER}> SMTPUTF8 SIZE=10", "RCPT TO:<a@fabrikam.example>", "DATA"]),
            ({"chunking": ""}, [], [], [f"MAIL FROM:<{SENDER}>", "RCPT TO:<a@fabrikam.example>", "BDAT 10 LAST"]),
        ]:
            with self.subTest(features=features, mail_options=mail_options):
                self.assertEqual(self.lines(features, mail_options, rcpt_options), [f"{line}\r\n" for line in lines])

    def test_an_address_beyond_ascii_needs_a_server_that_takes_it(self):
        lines = self.lines({"smtputf8": ""}, ["SMTPUTF8"], recipient="käthe@fabrikam.example")
        self.assertIn("RCPT TO:<käthe@fabrikam.example>\r\n", lines)
        with self.assertRaises(smtplib.SMTPNotSupportedError):
            self.lines({"size": ""}, ["SMTPUTF8"])
        with self.assertRaises(UnicodeEncodeError):
            self.lines({"smtputf8": ""}, recipient="käthe@fabrikam.example")

    def test_nothing_in_an_envelope_begins_another_command(self):
        for break_ in ("\r\n", "\n", "\r"):
            for values in ({"mail_options": [f"RET=HDRS{break_}DATA"]}, {"rcpt_options": [f"NOTIFY=NEVER{break_}DATA"]},
                           {"recipient": f"<>{break_}DATA"}, {"sender": f"<>{break_}DATA"}):
                with self.subTest(values=values), self.assertRaises(ValueError):
                    self.lines({"dsn": ""}, **values)

    def test_what_is_too_large_is_refused_as_the_server_would(self):
        for size, length, refused in [("10", 11, True), ("10", 10, False), ("0", 11, False), ("", 11, False), (None, 11, False),
                                      ("many", 11, False)]:
            transaction = Transaction(SENDER, ["a@fabrikam.example"], b"x" * length, {} if size is None else {"size": size})
            with self.subTest(size=size, length=length):
                if not refused:
                    transaction.check_size()
                    continue
                with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                    transaction.check_size()
                self.assertEqual((caught.exception.smtp_code, caught.exception.sender), (552, SENDER))
        with self.assertRaisesRegex(smtplib.SMTPSenderRefused, "5.3.4 .* has 3.5 MB, this server takes 1.5 MB"):
            Transaction(SENDER, ["a@fabrikam.example"], b"x" * 3_500_000, {"size": "1500000"}).check_size()


@tagged("post_install", "-at_install")
class TestProgress(BaseCase):

    def progress(self, *replies, recipients=2):
        """Return what a transaction has come to after replies, each a verb or a recipient's number with a code."""
        progress = Progress(SENDER, [f"{number}@fabrikam.example" for number in range(recipients)])
        for what, code in replies:
            recipient = f"{what}@fabrikam.example" if isinstance(what, int) else None
            progress.note(Command(RCPT if recipient else what, b"", recipient=recipient), code, b"%d said" % code)
        return progress

    def test_what_refuses_a_message(self):
        mail, both = (MAIL, 250), [(0, 250), (1, 250)]
        for name, replies, error, code in [
            ("taken", [mail, *both, (BDAT, 250)], None, 250),
            ("taken after DATA", [mail, *both, (DATA, 354), (CONTENT, 250)], None, 250),
            ("the sender", [(MAIL, 550), (0, 503), (1, 503), (BDAT, 503)], smtplib.SMTPSenderRefused, 550),
            ("the sender, later", [(MAIL, 451)], smtplib.SMTPSenderRefused, 451),
            ("all recipients", [mail, (0, 550), (1, 451), (BDAT, 554)], smtplib.SMTPRecipientsRefused, 451),
            ("one of them", [mail, (0, 550), (1, 251), (BDAT, 250)], None, 250),
            ("DATA", [mail, *both, (DATA, 451)], smtplib.SMTPDataError, 451),
            ("DATA taken as if it were the content", [mail, *both, (DATA, 250)], smtplib.SMTPDataError, 250),
            ("the content", [mail, *both, (BDAT, 554)], smtplib.SMTPDataError, 554),
            ("the content after DATA", [mail, *both, (DATA, 354), (CONTENT, 554)], smtplib.SMTPDataError, 554),
            ("a continuation is no acceptance", [mail, *both, (BDAT, 354)], smtplib.SMTPDataError, 354),
        ]:
            with self.subTest(name):
                progress = self.progress(*replies)
                self.assertEqual((progress.is_refused, progress.reply), (error is not None, (code, b"%d said" % code)))
                if not error:
                    progress.raise_refusal()
                    continue
                with self.assertRaises(error) as caught:
                    progress.raise_refusal()
                if error is not smtplib.SMTPRecipientsRefused:
                    self.assertEqual(caught.exception.smtp_code, code)

    def test_each_refused_recipient_has_its_reply(self):
        progress = self.progress((MAIL, 250), (0, 550), (1, 250))
        self.assertEqual(progress.refused, {"0@fabrikam.example": (550, b"550 said")})
        self.assertEqual(self.progress((MAIL, 250), (0, 299), (1, 300)).refused, {"1@fabrikam.example": (300, b"300 said")})

    def test_when_every_recipient_is_answered(self):
        for replies, answered in [([], False), ([(0, 250)], False), ([(0, 550)], False), ([(0, 250), (1, 550)], True), ([(0, 421)], True)]:
            with self.subTest(replies=replies):
                progress = self.progress((MAIL, 250), *replies)
                self.assertIs(progress.has_all_recipients, answered)
                self.assertEqual(progress.is_refused, (0, 421) in replies)

    def test_the_end_of_the_session_is_an_answer_to_all_who_were_not_refused_before(self):
        progress = self.progress((MAIL, 250), (0, 550), (1, 250), (2, 421), recipients=4)
        self.assertEqual([code for code, _words in progress.refused.values()], [550, 421, 421, 421])
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
            progress.raise_refusal()
        self.assertEqual(caught.exception.recipients, progress.refused)

    def test_an_address_that_is_named_twice_is_refused_once_it_was_answered_twice(self):
        progress = Progress(SENDER, ["0@fabrikam.example"] * 2)
        for refused in (False, True):
            progress.note(Command(RCPT, b"", recipient="0@fabrikam.example"), 550, b"no")
            self.assertIs(progress.is_refused, refused)
