"""A database for the fault matrix: its tests commit, kill workers and crash PostgreSQL, so it is nobody else's."""
from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from . import database, paths, postgres
from .postgres import Server
from .process import die_with_parent
from .progress import Failure, step
from .runtime import Runtime

_KIND = "faults"
_PREPARING = "Preparing the database of the fault matrix"
TABLE = "docs/fault-matrix.md"
TESTS = "fault_matrix"


def wanted(arguments: Sequence[str]) -> bool:
    """Tell whether tests are asked for that need the database; making it takes some seconds."""
    return not arguments or any("fault" in argument for argument in arguments)


@contextmanager
def prepared(parts: Runtime, source: str, *, write_table: bool) -> Iterator[dict[str, str]]:
    """Copy a database with the addon, that nobody is using, and yield the environment variables that name the copy.

    The copy is in a cluster of its own. With the caller's PostgreSQL it is beside the source, and is spared the crash.

    :param write_table: the tests are to write the page with their results
    """
    name = f"{_KIND}_{os.getpid()}"
    table = {"MAIL_OFFICE365_FAULTS_TABLE": str(paths.REPOSITORY / TABLE)} if write_table else {}
    beside = bool(os.environ.get("PGHOST"))
    log = paths.logs() / f"{_KIND}.log"
    log.unlink(missing_ok=True)
    with (_beside if beside else _in_own_cluster)(parts, source, name) as runtime:
        # What is committed has to survive a crash here; elsewhere in the tests speed is all that counts.
        runtime.server.sql(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
        config = runtime.config(name)
        try:
            yield table | {
                "MAIL_OFFICE365_FAULTS_CONFIG": str(config),
                "MAIL_OFFICE365_FAULTS_DATABASE": name,
                "MAIL_OFFICE365_FAULTS_LOG": str(log),
                **({} if beside else {"MAIL_OFFICE365_FAULTS_MAY_CRASH": "1"}),
            }
        finally:
            config.unlink()


@contextmanager
def _beside(parts: Runtime, source: str, name: str) -> Iterator[Runtime]:
    database.drop_stale(parts, _KIND)
    try:
        with step(_PREPARING):
            parts.server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        yield parts
    finally:
        database.drop(parts, name)


@contextmanager
def _in_own_cluster(parts: Runtime, source: str, name: str) -> Iterator[Runtime]:
    for old in paths.checkout().glob(f"{_KIND}-*"):
        if not os.path.exists(f"/proc/{old.name.rpartition('-')[2]}"):
            shutil.rmtree(old, ignore_errors=True)
    folder = paths.checkout() / f"{_KIND}-{os.getpid()}"
    try:
        with ExitStack() as stack:
            with step(_PREPARING):
                postgres.make_cluster(parts.postgres, folder / "pg")
                server = stack.enter_context(postgres.running(parts.postgres, folder / "pg"))
                Server(server.binaries, server.host, server.port, "postgres").sql(f"CREATE ROLE {postgres.ROLE} SUPERUSER LOGIN")
                runtime = parts.using(server, folder / "data")
                database.create_empty(runtime, name)
                _copy(parts, source, runtime, name)
            yield runtime
        postgres.await_stop(folder / "pg")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(parts: Runtime, source: str, runtime: Runtime, name: str) -> None:
    """Copy a database from one cluster to another."""
    dump = subprocess.Popen(  # noqa: S603
        [str(parts.postgres / "pg_dump"), "--no-owner", "-d", source], env=parts.server.environment(), stdout=subprocess.PIPE,
        preexec_fn=die_with_parent)  # noqa: PLW1509
    with dump:
        restored = subprocess.run(  # noqa: S603
            [str(parts.postgres / "psql"), "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-d", name], env=runtime.server.environment(),
            stdin=dump.stdout, stdout=subprocess.DEVNULL, check=False, preexec_fn=die_with_parent)  # noqa: PLW1509
    if dump.returncode or restored.returncode:
        raise Failure("The database could not be copied into the cluster of the fault matrix.")
