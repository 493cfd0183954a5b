"""The commands of `dev/o365`, each a function of its arguments that returns an exit code."""
from __future__ import annotations

import contextlib
import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from . import core, database, faults, life_cycle, lint, odoo_runner, paths, runtime, translations, venv, wheel
from .build import locked
from .process import execute
from .progress import Failure, say, step
from .runtime import Runtime

_PRODUCT = ("__init__.py", "__manifest__.py", "const.py", "controllers", "data", "demo", "i18n", "migrations", "models",
            "security", "static", "tools", "views", "wizards")
_LONG_LIVED = "dev"
_MOST_WORKERS = 4  # of the whole suite, each with a database and a browser
_OPTIONS_WITH_VALUE = ("-k", "-m", "-n", "-o", "-p", "-r", "-W", "--dist", "--tb", "--odoo-tag")  # what follows is no path


def provision(_options: Namespace) -> int:
    """Build everything that the other commands need."""
    with database.server_for(runtime.provide()):
        say(f"Ready. Everything is below {paths.cache()}")
    return 0


def test(options: Namespace) -> int:
    """Run the tests on a fresh database, or those that need none."""
    if options.pure:
        return execute([runtime.provide().python, "-m", "pure", *options.arguments], cwd=paths.DEV)
    with database.server_for(runtime.provide()) as parts:
        database.drop_stale(parts, "test")
        name = f"test_{os.getpid()}"
        try:
            if options.core:
                return core.run(parts, name, options.arguments[0] if options.arguments else core.TAGS)
            if options.odoo_runner:
                return odoo_runner.run(parts, name, options.arguments[0] if options.arguments else odoo_runner.TAGS, options.modules)
            arguments = [*options.arguments, *["-k", faults.TESTS] * options.fault_table]
            if not arguments:  # a part of the suite is asked for while working on that part
                life_cycle.check(parts, name)
            database.install_addon(parts, name)
            with contextlib.ExitStack() as stack:
                variables = {}
                if faults.wanted(arguments):
                    variables = stack.enter_context(faults.prepared(parts, name, write_table=options.fault_table))
                if not arguments and (side_by_side := min(os.cpu_count() or 1, _MOST_WORKERS)) > 1:
                    arguments = ["-n", str(side_by_side), "--dist", "loadgroup"]
                    names = [f"{name}_gw{number}" for number in range(side_by_side)]  # as the plugin expects them
                    stack.enter_context(database.copies(parts, name, names))
                    stack.callback(lambda: [_forget(copy) for copy in names])
                    for copy in names:
                        parts.config(copy)
                return execute(_pytest(parts, name, arguments), env=parts.environment() | variables, cwd=paths.addons())
        finally:
            database.drop(parts, name)
            _forget(name)


def _forget(name: str) -> None:
    """Remove the files that were made for a command's own database."""
    for suffix in ("conf", "json", "pot"):
        (paths.run_folder() / f"{name}.{suffix}").unlink(missing_ok=True)


