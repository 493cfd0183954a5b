import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.delivery_report import read
from .messages import exchange, mail_systems, no_reports
from .messages.written import ID

REPORTS = [*exchange.REPORTS, *mail_systems.REPORTS]


def parsed(source):
    return email.message_from_bytes(source.encode() if isinstance(source, str) else source, policy=email.policy.SMTP)


def outcome(source):
    """Return what became of a message for whom we wrote to, None if it is no report."""
    report = read(parsed(source))
    return report and {(each.addresses or ("",))[0]: each.action for each in report.recipients}


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

    def test_line_ends_do_not_matter(self):
        for message in (*REPORTS, *no_reports.NO_REPORTS):
            mixed = "".join(line + ("\r\n", "\n")[number % 2] for number, line in enumerate(message.source.split("\n")))
            for name, source in (("CRLF", message.source.replace("\n", "\r\n")), ("both", mixed)):
                with self.subTest(message.name, ends=name):
                    self.assertEqual(outcome(source), message.expected)
