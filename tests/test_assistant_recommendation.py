"""Which way of sending fits, and the table that compares them."""

from odoo.tests import BaseCase, tagged

from ..const import CLOUDS, OUTGOING_PRESETS
from ..tools.assistant import recommendation


@tagged("post_install", "-at_install")
class TestRoad(BaseCase):

    def test_three_answers_say_which_preset_fits(self):
        table = [
            # recipients, volume, address, cloud: preset, reason
            (("anyone", "usual", None, "global"), ("submission", "usual")),
            (("inside", "usual", "own", "global"), ("submission", "usual")),
            (("inside", "high", None, "global"), ("hve", "much_inside")),
            (("inside", "high", "own", "global"), ("hve", "much_inside")),
            (("inside", "high", "own", "dod"), ("relay", "much_no_hve")),
            (("inside", "high", "shared", "china"), ("submission", "much_no_address")),
            (("anyone", "high", "own", "global"), ("relay", "much")),
            (("anyone", "high", "shared", "global"), ("submission", "much_no_address")),
        ]
        for answers, (name, reason) in table:
            with self.subTest(answers=answers):
                self.assertEqual(recommendation.recommend(*answers), recommendation.Recommendation(name, reason))

    def test_an_open_question_that_matters_leaves_it_open(self):
        for answers in ((None, None, None), ("anyone", None, "own"), (None, "high", "own"), ("anyone", "high", None)):
            with self.subTest(answers=answers):
                self.assertIsNone(recommendation.recommend(*answers))

    def test_every_preset_has_every_fact(self):
        self.assertEqual(set(recommendation.PRESETS), set(OUTGOING_PRESETS))
        for label, cells in recommendation.table(str):
            with self.subTest(label=label):
                self.assertEqual([name for name, text in cells if text], list(recommendation.PRESETS))

    def test_every_recommendation_has_a_reason(self):
        reasons = {
            found.reason for recipients in ("anyone", "inside") for volume in ("usual", "high") for address in ("own", "shared")
            for cloud in CLOUDS if (found := recommendation.recommend(recipients, volume, address, cloud))}
        self.assertEqual(reasons, set(recommendation.REASONS))
