"""Runs the suite as Odoo itself does, in a database with applications that have mail, records and forms of their own."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import database, paths, runtime
from .process import execute
from .progress import Failure, say, step
from .runtime import Runtime

MODULES = ("website", "crm", "sale_management", "project", "hr", "event", "survey", "mass_mailing")
TAGS = f"/{paths.ADDON}"
_RESULT = re.compile(r"odoo\.tests\.result: (?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) of (?P<run>\d+) tests")
_FAILURE = re.compile(r" ERROR .*: ((?:FAIL|ERROR): .*)")


def run(parts: Runtime, name: str, tags: str, modules: Sequence[str]) -> int:
    """Install the addon beside these modules, run the tests with Odoo's runner, and return the exit code.

    :raise Failure: a module does not exist, or Odoo ended without a result
    """
    log = paths.logs() / "odoo-runner.log"
    log.unlink(missing_ok=True)
    database.create(parts, name, (*database.BASE_MODULES, *modules))
    installed = parts.server.sql("SELECT name FROM ir_module_module WHERE state = 'installed'", name)
    if missing := set(modules).difference(installed):  # Odoo logs a line and goes on without it
        raise Failure(f"Odoo has no module named {', '.join(sorted(missing))}.")
    config = parts.config(name, runtime.free_port(), logfile=log)
    with step(f"Running {tags} with Odoo's own runner beside {', '.join(modules)}; log: {log}"):
        code = execute(parts.odoo(name, "-i", paths.ADDON, "--test-tags", tags, "--stop-after-init", config=config),
                       env=parts.environment(), cwd=paths.checkout())
    for failure in _failures(log):
        say(failure)
    result = _RESULT.search(log.read_text(errors="replace"))
    if not result:
        raise Failure(f"Odoo ended without a result (exit code {code}); log: {log}")
    say(result[0].partition(": ")[2])
    return code or int(result["run"] == "0")


def _failures(log: Path) -> Iterator[str]:
    """Yield the names of the tests that failed, in the order of the log, where a test has a line for each sub-test."""
    seen = set()
    for found in _FAILURE.finditer(log.read_text(errors="replace")):
        if found[1] not in seen:
            seen.add(found[1])
            yield found[1]
