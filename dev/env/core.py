"""Runs Odoo's own mail tests with the addon installed and tells which ones only fail because of it."""
from __future__ import annotations

import json
from pathlib import Path

from . import database, paths
from .process import execute
from .progress import Failure, say, step
from .runtime import Runtime, Site

TAGS = "/base:TestIrMailServer,/base:TestIrMailServerSMTPD,/mail,/test_mail,/microsoft_outlook"
_MODULES = (*database.MODULES, "test_mail")
_SCRIPT = Path(__file__).with_name("core_tests.py")


def run(parts: Runtime, tags: str) -> int:
    """Run the tests with the addon, and those that fail without it as well; return the exit code.

    Some of Odoo's tests fail whenever more modules are loaded than their own: what they say without the addon is kept
    for each Odoo, and they do not count.
    """
    name = database.name_of("core")
    known = paths.shared() / f"core-{paths.digest(parts.key, _SCRIPT.read_text(), tags)}.json"
    with database.site(parts, _MODULES) as site:
        if not known.exists():
            with step("Running Odoo's own tests once without the addon"):
                database.create(site, name, _MODULES)
                known.write_text(_run(site, name, tags))
        database.install_addon(site, name, _MODULES)
        with step("Running Odoo's own tests with the addon"):
            found = json.loads(_run(site, name, tags))
    before = set(json.loads(known.read_text())["failing"])
    new = sorted(set(found["failing"]) - before)
    old = sorted(set(found["failing"]) & before)
    for title, tests in (("Fails without the addon too", old), ("FAILS WITH THE ADDON ONLY", new)):
        for test in tests:
            say(f"{title}: {test}")
    passed = found["run"] - len(new) - len(old) - found["skipped"]
    say(f"{passed} passed, {len(new)} failed, {found['skipped'] + len(old)} skipped; log: {paths.log('core')}")
    return 1 if new or passed <= 0 else 0


def _run(site: Site, name: str, tags: str) -> str:
    """Return the report of `core_tests.py`."""
    log, report = paths.new_log("core"), site.data / "report.json"
    code = execute([site.python, _SCRIPT, report, "-c", site.config(name, logfile=log), "-d", name, "--test-tags", tags],
                   env=site.environment(), cwd=paths.checkout())
    if code:
        raise Failure(f"Odoo's tests ended early (exit code {code}); log: {log}")
    return report.read_text()
