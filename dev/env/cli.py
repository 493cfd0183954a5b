"""The command line of `dev/o365`."""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from . import commands, odoo_runner, paths
from .process import supervised
from .progress import Failure

_EPILOG = """\
The first use fetches Odoo 19, Python packages, PostgreSQL, Dovecot and Chromium (two to three minutes);
nothing is installed system-wide and nothing is written into the repository.

environment:
  XDG_CACHE_HOME   where all that is kept (default: ~/.cache), in the folder mail_office365
  ODOO_SOURCE      an Odoo 19 checkout or installation to use instead of fetching one
  PGHOST, PGPORT, PGUSER, PGPASSWORD
                   with PGHOST set, this PostgreSQL server is used instead of an own one
"""


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port number")
    return port


def parser() -> argparse.ArgumentParser:
    """Return the parser for all commands."""
    main = argparse.ArgumentParser(
        prog="dev/o365", description="Build, run and test the Odoo addon mail_office365.", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )
    subs = main.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, function: object, text: str, rest: str = "") -> argparse.ArgumentParser:
        sub = subs.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(function=function, rest=rest, arguments=[])
        if rest:
            sub.usage = f"dev/o365 {name} [options] [{rest}]"
        return sub

    sub = add("demo", commands.demo, "play the main job with local mail servers, show what they saw, then serve")
    sub.add_argument("--once", action="store_true", help="exit after the table; non-zero if a step failed")
    sub.add_argument("--port", type=_port, help="port of the web client")
    sub = add("test", commands.test, "run the tests on a fresh database", "PYTEST ARGUMENTS")
    sub.add_argument("--core", action="store_true",
                     help="run Odoo's own mail tests with the addon installed; one argument may name other test tags")
    sub.add_argument("--pure", action="store_true",
                     help="run the tests of tools/ alone, without Odoo and a database; arguments name test files")
    sub.add_argument("--odoo-runner", action="store_true",
                     help="run the suite with Odoo's own runner beside other modules; one argument may name test tags")
    sub.add_argument("--with", dest="modules", type=lambda text: tuple(text.split(",")), default=odoo_runner.MODULES, metavar="MODULES",
                     help=f"the modules of --odoo-runner (default: {','.join(odoo_runner.MODULES)})")
    sub.add_argument("--fault-table", action="store_true",
                     help="run the fault matrices, or those of the files given, and write their results to docs/fault-matrix*.md")
    sub = add("wheel", commands.build_wheel, "build odoo-addon-mail_office365 for pip, of what is committed")
    sub.add_argument("--into", default=".", metavar="FOLDER", help="where to put it (default: here)")
    sub.add_argument("--check", action="store_true", help="only tell what is wrong with it")
    sub = add("serve", commands.serve, "serve Odoo with the addon until Ctrl-C", "ODOO ARGUMENTS")
    sub.add_argument("--port", type=_port, help="port of the web client (default: 8069, or a free one)")
    sub.add_argument("--fresh", action="store_true", help="start with a new database")
    sub = add("shell", commands.shell, "open Odoo's Python shell on the database of serve", "ODOO ARGUMENTS")
    sub.add_argument("--fresh", action="store_true", help="start with a new database")
    add("sandbox", commands.sandbox, "run the local mail servers alone", "SANDBOX ARGUMENTS")
    more = {"bench": "measure core and addon side by side", "screenshots": "take the pictures of the README",
            "docs": "write the generated pages"}
    for name, text in more.items():
        if (paths.DEV / name / "__main__.py").exists():
            add(name, commands.bench if name == "bench" else commands.scripted, text, "ARGUMENTS")
    add("lint", commands.run_lint, "run all linters on all files, with pre-commit")
    add("tool", commands.run_tool, "run a tool of the environment, such as ruff, where the addon has its name", "TOOL ARGUMENTS")
    add("lock", commands.lock, "write dev/env/requirements.txt anew after a change of requirements.in")
    add("pot", commands.pot, "export the terms to translate to i18n/mail_office365.pot")
    add("provision", commands.provision, "only build what the other commands need")
    return main


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    options, rest = parser().parse_known_args(arguments)
    if rest and not options.rest:
        parser().error(f"{options.command} does not know: {' '.join(rest)}")
    options.arguments = [word for word in rest if word != "--"]
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    os.umask(0o022)
    return supervised(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        return options.function(options)
    except Failure as failure:
        print(f"dev/o365: {failure}", file=sys.stderr, flush=True)
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        print(f"dev/o365: {error}", file=sys.stderr, flush=True)
        return 1
