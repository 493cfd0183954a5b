"""Real worker processes on a database of their own, for what one process can't show: races, crashes, a restart of PostgreSQL.

The database is a copy of what is committed in the one that the tests run on, made with pg_dump: ``CREATE DATABASE … TEMPLATE`` is
refused while anybody is connected to the original, and rows committed to that one would have to be found and removed again, also after
a crash. What workers do to the copy goes with it.

The processes are made as Odoo's prefork server makes its workers: one process loads the registry, closes its connections and forks.
They are no tests in Odoo's sense, so mail is really sent, and ``cr.commit()`` really commits.

    with Workers() as workers:
        [server_id] = workers.run(make_server, [port])
        sent = workers.run(send, *[[server_id, number] for number in range(8)])     # 8 processes at once

where the functions are on the top level of a module and get an environment of the superuser, committed at the end, before the arguments:

    def send(env, server_id, number): ...

Arguments and results are pickled. Processes inherit `os.environ` of the moment when ``Workers()`` is entered (``SSL_CERT_FILE``).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import odoo
from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config
from odoo.tools.misc import exec_pg_environ, find_pg_tool

_OPTIONS = ("db_host", "db_port", "db_user", "db_password", "db_sslmode", "db_maxconn", "data_dir", "addons_path", "server_wide_modules")
_START_SECONDS = 120  # to load the registry on a slow machine
_KEY = "MAIL_OFFICE365_WORKERS_KEY"


class WorkerFailed(AssertionError):
    """A worker raised; its traceback is the text."""


class WorkerDied(AssertionError):
    """A worker ended without a result, as one does that is killed."""


class Worker:
    """A process that works.

    :ivar pid: its process id
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.pid: int = connection.recv()

    def kill(self) -> None:
        """End it as ``kill -9`` does; nothing in it gets to clean up."""
        os.kill(self.pid, signal.SIGKILL)

    def is_done(self, wait: float = 0) -> bool:
        """Tell whether it has ended, after waiting for that at most so many seconds."""
        return self._connection.poll(wait)

    def result(self, timeout: float = 600) -> Any:
        """Return what the function returned.

        :param timeout: seconds; not a measurement, only so that a test ends
        :raise WorkerFailed: it raised
        :raise WorkerDied: it was killed, or took too long and is killed now
        """
        if not self._connection.poll(timeout):
            self.kill()
        try:
            failure, value = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise WorkerDied(f"process {self.pid} ended without a result") from None
        finally:
            self._connection.close()
        if failure:
            raise WorkerFailed(failure)
        return value


class Processes:
    """Workers on a database that is there, and the process that makes them.

    :ivar database: its name
    """

    def __init__(self, database: str, options: str | Path, *, log: str | Path | None = None) -> None:
        """
        :param options: Odoo's configuration file
        :param log: file for what the workers log; without one, only their warnings are kept, to tell why none could be made
        """
        self.database = database
        self._options, self._log = options, log

    def __enter__(self) -> Processes:
        with contextlib.ExitStack() as started:
            self._folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="mail_office365-")))
            self._start(started)
            self._running = started.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.close()

    def run(self, function: Callable, *arguments: Sequence, timeout: float = 300) -> list:
        """Run a function in as many processes as there are lists of arguments (one without any if there is none), all at once.

        :return: the results, in the same order
        """
        return [worker.result(timeout) for worker in self.begin(function, *arguments)]

    def begin(self, function: Callable, *arguments: Sequence) -> list[Worker]:
        """Start what :meth:`run` does and return the processes, to kill some of them."""
        workers = []
        for each in arguments or ((),):
            self._maker.send((function.__module__, function.__qualname__, tuple(each)))
            workers.append(Worker(self._listener.accept()))
        for worker in workers:
            worker._connection.send("go")
        return workers

    def _start(self, started: contextlib.ExitStack) -> None:
        key = secrets.token_bytes(16)
        self._listener = started.enter_context(Listener(str(self._folder / "socket"), "AF_UNIX", backlog=128, authkey=key))
        self._log = Path(self._log or self._folder / "log")
        log = started.enter_context(self._log.open("ab"))
        level = "warn" if self._log.parent == self._folder else "info"
        process = subprocess.Popen(
            [sys.executable, __file__, self._listener.address, str(self._options), self.database, level],
            env=os.environ | {_KEY: key.hex()}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        started.callback(process.wait)
        started.callback(process.terminate)
        self._maker = self._first_connection(process)
        started.callback(self._maker.close)

    def _first_connection(self, process: subprocess.Popen) -> Connection:
        """Return the connection of the process that makes the workers, once it has loaded the registry."""
        self._listener._listener._socket.settimeout(1)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                connection = self._listener.accept()
            except TimeoutError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"No workers:\n{self._log.read_text()}") from None
            else:
                self._listener._listener._socket.settimeout(_START_SECONDS)
                return connection


