"""Starts programs so that none of them outlives the command, whichever way the command ends."""
from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from .progress import Failure, tail

KEEPER_MARK = "MAIL_OFFICE365_KEEPER"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_SECONDS = 10.0
_REAP_SECONDS = 5.0
_libc = ctypes.CDLL(None, use_errno=True)

Command = Sequence[str | Path]


class Stopped(BaseException):
    """SIGTERM or SIGHUP asked us to end; not an Exception, so that no handler takes it for an error."""


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask the kernel to send this process a signal when its parent dies, even by kill -9."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _prepare_child() -> None:
    die_with_parent()
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
    die_with_parent()
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


def _is_keeper(pid: int) -> bool:
    """Tell whether `pid` keeps a database server that other commands may be using."""
    try:
        return KEEPER_MARK.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        listed = [Path(f"/proc/{pid}/task/{task}/children").read_text() for task in tasks]
    except OSError:  # it ended while we looked
        return []
    return [int(child) for text in listed for child in text.split()]


def descendants(pid: int) -> list[int]:
    """Return the living processes below `pid`, without database keepers and what these run."""
    found = []
    for child in _children(pid):
        if not _is_keeper(child):
            found += [child, *descendants(child)]
    return found


def _end_descendants() -> None:
    """Ask what is left below us to end, then insist."""
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + patience
        for pid in descendants(os.getpid()):
            _send(pid, number)
        while time.monotonic() < deadline:
            _reap()
            if not descendants(os.getpid()):
                return
            time.sleep(0.05)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _reap(pid: int = -1) -> None:
    """Take note of ended children, of all by default."""
    try:
        while os.waitpid(pid, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


def execute(command: Command, *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a program on our terminal until it ends and return its exit code; a stop request is passed on first."""
    # Same process group as ours: the child may read the terminal, and Ctrl-C reaches it directly.
    child = subprocess.Popen(  # noqa: S603
        [str(part) for part in command], env=env, cwd=cwd, preexec_fn=_prepare_child  # noqa: PLW1509
    )
    try:
        return _wait(child)
    except KeyboardInterrupt:
        return _wait_or_end(child)
    except Stopped:
        child.terminate()
        _wait_or_end(child)
        raise


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Wait for the child; its own children that outlive their parent become ours, and must not pile up once dead."""
    while True:
        try:
            return child.wait(_REAP_SECONDS) % 256
        except subprocess.TimeoutExpired:
            for pid in set(_children(os.getpid())) - {child.pid}:
                _reap(pid)


def _wait_or_end(child: subprocess.Popen[bytes]) -> int:
    for end in (child.terminate, child.kill):
        try:
            return child.wait(_GRACE_SECONDS) % 256
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            end()
    return child.wait() % 256


def log_to(
    log: Path, command: Command, *, env: Mapping[str, str] | None = None, cwd: Path | None = None, failing: str = ""
) -> None:
    """Run a program with its output in `log`; on failure show the end of it, starting with the sentence `failing`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        code = subprocess.run(  # noqa: S603
            [str(part) for part in command], env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, preexec_fn=_prepare_child, check=False,  # noqa: PLW1509
        ).returncode
    if code:
        raise Failure(f"{failing or f'{Path(command[0]).name} failed'} (exit code {code}).\n{tail(log)}")


def output_of(command: Command, *, env: Mapping[str, str] | None = None, failing: str = "") -> str:
    """Return what a short program prints; raise with its complaint if it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            preexec_fn=_prepare_child, check=False,  # noqa: PLW1509
        )
    except FileNotFoundError as error:
        raise Failure(f"The program {command[0]} is missing.") from error
    if done.returncode:
        reason = done.stderr.strip() or done.stdout.strip()
        raise Failure(f"{failing or f'{Path(command[0]).name} failed'}: {reason}")
    return done.stdout
