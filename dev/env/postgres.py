"""Runs PostgreSQL on a cluster for as long as a command needs it, or reaches the caller's own server."""
from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import paths
from .build import hold, locked
from .process import log_to, output_of
from .progress import Failure, tail

_ROLE = "odoo"
_OTHER_USER = 65534  # PostgreSQL refuses to run as root; this user owns nothing on any system
_START_SECONDS = 60
# A cluster never outlives a crash of the machine, so it need not survive one.
_SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
work_mem = 16MB
max_connections = 200
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
autovacuum_naptime = 5min
log_checkpoints = off
"""


@dataclass(frozen=True)
class Server:
    """How to reach a PostgreSQL server, and the folder of the programs to do it with."""

    binaries: Path
    host: str
    port: str = "5432"
    user: str = _ROLE
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
    own = {"PGPORT": "5432", "PGUSER": _ROLE, "PGPASSWORD": ""} | os.environ
    server = Server(binaries, own["PGHOST"], own["PGPORT"], own["PGUSER"], own["PGPASSWORD"])
    if server.user == "postgres":
        raise Failure("Odoo refuses to work as the database user postgres; set PGUSER to another role that may create databases.")
    server.sql("SELECT 1")
    return server


def _as_server_user(*command: str | Path) -> list[str | Path]:
    """Return the command as the user that may run PostgreSQL; it keeps the right to read our cache below /root."""
    words: list[str | Path] = ["setpriv", "--pdeathsig", "INT"]  # a fast shutdown
    if os.geteuid() == 0:
        # Without this bit, access(2), which PostgreSQL asks before it runs its own parts, ignores the right given here.
        words += ["--securebits=+no_setuid_fixup", f"--reuid={_OTHER_USER}", f"--regid={_OTHER_USER}", "--clear-groups",
                  "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*words, *command]


def make_cluster(binaries: Path, cluster: Path) -> None:
    """Make an empty cluster with a role for Odoo."""
    cluster.mkdir(parents=True)
    _give_away(cluster)
    log_to(paths.new_log("initdb"), _as_server_user(
        binaries / "initdb", "-D", cluster, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
        "--no-instructions",
    ), env=clean_environment(), cwd=Path("/"), failing="The database cluster could not be made")
    with (cluster / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    with running(binaries, cluster) as server:
        Server(binaries, server.host, user="postgres").sql(f"CREATE ROLE {_ROLE} SUPERUSER LOGIN")


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, _OTHER_USER, _OTHER_USER)


@contextmanager
def running(binaries: Path, cluster: Path) -> Iterator[Server]:
    """Hold the cluster's server running while the block lasts: our own, or that of a command that came first and will wait for us."""
    with cluster.with_name("users.lock").open("a") as users:
        with locked(cluster.with_name("start.lock"), "starting the database server"):
            fcntl.flock(users, fcntl.LOCK_SH)
            facts = cluster / "postmaster.pid"  # its fifth line is the folder of the socket
            server = Server(binaries, facts.read_text().splitlines()[4]) if facts.exists() else None
            process = None
            if not server or not _answers(server):
                server = Server(binaries, tempfile.mkdtemp(prefix="o365-", dir="/tmp"))  # the kernel allows a socket's path 107 bytes
                process = _start(server, cluster)
        try:
            yield server
            if process:
                hold(users, "the same database server")
        finally:
            if process:
                process.send_signal(signal.SIGINT)  # a fast shutdown
                process.wait()
                shutil.rmtree(server.host)


def _start(server: Server, cluster: Path) -> subprocess.Popen[bytes]:
    _give_away(Path(server.host))
    command = _as_server_user(server.binaries / "postgres", "-D", cluster, "-c", f"unix_socket_directories={server.host}")
    log = cluster.with_name("postgres.log")
    with log.open("ab") as output:
        # In a session of its own: Ctrl-C in the terminal is for those who use it.
        process = subprocess.Popen(  # noqa: S603
            command, env=clean_environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(server):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"PostgreSQL did not start within {_START_SECONDS} s.\n{tail(log)}")
        time.sleep(0.05)
    return process


def _answers(server: Server) -> bool:
    ready = [server.binaries / "pg_isready", "-q", "-d", "postgres"]
    return not subprocess.run(ready, env=server.environment(), check=False).returncode  # noqa: S603
