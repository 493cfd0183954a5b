"""What comes in passes all filters: the table is messages/chain/index.tsv, each line of it a message."""

import csv
import email.policy
from pathlib import Path

from odoo.tests import tagged

from ..tools.incoming.filters import automatic, delivery_report, loop, meeting_answer, proof, receipt, substitute
from .common import ERP
from .kinds_case import KindsCase

_FOLDER = Path(__file__).parent / "messages" / "chain"
# In their order.
_FILTERS = {
    "substitute": substitute.read, "loop": lambda message: loop.read(message, own_addresses=lambda address: "@contoso." in address),
    "proof": proof.read, "delivery_report": delivery_report.read, "receipt": receipt.read, "meeting_answer": meeting_answer.read,
    "automatic": automatic.read}
# These ask the database, and have no function of their own.
_OF_THE_DATABASE = {"probe", "duplicate"}


@tagged("post_install", "-at_install")
class TestIncomingFilters(KindsCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with (_FOLDER / "index.tsv").open(encoding="utf-8") as table:
            cls.table = {Path(line["file"]).stem: line for line in csv.DictReader(table, delimiter="\t")}

    def source(self, name):
        signature = self.env["office365.probe"]._signature("aa11")
        source = (_FOLDER / f"{name}.eml").read_bytes().replace(b"@SIGNATURE@", signature.encode())
        return source.replace(b"\n", b"\r\n")

    def test_each_message_is_in_the_table(self):
        self.assertEqual({path.stem for path in _FOLDER.glob("*.eml")}, self.table.keys())

    def test_the_first_filter_that_knows_a_message_is_its_own(self):
        for name, line in self.table.items():
            with self.subTest(name, what=line["what it is"]):
                message = email.message_from_bytes(self.source(name), policy=email.policy.SMTP)
                found = next((each for each, read in _FILTERS.items() if read(message)), "")
                self.assertEqual(found, "" if line["filter"] in _OF_THE_DATABASE else line["filter"])

    def test_all_of_them_pass_the_chain(self):
        sent = self.sent_to(*(f"{name}@fabrikam.example" for name in self.table if name.startswith("report")))
        uids = {}
        for name in self.table:
            before = self.servers.mailbox(ERP).uids().keys()
            self.servers.mailbox(ERP).deliver(self.source(name))
            [uids[name]] = self.servers.mailbox(ERP).uids().keys() - before
        self.fetch()
        rows = self.env["office365.inbound"].search([("server_id", "=", self.server.id)])
        by_uid = {int(row.uid): row for row in rows}
        for name, line in self.table.items():
            with self.subTest(name, what=line["what it is"]):
                row = by_uid[uids[name]]
                self.assertEqual(self.became(row), line["becomes"], f"{name}: {row.error}")
                self.assertEqual(bool(row.raw), row.state != "done", "what is not processed keeps its source")
        self.assertEqual(self.bounced(sent), self.addresses("becomes", "bounced"))
        self.assertEqual(sorted(self.notices().mapped("email_to")), self.addresses("sender is", "told"))

    def addresses(self, column, value):
        return sorted(f"{name}@fabrikam.example" for name, line in self.table.items() if line[column] == value)

    def became(self, row):
        """Return what a message became, in the words of the table."""
        if row.state != "done":
            return row.state
        messages = self.env["mail.message"].search([
            ("model", "=", row.model), ("res_id", "=", row.res_id), ("message_type", "=", "email"), ("subject", "=", row.subject)])
        if not messages:
            return "bounced"
        if row.record_name != f"Contact: {self.deal.name}":
            return "new"
        return "note" if messages.subtype_id == self.env.ref("mail.mt_note") else "known"
