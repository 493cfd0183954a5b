"""Which commands of a transaction are written together: a table."""

from odoo.tests import BaseCase, tagged

from ..tools.smtp import transaction as smtp_transaction
from ..tools.smtp.transaction import BDAT, DATA, MAIL, MAX_EAGER, RCPT, Transaction

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
        for name, features, eager, recipients, octets, expected in [
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
                self.assertEqual(shape(self.groups(features, recipients, octets, eager=eager)), expected)

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
