"""The commands of `dev/o365`, each a function of its arguments that returns an exit code."""
from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from . import core, database, paths, runtime, suite, translations, venv, wheel
from .build import locked
from .process import execute
from .progress import say, step
from .runtime import Site

_LONG_LIVED = "dev"
_NOT_IN_ODOO = ("dev", "docs", "tests")


def provision(_options: Namespace) -> int:
    """Build everything that the other commands need."""
    database.provide_ready(runtime.provide())
    say(f"Ready. Everything is below {paths.cache()}")
    return 0


def test(options: Namespace) -> int:
    """Run the tests on a fresh database, or those that need none."""
    if options.pure:
        command = [venv.provide() / "bin" / "python", "-X", f"pycache_prefix={paths.shared() / 'pycache'}", "-m", "pure"]
        return execute([*command, *options.arguments], cwd=paths.DEV)
    parts = runtime.provide()
    if options.core:
        return core.run(parts, options.arguments or core.TESTS)
    if options.odoo_runner:
        return suite.run_beside(parts, *options.arguments or [f"/{paths.ADDON}"], modules=options.modules)
    return suite.run(parts, options.arguments, fault_table=options.fault_table)


def serve(options: Namespace) -> int:
    """Serve the web client until Ctrl-C."""
    with database.site(runtime.provide(), kept=True) as site:
        _bring_up_to_date(site, fresh=options.fresh)
        port = options.port or runtime.free_port(8069)
        say(f"\nhttp://localhost:{port}  login: admin  password: admin  (Ctrl-C ends)\n")
        command = site.odoo(_LONG_LIVED, *options.arguments, http_port=port, max_cron_threads=1)
        return execute(command, env=site.environment())


def shell(options: Namespace) -> int:
    """Open Odoo's Python shell."""
    with database.site(runtime.provide(), kept=True) as site:
        _bring_up_to_date(site, fresh=options.fresh)
        quiet = () if options.arguments else ("--log-level=warn",)
        return execute(site.odoo(_LONG_LIVED, "--no-http", *quiet, *options.arguments, command="shell"), env=site.environment())


def _bring_up_to_date(site: Site, *, fresh: bool) -> None:
    """Have the database of `serve` and `shell` at the state of the checkout."""
    mark = site.data / f"{_LONG_LIVED}.state"
    with locked(site.data / f"{_LONG_LIVED}.lock", "preparing the same database"):
        known = mark.read_text() if mark.exists() and not fresh and database.exists(site, _LONG_LIVED) else ""
        state = _state_of_addon()
        if not known:
            database.install_addon(site, _LONG_LIVED)
        elif known != state:
            with step("Updating the addon to the state of the checkout"):
                database.install(site, _LONG_LIVED, [paths.ADDON], update=True)
        mark.write_text(state)


def _state_of_addon() -> str:
    """Return a value that changes when a file that Odoo loads changes."""
    roots = sorted(path for path in paths.REPOSITORY.iterdir() if path.name not in _NOT_IN_ODOO and not path.name.startswith("."))
    found = [file for root in roots for file in ([root] if root.is_file() else sorted(root.rglob("*")))]
    return paths.digest(*((file, file.stat().st_mtime_ns, file.stat().st_size) for file in found if file.is_file()))


def program(options: Namespace) -> int:
    """Run `dev/<command>` with a fresh database, and for a bench another one without the addon; its environment tells where they are."""
    parts, kind = runtime.provide(), options.command
    command = [parts.python, paths.DEV / kind, *options.arguments]
    variables = {"MAIL_OFFICE365_ADDON": str(paths.addon_link())}
    if {"-h", "--help"}.intersection(options.arguments):
        return execute(command, env=parts.environment() | variables)
    with database.fresh(parts, kind) as (site, name):
        port = runtime.free_port(8069)
        variables |= {
            "MAIL_OFFICE365_PORT": str(port),
            "MAIL_OFFICE365_LOG": str(paths.new_log(kind)),
            "MAIL_OFFICE365_CONFIG": str(site.config(name, http_port=port)),
            "MAIL_OFFICE365_DATABASE": name,
        }
        if kind == "bench":
            without = database.name_of("core")
            database.create(site, without)
            variables |= {"MAIL_OFFICE365_CORE_CONFIG": str(site.config(without)), "MAIL_OFFICE365_CORE_DATABASE": without}
        return execute(command, env=site.environment() | variables)


def sandbox(options: Namespace) -> int:
    """Run the local mail servers alone."""
    parts = runtime.provide()
    return execute([parts.python, paths.DEV / "sandbox", *options.arguments], env=parts.environment())


def lint(_options: Namespace) -> int:
    """Run all linters on all files, even after one complained."""
    parts = runtime.provide()
    return execute([parts.python, "-m", "pre_commit", "run", "--all-files"], env=parts.environment(), cwd=paths.REPOSITORY)


def tool(options: Namespace) -> int:
    """Run a tool of the environment where the addon has its name."""
    parts = runtime.provide()
    name, *arguments = options.arguments
    return execute([parts.venv / "bin" / name, *arguments], env=parts.environment(), cwd=paths.addons())


def lock(_options: Namespace) -> int:
    """Write the versions and hashes of all Python packages."""
    venv.lock(venv.provide())
    return 0


def pot(_options: Namespace) -> int:
    """Export the addon's terms for translators."""
    with database.fresh(runtime.provide(), "pot") as (site, name):
        target = translations.export(site, name)
    say(f"Written: {target.relative_to(paths.REPOSITORY)}")
    return 0


def build_wheel(options: Namespace) -> int:
    """Build the wheel, or only tell what is wrong with it."""
    parts = runtime.provide()
    if options.check:
        complaints = wheel.complaints(parts)
        say("\n".join(complaints))
        return bool(complaints)
    say(str(wheel.build(parts, Path(options.into).resolve())))
    return 0
