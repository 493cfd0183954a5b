import threading
import time

from odoo.tests import BaseCase, tagged

from ..tools.bounded import within


@tagged("post_install", "-at_install")
class TestBounded(BaseCase):

    def test_what_is_done_in_time_is_as_if_it_had_been_called(self):
        self.assertEqual(within(5, lambda one, *, two: (one, two), 1, two=2), (1, 2))
        self.assertIsNone(within(5, lambda: None))
        for error in (KeyError("x"), OSError(5, "x"), SystemExit(1)):
            def fail(error=error):
                raise error

            with self.subTest(error=error), self.assertRaises(type(error)) as caught:
                within(5, fail)
            self.assertIs(caught.exception, error)

    def test_what_is_late_is_not_waited_for(self):
        released, began = threading.Event(), time.monotonic()
        self.addCleanup(released.set)
        with self.assertRaisesRegex(TimeoutError, "0.2 s"):
            within(0.2, released.wait, 30)
        self.assertLess(time.monotonic() - began, 5)
        self.assertTrue(next(one for one in threading.enumerate() if "bounded" in one.name).daemon, "it keeps no process alive")
