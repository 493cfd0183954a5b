from odoo.tests import BaseCase, tagged

from ..tools.outgoing.sliding_window import Window

NOW = 1_800_000_000


@tagged("post_install", "-at_install")
class TestSliding(BaseCase):

    def test_each_step_has_two_sums_in_the_order_of_time(self):
        window = Window(60, 10)
        for at, amount, bulk in ((25, 1, False), (29.9, 2, True), (20, 4, True), (22, 8, False), (3, 16, True), (41, 32, False)):
            window.add(NOW + at, amount, bulk=bulk)
        self.assertEqual(window.steps, [[NOW, 0, 16], [NOW + 20, 9, 6], [NOW + 40, 32, 0]])

    def test_a_step_counts_until_all_of_it_has_left_the_span(self):
        window = Window(60, 10)
        window.add(NOW, 1, bulk=False)
        window.add(NOW + 10, 2, bulk=True)
        self.assertEqual(list(window.frees()), [(NOW + 70, 1, 0), (NOW + 80, 0, 2)])
        for now, left in ((69.9, 2), (70, 1), (79.9, 1), (80, 0)):
            with self.subTest(now=now):
                window.forget(NOW + now)
                self.assertEqual(len(window.steps), left)
