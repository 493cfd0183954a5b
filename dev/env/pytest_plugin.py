"""Adds what pytest-odoo leaves out of Odoo's test tags: tests without the tag `standard` run only on request."""
from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--odoo-tag`."""
    parser.addoption(
        "--odoo-tag", default="standard", metavar="TAG",
        help="run the tests with this Odoo test tag (default: standard)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that do not carry the tag; a test without any tags is no test of Odoo's and stays."""
    tag = config.getoption("--odoo-tag")
    left_out = [item for item in items if tag not in getattr(getattr(item, "cls", None), "test_tags", {tag})]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
