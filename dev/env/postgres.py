"""Runs one PostgreSQL server per checkout, shared by all its running commands and stopped with the last of them."""
from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import keeper, paths
from .build import locked
from .process import KEEPER_MARK, log_to, output_of
from .progress import Failure, tail

ROLE = "odoo"
_OTHER_USER = 65534  # PostgreSQL refuses to run as root; this user owns nothing on any system
_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """How to reach a PostgreSQL server, and the folder of the programs to do it with."""

    binaries: Path
    host: str
    port: str
    user: str
    password: str = field(default="", repr=False)

    def environment(self) -> dict[str, str]:
        """Return the environment for PostgreSQL's own programs, free of the caller's PG* settings."""
        own = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGPASSWORD": self.password}
        return clean_environment() | {name: value for name, value in own.items() if value}

    def sql(self, statement: str, database: str = "postgres") -> list[str]:
        """Run one statement and return its rows, columns separated by a bar."""
        command = [self.binaries / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
        return output_of(command, env=self.environment(), failing="PostgreSQL refused").splitlines()


def clean_environment() -> dict[str, str]:
    """Return our environment without PG* variables, which every PostgreSQL program would obey."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def of_the_caller(binaries: Path) -> Server | None:
    """Return the server that PGHOST names, if the caller set it."""
    if not os.environ.get("PGHOST"):
        return None
    own = {"PGPORT": "5432", "PGUSER": ROLE, "PGPASSWORD": ""} | os.environ
    server = Server(binaries, own["PGHOST"], own["PGPORT"], own["PGUSER"], own["PGPASSWORD"])
    if server.user == "postgres":
        raise Failure(
            "Odoo refuses to work as the database user postgres; set PGUSER to another role that may create databases."
        )
    server.sql("SELECT 1")
    return server


def as_server_user(command: list[str | Path]) -> list[str]:
    """Return the command as the user that may run PostgreSQL; it keeps the right to read our cache below /root."""
    # The last line of defence: the server ends even if its keeper is killed.
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        # Without this bit, access(2), which PostgreSQL asks before it runs its own parts, ignores the right given here.
        words += ["--securebits=+no_setuid_fixup", f"--reuid={_OTHER_USER}", f"--regid={_OTHER_USER}", "--clear-groups",
                  "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*words, *map(str, command)]


def make_cluster(binaries: Path, cluster: Path) -> None:
    """Make an empty cluster; it never outlives a crash of the machine, so it need not survive one."""
    cluster.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(cluster, _OTHER_USER, _OTHER_USER)
    log_to(paths.logs() / "initdb.log", as_server_user([
        binaries / "initdb", "-D", cluster, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--no-sync", "--no-instructions",
    ]), env=clean_environment(), cwd=Path("/"), failing="The database cluster could not be made")
    with (cluster / "postgresql.conf").open("a") as settings:
        settings.write(
            "\nlisten_addresses = ''\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
            "shared_buffers = 256MB\nwork_mem = 16MB\nmax_connections = 200\nmax_wal_size = 2GB\n"
            "wal_level = minimal\nmax_wal_senders = 0\nautovacuum_naptime = 5min\nlog_checkpoints = off\n"
        )


def _socket_folder(cluster: Path) -> Path:
    """Return a folder that nobody else may enter, with a short path: the kernel allows a socket's path 107 bytes."""
    name = f"o365-{os.geteuid()}-{paths.digest(cluster)}"
    folder = Path(tempfile.gettempdir()) / name
    if len(str(folder)) > 80:
        folder = Path("/tmp") / name  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = _OTHER_USER if os.geteuid() == 0 else os.geteuid()
    if os.geteuid() == 0:
        os.chown(folder, owner, owner, follow_symlinks=False)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise Failure(f"{folder} should be a folder of ours that nobody else may enter; remove it.")
    return folder


@contextmanager
def running(binaries: Path, cluster: Path) -> Iterator[Server]:
    """Hold the cluster's server running while the block lasts; `keeper.py` tells how it ends."""
    log = paths.logs() / "postgres.log"
    sockets = _socket_folder(cluster)
    server = Server(binaries, str(sockets), "5432", ROLE)
    users, kept = cluster.with_name("users.lock"), cluster.with_name("keeper.lock")
    with users.open("a") as using:
        with locked(cluster.with_name("start.lock"), "starting the database server"):
            fcntl.flock(using, fcntl.LOCK_SH)  # waits for a keeper that is just stopping its server
            if not _is_kept(kept):
                _start_keeper(binaries, cluster, _socket_folder(cluster), (users, kept), log)
            _await(server, log)
        yield server


def _is_kept(kept: Path) -> bool:
    with kept.open("a") as lock:
        return not keeper.take(lock)


def _start_keeper(binaries: Path, cluster: Path, sockets: Path, locks: tuple[Path, Path], log: Path) -> None:
    server = as_server_user([binaries / "postgres", "-D", cluster, "-c", f"unix_socket_directories={sockets}"])
    with log.open("ab") as output:
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", keeper.__file__, *map(str, locks), str(sockets), *server],
            env=clean_environment() | {KEEPER_MARK: "1"}, cwd="/", stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )


def _await(server: Server, log: Path) -> None:
    ready = [server.binaries / "pg_isready", "-q", "-d", "postgres"]
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run([str(part) for part in ready], env=server.environment(), check=False).returncode:  # noqa: S603
        if time.monotonic() > deadline:
            raise Failure(f"PostgreSQL did not start within {_START_SECONDS} s.\n{tail(log)}")
        time.sleep(0.05)


def copy_cluster(source: Path, target: Path) -> None:
    """Copy a stopped cluster's folder with owners, sharing its blocks where the file system can."""
    spare = target.with_name(f".{target.name}.copying")
    if spare.exists():
        shutil.rmtree(spare)
    log_to(paths.logs() / "copy.log", ["cp", "-a", "--reflink=auto", source, spare],
           failing="The ready database could not be copied")
    spare.rename(target)



def await_stop(cluster: Path) -> None:
    """Wait until the keeper has stopped the cluster's server, so that its files can be copied or moved."""
    with cluster.with_name("keeper.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    for name in ("keeper.lock", "users.lock", "start.lock"):
        cluster.with_name(name).unlink()
