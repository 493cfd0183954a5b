"""Keeps a database server running for as long as any command uses it, and not a moment longer.

Run as a program of its own: keeper.py USERS_LOCK KEEPER_LOCK SOCKET_FOLDER SERVER_COMMAND...

Every command that uses the server holds a shared lock on USERS_LOCK while it lives. The kernel gives the exclusive lock
only when the last of them has ended, in whichever way, kill -9 included; then the server is stopped.
"""
from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from typing import IO

_POLL_SECONDS = 0.3
_STOP_SECONDS = 30


def take(lock: IO[str]) -> bool:
    """Take the exclusive lock if it is free, and tell whether it was."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(users_path: str, keeper_path: str, sockets: str, command: list[str]) -> int:
    """Run the server until nobody uses it any more."""
    stopping = []
    for number in (signal.SIGINT, signal.SIGHUP):  # these are meant for the command in the terminal, not for us
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    with open(keeper_path, "a", encoding="ascii") as mine, open(users_path, "a", encoding="ascii") as users:
        fcntl.flock(mine, fcntl.LOCK_EX)
        # Unlike us, the server has to obey SIGINT: it is its order for a fast shutdown.
        server = subprocess.Popen(command, restore_signals=True, preexec_fn=_obey)  # noqa: S603,PLW1509
        while server.poll() is None and not stopping and not take(users):
            time.sleep(_POLL_SECONDS)
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
        shutil.rmtree(sockets, ignore_errors=True)
        return server.wait()


def _obey() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(keep(*sys.argv[1:4], sys.argv[4:]))
