"""Marks tests of `tools/` that take a good part of a second, so that the others answer at once."""
from collections.abc import Callable


def slow(test: Callable) -> Callable:
    """Have `dev/o365 test --pure` leave this test out, unless its file is named; whatever runs the suite runs it."""
    test.slow = True
    return test
