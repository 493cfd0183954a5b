"""Runs Odoo's own mail tests with the addon installed and tells which ones only fail because of it."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import database, paths
from .process import execute
from .progress import Failure, say
from .runtime import Runtime, Site

#: Below Odoo's folder of addons.
TESTS = ("base/tests/test_ir_mail_server.py", "base/tests/test_ir_mail_server_smtpd.py", "mail", "test_mail", "microsoft_outlook")
_MODULES = (*database.MODULES, "test_mail")


def run(parts: Runtime, tests: Sequence[str]) -> int:
    """Run the tests with the addon, and those that fail without it as well; return the exit code.

    pytest loads every installed module before the first test; Odoo's installer would run those of a module before it loads the addon,
    which depends on it. Some fail whenever more modules are loaded than their own: what they say without the addon is kept for each
    Odoo, and they do not count.
    """
    name = database.name_of("core")
    known = paths.shared() / f"core-{paths.digest(parts.key, *tests)}.json"
    with database.site(parts, _MODULES) as site:
        if not known.exists():
            say("Running Odoo's own tests once without the addon; how they end does not count.")
            database.create(site, name, _MODULES)
            if _run(site, name, tests) not in (0, 1):
                raise Failure("Odoo's tests could not be run.")
            failed = site.data / "pytest/v/cache/lastfailed"
            known.write_text(failed.read_text() if failed.exists() else "{}")
        database.install_addon(site, name, _MODULES)
        say("Running Odoo's own tests with the addon; xfailed are those that fail without it, too.")
        return _run(site, name, tests, "--known-failures", known)


def _run(site: Site, name: str, tests: Sequence[str], *options: str | Path) -> int:
    folders = (site.odoo_parts.python_path / "odoo" / "addons", *site.odoo_parts.addons)
    files = [folder / test for test in tests for folder in folders if (folder / test).exists()]
    return execute(
        [site.python, "-m", "pytest", "-c", "/dev/null", "--rootdir", "/", "-p", "env.pytest_plugin", "--odoo-http", "-q",
         "-o", f"cache_dir={site.data / 'pytest'}", "--odoo-config", site.config(name), "--odoo-database", name, *options, *files],
        env=site.environment(), cwd=paths.checkout())
