"""Starts programs so that none of them outlives the command, whichever way the command ends."""
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from .progress import Failure, tail

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 10.0
_libc = ctypes.CDLL(None, use_errno=True)

Command = Sequence[str | Path]


class Stopped(BaseException):
    """SIGTERM or SIGHUP asked us to end; not an Exception, so that no handler takes it for an error."""


def _prepare_child() -> None:
    """Have the kernel end this process when its parent dies, even by kill -9."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _raise_stopped(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Stopped(number)


def supervised(work: Callable[[], int]) -> int:
    """Run `work` in a child and return its exit code; when either of the two dies, all their descendants end.

    Both are sub-reapers, so that a browser whose starter was killed becomes our child instead of an orphan.
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        os._exit(_worker(work))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(worker, signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the worker as well
    status = os.waitpid(worker, 0)[1]
    _end_descendants()
    return os.waitstatus_to_exitcode(status) % 256


def _worker(work: Callable[[], int]) -> int:
    _prepare_child()
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stopped)
    try:
        return work()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Stopped as stopped:
        return 128 + stopped.args[0]
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end_descendants()


def _descendants(pid: int) -> list[int]:
    try:
        listed = [task.joinpath("children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it ended while we looked
        return []
    children = [int(child) for text in listed for child in text.split()]
    return children + [below for child in children for below in _descendants(child)]


def _end_descendants() -> None:
    """Ask what is left below us to end, then insist; what loses its parent by that becomes our child."""
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0)):
        for pid in _descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            except ChildProcessError:
                return
            time.sleep(0.05)


def execute(command: Command, *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a program on our terminal until it ends and return its exit code; a stop request is passed on first."""
    # Same process group as ours: the child may read the terminal, and Ctrl-C reaches it directly.
    child = subprocess.Popen(command, env=env, cwd=cwd, preexec_fn=_prepare_child)  # noqa: S603,PLW1509
    try:
        # Its own children that outlive it become ours, and must not pile up once dead.
        while (ended := os.wait())[0] != child.pid:
            continue
        child.returncode = os.waitstatus_to_exitcode(ended[1])
    except KeyboardInterrupt:
        _end(child)
    except Stopped:
        child.terminate()
        _end(child)
        raise
    return child.returncode % 256


def _end(child: subprocess.Popen[bytes]) -> None:
    """Wait for a child that knows that it has to end, but not for ever."""
    for insist in (child.terminate, child.kill):
        try:
            child.wait(_GRACE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            insist()
    child.wait()


def log_to(
    log: Path, command: Command, *, env: Mapping[str, str] | None = None, cwd: Path | None = None, failing: str
) -> None:
    """Run a program with its output in `log`; on failure show the end of it, starting with the sentence `failing`."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        code = subprocess.run(  # noqa: S603
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=_prepare_child,
            check=False).returncode  # noqa: PLW1509
    if code:
        raise Failure(f"{failing} (exit code {code}).\n{tail(log)}")


def output_of(command: Command, *, env: Mapping[str, str] | None = None, failing: str) -> str:
    """Return what a short program prints; raise with its complaint if it fails."""
    done = subprocess.run(  # noqa: S603
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, preexec_fn=_prepare_child, check=False)  # noqa: PLW1509
    if done.returncode:
        raise Failure(f"{failing}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
