"""Runs the tests of `tools/` without Odoo: those that need nothing of it but the base class of their cases.

A stand-in for `odoo.tests` is all there is of Odoo; the addon's packages are found, and their `__init__` is not run.
"""
from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import sys
import time
import types
import unittest
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

ADDON = "odoo.addons.mail_office365"
ROOT = Path(__file__).parents[2]
_STAND_IN = {"BaseCase", "tagged"}
_PACKAGES = ("tools", "const")
_OF_TESTS = (("servers", {"replies"}), ("servers.name_server", {"NameServer"}))


class BaseCase(unittest.TestCase):
    """What Odoo's base class has that unittest's lacks, or lacked in Python 3.10."""

    def patch(self, target: object, name: str, value: object) -> None:
        """Replace an attribute until the test ends."""
        self.enterContext(mock.patch.object(target, name, value))

    def enterContext(self, manager: contextlib.AbstractContextManager) -> object:  # noqa: N802
        """Enter a context that ends with the test."""
        result = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return result


def imported(tree: ast.AST) -> Iterator[tuple[int, str, set[str]]]:
    """Yield level, module and names of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, set()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", {alias.name for alias in node.names}


def is_pure(path: Path) -> bool:
    """Tell whether a test needs nothing of Odoo, and nothing of the addon but `tools/`."""
    for level, module, names in imported(ast.parse(path.read_bytes())):
        top = module.partition(".")[0]
        if level == 0 and top == "odoo" and not (module == "odoo.tests" and names <= _STAND_IN):
            return False
        # The words of Exchange, messages written by others, what reads PowerShell, and a name server need no Odoo either.
        if level == 1 and not (top in ("messages", "powershell", "slow") or (module, names) in _OF_TESTS):
            return False
        if level == 2 and not (top in _PACKAGES or not module and names <= set(_PACKAGES)):
            return False
    return True


def stand_in() -> None:
    """Put the packages in place."""
    tests = types.ModuleType("odoo.tests")
    tests.BaseCase, tests.tagged = BaseCase, lambda *_tags: lambda case: case
    sys.modules |= {"odoo": types.ModuleType("odoo"), "odoo.addons": types.ModuleType("odoo.addons"), "odoo.tests": tests}
    for folder in ("", "tests", "tests/servers"):
        name = f"{ADDON}/{folder}".rstrip("/").replace("/", ".")
        package = types.ModuleType(name)
        package.__path__ = [str(ROOT / folder)]
        sys.modules[name] = package


def quick(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Yield the tests that are not marked as slow."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from quick(test)
        elif not hasattr(getattr(test, test._testMethodName), "slow"):
            yield test


def run(path: Path, *, all_of_it: bool) -> tuple[int, list[str]]:
    """Run the tests of a module, or the quick ones; return how many ran, and the traces of those that failed."""
    if not is_pure(path):
        return 0, []
    found = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(f"{ADDON}.tests.{path.stem}"))
    result = unittest.TestResult()
    unittest.TestSuite(found if all_of_it else quick(found)).run(result)
    unexpected = ((test, "It was expected to fail.") for test in result.unexpectedSuccesses)
    return result.testsRun, [f"FAILED: {test}\n{trace}" for test, trace in (*result.failures, *result.errors, *unexpected)]


def main(wanted: list[str]) -> int:
    """Run the tests of these modules, the quick ones of all if none is named, side by side; return the exit code."""
    started = time.monotonic()
    paths = [path for path in sorted((ROOT / "tests").glob("test_*.py")) if not wanted or path.stem in wanted]
    with ProcessPoolExecutor(initializer=stand_in) as pool:
        results = list(pool.map(functools.partial(run, all_of_it=bool(wanted)), paths))
    number, failed = sum(each for each, _failed in results), [trace for _number, traces in results for trace in traces]
    print(*failed, f"{number} tests, {len(failed)} failed, in {time.monotonic() - started:.1f} s", sep="\n")
    return 0 if number and not failed else 1


if __name__ == "__main__":
    sys.exit(main([Path(name).stem for name in sys.argv[1:]]))
