"""Runs Odoo's own mail tests with the addon installed and tells which ones only fail because of it."""
from __future__ import annotations

import json
from pathlib import Path

from . import database, paths, runtime
from .process import execute
from .progress import Failure, say, step
from .runtime import Runtime

TAGS = "/base:TestIrMailServer,/base:TestIrMailServerSMTPD,/mail,/test_mail,/microsoft_outlook"
_SCRIPT = Path(__file__).with_name("core_tests.py")


def run(parts: Runtime, name: str, tags: str) -> int:
    """Run the tests with the addon, and those that fail without it as well; return the exit code.

    Some of Odoo's tests fail whenever more modules are loaded than their own: what they say without the addon is kept
    for each Odoo, and they do not count.
    """
    known = paths.shared() / f"core-{paths.digest(parts.key, _SCRIPT.read_text(), tags)}.json"
    if not known.exists():
        with step("Running Odoo's own tests once without the addon"):
            database.create(parts, name, database.CORE_MODULES)
            fresh = _run(parts, name, tags)
        fresh.replace(known)
    database.install_addon(parts, name, database.CORE_MODULES)
    with step("Running Odoo's own tests with the addon"):
        found = json.loads(_run(parts, name, tags).read_text())
    before = set(json.loads(known.read_text())["failing"])
    new = sorted(set(found["failing"]) - before)
    old = sorted(set(found["failing"]) & before)
    for title, tests in (("Fails without the addon too", old), ("FAILS WITH THE ADDON ONLY", new)):
        for test in tests:
            say(f"{title}: {test}")
    say(f"Log: {_log(name)}")
    passed = found["run"] - len(new) - len(old) - found["skipped"]
    say(f"{passed} passed, {len(new)} failed, {found['skipped'] + len(old)} skipped")
    return 1 if new or passed <= 0 else 0


def _log(name: str) -> Path:
    return paths.logs() / f"core-{name}.log"


def _run(parts: Runtime, name: str, tags: str) -> Path:
    report = paths.run_folder() / f"{name}.json"
    report.unlink(missing_ok=True)
    config = parts.config(name, runtime.free_port(), logfile=_log(name))
    _log(name).unlink(missing_ok=True)
    code = execute([parts.python, _SCRIPT, report, "-c", config, "-d", name, "--test-tags", tags],
                   env=parts.environment(), cwd=paths.checkout())
    if code or not report.exists():
        raise Failure(f"Odoo's tests ended early (exit code {code}); log: {_log(name)}")
    return report
