"""Builds shared folders so that a half-finished one is never used and two runs never build the same one at once."""
from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .progress import say

_MARK = ".complete"


@contextmanager
def locked(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold the lock file `path`; say what we wait for if another run has it. The kernel frees it if we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another run is busy with {waiting_for}; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_complete(target: Path) -> bool:
    """Tell whether `target` was built to its end."""
    return (target / _MARK).exists()


def ensure(target: Path, what: str, make: Callable[[Path], None], *, movable: bool = True) -> Path:
    """Return `target`, built by `make(folder)` if it is not there.

    Built beside its place and then renamed. What cannot move (a virtual environment knows its own path) is built in
    place, and counts only once its mark is written, which is the last thing done in both cases.
    """
    if is_complete(target):
        return target
    with locked(target.with_name(f".{target.name}.lock"), what):
        if is_complete(target):
            return target
        place = target.with_name(f".{target.name}.building") if movable else target
        for leftover in (target, place):
            if leftover.exists():
                shutil.rmtree(leftover)
        place.mkdir(parents=True)
        make(place)
        (place / _MARK).touch()
        if movable:
            place.rename(target)
    return target
