import math

from odoo.tests import BaseCase, tagged

from ..tools.outgoing.lifetime import Lifetime, real_limit


@tagged("post_install", "-at_install")
class TestLifetime(BaseCase):

    def test_time_is_kept_for_the_mail_on_its_way(self):
        never = math.inf, math.inf
        table = {120: (60, 110), 3600: (3540, 3590), 12: (6, 11), None: never, 0: never, -1: never}
        for limit, (last_start, end) in table.items():
            with self.subTest(limit=limit):
                self.assertEqual(Lifetime.of(limit, 1000), Lifetime(last_start + 1000, end + 1000))

    def test_which_limit_holds(self):
        table = [((120, -1, True), 120), ((120, 300, True), 120), ((120, -1, False), 120), ((120, 300, False), 300), ((120, 0, False), 0),
                 ((None, None, False), None)]
        for (request_limit, cron_limit, is_request), expected in table:
            with self.subTest(limits=(request_limit, cron_limit), is_request=is_request):
                self.assertEqual(real_limit(request_limit, cron_limit, is_request=is_request), expected)
