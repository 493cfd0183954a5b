"""Runs Odoo's own tests with every installed module loaded; started by `core.py` with Odoo's Python, inside Odoo.

Odoo's installer runs a module's `at_install` tests before it loads the modules that depend on it, so the addon would
never be there. Here every test runs with the whole registry, in Odoo's own runner.
"""
from __future__ import annotations

import json
import os
import re
import sys
import threading
import unittest
from collections.abc import Callable
from pathlib import Path

from odoo import api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tests import loader
from odoo.tests.result import OdooTestResult
from odoo.tools import config

_failing: set[str] = set()


def _record_failures() -> None:
    """Have Odoo's runner tell us which tests fail; it only counts them, and counts each sub-test."""
    for name in ("addError", "addFailure"):
        setattr(OdooTestResult, name, _recording(getattr(OdooTestResult, name)))


def _recording(report: Callable[..., None]) -> Callable[..., None]:
    def note(self: OdooTestResult, test: unittest.TestCase, error: object) -> None:
        _failing.add(getattr(test, "test_case", test).id())
        report(self, test, error)

    return note


def main(report: Path, arguments: list[str]) -> None:
    """Run the tests, write the report and end the process, whose server threads would otherwise go on."""
    config.parse_config(arguments, setup_logging=True)
    config["test_enable"] = False  # or the registry would start tests of its own while it loads
    server.load_server_wide_modules()
    import odoo.http  # noqa: PLC0415  only once these modules are there

    server.server = server.ThreadedServer(odoo.http.root)
    server.server.start(stop=False)
    name = config["db_name"][0]
    threading.current_thread().dbname = name
    threading.current_thread().testing = True
    registry = Registry(name)
    config["test_enable"] = True
    named = set(re.findall(r"/(\w+)", ",".join(arguments[-1:])))
    modules = sorted(registry._init_modules & named) or sorted(registry._init_modules)
    suites = [loader.make_suite(modules, position) for position in ("at_install", "post_install")]
    if any(suite.has_http_case() for suite in suites):
        with registry.cursor() as cursor:
            api.Environment(cursor, api.SUPERUSER_ID, {})["ir.qweb"]._pregenerate_assets_bundles()
    _record_failures()
    results = [loader.run_suite(suite) for suite in suites]
    report.write_text(json.dumps({
        "run": sum(result.testsRun for result in results),
        "skipped": sum(result.skipped for result in results),
        "failing": sorted(_failing),
    }))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
