"""A process that has loaded Odoo and forks for every job: worker.py CONFIG DATABASE FOLDER CONTROL.

A fork takes some milliseconds, loading Odoo takes seconds; and no job inherits what another left in memory. The fork's
connections to PostgreSQL are its own: this process has none when it forks.

FOLDER is where the modules of the jobs are; CONTROL is the number of a socket. A request on it is one JSON object with the
names of module and function and its arguments, and comes with a descriptor for the answer. The descriptor is closed with the
job, however it ends; an answer that is not there means that the job was killed.
"""
from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import traceback

import odoo
import odoo.modules.registry
import odoo.sql_db
from odoo.api import SUPERUSER_ID, Environment

_PR_SET_PDEATHSIG = 1
_LONGEST_REQUEST = 1 << 16


def main() -> int:
    """Serve requests until the other side closes the socket."""
    config, database, folder, control = sys.argv[1:]
    sys.path.insert(0, folder)
    odoo.tools.config.parse_config(["-c", config], setup_logging=True)
    odoo.modules.registry.Registry(database)
    odoo.sql_db.close_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks: the closed descriptor tells
    with socket.socket(fileno=int(control)) as requests:
        requests.send(b"ready")
        while True:
            request, descriptors, _flags, _address = socket.recv_fds(requests, _LONGEST_REQUEST, 1)
            if not request:
                return 0
            pid = os.fork()
            if pid == 0:
                requests.close()
                _job(database, json.loads(request), descriptors[0])
            os.close(descriptors[0])
            requests.send(str(pid).encode())


def _job(database: str, request: dict, answer: int) -> None:
    """Run a job and end the process."""
    # The answer is to close with this process, and not to be kept open by something it starts.
    os.set_inheritable(answer, False)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        function = getattr(importlib.import_module(request["module"]), request["function"])
        said = {"result": _in_transaction(database, function, request["arguments"])}
    except BaseException:  # whatever ends a job is the answer
        said = {"error": traceback.format_exc()}
    with contextlib.suppress(BrokenPipeError), os.fdopen(answer, "w", encoding="utf-8") as file:
        json.dump(said, file)
    os._exit(0)


def _in_transaction(database: str, function, arguments: dict):
    """Call a function with an environment as a cron worker has it, then commit."""
    registry = odoo.modules.registry.Registry(database).check_signaling()
    with registry.cursor() as cr:
        result = function(Environment(cr, SUPERUSER_ID, {"lang": "en_US"}), **arguments)
    registry.signal_changes()
    return result


if __name__ == "__main__":
    sys.exit(main())
