"""What the notes about a message say together."""

from datetime import datetime

from odoo.tests import BaseCase, tagged

from ..tools.outgoing.log import DEFERRED, FAILED, MAIL, MASS, PROBE, SENT, TEST, Note, Told, kind_of, merged, worst, written

ERP = "erp@contoso.example"


@tagged("post_install", "-at_install")
class TestNotes(BaseCase):

    def test_notes_of_a_message_are_one_and_the_later_word_holds(self):
        first = Note(
            "<1>", datetime(2026, 1, 1), {"a@x": Told(FAILED, "send_as_denied"), "b@x": Told(SENT)}, {"subject": "Offer", "kind": MASS})
        other = Note("<2>", datetime(2026, 1, 1))
        second = Note("<1>", datetime(2026, 1, 2), {"a@x": Told(DEFERRED)}, {"subject": "", "kind": MAIL})
        found = merged([first, other, second])
        self.assertEqual([note.message_id for note in found], ["<1>", "<2>"])
        self.assertEqual(found[0].date, second.date)
        self.assertEqual(found[0].recipients, {"a@x": Told(DEFERRED), "b@x": Told(SENT)})
        self.assertEqual(found[0].values, {"subject": "Offer", "kind": MAIL})

    def test_the_recipient_who_did_not_get_it_decides(self):
        self.assertEqual(worst([Told(SENT), Told(FAILED, "timeout"), Told(DEFERRED)]), Told(FAILED, "timeout"))
        self.assertEqual(worst([]), Told(SENT))

    def test_there_is_one_way_to_write_an_address(self):
        self.assertEqual(written(" Carla@Fabrikam.Example "), "carla@fabrikam.example")
        self.assertEqual(written("carla@müller.example"), "carla@xn--mller-kva.example")

    def test_a_test_leaves_as_the_mailbox_and_a_probe_as_another_address(self):
        for is_probe, is_bulk, sender, mailbox, kind in (
                (True, False, ERP, ERP, TEST), (True, False, "brant@contoso.example", ERP, PROBE), (True, False, ERP, None, TEST),
                (False, True, ERP, ERP, MASS), (False, False, ERP, ERP, MAIL)):
            self.assertEqual(kind_of(is_probe=is_probe, is_bulk=is_bulk, sender=sender, mailbox=mailbox), kind)
