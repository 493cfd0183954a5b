"""What pytest-odoo leaves out: tests without the tag `standard` run only on request, and workers side by side have a database each.

pytest-odoo's own way with workers makes all of them, and what they start, share the files of one database.
"""
from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    parser.addoption(
        "--odoo-tag", default="standard", metavar="TAG",
        help="run the tests with this Odoo test tag (default: standard)",
    )
    parser.addoption("--known-failures", type=Path, metavar="FILE", help="pytest's own list of tests that failed, and may fail again")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Give a worker of pytest-xdist the copy of the database that was made for it, before pytest-odoo reads the options."""
    worker = os.environ.pop("PYTEST_XDIST_WORKER", "")
    if worker:
        config.option.odoo_database += f"_{worker}"
        config.option.odoo_config = str(Path(config.option.odoo_config).with_name(f"{config.option.odoo_database}.conf"))
    return (yield)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that do not carry the tag; a test without any tags is no test of Odoo's and stays."""
    tag = config.getoption("--odoo-tag")
    left_out = [item for item in items if tag not in getattr(getattr(item, "cls", None), "test_tags", {tag})]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    known = config.getoption("--known-failures")
    failed = json.loads(known.read_text()) if known else {}
    for item in items:
        if item.nodeid in failed:
            item.add_marker(pytest.mark.xfail)
        # A file's tests share what its classes set up; those of the fault matrix share a database.
        item.add_marker(pytest.mark.xdist_group("fault_matrix" if "fault_matrix" in item.path.name else item.path.name))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables that tests print, also of those that pass."""
    for report in terminalreporter.getreports("passed"):
        for line in report.capstdout.splitlines():
            if line.startswith("| "):
                terminalreporter.write_line(line)
