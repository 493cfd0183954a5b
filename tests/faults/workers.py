"""Starting, killing and asking the processes that `worker.py` forks."""
from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_LOADING_SECONDS = 120
_PIECE = 1 << 16


class JobFailed(Exception):
    """A job ended with an exception; the text is its traceback."""


class JobDied(Exception):
    """A job's process ended without an answer: it was killed."""


class Job:
    """A running job.

    :ivar pid: process id
    """

    def __init__(self, pid: int, answer: int) -> None:
        self.pid = pid
        self._answer: int | None = answer
        self._said = b""

    def ended(self, timeout: float = 0.0) -> bool:
        """Tell whether the process has ended, after waiting at most ``timeout`` seconds for it."""
        deadline = time.monotonic() + timeout
        while self._answer is not None:
            if not select.select([self._answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
            piece = os.read(self._answer, _PIECE)
            self._said += piece
            if not piece:
                os.close(self._answer)
                self._answer = None
        return True

    def result(self, timeout: float = 60.0) -> Any:
        """Wait for the end and return what the job returned.

        :raise JobFailed: it raised
        :raise JobDied: it was killed
        :raise TimeoutError: it still runs; it is killed
        """
        if not self.ended(timeout):
            self.kill()
            raise TimeoutError(f"a job still ran after {timeout:g} s")
        if not self._said:
            raise JobDied(f"process {self.pid} was killed")
        answer = json.loads(self._said)
        if "error" in answer:
            raise JobFailed(answer["error"])
        return answer["result"]

    def kill(self) -> None:
        """End the process by SIGKILL, which it can not notice, and wait until it is gone."""
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            self.ended(10.0)


class Workers:
    """Processes that work on one database.

    :param config: Odoo's configuration file
    :param database: name of the database
    :param folder: where the modules with the jobs are
    :param environment: environment variables in addition to ours
    :param log: file for what Odoo logs
    """

    def __init__(
        self, config: str | Path, database: str, folder: str | Path, environment: dict[str, str] | None = None,
        log: str | Path = os.devnull,
    ) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, open(log, "ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("worker.py")), str(config), database, str(folder), str(theirs.fileno())],
                env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, stderr=output, pass_fds=[theirs.fileno()])
        self._control.settimeout(_LOADING_SECONDS)
        self._loaded = False

    def start(self, module: str, function: str, **arguments: Any) -> Job:
        """Run a function of a module of the folder in a new process.

        :param arguments: must survive JSON, as what the function returns must
        :raise ConnectionError: Odoo could not be loaded; the log says why
        """
        if not self._loaded:
            if self._control.recv(16) != b"ready":
                raise ConnectionError("Odoo could not be loaded, see the log")
            self._loaded = True
        answer, theirs = os.pipe()
        try:
            request = json.dumps({"module": module, "function": function, "arguments": arguments}).encode()
            socket.send_fds(self._control, [request], [theirs])
        finally:
            os.close(theirs)
        return Job(int(self._control.recv(16)), answer)

    def run(self, module: str, function: str, timeout: float = 60.0, **arguments: Any) -> Any:
        """Run a function as :meth:`start` does and return its result."""
        return self.start(module, function, **arguments).result(timeout)

    def close(self) -> None:
        """End the process and with it all its jobs."""
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
