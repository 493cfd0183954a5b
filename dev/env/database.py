"""Databases with Odoo installed, made by copying ready ones, which takes a second instead of a minute."""
from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import paths, postgres
from .build import ensure, locked
from .postgres import Server
from .process import log_to
from .progress import Failure, say, step
from .runtime import Runtime, Site

MODULES = ("base", "mail", "microsoft_outlook")


@contextmanager
def site(parts: Runtime, modules: Sequence[str] = MODULES, *, kept: bool = False, part: str = "") -> Iterator[Site]:
    """Yield the parts with a database server in which these of Odoo's modules are ready to be copied.

    It is the caller's, or an own one on a copy of the ready cluster. The copy is gone afterwards, unless it is to be kept.

    :param part: tells another cluster of the same command
    """
    if theirs := postgres.of_the_caller(parts.postgres):
        found = _site(parts, theirs, paths.checkout() / f"data-{paths.digest(theirs.host, theirs.port, theirs.user)}")
        _drop_ours(found)
        try:
            yield found
        finally:
            _drop_ours(found)
        return
    ready = provide_ready(parts, modules)
    folder = paths.checkout() / (f"kept-{ready.name}" if kept else f"run-{os.getpid()}{part}")
    with locked(paths.checkout() / "copy.lock", "copying the ready database"):
        for old in paths.checkout().glob("run-*"):
            if not Path("/proc", old.name.split("-")[1]).exists():  # it was killed
                shutil.rmtree(old)
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)  # of an earlier process with our number
        if not folder.exists():
            spare = paths.checkout() / f"run-{os.getpid()}-copy"
            log_to(paths.log("copy"), ["cp", "-a", "--reflink=auto", ready, spare], failing="The ready database could not be copied")
            spare.rename(folder)
    try:
        with postgres.running(parts.postgres, folder / "pg") as server:
            yield _site(parts, server, folder / "data")
    finally:
        if not kept:
            shutil.rmtree(folder)


def provide_ready(parts: Runtime, modules: Sequence[str] = MODULES) -> Path:
    """Return the cluster that others are copied from, made on first use."""

    def make(folder: Path) -> None:
        with step("Making the database cluster"):
            postgres.make_cluster(parts.postgres, folder / "pg")
        with postgres.running(parts.postgres, folder / "pg") as server:
            _ready(_site(parts, server, folder / "data"), modules)

    return ensure(paths.shared() / f"cluster-{paths.digest(parts.key, os.geteuid(), *modules)}", "the ready database", make)


def _site(parts: Runtime, server: Server, data: Path) -> Site:
    (data / "filestore").mkdir(parents=True, exist_ok=True)
    return Site(parts.odoo_parts, parts.venv, parts.tools, parts.axe, server, data)


def _prefix() -> str:
    return f"o365_{paths.digest(platform.node(), paths.checkout())[:6]}_"


def name_of(kind: str) -> str:
    """Return a name that no other command, of whatever checkout and machine, gives to a database on the same server."""
    return f"{_prefix()}{os.getpid()}_{kind}"


def _drop_ours(site: Site) -> None:
    """Remove the databases of this command from the caller's server, and those that killed ones left there."""
    for name in site.server.sql(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{_prefix()}')"):
        pid = name.removeprefix(_prefix()).partition("_")[0]
        if pid == str(os.getpid()) or not Path("/proc", pid).exists():
            drop(site, name)


def _ready(site: Site, modules: Sequence[str]) -> str:
    """Return the name of a database with these modules, made on first use under another name and then renamed."""
    # On the caller's server other checkouts may have theirs.
    name = f"o365_ready_{paths.digest(site.key, site.data if os.environ.get('PGHOST') else '', *modules)}"
    with locked(site.data / "ready.lock", "installing Odoo's own modules"):
        if not exists(site, name):
            building = f"{name}_building"
            drop(site, building)
            drop(site, name)
            with step(f"Installing {', '.join(modules)} once (half a minute, or two for many)"):
                create_empty(site, building)
                install(site, building, modules)
            installed = site.server.sql("SELECT name FROM ir_module_module WHERE state = 'installed'", building)
            if missing := set(modules).difference(installed):  # Odoo logs a line and goes on without it
                raise Failure(f"Odoo has no module named {', '.join(sorted(missing))}.")
            site.server.sql(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
            site.filestore(building).rename(site.filestore(name))
    return name


def exists(site: Site, name: str) -> bool:
    """Tell whether the database is there, complete with its files."""
    return site.filestore(name).exists() and bool(site.server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def create_empty(site: Site, name: str) -> None:
    """Create a database in which Odoo asks for no extension."""
    site.server.sql(f"""CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'unicode' LC_COLLATE 'C'""")
    site.filestore(name).mkdir()


def create(site: Site, name: str, modules: Sequence[str] = MODULES) -> None:
    """Create a database, in place of one of that name, with Odoo's own modules installed."""
    drop(site, name)
    copy(site, _ready(site, modules), name)


def copy(site: Site, source: str, name: str) -> None:
    """Copy a database that nobody is using."""
    site.server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    shutil.copytree(site.filestore(source), site.filestore(name))


def drop(site: Site, name: str) -> None:
    """Remove a database and its files, if they are there."""
    shutil.rmtree(site.filestore(name), ignore_errors=True)
    (site.data / f"{name}.conf").unlink(missing_ok=True)
    site.server.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def install(site: Site, name: str, modules: Sequence[str], *, update: bool = False) -> Path:
    """Install or update modules and return the log."""
    log = paths.new_log(f"install-{name}")
    names = ",".join(modules)
    log_to(log, site.odoo(name, "-u" if update else "-i", names, "--stop-after-init", "--no-http"), env=site.environment(),
           failing=f"Odoo could not {'update' if update else 'install'} {names}")
    return log


def install_addon(site: Site, name: str, modules: Sequence[str] = MODULES) -> None:
    """Make a fresh database with the addon; a warning while it installs is a defect of the addon."""
    with step("Installing the addon in a fresh database"):
        create(site, name, modules)
        quiet("install", install(site, name, [paths.ADDON]))


def quiet(what: str, log: Path) -> None:
    """Fail if an Odoo log has warnings or worse, and show them with what follows them (tracebacks)."""
    found, inside = [], False
    for line in log.read_text(errors="replace").splitlines():
        words = line.split(maxsplit=4)
        if len(words) > 3 and words[2].isdigit() and words[3].isupper():
            inside = words[3] in ("WARNING", "ERROR", "CRITICAL")
        if inside:
            found.append(line)
    if found:
        say("\n".join(found))
        raise Failure(f"To {what} the addon logged the lines above, and should log no warning. Full log: {log}")


@contextmanager
def fresh(parts: Runtime, kind: str) -> Iterator[tuple[Site, str]]:
    """Yield a site and the name of a fresh database in it, with the addon; both are gone afterwards."""
    with site(parts) as found:
        install_addon(found, name_of(kind))
        yield found, name_of(kind)