def _pytest(parts: Runtime, name: str, arguments: Sequence[str]) -> list[str | Path]:
    link = paths.addon_link()
    before = ["", *arguments]
    given = [word if option in _OPTIONS_WITH_VALUE else _through_link(word, link)
             for option, word in zip(before, arguments, strict=False)]
    if not any(argument.startswith(str(link)) for argument in given):
        given.append(str(link / "tests"))
    return [
        parts.python, "-m", "pytest", "-c", link / "pyproject.toml", "--rootdir", link, "-p", "env.pytest_plugin",
        "-o", f"cache_dir={paths.checkout() / 'pytest'}", "--odoo-http", "--odoo-config", parts.config(name),
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


def serve(options: Namespace) -> int:
    """Serve the web client until Ctrl-C."""
    port = runtime.web_port(options.port)
    with database.server_for(runtime.provide()) as parts:
        _prepare_long_lived(parts, fresh=options.fresh)
        config = parts.config(_LONG_LIVED, port, max_cron_threads=1)
        say(f"\nhttp://localhost:{port}  login: admin  password: admin  (Ctrl-C ends)\n")
        code = execute(parts.odoo(_LONG_LIVED, *options.arguments, config=config), env=parts.environment())
    return code


def shell(options: Namespace) -> int:
    """Open Odoo's Python shell."""
    with database.server_for(runtime.provide()) as parts:
        _prepare_long_lived(parts, fresh=options.fresh)
        quiet = () if options.arguments else ("--log-level=warn",)
        command = parts.odoo(_LONG_LIVED, "--no-http", *quiet, *options.arguments, command="shell")
        return execute(command, env=parts.environment())


def _prepare_long_lived(parts: Runtime, *, fresh: bool) -> None:
    """Have the database of `serve` and `shell` at the state of the checkout."""
    mark = parts.mark(_LONG_LIVED)
    state = _state_of_product()
    with locked(paths.checkout() / "dev.lock", "preparing the same database"):
        if fresh or not database.exists(parts, _LONG_LIVED) or not mark.read_text():
            database.install_addon(parts, _LONG_LIVED)
        elif mark.read_text() != state:
            with step("Updating the addon to the state of the checkout"):
                database.install(parts, _LONG_LIVED, [paths.ADDON], _LONG_LIVED, update=True)
        mark.write_text(state)


def _state_of_product() -> str:
    """Return a value that changes when a file that Odoo loads changes."""
    roots = [paths.REPOSITORY / name for name in _PRODUCT]
    found = [file for root in roots for file in ([root] if root.is_file() else sorted(root.rglob("*")))]
    return paths.digest(*((file, file.stat().st_mtime_ns, file.stat().st_size) for file in found if file.is_file()))


def demo(options: Namespace) -> int:
    """Play the main job in a fresh database; `dev/demo` plays it."""
    port = runtime.web_port(options.port)
    once = ["--once"] if options.once else []
    return _script("demo", [*once, "--port", str(port)], port=port)


def scripted(options: Namespace) -> int:
    """Run the package `dev/<command>` with a fresh database."""
    return _script(options.command, options.arguments)


def bench(options: Namespace) -> int:
    """Measure core and addon; `dev/bench` does, with a second database that has no addon."""
    return _script("bench", options.arguments, without_addon=True)


def _script(name: str, arguments: Sequence[str], *, port: int | None = None, without_addon: bool = False) -> int:
    """Run `dev/<name>` as a program, with a fresh database and where to find it in its environment."""
    folder = _existing(paths.DEV / name)
    with database.server_for(runtime.provide()) as parts:
        kinds = {"": name, **({"CORE_": f"{name}_core"} if without_addon else {})}
        names = {prefix: f"{kind}_{os.getpid()}" for prefix, kind in kinds.items()}
        try:
            port = port or runtime.free_port()
            variables = {
                "MAIL_OFFICE365_PORT": str(port),
                "MAIL_OFFICE365_ADDON": str(paths.addon_link()),
                "MAIL_OFFICE365_LOG": str(paths.logs() / f"{name}.log"),
            }
            for prefix, database_name in names.items():
                database.drop_stale(parts, kinds[prefix])
                (database.create if prefix else database.install_addon)(parts, database_name)
                variables |= {
                    f"MAIL_OFFICE365_{prefix}CONFIG": str(parts.config(database_name, port)),
                    f"MAIL_OFFICE365_{prefix}DATABASE": database_name,
                }
            return execute([parts.python, folder, *arguments], env=parts.environment() | variables)
        finally:
            for database_name in names.values():
                database.drop(parts, database_name)
                _forget(database_name)


def sandbox(options: Namespace) -> int:
    """Run the local mail servers alone."""
    folder = _existing(paths.DEV / "sandbox")
    parts = runtime.provide()
    return execute([parts.python, folder, *options.arguments], env=parts.environment())


def _existing(folder: Path) -> Path:
    if not (folder / "__main__.py").exists():
        raise Failure(f"{folder.relative_to(paths.REPOSITORY)}/__main__.py is not there.")
    return folder


def run_lint(_options: Namespace) -> int:
    """Run all linters and tell at the end which of them complained."""
    return lint.run(runtime.provide())


def pot(_options: Namespace) -> int:
    """Export the addon's terms for translators."""
    with database.server_for(runtime.provide()) as parts:
        name = f"pot_{os.getpid()}"
        database.drop_stale(parts, "pot")
        try:
            database.install_addon(parts, name)
            target = translations.export(parts, name)
        finally:
            database.drop(parts, name)
            _forget(name)
    say(f"Written: {target.relative_to(paths.REPOSITORY)}")
    return 0


def run_tool(options: Namespace) -> int:
    """Run a tool of the environment."""
    return lint.tool(runtime.provide(), options.arguments)


def lock(_options: Namespace) -> int:
    """Write the versions and hashes of all Python packages."""
    venv.lock(runtime.provide().venv)
    return 0


def build_wheel(options: Namespace) -> int:
    """Build the wheel, or only tell what is wrong with it."""
    if options.check:
        complaints = wheel.complaints(runtime.provide())
        say("\n".join(complaints))
        return bool(complaints)
    say(f"{wheel.build(runtime.provide(), Path(options.into).resolve())}")
    return 0