class Workers(Processes):
    """Workers on a copy of a database, which goes with them."""

    def __init__(self, template: str | None = None) -> None:
        """
        :param template: database to copy, by default the one that the tests run on
        """
        self._template = template or odoo.tests.common.get_db_name()
        # After this process: `dev/o365 test` removes what a killed run left.
        super().__init__(f"test_{os.getpid()}", "")

    def sql(self, query: str, *parameters: object) -> list[tuple]:
        """Run one statement on the copy, commit it and return its rows."""
        with sql_db.db_connect(self.database).cursor() as cr:
            cr.execute(query, parameters)
            return cr.fetchall() if cr._obj.description else []

    def _copy(self) -> None:
        self._drop()
        copy_database(self._template, self.database)

    def _start(self, started: contextlib.ExitStack) -> None:  # pylint: disable=missing-return
        started.callback(self._drop)
        self._copy()
        self._options = self._folder / "odoo.conf"
        self._options.touch(mode=0o600)
        values = {name: config[name] for name in _OPTIONS if config[name]} | {"max_cron_threads": 0, "workers": 0}
        self._options.write_text("[options]\n" + "".join(
            f"{name} = {','.join(map(str, value)) if isinstance(value, (list, tuple)) else value}\n" for name, value in values.items()))
        super()._start(started)

    def _drop(self) -> None:
        sql_db.close_db(self.database)
        on_server(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        shutil.rmtree(config.filestore(self.database), ignore_errors=True)


def on_server(statement: str) -> None:
    """Run a statement that belongs to no database, nor to a transaction."""
    with contextlib.closing(sql_db.db_connect("postgres").cursor()) as cr:
        cr._cnx.autocommit = True
        cr.execute(statement)


def copy_database(source: str, target: str) -> None:
    """Make a copy of a database with pg_dump."""
    on_server(f'CREATE DATABASE "{target}" TEMPLATE template0 ENCODING \'unicode\' LC_COLLATE \'C\'')
    environment = exec_pg_environ()
    with subprocess.Popen([find_pg_tool("pg_dump"), "--no-owner", source], env=environment, stdout=subprocess.PIPE) as dump:
        subprocess.run(
            [find_pg_tool("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-d", target],
            env=environment, stdin=dump.stdout, check=True)
    if dump.returncode:
        raise RuntimeError("pg_dump failed")


def _make_workers(address: str, options: str, database: str, level: str) -> None:
    """Load the registry, then fork a worker for each order, until the tests go away."""
    key = bytes.fromhex(os.environ.pop(_KEY))
    config.parse_config(["-c", options, "-d", database, "--no-http", f"--log-level={level}"], setup_logging=True)
    Registry(database)
    sql_db.close_all()  # nothing that two processes would share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with Client(address, authkey=key) as orders, contextlib.suppress(EOFError):
        while True:
            module, name, arguments = orders.recv()
            importlib.import_module(module)
            if os.fork() == 0:
                orders.close()
                _work(address, key, database, getattr(sys.modules[module], name), arguments)


def _work(address: str, key: bytes, database: str, function: Callable, arguments: tuple) -> None:
    """Be a worker; does not return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        with Client(address, authkey=key) as connection:
            connection.send(os.getpid())
            connection.recv()  # the others are there as well
            try:
                registry = Registry(database).check_signaling()
                with registry.cursor() as cr:
                    value = function(api.Environment(cr, SUPERUSER_ID, {}), *arguments)
                registry.signal_changes()
                connection.send(("", value))
                code = 0
            except Exception:
                connection.send((traceback.format_exc(), None))
    finally:
        os._exit(code)


if __name__ == "__main__":
    _make_workers(*sys.argv[1:])
