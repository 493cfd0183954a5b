"""Runs the addon's tests: by pytest in as many workers as there are cores, in one, or by Odoo's own runner."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from . import database, faults, life_cycle, paths
from .process import execute
from .progress import say
from .runtime import Runtime, Site

OTHER_MODULES = ("website", "crm", "sale_management", "project", "hr", "event", "survey", "mass_mailing")
_MOST_WORKERS = 4  # each with a database and a browser
_OPTIONS_WITH_VALUE = ("-k", "-m", "-n", "-o", "-p", "-r", "-W", "--dist", "--tb", "--odoo-tag")  # what follows is no path


def run(parts: Runtime, arguments: Sequence[str], *, fault_table: bool) -> int:
    """Run the tests that pytest is asked for in a fresh database, or the whole suite, and return the exit code."""
    arguments = [*arguments, *["-k", "fault_matrix"] * fault_table]
    with database.site(parts) as site:
        if not arguments:  # a part of the suite is asked for while working on that part
            life_cycle.check(site, database.name_of("life"))
        name = database.name_of("test")
        database.install_addon(site, name)
        if arguments and not any("fault" in argument for argument in arguments):
            return execute(_pytest(site, name, arguments), env=site.environment(), cwd=paths.addons())
        with faults.prepared(site, name, write_table=fault_table) as variables:
            return execute(_pytest(site, name, arguments or _workers(site, name)), env=site.environment() | variables, cwd=paths.addons())


def _workers(site: Site, name: str) -> list[str]:
    """Make a copy of the database for each worker, as `pytest_plugin.py` expects them; return pytest's arguments."""
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    for number in range(workers):
        database.copy(site, name, f"{name}_gw{number}")
        site.config(f"{name}_gw{number}")
    return ["-n", str(workers), "--dist", "loadgroup"]


def _pytest(site: Site, name: str, arguments: Sequence[str]) -> list[str | Path]:
    link = paths.addon_link()
    before = ["", *arguments]
    given = [word if option in _OPTIONS_WITH_VALUE else _through_link(word, link)
             for option, word in zip(before, arguments, strict=False)]
    if not any(argument.startswith(str(link)) for argument in given):
        given.append(str(link / "tests"))
    return [
        site.python, "-m", "pytest", "-c", link / "pyproject.toml", "--rootdir", link, "-p", "env.pytest_plugin",
        "-o", f"cache_dir={paths.checkout() / 'pytest'}", "--odoo-http", "--odoo-config", site.config(name),
        "--odoo-database", name, *given,
    ]


def _through_link(argument: str, link: Path) -> str:
    """Return a test's path as pytest must get it: below the link, whose name is the module's name."""
    path, colons, rest = argument.partition("::")
    if path.startswith("-") or not path:
        return argument
    for base in (Path.cwd(), paths.REPOSITORY):
        found = (base / path).resolve()
        if found.exists() and found.is_relative_to(paths.REPOSITORY):
            return f"{link / found.relative_to(paths.REPOSITORY)}{colons}{rest}"
    return argument


def run_beside(parts: Runtime, tags: str, modules: Sequence[str]) -> int:
    """Run the tests as Odoo itself does, in a database with applications that have mail, records and forms of their own."""
    name, installed = database.name_of("beside"), (*database.MODULES, *modules)
    with database.site(parts, installed) as site:
        database.create(site, name, installed)
        say(f"Running {tags} with Odoo's own runner beside {', '.join(modules)} …")
        command = site.odoo(name, "-i", paths.ADDON, "--test-tags", tags, "--stop-after-init", "--log-handler=:ERROR",
                            "--log-handler=odoo.tests.result:INFO")
        return execute(command, env=site.environment(), cwd=paths.checkout())
