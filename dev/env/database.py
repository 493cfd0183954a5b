"""Databases with Odoo installed, made by copying ready ones, which takes a second instead of a minute."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import paths, postgres
from .build import ensure, is_complete, locked
from .postgres import Server
from .process import log_to
from .progress import Failure, say, step
from .runtime import Runtime

BASE_MODULES = ("base", "mail", "microsoft_outlook")
CORE_MODULES = (*BASE_MODULES, "test_mail")


@contextmanager
def server_for(runtime: Runtime) -> Iterator[Runtime]:
    """Yield the runtime with a database server: the caller's, or this checkout's own with the ready database in it."""
    theirs = postgres.of_the_caller(runtime.postgres)
    if theirs:
        yield runtime.using(theirs, paths.checkout() / f"data-{paths.digest(theirs.host, theirs.port, theirs.user)}")
        return
    key = paths.digest(runtime.key, os.geteuid(), BASE_MODULES)
    ready = ensure(paths.shared() / f"cluster-{key}", "the ready database", lambda folder: _make_ready(runtime, folder))
    own = paths.checkout() / f"cluster-{key}"
    with locked(paths.checkout() / "cluster.lock", "copying the ready database"):
        if not is_complete(own):
            postgres.copy_cluster(ready, own)
    with postgres.running(runtime.postgres, own / "pg") as server:
        yield runtime.using(server, own / "data")


def _make_ready(runtime: Runtime, folder: Path) -> None:
    """Make the cluster that every checkout starts from."""
    with step("Making the database cluster"):
        postgres.make_cluster(runtime.postgres, folder / "pg")
    with postgres.running(runtime.postgres, folder / "pg") as server:
        as_owner = Server(server.binaries, server.host, server.port, "postgres")
        as_owner.sql(f"CREATE ROLE {postgres.ROLE} SUPERUSER LOGIN")
        _ensure_template(runtime.using(server, folder / "data"), BASE_MODULES)
    postgres.await_stop(folder / "pg")


def _template_name(runtime: Runtime, modules: Sequence[str]) -> str:
    """Return a name that stands for what is in it; on the caller's server, other checkouts may have theirs."""
    owner = runtime.data if os.environ.get("PGHOST") else ""
    return f"o365_ready_{paths.digest(runtime.key, owner, *modules)}"


def _ensure_template(runtime: Runtime, modules: Sequence[str]) -> str:
    """Return the name of a database with these modules, made on first use under another name and then renamed."""
    name = _template_name(runtime, modules)
    if exists(runtime, name):
        return name
    with locked(runtime.data.with_name(f"{runtime.data.name}.{name}.lock"), "installing Odoo's own modules"):
        if exists(runtime, name):
            return name
        building = f"{name}_building"
        drop(runtime, building)
        drop(runtime, name)
        with step(f"Installing {', '.join(modules)} once (half a minute, or two for many)"):
            create_empty(runtime, building)
            install(runtime, building, modules, "ready")
        runtime.server.sql(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        if runtime.filestore(building).exists():
            runtime.filestore(building).rename(runtime.filestore(name))
        runtime.mark(name).touch()
    return name


def exists(runtime: Runtime, name: str) -> bool:
    """Tell whether the database is there, complete with its files."""
    found = runtime.server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
    return bool(found) and runtime.mark(name).exists()


def create_empty(runtime: Runtime, name: str) -> None:
    """Create a database in which Odoo asks for no extension."""
    runtime.server.sql(f"""CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'unicode' LC_COLLATE 'C'""")


def create(runtime: Runtime, name: str, modules: Sequence[str] = BASE_MODULES) -> None:
    """Create a database, in place of one of that name, with Odoo's own modules installed."""
    template = _ensure_template(runtime, modules)
    drop(runtime, name)
    _copy(runtime, template, name)


@contextmanager
def copies(runtime: Runtime, source: str, names: Sequence[str]) -> Iterator[None]:
    """Have copies of a database that nobody is using, and remove them at the end."""
    try:
        for name in names:
            _copy(runtime, source, name)
        yield
    finally:
        for name in names:
            drop(runtime, name)


def _copy(runtime: Runtime, source: str, name: str) -> None:
    runtime.server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    if runtime.filestore(source).exists():
        shutil.copytree(runtime.filestore(source), runtime.filestore(name))
    runtime.mark(name).touch()


def drop(runtime: Runtime, name: str) -> None:
    """Remove a database and its files, if they are there."""
    runtime.mark(name).unlink(missing_ok=True)
    runtime.server.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    if runtime.filestore(name).exists():
        shutil.rmtree(runtime.filestore(name))


def install(runtime: Runtime, name: str, modules: Sequence[str], log_name: str, *, update: bool = False) -> Path:
    """Install or update modules and return the log."""
    log = paths.logs() / f"install-{log_name}.log"
    log.unlink(missing_ok=True)
    names = ",".join(modules)
    log_to(log, runtime.odoo(name, "-u" if update else "-i", names, "--stop-after-init", "--no-http"),
           env=runtime.environment(), failing=f"Odoo could not {'update' if update else 'install'} {names}")
    return log


def complaints(log: Path) -> list[str]:
    """Return the lines of an Odoo log that are warnings or worse, with what follows them (tracebacks)."""
    found, inside = [], False
    for line in log.read_text(errors="replace").splitlines():
        words = line.split(maxsplit=4)
        if len(words) > 3 and words[2].isdigit() and words[3].isupper():
            inside = words[3] in ("WARNING", "ERROR", "CRITICAL")
        if inside:
            found.append(line)
    return found


def install_addon(runtime: Runtime, name: str, modules: Sequence[str] = BASE_MODULES) -> None:
    """Make a fresh database with the addon; a warning while it installs is a defect of the addon."""
    with step("Installing the addon in a fresh database"):
        create(runtime, name, modules)
        log = install(runtime, name, [paths.ADDON], name)
    problems = complaints(log)
    if problems:
        say("\n".join(problems))
        raise Failure(f"Installing the addon logged the lines above, and should log no warning. Full log: {log}")


def drop_stale(runtime: Runtime, prefix: str) -> None:
    """Remove what killed runs left: databases named after a process that is gone."""
    for name in runtime.server.sql(f"SELECT datname FROM pg_database WHERE datname ~ '^{prefix}_[0-9]+(_gw[0-9]+)?$'"):
        if not Path("/proc", name.removeprefix(f"{prefix}_").partition("_")[0]).exists():
            drop(runtime, name)
