from odoo.tests import BaseCase, tagged

from ..tools.identity.acting import NOBODY_UID, OUTSIDE_UID, Away, Behind, Fetching, Incoming

NOTES = [Fetching(frozenset({7})), Incoming("<1@contoso.example>", 7), Behind(7), Away()]


@tagged("post_install", "-at_install")
class TestActing(BaseCase):

    def test_only_an_instance_in_the_context_is_one(self):
        for note in NOTES:
            key = note.CONTEXT_KEY
            with self.subTest(note=note):
                self.assertIs(type(note).of({key: note}), note)
                for forged in (None, True, 7, key, {"uid": 7}, *(other for other in NOTES if other is not note)):
                    self.assertIsNone(type(note).of({key: forged}))
                self.assertIsNone(type(note).of({}))

    def test_notes_do_not_stand_in_each_others_way(self):
        context = {note.CONTEXT_KEY: note for note in NOTES}
        self.assertEqual([type(note).of(context) for note in NOTES], NOTES)

    def test_only_a_user_is_a_genuine_author(self):
        for uid, genuine in ((OUTSIDE_UID, False), (NOBODY_UID, False), (1, True), (7, True)):
            with self.subTest(uid=uid):
                self.assertIs(Incoming("<1@contoso.example>", uid).is_genuine, genuine)
