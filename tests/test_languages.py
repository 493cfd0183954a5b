"""What the tours in another language look for."""

from odoo.tests import BaseCase, tagged

from .languages import left_in_english


@tagged("post_install", "-at_install")
class TestLeftInEnglish(BaseCase):

    TERMS = {
        "Retry": "Wiederholen", "Alias": "Alias", "Sent By": "Gesendet von",
        "%(server)s: no mail was fetched for more than an hour": "%(server)s: seit mehr als einer Stunde wurde nichts abgerufen",
        "<p>Look <b>here</b></p>": "<p>Sehen Sie <b>hier</b> nach</p>"}

    def test_only_what_is_ours_and_not_translated_is_found(self):
        for text, is_english in {
            "Retry": True, "Wiederholen": False,
            "Alias": False,  # it is the same word
            "Sent By": True, "Sent By Carla": False,  # a few words may be anybody's
            "Server 1: no mail was fetched for more than an hour": True,
            "here": True, "hier": False, "Customer": False,
        }.items():
            with self.subTest(text=text):
                self.assertEqual(left_in_english({text}, self.TERMS), [text] if is_english else [])
